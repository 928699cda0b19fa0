"""SQL of claims: keys, claimants, teams, picking, holding."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.dispatch.queries import FROM_TASKS, TASK
from server.dispatch.rules import WOMEN_FIRST_S
from server.kernel import arrays
from server.kernel.db import Conn
from server.volunteers.hearing_queries import FRESH_S
from server.volunteers.queries import SENDABLE

_WOMEN_FIRST = f"t.women_preferred AND t.created_at > clock_timestamp() - interval '{WOMEN_FIRST_S} seconds'"
_RESTS = "v.rest_until >= clock_timestamp()"


class Hold(NamedTuple):
    """One task for one holder: the team it goes with, if one does."""

    task_id: UUID
    volunteer_id: UUID
    lease_id: UUID
    team_id: UUID | None = None


class Able(NamedTuple):
    """What a claimant is able to take: so many people, so many of them women; `skills`: only what these suffice for."""

    woman: bool
    people: int = 1
    women: int = 1
    skills: tuple[str, ...] | None = None


async def reserve_keys(conn: Conn, rows: Sequence[tuple[str, str, bytes]]) -> dict[tuple[str, str], DictRow]:
    """Put (scope, key, request hash) down, in order; return the rows that others had put down before us.

    The insert waits for another transaction that holds the same key, so what is read afterwards is final.
    """
    made = await (
        await conn.execute(
            "INSERT INTO idempotent_answers (scope, key, request_hash, status, answer) SELECT s, k, h,"
            " 200, '{}' FROM"
            " unnest(%s::text[], %s::text[], %s::bytea[]) AS g(s, k, h) ORDER BY s, k ON CONFLICT DO"
            " NOTHING RETURNING scope, key",
            ([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]),
        )
    ).fetchall()
    ours = {(r["scope"], r["key"]) for r in made}
    others = [r for r in rows if (r[0], r[1]) not in ours]
    if not others:
        return {}
    known = await (
        await conn.execute(
            "SELECT a.scope, a.key, a.request_hash, a.answer FROM idempotent_answers a JOIN"
            " unnest(%s::text[], %s::text[]) AS g(s, k) ON a.scope = g.s AND a.key = g.k",
            ([r[0] for r in others], [r[1] for r in others]),
        )
    ).fetchall()
    return {(r["scope"], r["key"]): r for r in known}


async def keep_answers(conn: Conn, rows: Sequence[tuple[str, str, dict[str, Any]]]) -> None:
    """Remember what a key was answered. An empty answer had no effect and is forgotten: asking again may
    give tasks.
    """
    full = [r for r in rows if r[2].get("tasks")]
    empty = [r for r in rows if not r[2].get("tasks")]
    if full:
        await conn.execute(
            "UPDATE idempotent_answers a SET answer = g.j FROM unnest(%s::text[], %s::text[],"
            " %s::jsonb[]) AS g(s, k, j)"
            " WHERE a.scope = g.s AND a.key = g.k",
            ([r[0] for r in full], [r[1] for r in full], [Jsonb(r[2]) for r in full]),
        )
    if empty:
        await conn.execute(
            "DELETE FROM idempotent_answers a USING unnest(%s::text[], %s::text[]) AS g(s, k)"
            " WHERE a.scope = g.s AND a.key = g.k",
            ([r[0] for r in empty], [r[1] for r in empty]),
        )


async def lock_volunteers(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """Those who claim, locked in order, so that two processes cannot both find room under a volunteer's cap.

    `rests_until`: until when she has to rest by the rules; None when she need not. `unheard`: her last sign of life is
    not so young that a new one need not be written.
    """
    rows = await (
        await conn.execute(
            f"SELECT v.id, v.gender, v.status, v.vetting, v.skills, v.centre_id, CASE WHEN {_RESTS} THEN v.rest_until"
            " END AS rests_until, v.silent_at IS NOT NULL OR v.heard_at IS NULL"
            f" OR v.heard_at < clock_timestamp() - interval '{FRESH_S} seconds' AS unheard"
            " FROM volunteers v WHERE v.id = ANY(%s::uuid[]) ORDER BY v.id FOR NO KEY UPDATE",
            (arrays.uuids(ids),),
        )
    ).fetchall()
    return {r["id"]: r for r in rows}


async def teams(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """Teams with those of their members who may be sent now: how many, how many women, what they can do together."""
    rows = await (
        await conn.execute(
            "SELECT t.id, t.leader_id, t.status, t.centre_id, count(DISTINCT v.id) AS people,"
            " count(DISTINCT v.id) FILTER (WHERE v.gender = 'woman') AS women,"
            " coalesce(array_agg(DISTINCT s.skill) FILTER (WHERE s.skill IS NOT NULL), '{}') AS skills"
            " FROM teams t LEFT JOIN team_members m ON m.team_id = t.id AND m.left_at IS NULL"
            f" LEFT JOIN volunteers v ON v.id = m.volunteer_id AND {SENDABLE}"
            " LEFT JOIN LATERAL unnest(v.skills) AS s(skill) ON true"
            " WHERE t.id = ANY(%s::uuid[]) GROUP BY t.id",
            (arrays.uuids(ids),),
        )
    ).fetchall()
    return {r["id"]: r for r in rows}


async def claims_held(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many tasks each has claimed and not yet accepted. Read after the lock: a statement of its own sees
    the newest.
    """
    rows = await (
        await conn.execute(
            "SELECT holder_id, count(*) AS n FROM tasks WHERE holder_id = ANY(%s::uuid[]) AND state = 'claimed'"
            " GROUP BY holder_id",
            (arrays.uuids(ids),),
        )
    ).fetchall()
    return {r["holder_id"]: r["n"] for r in rows}


