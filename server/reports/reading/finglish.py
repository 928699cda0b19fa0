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

_Part = tuple[tuple[str, ...], bool]
"""How a part of a word may be spelt; whether that may be repeated."""


def _written(ways: str) -> tuple[str, ...]:
    """Write out `[ae]?y|i`: ("y", "ay", "ey", "i")."""
    out: list[str] = []
    for way in ways.split("|"):
        said = [""]
        for signs, sign, maybe in re.findall(r"(?:\[(\w+)\]|(\w))(\??)", way):
            several = ["", *(signs or sign)] if maybe else [*(signs or sign)]
            said = [begun + more for begun in said for more in several]
        out += said
    return tuple(dict.fromkeys(out))


_SOUNDS = {
    "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ث": "s", "س": "s", "ص": "s", "ج": "J", "ژ": "J", "چ": "C", "خ": "X",
    "د": "d", "ذ": "z", "ز": "z", "ض": "z", "ظ": "z", "ر": "r", "ش": "S", "غ": "G", "ق": "G", "گ": "G", "ف": "f",
    "ک": "K", "ل": "l", "م": "m", "ن": "n",
}  # fmt: skip
# How a sound may be spelt; what is repeated (chch) counts once.
_SPELT = {
    "J": ("zh", "j"), "C": ("ch",), "X": ("kh",), "S": ("sh",), "G": ("gh", "g"), "K": ("ck", "c", "k"),
    "B": ("n", "m"),
}  # fmt: skip
_REPEATED = frozenset("CSX")
# How a vowel letter may be spelt at the beginning, inside, at the end of a word: signs in brackets are one of them, or
# with a question mark none. Loose ones may be left out inside.
_VOWELS = {
    letter: tuple(_written(way) for way in ways)
    for letter, ways in {
        "ا": ("[aeoiu]", "[aou]", "a"),
        "و": ("v", "[aeo]?v[aeo]?|u|o", "uv?|o|v"),
        "ی": ("y[aeiou]?|i|e", "[ae]?y[aeo]?|iy?[aeo]?|e|[ae]i", "[ae]?y|i[ey]?|ey?|ei"),
        "ه": ("h", "h?", "[aeo]h?|h"),
        "ح": ("h", "h?", "h"),
        "ع": ("[aeoiu]?", "[aeiou]?", "[aeo]?"),
    }.items()
}
_SHORT, _LOOSE = _written("[aeo]?"), _written("[aeiou]?")
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
    """A Persian word and how it may be spelt: with its long vowels written, or `loose`, with any of them left out."""

    __slots__ = ("_loose", "_strict", "persian")

    def __init__(self, persian: str) -> None:
        self.persian = persian
        self._strict: list[_Part] | None = None
        self._loose: list[_Part] | None = None

    def fits(self, token: str, *, loose: bool) -> bool:
        """Tell whether a Latin word spells this one."""
        if loose:
            parts = self._loose = self._loose or _parts(self.persian, loose=True)
        else:
            parts = self._strict = self._strict or _parts(self.persian, loose=False)
        return _fits(parts, token)


def _fits(parts: Iterable[_Part], token: str) -> bool:
    """Tell whether a word is made of the parts, one way or another: all places that each may end at are kept."""
    places = {0}
    for spellings, repeated in parts:
        found = {at + len(way) for at in places for way in spellings if token.startswith(way, at)}
        if repeated:
            (way,) = spellings
            for at in sorted(found):
                while token.startswith(way, at):
                    found.add(at := at + len(way))
        if not found:
            return False
        places = found
    return len(token) in places


def _parts(word: str, *, loose: bool) -> list[_Part]:
    out: list[_Part] = []
    end = len(word) - 1
    for at, letter in enumerate(word):
        vowel = _VOWELS.get(letter)
        if vowel:
            ways = vowel[0 if at == 0 else 2 if at == end else 1]
            out.append(((*ways, "") if loose and 0 < at < end else ways, False))
            continue
        sound = _SOUNDS[letter]
        if sound == "n" and at < end and word[at + 1] == "ب":
            sound = "B"
        out.append((_SPELT.get(sound, (sound,)), sound in _REPEATED))
        if at < end and word[at + 1] not in "اویع":
            out.append((_LOOSE if loose else _SHORT, False))
    return out


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
            if entry.fits(token, loose=loose):
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
