"""The SQL of what stands beside the cards of the board: goods, offers, shortfalls, people and teams."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.volunteers.queries import SENDABLE

_HOLDS: Final = """LEFT JOIN (SELECT t.holder_id, count(*) AS n,
    bool_or(t.state = 'escalated' OR t.lease_until < now()) AS overdue
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
            " AND o.expires_at > now() ORDER BY o.expires_at, o.id",
            (list(task_ids),),
        )
    ).fetchall()


async def shortfalls(conn: Conn, task_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Why queued tasks find nobody, as the matching last saw it: task → entries."""
    rows = await (
        await conn.execute("SELECT task_id, found FROM task_shortfalls WHERE task_id = ANY(%s)", (list(task_ids),))
    ).fetchall()
    return {row["task_id"]: row["found"] for row in rows}


_HELD_BY: Final = """(SELECT holder_id AS id, bool_or(state = 'escalated' OR lease_until < now()) AS overdue FROM tasks
  WHERE state IN ('claimed', 'accepted', 'en_route', 'escalated') GROUP BY holder_id)"""
_HOLDING: Final = """EXISTS (SELECT 1 FROM tasks t WHERE t.holder_id = v.id
  AND t.state IN ('claimed', 'accepted', 'en_route', 'escalated'))"""
_FREE: Final = f"{SENDABLE} AND {{mine}} AND NOT {_HOLDING}"
_RAIL: Final[Sequence[str]] = (
    "FROM volunteers v WHERE v.silent_at IS NOT NULL AND {mine} ORDER BY v.silent_at",
    f"FROM {_HELD_BY} h JOIN volunteers v ON v.id = h.id WHERE h.overdue AND {{mine}} ORDER BY v.code",
    f"FROM volunteers v WHERE v.on_duty_since IS NOT NULL AND {_FREE} ORDER BY v.code",
    f"FROM volunteers v WHERE {_FREE} ORDER BY v.code",
    f"FROM {_HELD_BY} h JOIN volunteers v ON v.id = h.id WHERE {{mine}} ORDER BY v.code",
    f"FROM volunteers v WHERE v.status <> 'inactive' AND NOT {SENDABLE} AND {{mine}} ORDER BY v.code",
)
"""Who stands where in the rail. Each is asked for only as long as there is room: among ten thousand there mostly is
none after those who are free."""


async def people(conn: Conn, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """Who is there: the silent and the overdue first, then who is free (on duty before at home), who holds
    something, who rests or is away. `centres`: None for all.
    """
    mine = "v.vetting = 'vetted'" + ("" if centres is None else " AND v.centre_id = ANY(%(centres)s)")
    values = {"centres": None if centres is None else list(centres), "limit": limit}
    found: dict[UUID, int] = {}
    for part in _RAIL:
        done = await conn.execute(f"SELECT v.id {part.format(mine=mine)} LIMIT %(limit)s", values)
        for row in await done.fetchall():
            found.setdefault(row["id"], len(found))
        if len(found) >= limit:
            break
    rows = await (
        await conn.execute(
            f"""SELECT v.id, v.code, v.centre_id, v.skills, v.languages, v.gender, v.vehicle, v.capacity_kg, v.status,
  v.rest_until, v.silent_at, v.heard_at, v.on_duty_since, coalesce(h.n, 0) AS held,
  coalesce(h.overdue, false) AS overdue, {SENDABLE} AS sendable, tm.code AS team, c.name_fa AS centre_fa,
  c.name_en AS centre_en, CASE WHEN v.silent_at IS NOT NULL OR h.overdue THEN h.tasks END AS tasks
FROM volunteers v JOIN centres c ON c.id = v.centre_id LEFT JOIN LATERAL (SELECT count(*) AS n,
    bool_or(t.state = 'escalated' OR t.lease_until < now()) AS overdue, jsonb_agg(jsonb_build_object('id', t.id,
      'code', t.code, 'fence', t.fence, 'centre_id', t.centre_id, 'emergency_id', t.emergency_id) ORDER BY t.code)
    AS tasks FROM (SELECT k.*, q.centre_id FROM tasks k JOIN queues q ON q.id = k.queue_id) t WHERE t.holder_id = v.id
    AND t.state IN ('claimed', 'accepted', 'en_route', 'escalated')) h ON true
LEFT JOIN team_members m ON m.volunteer_id = v.id AND m.left_at IS NULL LEFT JOIN teams tm ON tm.id = m.team_id
WHERE v.id = ANY(%s)""",
            (list(found)[:limit],),
        )
    ).fetchall()
    return sorted(rows, key=lambda row: found[row["id"]])


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
