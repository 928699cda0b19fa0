"""How names and messages are made comparable, whatever keyboard wrote them.

Persian is typed with Arabic ي and ك, with or without the zero-width non-joiner, with tatweel and vowel signs; Latin
spellings of one Persian name differ by a handful of habits (q/gh, oo/u, w/v, doubled letters). Three keys:

- `normalise`: one readable key for search, spaces kept (store it, index it with trigrams);
- `squash`: the same without spaces, so پل دختر, پل‌دختر, پلدختر meet, and Pol-e Dokhtar meets Poldokhtar;
- `fold`: what reading matches against: folded harder, with the offset of every character in the original text.

Pure; offsets are code points of the original `str`.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# One original character -> its key. Hamza carriers fall to their letter: people type آب and اب alike.
_LETTERS = {
    "ي": "ی", "ى": "ی", "ئ": "ی", "ې": "ی", "ێ": "ی", "ك": "ک", "ڪ": "ک", "ە": "ه", "ة": "ه",
    "ۀ": "ه", "ہ": "ه", "ھ": "ه",
    "ۂ": "ه", "ۃ": "ه", "آ": "ا", "أ": "ا", "إ": "ا", "ٱ": "ا", "ؤ": "و", "ۆ": "و", "ۇ": "و",
    "ٹ": "ت", "ڵ": "ل", "ڕ": "ر",
    "ء": "", "ـ": "", "’": "", "‘": "", "ʼ": "", "ʻ": "", "`": "", "'": "", "´": "",
    "ı": "i", "ə": "a", "ø": "o", "ß": "ss", "æ": "ae", "đ": "d", "ł": "l",
}  # fmt: skip
_SPACES = frozenset("\u200c\u200b\u200d\ufeff\u00ad-‐‑‒–—_\u00a0")
_INVISIBLE = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufe0f")
_DIGITS = {chr(base + i): str(i) for base in (0x660, 0x6F0) for i in range(10)}
_REMEMBERED = 8192
_DIGIT_TABLE = str.maketrans(_DIGITS)
_SIGNS = re.compile(r"[\W_]+")
_EZAFE = re.compile(r"(?<=[a-z])[ -](?:e|i|ye|yi)(?= )|(?<=[a-z]) va (?=[a-z])")


def digits_to_ascii(text: str) -> str:
    """Turn Persian and Arabic-Indic digits into ASCII ones; nothing else changes, lengths stay."""
    return text.translate(_DIGIT_TABLE)


def _made(char: str) -> str:
    """Return what one character becomes in every key: '' when it drops out, ' ' for whatever separates."""
    if char in _INVISIBLE:
        return ""
    if char in _SPACES or char.isspace():
        return " "
    if char in _DIGITS:
        return _DIGITS[char]
    if char in _LETTERS:
        return _LETTERS[char]
    if char.isascii():
        return char.lower() if char.isprintable() else " "
    if "\ud800" <= char <= "\udfff":
        return " "
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).lower())
    kept = (c for c in plain if unicodedata.category(c) not in {"Mn", "Cf", "Cc"} and not unicodedata.combining(c))
    return "".join(_DIGITS.get(c) or _LETTERS.get(c, c) for c in kept)


class _Keys(dict[int, str]):
    """`_made` by code point, remembered: what `str.translate` asks for each character, in C."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()
        """Characters seen that become none or several: where there is one, offsets must be counted."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        key = self[code] = _made(chr(code))
        if len(key) != 1:
            self.uneven.add(chr(code))
        return key


_KEYS = _Keys()


def normalise(text: str) -> str:
    """Return the search key: folded letters and digits, lower case, signs out, single spaces."""
    raw = text.translate(_KEYS)
    return raw if raw.isalnum() else _SIGNS.sub(" ", raw).strip()


def squash(text: str) -> str:
    """Return `normalise` without spaces and without the Latin ezafe: one key for پل دختر,
    پلدختر and Pol-e Dokhtar.
    """
    return _EZAFE.sub("", normalise(text)).replace(" ", "")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and, for each of its characters, the index of the character in the original it came from."""

    text: str
    offsets: Sequence[int]
    original_length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Map a half-open span of the folded text to one of the original text."""
        if start >= end or not self.offsets:
            return (0, 0)
        return (self.offsets[start], min(self.offsets[end - 1] + 1, self.original_length))


_PAIRS = {"oo": "u", "ee": "i", "aa": "a", "ou": "u"}
_SINGLES = {"q": "gh", "x": "kh", "w": "v"}
_UNFOLDED = re.compile(r"(?:[qxw]|ou|([a-z])\1)[a-z]*| {2,}|([^ a-z])\2{2,}")
"""What folding changes further: a Latin word with letters spelt in several ways, spaces, letters drawn long."""


def fold(text: str) -> Folded:
    """Fold `text` for matching: Latin spellings of Persian meet (aq qala = agh ghala), long-drawn letters are cut."""
    made = text.translate(_KEYS)
    origins: Sequence[int] = range(len(text))
    if not _KEYS.uneven.isdisjoint(text):
        origins = [index for index, char in enumerate(text) for _ in _KEYS[ord(char)]]
    found = _UNFOLDED.search(made)
    if found is None:
        return Folded(made, origins, len(text))
    pieces: list[str] = []
    offsets: list[int] = []
    done = 0
    while found is not None:
        start, end = found.span()
        key, places = _folded_run(found.group())
        pieces += made[done:start], key
        offsets += origins[done:start]
        offsets += [origins[start + place] for place in places]
        done = end
        found = _UNFOLDED.search(made, done)
    return Folded("".join((*pieces, made[done:])), (*offsets, *origins[done:]), len(text))


@lru_cache(maxsize=_REMEMBERED)
def _folded_run(run: str) -> tuple[str, tuple[int, ...]]:
    """Fold a run of Latin letters, or of one sign repeated; and which of its signs each of the result is."""
    if not "a" <= run[0] <= "z":
        kept = 1 if run[0] == " " else 2 if run[0].isalpha() else len(run)
        return run[:kept], tuple(range(kept))
    chars: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(run):
        last = chars[-1] if chars else ""
        if (pair := _PAIRS.get(last + letter)) is not None:
            chars[-1] = pair
        elif letter != last:
            for out in _SINGLES.get(letter, letter):
                chars.append(out)
                places.append(place)
    return "".join(chars), tuple(places)


def fold_text(text: str) -> str:
    """Return the folded text alone, signs as they are."""
    folded = text.translate(_KEYS)
    return folded if _UNFOLDED.search(folded) is None else _UNFOLDED.sub(_only_text, folded)


def fold_key(text: str) -> str:
    """Return the folded text alone, punctuation as spaces: the dictionary keys of folded messages."""
    folded = fold_text(text)
    return folded if folded.isalnum() else _SIGNS.sub(" ", folded).strip()


def _only_text(found: re.Match[str]) -> str:
    return _folded_run(found.group())[0]
