"""Persian written in Latin letters, back in Persian letters: one lexicon then serves both.

There is no one spelling: پتو is patu, pato, ptoo; نداریم is nadarim, ndarim, ndrm. A Persian word is turned into a
pattern of how it may be spelt (long vowels perhaps, short ones or none), filed under its consonants. A Latin word is
looked up by its consonants and must fit the pattern; of several that fit, the better spelt and the likelier
(data/finglish.txt, then the lexicon's own words) is taken. What fits nothing stays as it is: names, English.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from server.places.names import fold_key

_SOUNDS = {
    "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ث": "s", "س": "s", "ص": "s", "ج": "J", "ژ": "J", "چ": "C", "خ": "X",
    "د": "d", "ذ": "z", "ز": "z", "ض": "z", "ظ": "z", "ر": "r", "ش": "S", "غ": "G", "ق": "G", "گ": "G", "ف": "f",
    "ک": "K", "ل": "l", "م": "m", "ن": "n",
}  # fmt: skip
_LETTERS = {"J": "(?:zh|j)", "C": "(?:ch)+", "X": "(?:kh)+", "S": "(?:sh)+", "G": "gh?", "K": "(?:ck?|k)"}
# Spelling of a vowel letter at the beginning, inside, at the end of a word; loose ones may be left out inside.
_VOWELS = {
    "ا": ("[aeoiu]", "[aou]", "a"),
    "و": ("v", "(?:[aeo]?v[aeo]?|u|o)", "(?:uv?|o|v)"),
    "ی": ("(?:y[aeiou]?|i|e)", "(?:[ae]?y[aeo]?|iy?[aeo]?|e|[ae]i)", "(?:[ae]?y|i[ey]?|ey?|ei)"),
    "ه": ("h", "h?", "(?:[aeo]h?|h)"),
    "ح": ("h", "h?", "h"),
    "ع": ("[aeoiu]?", "[aeiou]?", "[aeo]?"),
}
_LATIN = re.compile(r"(ch|sh|kh|gh|zh)\1*|[a-z]")
_OF_LATIN = {"ch": "C", "sh": "S", "kh": "X", "gh": "G", "zh": "J", "j": "J", "g": "G", "k": "K", "c": "K"}
_SILENT = frozenset("aeiouyvh")
_ENDINGS = sorted(
    (
        pair.split("=")
        for pair in (
            "hamun=هامون hashun=هاشون hatun=هاتون haye=های haie=هایی hayi=هایی ha=ها hae=های "
            "haro=هارو emun=مون amun=مون "
            "mun=مون eshun=شون ashun=شون shun=شون etun=تون tun=تون am=م em=م at=ت et=ت ash=ش esh=ش "
            "ro=رو ra=را i=ی ye=ی "
            "e= o=و im=یم ym=یم eim=ایم id=ید in=ین and=ند an=ن n=ن ast=ه as=ه s=ه a=ا m=م ie=یه ian=ین ey=ی"
        ).split()
    ),
    key=lambda pair: -len(pair[0]),
)
_MIN_LOOSE = 3
_LONGEST = 24
_PERSIAN_WORD = re.compile(r"[\u0620-\u06cc]+")


class _Word:
    """A Persian word, how it may be spelt with its long vowels written (`strict`) and with any left out (`loose`)."""

    __slots__ = ("loose", "persian", "strict")

    def __init__(self, persian: str) -> None:
        self.persian = persian
        self.strict = re.compile(_spellings(persian, loose=False))
        self.loose = re.compile(_spellings(persian, loose=True))


def _spellings(word: str, *, loose: bool) -> str:
    out: list[str] = []
    end = len(word) - 1
    for at, letter in enumerate(word):
        vowel = _VOWELS.get(letter)
        if vowel:
            part = vowel[0 if at == 0 else 2 if at == end else 1]
            out.append(part + "?" if loose and 0 < at < end else part)
            continue
        sound = _SOUNDS[letter]
        if sound == "n" and at < end and word[at + 1] == "ب":
            sound = "[nm]"
        out.append(_LETTERS.get(sound, sound))
        if at < end and word[at + 1] not in "اویع":
            out.append("[aeiou]?" if loose else "[aeo]?")
    return "".join(out)


def _bones(word: str) -> str | None:
    """Return the consonants of a Persian word, None if it holds other signs."""
    out: list[str] = []
    for letter in word:
        if letter in _VOWELS:
            continue
        sound = _SOUNDS.get(letter)
        if sound is None:
            return None
        out.append(sound)
    return "".join(out)


def _latin_bones(token: str) -> str:
    out: list[str] = []
    for found in _LATIN.finditer(token):
        sound = found.group(1) or found.group()
        if sound not in _SILENT:
            out.append(_OF_LATIN.get(sound, sound))
    return "".join(out)


class Speller:
    """Persian words by their consonants, and the forms written down one by one."""

    def __init__(self, words: Iterable[str]) -> None:
        self._forms: dict[str, str] = {}
        self._by_bones: dict[str, list[str | _Word]] = {}
        known: set[str] = set()
        listed = files(__package__).joinpath("data/finglish.txt").read_text(encoding="utf-8")
        for line in listed.splitlines():
            latin, equals, persian = line.partition("=")
            if equals:
                self._forms |= {fold_key(form): fold_key(persian) for form in latin.split() if form != "#"}
            elif not line.startswith("#"):
                self._file(fold_key(line), known)
        for word in words:
            self._file(word, known)

    def _file(self, word: str, known: set[str]) -> None:
        bones = _bones(word) if " " not in word else None
        if len(word) > 1 and word not in known and bones is not None:
            known.add(word)
            self._by_bones.setdefault(bones, []).append(word)
            if "نب" in word:  # said as m: shambe
                self._by_bones.setdefault(bones.replace("nb", "mb"), []).append(word)

    def persian(self, token: str) -> str | None:
        """Return the Persian word a folded Latin word spells, endings included, or None."""
        if len(token) > _LONGEST:
            return None
        token = token.replace("uo", "u").replace("ao", "a")
        if (form := self._forms.get(token)) is not None:
            return form
        if (whole := self._lookup(token, loose=False)) is not None:
            return whole
        for latin, ending in _ENDINGS:
            if len(token) - len(latin) < 2 or not token.endswith(latin):
                continue
            stem = token[: -len(latin)]
            found = self._forms.get(stem) or (self._lookup(stem, loose=False) if len(stem) > 2 else None)
            if found is not None:
                return found + ending
        return self._lookup(token, loose=True)

    def _lookup(self, token: str, *, loose: bool) -> str | None:
        bones = _latin_bones(token)
        if loose and len(bones) < _MIN_LOOSE:
            return None
        shelf = self._by_bones.get(bones, [])
        for at, word in enumerate(shelf):
            entry = shelf[at] = word if isinstance(word, _Word) else _Word(word)
            if (entry.loose if loose else entry.strict).fullmatch(token):
                return entry.persian
        return None


@lru_cache(maxsize=1)
def _speller() -> Speller:
    from server.reports.reading.lexicon import lexicon  # noqa: PLC0415 - the lexicon's words, read when first needed

    return Speller(lexicon().words)


@lru_cache(maxsize=20_000)
def persian(token: str) -> str | None:
    """Return the Persian word that a folded Latin word spells, None if it spells none that is known."""
    return _speller().persian(token)


def persian_words(pattern: str) -> Iterable[str]:
    """Return the Persian words of a pattern of the lexicon."""
    return (fold_key(word) for word in _PERSIAN_WORD.findall(pattern))


# Words that English and Latin-letter Persian share are Persian only where the whole message is.
_ENGLISH = frozenset(
    fold_key(w)
    for w in (
        "the and is are was were we need you our of for to in on with have has no not please help "
        "from people food water "
        "they them this that can will be been my your their his her at it there here what where when "
        "how who send sent "
        "house road bridge trapped injured children women family families village city near after "
        "before out up down now "
        "still an or but us some any all many without do does did me so more one two three thank thanks urgent road "
        "bad hard bar far are dam sad men man mad code dead bone gone done home some come name time day days only"
    ).split()
)


def is_english(word: str) -> bool:
    """Tell whether a folded Latin word is a common English one."""
    return word in _ENGLISH
