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
from dataclasses import dataclass

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


class _Keys(dict[str, str]):
    """`_made`, remembered: a look-up in C for each character, where a function's cache costs four times as much."""

    def __missing__(self, char: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        key = self[char] = _made(char)
        return key


_KEYS = _Keys()


def normalise(text: str) -> str:
    """Return the search key: folded letters and digits, lower case, signs out, single spaces."""
    raw = "".join([_KEYS[c] for c in text])
    return " ".join("".join([c if c.isalnum() else " " for c in raw]).split())


def squash(text: str) -> str:
    """Return `normalise` without spaces and without the Latin ezafe: one key for پل دختر,
    پلدختر and Pol-e Dokhtar.
    """
    return _EZAFE.sub("", normalise(text)).replace(" ", "")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and, for each of its characters, the index of the character in the original it came from."""

    text: str
    offsets: tuple[int, ...]
    original_length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Map a half-open span of the folded text to one of the original text."""
        if start >= end or not self.offsets:
            return (0, 0)
        return (self.offsets[start], min(self.offsets[end - 1] + 1, self.original_length))


_PAIRS = {"oo": "u", "ee": "i", "aa": "a", "ou": "u"}
_SINGLES = {"q": "gh", "x": "kh", "w": "v"}


def fold(text: str) -> Folded:
    """Fold `text` for matching: Latin spellings of Persian meet (aq qala = agh ghala), long-drawn letters are cut."""
    chars: list[str] = []
    offsets: list[int] = []
    last = ""
    for index, char in enumerate(text):
        key = _KEYS[char]
        # Nearly always one sign that is no Latin letter and unlike the one before: nothing to fold.
        if len(key) == 1 and key != last and not "a" <= key <= "z":
            chars.append(key)
            offsets.append(index)
            last = key
            continue
        for piece in key:
            _push(piece, index, chars, offsets)
        last = chars[-1] if chars else ""
    return Folded("".join(chars), tuple(offsets), len(text))


def _push(piece: str, index: int, chars: list[str], offsets: list[int]) -> None:
    last = chars[-1] if chars else ""
    if "a" <= piece <= "z":
        pair = _PAIRS.get(last + piece)
        if pair is not None:
            chars[-1] = pair
            return
        if last == piece:
            return
        for out in _SINGLES.get(piece, piece):
            chars.append(out)
            offsets.append(index)
        return
    if piece == last and (piece == " " or (len(chars) > 1 and chars[-2] == piece and piece.isalpha())):
        return
    chars.append(piece)
    offsets.append(index)


def fold_key(text: str) -> str:
    """Return the folded text alone, punctuation as spaces: the dictionary keys of folded messages."""
    folded = fold(text).text
    return " ".join("".join([c if c.isalnum() else " " for c in folded]).split())
