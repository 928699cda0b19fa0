"""SQL of the counts: how many open tasks of a queue stand in which state."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.dispatch.rules import OPEN
from server.kernel import arrays
from server.kernel.db import Conn

_OPEN: Final = ", ".join(f"'{state}'" for state in OPEN)
_NOW: Final = f"""
SELECT t.id AS task_id, t.queue_id, t.state, (t.urgency = 'life')::int AS life,
  (t.state = 'queued' AND t.flagged_at IS NOT NULL)::int AS flagged
FROM tasks t WHERE t.state IN ({_OPEN})"""
_OLDEST: Final = """CASE WHEN d.state = 'queued' THEN (SELECT t.created_at FROM tasks t
  WHERE t.queue_id = d.queue_id AND t.state = 'queued' ORDER BY t.created_at LIMIT 1) END"""
_FOLD: Final = f"""
WITH now AS ({_NOW} AND t.id = ANY(%(ids)s::uuid[])),
old AS (SELECT task_id, queue_id, state, life, flagged FROM task_loads WHERE task_id = ANY(%(ids)s::uuid[])),
moved AS (
  SELECT n.task_id AS new, o.task_id AS old FROM now n FULL JOIN old o USING (task_id)
  WHERE (n.queue_id, n.state, n.life, n.flagged) IS DISTINCT FROM (o.queue_id, o.state, o.life, o.flagged)),
gone AS (DELETE FROM task_loads WHERE task_id IN (SELECT old FROM moved WHERE new IS NULL)),
kept AS (
  INSERT INTO task_loads (task_id, queue_id, state, life, flagged)
  SELECT task_id, queue_id, state, life, flagged FROM now WHERE task_id IN (SELECT new FROM moved)
  ON CONFLICT (task_id) DO UPDATE SET queue_id = excluded.queue_id, state = excluded.state, life = excluded.life,
    flagged = excluded.flagged),
d AS (
  SELECT queue_id, state, sum(n) AS n, sum(life) AS life, sum(flagged) AS flagged FROM (
    SELECT queue_id, state, 1 AS n, life, flagged FROM now WHERE task_id IN (SELECT new FROM moved)
    UNION ALL
    SELECT queue_id, state, -1, -life, -flagged FROM old WHERE task_id IN (SELECT old FROM moved)) AS parts
  GROUP BY queue_id, state)
INSERT INTO queue_loads (queue_id, state, n, life, flagged, oldest)
SELECT d.queue_id, d.state, d.n, d.life, d.flagged, {_OLDEST} FROM d ORDER BY d.queue_id, d.state
ON CONFLICT (queue_id, state) DO UPDATE SET n = queue_loads.n + excluded.n, life = queue_loads.life + excluded.life,
  flagged = queue_loads.flagged + excluded.flagged, oldest = excluded.oldest"""


async def fold(conn: Conn, task_ids: Sequence[UUID]) -> int:
    """Bring the counts up to these tasks as they are now; returns how many counts changed. One writer at a time."""
    await conn.execute("LOCK TABLE queue_loads, task_loads IN ROW EXCLUSIVE MODE")
    return (await conn.execute(_FOLD, {"ids": arrays.uuids(task_ids)})).rowcount


async def recount(conn: Conn) -> int:
    """All counts anew, in the caller's transaction; the sealer waits for its end. Returns how many open tasks."""
    await conn.execute("LOCK TABLE queue_loads, task_loads IN SHARE ROW EXCLUSIVE MODE")
    await conn.execute("DELETE FROM queue_loads")
    await conn.execute("DELETE FROM task_loads")
    done = await conn.execute(f"INSERT INTO task_loads (task_id, queue_id, state, life, flagged) {_NOW}")
    await conn.execute(
        "INSERT INTO queue_loads (queue_id, state, n, life, flagged, oldest)"
        f" SELECT d.queue_id, d.state, d.n, d.life, d.flagged, {_OLDEST} FROM (SELECT queue_id, state, count(*) AS n,"
        " sum(life) AS life, sum(flagged) AS flagged FROM task_loads GROUP BY queue_id, state) d"
    )
    return done.rowcount


_SCOPE: Final = (
    ("emergency", "q.emergency_id = %(emergency)s"),
    ("centre", "q.centre_id = %(centre)s"),
    ("kind", "q.kind = %(kind)s"),
    ("centres", "q.centre_id = ANY(%(centres)s)"),
    ("emergencies", "q.emergency_id = ANY(%(emergencies)s)"),
)


def _scope(asked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    given = {name: value for name, value in asked.items() if value is not None}
    where = [text for name, text in _SCOPE if name in given]
    return " AND ".join(where) or "true", {k: list(v) if isinstance(v, tuple | list) else v for k, v in given.items()}


async def by_state(
    conn: Conn,
    *,
    emergency: UUID | None = None,
    centre: UUID | None = None,
    kind: str | None = None,
    centres: Sequence[UUID] | None = None,
    emergencies: Sequence[UUID] | None = None,
) -> dict[str, int]:
    """How many open tasks of a reader's scope stand in each state, as the sealer last counted them."""
    where, values = _scope(
        {"emergency": emergency, "centre": centre, "kind": kind, "centres": centres, "emergencies": emergencies}
    )
    rows = await (
        await conn.execute(
            "SELECT l.state, sum(l.n)::bigint AS n FROM queue_loads l JOIN queues q ON q.id = l.queue_id"
            f" WHERE {where} AND l.n > 0 GROUP BY l.state",
            values,
        )
    ).fetchall()
    return {row["state"]: row["n"] for row in rows}


async def queues(
    conn: Conn, *, emergency: UUID | None, centres: Sequence[UUID] | None, emergencies: Sequence[UUID] | None
) -> list[DictRow]:
    """Every queue of the reader's scope with how it stands, as the sealer last counted it."""
    where, values = _scope({"emergency": emergency, "centres": centres, "emergencies": emergencies})
    return await (
        await conn.execute(
            "SELECT q.id, q.kind, q.emergency_id, c.id AS centre_id, c.name_fa, c.name_en, c.code AS centre_code,"
            " coalesce(sum(l.n) FILTER (WHERE l.state = 'queued'), 0)::bigint AS open,"
            " coalesce(sum(l.n) FILTER (WHERE l.state IN ('claimed', 'accepted', 'en_route')), 0)::bigint AS claimed,"
            " coalesce(sum(CASE WHEN l.state = 'escalated' THEN l.n ELSE l.flagged END), 0)::bigint AS escalated,"
            " coalesce(sum(l.life) FILTER (WHERE l.state = 'queued'), 0)::bigint AS life,"
            " min(l.oldest) FILTER (WHERE l.state = 'queued' AND l.n > 0) AS oldest"
            " FROM queues q JOIN centres c ON c.id = q.centre_id LEFT JOIN queue_loads l ON l.queue_id = q.id"
            f" WHERE {where} GROUP BY q.id, c.id ORDER BY life DESC, open DESC, q.id",
            values,
        )
    ).fetchall()
