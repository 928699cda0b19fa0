"""What goes on paper and on a stick: shown points and codes of the map's own table, place names, districts."""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""
OVER = ("met", "closed", "done", "cancelled", "failed", "resolved", "lifted", "delivered", "lost", "returned", "ended")


async def emergency(conn: Conn, asked: UUID | str | None, within: UUID | None) -> DictRow | None:
    """{id, code, name_fa, name_en} by id or code, else the newest open one; of `within` alone where one is bound."""
    return await (
        await conn.execute(
            "SELECT id, code, name_fa, name_en FROM emergencies WHERE (%(within)s::uuid IS NULL OR id = %(within)s)"
            " AND (%(asked)s::text IS NULL OR id::text = %(asked)s OR code = %(asked)s)"
            " AND (%(asked)s::text IS NOT NULL OR status = 'open') ORDER BY opened_at DESC LIMIT 1",
            {"asked": str(asked) if asked else None, "within": within},
        )
    ).fetchone()


def _values(emergency_id: UUID, layers: Sequence[str], box: Bounds) -> dict[str, Any]:
    own = [layer for layer in layers if layer != "centres"]
    sides = dict(zip(("w", "s", "e", "n"), box, strict=True))
    return {"emergency": emergency_id, "layers": own, "centres": "centres" in layers, "over": list(OVER), **sides}


_WHERE = (
    "((f.emergency_id = %(emergency)s AND f.layer = ANY(%(layers)s)) OR (%(centres)s AND f.layer = 'centres'))"
    " AND f.lon >= %(w)s AND f.lon <= %(e)s AND f.lat >= %(s)s AND f.lat <= %(n)s"
)


async def records(
    conn: Conn, emergency_id: UUID, layers: Sequence[str], box: Bounds, *, asking: bool, most: int
) -> list[DictRow]:
    """Features as the map shows them, those that ask for somebody first, lives before all; `asking`: those alone."""
    return await (
        await conn.execute(
            "SELECT f.layer, f.id, f.category, f.status, f.urgency, f.seen_at, f.lon, f.lat, f.props->>'code' AS code,"
            " (f.props->>'people')::float8 AS people, f.props->'place'->>'fa' AS place_fa,"
            " f.props->'place'->>'en' AS place_en, f.status <> ALL(%(over)s) AS asks FROM map_features f"
            f" WHERE {_WHERE} AND (NOT %(asking)s OR f.layer = 'centres' OR f.status <> ALL(%(over)s))"
            " ORDER BY f.status <> ALL(%(over)s) DESC, array_position(ARRAY['life', 'high', 'normal'], f.urgency),"
            " (f.props->>'priority')::float8 DESC NULLS LAST, f.seen_at DESC, f.id LIMIT %(most)s",
            {**_values(emergency_id, layers, box), "asking": asking, "most": most},
        )
    ).fetchall()


async def totals(conn: Conn, emergency_id: UUID, layers: Sequence[str], box: Bounds, *, asking: bool) -> dict[str, int]:
    """How many of each layer there are."""
    rows = await (
        await conn.execute(
            f"SELECT f.layer, count(*) AS n FROM map_features f WHERE {_WHERE}"
            " AND (NOT %(asking)s OR f.layer = 'centres' OR f.status <> ALL(%(over)s)) GROUP BY f.layer",
            {**_values(emergency_id, layers, box), "asking": asking},
        )
    ).fetchall()
    return {row["layer"]: row["n"] for row in rows}


async def closed(conn: Conn, emergency_id: UUID, box: Bounds, most: int) -> list[str]:
    """Active closures as GeoJSON texts."""
    rows = await (
        await conn.execute(
            "SELECT ST_AsGeoJSON(geom, 5) AS shape FROM closures WHERE emergency_id = %s AND status = 'active'"
            " AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) ORDER BY updated_at DESC LIMIT %s",
            (emergency_id, *box, most),
        )
    ).fetchall()
    return [row["shape"] for row in rows]


async def places(conn: Conn, box: Bounds, most: int, kinds: Sequence[str] = ()) -> list[DictRow]:
    """Named places of a box, the largest first."""
    return await (
        await conn.execute(
            "SELECT name_fa, name_en, population, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM places"
            " WHERE geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) AND (%s::text[] = '{}' OR kind = ANY(%s))"
            " ORDER BY population DESC, id LIMIT %s",
            (*box, list(kinds), list(kinds), most),
        )
    ).fetchall()


async def sealed(conn: Conn) -> int:
    """The number of the last sealed event: of which moment a sheet is."""
    row = await (await conn.execute("SELECT coalesce(max(seq), 0) AS seq FROM events")).fetchone()
    return row["seq"] if row else 0
