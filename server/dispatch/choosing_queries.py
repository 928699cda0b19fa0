"""SQL of choosing for oneself: open tasks near a point, the heads of a centre's queues. Bounded, whatever waits."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg.rows import DictRow

from server.dispatch.queries import FROM_TASKS, TASK
from server.kernel import arrays
from server.kernel.db import Conn

NEAREST: Final = 1500
"""So many of the nearest open tasks are looked at, before what she cannot do is left out."""
KEPT: Final = 80
_DOES: Final = (
    "x.skills <@ %(skills)s::text[] AND x.crew_min <= %(people)s AND (%(woman)s OR NOT (x.women_required OR"
    " (x.crew_min = 1 AND x.women_min > 0)))"
)


class Does(NamedTuple):
    """What somebody can do: all that her skills cover, how many she brings, whether a woman is among them."""

    skills: Collection[str]
    people: int
    woman: bool

    def params(self) -> dict[str, Any]:
        """For `_DOES`."""
        return {"skills": sorted(self.skills), "people": self.people, "woman": self.woman}


async def near(
    conn: Conn, at: tuple[float, float], radius_m: float, does: Does, scope: tuple[Any, Any]
) -> list[tuple[UUID, float]]:
    """Open tasks within `radius_m` of (lon, lat) that she could do, nearest first: (id, metres). `scope`: the centres
    and the emergencies that the reader is limited to; None: every one.
    """
    rows = await (
        await conn.execute(
            "WITH here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS p),"
            " x AS MATERIALIZED (SELECT t.id, t.queue_id, t.emergency_id, t.skills, t.crew_min, t.women_min,"
            " t.women_required, t.geom_shown FROM tasks t WHERE t.state = 'queued'"
            " AND t.geom_shown && ST_Expand((SELECT p FROM here), %(w)s, %(h)s)"
            " ORDER BY t.geom_shown <-> (SELECT p FROM here) LIMIT %(nearest)s)"
            " SELECT x.id, ST_DistanceSphere(x.geom_shown, here.p) AS m FROM here, x JOIN queues q ON q.id = x.queue_id"
            f" WHERE {_DOES} AND ST_DistanceSphere(x.geom_shown, here.p) <= %(radius)s"
            " AND (%(centres)s::uuid[] IS NULL OR q.centre_id = ANY(%(centres)s))"
            " AND (%(emergencies)s::uuid[] IS NULL OR x.emergency_id = ANY(%(emergencies)s)) ORDER BY m LIMIT %(kept)s",
            {
                "lon": at[0],
                "lat": at[1],
                "radius": radius_m,
                "w": radius_m / 70_000,
                "h": radius_m / 110_000,
                "nearest": NEAREST,
                "kept": KEPT,
                "centres": scope[0],
                "emergencies": scope[1],
                **does.params(),
            },
        )
    ).fetchall()
    return [(r["id"], r["m"]) for r in rows]


async def heads(
    conn: Conn, centre_id: UUID, emergencies: Sequence[UUID] | None, each: int, does: Does | None
) -> list[UUID]:
    """The first open tasks of each queue of a centre that she could do; `does` None: whichever they are."""
    where = _DOES.replace("x.", "t.") if does else "true"
    rows = await (
        await conn.execute(
            "SELECT y.id FROM queues q CROSS JOIN LATERAL (SELECT t.id FROM tasks t WHERE t.queue_id = q.id"
            f" AND t.state = 'queued' AND {where} ORDER BY t.rank DESC, t.id LIMIT %(each)s) y"
            " WHERE q.centre_id = %(centre)s"
            " AND (%(emergencies)s::uuid[] IS NULL OR q.emergency_id = ANY(%(emergencies)s))",
            {"centre": centre_id, "emergencies": emergencies, "each": each, **(does.params() if does else {})},
        )
    ).fetchall()
    return [r["id"] for r in rows]


async def shown(conn: Conn, task_ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """Tasks as lists show them, with their need's category."""
    rows = await (
        await conn.execute(
            f"SELECT {TASK}, (SELECT category FROM needs n WHERE n.id = t.need_id) AS category{FROM_TASKS}"
            "WHERE t.id = ANY(%s::uuid[])",
            (arrays.uuids(task_ids),),
        )
    ).fetchall()
    return {r["id"]: r for r in rows}


