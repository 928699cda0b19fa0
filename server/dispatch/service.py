"""What the holder of a task, or a dispatcher for them, does with it. Every call carries the fence it was
given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.dispatch import causes, claim_queries, making, problems, queries, rules, telling, views
from server.dispatch.claim_queries import Hold
from server.dispatch.claim_rules import ALONE, unfit
from server.dispatch.rules import Verb
from server.kernel.db import Conn
from server.kernel.errors import Problem, bad_request, not_found
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.supplies import service as supplies
from server.supplies.queries import on_the_road
from server.supplies.service import TaskRef
from server.volunteers.hearing import heard

Rest = Literal["returned", "lost"]


@dataclass(frozen=True, slots=True)
class Order:
    """What came with a call. `loaded`: (item, quantity, centre) really taken; `delivered`: item → quantity
    handed over.

    `rest`: what became of goods that were not handed over. `note` is personal text and is sealed. `people_served`:
    how many the holder says were reached. `volunteer_id`, `team_id`: to whom it is reassigned, and with which team.
    """

    fence: int
    reason: str | None = None
    note: str | None = None
    loaded: Sequence[tuple[UUID, Decimal, UUID]] | None = None
    delivered: Mapping[UUID, Decimal] | None = None
    rest: Rest | None = None
    volunteer_id: UUID | None = None
    people_served: int | None = None
    team_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The answer. A `problem` is raised after the commit, so that what was kept beside it stays kept."""

    body: dict[str, Any] = field(default_factory=dict)
    problem: Problem | None = None


async def act(conn: Conn, ctx: Context, who: Principal, task_id: UUID, verb: Verb, order: Order) -> Done:
    """accept, en_route, heartbeat, release, complete or fail, as the table of states has it."""
    if verb == "fail" and order.reason not in rules.FAIL_REASONS:
        raise bad_request(
            "fail.reason",
            "Say why, with one of the known reasons.",
            "دلیل را با یکی از کدهای شناخته بگویید.",
            reasons=sorted(rules.FAIL_REASONS),
        )
    if verb in {"release", "complete", "fail"}:
        await queries.lock_need_of(conn, task_id)
    row = await queries.task(conn, task_id, lock=True)
    if row is None:
        raise not_found("task")
    lease = await queries.lease(conn, task_id, order.fence)
    must_hold(who, row, lease)
    ended = (lease["end_reason"] or "ended" if lease["ended_at"] else None) if lease else "never"
    verdict = rules.judge(verb, row["state"], row["fence"], order.fence, ended)
    if verdict.outcome == "lost":
        return (
            await _too_late(conn, ctx, who, row, verb, order)
            if lease
            else Done(problem=problems.lease_lost(kept=False))
        )
    if verdict.outcome == "refused":
        raise problems.wrong_state(row["state"])
    if verdict.move is not None:
        await _carry_out(conn, ctx, who, row, verdict.move, order)
        row = await queries.task(conn, task_id) or row
    if who.volunteer_id:
        await heard(conn, [who.volunteer_id])
    return Done(answer(row, order.fence, verdict.state))


def answer(row: DictRow, fence: int, state: str) -> dict[str, Any]:
    """How a task stands for whoever called under a fence."""
    lease_until = views.moment(row["lease_until"]) if state in rules.HELD and row["fence"] == fence else None
    return {
        "id": str(row["id"]),
        "code": row["code"],
        "fence": fence,
        "state": state,
        "lease_until": lease_until,
    }


def _is_staff(who: Principal, row: DictRow) -> bool:
    return who.may("task.reassign", centre_id=row["centre_id"], emergency_id=row["emergency_id"])


def must_hold(who: Principal, row: DictRow, lease: DictRow | None) -> None:
    """The holder under that fence, past or present, or a dispatcher of the centre; anybody else has no
    business here.
    """
    me = who.volunteer_id
    if _is_staff(who, row) or (me is not None and lease is not None and lease["volunteer_id"] == me):
        return
    if me is not None and row["holder_id"] == me:
        raise problems.lease_lost(kept=False)
    raise Problem(403, "task.not_holder", "Somebody else holds this task.", "این مأموریت با دیگری است.")


async def _too_late(conn: Conn, ctx: Context, who: Principal, row: DictRow, verb: Verb, order: Order) -> Done:
    """A former holder's ending is kept as evidence and shown to a person; it never touches the task of its
    new holder.
    """
    kept = verb in {"complete", "fail"}
    if kept:
        await _keep_evidence(conn, ctx, row["id"], verb, order, late=True)
        await emit(
            conn,
            NewEvent(
                "task.changed",
                "task",
                row["id"],
                row["emergency_id"],
                who.actor,
                row["centre_id"],
                {"late": verb, "fence": order.fence},
            ),
        )
    return Done(problem=problems.lease_lost(kept=kept))


