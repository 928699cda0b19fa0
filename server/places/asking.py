"""What a person means who types a place to look for: a name, perhaps what it lies in, perhaps a point. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from server.places.cues import BEFORE
from server.places.names import fold_key, normalise
from server.places.points import Point, find_points

_COMMA = re.compile(r"[,،;؛/|]")
_LEADING: Final = frozenset({"near", "around", "weak", "village", "city", "area", "road"})
_AREA: Final = frozenset({"province", "county"})
_MOST_WORDS: Final = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """A name, the name of what it shall lie in ('' when nothing was said), and the name without words of place before
    it: "near" is none of the name, "deh" may be.
    """

    name: str
    within: str = ""
    bare: str = ""


def asked(text: str) -> Asked:
    """Take apart what was typed where signs or words do so plainly: پلدختر، لرستان; near Khorramabad; X, Y province."""
    head, _, tail = (part.strip() for part in _split(text))
    return Asked(head, _without(tail, _LEADING | _AREA), _without(head, _LEADING))


def _split(text: str) -> tuple[str, str, str]:
    found = _COMMA.search(text)
    return (text[: found.start()], found.group(), text[found.end() :]) if found else (text, "", "")


def _without(text: str, cues: frozenset[str]) -> str:
    """A name without the words of place around it, unless nothing would be left."""
    words = text.split()
    while len(words) > 1 and BEFORE.get(fold_key(words[0])) in cues:
        words = words[1:]
    return " ".join(words)


def parted(name: str) -> Iterator[Asked]:
    """The ways in which a name of several words may be a place and what it lies in, the longest name first."""
    words = name.split()
    if len(words) > _MOST_WORDS:
        return
    for at in range(len(words) - 1, 0, -1):
        within = _without(" ".join(words[at:]), _AREA)
        if normalise(within):
            yield Asked(" ".join(words[:at]), within)


def pointed(text: str) -> Point | None:
    """The point that was typed instead of a name: coordinates, a map's link, a full plus code."""
    return next((p for p in find_points(text) if p.short is None), None)


def short_code(text: str) -> tuple[Point, str] | None:
    """A short plus code and the rest of what was typed: the name beside it."""
    point = next((p for p in find_points(text) if p.short is not None), None)
    return (point, (text[: point.start] + " " + text[point.end :]).strip(" ,،")) if point else None
