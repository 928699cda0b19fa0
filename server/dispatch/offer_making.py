"""Putting offers down: sealed where they carry words, texted where her page is not looked at, told as events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.dispatch import offer_queries as queries
from server.dispatch import telling
from server.dispatch.offer_rules import Channel
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.kernel.ids import uuid7

TABLE = "offers"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A task (`task`: its id, fence, urgency, emergency_id, centre_id) for somebody, and why her.

    `points` and `reasons` are those of the ranking. `fence` is the giver's in a hand-over, `note` her words.
    """

    task: Mapping[str, Any]
    volunteer_id: UUID
    channel: Channel
    answer_s: int
    made_by: str
    points: float = 0.0
    reasons: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    team_id: UUID | None = None
    kind: Literal["offer", "hand_over"] = "offer"
    fence: int | None = None
    note: str | None = None


async def make(conn: Conn, ctx: Context, proposals: Sequence[Proposal]) -> list[dict[str, Any]]:
    """Make these offers in the caller's transaction; who has one of the same task already gets none.

    Returns {id, task_id, volunteer_id, channel, expires_at} of those that were made. The caller commits, then rings
    the outbox.
    """
    made = []
    for proposal in proposals:
        offer_id = uuid7()
        record = ctx.sealing.new(TABLE, offer_id) if proposal.note else None
        row = {
            "id": offer_id,
            "task_id": proposal.task["id"],
            "volunteer_id": proposal.volunteer_id,
            "team_id": proposal.team_id,
            "kind": proposal.kind,
            "fence": proposal.fence,
            "channel": proposal.channel,
            "points": proposal.points,
            "reasons": [dict(r) for r in proposal.reasons],
            "made_by": proposal.made_by,
            "answer_s": proposal.answer_s,
            "note_sealed": record.seal("note_sealed", proposal.note) if record else None,
            "wrapped": record.wrapped if record else None,
            "key_id": record.key_id if record else None,
        }
        put = await queries.add(conn, row)
        if put:
            made.append((proposal, row | put))
    await telling.propose(conn, ctx, [_text(p, row) for p, row in made if p.channel == "sms"])
    await emit_many(conn, [_event(p, row) for p, row in made])
    return [
        {k: row[k] for k in ("id", "task_id", "volunteer_id", "team_id", "channel", "expires_at")} for _, row in made
    ]


def _text(proposal: Proposal, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "task_fence": proposal.task["fence"],
        "urgency": proposal.task["urgency"],
        "emergency_id": proposal.task["emergency_id"],
    }


def _event(proposal: Proposal, row: Mapping[str, Any]) -> NewEvent:
    return NewEvent(
        "offer.made",
        "task",
        row["task_id"],
        proposal.task["emergency_id"],
        proposal.made_by,
        proposal.task["centre_id"],
        {
            "offer": str(row["id"]),
            "volunteer": str(row["volunteer_id"]),
            "kind": proposal.kind,
            "channel": proposal.channel,
        },
    )


def answered_event(row: Mapping[str, Any] | DictRow, answer: str, actor: str = "system") -> NewEvent:
    """`offer.answered`. `row`: the offer's id, task_id, volunteer_id, kind, and its task's emergency and centre."""
    return NewEvent(
        "offer.answered",
        "task",
        row["task_id"],
        row["emergency_id"],
        actor,
        row["centre_id"],
        {"offer": str(row["id"]), "volunteer": str(row["volunteer_id"]), "kind": row["kind"], "answer": answer},
    )
