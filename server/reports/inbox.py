"""Looking at how messages were read, one after the other: who is given which, what a look says, and taking it back.

Two people never get the same message: a desk (one open page) is given the next few that nobody holds, for two minutes;
it holds on to them while it is open. A desk that is gone gives them back by its silence.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, SealedEvent, emit, emit_many
from server.reports import (
    amending,
    amending_queries,
    amending_rules,
    asking,
    asking_queries,
    inbox_rules,
    parts,
    service,
    watching,
)
from server.reports import inbox_queries as queries
from server.reports.form_answers import with_forms
from server.reports.hearing import Heard
from server.reports.schemas import reading_answer

HELD_S: Final = 120.0
LATER_S: Final = 600.0
UNSURE_MOST: Final = 3
_BRIEF: Final = (
    "type", "id", "code", "category", "status", "verification", "urgency", "people", "households", "quantity", "unit",
    "voices", "accuracy_m", "version", "last_reported_at", "role",
)  # fmt: skip


async def queue(conn: Conn, _ctx: Context, heard: Sequence[Heard]) -> list[UUID]:
    """Let a batch of reports wait for a look, in the chain's transaction."""
    voices = await queries.known(conn, [h.report_id for h in heard]) if heard else {}
    ranked = [(h, inbox_rules.rank(h.urgency, h.channel, h.verb, voices.get(h.report_id, 1))) for h in heard]
    rows = [(h.report_id, h.emergency_id, rank, h.at) for h, rank in ranked if rank is not None]
    if rows:
        await queries.add(conn, rows)
    return []


async def project(conn: Conn, events: Sequence[SealedEvent]) -> None:
    """A reading that was corrected anywhere has been looked at."""
    for event in events:
        if event.verb == "report.corrected" and not event.data.get("undone"):
            await queries.looked(conn, event.subject_id, event.actor)


async def take(
    conn: Conn,
    ctx: Context,
    principal: Principal,
    *,
    desk: UUID,
    emergency: UUID | None,
    within: Sequence[UUID] | None,
    have: Sequence[UUID],
    most: int,
) -> dict[str, Any]:
    """The next messages for a desk, opened (on record); which of those it `have`s it still holds; how many wait."""
    kept = await queries.keep(conn, desk, have, HELD_S) if have else []
    ids = await queries.take(conn, desk=desk, emergency=emergency, within=within, have=have, most=most, seconds=HELD_S)
    return {
        "items": await opened(conn, ctx, principal, ids),
        "kept": kept,
        **await queries.waiting(conn, emergency, within),
    }


