"""The SQL of what stands beside the cards of the board: goods, offers, shortfalls, people and teams."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.volunteers.queries import SENDABLE

_HOLDS: Final = """LEFT JOIN (SELECT t.holder_id, count(*) AS n,
    bool_or(t.state = 'escalated' OR t.lease_until < clock_timestamp()) AS overdue
  FROM tasks t WHERE t.state IN ('claimed', 'accepted', 'en_route', 'escalated') GROUP BY t.holder_id) h
  ON h.holder_id = """


async def goods(conn: Conn, task_ids: Sequence[UUID]) -> list[DictRow]:
    """What became of the goods of tasks, a row a task and item: {task_id, item, name_fa, name_en, unit, loaded, road,
    delivered, lost}. A task for which nothing left a shelf has no row.
    """
    return await (
        await conn.execute(
            "SELECT m.task_id, i.code AS item, i.name_fa, i.name_en, i.unit,"
            " coalesce(sum(e.quantity) FILTER (WHERE a.kind = 'transit' AND e.quantity > 0), 0) AS loaded,"
            " coalesce(sum(e.quantity) FILTER (WHERE a.kind = 'transit'), 0) AS road,"
            " coalesce(sum(e.quantity) FILTER (WHERE a.kind = 'received'), 0) AS delivered,"
            " coalesce(sum(e.quantity) FILTER (WHERE a.kind = 'loss'), 0) AS lost"
            " FROM movements m JOIN entries e ON e.movement_id = m.id JOIN stock_accounts a ON a.id = e.account_id"
            " JOIN items i ON i.id = e.item_id WHERE m.task_id = ANY(%s) GROUP BY m.task_id, i.id ORDER BY i.code",
            (list(task_ids),),
        )
    ).fetchall()


async def offers(conn: Conn, task_ids: Sequence[UUID]) -> list[DictRow]:
    """The offers of tasks that wait for an answer, the soonest over first."""
    return await (
        await conn.execute(
            "SELECT o.id, o.task_id, o.kind, o.channel, o.expires_at, v.code FROM offers o"
            " JOIN volunteers v ON v.id = o.volunteer_id WHERE o.task_id = ANY(%s) AND o.answered_at IS NULL"
            " AND o.expires_at > clock_timestamp() ORDER BY o.expires_at, o.id",
            (list(task_ids),),
        )
    ).fetchall()


async def shortfalls(conn: Conn, task_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Why queued tasks find nobody, as the matching last saw it: task → entries."""
    rows = await (
        await conn.execute("SELECT task_id, found FROM task_shortfalls WHERE task_id = ANY(%s)", (list(task_ids),))
    ).fetchall()
    return {row["task_id"]: row["found"] for row in rows}


async def people(conn: Conn, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """Who is there: the silent and the overdue first, then who is free (on duty before at home), who holds
    something, who rests or is away. `centres`: None for all.
    """
    return await (
        await conn.execute(
            # Picked by narrow rows first: what a line of the rail shows is read for those alone.
            f"""SELECT v.id, v.code, v.centre_id, v.skills, v.languages, v.gender, v.vehicle, v.capacity_kg, v.status,
  v.rest_until, v.silent_at, v.heard_at, v.on_duty_since, p.held, p.overdue, {SENDABLE} AS sendable, tm.code AS team,
  c.name_fa AS centre_fa, c.name_en AS centre_en
FROM (SELECT v.id, v.silent_at, coalesce(h.n, 0) AS held, coalesce(h.overdue, false) AS overdue,
    CASE WHEN h.n IS NOT NULL THEN 1 WHEN {SENDABLE} THEN 0 ELSE 2 END AS sort, v.on_duty_since IS NULL AS home,
    v.code COLLATE "C" AS code
  FROM volunteers v {_HOLDS} v.id
  WHERE (%(centres)s::uuid[] IS NULL OR v.centre_id = ANY(%(centres)s)) AND v.vetting = 'vetted'
    AND (v.status <> 'inactive' OR h.n IS NOT NULL)
  ORDER BY silent_at, NOT coalesce(h.overdue, false), sort, home, code LIMIT %(limit)s) p
JOIN volunteers v ON v.id = p.id JOIN centres c ON c.id = v.centre_id
LEFT JOIN team_members m ON m.volunteer_id = v.id AND m.left_at IS NULL LEFT JOIN teams tm ON tm.id = m.team_id
ORDER BY p.silent_at, NOT p.overdue, p.sort, p.home, p.code""",
            {"centres": None if centres is None else list(centres), "limit": limit},
        )
    ).fetchall()


async def teams(conn: Conn, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """The teams that stand, the silent ones first, then the free: {id, code, leader, members, women, held, silent,
    overdue}.
    """
    return await (
        await conn.execute(
            f"""SELECT tm.id, tm.code, tm.centre_id, tm.leader_id, l.code AS leader, coalesce(h.n, 0) AS held,
  coalesce(h.overdue, false) AS overdue, m.members, m.women, m.sendable, m.silent_at
FROM teams tm JOIN volunteers l ON l.id = tm.leader_id {_HOLDS} tm.leader_id
JOIN LATERAL (SELECT count(*) AS members, count(*) FILTER (WHERE v.gender = 'woman') AS women,
    bool_and({SENDABLE}) AS sendable, min(v.silent_at) AS silent_at
  FROM team_members x JOIN volunteers v ON v.id = x.volunteer_id
  WHERE x.team_id = tm.id AND x.left_at IS NULL) m ON true
WHERE tm.status = 'active' AND (%(centres)s::uuid[] IS NULL OR tm.centre_id = ANY(%(centres)s))
ORDER BY m.silent_at, NOT coalesce(h.overdue, false), h.n IS NOT NULL, tm.code LIMIT %(limit)s""",
            {"centres": None if centres is None else list(centres), "limit": limit},
        )
    ).fetchall()
