"""SQL of the sender's loop: what is due, who takes it, what became of it, what a day has cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_LOCK: Final = 0x68616D79_0B0C
"""One claim at a time in the whole instance: caps and limits are counted under it, in a few milliseconds."""
HANDED: Final = "('sending', 'sent', 'delivered', 'unsure')"


@dataclass(frozen=True, slots=True)
class Later:
    """A message put off: not before so many seconds from now, and why."""

    id: UUID
    seconds: float
    reason: str


async def take_turn(conn: Conn) -> datetime:
    """Wait for this process's turn to claim, until the transaction ends; the database's now."""
    await conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    return await now(conn)


async def now(conn: Conn) -> datetime:
    """The database's now."""
    row = await (await conn.execute("SELECT clock_timestamp() AS now")).fetchone()
    moment: datetime = row["now"]  # type: ignore[index]
    return moment


async def due(conn: Conn, limit: int) -> list[DictRow]:
    """Messages whose time has come, first to last, locked; `stopped`: the number said STOP meanwhile."""
    return await (
        await conn.execute(
            "SELECT m.id, m.emergency_id, m.kind, m.priority, m.to_sealed, m.to_hash, m.lang, m.template, m.params,"
            " m.words_sealed, m.gateway_id, m.reference, m.reason, m.attempts, m.expires_at, m.data_key_wrapped, EXISTS"
            " (SELECT 1 FROM stopped_numbers s WHERE s.to_hash = m.to_hash) AS stopped FROM messages m"
            " WHERE m.state = 'queued' AND m.not_before <= clock_timestamp()"
            " ORDER BY m.priority, m.not_before, m.id LIMIT %s FOR UPDATE OF m SKIP LOCKED",
            (limit,),
        )
    ).fetchall()


async def handed_lately(conn: Conn, hashes: Sequence[bytes]) -> dict[bytes, int]:
    """How many messages each number was sent within the hour."""
    rows = await (
        await conn.execute(
            "SELECT to_hash, count(*) AS n FROM messages WHERE to_hash = ANY(%s)"  # noqa: S608 - a constant
            " AND created_at > clock_timestamp() - interval '3 days'"
            f" AND state IN {HANDED} AND sent_at > clock_timestamp() - interval '1 hour' GROUP BY to_hash",
            (list(hashes),),
        )
    ).fetchall()
    return {bytes(row["to_hash"]): row["n"] for row in rows}


async def spent(conn: Conn, day: date) -> dict[UUID, int]:
    """Segments that each gateway was handed on a day."""
    rows = await (await conn.execute("SELECT gateway_id, segments FROM gateway_days WHERE day = %s", (day,))).fetchall()
    return {row["gateway_id"]: row["segments"] for row in rows}


async def charge(conn: Conn, day: date, costs: Mapping[UUID, tuple[int, int]]) -> None:
    """Add segments and messages to gateways' day; negative ones give back what certainly was not sent."""
    if not costs:
        return
    rows = sorted(costs.items())
    await conn.execute(
        "INSERT INTO gateway_days AS d (gateway_id, day, segments, messages)"
        " SELECT v.id, %s, v.s, v.m FROM unnest(%s::uuid[], %s::int[], %s::int[]) AS v(id, s, m)"
        " ON CONFLICT (gateway_id, day) DO UPDATE SET segments = greatest(0, d.segments + excluded.segments),"
        " messages = greatest(0, d.messages + excluded.messages)",
        (day, [key for key, _ in rows], [cost[0] for _, cost in rows], [cost[1] for _, cost in rows]),
    )


async def start(conn: Conn, rows: Sequence[tuple[UUID, UUID | None, int, str | None]], lease_s: float) -> None:
    """Mark messages as being handed over: id, gateway, segments, its name there. Committed before a gateway hears."""
    if not rows:
        return
    await conn.execute(
        "UPDATE messages m SET state = 'sending', gateway_id = v.gateway, segments = v.segments, reference = v.name,"
        " attempts = m.attempts + 1, lease_until = clock_timestamp() + make_interval(secs => %s),"
        " sent_at = clock_timestamp()"
        " FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[]) AS v(id, gateway, segments, name)"
        " WHERE m.id = v.id",
        (lease_s, *([row[i] for row in rows] for i in range(4))),
    )


async def put_off(conn: Conn, rows: Sequence[Later]) -> None:
    """Look at messages later. What marks an earlier attempt stays their reason."""
    if not rows:
        return
    await conn.execute(
        "UPDATE messages m SET not_before = clock_timestamp() + make_interval(secs => v.s),"
        " reason = CASE WHEN m.reason IN ('asking', 'resent') THEN m.reason ELSE v.reason END"
        " FROM unnest(%s::uuid[], %s::float8[], %s::text[]) AS v(id, s, reason) WHERE m.id = v.id",
        ([r.id for r in rows], [r.seconds for r in rows], [r.reason for r in rows]),
    )


