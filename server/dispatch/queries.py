"""SQL of queues, tasks, leases and lists. Claims stand in `claim_queries`, the making of tasks in `making_queries`."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.geo import Box

TASK = """t.id, t.code, t.emergency_id, t.queue_id, q.centre_id, t.kind, t.need_id, t.incident_id, t.state,
t.urgency, t.priority, t.bring, t.skills, t.women_required, t.women_preferred, t.crew_min, t.women_min,
t.languages, t.fence, t.holder_id, t.team_id,
t.lease_until, t.created_at, t.updated_at, t.closed_at, t.outcome, t.flagged_at, t.version,
ST_X(t.geom_shown) AS lon, ST_Y(t.geom_shown) AS lat"""
FROM_TASKS = " FROM tasks t JOIN queues q ON q.id = t.queue_id "


async def queue(conn: Conn, queue_id: UUID) -> DictRow | None:
    """A queue's unchanging facts."""
    return await (
        await conn.execute("SELECT id, emergency_id, centre_id, kind FROM queues WHERE id = %s", (queue_id,))
    ).fetchone()


async def queue_of(conn: Conn, task_id: UUID) -> DictRow | None:
    """The unchanging facts of the queue in which a task stands."""
    return await (
        await conn.execute(
            "SELECT q.id, q.emergency_id, q.centre_id, q.kind FROM tasks t JOIN queues q ON q.id = t.queue_id"
            " WHERE t.id = %s",
            (task_id,),
        )
    ).fetchone()


async def task(conn: Conn, task_id: UUID, *, lock: bool = False) -> DictRow | None:
    """A task with its queue's centre."""
    return await (
        await conn.execute(
            f"SELECT {TASK}{FROM_TASKS}WHERE t.id = %s" + (" FOR NO KEY UPDATE OF t" if lock else ""),
            (task_id,),
        )
    ).fetchone()


async def lock_need_of(conn: Conn, task_id: UUID) -> None:
    """Lock the task's need before the task: whoever changes both takes the need first, as the reports' chain
    does.
    """
    await conn.execute(
        "SELECT 1 FROM needs WHERE id = (SELECT need_id FROM tasks WHERE id = %s) FOR NO KEY UPDATE",
        (task_id,),
    )


async def lease(conn: Conn, task_id: UUID, fence: int) -> DictRow | None:
    """Who held the task under a fence, and how that ended."""
    return await (
        await conn.execute(
            "SELECT volunteer_id, claimed_at, ended_at, end_reason FROM leases WHERE task_id = %s AND fence = %s",
            (task_id, fence),
        )
    ).fetchone()


async def leases_of(conn: Conn, task_id: UUID) -> list[DictRow]:
    """The task's holders, first to last."""
    return await (
        await conn.execute(
            "SELECT fence, volunteer_id, claimed_at, ended_at, end_reason FROM leases WHERE task_id = %s"
            " ORDER BY fence",
            (task_id,),
        )
    ).fetchall()


async def renew(conn: Conn, task_id: UUID, state: str, lease_s: int) -> None:
    """The task goes to (or stays in) a held state, its lease prolonged."""
    await conn.execute(
        "UPDATE tasks SET state = %s, lease_until = clock_timestamp() + make_interval(secs => %s) WHERE id = %s",
        (state, lease_s, task_id),
    )


async def settle(conn: Conn, task_id: UUID, state: str, outcome: str | None) -> None:
    """The task is no longer held: back to its queue, or over."""
    await conn.execute(
        "UPDATE tasks SET state = %(state)s,"
        " holder_id = CASE WHEN %(state)s = 'queued' THEN NULL ELSE holder_id END,"
        " team_id = CASE WHEN %(state)s = 'queued' THEN NULL ELSE team_id END,"
        " lease_until = NULL, outcome = %(outcome)s,"
        " flagged_at = CASE WHEN %(state)s = 'queued' THEN NULL ELSE flagged_at END,"
        " requeued_at = CASE WHEN %(state)s = 'queued' THEN clock_timestamp() ELSE requeued_at END,"
        " closed_at = CASE WHEN %(state)s = 'queued' THEN NULL ELSE clock_timestamp() END WHERE id = %(id)s",
        {"state": state, "outcome": outcome, "id": task_id},
    )


async def raise_fence(conn: Conn, task_id: UUID) -> None:
    """Outdate whatever fence is out there."""
    await conn.execute("UPDATE tasks SET fence = fence + 1 WHERE id = %s", (task_id,))


async def end_lease(conn: Conn, task_id: UUID, reason: str) -> None:
    """End the live lease, if there is one."""
    await conn.execute(
        "UPDATE leases SET ended_at = clock_timestamp(), end_reason = %s WHERE task_id = %s AND ended_at IS NULL",
        (reason, task_id),
    )


async def add_evidence(conn: Conn, row: dict[str, Any]) -> None:
    """Keep what was said of an ending; the same fence and verb say it once."""
    await conn.execute(
        "INSERT INTO evidence (id, task_id, fence, verb, reason, late, people_served, note_sealed,"
        " data_key_wrapped, sealing_key_id) VALUES"
        " (%(id)s, %(task_id)s, %(fence)s, %(verb)s, %(reason)s, %(late)s, %(people_served)s, %(note_sealed)s,"
        " %(wrapped)s, %(key_id)s)"
        " ON CONFLICT (task_id, fence, verb) DO NOTHING",
        row,
    )


