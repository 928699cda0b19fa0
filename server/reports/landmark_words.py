"""The words that landmarks are known by: what kinds there are, what tells which of several, what is part of no name.

The words themselves stand in `reading/data/landmarks.toml`, plainly spelt; here they are folded like the messages.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from server.places.names import fold_key


def _load() -> dict[str, Any]:
    return tomllib.loads((files("server.reports.reading") / "data" / "landmarks.toml").read_text("utf-8"))


def _folded(lines: Mapping[str, str]) -> dict[str, str]:
    return {fold_key(word): kind for kind, words in lines.items() for word in words.split()}


def _set(words: str) -> frozenset[str]:
    return frozenset(fold_key(word) for word in words.split())


_DATA: Final = _load()
_WORDS: Final[Mapping[str, str]] = _DATA["words"]
CUES: Final = _folded(_DATA["cues"])
"""Word → kind of landmark."""
NUMBERS: Final = _folded(_DATA["numbers"])
WHICH: Final = _folded(_DATA["which"])
"""What tells one from another of its name."""
ENGLISH: Final = _set(_WORDS["english"])
"""Cues whose name stands before them."""
OF_ENGLISH: Final = _set(_WORDS["of_english"])
OF_PERSIAN: Final = _set(_WORDS["of_persian"])
"""Small words that tell English from Persian in Latin letters."""
MONTHS: Final = _set(_WORDS["months"])
NUMBERED: Final = _set(_WORDS["numbered"])
"""What makes a name of the number before it, whether or not a cue stands there."""
TITLES: Final = _set(_WORDS["titles"])
PERSONS: Final = _set(_WORDS["persons"])
KIN: Final = _set(_WORDS["kin"])
"""Relatives: what stands after one may be a name, and no more."""
AGES: Final = _set(_WORDS["ages"])
COUNTED: Final = _set(_WORDS["counted"])
"""A number before one of these counts; it names nothing."""
PLAIN: Final = _set(_WORDS["plain"])
"""Common words that are part of no name."""
FINE: Final = frozenset(("alley", "house", "block", "km", "tower", "building"))
"""What says which house."""
SITES: Final = frozenset(
    (
        *("square", "junction", "bridge", "tunnel", "school", "mosque", "shrine", "hospital", "clinic", "stadium"),
        *("camp", "park", "tower", "building", "factory", "station", "dormitory", "bakery", "spring", "dam"),
    )
)
"""One thing that is at one spot: what is at a school is not at a bridge."""
WIDE: Final = frozenset(("village", "villages", "quarter"))
"""Parts of a named place, or places that no gazetteer knows: what a whole area has, each has of its own."""
