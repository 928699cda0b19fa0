"""Which sheets an atlas has: one a district that holds something, the most pressing first. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import cos, hypot, radians
from typing import Any, Final

from mapping.paper.frame import Box

FAR: Final = 1.5
"""Degrees beyond which nothing counts to a district any more: it gets the sheet of what is left."""
_RANK: Final = {"life": 1000, "high": 30, "normal": 3, "none": 1}


@dataclass(frozen=True, slots=True)
class District:
    """A named point that things count to: the nearest one has them."""

    name: str
    lon: float
    lat: float


@dataclass(slots=True)
class Page:
    """A sheet to be: its number, its district (None: what lies far from all), what is on it, who lies beside it."""

    number: int
    district: District | None
    records: list[Mapping[str, Any]]
    box: Box
    beside: dict[str, str] = field(default_factory=dict)


def box_of(records: Sequence[Mapping[str, Any]]) -> Box:
    """The box of records with `lon` and `lat`; ValueError for none."""
    if not records:
        raise ValueError("a sheet of nothing")
    lons, lats = [r["lon"] for r in records], [r["lat"] for r in records]
    return min(lons), min(lats), max(lons), max(lats)


def pages(records: Sequence[Mapping[str, Any]], districts: Sequence[District], most: int = 60) -> list[Page]:
    """Sheets for records {lon, lat, urgency}, at most `most`: what fits on none of them is on a last one together."""
    groups: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        groups[_nearest(record, districts)].append(record)
    order = sorted(groups, key=lambda at: (at < 0, -weight(groups[at]), at))
    if len(order) > most:
        rest = [record for at in order[most - 1 :] for record in groups[at]]
        order = order[: most - 1]
        made = [(districts[at] if at >= 0 else None, groups[at]) for at in order] + [(None, rest)]
    else:
        made = [(districts[at] if at >= 0 else None, groups[at]) for at in order]
    found = [Page(number, district, members, box_of(members)) for number, (district, members) in enumerate(made, 1)]
    for page in found:
        page.beside = _beside(page, found)
    return found


def weight(records: Sequence[Mapping[str, Any]]) -> int:
    """How pressing a district is."""
    return sum(_RANK.get(str(record["urgency"]), 1) for record in records)


def _nearest(record: Mapping[str, Any], districts: Sequence[District]) -> int:
    best, at = FAR, -1
    for index, one in enumerate(districts):
        far = hypot((one.lon - record["lon"]) * cos(radians(record["lat"])), one.lat - record["lat"])
        if far < best:
            best, at = far, index
    return at


def _beside(page: Page, others: Sequence[Page]) -> dict[str, str]:
    x, y = _middle(page.box)
    nearest: dict[str, tuple[float, str]] = {}
    for other in others:
        if other is page or other.district is None:
            continue
        ox, oy = _middle(other.box)
        dx, dy = (ox - x) * cos(radians(y)), oy - y
        side = ("e" if dx > 0 else "w") if abs(dx) > abs(dy) else ("n" if dy > 0 else "s")
        far = hypot(dx, dy)
        if far > 0 and (side not in nearest or far < nearest[side][0]):
            nearest[side] = (far, str(other.number))
    return {side: number for side, (_, number) in nearest.items()}


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
