"""Which messages go now, by which gateway, and which wait: one claim, in one short transaction."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog
from psycopg.rows import DictRow

from server.access.context import Context
from server.access.sealing import SealedError
from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.messaging import rules, segments, sending_queries, templates
from server.messaging.adapters.shapes import Outgoing, Unknown
from server.messaging.delivering import report_url
from server.messaging.kinds import LIFE
from server.messaging.lanes import Desk, Handing
from server.messaging.numbers import phone_number
from server.messaging.outbox import TABLE, heeds_stop
from server.messaging.watching import tell

log = structlog.get_logger("outbox")
UNANSWERED: Final = Unknown("no_answer")
ASKING, RESENT = "asking", "resent"
"""Marks in `messages.reason`: its gateway is asked whether it has it; it was sent a second time, to save a life."""


def after_silence(asks: bool, priority: int, reason: str | None) -> str | None:  # noqa: FBT001 - a rule's input
    """What follows an attempt without an answer: the mark under which it is queued again, or None: it is unsure."""
    if asks:
        return ASKING
    return RESENT if priority == LIFE and reason != RESENT else None


@dataclass(slots=True)
class _Turn:
    """What one claim decided."""

    now: datetime
    ways: list[rules.Way]
    left: int | None
    lately: dict[bytes, int]
    handings: list[Handing] = field(default_factory=list)
    started: list[tuple[UUID, UUID | None, int, str | None]] = field(default_factory=list)
    later: list[sending_queries.Later] = field(default_factory=list)
    closed: list[tuple[UUID, str, str]] = field(default_factory=list)


async def claim(conn: Conn, desk: Desk, limit: int) -> tuple[list[Handing], int]:
    """Mark up to `limit` due messages as being sent; those, and how many more may be worth looking at now.

    The caller commits, and only then hands them over.
    """
    now = await sending_queries.take_turn(conn)
    rows = await sending_queries.due(conn, limit)
    if not rows:
        return [], 0
    local = now.astimezone(desk.zone)
    spent = await sending_queries.spent(conn, local.date())
    cap = desk.ctx.settings.daily_segments
    turn = _Turn(
        local,
        [_way(desk, key, spent) for key in desk.lanes],
        None if cap is None else cap - sum(spent.values()),
        await sending_queries.handed_lately(conn, [row["to_hash"] for row in rows]),
    )
    for row in rows:
        _decide(desk, turn, row)
    await sending_queries.start(conn, turn.started, desk.lease_s)
    costs: dict[UUID, tuple[int, int]] = {}
    for _, gateway, parts, _ in turn.started:
        if gateway:
            known = costs.get(gateway, (0, 0))
            costs[gateway] = known[0] + parts, known[1] + 1
    await sending_queries.charge(conn, local.date(), costs)
    await sending_queries.put_off(conn, turn.later)
    ended = await sending_queries.close(conn, turn.closed)
    await tell(conn, [row for row in ended if row["state"] == "failed"])
    # Those that wait for a gateway's place are due again in a second: looking again at once would find them alone.
    waiting = sum(later.reason in {"busy", "gateway_down"} for later in turn.later)
    return turn.handings, len(rows) - waiting


def _way(desk: Desk, key: UUID | None, spent: dict[UUID, int]) -> rules.Way:
    lane = desk.lanes[key]
    cap = lane.gateway.daily_segments if lane.gateway else None
    left = None if cap is None or key is None else cap - spent.get(key, 0)
    emergency = lane.gateway.emergency_id if lane.gateway else None
    return rules.Way(key, lane.room, lane.well, left, emergency)


def _decide(desk: Desk, turn: _Turn, row: DictRow) -> None:
    """Send, put off or end one message; a record that does not open stops no other."""
    message_id, life = row["id"], row["priority"] == LIFE
    if row["stopped"] and heeds_stop(row["kind"], row["priority"]):
        turn.closed.append((message_id, "unsure" if row["reason"] == ASKING else "dropped", "stopped"))
        return
    put_off = _waits(desk, turn, row)
    if put_off:
        turn.later.append(sending_queries.Later(message_id, *put_off))
        return
    try:
        number, text = opened(desk.ctx, row)
    except (SealedError, KeyError, ValueError, IndexError) as error:
        log.warning("outbox.unreadable", kind=type(error).__name__)
        turn.closed.append((message_id, "failed", "unreadable"))
        return
    parts = segments.count(text)
    only = row["gateway_id"] if row["reason"] == ASKING else None
    asked = rules.Asked(row["priority"], row["attempts"], parts, row["emergency_id"], only)
    way = rules.choose(asked, turn.ways, turn.left)
    if isinstance(way, rules.Wait):
        turn.later.append(sending_queries.Later(message_id, way.seconds, way.reason))
        return
    way.room -= 1
    way.left = None if way.left is None else way.left - parts
    turn.left = None if turn.left is None else turn.left - parts
    key = bytes(row["to_hash"])
    turn.lately[key] = turn.lately.get(key, 0) + 1
    lane = desk.lanes[way.id]
    # Written down before the gateway hears it: a report may overtake the answer, and a killed sender leaves the name.
    name = (row["reference"] or str(uuid7())) if lane.adapter.asks else None
    turn.started.append((message_id, way.id, parts, name))
    lives = max(1, int((row["expires_at"] - turn.now).total_seconds())) if row["expires_at"] else None
    url = report_url(desk.ctx, lane.gateway, message_id) if lane.gateway else ""
    out = Outgoing(message_id, number, text, name or "", life, row["reason"] == ASKING, url, lives)
    turn.handings.append(
        Handing(out, lane, row["attempts"] + 1, parts, row["priority"], row["reason"], turn.now.date())
    )


def _waits(desk: Desk, turn: _Turn, row: DictRow) -> tuple[float, str] | None:
    """Seconds and reason, where quiet hours or the receiver's own limit keep a message back."""
    if row["priority"] == LIFE:
        return None
    if turn.lately.get(bytes(row["to_hash"]), 0) >= desk.ctx.settings.recipient_hourly:
        return rules.LIMIT_WAIT_S, "limit"
    if not rules.keeps_quiet(row["kind"], row["priority"]):
        return None
    end = rules.quiet_end(turn.now, desk.ctx.settings.quiet_hours)
    return ((end.astimezone(UTC) - turn.now.astimezone(UTC)).total_seconds(), "quiet") if end else None


def opened(ctx: Context, row: DictRow) -> tuple[str, str]:
    """The number and the words of a message. Raises SealedError, KeyError or ValueError where it has none."""
    record = ctx.sealing.of(TABLE, row["id"], row["data_key_wrapped"])
    number = phone_number((record.open("to_sealed", row["to_sealed"]) or b"").decode(), ctx.settings.country)
    if number is None:
        raise ValueError("no number")
    if row["template"] is not None:
        return number, templates.render(row["template"], row["lang"], row["params"])
    words = record.open("words_sealed", row["words_sealed"])
    if not words:
        raise ValueError("no words")
    return number, words.decode()
