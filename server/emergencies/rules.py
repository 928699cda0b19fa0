"""What an emergency may be, decided without a database."""

import math
import re
from typing import Any, Final

CODE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CODE_CHARS: Final = 60
MAX_POSITIONS: Final = 20_000
"""Corners an area may have: the outline of a province in fine detail has fewer."""
_RING = 4


def is_code(text: str) -> bool:
    """Whether `text` may name an emergency in addresses and on the command line: `lorestan-flood`."""
    return len(text) <= CODE_CHARS and CODE.fullmatch(text) is not None


def area_problem(area: Any) -> str | None:
    """Why a GeoJSON geometry is no area (Polygon or MultiPolygon, lon/lat in range, closed rings), or None."""
    if not isinstance(area, dict) or area.get("type") not in {"Polygon", "MultiPolygon"}:
        return "type"
    polygons = area.get("coordinates")
    if area["type"] == "Polygon":
        polygons = [polygons]
    if not isinstance(polygons, list) or not polygons:
        return "coordinates"
    positions = 0
    for polygon in polygons:
        if not isinstance(polygon, list) or not polygon:
            return "coordinates"
        for ring in polygon:
            if not isinstance(ring, list) or len(ring) < _RING or not all(map(_position, ring)) or ring[0] != ring[-1]:
                return "ring"
            positions += len(ring)
            if positions > MAX_POSITIONS:
                return "too_fine"
    return None


def _position(value: Any) -> bool:
    if not isinstance(value, list) or not 2 <= len(value) <= 3:  # noqa: PLR2004 - RFC 7946: two numbers, or three
        return False
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in value):
        return False
    return bool(-180 <= value[0] <= 180 and -90 <= value[1] <= 90)  # noqa: PLR2004 - degrees
