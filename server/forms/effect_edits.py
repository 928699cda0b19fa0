"""All that one submission does: its own things, and what an earlier edit did taken back, by counter-postings."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.forms import effect_queries as queries
from server.forms.effect_goods import MOVEMENT
from server.forms.effect_people import CHECKIN, CLOSURE, FOLLOWUP
from server.forms.effects import UNDO, Done, Job, Kind, attempt, keep
from server.forms.shelters import SHELTER
from server.kernel.errors import Problem
from server.reports import withdrawing

KINDS: Final[Mapping[str, Kind]] = {k.name: k for k in (MOVEMENT, CLOSURE, SHELTER, CHECKIN, FOLLOWUP)}
ENTITY: Final = "entity"
REPORT: Final = "report"
"""The kind of an effect that takes an earlier edit's needs and incidents back."""
_SHORT: Final = "stock.short"


class _NotWhole(Exception):
    """Goods of which some could not be moved: none are."""


def clash() -> Problem:
    """409: the same form came before with other answers; which of them holds is for a person to say."""
    return Problem(
        409,
        "submission.conflict",
        "This form had come before with other answers; say which holds.",
        "این فرم پیش‌تر با پاسخ‌های دیگری رسیده است؛ بگویید کدام درست است.",
    )


async def carry_out(job: Job, members: Sequence[DictRow]) -> None:
    """Everything that the submission says, each thing kept as done or refused. `members`: its earlier edits."""
    if job.submission["clash"]:
        for kind in KINDS.values():
            for nth, _ in enumerate(kind.things(job.report)):
                await keep(job, kind.name, nth, clash())
        return
    ids = [m["id"] for m in members]
    by = {"by": str(job.submission["id"])}
    if ids:
        job.earlier = await queries.done_effects(job.conn, ids)
        await queries.drop_refused(job.conn, ids, by)
        await _withdraw(job, members)
    await _goods(job, [r for r in job.earlier if r["kind"] == MOVEMENT.name], by)
    said: set[UUID] = set()
    for kind in KINDS.values():
        if kind is not MOVEMENT:
            said |= await _others(job, kind)
    for nth, row in enumerate(r for r in job.earlier if r["kind"] in KINDS and r["kind"] != MOVEMENT.name):
        if row["subject_id"] in said:
            await queries.mark_effects(job.conn, [row["id"]], "reversed", by)
        else:
            await _undo(job, 1000 + nth, row, by)


async def catch_up(job: Job, members: Sequence[DictRow]) -> None:
    """A submission that does not count has come late, between an edit that does and earlier ones: these go now.

    `members`: the other edits. Where the one that counts is not settled itself, it will do so.
    """
    standing = next((m for m in members if m["current"]), None)
    if standing is None or standing["settled_at"] is None:
        return
    old = [m for m in members if not m["current"]]
    await _withdraw(job, old)
    said = {r["subject_id"] for r in await queries.done_effects(job.conn, [standing["id"]])}
    by = {"by": str(standing["id"])}
    for nth, row in enumerate(await queries.done_effects(job.conn, [m["id"] for m in old])):
        if row["subject_id"] in said and row["kind"] != MOVEMENT.name:
            await queries.mark_effects(job.conn, [row["id"]], "reversed", by)
        elif row["kind"] in KINDS:
            await _undo(job, nth, row, by)


async def _withdraw(job: Job, members: Sequence[DictRow]) -> None:
    """The earlier edits' needs and incidents: what nobody else speaks of goes, what is decided or held is asked."""
    for nth, member in enumerate(members):
        problem = await _attempt_withdraw(job, member["report_id"])
        if problem is not None:
            await keep(job, REPORT, nth, problem, {"report": str(member["report_id"])})


async def _attempt_withdraw(job: Job, report_id: UUID) -> Problem | None:
    return await withdrawing.withdraw(job.conn, job.ctx, report_id, job.on_needs, job.actor, by_hand=job.by_hand)


async def _others(job: Job, kind: Kind) -> set[UUID]:
    said = set()
    for nth, thing in enumerate(kind.things(job.report)):
        outcome = await attempt(job, partial(kind.carry, job, nth, thing))
        await keep(job, kind.name, nth, outcome)
        if isinstance(outcome, Done) and outcome.subject_id:
            said.add(outcome.subject_id)
    return said


async def _undo(job: Job, nth: int, row: DictRow, by: Mapping[str, Any]) -> None:
    """Take back one effect; where that is refused, a person finds it among what was refused."""
    outcome = await attempt(job, partial(_reverse, job, row))
    if isinstance(outcome, Done):
        await queries.mark_effects(job.conn, [row["id"]], "reversed", by)
    else:
        await keep(job, UNDO, nth, outcome, {"effect": str(row["id"]), "kind": row["kind"]})


async def _reverse(job: Job, row: DictRow) -> Done:
    await KINDS[row["kind"]].reverse(job, row)
    return Done(row["subject_type"], row["subject_id"])


