"""SQL of tasks by text: codes, whom they were given to, who texts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_SPENT: Final = """
SELECT c.code_hash, c.task_id, c.fence, c.volunteer_id, c.offer_id, c.verbs, c.used_by, c.used_as,
  c.used_at IS NOT NULL AS used,
  c.expires_at < clock_timestamp() AS expired, v.phone_hash, v.centre_id AS volunteer_centre, t.code AS task_code,
  t.emergency_id, q.centre_id
FROM task_codes c JOIN volunteers v ON v.id = c.volunteer_id JOIN tasks t ON t.id = c.task_id
JOIN queues q ON q.id = t.queue_id WHERE c.code_hash = %s FOR NO KEY UPDATE OF c
"""


async def numbers(conn: Conn, volunteer_ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """Those of the volunteers who have a number: its sealed form, their languages."""
    found = await (
        await conn.execute(
            "SELECT id, name_sealed, phone_sealed, data_key_wrapped, languages FROM volunteers"
            " WHERE id = ANY(%s) AND phone_sealed IS NOT NULL",
            (list(volunteer_ids),),
        )
    ).fetchall()
    return {row["id"]: row for row in found}


async def prolong(conn: Conn, task_ids: Sequence[UUID], states: Sequence[str], lease_s: int) -> dict[UUID, Any]:
    """Let leases last at least so long from now; never shorter than they do. Task → until when."""
    found = await (
        await conn.execute(
            "UPDATE tasks SET lease_until = greatest(lease_until, clock_timestamp() + make_interval(secs => %s))"
            " WHERE id = ANY(%s) AND state = ANY(%s) RETURNING id, lease_until",
            (lease_s, list(task_ids), list(states)),
        )
    ).fetchall()
    return {row["id"]: row["lease_until"] for row in found}


async def add_code(conn: Conn, row: Mapping[str, Any]) -> None:
    """Keep a code's keyed hash for one task, fence and volunteer."""
    await conn.execute(
        "INSERT INTO task_codes (code_hash, task_id, fence, volunteer_id, verbs, expires_at, offer_id)"
        " VALUES (%(hash)s, %(task_id)s, %(fence)s, %(volunteer_id)s, %(verbs)s,"
        " clock_timestamp() + make_interval(secs => %(lives_s)s), %(offer_id)s)",
        row,
    )


async def code(conn: Conn, code_hash: bytes) -> DictRow | None:
    """A code, locked, with its task and its volunteer's number as a keyed hash."""
    return await (await conn.execute(_SPENT, (code_hash,))).fetchone()


async def spend(conn: Conn, code_hash: bytes, report_id: UUID, verb: str) -> None:
    """It is used, by this message, for this."""
    await conn.execute(
        "UPDATE task_codes SET used_at = clock_timestamp(), used_by = %s, used_as = %s WHERE code_hash = %s",
        (report_id, verb, code_hash),
    )


async def held_by_number(conn: Conn, phone_hash: bytes, limit: int) -> list[DictRow]:
    """The tasks that the volunteer of a number holds now."""
    return await (
        await conn.execute(
            "SELECT t.id, t.emergency_id, q.centre_id FROM volunteers v JOIN tasks t ON t.holder_id = v.id"
            " JOIN queues q ON q.id = t.queue_id WHERE v.phone_hash = %s"
            " AND t.state IN ('claimed', 'accepted', 'en_route', 'escalated') ORDER BY t.id LIMIT %s",
            (phone_hash, limit),
        )
    ).fetchall()
