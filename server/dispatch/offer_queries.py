"""SQL of offers: who is asked, what is due, how it was answered."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.dispatch.claim_queries import lock_volunteers, teams
from server.dispatch.rules import HELD
from server.kernel import arrays
from server.kernel.db import Conn
from server.volunteers.queries import SENDABLE

LOCK: Final = 0x0FFE25
"""The advisory lock of whoever makes waves: one process at a time."""
_HELD: Final = "('" + "', '".join(HELD) + "')"
_SHOWN: Final = (
    "o.id, o.task_id, o.volunteer_id, o.team_id, o.kind, o.fence, o.channel, o.points, o.reasons, o.made_by, o.made_at,"
    " o.expires_at, o.answer, o.answered_at, o.note_sealed IS NOT NULL AS noted, o.expires_at < clock_timestamp() AS"
    " late, greatest(0, extract(epoch FROM o.expires_at - clock_timestamp()))::float8 AS left_s, v.code AS"
    " volunteer_code, t.code AS task_code, t.kind AS task_kind, t.state, t.urgency, t.fence AS task_fence,"
    " t.emergency_id, t.queue_id, q.centre_id, t.bring, t.skills, t.languages, t.crew_min, t.women_min,"
    " t.women_required, t.holder_id, ST_X(t.geom_shown) AS lon, ST_Y(t.geom_shown) AS lat,"
    " (SELECT category FROM needs n WHERE n.id = t.need_id) AS category"
)
_FROM: Final = (
    " FROM offers o JOIN tasks t ON t.id = o.task_id JOIN queues q ON q.id = t.queue_id"
    " JOIN volunteers v ON v.id = o.volunteer_id "
)
STANDS: Final = (
    "(o.answered_at IS NULL AND o.expires_at >= clock_timestamp() AND CASE o.kind WHEN 'offer' THEN t.state = 'queued'"
    f" ELSE t.fence = o.fence AND t.state IN {_HELD} END)"
)
"""Whether an offer can still be taken: unanswered, in time, and the task free, or with the one who hands it over."""


async def alone(conn: Conn) -> bool:
    """Whether this transaction is the one that makes waves now."""
    row = await (await conn.execute("SELECT pg_try_advisory_xact_lock(%s) AS mine", (LOCK,))).fetchone()
    return bool(row and row["mine"])


async def over(conn: Conn, limit: int) -> list[DictRow]:
    """Close offers that nobody can take any more; those that somebody works on now are left.

    Out of time: `expired`. The task is hers by another way: `accepted`; somebody else's: `too_late`; nobody's, or
    what was to be handed over is no longer the giver's: `withdrawn`.
    """
    return await (
        await conn.execute(
            "WITH gone AS (SELECT o.id, CASE"
            " WHEN o.kind = 'offer' AND t.state = 'queued' THEN 'expired'"
            f" WHEN o.kind = 'hand_over' AND t.fence = o.fence AND t.state IN {_HELD} THEN 'expired'"
            f" WHEN t.state IN {_HELD} AND t.holder_id = o.volunteer_id THEN 'accepted'"
            f" WHEN o.kind = 'offer' AND t.state IN {_HELD} THEN 'too_late' ELSE 'withdrawn' END AS answer"
            " FROM offers o JOIN tasks t ON t.id = o.task_id WHERE o.answered_at IS NULL AND"
            f" NOT {STANDS} ORDER BY o.id LIMIT %s FOR NO KEY UPDATE OF o SKIP LOCKED)"
            " UPDATE offers o SET answer = gone.answer, answered_at = clock_timestamp() FROM gone, tasks t, queues q"
            " WHERE o.id = gone.id AND t.id = o.task_id AND q.id = t.queue_id"
            " RETURNING o.id, o.task_id, o.volunteer_id, o.kind, o.answer, t.emergency_id, q.centre_id",
            (limit,),
        )
    ).fetchall()


async def free(conn: Conn, pages: Sequence[UUID]) -> list[DictRow]:
    """Who may be sent, hears of an offer (a number, or her page is open), has none, and holds no task."""
    return await (
        await conn.execute(
            f"SELECT v.id, v.centre_id, v.skills FROM volunteers v WHERE {SENDABLE} AND v.silent_at IS NULL"
            " AND (v.phone_sealed IS NOT NULL OR v.id = ANY(%s::uuid[]))"
            " AND NOT EXISTS (SELECT 1 FROM offers o WHERE o.volunteer_id = v.id AND o.answered_at IS NULL)"
            f" AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.holder_id = v.id AND t.state IN {_HELD})",
            (arrays.uuids(pages),),
        )
    ).fetchall()


async def due(conn: Conn, after_s: int, able: Mapping[UUID, Collection[str]], each: int, limit: int) -> list[DictRow]:
    """Queued tasks that are to be offered now, the first of each queue of these centres, life first.

    Lives take two thirds of `limit` where others wait too: many that nobody can take must not hide all the rest.
    `able`: centre → all that those who could be asked there can do together; what takes more is left out, so that
    it hides nothing behind it. A task for several is judged later: a team brings its own skills. `wave`: how often it
    was tried.
    """
    # Of a few hundred tasks a queue the planner sorts all; along the queue's index the first few end the look.
    await conn.execute("SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)")
    rows = await (
        await conn.execute(
            "SELECT * FROM (SELECT x.*, q.centre_id,"
            " row_number() OVER (PARTITION BY x.urgency = 'life' ORDER BY x.rank DESC, x.id) AS nth"
            " FROM unnest(%(centres)s::uuid[], %(skills)s::text[]) AS g(centre_id, skills)"
            " JOIN queues q ON q.centre_id = g.centre_id"
            " CROSS JOIN LATERAL (SELECT t.id, t.fence, t.emergency_id, t.urgency,"
            " t.crew_min, t.women_min, t.skills, t.rank, coalesce(w.wave, 0) AS wave"
            " FROM tasks t LEFT JOIN offer_waves w ON w.task_id = t.id"
            " WHERE t.queue_id = q.id AND t.state = 'queued'"
            " AND (t.crew_min > 1 OR t.skills <@ string_to_array(g.skills, ','))"
            " AND t.created_at < clock_timestamp() - make_interval(secs => %(after)s)"
            " AND (w.next_at IS NULL OR w.next_at < clock_timestamp())"
            " ORDER BY t.rank DESC, t.id LIMIT %(each)s) x) y"
            " ORDER BY y.nth > CASE WHEN y.urgency = 'life' THEN %(limit)s * 2 / 3 ELSE %(limit)s / 3 END,"
            " (y.urgency = 'life') DESC, y.rank DESC, y.id LIMIT %(limit)s",
            {
                "centres": arrays.uuids(able),
                "skills": arrays.texts(",".join(sorted(skills)) for skills in able.values()),
                "after": after_s,
                "each": each,
                "limit": limit,
            },
        )
    ).fetchall()
    await conn.execute("SELECT set_config('enable_bitmapscan', 'on', true), set_config('enable_sort', 'on', true)")
    return sorted(rows, key=lambda row: (row["urgency"] != "life", -row["rank"], row["id"]))


async def waves(conn: Conn, rows: Sequence[tuple[UUID, int]]) -> None:
    """These tasks were offered, or looked at in vain: when each is looked at again, in seconds from now."""
    await conn.execute(
        "INSERT INTO offer_waves (task_id, wave, next_at) SELECT i, 1, clock_timestamp() + make_interval(secs => s)"
        " FROM unnest(%s::uuid[], %s::int[]) AS g(i, s) ORDER BY i ON CONFLICT (task_id) DO UPDATE SET"
        " wave = offer_waves.wave + 1, next_at = excluded.next_at",
        (arrays.uuids(r[0] for r in rows), arrays.numbers(r[1] for r in rows)),
    )


async def sooner(conn: Conn, task_ids: Sequence[UUID]) -> None:
    """Whom these tasks were offered to have all answered: the next are asked at once."""
    await conn.execute(
        "UPDATE offer_waves w SET next_at = clock_timestamp() WHERE task_id = ANY(%s::uuid[]) AND NOT EXISTS"
        " (SELECT 1 FROM offers o WHERE o.task_id = w.task_id AND o.answered_at IS NULL)",
        (arrays.uuids(task_ids),),
    )


async def reach(conn: Conn, volunteer_ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """How those of these who may be sent can be asked: {number, live, busy, unanswered, silent_s}."""
    rows = await (
        await conn.execute(
            "SELECT v.id, v.phone_sealed IS NOT NULL AS number,"
            " EXISTS (SELECT 1 FROM offers o WHERE o.volunteer_id = v.id AND o.answered_at IS NULL) AS live,"
            f" EXISTS (SELECT 1 FROM tasks t WHERE t.holder_id = v.id AND t.state IN {_HELD}) AS busy,"
            " s.unanswered, s.silent_s FROM volunteers v CROSS JOIN LATERAL ("
            "SELECT count(*) FILTER (WHERE x.answer = 'expired') AS unanswered,"
            " extract(epoch FROM clock_timestamp() - max(x.answered_at) FILTER (WHERE x.answer = 'expired'))::float8"
            " AS silent_s FROM (SELECT o.answer, o.answered_at, bool_and(o.answer = 'expired') OVER"
            " (ORDER BY o.made_at DESC, o.id DESC) AS row_of FROM (SELECT * FROM offers o WHERE o.volunteer_id = v.id"
            " AND o.kind = 'offer' AND o.answered_at > clock_timestamp() - interval '1 day'"
            " ORDER BY o.made_at DESC, o.id DESC LIMIT 12) o) x WHERE x.row_of) s"
            f" WHERE v.id = ANY(%s::uuid[]) AND {SENDABLE}",
            (arrays.uuids(volunteer_ids),),
        )
    ).fetchall()
    return {r["id"]: r for r in rows}


async def asked_before(conn: Conn, task_ids: Sequence[UUID], same_s: int) -> set[tuple[UUID, UUID]]:
    """(task, volunteer) that are not proposed again: live, declined, given up by her, or lately left unanswered.

    Who only was too late, or had it taken from her by a dispatcher, is asked anew when the task is free again.
    """
    rows = await (
        await conn.execute(
            "SELECT task_id, volunteer_id FROM offers WHERE task_id = ANY(%(tasks)s::uuid[]) AND (answered_at IS NULL"
            " OR answer = 'declined' OR (answer <> 'too_late'"
            " AND made_at > clock_timestamp() - make_interval(secs => %(same)s)))"
            " UNION SELECT task_id, volunteer_id FROM leases WHERE task_id = ANY(%(tasks)s::uuid[])"
            " AND end_reason IN ('released', 'failed', 'handed_over')",
            {"tasks": arrays.uuids(task_ids), "same": same_s},
        )
    ).fetchall()
    return {(r["task_id"], r["volunteer_id"]) for r in rows}


async def leading(conn: Conn, leader_id: UUID) -> DictRow | None:
    """The live team that somebody leads, with those of it who may be sent now: {id, people, women, skills}."""
    found = await (
        await conn.execute(
            "SELECT id FROM teams WHERE leader_id = %s AND status = 'active' ORDER BY id DESC LIMIT 1", (leader_id,)
        )
    ).fetchone()
    return (await teams(conn, [found["id"]])).get(found["id"]) if found else None


async def add(conn: Conn, row: Mapping[str, Any]) -> DictRow | None:
    """Put an offer down; None when one of this task waits for her answer already."""
    return await (
        await conn.execute(
            "INSERT INTO offers (id, task_id, volunteer_id, team_id, kind, fence, channel, points, reasons, made_by,"
            " expires_at, note_sealed, data_key_wrapped, sealing_key_id) VALUES (%(id)s, %(task_id)s,"
            " %(volunteer_id)s, %(team_id)s, %(kind)s, %(fence)s, %(channel)s, %(points)s, %(reasons)s, %(made_by)s,"
            " clock_timestamp() + make_interval(secs => %(answer_s)s), %(note_sealed)s, %(wrapped)s, %(key_id)s)"
            " ON CONFLICT (task_id, volunteer_id) WHERE answered_at IS NULL DO NOTHING RETURNING id, expires_at",
            {**row, "reasons": Jsonb(row["reasons"])},
        )
    ).fetchone()


async def offer(conn: Conn, offer_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One offer with its task."""
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}, {STANDS} AS stands{_FROM}WHERE o.id = %s" + (" FOR NO KEY UPDATE OF o" if lock else ""),
            (offer_id,),
        )
    ).fetchone()


