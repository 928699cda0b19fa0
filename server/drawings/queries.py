"""All SQL of drawings."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.incidents.listing import Filters, where
from server.kernel.db import Conn

_SELECT: Final = (
    "SELECT t.id, t.code, t.emergency_id, t.kind, t.purpose, t.status, t.valid_until, t.version, t.created_at,"
    " t.updated_at, t.words_sealed IS NOT NULL AS worded, t.data_key_wrapped, t.words_sealed,"
    " ST_AsGeoJSON(t.geom, 6)::json AS geometry FROM drawings t"
)


async def page(conn: Conn, filters: Filters) -> list[DictRow]:
    """Drawings by newest change; `category` filters by kind."""
    tail, values = where(filters, "t.geom_any", categories="t.kind")
    return await (await conn.execute(sql.SQL(_SELECT) + tail, values)).fetchall()


async def one(conn: Conn, drawing_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One drawing."""
    return await (
        await conn.execute(_SELECT + " WHERE t.id = %s" + (" FOR UPDATE OF t" if lock else ""), (drawing_id,))
    ).fetchone()


async def is_simple(conn: Conn, geometry: str) -> bool:
    """Whether a GeoJSON text is a shape that does not cross itself."""
    row = await (await conn.execute("SELECT ST_IsValid(ST_GeomFromGeoJSON(%s)) AS ok", (geometry,))).fetchone()
    return bool(row and row["ok"])


async def insert(conn: Conn, values: Mapping[str, Any]) -> None:
    """A new drawing; `geometry` is GeoJSON text."""
    await conn.execute(
        "INSERT INTO drawings (id, code, emergency_id, kind, purpose, valid_until, words_sealed, sealing_key_id,"
        " data_key_wrapped, geom) VALUES (%(id)s, %(code)s, %(emergency_id)s, %(kind)s, %(purpose)s, %(valid_until)s,"
        " %(words_sealed)s, %(sealing_key_id)s, %(data_key_wrapped)s,"
        " ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), 4326))",
        values,
    )


async def update(conn: Conn, drawing_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of a drawing; `geometry` is GeoJSON text."""
    sets = [
        sql.SQL("geom = ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), 4326)")
        if k == "geometry"
        else sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder(k))
        for k in values
    ]
    await conn.execute(
        sql.SQL("UPDATE drawings SET {} WHERE id = %(_id)s").format(sql.SQL(", ").join(sets)),
        {**values, "_id": drawing_id},
    )
