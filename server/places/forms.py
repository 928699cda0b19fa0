"""The forms of a place's name: as people shorten it, as they misspell it by a letter. Pure, folded names throughout."""

from collections.abc import Iterable
from functools import lru_cache

from server.places.cues import EZAFE
from server.places.geonames import PlaceRow
from server.places.names import fold_key

_STEM = 3


def forms_of(key: str) -> Iterable[str]:
    """Yield a folded name and the ways people shorten it: without the ezafe, without "va"."""
    yield key
    if key.isascii():
        yield from _spoken(key)
    words = key.split()
    plain = [w for i, w in enumerate(words) if i == 0 or w not in EZAFE]
    if len(plain) != len(words):
        yield " ".join(plain)
    if "va" in plain or "and" in plain or "و" in plain:
        yield " ".join(w for w in plain if w not in ("va", "and", "و"))


def _spoken(key: str) -> Iterable[str]:
    """Yield the shorter endings people write of a romanised name: Hamidiyeh, hamidie; Sarbisheh, sarbishe."""
    for ending, others in (
        ("iyeh", ("ie", "iye", "ieh", "iya", "ia")),
        ("eh", ("e", "a")),
        ("iye", ("ie",)),
        ("ah", ("a",)),
    ):
        if key.endswith(ending) and len(key) - len(ending) >= _STEM:
            for other in others:
                yield key[: -len(ending)] + other
            return


def cuts_of(key: str) -> list[str]:
    """Return a name with each of its letters left out."""
    return [key[:i] + key[i + 1 :] for i in range(len(key))]


def one_off(one: str, other: str) -> bool:
    """Tell whether two words differ by at most one letter added, dropped, changed, or two swapped."""
    if one == other:
        return True
    if len(one) > len(other):
        one, other = other, one
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) != len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or swapped


@lru_cache(maxsize=4096)
def _own_keys(name_en: str, name_fa: str | None) -> frozenset[str]:
    return frozenset(form.replace(" ", "") for name in (name_en, name_fa or "") for form in forms_of(fold_key(name)))


def is_called(row: PlaceRow, key: str) -> bool:
    """Tell whether a folded name without spaces is a place's own, not one of its other names."""
    return key in _own_keys(row.name_en, row.name_fa)
