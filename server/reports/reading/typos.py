"""Misspelt words of the lexicon: letters that sound alike (انصولین, غزا), or one slip in a long word (ambulnce).

Only words that nothing knows are changed, and only into one word of what people need or suffer: a name or an ordinary
word that happens to be near would otherwise become a need.
"""

from collections.abc import Iterator
from functools import lru_cache

from server.places.names import fold_key
from server.reports.reading.finglish import is_english
from server.reports.reading.lexicon import lexicon

_ALIKE = str.maketrans("ثصذضظطحغ", "سسزززتهق")
_SHORTEST_SOUND = 3
_SHORTEST_SLIP = 6
_LATIN_SLIP = 7
_STEM = 3
_ENGLISH_ENDINGS = frozenset(
    "s es d ed ing ings er ers or ors ly y ness ment al ism ist ists age able less ful r rs n".split()
)
# Words that sound like others and are meant as they stand.
_MEANT = frozenset(
    fold_key(w) for w in "قضا حیاط حیات ارز عرض ارض خار خوار صواب ثواب غریب قریب سلاح صلاح منصوب منسوب".split()
)


class _Mender:
    """The words that typos are mended to, by their sound and with one letter left out."""

    def __init__(self) -> None:
        book = lexicon()
        self.known = frozenset(book.words) | frozenset(book.latin)
        self._sounds: dict[str, str | None] = {}
        self._slips: dict[str, set[str]] = {}
        for word in map(fold_key, book.things):
            persian = word[0] > "\u0600"
            sound = word.translate(_ALIKE)
            if persian and len(word) >= _SHORTEST_SOUND:
                self._sounds[sound] = word if self._sounds.get(sound, word) == word else None
            if len(word) >= (_SHORTEST_SLIP if persian else _LATIN_SLIP):
                for short in (word, *_without_one(word)):
                    self._slips.setdefault(short, set()).add(word)

    def mend(self, word: str) -> str | None:
        """Return the word meant, or None when it stands as it is."""
        if word in self.known or word in _MEANT or is_english(word):
            return None
        persian = word[0] > "\u0600"
        if persian and (alike := self._sounds.get(word.translate(_ALIKE))) and alike != word:
            return alike
        if len(word) < (_SHORTEST_SLIP - 1 if persian else _LATIN_SLIP - 1) or self._is_inflected(word):
            return None
        found = {w for short in (word, *_without_one(word)) for w in self._slips.get(short, ()) if _one_slip(word, w)}
        found -= {w for w in found if w.startswith(word) or word.startswith(w)}  # another ending is no slip
        return min(found) if found else None

    def _is_inflected(self, word: str) -> bool:
        """Tell whether a known word stands in it, with an ending: Persian takes nearly any, English a few."""
        latin = word[0] < "\u0600"
        return any(
            word[:size] in self.known and (not latin or word[size:] in _ENGLISH_ENDINGS)
            for size in range(_STEM, len(word))
        )


def _without_one(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _one_slip(typed: str, meant: str) -> bool:
    """Tell whether one letter was left out, doubled up or swapped with its neighbour; the first letter stands."""
    if typed[0] != meant[0]:
        return False
    if len(typed) != len(meant):
        shorter, longer = sorted((typed, meant), key=len)
        return shorter in _without_one(longer)
    wrong = [at for at, (a, b) in enumerate(zip(typed, meant, strict=True)) if a != b]
    if len(wrong) != 2 or wrong[1] != wrong[0] + 1:
        return False
    at = wrong[0]
    return typed[at : at + 2] == meant[at + 1] + meant[at]


@lru_cache(maxsize=1)
def _mender() -> _Mender:
    return _Mender()


@lru_cache(maxsize=20_000)
def mended(word: str) -> str | None:
    """Return the lexicon's word that a folded word misspells, None when it is right or unknown."""
    return _mender().mend(word)
