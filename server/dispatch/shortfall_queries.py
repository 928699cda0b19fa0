"""SQL of shortfalls: what queued tasks ask, by kind of question, and what is kept of the answers."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any, Final

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.dispatch.rules import WOMEN_FIRST_S
from server.kernel.db import Conn

LOCK: Final = 7_180_040
"""Advisory: one look at a time, whoever looks."""
_WAITS: Final = (
    "t.state = 'queued' AND (t.urgency = 'life' OR t.created_at < clock_timestamp() - make_interval(secs => %(after)s))"
)
_FIRST: Final = f"(t.women_preferred AND t.created_at > clock_timestamp() - interval '{WOMEN_FIRST_S} seconds')"
_SAME: Final = (
    "g.centre = q.centre_id AND g.life = (t.urgency = 'life') AND g.skills = to_jsonb(t.skills)"
    f" AND g.women_required = t.women_required AND g.women_first = {_FIRST}"
    " AND g.crew_min = t.crew_min AND g.women_min = t.women_min"
)
_ANSWERS: Final = (
    "jsonb_to_recordset(%(answers)s) AS g(centre uuid, life bool, skills jsonb, women_required bool,"
    " women_first bool, crew_min bigint, women_min bigint, found jsonb)"
)


async def alone(conn: Conn) -> bool:
    """Whether nobody else is looking; held to the end of the transaction."""
    row = await (await conn.execute("SELECT pg_try_advisory_xact_lock(%s) AS ours", (LOCK,))).fetchone()
    return bool(row and row["ours"])


async def questions(conn: Conn, after_s: int) -> list[DictRow]:
    """What waiting tasks ask, each sort once: {centre, lon, lat, life, skills, women_required, women_first, crew_min,
    women_min, oldest}.
    """
    return await (
        await conn.execute(
            f"""SELECT x.*, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat FROM (
  SELECT q.centre_id AS centre, t.urgency = 'life' AS life, t.skills, t.women_required, {_FIRST} AS women_first,
    t.crew_min, t.women_min, min(t.created_at) AS oldest
  FROM tasks t JOIN queues q ON q.id = t.queue_id WHERE {_WAITS} GROUP BY 1, 2, 3, 4, 5, 6, 7) x
JOIN centres c ON c.id = x.centre ORDER BY x.centre""",
            {"after": after_s},
        )
    ).fetchall()


async def keep(conn: Conn, answers: Sequence[dict[str, Any]], after_s: int, most: int) -> list[DictRow]:
    """Write what differs, of at most so many tasks: {id, emergency_id, centre_id, life} of those."""
    if not answers:
        return []
    return await (
        await conn.execute(
            f"""WITH new AS (SELECT t.id, t.emergency_id, q.centre_id, g.life, g.found
  FROM tasks t JOIN queues q ON q.id = t.queue_id JOIN {_ANSWERS} ON {_SAME}
  LEFT JOIN task_shortfalls s ON s.task_id = t.id
  WHERE {_WAITS} AND s.found IS DISTINCT FROM g.found ORDER BY g.life DESC, t.id LIMIT %(most)s),
kept AS (INSERT INTO task_shortfalls (task_id, found) SELECT id, found FROM new
  ON CONFLICT (task_id) DO UPDATE SET found = excluded.found, at = clock_timestamp())
SELECT id, emergency_id, centre_id, life FROM new""",
            {"answers": Jsonb(list(answers)), "after": after_s, "most": most},
        )
    ).fetchall()


async def drop(conn: Conn, answers: Sequence[dict[str, Any]]) -> int:
    """Forget those of tasks that are not queued any more, or that somebody can take by now."""
    cursor = await conn.execute(
        f"""DELETE FROM task_shortfalls s USING tasks t JOIN queues q ON q.id = t.queue_id
  LEFT JOIN {_ANSWERS} ON {_SAME}
WHERE t.id = s.task_id AND (t.state <> 'queued' OR g.found IS NULL)""",
        {"answers": Jsonb(list(answers))},
    )
    return cursor.rowcount