async def expired(conn: Conn, limit: int) -> list[DictRow]:
    """Held tasks whose lease ran out by the database's clock, locked; those that somebody works on now are left.

    By the moment of the transaction's start: a clock that moves during a statement is one that no index answers.
    """
    return await (
        await conn.execute(
            f"SELECT {TASK}{FROM_TASKS}WHERE t.state IN ('claimed', 'accepted', 'en_route') AND"
            " t.lease_until < now()"
            " ORDER BY t.lease_until LIMIT %s FOR NO KEY UPDATE OF t SKIP LOCKED",
            (limit,),
        )
    ).fetchall()


async def expire(conn: Conn, to_queue: Sequence[UUID], to_person: Sequence[UUID]) -> None:
    """Claimed ones return to their queue and lose their lease; the others keep their holder and go to a
    person.
    """
    if to_queue:
        await conn.execute(
            "UPDATE tasks SET state = 'queued', holder_id = NULL, team_id = NULL, lease_until = NULL,"
            " flagged_at = NULL, requeued_at = clock_timestamp() WHERE id = ANY(%s)",
            (list(to_queue),),
        )
        await conn.execute(
            "UPDATE leases SET ended_at = clock_timestamp(), end_reason = 'expired'"
            " WHERE task_id = ANY(%s) AND ended_at IS NULL",
            (list(to_queue),),
        )
    if to_person:
        await conn.execute("UPDATE tasks SET state = 'escalated' WHERE id = ANY(%s)", (list(to_person),))


async def flag_unclaimed(conn: Conn, after_s: int, limit: int) -> list[DictRow]:
    """Life tasks that nobody took for `after_s` seconds, each once for each time that it came into its queue."""
    return await (
        await conn.execute(
            "WITH old AS (SELECT id FROM tasks WHERE state = 'queued' AND urgency = 'life' AND"
            " flagged_at IS NULL"
            " AND coalesce(requeued_at, created_at) < now() - make_interval(secs => %s)"
            " ORDER BY coalesce(requeued_at, created_at) LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)"
            " UPDATE tasks t SET flagged_at = clock_timestamp() FROM old, queues q WHERE t.id = old.id"
            " AND q.id = t.queue_id"
            " RETURNING t.id, t.emergency_id, q.centre_id",
            (after_s, limit),
        )
    ).fetchall()


async def open_of_queue(conn: Conn, queue_id: UUID, limit: int) -> list[DictRow]:
    """The open tasks of a queue in the order in which it serves them.

    What waits comes by the queue's own index, what is held by the board's: there are never many of these.
    """
    return await (
        await conn.execute(
            f"SELECT {TASK}, (SELECT category FROM needs n WHERE n.id = t.need_id) AS category{FROM_TASKS}"
            "WHERE t.id IN (SELECT id FROM ("
            "(SELECT id, rank FROM tasks WHERE queue_id = %(queue)s AND state = 'queued'"
            " ORDER BY rank DESC, id LIMIT %(limit)s) UNION ALL"
            " (SELECT id, rank FROM tasks WHERE queue_id = %(queue)s"
            " AND state IN ('claimed', 'accepted', 'en_route', 'escalated') ORDER BY rank DESC, id LIMIT %(limit)s)"
            ") f ORDER BY rank DESC, id LIMIT %(limit)s) ORDER BY t.rank DESC, t.id",
            {"queue": queue_id, "limit": limit},
        )
    ).fetchall()


_FILTERS = {
    "emergency": "t.emergency_id = %(emergency)s",
    "queue": "t.queue_id = %(queue)s",
    "need": "t.need_id = %(need)s",
    "incident": "t.incident_id = %(incident)s",
    "holder": "t.holder_id = %(holder)s",
    "states": "t.state = ANY(%(states)s)",
    "since": "t.updated_at > %(since)s",
    "centres": "q.centre_id = ANY(%(centres)s)",
    "emergencies": "t.emergency_id = ANY(%(emergencies)s)",
    "category": "EXISTS (SELECT 1 FROM needs n WHERE n.id = t.need_id AND n.category = %(category)s)",
}


async def tasks(
    conn: Conn,
    filters: dict[str, Any],
    *,
    box: Box | None,
    after: tuple[Any, UUID] | None,
    limit: int,
) -> list[DictRow]:
    """Tasks, the latest changed first; `after` is the last row of the page before."""
    where = [_FILTERS[name] for name, value in filters.items() if value is not None]
    params = {name: _list(value) if isinstance(value, (list, tuple)) else value for name, value in filters.items()}
    if box:
        where.append(
            "t.geom_shown && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326) AND ST_X(t.geom_shown) >="
            " %(w)s"
            " AND ST_X(t.geom_shown) < %(e)s AND ST_Y(t.geom_shown) >= %(s)s AND ST_Y(t.geom_shown) < %(n)s"
        )
        params |= {"w": box.west, "s": box.south, "e": box.east, "n": box.north}
    if after:
        where.append("(t.updated_at, t.id) < (%(at)s, %(id)s)")
        params |= {"at": after[0], "id": after[1]}
    return await (
        await conn.execute(
            f"SELECT {TASK}, (SELECT category FROM needs n WHERE n.id = t.need_id) AS category{FROM_TASKS}"
            f"WHERE {' AND '.join(where) or 'true'} ORDER BY t.updated_at DESC, t.id DESC"
            " LIMIT %(limit)s",
            params | {"limit": limit},
        )
    ).fetchall()


def _list(value: Sequence[Any] | None) -> list[Any] | None:
    return None if value is None else list(value)
