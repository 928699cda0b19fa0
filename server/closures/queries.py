"""All SQL of closures."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.closures.rules import LOCATED_WITHIN_M
from server.incidents.listing import Filters, where
from server.kernel.db import Conn

_SELECT: Final = (
    "SELECT t.id, t.code, t.emergency_id, t.incident_id, t.kind, t.status, t.verification, t.valid_from,"
    " t.valid_until, t.version, t.updated_at, ST_AsGeoJSON(t.geom, 6)::json AS geometry,"
    " CASE WHEN GeometryType(t.geom) = 'POINT' THEN i.accuracy_m END AS accuracy_m"
    " FROM closures t LEFT JOIN incidents i ON i.id = t.incident_id"
)
# One closure an incident. What a person drew (a line, an area) keeps its shape; a point follows the incident's.
_FOLLOW: Final = """
INSERT INTO closures AS c (id, code, emergency_id, incident_id, kind, status, verification, geom)
SELECT n.id, n.code, i.emergency_id, i.id, n.kind, n.status, i.verification, i.geom
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[]) AS n(id, code, incident, kind, status)
JOIN incidents i ON i.id = n.incident WHERE i.geom IS NOT NULL AND i.accuracy_m <= %s
ON CONFLICT (incident_id) DO UPDATE SET status = excluded.status, verification = excluded.verification,
  geom = CASE WHEN GeometryType(c.geom) = 'POINT' THEN excluded.geom ELSE c.geom END,
  valid_until = CASE WHEN excluded.status = 'lifted' THEN coalesce(c.valid_until, clock_timestamp()) END
WHERE (c.status, c.verification) IS DISTINCT FROM (excluded.status, excluded.verification)
  OR (GeometryType(c.geom) = 'POINT' AND NOT ST_Equals(c.geom, excluded.geom))
RETURNING id, emergency_id, status, xmax = 0 AS created
"""


async def page(conn: Conn, filters: Filters) -> list[DictRow]:
    """Closures by newest change; `category` filters by kind."""
    tail, values = where(filters, "t.geom_any", categories="t.kind")
    return await (await conn.execute(sql.SQL(_SELECT) + tail, values)).fetchall()


async def one(conn: Conn, closure_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One closure."""
    return await (
        await conn.execute(_SELECT + " WHERE t.id = %s" + (" FOR UPDATE OF t" if lock else ""), (closure_id,))
    ).fetchone()


async def incident_emergency(conn: Conn, incident_id: UUID) -> UUID | None:
    """The emergency of an incident."""
    row = await (await conn.execute("SELECT emergency_id FROM incidents WHERE id = %s", (incident_id,))).fetchone()
    return row["emergency_id"] if row else None


async def is_simple(conn: Conn, geometry: str) -> bool:
    """Whether a GeoJSON text is a shape that does not cross itself."""
    row = await (await conn.execute("SELECT ST_IsValid(ST_GeomFromGeoJSON(%s)) AS ok", (geometry,))).fetchone()
    return bool(row and row["ok"])


async def insert(conn: Conn, values: Mapping[str, Any]) -> None:
    """A new closure; `geometry` is GeoJSON text."""
    await conn.execute(
        "INSERT INTO closures (id, code, emergency_id, incident_id, kind, verification, valid_until, geom)"
        " VALUES (%(id)s, %(code)s, %(emergency_id)s, %(incident_id)s, %(kind)s, %(verification)s, %(valid_until)s,"
        " ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), 4326))",
        values,
    )


async def update(conn: Conn, closure_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of a closure; `geometry` is GeoJSON text."""
    sets = [
        sql.SQL("geom = ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), 4326)")
        if k == "geometry"
        else sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder(k))
        for k in values
    ]
    await conn.execute(
        sql.SQL("UPDATE closures SET {} WHERE id = %(_id)s").format(sql.SQL(", ").join(sets)),
        {**values, "_id": closure_id},
    )


async def follow(conn: Conn, rows: Sequence[tuple[UUID, str, UUID, str, str]]) -> list[DictRow]:
    """Make or change the closures of incidents: (new id, code, incident, kind, status); those that changed."""
    return await (await conn.execute(_FOLLOW, (*([r[i] for r in rows] for i in range(5)), LOCATED_WITHIN_M))).fetchall()


async def closing_incidents(conn: Conn, ids: Sequence[UUID]) -> list[DictRow]:
    """Of some incidents what decides over their closures."""
    return await (
        await conn.execute(
            "SELECT i.id, i.category, i.status, i.verification FROM incidents i WHERE i.id = ANY(%s) ORDER BY i.id",
            (list(ids),),
        )
    ).fetchall()


async def lift_others(conn: Conn, ids: Sequence[UUID], kinds: Sequence[str]) -> list[DictRow]:
    """Lift active closures of incidents whose category (not in `kinds`) closes nothing any more."""
    return await (
        await conn.execute(
            "UPDATE closures c SET status = 'lifted', valid_until = clock_timestamp() FROM incidents i"
            " WHERE i.id = c.incident_id AND i.id = ANY(%s) AND c.status = 'active' AND NOT i.category = ANY(%s)"
            " RETURNING c.id, c.emergency_id, c.status, false AS created",
            (list(ids), list(kinds)),
        )
    ).fetchall()