async def _goods(job: Job, earlier: Sequence[DictRow], by: Mapping[str, Any]) -> None:
    """What was moved before goes back, and what is said now is moved, in whatever order the shelves allow.

    If what was moved before cannot go back, since it is gone, the books stay with the earlier edit and a person is
    asked: half an edit would say what nobody has said.
    """
    things = list(enumerate(MOVEMENT.things(job.report)))
    stuck: list[tuple[int, DictRow, Problem]] = []
    if not earlier:
        outcomes, _ = await _move_all(job, things, ())
    else:
        outcomes, stuck = await _all_or_none(job, things, earlier, by)
    for nth, row, problem in stuck:
        await keep(job, UNDO, nth, problem, {"effect": str(row["id"]), "kind": row["kind"]})
    for nth, outcome in sorted(outcomes.items()):
        await keep(job, MOVEMENT.name, nth, outcome)


async def _all_or_none(
    job: Job, things: Sequence[tuple[int, Any]], earlier: Sequence[DictRow], by: Mapping[str, Any]
) -> tuple[dict[int, Done | Problem], list[tuple[int, DictRow, Problem]]]:
    stuck: list[tuple[int, DictRow, Problem]] = []
    try:
        async with job.conn.transaction():
            outcomes, stuck = await _move_all(job, things, earlier)
            _must_be_whole(stuck)
            await queries.mark_effects(job.conn, [r["id"] for r in earlier], "reversed", by)
    except _NotWhole:
        return {nth: _waits() for nth, _ in things}, stuck
    return outcomes, []


def _must_be_whole(stuck: Sequence[Any]) -> None:
    if stuck:
        raise _NotWhole


def _waits() -> Problem:
    return Problem(
        409,
        "edit.waits",
        "What the earlier form moved cannot be taken back yet; settle that first.",
        "آنچه فرم پیشین جابه‌جا کرده هنوز برگشتنی نیست؛ نخست آن را روشن کنید.",
    )


async def _move_all(
    job: Job, things: Sequence[tuple[int, Any]], earlier: Sequence[DictRow]
) -> tuple[dict[int, Done | Problem], list[tuple[int, DictRow, Problem]]]:
    """Try all, and again what was short, while others of it still bring goods."""
    back = dict(enumerate(earlier))
    left = dict(things)
    outcomes: dict[int, Done | Problem] = {}
    stuck: dict[int, Problem] = {}
    moved = True
    while moved and (back or left):
        moved, stuck = False, {}
        for nth, row in list(back.items()):
            gone = await attempt(job, partial(_reverse, job, row))
            if isinstance(gone, Done):
                del back[nth]
                moved = True
            else:
                stuck[nth] = gone
        for nth, thing in list(left.items()):
            outcomes[nth] = await attempt(job, partial(MOVEMENT.carry, job, nth, thing))
            if not _is_short(outcomes[nth]):
                del left[nth]
                moved = True
    return outcomes, [(nth, back[nth], problem) for nth, problem in stuck.items()]


def _is_short(outcome: Done | Problem) -> bool:
    return isinstance(outcome, Problem) and outcome.code == _SHORT


async def keep_entities(job: Job) -> None:
    """Beside the other effects: which entities the submission made or changed. Conflicts wait in their own list."""
    for row in await queries.entity_outcomes(job.conn, job.submission["id"]):
        done = Done("entity", row["entity_id"], {"outcome": row["outcome"]})
        await keep(job, ENTITY, row["nth"], done)


async def once_more(job: Job, row: DictRow) -> Done | Problem:
    """Try a refused effect again, for a person who answers for it."""
    if row["kind"] == REPORT:
        problem = await _attempt_withdraw(job, UUID(row["data"]["report"]))
        outcome: Done | Problem = problem or Done("report", UUID(row["data"]["report"]))
    elif row["kind"] == UNDO:
        outcome = await _undo_once_more(job, row)
    elif row["kind"] == MOVEMENT.name and any(r["kind"] == MOVEMENT.name for r in job.earlier):
        outcome = _waits()
    else:
        kind = KINDS[row["kind"]]
        things = kind.things(job.report)
        outcome = await attempt(job, partial(kind.carry, job, row["nth"], things[row["nth"]]))
    kept = {
        k: row["data"][k] for k in ("report", "effect", "kind") if k in row["data"] and row["kind"] in {REPORT, UNDO}
    }
    await keep(job, row["kind"], row["nth"], outcome, kept)
    return outcome


async def _undo_once_more(job: Job, row: DictRow) -> Done | Problem:
    first = await queries.effect(job.conn, UUID(row["data"]["effect"]))
    if first is None or first["state"] != "done":
        return Done()
    outcome = await attempt(job, partial(_reverse, job, first))
    if isinstance(outcome, Done):
        await queries.mark_effects(job.conn, [first["id"]], "reversed", {"by": str(job.submission["id"])})
    return outcome
