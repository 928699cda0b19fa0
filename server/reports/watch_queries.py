"""SQL of the watches over reports on which a life may hang."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn

_ONE: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('reports.watches', 0)) AS ok"
_OF_RECORDS: Final = """
SELECT w.report_id FROM report_watches w JOIN report_links l ON l.report_id = w.report_id AND l.undone_at IS NULL
WHERE w.seen_at IS NULL AND (l.need_id = ANY(%(ids)s) OR l.incident_id = ANY(%(ids)s))
"""


async def add(conn: Conn, rows: Sequence[tuple[UUID, UUID | None, datetime]], after_s: int) -> None:
    """Watch reports (id, emergency, when it came); one that has got its emergency since keeps its time.

    Somebody may have opened it before it was read: then it is seen from the start.
    """
    await conn.execute(
        "INSERT INTO report_watches (report_id, emergency_id, due_at, seen_at, seen_by)"
        " SELECT id, emergency, v.at + make_interval(secs => %s), e.at, e.actor"
        " FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS v(id, emergency, at)"
        " LEFT JOIN LATERAL (SELECT at, actor FROM events WHERE subject_id = v.id AND verb = 'report.opened'"
        " ORDER BY seq LIMIT 1) e ON true"
        " ON CONFLICT (report_id) DO UPDATE SET emergency_id = excluded.emergency_id"
        " WHERE report_watches.emergency_id IS DISTINCT FROM excluded.emergency_id",
        (after_s, *([row[i] for row in rows] for i in range(3))),
    )


async def alone(conn: Conn) -> bool:
    """Whether this transaction is the one that works the watches now."""
    row = await (await conn.execute(_ONE)).fetchone()
    return bool(row and row["ok"])


async def escalate(conn: Conn, limit: int) -> list[DictRow]:
    """Mark what is due and unseen, the longest waiting first: report_id, emergency_id."""
    return await (
        await conn.execute(
            "UPDATE report_watches w SET escalated_at = clock_timestamp() FROM (SELECT report_id FROM report_watches"
            " WHERE seen_at IS NULL AND escalated_at IS NULL AND due_at <= clock_timestamp()"
            " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED) d WHERE w.report_id = d.report_id"
            " RETURNING w.report_id, w.emergency_id",
            (limit,),
        )
    ).fetchall()


async def unseen(conn: Conn) -> list[DictRow]:
    """By emergency what was escalated and is still unseen: n, the first one's report (`first`), code and time."""
    return await (
        await conn.execute(
            "SELECT DISTINCT ON (w.emergency_id) w.emergency_id, w.report_id AS first, r.receipt AS code,"
            " w.due_at AS since, count(*) OVER (PARTITION BY w.emergency_id) AS n FROM report_watches w"
            " JOIN reports r ON r.id = w.report_id WHERE w.seen_at IS NULL AND w.escalated_at IS NOT NULL"
            " ORDER BY w.emergency_id, w.due_at, w.report_id"
        )
    ).fetchall()


async def standing(conn: Conn, code: str) -> list[str]:
    """The subjects of the alarms of this code that stand."""
    found = await (
        await conn.execute("SELECT subject FROM alarms WHERE code = %s AND over_at IS NULL", (code,))
    ).fetchall()
    return [row["subject"] for row in found]


async def ring_again(conn: Conn, code: str, subject: str) -> None:
    """More has come since somebody saw the alarm: nobody has seen that."""
    await conn.execute(
        "UPDATE alarms SET seen_at = NULL, seen_by = NULL"
        " WHERE code = %s AND subject = %s AND over_at IS NULL AND seen_at IS NOT NULL",
        (code, subject),
    )


async def last_texts(conn: Conn, hashes: Sequence[bytes]) -> list[DictRow]:
    """The latest text of this alarm to each number: id, to_hash, state, age_s."""
    return await (
        await conn.execute(
            "SELECT DISTINCT ON (to_hash) id, to_hash, state,"
            " extract(epoch FROM clock_timestamp() - greatest(created_at, sent_at, not_before))::float8 AS age_s"
            " FROM messages WHERE to_hash = ANY(%s::bytea[]) AND template = 'alarm.life'"
            " AND created_at > clock_timestamp() - interval '1 hour' ORDER BY to_hash, created_at DESC, id DESC",
            (list(hashes),),
        )
    ).fetchall()


async def renew(conn: Conn, message_id: UUID, params: dict[str, Any]) -> None:
    """Give a text that has not left yet the newest count."""
    await conn.execute(
        "UPDATE messages SET params = %s WHERE id = %s AND state = 'queued'", (Jsonb(params), message_id)
    )


async def any_open(conn: Conn) -> bool:
    """Whether anything is watched at all: asked for every batch of events."""
    row = await (
        await conn.execute("SELECT EXISTS (SELECT 1 FROM report_watches WHERE seen_at IS NULL) AS some")
    ).fetchone()
    return bool(row and row["some"])


async def mark_seen(conn: Conn, report_ids: Sequence[UUID], actor: str) -> int:
    """Note who looked first, locking in the order of ids; how many had been unseen."""
    done = await conn.execute(
        "UPDATE report_watches w SET seen_at = clock_timestamp(), seen_by = %s FROM (SELECT report_id"
        " FROM report_watches WHERE report_id = ANY(%s) AND seen_at IS NULL ORDER BY report_id FOR UPDATE) v"
        " WHERE w.report_id = v.report_id",
        (actor, list(report_ids)),
    )
    return done.rowcount


async def watch_again(conn: Conn, report_id: UUID, since: datetime, grace_s: float) -> None:
    """Watch a report again whose watch was ended at `since` or later; an earlier look still counts."""
    await conn.execute(
        "UPDATE report_watches SET seen_at = NULL, seen_by = NULL,"
        " due_at = greatest(due_at, clock_timestamp() + make_interval(secs => %s))"
        " WHERE report_id = %s AND seen_at >= %s",
        (grace_s, report_id, since),
    )


async def watched_of(conn: Conn, record_ids: Sequence[UUID]) -> list[UUID]:
    """The unseen reports that stand behind needs and incidents."""
    found = await (await conn.execute(_OF_RECORDS, {"ids": list(record_ids)})).fetchall()
    return [row["report_id"] for row in found]


async def causes_of(conn: Conn, task_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Task → the need or incident that it serves."""
    found = await (
        await conn.execute(
            "SELECT id, coalesce(need_id, incident_id) AS cause FROM tasks WHERE id = ANY(%s)", (list(task_ids),)
        )
    ).fetchall()
    return {row["id"]: row["cause"] for row in found}
