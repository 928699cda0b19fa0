"""A person sets a reading right: her word is the current reading, and the report is woven anew in the same transaction.

What the report no longer speaks of is counted without it; what others say, what people have decided and tasks that
somebody holds stay. Nothing is deleted: readings and links are kept as history, and a correction can be taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found, stale
from server.kernel.events import NewEvent, emit, emit_many
from server.places import service as places
from server.reports import amending_queries as queries
from server.reports import amending_rules as rules
from server.reports import chain_queries, counting, joining, links, parts, parts_queries
from server.reports.deciding import MADE_BY, link
from server.reports.form_answers import with_forms
from server.reports.hearing import heard_of
from server.reports.intake import TABLE
from server.reports.joining import Kind
from server.reports.landmarks import MARK
from server.reports.service import answer, seen
from server.reports.understanding import Understood, answers_of, moment_of, shown_of, spot_of, veil
from server.reports.weaving import OnNeeds, Weaver

_KINDS: Final[tuple[Kind, ...]] = ("incident", "need")


@dataclass(frozen=True, slots=True)
class Wish:
    """Who corrects which report, having seen which version of its reading; `on_needs`: what follows from needs."""

    principal: Principal
    report_id: UUID
    version: int
    on_needs: Sequence[OnNeeds] = ()


def not_read_yet() -> Problem:
    """409: the chain has not come to it; in a moment there is something to correct."""
    return Problem(
        409,
        "reading.pending",
        "This report has not been read yet; try again in a moment.",
        "این گزارش هنوز خوانده نشده است؛ اندکی بعد دوباره بکوشید.",
    )


def nothing_to_undo() -> Problem:
    """409: the current reading is no correction, or the report had no reading before it."""
    return Problem(
        409,
        "reading.nothing_to_undo",
        "There is no correction that could be taken back.",
        "اصلاحی نیست که بتوان آن را پس گرفت.",
    )


async def correct(conn: Conn, ctx: Context, wish: Wish, changes: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Store a person's reading of a report and weave it anew; the reading as answered, and its version.

    Raises 404, 409 `reading.pending`, 412 with the current reading when somebody was faster. A correction that
    changes nothing has no effect.
    """
    row, standing = await _taken(conn, wish)
    before = standing["reading"] if standing else None
    after = rules.corrected(before, changes)
    fields = rules.changed(before, after)
    if fields:
        # A point that she gave goes on in the records, where it is sealed; the reading lies open.
        veiled = veil(ctx.sealing, changes["place"]) if changes.get("place") and after["place"] else None
        shown = after | ({"place": veiled} if veiled else {})
        made = await queries.put_reading(conn, row["id"], shown, rules.PERSON)
        await queries.add_correction(
            conn,
            {
                "report_id": row["id"],
                "reading_id": made,
                "before_id": standing["id"] if standing else None,
                "made_by": wish.principal.actor,
                "fields": fields,
                "before": rules.labels(before),
                "after": rules.labels(shown),
            },
        )
        await weave_anew(conn, ctx, row, before, after, wish.on_needs, wish.principal.actor)
        await _tell(conn, row, wish.principal, {"fields": fields})
    return await answer(conn, row["id"])


async def undo(conn: Conn, ctx: Context, wish: Wish) -> tuple[dict[str, Any], int]:
    """Take the last correction, or what was taken of reading anew, back: what stood before it is the reading again."""
    row, standing = await _taken(conn, wish)
    last = await queries.last_correction(conn, row["id"], standing["id"]) if standing else None
    proposed = await queries.taken_proposal(conn, row["id"], standing["id"]) if standing and not last else None
    before = (last or proposed or {}).get("before_id")
    earlier = await queries.reading(conn, before) if before else None
    if standing is None or before is None or earlier is None:
        raise nothing_to_undo()
    made = await queries.put_reading(conn, row["id"], earlier["reading"], earlier["rules_version"])
    if last:
        await queries.take_back(conn, last["id"], wish.principal.actor)
        await queries.restand(conn, before, made)
    elif proposed:
        await queries.leave_proposal(conn, proposed["id"], wish.principal.actor)
    await weave_anew(conn, ctx, row, standing["reading"], earlier["reading"], wish.on_needs, wish.principal.actor)
    fields = rules.changed(standing["reading"], earlier["reading"])
    await _tell(conn, row, wish.principal, {"fields": fields, "undone": True})
    return await answer(conn, row["id"])


async def _taken(conn: Conn, wish: Wish) -> tuple[DictRow, DictRow | None]:
    """The report, locked, with its current reading, at the version that the person saw."""
    shown = await seen(conn, wish.principal, "report.correct", wish.report_id)
    lead = await parts.lead_of(conn, shown["id"]) if parts.FLAG in shown["flags"] else None
    row = await queries.take(conn, lead or shown["id"])
    if row is None:
        raise not_found("report")
    if row["read_state"] == "pending" and row["read_at"] is None:
        raise not_read_yet()
    standing = await queries.current(conn, row["id"])
    if await queries.version(conn, row["id"]) != wish.version:
        raise stale((await answer(conn, row["id"]))[0])
    return row, standing