async def note(conn: Conn, offer_id: UUID) -> DictRow | None:
    """The sealed words of a hand-over."""
    return await (
        await conn.execute("SELECT note_sealed, data_key_wrapped FROM offers WHERE id = %s", (offer_id,))
    ).fetchone()


_FILTERS: Final = {
    "volunteer": "o.volunteer_id = %(volunteer)s",
    "task": "o.task_id = %(task)s",
    "centres": "q.centre_id = ANY(%(centres)s)",
    "emergencies": "t.emergency_id = ANY(%(emergencies)s)",
}


async def task(conn: Conn, task_id: UUID) -> DictRow | None:
    """What an offer says of its task."""
    return await (
        await conn.execute(
            "SELECT t.id, t.fence, t.emergency_id, t.urgency, t.state, t.crew_min, t.women_min, t.skills, q.centre_id"
            " FROM tasks t JOIN queues q ON q.id = t.queue_id WHERE t.id = %s",
            (task_id,),
        )
    ).fetchone()


async def offers(conn: Conn, filters: Mapping[str, Any], *, live: bool, limit: int) -> list[DictRow]:
    """Offers, the newest first; `live`: those that can still be taken."""
    where = [_FILTERS[name] for name, value in filters.items() if value is not None]
    if live:
        where.append(STANDS)
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}, {STANDS} AS stands{_FROM}WHERE {' AND '.join(where) or 'true'}"
            " ORDER BY o.made_at DESC, o.id DESC LIMIT %(limit)s",
            {**filters, "limit": limit},
        )
    ).fetchall()


