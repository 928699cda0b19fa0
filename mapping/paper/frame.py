"""A frame on paper: which part of the earth it shows, how degrees become millimetres, its grid and its scale.

Web Mercator (EPSG:3857), so that a sheet looks as the screen does; millimetres from the upper left corner. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import atan, cos, degrees, exp, log, pi, radians, tan
from typing import Final

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

EARTH_M: Final = 40_075_016.686
"""Around the equator, in metres (WGS 84)."""
MOST_LAT: Final = 85.0
HALF: Final = 180.0
POLE: Final = 90.0
LEAST_M: Final = 4_000.0
"""The narrowest a sheet may be: a blurred point on a finer one would look exact."""
SQUARE_MM: Final = 40.0
"""About how large a square of the reference grid is: a hand's breadth is four or five of them."""
BAR_MM: Final = 50.0
_STEPS: Final = (10.0, 5.0, 2.0, 1.0, 0.5, 1 / 4, 1 / 6, 1 / 12, 1 / 30, 1 / 60, 1 / 120)
"""Degrees between lines of the graticule: whole ones, then 30, 15, 10, 5, 2, 1 and half a minute."""
_LINES: Final = 6
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which are read as figures."""


def mercator(lat: float) -> float:
    """North of the equator in the unit of the world's width, 0.5 at 85.05°."""
    lat = max(-MOST_LAT, min(MOST_LAT, lat))
    return log(tan(pi / 4 + radians(lat) / 2)) / (2 * pi)


def latitude(y: float) -> float:
    """The other way round."""
    return degrees(2 * atan(exp(y * 2 * pi)) - pi / 2)


@dataclass(frozen=True, slots=True)
class Frame:
    """A part of the earth on `width` × `height` millimetres of paper."""

    box: Box
    width: float
    height: float

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Millimetres from the upper left corner."""
        west, south, east, north = self.box
        top, bottom = mercator(north), mercator(south)
        return (lon - west) / (east - west) * self.width, (top - mercator(lat)) / (top - bottom) * self.height

    @property
    def m_mm(self) -> float:
        """Metres a millimetre, at the middle of the sheet."""
        west, south, east, north = self.box
        middle = latitude((mercator(south) + mercator(north)) / 2)
        return (east - west) / 360 * EARTH_M * cos(radians(middle)) / self.width

    @property
    def columns(self) -> int:
        """Squares from left to right; at most as many as there are letters."""
        return max(2, min(len(_LETTERS), round(self.width / SQUARE_MM)))

    @property
    def rows(self) -> int:
        """Squares from top to bottom."""
        return max(2, min(99, round(self.height / SQUARE_MM)))

    def square(self, lon: float, lat: float) -> str:
        """The square a point lies in, as one says it on the radio: `B4`; empty outside the sheet."""
        x, y = self.at(lon, lat)
        if not (0 <= x <= self.width and 0 <= y <= self.height):
            return ""
        column = min(self.columns - 1, int(x / self.width * self.columns))
        row = min(self.rows - 1, int(y / self.height * self.rows))
        return f"{_LETTERS[column]}{row + 1}"

    def letters(self) -> Iterator[tuple[str, float]]:
        """Letter and middle, in millimetres, of each column."""
        for column in range(self.columns):
            yield _LETTERS[column], (column + 0.5) * self.width / self.columns

    def numbers(self) -> Iterator[tuple[str, float]]:
        """Number and middle of each row."""
        for row in range(self.rows):
            yield str(row + 1), (row + 0.5) * self.height / self.rows


def frame_of(box: Box, width: float, height: float, pad: float = 0.08) -> Frame:
    """The smallest frame of that shape that holds a box with some room around it; ValueError for a box that is none."""
    west, south, east, north = box
    on_earth = max(abs(west), abs(east)) <= HALF and max(abs(south), abs(north)) <= POLE
    if not (west <= east and south <= north and on_earth):
        raise ValueError("a box needs west ≤ east and south ≤ north, in degrees")
    middle_lon, bottom, top = (west + east) / 2, mercator(south), mercator(north)
    middle_y = (bottom + top) / 2
    least = LEAST_M / (EARTH_M * max(0.05, cos(radians(latitude(middle_y)))))
    wide = max((east - west) / 360 * (1 + 2 * pad), (top - bottom) * (1 + 2 * pad) * width / height, least)
    tall = wide * height / width
    return Frame(
        (
            max(-180.0, middle_lon - wide * 180),
            latitude(middle_y - tall / 2),
            min(180.0, middle_lon + wide * 180),
            latitude(middle_y + tall / 2),
        ),
        width,
        height,
    )


def graticule(frame: Frame) -> tuple[float, list[float], list[float]]:
    """Degrees between lines, and the meridians and parallels that cross the frame."""
    west, south, east, north = frame.box
    step = next((s for s in _STEPS if (east - west) / s >= _LINES - 2), _STEPS[-1])
    return step, _multiples(west, east, step), _multiples(south, north, step)


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = int(low // step) + 1
    return [n * step for n in range(first, int(high // step) + 1) if low < n * step < high]


def dms(value: float, step: float, sides: str) -> str:
    """A line's degrees (and minutes, where lines lie closer): `48°30′E`; `sides`: its letters, positive first."""
    side = sides[0] if value >= 0 else sides[1]
    minutes = round(abs(value) * 60, 1)
    whole, left = divmod(minutes, 60)
    if step >= 1 and left == 0:
        return f"{whole:.0f}°{side}"
    return f"{whole:.0f}°{left:04.1f}′{side}" if left % 1 else f"{whole:.0f}°{left:02.0f}′{side}"


def scale_bar(frame: Frame) -> tuple[float, float]:
    """A round length in metres and its millimetres on the sheet, at most BAR_MM."""
    most = frame.m_mm * BAR_MM
    round_ones = (step * 10.0**power for power in range(8) for step in (1, 2, 5))
    nice = max((one for one in round_ones if one <= most), default=1.0)
    return nice, nice / frame.m_mm