async def _tell(conn: Conn, row: DictRow, principal: Principal, data: Mapping[str, Any]) -> None:
    await emit(conn, NewEvent("report.corrected", "report", row["id"], row["emergency_id"], principal.actor, data=data))


async def weave_anew(
    conn: Conn,
    ctx: Context,
    row: DictRow,
    before: Mapping[str, Any] | None,
    after: dict[str, Any],
    on_needs: Sequence[OnNeeds],
    actor: str,
) -> None:
    """Let a locked report, read as `after` instead of `before`, take its place among the records.

    The reading itself is stored by the caller. Records that are touched are counted from their live links.
    """
    ids = await places.place_ids(ctx)
    record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
    answers = answers_of(record, (await with_forms(conn, [row]))[0])
    spot, _ = spot_of(record, row, after, answers, ids)
    old_spot = spot_of(record, row, before, answers, ids)[0] if before else spot
    if row["emergency_id"] is not None:
        await chain_queries.lock_emergencies(conn, [row["emergency_id"]])
    standing = [_standing(r) for r in await queries.standing(conn, row["id"])]
    marks = {name: 1 for s in standing for name in s.said if name.startswith(MARK)}
    report = Understood(
        row["id"],
        row["emergency_id"],
        row["sender_hash"],
        moment_of(row),
        after,
        spot,
        tuple(joining.finds(after, marks)),
        joining.is_closing(after),
        heard_of(record, row, after, "", ctx.settings.country),
        stored=True,
    )
    old = joining.finds(before, marks) if before else []
    moved = old_spot.point != spot.point or old_spot.place_id != spot.place_id
    plan = rules.plan(standing, old, report.finds, moved=moved)
    await _rewrite(conn, report, plan, actor)
    weaver = Weaver(ctx, on_needs)
    await weaver.weave(conn, [replace(report, finds=tuple(plan.fresh))], row["now"])
    changed = [s for s, _ in (plan.keep if moved else plan.said_anew)] + plan.undo
    await weaver.follow(conn, await _settle(conn, ctx, row["emergency_id"], changed, plan, actor))
    await queries.show_at(conn, row["id"], *_shown(after, shown_of(ctx.sealing, answers)))


def _shown(reading: Mapping[str, Any], answered: tuple[float, float] | None) -> tuple[float | None, float | None]:
    """Where a report that came without a point is shown: a person's place wins over the form's, that over words."""
    place = reading.get("place")
    if answered and not (place and "place" in reading.get(rules.DECIDED, ())):
        return answered
    return (place["lon"], place["lat"]) if place else (None, None)


def _standing(row: DictRow) -> rules.Standing:
    return rules.Standing(
        row["id"],
        "need" if row["need_id"] else "incident",
        row["need_id"] or row["incident_id"],
        row["category"],
        row["status"],
        row["said"],
        by_chain=row["made_by"] == MADE_BY,
        renamed="category" in row["decided"],
        pinned=row["sole"] and (row["held"] or bool(row["decided"])),
        role=row["role"],
        made_by=row["made_by"],
    )


async def _rewrite(conn: Conn, report: Understood, plan: rules.Plan, actor: str) -> None:
    """End the links that no longer hold; those that hold say what the report says now."""
    anew = plan.said_anew
    await chain_queries.undo_links(conn, [s.link_id for s in plan.undo] + [s.link_id for s, _ in anew], actor)
    await chain_queries.insert_links(
        conn,
        [link(report.id, s.kind, s.subject_id, s.role, report.sender, said, report.at, s.made_by) for s, said in anew],
    )
    for kind in _KINDS:
        if gone := [s.subject_id for s in [*plan.undo, *(s for s, _ in anew)] if s.kind == kind]:
            await counting.anew(conn, kind, gone)


async def _settle(
    conn: Conn,
    ctx: Context,
    emergency: UUID | None,
    changed: Sequence[rules.Standing],
    plan: rules.Plan,
    actor: str,
) -> list[UUID]:
    """Count the records that were touched, close those that nobody speaks of any more, tell; the needs among them."""
    of = {kind: sorted({s.subject_id for s in changed if s.kind == kind}) for kind in _KINDS}
    for kind in _KINDS:
        if of[kind]:
            await links.lock(conn, kind, of[kind])
            await links.recount(conn, ctx, kind, of[kind])
    empty = {kind: [s.subject_id for s in plan.undo if s.kind == kind] for kind in _KINDS}
    closed = {r["id"]: r for r in await parts_queries.close_empty(conn, empty["need"], empty["incident"])}
    told = []
    for kind in _KINDS:
        for i in of[kind]:
            data: dict[str, Any] = {"cause": "correction"}
            if i in closed:
                data |= {"fields": ["status"], "status": closed[i]["status"]}
            told.append(NewEvent(f"{kind}.changed", kind, i, emergency, actor, data=data))
    told += [
        NewEvent(f"{s.kind}.changed", s.kind, s.subject_id, emergency, actor, data={"proposal": "reread"})
        for s in plan.ask
    ]
    await emit_many(conn, told)
    return of["need"]
