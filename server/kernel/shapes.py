"""Which GeoJSON shapes people may draw. Pure; degrees WGS 84, lon before lat (RFC 7946)."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

SHAPES: Final = frozenset({"Point", "LineString", "Polygon"})
POSITIONS_MOST: Final = 2000
_LINE: Final = 2
_RING: Final = 4


def geometry_problem(geometry: Any) -> str | None:
    """Why a GeoJSON geometry cannot be drawn, as a code, or None when it can."""
    if not isinstance(geometry, dict) or geometry.get("type") not in SHAPES:
        return "type"
    coordinates: Any = geometry.get("coordinates")
    kind = geometry["type"]
    try:
        rings = {"Point": [[coordinates]], "LineString": [coordinates]}.get(kind, coordinates)
        positions = [p for ring in rings for p in _positions(ring)]
    except (TypeError, ValueError, IndexError):
        positions = []
    problem = None
    if not positions:
        problem = "coordinates"
    elif len(positions) > POSITIONS_MOST:
        problem = "too_many_positions"
    elif not all(_on_earth(p) for p in positions):
        problem = "off_earth"
    elif kind == "LineString" and len(set(positions)) < _LINE:
        problem = "too_short"
    elif kind == "Polygon":
        problem = _ring_problem(coordinates)
    return problem


def _positions(found: Any) -> Iterator[tuple[float, float]]:
    if not isinstance(found, list) or not found:
        raise ValueError
    for position in found:
        if not isinstance(position, list) or len(position) not in {2, 3} or isinstance(position[0], bool):
            raise ValueError
        yield float(position[0]), float(position[1])


def _on_earth(position: tuple[float, float]) -> bool:
    lon, lat = position
    return math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90  # noqa: PLR2004 - degrees


def _ring_problem(rings: Sequence[Sequence[Any]]) -> str | None:
    for ring in rings:
        if len(ring) < _RING or len({tuple(p[:2]) for p in ring}) < _RING - 1:
            return "too_short"
        if list(ring[0]) != list(ring[-1]):
            return "open_ring"
    return None


def plain(geometry: dict[str, Any]) -> dict[str, Any]:
    """The geometry with its type and plan coordinates alone, without heights and other members."""

    def cut(part: Any) -> Any:
        return [cut(p) for p in part] if isinstance(part[0], list) else part[:2]

    return {"type": geometry["type"], "coordinates": cut(geometry["coordinates"])}
