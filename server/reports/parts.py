"""Long messages whose parts come apart: each part is a report of its own, one of them speaks for the whole.

The lead is the part that was seen first. It waits until all are there, five minutes at most; then it is read with the
words of all that came. A part that comes later makes it be read again: what only the cut words had told is taken back,
except where a person has decided or somebody is on the way; there a person is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.access.context import Context
from server.access.sealing import SealedError
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.reports import chain_queries, counting, links
from server.reports import parts_queries as queries
from server.reports.answer_queries import held_needs
from server.reports.deciding import MADE_BY
from server.reports.intake import TABLE
from server.reports.parts_rules import HOLD_S, Member, Piece, joined, lead_for, note
from server.reports.udh import Concat, from_meta

FLAG: Final = "part"
_LIVE: Final = frozenset({"open", "tasked"})


@dataclass(slots=True)
class TakenBack:
    """What a report was taken out of before it is read again: (report, kind, record)."""

    undone: list[tuple[UUID, links.Subject, UUID]] = field(default_factory=list)


async def gather(conn: Conn, ctx: Context, rows: Sequence[DictRow]) -> list[DictRow]:
    """The rows of a batch that are to be read now: leads with the words of all their parts, parts themselves left out.

    Rows without the flag pass as they are; so do parts of an unknown sender, which nobody can put together safely.
    """
    parts: dict[UUID, tuple[Concat, bytes]] = {}
    for row in rows:
        if FLAG in row["flags"] and row["sender_hash"] and (part := _part(ctx, row)):
            said = f"{bytes(row['sender_hash']).hex()}:{part.reference}:{part.total}"
            parts[row["id"]] = part, ctx.sealing.keyed_hash("whole", said)
    if not parts:
        return list(rows)
    await queries.lock_wholes(conn, [whole for _, whole in parts.values()])
    leads, fresh = await _placed(conn, rows, parts)
    words = await queries.of_leads(conn, set(leads.values()))
    have: dict[UUID, set[int]] = {}
    for member in words:
        have.setdefault(member["lead_id"], set()).add(member["number"])
    total = {leads[report_id]: part.total for report_id, (part, _) in parts.items()}
    complete = {lead for lead, n in total.items() if len(have[lead]) >= n}
    here = {row["id"] for row in rows}
    await _wait(conn, [lead for lead in fresh if lead not in complete])
    await _wake(conn, leads, here, {lead: (sorted(have[lead]), lead in complete) for lead in total})
    ready = []
    for row in rows:
        lead = leads.get(row["id"])
        if lead is None:
            ready.append(row)
        elif lead == row["id"] and (lead in complete or lead not in fresh):
            of_it = [member for member in words if member["lead_id"] == lead]
            ready.append({**row, "whole": _whole(ctx, of_it, total[lead])})
    assigned = [row["id"] for row in ready if "whole" in row and row["emergency_id"] and row["read_at"]]
    followed = await queries.follow(conn, assigned) if assigned else []
    await emit_many(conn, [NewEvent("report.assigned", "report", r["id"], r["emergency_id"]) for r in followed])
    return ready


def _part(ctx: Context, row: DictRow) -> Concat | None:
    if row["meta_sealed"] is None:
        return None
    try:
        record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
        meta = orjson.loads(record.open("meta_sealed", row["meta_sealed"]) or b"{}")
    except (SealedError, orjson.JSONDecodeError):
        return None
    return from_meta(meta) if isinstance(meta, dict) else None


async def _placed(
    conn: Conn, rows: Sequence[DictRow], parts: Mapping[UUID, tuple[Concat, bytes]]
) -> tuple[dict[UUID, UUID], set[UUID]]:
    """Each part's lead, and the leads that are new with this batch; new parts are written down."""
    known: dict[bytes, list[Member]] = {}
    leads: dict[UUID, UUID] = {}
    for row in await queries.members(conn, [whole for _, whole in parts.values()]):
        member = Member(row["report_id"], row["number"], row["lead_id"], bytes(row["body_hash"]), row["received_at"])
        known.setdefault(bytes(row["whole"]), []).append(member)
        leads[member.report_id] = member.lead
    new, fresh = [], set()
    for row in sorted(rows, key=lambda r: (r["received_at"], r["id"])):
        if row["id"] not in parts or row["id"] in leads:
            continue
        part, whole = parts[row["id"]]
        siblings = known.setdefault(whole, [])
        body_hash = bytes(row["body_hash"])
        lead = lead_for(part, body_hash, row["received_at"], siblings)
        if lead is None:
            lead = row["id"]
            fresh.add(lead)
        siblings.append(Member(row["id"], part.number, lead, body_hash, row["received_at"]))
        leads[row["id"]] = lead
        new.append((row["id"], whole, part.number, part.total, lead))
    if new:
        await queries.add(conn, new)
    return {report_id: leads[report_id] for report_id in parts}, fresh


async def _wait(conn: Conn, leads: Sequence[UUID]) -> None:
    if leads:
        await queries.hold(conn, leads, HOLD_S)


