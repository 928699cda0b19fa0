"""What a person means who types a place to look for: a name, perhaps what it lies in, perhaps a point. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from server.kernel.geo import Box, on_earth
from server.places.cues import AFTER, BEFORE
from server.places.names import fold_key, normalise
from server.places.points import Point, find_points

_COMMA = re.compile(r"[,،;؛/|]")
_LEADING: Final = frozenset({"near", "around", "weak", "village", "city", "area", "road"})
_AREA: Final = frozenset({"province", "county"})
_MOST_WORDS: Final = 6
_CLOSE: Final = 1e-6
_BETWEEN: Final = re.compile(
    r"^\s*(?:بین|مابین|میان|between|in between|beyn|beyne|bein|beine)\s+(?P<ends>.+)$", re.IGNORECASE
)
_AND: Final = re.compile(r"\s+(?:و|and|va|o|تا|to|ta)\s+|\s*[-–—&]\s*", re.IGNORECASE)
_ROAD: Final = re.compile(
    r"^\s*(?:جاده(?:[\u200c ]?ی)?|محور|مسیر|راه|آزادراه|بزرگراه|the road|road|highway|route|way"
    r"|jade|jadeye|jaddeye|mehvar|mehvare|masire)\s+(?:از\s+|from\s+|az\s+|between\s+)?(?P<ends>.+)$",
    re.IGNORECASE,
)
_TO: Final = re.compile(r"\s+(?:به|تا|to|be|ta|and)\s+|\s*[-–—]\s*", re.IGNORECASE)
_STRETCHES: Final = ((_BETWEEN, _AND), (_ROAD, _TO))


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


def area(text: str) -> tuple[str, str] | None:
    """A kind and the name left when the words plainly ask for an area: شهرستان پلدختر, Lorestan province."""
    words = text.split()
    if len(words) > 1:
        for cue, rest in ((BEFORE.get(fold_key(words[0])), words[1:]), (AFTER.get(fold_key(words[-1])), words[:-1])):
            if cue in _AREA:
                return str(cue), " ".join(rest)
    return None


def stretches(text: str) -> Iterator[tuple[str, str]]:
    """The two ends of "between X and Y", "the road from X to Y"; a name may hold an "and": each way to part them."""
    for whole, parting in _STRETCHES:
        if told := whole.match(text):
            ends = told["ends"]
            for sign in islice(parting.finditer(ends), _MOST_WORDS):
                one, other = ends[: sign.start()], ends[sign.end() :]
                if normalise(one) and normalise(other):
                    yield one, other


def parted(name: str) -> Iterator[Asked]:
    """The ways in which a name of several words may be a place and what it lies in, the longest name first."""
    words = name.split()
    if len(words) > _MOST_WORDS:
        return
    for at in range(len(words) - 1, 0, -1):
        within = _without(" ".join(words[at:]), _AREA)
        if normalise(within):
            yield Asked(" ".join(words[:at]), within)


def pointed(text: str, home: Box | None = None) -> Point | None:
    """The point that was typed instead of a name: coordinates, a map's link, a full plus code."""
    return next((p for p in find_points(text, home) if p.short is None), None)


def turned(text: str, point: Point) -> Point | None:
    """The same pair the other way round (x before y), where nothing in it says which number is which."""
    if not on_earth(point.lat, point.lon):
        return None
    home = Box(point.lat - _CLOSE, point.lon - _CLOSE, point.lat + _CLOSE, point.lon + _CLOSE)
    other = pointed(text, home)
    return other if other is not None and home.holds(other.lon, other.lat) else None


def short_code(text: str) -> tuple[Point, str] | None:
    """A short plus code and the rest of what was typed: the name beside it."""
    point = next((p for p in find_points(text) if p.short is not None), None)
    return (point, (text[: point.start] + " " + text[point.end :]).strip(" ,،")) if point else None
