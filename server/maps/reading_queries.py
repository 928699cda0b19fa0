"""SQL that reads the map: counts from cells, counts and records from features."""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow, TupleRow, tuple_row

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.maps.grid import FINEST, Rect


@dataclass(frozen=True, slots=True)
class Filter:
    """Which features of a layer are meant. Empty tuples mean all."""

    layer: str
    emergency_id: UUID
    statuses: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    since: datetime | None = None

    @property
    def detail(self) -> bool:
        """Whether only cells by category and status can answer."""
        return bool(self.statuses or self.categories)

    def params(self) -> dict[str, Any]:
        """For the statements below."""
        return {
            "layer": self.layer,
            "emergency": self.emergency_id,
            "statuses": list(self.statuses),
            "categories": list(self.categories),
            "since": self.since,
            "detail": self.detail,
        }

    def only(self) -> str:
        """The WHERE's end for statuses and categories, so that an absent filter costs nothing."""
        return (" AND status = ANY(%(statuses)s)" if self.statuses else "") + (
            " AND category = ANY(%(categories)s)" if self.categories else ""
        )


# One probe of the primary key per column of cells: x is fixed in each, so y is a range of the index and not a filter.
# OFFSET 0 keeps the probes apart: joined freely, they are taken for many and all cells of the zoom are read instead.
_CELLS = """
SELECT c.x >> %(shift)s AS cx, c.y >> %(shift)s AS cy,
  c.x >= %(ix0)s AND c.x < %(ix1)s AND c.y >= %(iy0)s AND c.y < %(iy1)s AS inside,
  sum(n)::bigint, sum(n_life)::bigint, sum(sum_lon_e6)::bigint, sum(sum_lat_e6)::bigint
FROM unnest(%(x0)s::int[], %(y0)s::int[], %(x1)s::int[], %(y1)s::int[]) AS r(x0, y0, x1, y1)
{columns} CROSS JOIN LATERAL (SELECT x, y, n, n_life, sum_lon_e6, sum_lat_e6 FROM map_cells
  WHERE layer = %(layer)s AND emergency_id = %(emergency)s AND detail = %(detail)s AND zoom = %(level)s
    AND {x_range} AND y >= r.y0 AND y < r.y1 {only} OFFSET 0) AS c
GROUP BY 1, 2, 3"""
_BY_COLUMN = _CELLS.replace("{columns}", "CROSS JOIN LATERAL generate_series(r.x0, r.x1 - 1) AS col(x)").replace(
    "{x_range}", "x = col.x"
)
_BY_RANGE = _CELLS.replace("{columns}", "").replace("{x_range}", "x >= r.x0 AND x < r.x1")
WIDE = 20_000
"""Beyond so many columns a range over the index is cheaper than probes."""


async def cell_sums(
    conn: Conn, want: Filter, level: int, rects: Sequence[Rect], inner: Rect, shift: int
) -> list[TupleRow]:
    """Sums of the cells in `rects` at `level`, grouped into cells `shift` zooms coarser and by lying in `inner` or not.

    Rows: (x, y, inside, n, n_life, sum_lon_e6, sum_lat_e6).
    """
    columns = sum(rect.x1 - rect.x0 for rect in rects)
    statement = (_BY_COLUMN if columns <= WIDE else _BY_RANGE).replace("{only}", want.only())
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            statement,
            {
                **want.params(),
                "level": level,
                "shift": shift,
                "ix0": inner.x0,
                "iy0": inner.y0,
                "ix1": inner.x1,
                "iy1": inner.y1,
                "x0": [r.x0 for r in rects],
                "y0": [r.y0 for r in rects],
                "x1": [r.x1 for r in rects],
                "y1": [r.y1 for r in rects],
            },
        )
        return await cursor.fetchall()


_IN_BOX = """layer = %(layer)s AND emergency_id = %(emergency)s
  AND lon >= %(w)s AND lon < %(e)s AND lat >= %(s)s AND lat < %(n)s"""


def _box(box: Box) -> dict[str, float]:
    return {"w": box.west, "s": box.south, "e": box.east, "n": box.north}


async def feature_sums(conn: Conn, want: Filter, box: Box, level: int) -> list[TupleRow]:
    """Sums of the features in a half-open box, grouped by cells of `level`. Rows: (x, y, n, n_life, lon_e6, lat_e6)."""
    only = want.only() + (" AND seen_at >= %(since)s" if want.since else "")
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT gx >> %(shift)s, gy >> %(shift)s, count(*), count(*) FILTER (WHERE urgency = 'life'),"
            " sum(round(lon * 1000000)::bigint)::bigint, sum(round(lat * 1000000)::bigint)::bigint"
            f" FROM map_features WHERE {_IN_BOX}{only} GROUP BY 1, 2",
            {**want.params(), **_box(box), "shift": FINEST - level},
        )
        return await cursor.fetchall()


