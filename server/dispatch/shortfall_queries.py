"""SQL of shortfalls: what queued tasks ask, by kind of question, and what is kept of the answers."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from psycopg.rows import DictRow

from server.dispatch.rules import WOMEN_FIRST_S
from server.kernel import arrays
from server.kernel.db import Conn

LOCK: Final = 7_180_040
"""Advisory: one look at a time, whoever looks."""
_WAITS: Final = (
    "t.state = 'queued' AND (t.urgency = 'life' OR t.created_at < clock_timestamp() - make_interval(secs => %(after)s))"
)
_FIRST: Final = f"(t.women_preferred AND t.created_at > clock_timestamp() - interval '{WOMEN_FIRST_S} seconds')"
_SORT: Final = (
    f"ROW(q.centre_id, t.urgency = 'life', t.skills, t.women_required, {_FIRST}, t.crew_min, t.women_min)::text"
)
"""What a task asks, as one text: by this its answer is found with a hash, not with a loop in a loop."""


async def alone(conn: Conn) -> bool:
    """Whether nobody else is looking; held to the end of the transaction."""
    row = await (await conn.execute("SELECT pg_try_advisory_xact_lock(%s) AS ours", (LOCK,))).fetchone()
    return bool(row and row["ours"])


async def questions(conn: Conn, after_s: int) -> list[DictRow]:
    """What waiting tasks ask, each sort once: {sort, centre, lon, lat, life, skills, women_required, women_first,
    crew_min, women_min, oldest}.
    """
    return await (
        await conn.execute(
            f"""SELECT x.*, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat FROM (
  SELECT {_SORT} AS sort, q.centre_id AS centre, t.urgency = 'life' AS life, t.skills, t.women_required,
    {_FIRST} AS women_first, t.crew_min, t.women_min, min(t.created_at) AS oldest
  FROM tasks t JOIN queues q ON q.id = t.queue_id WHERE {_WAITS} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8) x
JOIN centres c ON c.id = x.centre ORDER BY x.centre""",
            {"after": after_s},
        )
    ).fetchall()


async def keep(conn: Conn, answers: Mapping[str, Sequence[Any]], after_s: int, most: int) -> list[DictRow]:
    """Write what differs (`answers`: sort → found), of at most so many tasks; {id, emergency_id, centre_id, life} of
    those.
    """
    if not answers:
        return []
    return await (
        await conn.execute(
            f"""WITH new AS (SELECT t.id, t.emergency_id, q.centre_id, t.urgency = 'life' AS life, g.found
  FROM tasks t JOIN queues q ON q.id = t.queue_id
  JOIN unnest(%(sorts)s::text[], %(found)s::jsonb[]) AS g(sort, found) ON g.sort = {_SORT}
  LEFT JOIN task_shortfalls s ON s.task_id = t.id
  WHERE {_WAITS} AND s.found IS DISTINCT FROM g.found ORDER BY 4 DESC, t.id LIMIT %(most)s),
kept AS (INSERT INTO task_shortfalls (task_id, found) SELECT id, found FROM new
  ON CONFLICT (task_id) DO UPDATE SET found = excluded.found, at = clock_timestamp())
SELECT id, emergency_id, centre_id, life FROM new""",
            {
                "sorts": arrays.texts(answers),
                "found": arrays.jsons(answers.values()),
                "after": after_s,
                "most": most,
            },
        )
    ).fetchall()


async def drop(conn: Conn, sorts: Collection[str]) -> int:
    """Forget those of tasks that are not queued any more, or that somebody can take by now."""
    cursor = await conn.execute(
        f"""DELETE FROM task_shortfalls s USING tasks t JOIN queues q ON q.id = t.queue_id
WHERE t.id = s.task_id AND (t.state <> 'queued' OR {_SORT} <> ALL(%(sorts)s::text[]))""",
        {"sorts": arrays.texts(sorts)},
    )
    return cursor.rowcount