async def chosen(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """Tasks that somebody asked for by name, locked in order; `women_first`: for the moment they are women's alone."""
    rows = await (
        await conn.execute(
            f"SELECT {TASK}, {_WOMEN_FIRST} AS women_first{FROM_TASKS}WHERE t.id = ANY(%s::uuid[])"
            " ORDER BY t.id FOR NO KEY UPDATE OF t",
            (arrays.uuids(ids),),
        )
    ).fetchall()
    return {r["id"]: r for r in rows}


async def pick(
    conn: Conn, wants: Sequence[tuple[UUID, int]], able: Able, taken: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """Lock the best free tasks: per queue up to so many, as its order goes.

    `taken` were picked earlier in this transaction: a lock of one's own is not skipped.
    """
    where = "t.queue_id = g.queue_id AND t.state = 'queued' AND t.crew_min <= %(people)s AND t.women_min <= %(women)s"
    if not able.woman:
        where += f" AND NOT t.women_required AND NOT ({_WOMEN_FIRST})"
    params: dict[str, Any] = {
        "queues": arrays.uuids(w[0] for w in wants),
        "counts": arrays.numbers(w[1] for w in wants),
        "people": able.people,
        "women": able.women,
    }
    if able.skills is not None:
        where += " AND t.skills <@ %(skills)s::text[]"
        params["skills"] = list(able.skills)
    if taken:
        where += " AND t.id <> ALL(%(taken)s::uuid[])"
        params["taken"] = arrays.uuids(taken)
    rows = await (
        await conn.execute(
            "SELECT x.queue_id, x.id FROM unnest(%(queues)s::uuid[], %(counts)s::int[]) AS g(queue_id, n)"
            f" CROSS JOIN LATERAL (SELECT t.id, t.queue_id FROM tasks t WHERE {where}"
            " ORDER BY t.rank DESC, t.id LIMIT g.n FOR NO KEY UPDATE SKIP LOCKED) x",
            params,
        )
    ).fetchall()
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["queue_id"], []).append(row["id"])
    return found


async def hold(conn: Conn, rows: Sequence[Hold], lease_s: int) -> list[DictRow]:
    """Give locked tasks to volunteers. The fence grows, a lease begins; a team that held the task before is gone."""
    return await (
        await conn.execute(
            "WITH given AS (SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[])"
            " AS g(task_id, volunteer_id, lease_id, team_id)),"
            " held AS (UPDATE tasks t SET state = 'claimed', holder_id = g.volunteer_id, team_id = g.team_id,"
            " fence = t.fence + 1,"
            " lease_until = clock_timestamp() + make_interval(secs => %s), closed_at = NULL, outcome = NULL"
            " FROM given g, queues q WHERE t.id = g.task_id AND q.id = t.queue_id"
            f" RETURNING g.lease_id, {TASK}),"
            " kept AS (INSERT INTO leases (id, task_id, fence, volunteer_id, team_id) SELECT lease_id, id, fence,"
            " holder_id, team_id FROM held)"
            " SELECT * FROM held",
            (
                arrays.uuids(r.task_id for r in rows),
                arrays.uuids(r.volunteer_id for r in rows),
                arrays.uuids(r.lease_id for r in rows),
                arrays.uuids(r.team_id for r in rows),
                lease_s,
            ),
        )
    ).fetchall()
