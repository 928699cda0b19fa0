"""SQL of the stream: events by number. PostgreSQL is what every seam is mended from."""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from collections.abc import Collection
from uuid import UUID

import psycopg
from psycopg.rows import DictRow
from psycopg_pool import PoolTimeout

from server.kernel.db import Conn, Database
from server.kernel.sealer import LOCK

DATABASE_AWAY = (psycopg.Error, PoolTimeout, OSError, TimeoutError)
_COLUMNS = "seq, at, verb, subject_type, subject_id, emergency_id, centre_id"


async def newest_seq(conn: Conn) -> int:
    """The last sealed number; 0 before the first."""
    row = await (await conn.execute("SELECT seq FROM events ORDER BY seq DESC LIMIT 1")).fetchone()
    return row["seq"] if row else 0


async def events_after(conn: Conn, seq: int, limit: int) -> list[DictRow]:
    """The events after a number, in order."""
    return await (
        await conn.execute(
            f"SELECT {_COLUMNS} FROM events WHERE seq > %s ORDER BY seq LIMIT %s",
            (seq, limit),
        )
    ).fetchall()


async def sealing(conn: Conn) -> DictRow:
    """`newest`: the last number; `waits_s`: the age of the oldest event without one, None when none waits;
    `sealer`: whether somebody holds the sealer's lock.
    """
    row = await (
        await conn.execute(
            "SELECT coalesce((SELECT seq FROM events ORDER BY seq DESC LIMIT 1), 0) AS newest,"
            " (SELECT extract(epoch FROM clock_timestamp() - at)::float FROM events_unsealed ORDER BY id LIMIT 1)"
            " AS waits_s, EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND classid = 0 AND objid = %s::bigint::oid"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS sealer",
            (LOCK,),
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM gives a row
    return row


async def names_of_centres(db: Database, ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Centre → {fa, en}; nothing while the database is away."""
    if not ids:
        return {}
    try:
        async with db.tx() as conn:
            rows = await (
                await conn.execute("SELECT id, name_fa, name_en FROM centres WHERE id = ANY(%s)", (list(ids),))
            ).fetchall()
    except DATABASE_AWAY:
        return {}
    return {row["id"]: {"fa": row["name_fa"], "en": row["name_en"]} for row in rows}


async def trail(conn: Conn, *, subject: UUID | None, below: int | None, limit: int) -> list[DictRow]:
    """Events with actor, data and hash, newest first; by subject along ix_events_subject, else along the key."""
    wheres = [part for part, given in (("subject_id = %(subject)s", subject), ("seq < %(below)s", below)) if given]
    where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    return await (
        await conn.execute(
            f"SELECT {_COLUMNS}, actor, data, hash FROM events{where} ORDER BY seq DESC LIMIT %(limit)s",
            {"subject": subject, "below": below, "limit": limit},
        )
    ).fetchall()
