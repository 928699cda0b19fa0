"""All SQL of shelters."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel.db import Conn

_COLUMNS: Final = (
    "t.id, t.code, t.emergency_id, t.name_fa, t.name_en, t.name_hash, t.name_sealed, t.state, t.people, t.capacity,"
    " t.said_at, t.report_id, t.version, t.updated_at, t.data_key_wrapped, ST_X(t.geom) AS lon, ST_Y(t.geom) AS lat"
)
_NEAR: Final = f"""
SELECT {_COLUMNS} FROM shelters t
WHERE t.emergency_id IS NOT DISTINCT FROM %(emergency)s
  AND (%(named)s = false OR (t.name_hash IS NULL AND t.name_fa IS NULL AND t.name_en IS NULL))
  AND t.geom && ST_Expand(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), %(degrees)s)
  AND ST_DWithin(t.geom::geography, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography, %(within_m)s)
ORDER BY ST_Distance(t.geom::geography, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography), t.id
LIMIT 1 FOR UPDATE OF t
"""  # noqa: S608 - fixed names


async def by_code(conn: Conn, code: str) -> DictRow | None:
    """A shelter, locked."""
    query = f"SELECT {_COLUMNS} FROM shelters t WHERE t.code = %s FOR UPDATE"  # noqa: S608 - fixed names
    return await (await conn.execute(query, (code,))).fetchone()


async def by_name(conn: Conn, emergency_id: UUID | None, name_hash: bytes) -> DictRow | None:
    """The shelter that was told of under a name in an emergency, locked."""
    query = (
        f"SELECT {_COLUMNS} FROM shelters t WHERE t.name_hash = %s AND t.emergency_id IS NOT DISTINCT FROM %s"  # noqa: S608
        " FOR UPDATE"
    )
    return await (await conn.execute(query, (name_hash, emergency_id))).fetchone()


async def near(conn: Conn, asked: Mapping[str, Any]) -> DictRow | None:
    """The nearest shelter of an emergency within `within_m`, locked; `named`: one without a name alone."""
    return await (await conn.execute(_NEAR, asked)).fetchone()


async def one(conn: Conn, shelter_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One shelter."""
    query = f"SELECT {_COLUMNS} FROM shelters t WHERE t.id = %s" + (" FOR UPDATE" if lock else "")  # noqa: S608
    return await (await conn.execute(query, (shelter_id,))).fetchone()


async def page(conn: Conn, asked: Mapping[str, Any]) -> list[DictRow]:
    """Shelters by code, within emergencies (None: all), in a state (None: any)."""
    found = await conn.execute(
        f"SELECT {_COLUMNS} FROM shelters t WHERE t.code > %(after)s"  # noqa: S608 - fixed names
        " AND (%(within)s::uuid[] IS NULL OR t.emergency_id = ANY(%(within)s))"
        " AND (%(state)s::text IS NULL OR t.state = %(state)s) ORDER BY t.code LIMIT %(limit)s",
        asked,
    )
    return await found.fetchall()


async def add(conn: Conn, row: Mapping[str, Any]) -> None:
    """A new shelter."""
    await conn.execute(
        "INSERT INTO shelters (id, code, emergency_id, name_hash, name_sealed, state, people, capacity, said_at,"
        " report_id, geom, sealing_key_id, data_key_wrapped) VALUES (%(id)s, %(code)s, %(emergency_id)s, %(name_hash)s,"
        " %(name_sealed)s, %(state)s, %(people)s, %(capacity)s, %(said_at)s, %(report_id)s,"
        " ST_SetSRID(ST_MakePoint(%(lon)s::float8, %(lat)s::float8), 4326), %(sealing_key_id)s, %(data_key_wrapped)s)",
        row,
    )


async def change(conn: Conn, shelter_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns; `lon` and `lat` are its point."""
    plain = [k for k in values if k not in {"lon", "lat"}]
    sets: list[sql.Composable] = [sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder(k)) for k in plain]
    if "lon" in values:
        sets.append(sql.SQL("geom = ST_SetSRID(ST_MakePoint(%(lon)s::float8, %(lat)s::float8), 4326)"))
    await conn.execute(
        sql.SQL("UPDATE shelters SET {} WHERE id = %(_id)s").format(sql.SQL(", ").join(sets)),
        {**values, "_id": shelter_id},
    )
