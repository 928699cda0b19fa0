"""Where places lie: a coarse grid to find the nearest by, the box of all, what lies near what. Pure."""

from collections.abc import Sequence
from math import cos, floor, radians

from server.kernel.geo import Box
from server.places.geonames import PlaceRow


def cell(lat: float, lon: float) -> tuple[int, int]:
    """Quarters of a degree."""
    return floor(lat * 4), floor(lon * 4)


def cells_of(rows: Sequence[PlaceRow]) -> dict[tuple[int, int], tuple[int, ...]]:
    """File villages, towns and cities by the cell they lie in."""
    cells: dict[tuple[int, int], list[int]] = {}
    for number, row in enumerate(rows):
        if row.kind not in ("province", "county"):
            cells.setdefault(cell(row.lat, row.lon), []).append(number)
    return {cell: tuple(numbers) for cell, numbers in cells.items()}


def bounds_of(rows: Sequence[PlaceRow]) -> Box | None:
    """Return the box of all places and half a degree around it."""
    if not rows:
        return None
    lons, lats = [r.lon for r in rows], [r.lat for r in rows]
    return Box(min(lons) - 0.5, min(lats) - 0.5, max(lons) + 0.5, max(lats) + 0.5)


def near(one: PlaceRow, other: PlaceRow, km: float) -> bool:
    """Tell whether two places lie within some kilometres, roughly (a flat earth does for a hundred)."""
    north = (one.lat - other.lat) * 111
    east = (one.lon - other.lon) * 111 * cos(radians(one.lat))
    return north * north + east * east <= km * km


def lies_by(one: PlaceRow, other: PlaceRow, km: float) -> bool:
    """Tell whether a place lies near another, or inside it where that is its province."""
    if other.kind == "province" and one.kind != "province":
        return one.admin1_code == other.admin1_code
    return near(one, other, km)
