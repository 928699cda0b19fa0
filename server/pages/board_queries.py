"""The SQL of the dispatch board and of a volunteer's page: tasks with what they are for, and who is free."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.dispatch import count_queries
from server.dispatch.rules import HELD, WOMEN_FIRST_S
from server.kernel.db import Conn

CARD: Final = """
SELECT t.id, t.code, t.kind, t.state, t.urgency, t.priority, t.bring, t.skills, t.women_required, t.women_preferred,
  t.crew_min, t.women_min, t.languages, t.team_id, tm.code AS team,
  t.fence, t.lease_until, t.state IN ('claimed', 'accepted', 'en_route') AND t.lease_until <
    now() AS overdue,
  CASE WHEN t.state IN ('claimed', 'accepted', 'en_route', 'escalated') THEN v.silent_at END AS silent_at, v.heard_at,
  t.state = 'queued' AND t.flagged_at IS NOT NULL AS unclaimed, t.created_at, t.updated_at, t.closed_at, t.outcome,
  t.emergency_id, t.queue_id, t.need_id, t.incident_id, t.holder_id, t.version, q.centre_id,
  ST_X(t.geom_shown) AS lon, ST_Y(t.geom_shown) AS lat,
  c.name_fa AS centre_fa, c.name_en AS centre_en, ST_X(c.geom) AS centre_lon, ST_Y(c.geom) AS centre_lat,
  v.code AS holder, coalesce(n.category, i.category) AS category, coalesce(n.code, i.code) AS cause,
  coalesce(n.people, i.people) AS people, n.households, n.quantity, n.unit, n.vulnerable, n.priority_why,
  coalesce(n.corroboration, i.corroboration) AS voices, coalesce(n.accuracy_m, i.accuracy_m) AS accuracy_m,
  p.name_fa AS place_fa, p.name_en AS place_en,
  EXISTS (SELECT 1 FROM evidence e WHERE e.task_id = t.id AND e.late) AS late
FROM tasks t JOIN queues q ON q.id = t.queue_id JOIN centres c ON c.id = q.centre_id
LEFT JOIN needs n ON n.id = t.need_id LEFT JOIN incidents i ON i.id = t.incident_id
LEFT JOIN places p ON p.id = coalesce(n.place_id, i.place_id) LEFT JOIN volunteers v ON v.id = t.holder_id
LEFT JOIN teams tm ON tm.id = t.team_id
"""

_SILENT: Final = "(SELECT s.id FROM volunteers s WHERE s.silent_at IS NOT NULL)"
_CALLS: Final[Sequence[tuple[int, str]]] = (
    (0, f"t.state IN ('claimed', 'accepted', 'en_route') AND t.holder_id IN {_SILENT}"),
    (0, "t.state = 'escalated'"),
    (0, "t.state IN ('claimed', 'accepted', 'en_route') AND t.lease_until < now()"),
    (1, "t.state = 'queued' AND t.flagged_at IS NOT NULL"),
    # A failed task asks for a person while its need is open and nothing else is under way for it.
    (
        2,
        """t.state = 'failed' AND t.closed_at > now() - interval '24 hours'
      AND EXISTS (SELECT 1 FROM needs w WHERE w.id = t.need_id AND w.status = 'open')
      AND NOT EXISTS (SELECT 1 FROM tasks o WHERE o.need_id = t.need_id
        AND o.state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated'))""",
    ),
)
"""What asks for a person: (how soon it is looked at, which tasks). Who fell silent or is overdue comes first."""
_KEPT: Final = f"t.lease_until >= now() AND t.holder_id NOT IN {_SILENT}"
COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "queued": ("t.state = 'queued' AND t.flagged_at IS NULL", "t.rank DESC, t.id"),
    "claimed": (f"t.state = 'claimed' AND {_KEPT}", "t.lease_until, t.id"),
    "accepted": (f"t.state = 'accepted' AND {_KEPT}", "t.rank DESC, t.id"),
    "en_route": (f"t.state = 'en_route' AND {_KEPT}", "t.rank DESC, t.id"),
    "closed": (
        "t.state IN ('done', 'cancelled') AND t.closed_at > now() - interval '12 hours'",
        "t.closed_at DESC, t.id",
    ),
}
"""Column of the board → (which tasks stand in it, in which order). `attention` is put together from `_CALLS`."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a board is limited to: by the reader's rights (`centres`, `emergencies`) and by what they chose."""

    centres: Sequence[UUID] | None = None
    emergencies: Sequence[UUID] | None = None
    emergency: UUID | None = None
    centre: UUID | None = None
    kind: str | None = None

    def where(self) -> tuple[str, dict[str, Any]]:
        """The condition on `t` and `q`, and its values."""
        parts, values = ["true"], dict[str, Any]()
        for name, text in (
            ("centres", "q.centre_id = ANY(%(centres)s)"),
            ("emergencies", "t.emergency_id = ANY(%(emergencies)s)"),
            ("emergency", "t.emergency_id = %(emergency)s"),
            ("centre", "q.centre_id = %(centre)s"),
            ("kind", "t.kind = %(kind)s"),
        ):
            value = getattr(self, name)
            if value is not None:
                parts.append(text)
                values[name] = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        return " AND ".join(parts), values


