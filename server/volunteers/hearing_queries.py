"""SQL of signs of life and of silence."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

FRESH_S: Final = 15
"""A sign of life this young is not written again: the timers count in minutes."""


async def hear(conn: Conn, volunteer_ids: Sequence[UUID]) -> list[DictRow]:
    """Note signs of life; whose is fresh, or whose row is held by somebody else, is passed over.

    Returns {id, code, centre_id, was_silent} of those that were written.
    """
    return await (
        await conn.execute(
            "WITH late AS MATERIALIZED (SELECT id, silent_at FROM volunteers WHERE id = ANY(%(ids)s)"
            " AND (silent_at IS NOT NULL OR heard_at IS NULL"
            " OR heard_at < clock_timestamp() - %(fresh)s * interval '1 second')"
            " FOR NO KEY UPDATE SKIP LOCKED)"
            " UPDATE volunteers v SET heard_at = clock_timestamp(), silent_at = NULL,"
            " check_due_at = clock_timestamp() + v.check_every_s * interval '1 second'"
            " FROM late WHERE v.id = late.id"
            " RETURNING v.id, v.code, v.centre_id, late.silent_at IS NOT NULL AS was_silent",
            {"ids": list(volunteer_ids), "fresh": FRESH_S},
        )
    ).fetchall()
