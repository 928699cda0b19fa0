"""Points, lines and areas as Collect writes them, as GeoJSON (RFC 7946). Pure."""

from typing import Any

from field_forms.openrosa import GeoPoint, parse_geopoint

MAX_POSITIONS = 2_000
"""A longer line (a phone that traced for hours) is thinned evenly to so many positions."""
_RING = 3


def parse_shape(text: str) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """`lat lon alt acc;lat lon alt acc;…` → a GeoJSON geometry without heights, and the codes of what was wrong.

    One position is a Point, several are a LineString, and a ring that closes is a Polygon. A position that cannot
    be used is left out; the line through the others still says where nobody passes.
    """
    positions: list[tuple[float, float]] = []
    wrong: list[str] = []
    for part in text.split(";"):
        if not part.strip():
            continue
        point = parse_geopoint(part)
        if not isinstance(point, GeoPoint):
            wrong.append(point)
        elif not positions or positions[-1] != (point.lon, point.lat):
            positions.append((point.lon, point.lat))
    if len(positions) > MAX_POSITIONS:
        wrong.append("location.thinned")
        positions = _thinned(positions)
    return _geometry(positions), tuple(dict.fromkeys(wrong))


def _thinned(positions: list[tuple[float, float]]) -> list[tuple[float, float]]:
    last = len(positions) - 1
    return [positions[round(i * last / (MAX_POSITIONS - 1))] for i in range(MAX_POSITIONS)]


def _geometry(positions: list[tuple[float, float]]) -> dict[str, Any] | None:
    pairs = [list(position) for position in positions]
    if not pairs:
        return None
    if len(pairs) == 1:
        return {"type": "Point", "coordinates": pairs[0]}
    if len(pairs) > _RING and positions[0] == positions[-1] and len(set(positions)) >= _RING:
        return {"type": "Polygon", "coordinates": [pairs]}
    return {"type": "LineString", "coordinates": pairs}
