"""One key for what names sound like, in Persian and in Latin letters: their consonants alone. Pure.

پلدختر, Pol-e Dokhtar and Poldoxtar are `pldxtr`. Persian writes few vowels and Latin spellings of them differ most;
letters of one sound (س ص ث) and spellings of one letter (gh, q) fall together.
"""

import re
from typing import Final

from server.places.names import squash

_PERSIAN: Final = {
    letter: key
    for key, letters in {
        "b": "ب", "p": "پ", "t": "تط", "s": "سصث", "j": "جژ", "c": "چ", "x": "خ", "d": "د", "z": "زذضظ", "r": "ر",
        "w": "ش", "q": "غق", "f": "ف", "k": "ک", "g": "گ", "l": "ل", "m": "م", "n": "ن", "h": "هح",
    }.items()
    for letter in letters
}  # fmt: skip
_LATIN: Final = {
    "gh": "q", "kh": "x", "ch": "c", "sh": "w", "zh": "j", "ph": "f", "dj": "j", "ck": "k", "c": "k",
}  # fmt: skip
_LATIN_LETTER = re.compile(r"gh|kh|ch|sh|zh|ph|dj|ck|[a-z]")
_SILENT: Final = frozenset("aeiouyvw")


def sound(name: str) -> str:
    """The consonants of a name in one alphabet, doubles single, no closing h; other scripts as `squash` has them."""
    return sound_of(squash(name))


def sound_of(key: str) -> str:
    """As `sound`, for a name that is squashed already."""
    if key.isascii():
        found = [_LATIN.get(p, p) for p in _LATIN_LETTER.findall(key) if p not in _SILENT]
    elif any(c in _PERSIAN for c in key):
        found = [_PERSIAN[c] for c in key if c in _PERSIAN]
    else:
        return key
    single = [c for i, c in enumerate(found) if i == 0 or c != found[i - 1]]
    if len(single) > 1 and single[-1] == "h":
        single.pop()
    return "".join(single)