async def columns(conn: Conn, bounds: Bounds, limits: Mapping[str, int]) -> dict[str, list[DictRow]]:
    """The tasks of every column of `limits`, in order, one more than its limit where there are more.

    The few ids are picked first, each by an index: what a card shows is joined for those alone, in one statement.
    """
    picked = {name: await _ids(conn, bounds, name, limit + 1) for name, limit in limits.items()}
    every = [task for ids in picked.values() for task in ids]
    rows = await (await conn.execute(f"{CARD} WHERE t.id = ANY(%s)", (every,))).fetchall()
    found = {row["id"]: row for row in rows}
    return {name: [found[task] for task in ids if task in found] for name, ids in picked.items()}


async def _ids(conn: Conn, bounds: Bounds, name: str, limit: int) -> list[UUID]:
    where, values = bounds.where()
    tasks = f"FROM tasks t JOIN queues q ON q.id = t.queue_id WHERE {where} AND"
    if name == "attention":
        calls = " UNION ALL ".join(
            f"(SELECT t.id, {soon} AS soon, t.urgency, t.rank {tasks} {condition}"
            " ORDER BY t.rank DESC, t.id LIMIT %(limit)s)"
            for soon, condition in _CALLS
        )
        text = (
            f"SELECT id FROM ({calls}) c GROUP BY id ORDER BY min(soon), bool_or(urgency = 'life') DESC,"
            " max(rank) DESC, id LIMIT %(limit)s"
        )
    elif name == "queued" and (bounds.centre is not None or bounds.centres is not None):
        # Of few queues each by its own index: along the whole country's order theirs may come last.
        condition, order = COLUMNS[name]
        text = (
            "SELECT x.id FROM queues q CROSS JOIN LATERAL (SELECT t.id, t.rank FROM tasks t"
            f" WHERE t.queue_id = q.id AND {condition} ORDER BY {order} LIMIT %(limit)s) x"
            f" WHERE {where.replace('t.', 'q.')} ORDER BY x.rank DESC, x.id LIMIT %(limit)s"
        )
    else:
        condition, order = COLUMNS[name]
        text = f"SELECT t.id {tasks} {condition} ORDER BY {order} LIMIT %(limit)s"
    return [row["id"] for row in await (await conn.execute(text, values | {"limit": limit})).fetchall()]


async def counts(conn: Conn, bounds: Bounds) -> dict[str, int]:
    """How many open tasks stand in each state."""
    return await count_queries.by_state(
        conn,
        emergency=bounds.emergency,
        centre=bounds.centre,
        kind=bounds.kind,
        centres=bounds.centres,
        emergencies=bounds.emergencies,
    )


async def card(conn: Conn, task_id: UUID) -> DictRow | None:
    """One task as the board shows it."""
    return await (await conn.execute(f"{CARD} WHERE t.id = %s", (task_id,))).fetchone()


async def volunteer(conn: Conn, volunteer_id: UUID) -> DictRow | None:
    """Who a volunteer's page is for, with their centre."""
    return await (
        await conn.execute(
            "SELECT v.id, v.code, v.status, v.gender, v.skills, v.centre_id, c.name_fa AS"
            " centre_fa, c.name_en AS centre_en"
            " FROM volunteers v JOIN centres c ON c.id = v.centre_id WHERE v.id = %s",
            (volunteer_id,),
        )
    ).fetchone()


async def held_by(conn: Conn, volunteer_id: UUID) -> list[DictRow]:
    """What a volunteer holds, what is under way first."""
    return await (
        await conn.execute(
            f"{CARD} WHERE t.holder_id = %s AND t.state = ANY(%s) ORDER BY array_position("
            "ARRAY['escalated', 'en_route', 'accepted', 'claimed'], t.state), t.rank DESC, t.id",
            (volunteer_id, list(HELD)),
        )
    ).fetchall()


