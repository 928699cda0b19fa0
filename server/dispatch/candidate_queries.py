"""SQL of matching: who could go, in which teams, and what a task asks."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.dispatch.queries import FROM_TASKS, TASK
from server.kernel import arrays
from server.kernel.db import Conn
from server.volunteers.queries import SENDABLE

_HELD: Final = "('claimed', 'accepted', 'en_route', 'escalated')"


async def now(conn: Conn) -> datetime:
    """The database's clock."""
    row = await (await conn.execute("SELECT clock_timestamp() AS now")).fetchone()
    if row is None:
        raise AssertionError("a SELECT of the clock gives one row")
    moment: datetime = row["now"]
    return moment


async def people(
    conn: Conn,
    *,
    centre_ids: Sequence[UUID] | None = None,
    volunteer_ids: Sequence[UUID] | None = None,
    most: int = 20_000,
) -> list[DictRow]:
    """Volunteers of centres (or these volunteers), not those who left or were refused.

    Each with the point of her centre, the tasks in her hands (`held`, of them `claimed`), her team and its tasks, and,
    while she is on duty, since when she has had none (`idle_since`). Beyond `most` those who may be sent, and of them
    those on duty, come first.
    """
    where = ["v.status <> 'inactive'", "v.vetting <> 'refused'"]
    if centre_ids is not None:
        where.append("v.centre_id = ANY(%(centres)s::uuid[])")
    if volunteer_ids is not None:
        where.append("v.id = ANY(%(people)s::uuid[])")
    return await (
        await conn.execute(
            f"""WITH held AS (SELECT holder_id, count(*) AS n, count(*) FILTER (WHERE state = 'claimed') AS claimed
  FROM tasks WHERE state IN {_HELD} GROUP BY holder_id),
of_teams AS (SELECT team_id, count(*) AS n FROM tasks WHERE state IN {_HELD} AND team_id IS NOT NULL GROUP BY team_id)
SELECT v.id, v.code, v.centre_id, v.skills, v.languages, v.gender, v.vehicle, v.capacity_kg, v.status, v.vetting,
  v.rest_until, v.on_duty_since, v.silent_at, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, m.team_id,
  greatest(coalesce(h.n, 0), coalesce(o.n, 0)) AS held, coalesce(h.claimed, 0) AS claimed,
  CASE WHEN v.on_duty_since IS NOT NULL AND h.n IS NULL AND o.n IS NULL THEN greatest(v.on_duty_since,
    (SELECT max(l.ended_at) FROM leases l WHERE l.volunteer_id = v.id)) END AS idle_since
FROM volunteers v JOIN centres c ON c.id = v.centre_id LEFT JOIN held h ON h.holder_id = v.id
LEFT JOIN team_members m ON m.volunteer_id = v.id AND m.left_at IS NULL LEFT JOIN of_teams o ON o.team_id = m.team_id
WHERE {" AND ".join(where)} ORDER BY NOT {SENDABLE}, v.on_duty_since IS NULL, v.code LIMIT %(most)s""",
            {
                "centres": None if centre_ids is None else arrays.uuids(centre_ids),
                "people": None if volunteer_ids is None else arrays.uuids(volunteer_ids),
                "most": most,
            },
        )
    ).fetchall()


async def squads(conn: Conn, team_ids: Sequence[UUID]) -> list[DictRow]:
    """Teams that stand, with those of their members who may be sent now: how many, women, skills, languages."""
    return await (
        await conn.execute(
            f"""SELECT t.id, t.code, t.leader_id, count(v.id) AS people,
  count(v.id) FILTER (WHERE v.gender = 'woman') AS women,
  coalesce(jsonb_agg(v.skills) FILTER (WHERE v.id IS NOT NULL), '[]') AS skills,
  coalesce(jsonb_agg(v.languages) FILTER (WHERE v.id IS NOT NULL), '[]') AS languages
FROM teams t JOIN team_members m ON m.team_id = t.id AND m.left_at IS NULL
LEFT JOIN volunteers v ON v.id = m.volunteer_id AND {SENDABLE}
WHERE t.id = ANY(%s::uuid[]) AND t.status = 'active' GROUP BY t.id""",
            (arrays.uuids(team_ids),),
        )
    ).fetchall()


async def jobs(conn: Conn, task_ids: Sequence[UUID]) -> list[DictRow]:
    """Tasks with who said no to them, or gave them back: `declined`."""
    return await (
        await conn.execute(
            f"""SELECT {TASK},
  ARRAY(SELECT o.volunteer_id FROM offers o WHERE o.task_id = t.id AND o.answer = 'declined'
  UNION SELECT l.volunteer_id FROM leases l WHERE l.task_id = t.id AND l.end_reason IN ('released', 'failed')
  ) AS declined{FROM_TASKS}WHERE t.id = ANY(%s::uuid[])""",
            (arrays.uuids(task_ids),),
        )
    ).fetchall()


async def centres_within(conn: Conn, lon: float, lat: float, km: float) -> list[UUID]:
    """Active centres within so many kilometres of a point, the nearest first."""
    rows = await (
        await conn.execute(
            "SELECT c.id FROM (SELECT id, ST_DistanceSphere(geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)) AS"
            " m FROM centres WHERE active) c WHERE c.m <= %(m)s ORDER BY c.m, c.id",
            {"lon": lon, "lat": lat, "m": km * 1000},
        )
    ).fetchall()
    return [row["id"] for row in rows]
