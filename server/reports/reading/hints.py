"""What is known around a message before its words are read: where the emergency is, what places were told of before.

Hints never make a place out of nothing: they rank places of one name, and complete a plus code that leaves its
beginning out. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from server.kernel.geo import distance_m

LonLat = tuple[float, float]

CLOSE_M: Final = 30_000.0
"""Whoever speaks again speaks of the same valley."""
REGION_M: Final = 120_000.0
_IN_AREA, _BY_AREA = 2.0, 0.8
_OWN, _OWN_REGION = 2.0, 0.8
_OTHERS, _OTHERS_REGION = 1.0, 0.4


@dataclass(frozen=True, slots=True)
class Hints:
    """`area`: the emergency's, as (lon, lat, radius_m). `sender`, `others`: points (lon, lat) told of before, the
    newest first: the sender's own earlier reports, and other people's in the same emergency.
    """

    area: tuple[float, float, float] | None = None
    sender: tuple[LonLat, ...] = ()
    others: tuple[LonLat, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to go by."""
        return bool(self.area or self.sender or self.others)

    def weight(self, lon: float, lat: float, accuracy_m: float = 0.0) -> float:
        """How much speaks for a point, in powers of ten of people: 2 outweighs a hundred times the population."""
        weight = 0.0
        if self.area is not None:
            off = distance_m(lon, lat, self.area[0], self.area[1]) - self.area[2] - accuracy_m
            weight += _IN_AREA if off <= 0 else _BY_AREA if off <= REGION_M else 0.0
        weight += _nearest(self.sender, lon, lat, _OWN, _OWN_REGION)
        return weight + _nearest(self.others, lon, lat, _OTHERS, _OTHERS_REGION)

    def around(self) -> LonLat | None:
        """A point to complete a short plus code by: the sender's newest, else the middle of the emergency."""
        if self.sender:
            return self.sender[0]
        return self.area[:2] if self.area is not None else None


def _nearest(points: Iterable[LonLat], lon: float, lat: float, close: float, region: float) -> float:
    off = min((distance_m(lon, lat, *p) for p in points), default=float("inf"))
    return close if off <= CLOSE_M else region if off <= REGION_M else 0.0
