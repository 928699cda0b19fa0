"""The SQL of a volunteer's page alone: what lies around a place."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def _box(box: Bounds) -> dict[str, Any]:
    return dict(zip(("w", "s", "e", "n"), box, strict=True))


async def places_in(conn: Conn, box: Bounds, least: int, limit: int) -> list[DictRow]:
    """Named places of at least so many people, the larger first: [{lon, lat, name_fa, name_en, population}]."""
    return await (
        await conn.execute(
            "SELECT ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.name_fa, p.name_en, p.population FROM places p"
            " WHERE p.geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326) AND p.kind IN"
            " ('village', 'town', 'city', 'shelter', 'hospital', 'assembly_point') AND p.population >= %(least)s"
            " ORDER BY p.population DESC, p.id LIMIT %(limit)s",
            {**_box(box), "least": least, "limit": limit},
        )
    ).fetchall()


async def towns_near(conn: Conn, lon: float, lat: float, limit: int) -> list[DictRow]:
    """The towns nearest to a point: [{lon, lat, name_fa, name_en}]."""
    return await (
        await conn.execute(
            "SELECT ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.name_fa, p.name_en FROM places p"
            " WHERE p.kind IN ('town', 'city') AND p.population > 0"
            " ORDER BY p.geom <-> ST_SetSRID(ST_MakePoint(%s, %s), 4326) LIMIT %s",
            (lon, lat, limit),
        )
    ).fetchall()


async def closed_in(conn: Conn, emergency_id: UUID, box: Bounds, limit: int) -> list[DictRow]:
    """What nobody passes there now: [{shape: GeoJSON as text}], no finer than the map needs."""
    return await (
        await conn.execute(
            "SELECT ST_AsGeoJSON(ST_SimplifyPreserveTopology(c.geom, (%(n)s - %(s)s) / 200), 5) AS shape"
            " FROM closures c WHERE c.emergency_id = %(emergency)s AND c.status = 'active'"
            " AND c.verification <> 'refuted' AND (c.valid_until IS NULL OR c.valid_until > clock_timestamp())"
            " AND c.geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326) ORDER BY c.id LIMIT %(limit)s",
            {**_box(box), "emergency": emergency_id, "limit": limit},
        )
    ).fetchall()