async def answered_before(conn: Conn, scope: str, key: str) -> dict[str, Any] | None:
    """What an idempotency key was answered, with the hash of its request."""
    return await (
        await conn.execute(
            "SELECT request_hash, answer FROM idempotent_answers WHERE scope = %s AND key = %s", (scope, key)
        )
    ).fetchone()


async def volunteer(conn: Conn, volunteer_id: UUID) -> DictRow | None:
    """To which centre somebody belongs."""
    return await (
        await conn.execute("SELECT id, code, centre_id FROM volunteers WHERE id = %s", (volunteer_id,))
    ).fetchone()


async def has_held(conn: Conn, task_id: UUID, volunteer_id: UUID) -> bool:
    """Whether somebody ever held a task, alone or in the team that did."""
    found = await conn.execute(
        "SELECT 1 FROM leases l WHERE l.task_id = %(task)s AND (l.volunteer_id = %(who)s OR EXISTS (SELECT 1 FROM"
        " team_members m WHERE m.team_id = l.team_id AND m.volunteer_id = %(who)s AND m.joined_at <="
        " coalesce(l.ended_at, 'infinity') AND coalesce(m.left_at, 'infinity') > l.claimed_at)) LIMIT 1",
        {"task": task_id, "who": volunteer_id},
    )
    return await found.fetchone() is not None


async def need_now(conn: Conn, need_id: UUID) -> DictRow | None:
    """The need behind a task, as it is now; where it was merged, the one it is part of."""
    return await (
        await conn.execute(
            "SELECT n.code, n.category, n.status, n.people, n.households, n.first_reported_at FROM needs o"
            " JOIN needs n ON n.id = coalesce(o.merged_into, o.id) WHERE o.id = %s",
            (need_id,),
        )
    ).fetchone()


async def reached(conn: Conn, task_id: UUID) -> int | None:
    """How many people the holder says were reached; None where nobody said."""
    row = await (
        await conn.execute(
            "SELECT people_served FROM evidence WHERE task_id = %s AND verb = 'complete' AND people_served IS NOT NULL"
            " ORDER BY late, fence DESC LIMIT 1",
            (task_id,),
        )
    ).fetchone()
    return row["people_served"] if row else None


async def goods(conn: Conn, task_id: UUID) -> list[DictRow]:
    """What the task's movements took from shelves (less what came back), handed over and lost, by item."""
    return await (
        await conn.execute(
            "SELECT i.id AS item_id, i.name_fa, i.name_en, i.unit,"
            " coalesce(-sum(e.quantity) FILTER (WHERE a.kind = 'centre'), 0) AS loaded,"
            " coalesce(sum(e.quantity) FILTER (WHERE a.kind = 'received'), 0) AS delivered,"
            " coalesce(sum(e.quantity) FILTER (WHERE a.kind = 'loss'), 0) AS lost"
            " FROM movements m JOIN entries e ON e.movement_id = m.id JOIN stock_accounts a ON a.id = e.account_id"
            " JOIN items i ON i.id = e.item_id WHERE m.task_id = %s GROUP BY i.id ORDER BY i.code",
            (task_id,),
        )
    ).fetchall()


async def rest(conn: Conn, need_id: UUID | None, incident_id: UUID | None, task_id: UUID) -> list[DictRow]:
    """The other tasks of the same cause, the newest first."""
    return await (
        await conn.execute(
            "SELECT id, code, kind, state FROM tasks WHERE id <> %s AND (need_id = %s OR incident_id = %s)"
            " ORDER BY id DESC LIMIT 20",
            (task_id, need_id, incident_id),
        )
    ).fetchall()


async def told(conn: Conn, task_id: UUID) -> list[DictRow]:
    """What happened to a task: {verb, at}, sealed or not yet."""
    return await (
        await conn.execute(
            "SELECT verb, at FROM events WHERE subject_type = 'task' AND subject_id = %(id)s AND verb = ANY(%(verbs)s)"
            " UNION ALL SELECT verb, at FROM events_unsealed WHERE subject_type = 'task' AND subject_id = %(id)s"
            " AND verb = ANY(%(verbs)s) ORDER BY at LIMIT 100",
            {"id": task_id, "verbs": list(STEPS)},
        )
    ).fetchall()


STEPS: Final = (
    "task.claimed",
    "task.accepted",
    "task.en_route",
    "task.released",
    "task.expired",
    "task.escalated",
    "task.reassigned",
    "task.completed",
    "task.failed",
    "task.cancelled",
)
"""What of a task's events its story is told with."""
