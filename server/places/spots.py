"""Where something is said to be: a named place, an exact point, or neither. Pure."""

from dataclasses import dataclass
from uuid import UUID

from server.kernel.geo import distance_m

HALF_MOST_M = 50_000.0
EXACT_M = 1000.0
"""Below this accuracy a point says which house or bridge; above it, only which village or town."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Degrees WGS 84; the thing lies within `accuracy_m` metres of the point. All None: not located."""

    place_id: UUID | None = None
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None

    @property
    def located(self) -> bool:
        """Whether there is a point at all."""
        return self.lon is not None and self.lat is not None

    @property
    def exact(self) -> bool:
        """Whether the point is one house or bridge rather than a village or town."""
        return self.located and self.accuracy_m is not None and self.accuracy_m < EXACT_M

    @property
    def point(self) -> tuple[float, float] | None:
        """(lon, lat), or None."""
        return (self.lon, self.lat) if self.lon is not None and self.lat is not None else None

    def metres_to(self, other: "Spot") -> float:
        """Great-circle distance in metres; infinite when either is not located."""
        if self.point is None or other.point is None:
            return float("inf")
        return distance_m(*self.point, *other.point)


NOWHERE = Spot()


def shown_point(spot: Spot, blurred: tuple[float, float] | None) -> tuple[float, float] | None:
    """What a map may show of a household: the blurred point when the spot is exact, else the place's own."""
    return blurred if spot.exact else spot.point


def midway(one: tuple[float, float, float], other: tuple[float, float, float]) -> tuple[float, float, int]:
    """Where something between two places (lon, lat, accuracy_m) is: lon, lat, and how far the ends lie from there.

    On a road of more than twice `HALF_MOST_M` the middle says nothing: then so far from the end that is named first.
    """
    whole = distance_m(one[0], one[1], other[0], other[1])
    share = min(0.5, HALF_MOST_M / whole) if whole else 0.5
    lon, lat = (one[axis] + (other[axis] - one[axis]) * share for axis in (0, 1))
    return round(lon, 5), round(lat, 5), round(max(whole * (1 - share), one[2], 1))