async def answered(conn: Conn, offer_id: UUID, answer: str) -> None:
    """How it was answered; an answer that came late stands in the place of `expired`."""
    await conn.execute(
        "UPDATE offers SET answer = %s, answered_at = clock_timestamp() WHERE id = %s", (answer, offer_id)
    )


async def close_others(conn: Conn, task_id: UUID, offer_id: UUID, answer: str) -> list[DictRow]:
    """The task has its holder: nobody else can take it any more."""
    return await (
        await conn.execute(
            "WITH gone AS (SELECT id FROM offers WHERE task_id = %s AND id <> %s AND answered_at IS NULL ORDER BY id"
            " FOR NO KEY UPDATE) UPDATE offers o SET answer = %s, answered_at = clock_timestamp() FROM gone"
            " WHERE o.id = gone.id RETURNING o.id, o.volunteer_id, o.kind",
            (task_id, offer_id, answer),
        )
    ).fetchall()


async def neighbours(conn: Conn, each: int) -> dict[UUID, list[UUID]]:
    """The nearest other active centres of each active centre, nearest first."""
    rows = await (
        await conn.execute(
            "SELECT c.id, coalesce(array_agg(x.id ORDER BY x.d) FILTER (WHERE x.id IS NOT NULL), '{}') AS near"
            " FROM centres c LEFT JOIN LATERAL"
            " (SELECT o.id, o.geom <-> c.geom AS d FROM centres o WHERE o.id <> c.id AND o.active"
            " ORDER BY o.geom <-> c.geom LIMIT %s) x ON true WHERE c.active GROUP BY c.id",
            (each,),
        )
    ).fetchall()
    return {r["id"]: r["near"] for r in rows}


