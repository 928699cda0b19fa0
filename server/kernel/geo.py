"""Points and boxes in WGS 84: parsing, range checks, distances."""

import math
from dataclasses import dataclass

from server.kernel.errors import bad_request

MAX_LON, MAX_LAT = 180.0, 90.0
EARTH_RADIUS_M = 6_371_008.8
"""Mean radius, IUGG."""


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open box [west, east) × [south, north), degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        """Whether the point lies in the half-open box."""
        return self.west <= lon < self.east and self.south <= lat < self.north


def on_earth(lon: float | None, lat: float | None) -> bool:
    """Whether both are finite and in range. Swapped Haitian pairs pass or fail by their numbers alone."""
    return (
        lon is not None
        and lat is not None
        and math.isfinite(lon)
        and math.isfinite(lat)
        and abs(lon) <= MAX_LON
        and abs(lat) <= MAX_LAT
    )


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Great-circle distance in metres (haversine)."""
    p1, p2 = math.radians(lat1), math.radians(lat2)
    a = math.sin((p2 - p1) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(a)))


def parse_bbox(text: str) -> Box:
    """`w,s,e,n` in degrees. Raises a 400 problem when it is no box on the earth."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise bad_request(
            "bbox.invalid",
            "bbox is west,south,east,north in degrees.",
            "bbox باید غرب،جنوب،شرق،شمال به درجه باشد.",
        ) from None
    if not (on_earth(west, south) and on_earth(east, north) and west < east and south < north):
        raise bad_request(
            "bbox.invalid",
            "bbox must lie on the earth, west below east, south below north.",
            "bbox باید روی زمین باشد؛ غرب کمتر از شرق و جنوب کمتر از شمال.",
        )
    return Box(west, south, east, north)
