"""All SQL of hazard areas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.geo import Box

_SELECT: Final = (
    "SELECT t.id, t.code, t.emergency_id, t.kind, t.level, t.status, t.verification, t.source, t.feed, t.valid_from,"
    " t.valid_until, t.version, t.updated_at, ST_AsGeoJSON(t.geom, 6)::json AS geometry FROM hazards t"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list was asked for. `within`: the emergencies that the reader may see; None means all."""

    within: Sequence[UUID] | None
    limit: int
    box: Box | None = None
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    after: tuple[datetime, UUID] | None = None


async def page(conn: Conn, wanted: Wanted) -> list[DictRow]:
    """Areas that touch the box, newest change first; one more than asked tells of a next page."""
    parts: list[str] = ["true"]
    values: dict[str, Any] = {"limit": wanted.limit + 1}
    if wanted.within is not None:
        parts.append("t.emergency_id = ANY(%(within)s)")
        values["within"] = list(wanted.within)
    if wanted.statuses:
        parts.append("t.status = ANY(%(statuses)s)")
        values["statuses"] = list(wanted.statuses)
    if wanted.kinds:
        parts.append("t.kind = ANY(%(kinds)s)")
        values["kinds"] = list(wanted.kinds)
    if wanted.after:
        parts.append("(t.updated_at, t.id) < (%(after_at)s, %(after_id)s)")
        values |= {"after_at": wanted.after[0], "after_id": wanted.after[1]}
    if box := wanted.box:
        parts.append(
            "t.geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326)"
            " AND ST_Intersects(t.geom, ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326))"
        )
        values |= {"w": box.west, "s": box.south, "e": box.east, "n": box.north}
    text = f"{_SELECT} WHERE {' AND '.join(parts)} ORDER BY t.updated_at DESC, t.id DESC LIMIT %(limit)s"
    return await (await conn.execute(sql.SQL(text), values)).fetchall()


async def one(conn: Conn, hazard_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One area."""
    tail = " WHERE t.id = %s" + (" FOR UPDATE OF t" if lock else "")
    return await (await conn.execute(_SELECT + tail, (hazard_id,))).fetchone()


async def by_feed(conn: Conn, feed: str, feed_key: str) -> DictRow | None:
    """The area that a feed told of under this key, locked."""
    tail = " WHERE t.feed = %s AND t.feed_key = %s FOR UPDATE OF t"
    return await (await conn.execute(_SELECT + tail, (feed, feed_key))).fetchone()


async def is_simple(conn: Conn, geometry: str) -> bool:
    """Whether a GeoJSON text is a shape that does not cross itself."""
    row = await (await conn.execute("SELECT ST_IsValid(ST_GeomFromGeoJSON(%s)) AS ok", (geometry,))).fetchone()
    return bool(row and row["ok"])


async def insert(conn: Conn, values: Mapping[str, Any]) -> None:
    """A new area; `geometry` is GeoJSON text."""
    await conn.execute(
        "INSERT INTO hazards (id, code, emergency_id, kind, level, verification, source, feed, feed_key, valid_from,"
        " valid_until, geom) VALUES (%(id)s, %(code)s, %(emergency_id)s, %(kind)s, %(level)s, %(verification)s,"
        " %(source)s, %(feed)s, %(feed_key)s, coalesce(%(valid_from)s, clock_timestamp()), %(valid_until)s,"
        " ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), 4326))",
        values,
    )


async def update(conn: Conn, hazard_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of an area; `geometry` is GeoJSON text."""
    sets = [
        sql.SQL("geom = ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), 4326)")
        if k == "geometry"
        else sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder(k))
        for k in values
    ]
    await conn.execute(
        sql.SQL("UPDATE hazards SET {} WHERE id = %(_id)s").format(sql.SQL(", ").join(sets)),
        {**values, "_id": hazard_id},
    )