async def now(conn: Conn) -> datetime:
    """The database's clock."""
    row = await (await conn.execute("SELECT clock_timestamp() AS now")).fetchone()
    moment: datetime = row["now"] if row else datetime.now(UTC)
    return moment


async def people(conn: Conn, volunteer_ids: Sequence[UUID]) -> list[DictRow]:
    """Those of these who are known: {id, code, centre_id}."""
    return await (
        await conn.execute(
            "SELECT id, code, centre_id FROM volunteers WHERE id = ANY(%s::uuid[])", (arrays.uuids(volunteer_ids),)
        )
    ).fetchall()


async def person(conn: Conn, who: UUID | str) -> DictRow | None:
    """A volunteer by id or by code, locked, as `claim_queries.lock_volunteers` gives her."""
    found = await (
        await conn.execute(
            "SELECT id FROM volunteers WHERE " + ("id = %s" if isinstance(who, UUID) else "code = %s"), (who,)
        )
    ).fetchone()
    if found is None:
        return None
    return (await lock_volunteers(conn, [found["id"]])).get(found["id"])


async def close_hand_overs(conn: Conn, task_id: UUID, volunteer_id: UUID) -> list[DictRow]:
    """Take back what the holder asked of others, or of her before, and proposals of the task that wait for her."""
    return await (
        await conn.execute(
            "WITH gone AS (SELECT id FROM offers WHERE task_id = %s AND answered_at IS NULL"
            " AND (kind = 'hand_over' OR volunteer_id = %s) ORDER BY id FOR NO KEY UPDATE)"
            " UPDATE offers o SET answer = 'withdrawn', answered_at = clock_timestamp() FROM gone WHERE o.id = gone.id"
            " RETURNING o.id, o.volunteer_id, o.kind",
            (task_id, volunteer_id),
        )
    ).fetchall()