async def features_in(conn: Conn, want: Filter, box: Box, limit: int) -> list[TupleRow]:
    """Records of a half-open box. Rows: (id, lon, lat, props as JSON text)."""
    only = want.only() + (" AND seen_at >= %(since)s" if want.since else "")
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            f"SELECT id, lon, lat, props::text FROM map_features WHERE {_IN_BOX}{only} LIMIT %(limit)s",
            {**want.params(), **_box(box), "limit": limit},
        )
        return await cursor.fetchall()


async def features_by_id(conn: Conn, layer: str, ids: Sequence[UUID], emergency_id: UUID | None) -> list[TupleRow]:
    """Records by id, of one emergency where a principal is bound to one. Rows as `features_in`."""
    bound = (
        "" if emergency_id is None else (" AND emergency_id IN (%(emergency)s, '00000000-0000-0000-0000-000000000000')")
    )
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT id, lon, lat, props::text FROM map_features WHERE layer = %(layer)s AND id = ANY(%(ids)s)" + bound,
            {"layer": layer, "ids": list(ids), "emergency": emergency_id},
        )
        return await cursor.fetchall()


async def open_emergencies(conn: Conn) -> list[DictRow]:
    """The open emergencies, newest first."""
    return await (
        await conn.execute(
            "SELECT id, code, name_fa, name_en FROM emergencies WHERE status = 'open' ORDER BY opened_at DESC LIMIT 50",
        )
    ).fetchall()


async def sealed_seq(conn: Conn) -> int:
    """The last number the sealer gave; the map changes only with it."""
    row = await (await conn.execute("SELECT seq FROM events ORDER BY seq DESC LIMIT 1")).fetchone()
    return row["seq"] if row else 0


_TILE_FEATURES = """
SELECT ST_AsMVT(tile, %(layer)s, 4096, 'geom') AS tile FROM (
  SELECT ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope(%(z)s, %(tx)s, %(ty)s), 4096, 64) AS geom,
    id::text AS id, props->>'code' AS code, category, status, urgency, 1 AS n
  FROM map_features WHERE layer = %(layer)s AND emergency_id = %(emergency)s
    AND lon >= %(w)s AND lon < %(e)s AND lat >= %(s)s AND lat < %(n)s LIMIT %(limit)s) AS tile"""
_TILE_CELLS = """
SELECT ST_AsMVT(tile, %(layer)s, 4096, 'geom') AS tile FROM (
  SELECT ST_AsMVTGeom(ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 3857),
      ST_TileEnvelope(%(z)s, %(tx)s, %(ty)s), 4096, 64) AS geom, n, n_life AS life
  FROM (SELECT n, n_life, sum_lon_e6 / 1e6 / n AS lon, sum_lat_e6 / 1e6 / n AS lat FROM map_cells
    WHERE layer = %(layer)s AND emergency_id = %(emergency)s AND NOT detail AND zoom = %(level)s
      AND x >= %(x0)s AND x < %(x1)s AND y >= %(y0)s AND y < %(y1)s) AS means
  WHERE lon >= %(w)s AND lon < %(e)s AND lat >= %(s)s AND lat < %(n)s) AS tile"""


async def tile_of_features(conn: Conn, want: Filter, box: Box, tile: tuple[int, int, int], limit: int) -> bytes:
    """One vector tile of single records."""
    row = await (
        await conn.execute(
            _TILE_FEATURES,
            {**want.params(), **_box(box), "z": tile[0], "tx": tile[1], "ty": tile[2], "limit": limit},
        )
    ).fetchone()
    return bytes(row["tile"]) if row and row["tile"] else b""


async def tile_of_cells(
    conn: Conn, want: Filter, box: Box, tile: tuple[int, int, int], level: int, rect: Rect
) -> bytes:
    """One vector tile of counts, each at the mean of its cell, so that it lies in exactly one tile."""
    row = await (
        await conn.execute(
            _TILE_CELLS,
            {
                **want.params(),
                **_box(box),
                "z": tile[0],
                "tx": tile[1],
                "ty": tile[2],
                "level": level,
                "x0": rect.x0,
                "x1": rect.x1,
                "y0": rect.y0,
                "y1": rect.y1,
            },
        )
    ).fetchone()
    return bytes(row["tile"]) if row and row["tile"] else b""
