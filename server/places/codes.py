"""Plus codes (Open Location Codes): a place on earth in ten signs, as map apps show and people text them.

After the public specification (https://github.com/google/open-location-code): the earth is cut into 20° squares, each
pair of signs into 20 × 20 smaller ones, and from the eleventh sign on into 4 × 5. A short code leaves out the first
four or six signs and means the nearest such square to a place named with it. Pure.
"""

from dataclasses import dataclass
from math import ceil, cos, floor, hypot, radians
from typing import Final

ALPHABET: Final = "23456789CFGHJMPQRVWX"
"""Twenty signs that are hard to mistake and spell no words."""
_PLUS: Final = 8
_PAIRS: Final = 10
_DIGITS: Final = 15
_PADDED_MOST: Final = 6
_ROWS_OF_EARTH: Final = 9
_POLE: Final = 90
_ROWS, _COLUMNS = 5, 4
_LAT_STEPS: Final = 8000 * _ROWS**5
_LON_STEPS: Final = 8000 * _COLUMNS**5
"""The finest steps in a degree: whole numbers, so that no rounding moves a code into the next square."""
_METRES_A_DEGREE: Final = 111_320.0


@dataclass(frozen=True, slots=True)
class Area:
    """The square of a code, degrees: its south-west corner and its height and width."""

    south: float
    west: float
    height: float
    width: float

    @property
    def lat(self) -> float:
        """Latitude of the middle."""
        return min(self.south + self.height / 2, 90.0)

    @property
    def lon(self) -> float:
        """Longitude of the middle."""
        return min(self.west + self.width / 2, 180.0)

    @property
    def radius_m(self) -> float:
        """How far the corners lie from the middle, in metres."""
        north = self.height / 2 * _METRES_A_DEGREE
        return hypot(north, self.width / 2 * _METRES_A_DEGREE * cos(radians(self.lat)))


def encode(lat: float, lon: float, digits: int = _PAIRS) -> str:
    """The full code of a point: 10 signs are some 14 m, 8 some 280 m, 11 some 3 m. Degrees WGS 84."""
    lat_step, lon_step = _steps(lat, lon)
    signs = ""
    for _ in range(_DIGITS - _PAIRS):
        signs = ALPHABET[lat_step % _ROWS * _COLUMNS + lon_step % _COLUMNS] + signs
        lat_step //= _ROWS
        lon_step //= _COLUMNS
    for _ in range(_PAIRS // 2):
        signs = ALPHABET[lat_step % 20] + ALPHABET[lon_step % 20] + signs
        lat_step //= 20
        lon_step //= 20
    kept = signs[:digits].ljust(_PLUS, "0")
    return f"{kept[:_PLUS]}+{kept[_PLUS:]}"


def _steps(lat: float, lon: float) -> tuple[int, int]:
    top = 180 * _LAT_STEPS
    north = min(max(floor(round((lat + 90) * _LAT_STEPS * 1e6) / 1e6), 0), top - 1)
    east = floor(round((lon + 180) * _LON_STEPS * 1e6) / 1e6) % (360 * _LON_STEPS)
    return north, east


def is_full(code: str) -> bool:
    """Whether a code says where on earth by itself: eight signs (or zeros at their end) before the plus."""
    head, plus, tail = code.upper().partition("+")
    if plus != "+" or len(head) != _PLUS or not _tail_ok(tail):
        return False
    signs = head.rstrip("0")
    padded = len(head) - len(signs)
    if padded % 2 or padded > _PADDED_MOST or (padded and tail) or not set(signs) <= set(ALPHABET):
        return False
    # The first two signs count 20° squares: nine from pole to pole, eighteen around.
    return ALPHABET.index(head[0]) < _ROWS_OF_EARTH and ALPHABET.index(head[1]) < 2 * _ROWS_OF_EARTH


def is_short(code: str) -> bool:
    """Whether a code lacks its first two, four or six signs and needs a place beside it."""
    head, plus, tail = code.upper().partition("+")
    return plus == "+" and len(head) in (2, 4, 6) and _tail_ok(tail) and bool(tail) and set(head) <= set(ALPHABET)


def _tail_ok(tail: str) -> bool:
    return len(tail) != 1 and len(tail) <= _DIGITS - _PLUS and set(tail) <= set(ALPHABET)


def decode(code: str) -> Area:
    """The square of a full code. Raises ValueError for anything else."""
    if not is_full(code):
        raise ValueError("no full plus code")
    signs = code.upper().replace("+", "").rstrip("0")
    lat = lon = 0
    lat_unit, lon_unit = 20 * _LAT_STEPS * 20, 20 * _LON_STEPS * 20
    for at, sign in enumerate(signs):
        value = ALPHABET.index(sign)
        if at >= _PAIRS:
            lat_unit //= _ROWS
            lon_unit //= _COLUMNS
            lat += value // _COLUMNS * lat_unit
            lon += value % _COLUMNS * lon_unit
        elif at % 2 == 0:
            lat_unit //= 20
            lat += value * lat_unit
        else:
            lon_unit //= 20
            lon += value * lon_unit
    return Area(lat / _LAT_STEPS - 90, lon / _LON_STEPS - 180, lat_unit / _LAT_STEPS, lon_unit / _LON_STEPS)


def recover(short: str, lat: float, lon: float) -> Area:
    """The square of a short code that lies nearest to a point. Raises ValueError when it is no short code."""
    if not is_short(short):
        raise ValueError("no short plus code")
    missing = _PLUS - short.index("+")
    area = decode(encode(lat, lon)[:missing] + short.upper())
    # The square of the missing signs; the one meant may lie across its border.
    square = 20.0 ** (2 - missing / 2)
    south = area.south + _whole_squares(lat - area.lat, square)
    if not -_POLE <= south < _POLE:
        south = area.south
    west = area.west + _whole_squares(lon - area.lon, square)
    return Area(south, (west + 180) % 360 - 180, area.height, area.width)


def _whole_squares(off: float, square: float) -> float:
    """By how many whole squares to move so that what is `off` degrees away comes nearest."""
    return ceil(off / square - 0.5) * square
