"""What a file's reader hands on, whatever the format."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from server.kernel.errors import Problem
from server.kernel.geo import distance_m, on_earth

_DIGITS: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫", "01234567890123456789.")
ENOUGH: Final = 30
"""With fewer points nobody can say which of them stands apart."""
NEAR_M: Final = 200_000.0
"""An emergency's reports may always spread this far from their middle."""
SPREAD: Final = 3
"""Beyond this many times the distance that holds 95 % of the points, a point is a slip: swapped, or abroad."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file. `text` is empty when there is none to read; `raw` is what is kept if it is set aside.

    `number` counts records from 1, without the header. `key` is the file's own id, None when it has none.
    """

    number: int
    key: str | None
    text: bytes
    raw: bytes
    lon: float | None = None
    lat: float | None = None
    occurred_at: datetime | None = None
    sender: str | None = None
    content_type: str = "text/plain; charset=utf-8"
    meta: Mapping[str, Any] = field(default_factory=dict)
    flags: Sequence[str] = ()
    reason: str = "no_text"


@dataclass(frozen=True, slots=True)
class Source:
    """The file, how to read it, and in which time zone times without one are meant."""

    path: Path
    format: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Around:
    """Where a file's points lie: their middle and how far from it a point may be, in metres."""

    lon: float
    lat: float
    limit_m: float

    @classmethod
    def of(cls, points: Iterable[tuple[float | None, float | None]]) -> "Around | None":
        """The surroundings of the points that are on the earth; None when they are too few to tell."""
        there = [(lon, lat) for lon, lat in points if lon is not None and lat is not None and on_earth(lon, lat)]
        if len(there) < ENOUGH:
            return None
        lon, lat = statistics.median(p[0] for p in there), statistics.median(p[1] for p in there)
        distances = sorted(distance_m(lon, lat, *p) for p in there)
        return cls(lon, lat, max(NEAR_M, SPREAD * distances[int(len(distances) * 0.95)]))

    def is_far(self, lon: float | None, lat: float | None) -> bool:
        """Whether a possible point stands apart from the others."""
        return (
            lon is not None
            and lat is not None
            and on_earth(lon, lat)
            and (distance_m(self.lon, self.lat, lon, lat) > self.limit_m)
        )


def coordinate(value: Any) -> float | None:
    """Degrees from a cell or a number, Persian digits and decimal sign too; NaN when it is something else."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        return math.nan
    try:
        return float(value.translate(_DIGITS) if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def unreadable(path: Path, why_en: str, why_fa: str) -> Problem:
    """The whole file cannot be used, and why."""
    return Problem(400, "import.unreadable", f"{path.name}: {why_en}", f"{path.name}: {why_fa}")