async def close(conn: Conn, rows: Sequence[tuple[UUID, str, str]]) -> list[DictRow]:
    """End messages that nobody is handing over: id, state, reason. What was ended, for its events."""
    if not rows:
        return []
    return await (
        await conn.execute(
            "UPDATE messages m SET state = v.state, reason = v.reason, lease_until = NULL"
            " FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS v(id, state, reason) WHERE m.id = v.id"
            " RETURNING m.id, m.emergency_id, m.kind, m.priority, m.state, m.reason",
            ([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]),
        )
    ).fetchall()


async def accepted(conn: Conn, rows: Sequence[tuple[UUID, int, str, str | None]]) -> None:
    """Gateways have them: id, attempt, state, reference. A report of delivery that came before this stands."""
    if not rows:
        return
    await conn.execute(
        "UPDATE messages m SET state = CASE WHEN m.state IN ('sending', 'unsure', 'queued') THEN v.state ELSE m.state"
        " END, reference = coalesce(m.reference, v.reference), lease_until = NULL, sent_at = clock_timestamp(),"
        " delivered_at = CASE WHEN v.state = 'delivered' THEN clock_timestamp() ELSE m.delivered_at END,"
        " reason = CASE WHEN m.reason = 'resent' THEN m.reason END"
        " FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[]) AS v(id, attempt, state, reference)"
        " WHERE m.id = v.id AND m.attempts = v.attempt"
        # The phone took it, and said that it could not send it before we heard the former.
        " AND NOT (m.state = 'queued' AND m.reason = 'phone_failed')",
        tuple([row[i] for row in rows] for i in range(4)),
    )


async def again(conn: Conn, message_id: UUID, attempt: int, seconds: float, reason: str, *, keep_gateway: bool) -> bool:
    """Queue it once more; False when it is no longer this attempt's. `keep_gateway`: only that one may be asked."""
    done = await conn.execute(
        "UPDATE messages SET state = 'queued', lease_until = NULL,"
        " not_before = clock_timestamp() + make_interval(secs => %(seconds)s),"
        " reason = CASE WHEN reason = 'resent' THEN reason ELSE %(reason)s END,"
        " gateway_id = CASE WHEN %(keep)s THEN gateway_id END, reference = CASE WHEN %(keep)s THEN reference END"
        " WHERE id = %(id)s AND attempts = %(attempt)s AND state = 'sending'",
        {"id": message_id, "attempt": attempt, "seconds": seconds, "reason": reason, "keep": keep_gateway},
    )
    return done.rowcount == 1


async def ended(conn: Conn, message_id: UUID, attempt: int, state: str, reason: str) -> DictRow | None:
    """End an attempt for good; None when a report ended it before."""
    return await (
        await conn.execute(
            "UPDATE messages SET state = %s, reason = %s, lease_until = NULL"
            " WHERE id = %s AND attempts = %s AND state = 'sending'"
            " RETURNING id, emergency_id, kind, priority, state, reason",
            (state, reason, message_id, attempt),
        )
    ).fetchone()


async def abandoned(conn: Conn, limit: int) -> list[DictRow]:
    """Messages whose sender was killed between handing over and writing down, locked."""
    return await (
        await conn.execute(
            "SELECT id, priority, reason, gateway_id, attempts FROM messages"
            " WHERE state = 'sending' AND lease_until < clock_timestamp()"
            " ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED",
            (limit,),
        )
    ).fetchall()


async def expire(conn: Conn, limit: int) -> list[DictRow]:
    """End what is worthless by now: `dropped`, or `unsure` where an attempt without an answer went before."""
    return await (
        await conn.execute(
            "UPDATE messages SET state = CASE WHEN reason IN ('asking', 'resent') THEN 'unsure' ELSE 'dropped' END,"
            " reason = 'expired', lease_until = NULL WHERE id IN (SELECT id FROM messages WHERE state = 'queued'"
            " AND expires_at <= clock_timestamp() LIMIT %s FOR UPDATE SKIP LOCKED)"
            " RETURNING id, emergency_id, kind, priority, state, reason",
            (limit,),
        )
    ).fetchall()


async def stuck(conn: Conn, seconds: float) -> int:
    """How many messages wait for a gateway for longer than they should; not those that wait for morning or a cap."""
    row = await (
        await conn.execute(
            "SELECT count(*) AS n FROM messages WHERE state = 'queued'"
            " AND coalesce(reason, '') NOT IN ('quiet', 'cap', 'limit')"
            # Gathered receipts wait ten minutes on purpose; all that came due in one moment are no queue that stands.
            " AND created_at < clock_timestamp() - make_interval(secs => %(s)s,"
            " mins => CASE template WHEN 'receipt.many' THEN 10 ELSE 0 END) AND (attempts > 0"
            " OR reason IN ('no_gateway', 'gateway_down', 'busy')"
            " OR not_before < clock_timestamp() - make_interval(secs => %(s)s))",
            {"s": seconds},
        )
    ).fetchone()
    return int(row["n"]) if row else 0
