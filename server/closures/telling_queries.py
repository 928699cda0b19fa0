"""All SQL of closures that forms tell of."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_NEAR: Final = """
SELECT c.id, c.kind, c.status, c.version, c.incident_id FROM closures c,
  ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), 4326) AS g
WHERE c.emergency_id = %(emergency)s AND c.status = 'active' AND (%(kind)s::text IS NULL OR c.kind = %(kind)s)
  AND ST_DWithin(c.geom::geography, g::geography, %(within_m)s)
ORDER BY ST_Distance(c.geom::geography, g::geography), c.id LIMIT 1 FOR UPDATE OF c
"""
_INCIDENTS: Final = """
SELECT i.id, i.category, c.id AS closure_id, c.status, GeometryType(c.geom) = 'POINT' AS is_point
FROM report_links l JOIN incidents i ON i.id = l.incident_id LEFT JOIN closures c ON c.incident_id = i.id
WHERE l.report_id = %s AND l.undone_at IS NULL AND i.status = 'open' AND i.emergency_id = %s
ORDER BY l.made_at, i.id
"""


async def nearest_active(conn: Conn, asked: Mapping[str, Any]) -> DictRow | None:
    """The nearest active closure within `within_m` metres (emergency, kind or None for any, geometry), locked."""
    return await (await conn.execute(_NEAR, asked)).fetchone()


async def incidents_of(conn: Conn, report_id: UUID, emergency_id: UUID) -> list[DictRow]:
    """The open incidents that a report speaks of, with their closures."""
    return await (await conn.execute(_INCIDENTS, (report_id, emergency_id))).fetchall()


async def versions(conn: Conn, ids: Sequence[UUID]) -> list[DictRow]:
    """State and version of closures, locked in one order."""
    found = await conn.execute(
        "SELECT id, status, version, emergency_id FROM closures WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (list(ids),)
    )
    return await found.fetchall()