async def _keep_evidence(conn: Conn, ctx: Context, task_id: UUID, verb: Verb, order: Order, *, late: bool) -> None:
    evidence_id = uuid7()
    record = ctx.sealing.new("evidence", evidence_id) if order.note else None
    await queries.add_evidence(
        conn,
        {
            "id": evidence_id,
            "task_id": task_id,
            "fence": order.fence,
            "verb": verb,
            "reason": order.reason,
            "late": late,
            "people_served": order.people_served,
            "note_sealed": record.seal("note_sealed", order.note) if record else None,
            "wrapped": record.wrapped if record else None,
            "key_id": record.key_id if record else None,
        },
    )


async def _carry_out(conn: Conn, ctx: Context, who: Principal, row: DictRow, move: rules.Move, order: Order) -> None:
    data: dict[str, Any] = {"fence": order.fence}
    ref = TaskRef(row["id"], order.fence, row["emergency_id"], row["need_id"], who.actor)
    match move.verb:
        case "accept" | "heartbeat":
            await queries.renew(conn, row["id"], move.target, ctx.settings.lease_s)
            if move.verb == "heartbeat":
                data["resumed"] = True
        case "en_route":
            await _load(conn, ref, row, order)
            await queries.renew(conn, row["id"], move.target, ctx.settings.lease_s)
        case "complete":
            await _complete(conn, ctx, ref, row, order)
        case "release" | "fail":
            await _give_up(conn, ctx, ref, row, move, order)
            data["reason"] = order.reason
    if move.event:
        await emit(
            conn,
            NewEvent(move.event, "task", row["id"], row["emergency_id"], who.actor, row["centre_id"], data),
        )


async def _load(conn: Conn, ref: TaskRef, row: DictRow, order: Order) -> None:
    """Take on the road what the task names (or what was really loaded), less what is on the road for it
    already.
    """
    lines = order.loaded
    if lines is None:
        carried = await on_the_road(conn, row["id"])
        lines = [] if carried else causes.lines_of(row["bring"])
    await supplies.dispatch_for_task(conn, ref, lines)


async def _complete(conn: Conn, ctx: Context, ref: TaskRef, row: DictRow, order: Order) -> None:
    if row["state"] in {"claimed", "accepted"} and not await on_the_road(conn, row["id"]):
        # Somebody without a network says all of it at the end: the goods still leave their shelf before they
        # arrive.
        await _load(conn, ref, row, order)
    delivered = await supplies.deliver_for_task(conn, ref, order.delivered, order.rest)
    await _keep_evidence(conn, ctx, row["id"], "complete", order, late=False)
    await queries.end_lease(conn, row["id"], rules.ENDS["complete"])
    await queries.settle(conn, row["id"], "done", "done")
    await causes.after_completion(conn, ctx, row, delivered, ref.actor)


async def _give_up(conn: Conn, ctx: Context, ref: TaskRef, row: DictRow, move: rules.Move, order: Order) -> None:
    if order.rest == "lost":
        await supplies.lose_for_task(conn, ref)
    else:
        await supplies.return_for_task(conn, ref)
    if move.verb == "fail":
        await _keep_evidence(conn, ctx, row["id"], "fail", order, late=False)
    await queries.end_lease(conn, row["id"], rules.ENDS[move.verb])
    await queries.settle(conn, row["id"], move.target, order.reason if move.verb == "fail" else None)
    if move.verb == "fail":
        await causes.reopen(conn, row, ref.actor)


