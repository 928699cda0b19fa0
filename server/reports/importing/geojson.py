"""GeoJSON (RFC 7946): a FeatureCollection, one feature, or a feature a line (RFC 8142 and plain)."""

import json
from collections.abc import Iterator
from typing import Any, Final

from server.reports.importing.rows import Row, Source, coordinate, unreadable
from server.reports.importing.tables import COLUMNS, Progress, as_bytes
from server.reports.schemas import claim, parse_object

WHOLE_BYTES: Final = 200_000_000
"""A collection is read whole; longer files come as a feature a line."""
_DEEP: Final = 4


def features(source: Source, progress: Progress | None = None) -> Iterator[Row]:
    """Every feature as a row; what is no feature becomes a row without text."""
    for number, (item, raw) in enumerate(_items(source, progress), 1):
        if not isinstance(item, dict) or item.get("type") != "Feature":
            yield Row(number, None, b"", raw, reason="no_object")
            continue
        yield _row(source, number, item, raw)


def _items(source: Source, progress: Progress | None) -> Iterator[tuple[Any, bytes]]:
    with source.path.open("rb") as file:
        first = file.readline(WHOLE_BYTES).lstrip(b"\xef\xbb\xbf\x1e \t\r\n")
    alone = parse_object(first).data
    if alone is not None and alone.get("type") == "Feature":
        yield from _lines(source, progress)
        return
    if source.path.stat().st_size > WHOLE_BYTES:
        raise unreadable(
            source.path,
            f"a collection beyond {WHOLE_BYTES:,} bytes; send one feature a line.",
            "مجموعه بسیار بزرگ است؛ هر عارضه را در یک سطر بفرستید.",
        )
    data = parse_object(source.path.read_bytes()).data
    if data is not None and data.get("type") == "Feature":
        found: Any = [data]
    else:
        found = data.get("features") if data is not None and data.get("type") == "FeatureCollection" else None
    if not isinstance(found, list):
        raise unreadable(source.path, "no GeoJSON FeatureCollection.", "مجموعهٔ GeoJSON درستی نیست.")
    for done, item in enumerate(found, 1):
        if progress and done % 100 == 0:
            progress(source.path.stat().st_size * done // len(found))
        yield item, as_bytes(json.dumps(item, ensure_ascii=False))


def _lines(source: Source, progress: Progress | None) -> Iterator[tuple[Any, bytes]]:
    with source.path.open("rb") as file:
        for line in file:
            raw = line.strip(b"\x1e \t\r\n")
            if raw:
                yield parse_object(raw).data, raw
                if progress:
                    progress(file.tell())


def _row(source: Source, number: int, item: dict[str, Any], raw: bytes) -> Row:
    properties = _flat(item.get("properties"))
    lon, lat, flags = position(item.get("geometry"))

    def value(thing: str) -> Any:
        names = [name for known in COLUMNS[thing] for name in properties if name.rpartition(".")[2] == known]
        return next((properties[name] for name in names if properties[name] not in (None, "")), None)

    words = [str(value(thing)) for thing in ("title", "place", "text") if isinstance(value(thing), str)]
    readable = any(isinstance(value(thing), str) and value(thing).strip() for thing in ("title", "text"))
    key = item.get("id") if isinstance(item.get("id"), str | int) else value("id")
    when = claim(value("time"))
    return Row(
        number,
        str(key) if isinstance(key, str | int) and not isinstance(key, bool) else None,
        as_bytes("\n".join(words)) if readable else b"",
        raw,
        lon,
        lat,
        when.replace(tzinfo=source.zone) if when and when.tzinfo is None else when,
        str(value("sender")) if value("sender") is not None else None,
        meta={"feature": item, "number": number},
        flags=flags,
    )


def position(geometry: Any) -> tuple[float | None, float | None, list[str]]:
    """lon, lat and flags of a geometry: a point as it is (heights ignored), the middle of the box of all else."""
    if not isinstance(geometry, dict):
        return None, None, []
    points = list(_positions(geometry.get("coordinates"), _DEEP))
    if geometry.get("type") == "Point":
        lon, lat = points[0] if points else (float("nan"), float("nan"))
        return lon, lat, []
    if not points:
        return None, None, ["area_geometry"]
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    return (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2, ["area_geometry"]


def _positions(value: Any, deep: int) -> Iterator[tuple[float, float]]:
    if not isinstance(value, list) or not value:
        return
    if not isinstance(value[0], list):
        pair = [coordinate(number) for number in value[:2]]
        nan = float("nan")
        yield (nan if pair[0] is None else pair[0]), (nan if len(pair) == 1 or pair[1] is None else pair[1])
    elif deep:
        for part in value:
            yield from _positions(part, deep - 1)


def _flat(value: Any, prefix: str = "", deep: int = _DEEP) -> dict[str, Any]:
    """Nested properties with dotted, casefolded names."""
    if not isinstance(value, dict):
        return {}
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        path = f"{prefix}{str(name).strip().casefold()}"
        if isinstance(inner, dict) and deep:
            flat |= _flat(inner, f"{path}.", deep - 1)
        else:
            flat[path] = inner
    return flat
