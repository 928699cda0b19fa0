"""All SQL of emergencies."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn
from server.kernel.geo import Box

_COLUMNS: Final = (
    "id, code, name_fa, name_en, kind, status, drill, country, opened_at, closed_at, version,"
    " ST_AsGeoJSON(area, 6) AS area"
)
_AREA: Final = "ST_SetSRID(ST_MakeValid(ST_Force2D(ST_GeomFromGeoJSON(%(area)s))), 4326)"


async def page(
    conn: Conn,
    *,
    limit: int,
    before: UUID | None,
    within: Sequence[UUID] | None,
    status: str | None,
    since: datetime | None = None,
    box: Box | None = None,
) -> list[DictRow]:
    """Emergencies, newest first. `within`: those the reader may see, None for all. `box` meets an area's outline."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + " FROM emergencies WHERE (%(before)s::uuid IS NULL OR id < %(before)s)"  # noqa: S608 - constants alone
            " AND (%(within)s::uuid[] IS NULL OR id = ANY(%(within)s))"
            " AND (%(status)s::text IS NULL OR status = %(status)s)"
            " AND (%(since)s::timestamptz IS NULL OR updated_at >= %(since)s)"
            " AND (%(box)s::float8[] IS NULL OR ST_Intersects(area, ST_MakeEnvelope((%(box)s::float8[])[1],"
            " (%(box)s::float8[])[2], (%(box)s::float8[])[3], (%(box)s::float8[])[4], 4326)))"
            " ORDER BY id DESC LIMIT %(limit)s",
            {
                "limit": limit,
                "before": before,
                "within": list(within) if within is not None else None,
                "status": status,
                "since": since,
                "box": [box.west, box.south, box.east, box.north] if box else None,
            },
        )
    ).fetchall()


async def one(conn: Conn, emergency_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One emergency."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + " FROM emergencies WHERE id = %s" + (" FOR UPDATE" if lock else ""),  # noqa: S608 - constants alone
            (emergency_id,),
        )
    ).fetchone()


async def by_code(conn: Conn, code: str) -> DictRow | None:
    """The emergency of that code."""
    return await (await conn.execute("SELECT " + _COLUMNS + " FROM emergencies WHERE code = %s", (code,))).fetchone()  # noqa: S608 - constants alone


async def exists(conn: Conn, emergency_id: UUID) -> bool:
    """Whether there is such an emergency."""
    return await (await conn.execute("SELECT 1 FROM emergencies WHERE id = %s", (emergency_id,))).fetchone() is not None


async def open_ids(conn: Conn) -> list[UUID]:
    """Up to two open emergencies: enough to know whether there is a sole one."""
    rows = await (await conn.execute("SELECT id FROM emergencies WHERE status = 'open' LIMIT 2")).fetchall()
    return [row["id"] for row in rows]


async def add(conn: Conn, row: Mapping[str, Any]) -> bool:
    """Insert an emergency (columns by name, area as a GeoJSON dict or None); False when its code is taken."""
    done = await conn.execute(
        "INSERT INTO emergencies (id, code, name_fa, name_en, kind, drill, country, area) VALUES (%(id)s, %(code)s,"  # noqa: S608 - constants alone
        " %(name_fa)s, %(name_en)s, %(kind)s, %(drill)s, %(country)s, " + _AREA + ") ON CONFLICT (code) DO NOTHING",
        {**row, "area": Jsonb(row["area"]) if row.get("area") else None},
    )
    return done.rowcount == 1


async def change(conn: Conn, emergency_id: UUID, row: Mapping[str, Any]) -> None:
    """Change what is not None; a status brings its time with it."""
    await conn.execute(
        "UPDATE emergencies SET name_fa = coalesce(%(name_fa)s, name_fa), name_en = coalesce(%(name_en)s, name_en),"  # noqa: S608 - constants alone
        " kind = coalesce(%(kind)s, kind), status = coalesce(%(status)s, status),"
        " closed_at = CASE %(status)s::text WHEN 'closed' THEN coalesce(closed_at, clock_timestamp())"
        " WHEN 'open' THEN NULL ELSE closed_at END, area = coalesce(" + _AREA + ", area) WHERE id = %(id)s",
        {**row, "id": emergency_id, "area": Jsonb(row["area"]) if row.get("area") else None},
    )