async def _wake(
    conn: Conn, leads: Mapping[UUID, UUID], here: set[UUID], news: Mapping[UUID, tuple[list[int], bool]]
) -> None:
    """Parts that do not lead are done with; their leads elsewhere are woken when there is something new to read.

    A part whose lead another holds at this moment stays as it is, and is taken up again in a moment.
    """
    others = [report_id for report_id, lead in leads.items() if lead != report_id]
    elsewhere = sorted({leads[report_id] for report_id in others} - here)
    woken = await queries.wake(
        conn, [(lead, orjson.dumps(news[lead][0]).decode(), news[lead][1]) for lead in elsewhere]
    )
    done = [report_id for report_id in others if leads[report_id] in here or leads[report_id] in woken]
    if not done:
        return
    settled = await queries.settle(conn, done)
    await emit_many(
        conn,
        [
            NewEvent("report.read", "report", r["id"], r["emergency_id"], data={"part_of": str(r["lead_id"])})
            for r in settled
        ],
    )


def _whole(ctx: Context, members: Sequence[DictRow], total: int) -> dict[str, Any]:
    """All words of a message, and which parts they are of."""
    pieces = []
    for member in members:
        try:
            record = ctx.sealing.of(TABLE, member["report_id"], bytes(member["data_key_wrapped"]))
            body = record.open("body_sealed", member["body_sealed"]) or b""
        except SealedError:
            continue
        pieces.append(Piece(member["number"], body, member["content_type"]))
    return {"text": joined(pieces, total), **note([piece.number for piece in pieces], total)}


async def whole_of(conn: Conn, ctx: Context, report_id: UUID) -> dict[str, Any] | None:
    """The whole message that a report is part of, for those who may read it: its lead, words, parts, `partial`."""
    part = await queries.part_of(conn, report_id)
    if part is None:
        return None
    members = await queries.of_leads(conn, [part["lead_id"]])
    return {"lead": part["lead_id"], "number": part["number"], **_whole(ctx, members, part["total"])}


async def lead_of(conn: Conn, report_id: UUID) -> UUID | None:
    """The report that speaks for a part; None for whatever is no part or speaks for itself."""
    part = await queries.part_of(conn, report_id)
    return part["lead_id"] if part and part["lead_id"] != report_id else None


def _subject(row: DictRow) -> links.Subject:
    return links.Subject("need", row["need_id"]) if row["need_id"] else links.Subject("incident", row["incident_id"])


async def take_back(conn: Conn, again: Sequence[UUID]) -> TakenBack:
    """Before these leads are woven anew: take them out of the records that nobody has touched.

    The caller holds the emergencies' lock and weaves next, which joins them again where they still belong.
    """
    back, events = TakenBack(), []
    rows = await queries.chain_links(conn, again, MADE_BY) if again else []
    held = await held_needs(conn, [row["need_id"] for row in rows if row["need_id"]]) if rows else set()
    for row in rows:
        subject = (
            links.Subject("need", row["need_id"]) if row["need_id"] else links.Subject("incident", row["incident_id"])
        )
        if row["status"] in _LIVE and not row["decided"] and subject.id not in held:
            back.undone.append((row["report_id"], subject, row["emergency_id"]))
        else:
            data = {"proposal": "reread", "report": str(row["report_id"])}
            events.append(NewEvent(f"{subject.kind}.changed", subject.kind, subject.id, row["emergency_id"], data=data))
    gone = {subject.id for _, subject, _ in back.undone}
    undone = [row["id"] for row in rows if (row["need_id"] or row["incident_id"]) in gone]
    if undone:
        await chain_queries.undo_links(conn, undone, MADE_BY)
        for kind in ("incident", "need"):
            if ids := [s.id for _, s, _ in back.undone if s.kind == kind]:
                await counting.anew(conn, kind, ids)
    await emit_many(conn, events)
    return back


async def settle(conn: Conn, ctx: Context, back: TakenBack) -> list[UUID]:
    """After weaving: records that a lead did not join again are counted anew, empty ones closed; the needs changed."""
    if not back.undone:
        return []
    standing = await queries.linked(conn, [report for report, _, _ in back.undone])
    left = {s for report, s, _ in back.undone if (report, s.id) not in standing}
    of_needs = sorted(s.id for s in left if s.kind == "need")
    of_incidents = sorted(s.id for s in left if s.kind == "incident")
    if of_incidents:
        await links.recount(conn, ctx, "incident", of_incidents)
    if of_needs:
        await links.recount(conn, ctx, "need", of_needs)
    closed = {row["id"]: row for row in await queries.close_empty(conn, of_needs, of_incidents)}
    emergencies = {s.id: emergency for _, s, emergency in back.undone}
    await emit_many(
        conn,
        [
            NewEvent(
                f"{s.kind}.changed",
                s.kind,
                s.id,
                emergencies[s.id],
                data={"fields": ["status"], "status": closed[s.id]["status"], "cause": "reread"}
                if s.id in closed
                else {"cause": "reread"},
            )
            for s in sorted(left, key=lambda s: s.id)
        ],
    )
    return of_needs