async def reassign(conn: Conn, ctx: Context, who: Principal, task_id: UUID, order: Order) -> Done:
    """A dispatcher gives the task to somebody else, or back to its queue. The old fence is worth nothing
    afterwards.

    With a team its leader holds it. Goods on the road stay with the task when it changes hands, and go back (or are
    `lost`) when it returns to the queue.
    """
    await queries.lock_need_of(conn, task_id)
    if order.team_id and order.volunteer_id is None:
        team = (await claim_queries.teams(conn, [order.team_id])).get(order.team_id)
        if team is None:
            raise not_found("team")
        order = replace(order, volunteer_id=team["leader_id"])
    # A volunteer before a task, as claims do: nobody waits for each other in a ring.
    people = await claim_queries.lock_volunteers(conn, [order.volunteer_id]) if order.volunteer_id else {}
    row = await queries.task(conn, task_id, lock=True)
    if row is None:
        raise not_found("task")
    if not _is_staff(who, row):
        raise Problem(403, "task.not_yours", "This task belongs to another centre.", "این مأموریت از مرکز دیگری است.")
    verb: Verb = "reassign" if order.volunteer_id else "requeue"
    if order.fence != row["fence"]:
        now = await queries.lease(conn, task_id, row["fence"])
        same = now["volunteer_id"] == order.volunteer_id if now and verb == "reassign" else row["state"] == "queued"
        if order.fence == row["fence"] - 1 and same and (verb == "requeue" or row["state"] in rules.HELD):
            return Done(answer(row, row["fence"], row["state"]))
        raise problems.lease_lost(kept=False)
    move = rules.move(verb, row["state"])
    if move is None:
        raise problems.wrong_state(row["state"])
    if any(not who.may("task.reassign", centre_id=person["centre_id"]) for person in people.values()):
        # Another centre's people are asked by an offer or through their own centre, not sent.
        raise not_found("volunteer")
    await queries.end_lease(conn, task_id, rules.ENDS[verb])
    ref = TaskRef(task_id, order.fence, row["emergency_id"], row["need_id"], who.actor)
    if order.rest == "lost":
        await supplies.lose_for_task(conn, ref)
    if order.volunteer_id:
        await _hand_over(conn, ctx, row, people.get(order.volunteer_id), order.team_id)
    else:
        await supplies.return_for_task(conn, ref)
        await queries.settle(conn, task_id, "queued", None)
        await queries.raise_fence(conn, task_id)
    if row["state"] == "failed":
        await making.mark_tasked(conn, [row["need_id"]] if row["need_id"] else [], who.actor)
    after = await queries.task(conn, task_id) or row
    await emit(
        conn,
        NewEvent(
            "task.reassigned",
            "task",
            task_id,
            row["emergency_id"],
            who.actor,
            row["centre_id"],
            {
                "fence": after["fence"],
                "from": str(row["holder_id"] or ""),
                "to": str(order.volunteer_id or ""),
            },
        ),
    )
    return Done(answer(after, after["fence"], after["state"]))


async def _hand_over(
    conn: Conn, ctx: Context, row: DictRow, person: DictRow | None, team_id: UUID | None = None
) -> None:
    if person is None:
        raise not_found("volunteer")
    if problem := unfit(person):
        raise problem
    if team_id is not None:
        await _must_suffice(conn, row, person["id"], team_id)
    elif row["crew_min"] > ALONE:
        raise problems.team_required(row["crew_min"], row["women_min"])
    elif (row["women_required"] or row["women_min"]) and person["gender"] != "woman":
        raise problems.woman_required()
    held = await claim_queries.hold(conn, [Hold(row["id"], person["id"], uuid7(), team_id)], ctx.settings.lease_s)
    await telling.tell(conn, ctx, held)


async def _must_suffice(conn: Conn, row: DictRow, leader_id: UUID, team_id: UUID) -> None:
    """The team stands, she leads it, and those of it who may be sent are enough. Its skills are a person's to judge."""
    team = (await claim_queries.teams(conn, [team_id])).get(team_id)
    if team is None:
        raise not_found("team")
    if team["leader_id"] != leader_id or team["status"] != "active":
        raise problems.not_leading()
    if team["people"] < row["crew_min"] or team["women"] < max(row["women_min"], int(row["women_required"])):
        raise problems.team_required(row["crew_min"], row["women_min"])


async def cancel(conn: Conn, who: Principal, task_id: UUID, order: Order) -> Done:
    """A person ends a task that lost its cause. Goods on the road go back."""
    await queries.lock_need_of(conn, task_id)
    row = await queries.task(conn, task_id, lock=True)
    if row is None:
        raise not_found("task")
    if not _is_staff(who, row):
        raise Problem(403, "task.not_yours", "This task belongs to another centre.", "این مأموریت از مرکز دیگری است.")
    if row["state"] == "cancelled" and order.fence == row["fence"]:
        return Done(answer(row, row["fence"], "cancelled"))
    if order.fence != row["fence"]:
        raise problems.lease_lost(kept=False)
    move = rules.move("cancel", row["state"])
    if move is None:
        raise problems.wrong_state(row["state"])
    ref = TaskRef(task_id, order.fence, row["emergency_id"], row["need_id"], who.actor)
    await (supplies.lose_for_task if order.rest == "lost" else supplies.return_for_task)(conn, ref)
    await queries.end_lease(conn, task_id, rules.ENDS["cancel"])
    await queries.settle(conn, task_id, "cancelled", order.reason or "cancelled")
    await causes.reopen(conn, row, who.actor)
    await emit(
        conn,
        NewEvent(
            move.event,
            "task",
            task_id,
            row["emergency_id"],
            who.actor,
            row["centre_id"],
            {"reason": order.reason or "cancelled"},
        ),
    )
    return Done(answer(row, row["fence"], "cancelled"))
