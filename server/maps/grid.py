"""The degree grid that counts are kept on. Pure arithmetic; every edge is an exact float.

At zoom g a cell is s = 360 / 2^g degrees wide and high. 360·x / 2^g - 180 is exact for every g here, so
"which cell" and "which side of the box" can never disagree.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server.kernel.geo import Box

FINEST = 17
"""The zoom of the cell that each feature is kept with: 275 m at the equator."""
LEVELS = (15, 13, 11, 9, 7, 5, 3)
"""The zooms that are counted and stored, finest first; those between are added up from the next finer one.

Beyond 15 nearly every feature would have a cell of its own, and a screen holds few enough to group the features.
"""


def size(level: int) -> float:
    """The side of a cell in degrees."""
    return 360 / (1 << level)


def cell_of(lon: float, lat: float) -> tuple[int, int]:
    """The finest cell that holds a point. Coarser ones follow by shifting: x >> (FINEST - level)."""
    return _index(lon, -180), _index(lat, -90)


def _index(value: float, start: float) -> int:
    step = size(FINEST)
    found = math.floor((value - start) / step)
    # (value - start) rounds, so a point just below an edge may seem to lie on it; the edge itself is exact.
    if value < found * step + start:
        return found - 1
    if value >= (found + 1) * step + start:
        return found + 1
    return found


def micro(degrees: float) -> int:
    """Millionths of a degree, as the cells add them up. Half-way cases go to the even number, as PostgreSQL's do."""
    return round(degrees * 1_000_000)


@dataclass(frozen=True, slots=True)
class Rect:
    """Cells x0 ≤ x < x1, y0 ≤ y < y1 at one level."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def empty(self) -> bool:
        """Whether it holds no cell."""
        return self.x0 >= self.x1 or self.y0 >= self.y1


def touching(box: Box, level: int) -> Rect:
    """The cells that share a point with the box."""
    s = size(level)
    return Rect(
        _floor(box.west, -180, s),
        _floor(box.south, -90, s),
        _ceil(box.east, -180, s),
        _ceil(box.north, -90, s),
    )


def within(box: Box, level: int) -> Rect:
    """The cells that lie wholly in the half-open box; may be empty."""
    s = size(level)
    rect = Rect(
        _ceil(box.west, -180, s),
        _ceil(box.south, -90, s),
        _floor(box.east, -180, s),
        _floor(box.north, -90, s),
    )
    return Rect(rect.x0, rect.y0, rect.x0, rect.y0) if rect.empty else rect


def box_of(rect: Rect, level: int) -> Box:
    """The degrees that cells cover."""
    s = size(level)
    return Box(rect.x0 * s - 180, rect.y0 * s - 90, rect.x1 * s - 180, rect.y1 * s - 90)


def _floor(value: float, start: float, step: float) -> int:
    found = math.floor((value - start) / step)
    while found * step + start > value:
        found -= 1
    while (found + 1) * step + start <= value:
        found += 1
    return found


def _ceil(value: float, start: float, step: float) -> int:
    found = _floor(value, start, step)
    return found if found * step + start == value else found + 1


def frame(outer: Box, inner: Box | None) -> list[Box]:
    """What is left of `outer` without `inner` (which lies in it): at most four half-open boxes, none overlapping."""
    if inner is None:
        return [outer]
    pieces = (
        Box(outer.west, outer.south, outer.east, inner.south),
        Box(outer.west, inner.north, outer.east, outer.north),
        Box(outer.west, inner.south, inner.west, inner.north),
        Box(inner.east, inner.south, outer.east, inner.north),
    )
    return [p for p in pieces if p.west < p.east and p.south < p.north]


def display_level(box: Box, zoom: int, most: int) -> int:
    """The grid for a map at `zoom` (64 pixels a cell), coarser when the box would hold more than `most` cells."""
    level = max(1, min(FINEST, zoom + 2))
    while level > 1:
        rect = touching(box, level)
        if (rect.x1 - rect.x0) * (rect.y1 - rect.y0) <= most:
            break
        level -= 1
    return level


def stored_level(level: int) -> int:
    """The coarsest stored zoom that is at least as fine as `level`; `level` is at most LEVELS[0]."""
    return min(stored for stored in LEVELS if stored >= level)


def finer(level: int) -> Iterator[int]:
    """The stored zooms beyond `level`, coarsest first."""
    return (stored for stored in reversed(LEVELS) if stored > level)


def cut_at_date_line(west: float, south: float, east: float, north: float) -> Iterable[Box]:
    """One box, or the two that a box across 180° is made of (west > east)."""
    if west < east:
        return (Box(west, south, east, north),)
    # 180° itself is a place of its own in the data; the half-open box across the line holds it.
    return (Box(west, south, math.nextafter(180, math.inf), north), Box(-180, south, east, north))
