"""SQL of the lists of messages: states, kinds and counts, never a number or a word."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_WITHIN: Final = "(%(within)s::uuid[] IS NULL OR m.emergency_id = ANY(%(within)s))"


async def page(conn: Conn, filters: dict[str, Any]) -> list[DictRow]:
    """Messages, newest first. Filters: within, emergency, state, kind, report, task, before (an id), limit."""
    return await (
        await conn.execute(
            "SELECT m.id, m.emergency_id, m.kind, m.priority, m.lang, m.template, m.report_id, m.task_id, m.gateway_id,"  # noqa: S608 - a constant
            " m.state, m.reason, m.attempts, m.segments, m.created_at, m.not_before, m.expires_at, m.sent_at,"
            f" m.delivered_at FROM messages m WHERE {_WITHIN}"
            " AND (%(emergency)s::uuid IS NULL OR m.emergency_id = %(emergency)s)"
            " AND (%(state)s::text IS NULL OR m.state = %(state)s) AND (%(kind)s::text IS NULL OR m.kind = %(kind)s)"
            " AND (%(report)s::uuid IS NULL OR m.report_id = %(report)s)"
            " AND (%(task)s::uuid IS NULL OR m.task_id = %(task)s)"
            " AND (%(before)s::uuid IS NULL OR m.id < %(before)s) ORDER BY m.id DESC LIMIT %(limit)s",
            filters,
        )
    ).fetchall()


async def counts(conn: Conn, within: Sequence[UUID] | None, hours: int) -> list[DictRow]:
    """How many messages of late stand in each state, and for which reason."""
    return await (
        await conn.execute(
            f"SELECT m.state, m.reason, count(*) AS n FROM messages m WHERE {_WITHIN}"  # noqa: S608 - a constant
            " AND m.created_at > clock_timestamp() - make_interval(hours => %(hours)s) GROUP BY m.state, m.reason",
            {"within": list(within) if within is not None else None, "hours": hours},
        )
    ).fetchall()


async def waiting(conn: Conn, within: Sequence[UUID] | None) -> DictRow:
    """How many wait to be sent, and for how many seconds the oldest has waited."""
    row = await (
        await conn.execute(
            "SELECT count(*) AS n, EXTRACT(epoch FROM clock_timestamp() - min(m.created_at))::float8 AS oldest_s"  # noqa: S608 - a constant
            f" FROM messages m WHERE m.state = 'queued' AND {_WITHIN}",
            {"within": list(within) if within is not None else None},
        )
    ).fetchone()
    if row is None:
        raise LookupError("a count without a row")
    return row


async def days(conn: Conn, day: date) -> list[DictRow]:
    """Each gateway that sends, or sent on this day, with what it was handed."""
    return await (
        await conn.execute(
            "SELECT g.id, g.name, g.kind, g.enabled, g.sends, g.daily_segments AS cap, coalesce(d.segments, 0) AS"
            " segments, coalesce(d.messages, 0) AS messages FROM gateways g"
            " LEFT JOIN gateway_days d ON d.gateway_id = g.id AND d.day = %s"
            " WHERE g.sends OR d.segments > 0 ORDER BY g.send_order, g.created_at, g.id",
            (day,),
        )
    ).fetchall()