async def left(conn: Conn, volunteer_id: UUID, hours: int, limit: int) -> list[DictRow]:
    """A volunteer's leases that ended of late, the latest first: [{code, category, end_reason, ended_at, late}].

    Of a task that they hold again, what was before is left out.
    """
    return await (
        await conn.execute(
            "SELECT t.code, t.kind, coalesce(n.category, i.category) AS category, l.end_reason, l.ended_at, l.fence"
            " FROM leases l JOIN tasks t ON t.id = l.task_id LEFT JOIN needs n ON n.id = t.need_id"
            " LEFT JOIN incidents i ON i.id = t.incident_id WHERE l.volunteer_id = %(me)s"
            " AND l.ended_at > now() - make_interval(hours => %(hours)s)"
            " AND t.holder_id IS DISTINCT FROM CASE WHEN t.closed_at IS NULL THEN l.volunteer_id END"
            " AND NOT EXISTS (SELECT 1 FROM leases o WHERE o.task_id = l.task_id AND o.volunteer_id = l.volunteer_id"
            " AND o.fence > l.fence) ORDER BY l.ended_at DESC LIMIT %(limit)s",
            {"me": volunteer_id, "hours": hours, "limit": limit},
        )
    ).fetchall()


WAIT_MOST: Final = 200
"""So many of a queue are counted for a volunteer; of more it is enough to know that they are many."""


async def waiting(conn: Conn, centre_id: UUID, *, woman: bool, emergency: UUID | None) -> list[DictRow]:
    """The queues of a centre with how many tasks in each (WAIT_MOST at most) wait for such a volunteer alone, the most
    pressing first.
    """
    mine = (
        ""
        if woman
        else (
            " AND NOT t.women_required AND NOT (t.women_preferred AND"
            f" t.created_at > now() - interval '{WOMEN_FIRST_S} seconds')"
        )
    )
    return await (
        await conn.execute(
            "SELECT q.id, q.kind, e.name_fa, e.name_en, w.n, w.top, w.life FROM queues q"
            " JOIN emergencies e ON e.id = q.emergency_id AND e.status = 'open'"
            " CROSS JOIN LATERAL (SELECT count(*) AS n, max(f.priority) AS top,"
            " count(*) FILTER (WHERE f.urgency = 'life') AS life FROM (SELECT t.priority, t.urgency FROM tasks t"
            f" WHERE t.queue_id = q.id AND t.state = 'queued' AND t.crew_min = 1{mine}"
            " ORDER BY t.rank DESC, t.id LIMIT %(most)s) f) w"
            " WHERE q.centre_id = %(centre)s AND (%(emergency)s::uuid IS NULL OR q.emergency_id = %(emergency)s)"
            " AND w.n > 0 ORDER BY w.top DESC, q.id",
            {"centre": centre_id, "emergency": emergency, "most": WAIT_MOST},
        )
    ).fetchall()


async def next_of(conn: Conn, queue_ids: Sequence[UUID], *, woman: bool, each: int) -> list[DictRow]:
    """The first tasks of queues in the order in which these serve such a volunteer."""
    mine = (
        ""
        if woman
        else (
            " AND NOT o.women_required AND NOT (o.women_preferred AND"
            f" o.created_at > now() - interval '{WOMEN_FIRST_S} seconds')"
        )
    )
    return await (
        await conn.execute(
            f"{CARD} JOIN unnest(%(queues)s::uuid[]) AS g(queue_id) ON g.queue_id = t.queue_id WHERE t.id IN"
            " (SELECT o.id FROM tasks o WHERE o.queue_id = g.queue_id AND o.state = 'queued'"
            f"{mine} ORDER BY o.rank DESC, o.id LIMIT %(each)s) ORDER BY t.rank DESC, t.id",
            {"queues": list(queue_ids), "each": each},
        )
    ).fetchall()


async def claimed_so_far(conn: Conn, volunteer_id: UUID) -> int:
    """How many claims a volunteer has ever had: the key of their next, so that a second press claims nothing."""
    row = await (
        await conn.execute("SELECT count(*) AS n FROM leases WHERE volunteer_id = %s", (volunteer_id,))
    ).fetchone()
    return row["n"] if row else 0
