"""Answers of the map, as bytes: cells or records of a box, records by id, vector tiles."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import TupleRow

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.maps import gaps, shape_queries
from server.maps import reading_queries as sql
from server.maps.asking import Ask
from server.maps.counting import FEATURES_MOST, Counted, count
from server.maps.grid import LEVELS, stored_level, touching
from server.maps.reading_queries import Filter

TILE_FEATURES_MOST = 5000
CLOSE_FEATURES_MOST = 20_000
"""In tiles that a stored cell is no longer small in."""
CLOSE_ZOOM = 14
SHAPES_MOST = 200
"""Closures and areas are drawn whole while so few are in view."""


BEYOND_MOST = 100
NOTHING: Mapping[tuple[int, int], dict[str, Any]] = MappingProxyType({})


class ByteCache:
    """Answers of this process, least recently asked for thrown out. Keys carry the sealer's number."""

    def __init__(self, most_bytes: int = 24_000_000) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self.kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """The answer, if kept."""
        found = self.kept.get(key)
        if found is not None:
            self.kept.move_to_end(key)
        return found

    def put(self, key: str, value: bytes) -> None:
        """Keep an answer."""
        self.bytes += len(value) - len(self.kept.pop(key, b""))
        self.kept[key] = value
        while self.bytes > self.most_bytes and self.kept:
            self.bytes -= len(self.kept.popitem(last=False)[1])


async def steady(conn: Conn) -> None:
    """Make the transaction see one moment: an answer of several queries must add up while the sealer writes.

    And plan each query for its own box: a plan for any box takes the wrong index for a thin one.
    """
    await conn.execute(
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan"
    )


async def cells(conn: Conn, ask: Ask, emergency: UUID, seq: int) -> bytes:
    """{"cells", "features", "beyond", "total", "counted", "seq"}: the box's cells, or its records when they are few.

    `beyond`: records with a shape that reaches into the box, counted elsewhere; a flooded valley is wider than a view.

    `total` is exactly what the half-open box holds, and the sum of `n` over the cells. `counted`: `cells` or, for what
    cells cannot answer (a time filter, the closest zooms), `features`.
    """
    want = Filter(ask.layer, emergency, ask.statuses, ask.categories, ask.since)
    counts: list[Counted] = []
    listed: list[TupleRow] = []
    beyond: list[TupleRow] = []
    waits: list[dict[tuple[int, int], dict[str, Any]]] = []
    for box in ask.boxes:
        counted = await count(conn, want, box, ask.zoom)
        rows = (
            await sql.features_in(conn, want, box, FEATURES_MOST)
            if counted is None or counted.total <= FEATURES_MOST
            else None
        )
        if rows is None and counted is not None:
            counts.append(counted)
            waits.append(await gaps.waiting(conn, want, box, counted) if ask.layer == "gaps" else {})
        else:
            listed += rows or []
            if ask.layer in shape_queries.SHAPED:
                beyond += await shape_queries.reaching_in(conn, want, box, BEYOND_MOST)
    total = len(listed) + sum(c.total for c in counts)
    features = await _features(conn, ask.layer, listed, ask.zoom)
    there = {row[0] for row in listed}
    reaching = await _features(conn, ask.layer, [*{r[0]: r for r in beyond if r[0] not in there}.values()], ask.zoom)
    grouped = ask.since is not None or any(c.level > LEVELS[0] for c in counts)
    how = b'"features"' if grouped else b'"cells"'
    return b'{"cells":%b,"features":[%b],"beyond":[%b],"total":%d,"counted":%b,"seq":%d}' % (
        orjson.dumps([cell for c, more in zip(counts, waits, strict=True) for cell in shown(c, more)]),
        features,
        reaching,
        total,
        how,
        seq,
    )


def shown(counted: Counted, more: Mapping[tuple[int, int], dict[str, Any]] = NOTHING) -> Iterable[dict[str, Any]]:
    """Cells at the mean of what they hold; `more`: what else is known of a cell."""
    for (x, y), (n, life, lon, lat) in sorted(counted.cells.items()):
        if n:
            yield {
                "lon": round(lon / n / 1e6, 6),
                "lat": round(lat / n / 1e6, 6),
                "n": n,
                "life": life,
                "top_urgency": "life" if life else None,
                "x": x,
                "y": y,
                **more.get((x, y), {}),
            }


async def by_ids(conn: Conn, layer: str, ids: list[UUID], bound: UUID | None, zoom: float | None = None) -> bytes:
    """A FeatureCollection of those of the records that are on the map; shapes as exact as `zoom` shows."""
    rows = await sql.features_by_id(conn, layer, ids, bound)
    if layer == "gaps" and rows:
        known = await gaps.why(conn, [row[0] for row in rows])
        rows = [
            (key, lon, lat, f'{props[:-1]},"lacks":{orjson.dumps(known[key]).decode()}}}' if key in known else props)
            for key, lon, lat, props in rows
        ]
    return b'{"type":"FeatureCollection","features":[%b]}' % await _features(conn, layer, rows, zoom)


async def _features(conn: Conn, layer: str, rows: list[TupleRow], zoom: float | None) -> bytes:
    shapes: dict[UUID, str] = {}
    if layer in shape_queries.SHAPED and 0 < len(rows) <= SHAPES_MOST:
        shapes = await shape_queries.shapes(conn, layer, [row[0] for row in rows], zoom)
    # The properties are JSON in the table already: they are put in as they are.
    return ",".join(
        f'{{"type":"Feature","id":"{key}","geometry":{shapes[key]},"properties":{_at(props, lon, lat)}}}'
        if key in shapes
        else f'{{"type":"Feature","id":"{key}","geometry":{_point(lon, lat)},"properties":{props}}}'
        for key, lon, lat, props in rows
    ).encode()


def _at(props: str, lon: float, lat: float) -> str:
    """The properties of what has a shape bring the point that it is counted at."""
    return f'{props[:-1]},"at":[{round(lon, 6)!r},{round(lat, 6)!r}]}}'


def _point(lon: float, lat: float) -> str:
    return f'{{"type":"Point","coordinates":[{round(lon, 6)!r},{round(lat, 6)!r}]}}'


async def tile(conn: Conn, layer: str, emergency: UUID, z: int, x: int, y: int) -> bytes:
    """A Mapbox vector tile: records where they are few, else the means of cells, a sixteenth of a tile wide."""
    row = await (
        await conn.execute(
            "SELECT ST_XMin(g) AS w, ST_YMin(g) AS s, ST_XMax(g) AS e, ST_YMax(g) AS n"
            " FROM (SELECT ST_Transform(ST_TileEnvelope(%s, %s, %s), 4326) AS g) t",
            (z, x, y),
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM gives a row
    box = Box(max(-180.0, row["w"]), row["s"], min(180.0, row["e"]), row["n"])
    want = Filter(layer, emergency)
    level = stored_level(min(LEVELS[0], z + 4))
    rect = touching(box, level)
    seen = await sql.cell_sums(conn, want, level, [rect], rect, level - min(level, z))
    most = TILE_FEATURES_MOST if z < CLOSE_ZOOM else CLOSE_FEATURES_MOST
    if sum(part[3] for part in seen) <= most:
        return await sql.tile_of_features(conn, want, box, (z, x, y), most)
    return await sql.tile_of_cells(conn, want, box, (z, x, y), level, rect)
