"""SQL of what is more than a point on the map: closures and hazard areas, drawn as they are, plainer from afar."""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import TupleRow, tuple_row

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.maps.reading_queries import Filter

SHAPED = {"closures": "closures", "hazards": "hazards"}
"""Layers whose records have a shape, and the table that holds it in `geom`."""
POINTS_MOST = 20_000
"""Corners of all shapes of an answer together; about 400 kB before compression."""
_PLAINER = 3.0
_TRIES = 6
_CLOSE_ZOOM = 17


def tolerance(zoom: float | None) -> float:
    """How far a drawn edge may be off, in degrees: half a pixel; without a zoom that of the closest."""
    return 360 / (2 ** (_CLOSE_ZOOM if zoom is None else zoom)) / 256 / 2


async def shapes(conn: Conn, layer: str, ids: Sequence[UUID], zoom: float | None) -> dict[UUID, str]:
    """The shapes of records as GeoJSON text with five decimals (about a metre), no more than POINTS_MOST corners.

    An area never vanishes by being made plainer (`ST_SimplifyPreserveTopology`): at worst it is a triangle.
    """
    off, rows = tolerance(zoom), list[TupleRow]()
    for _ in range(_TRIES):
        async with conn.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(
                "SELECT id, ST_AsGeoJSON(g, 5), ST_NPoints(g) FROM (SELECT id, ST_SimplifyPreserveTopology(geom, %s)"
                f" AS g FROM {SHAPED[layer]} WHERE id = ANY(%s)) t",
                (off, list(ids)),
            )
            rows = await cursor.fetchall()
        if sum(row[2] for row in rows) <= POINTS_MOST:
            break
        off *= _PLAINER
    return {row[0]: row[1] for row in rows}


async def reaching_in(conn: Conn, want: Filter, box: Box, limit: int) -> list[TupleRow]:
    """Records whose shape reaches into the box though the point they are counted at lies elsewhere."""
    only = want.only() + (" AND seen_at >= %(since)s" if want.since else "")
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT id, lon, lat, props::text FROM map_features"
            " WHERE layer = %(layer)s AND emergency_id = %(emergency)s AND id IN"
            f" (SELECT id FROM {SHAPED[want.layer]} WHERE geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326)"
            "  AND ST_Intersects(geom, ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326)))"
            f" AND NOT (lon >= %(w)s AND lon < %(e)s AND lat >= %(s)s AND lat < %(n)s){only}"
            " ORDER BY seen_at DESC LIMIT %(limit)s",
            {
                **want.params(),
                "w": box.west,
                "s": box.south,
                "e": min(box.east, 180.0),
                "n": box.north,
                "limit": limit,
            },
        )
        return await cursor.fetchall()