async def opened(conn: Conn, ctx: Context, principal: Principal, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Reports with words, reading and what they were joined to. Each goes on record as `report.opened`.

    `inbox` in the event: words were handed to a page ahead of time, which by itself is no look.
    """
    rows = [r for r in await queries.items(conn, ids) if service.may_see(principal, "report.open", r)]
    known = [r["id"] for r in rows]
    records = await queries.records(conn, known) if rows else {}
    anew = await queries.proposals(conn, known) if rows else {}
    unsure: dict[UUID, list[dict[str, Any]]] = {}
    for question in await asking_queries.of_reports(conn, known) if rows else ():
        unsure.setdefault(question["report_id"], []).append(asking.item(question))
    made = [
        await _item(conn, ctx, row, records.get(row["id"], []))
        | {"unsure": unsure.get(row["id"], [])[:UNSURE_MOST], "anew": _anew(anew.get(row["id"]))}
        for row in await with_forms(conn, rows)
    ]
    await emit_many(
        conn,
        [
            NewEvent("report.opened", "report", r["id"], r["emergency_id"], principal.actor, data={"inbox": True})
            for r in rows
        ],
    )
    return made


async def _item(conn: Conn, ctx: Context, row: DictRow, records: Sequence[DictRow]) -> dict[str, Any]:
    words = service.opened(ctx, row)
    whole = await parts.whole_of(conn, ctx, row["id"]) if parts.FLAG in row["flags"] else None
    said = reading_answer(row["id"], row["read_state"], row["reading"], [])
    said |= {"by": amending_rules.made_by(row["rules_version"], row["reading"]), "version": row["version"]}
    return {
        "id": row["id"],
        "receipt": row["receipt"],
        "channel": row["channel"],
        "emergency": row["emergency_id"],
        "emergency_fa": row["emergency_fa"],
        "emergency_en": row["emergency_en"],
        "received_at": row["received_at"],
        "flags": row["flags"],
        "conflict": row["conflict"],
        "watched": row["watched"],
        "looked": row["looked_at"] is not None,
        "text": (whole or {}).get("text") or words["text"],
        "partial": bool(whole and whole.get("partial")),
        "sealed": words.get("sealed", False),
        "form": words.get("form"),
        "sender": words["sender"],
        "reading": {k: v for k, v in said.items() if k not in {"joined_to", "links"}},
        "records": [_brief(r) for r in records],
    }


def _anew(row: DictRow | None) -> dict[str, Any] | None:
    return {"id": row["id"], "to": amending_rules.labels(row["after"])} if row else None


def _brief(row: DictRow) -> dict[str, Any]:
    place = {"fa": row["place_fa"] or row["place_en"], "en": row["place_en"]} if row["place_en"] else None
    return {name: row[name] for name in _BRIEF} | {"place": place}


async def answer(
    conn: Conn, ctx: Context, wish: amending.Wish, changes: Mapping[str, Any], *, look: bool
) -> dict[str, Any]:
    """A person has looked at a reading, and maybe set it right. Twice is once, also after a lost answer.

    Raises 412 with the current reading when somebody else has made another of it meanwhile.
    """
    row = await service.seen(conn, wish.principal, "report.correct", wish.report_id)
    version = None
    if changes and not await _stands(conn, row["id"], changes):
        _, version = await amending.correct(conn, ctx, wish, changes)
    if look and await queries.looked(conn, row["id"], wish.principal.actor):
        await watching.seen(conn, [row["id"]], wish.principal.actor)
        data = {"corrected": bool(changes)}
        await emit(
            conn,
            NewEvent("report.looked", "report", row["id"], row["emergency_id"], wish.principal.actor, data=data),
        )
    return {"id": row["id"], "version": version}


async def _stands(conn: Conn, report_id: UUID, changes: Mapping[str, Any]) -> bool:
    """Whether the reading says already what somebody wants it to say: her first try came through."""
    standing = await amending_queries.current(conn, report_id)
    if standing is None or standing["rules_version"] != amending_rules.PERSON:
        return False
    return not amending_rules.changed(standing["reading"], amending_rules.corrected(standing["reading"], changes))


async def undo(conn: Conn, ctx: Context, wish: amending.Wish, desk: UUID) -> dict[str, Any]:
    """Take a look back, and the correction that made version `wish.version` (0: there was none) if it still stands.

    With a mere look the watch over a life that it ended goes on; who corrected a message has read it.
    """
    row = await service.seen(conn, wish.principal, "report.correct", wish.report_id)
    if wish.version and await amending_queries.version(conn, row["id"]) == wish.version:
        await amending.undo(conn, ctx, wish)
    since = await queries.unlook(conn, row["id"], desk, HELD_S)
    if since is not None and not wish.version:
        await watching.unseen(conn, row["id"], since, HELD_S)
    data = {"undone": True}
    await emit(
        conn, NewEvent("report.looked", "report", row["id"], row["emergency_id"], wish.principal.actor, data=data)
    )
    return await one(conn, ctx, wish.principal, row["id"])


async def one(conn: Conn, ctx: Context, principal: Principal, report_id: UUID) -> dict[str, Any]:
    """One report as the queue shows it."""
    found = await opened(conn, ctx, principal, [report_id])
    if not found:
        raise not_found("report")
    return found[0]
