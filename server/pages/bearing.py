"""Which way something lies, in words a driver understands. Pure."""

import math
from typing import Final

SIDES: Final = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


def bearing(lon: float, lat: float, to_lon: float, to_lat: float) -> float:
    """The first bearing of the great circle from a point to another, in degrees clockwise from north, 0 to 360."""
    a, b, d = math.radians(lat), math.radians(to_lat), math.radians(to_lon - lon)
    east = math.sin(d) * math.cos(b)
    north = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(d)
    return math.degrees(math.atan2(east, north)) % 360


def point_of_compass(degrees: float) -> str:
    """The nearest of the eight points of the compass."""
    return SIDES[round(degrees % 360 / 45) % 8]
