"""Yes and no to an offer, on a page or by text. Who says yes first holds the task; the others are told kindly.

Locks in the house's order: volunteers and the task (by the claim, or the hand-over), then the offers.
"""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.dispatch import claim_queries, claiming, handing_over, problems, service
from server.dispatch import offer_queries as queries
from server.dispatch.claim_rules import ClaimRequest
from server.dispatch.offer_making import answered_event
from server.dispatch.service import Done, Order
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import emit, emit_many

GONE = frozenset({"task.taken", "task.state", "lease.lost", "not_found"})
"""Problems of a claim that mean: the task is not there to be had any more."""


async def _theirs(conn: Conn, who: Principal, offer_id: UUID) -> DictRow:
    """The offer, if it is for the asker, or for somebody whom a dispatcher of the task's centre may answer for."""
    row = await queries.offer(conn, offer_id)
    mine = row is not None and who.volunteer_id == row["volunteer_id"]
    if row is None or not (
        mine or who.may("task.reassign", centre_id=row["centre_id"], emergency_id=row["emergency_id"])
    ):
        raise not_found("offer")
    return row


async def accept(conn: Conn, ctx: Context, who: Principal, offer_id: UUID) -> Done:
    """She takes it: the task is hers, and accepted. A yes after its time counts while the task is free.

    Said twice it is answered twice. A `problem` in the answer is raised after the commit.
    """
    row = await _theirs(conn, who, offer_id)
    people = await claim_queries.lock_volunteers(conn, [row["volunteer_id"]])
    if row["kind"] == "hand_over":
        done = await handing_over.take(conn, ctx, who, row, people[row["volunteer_id"]])
    else:
        done = await _claim(conn, ctx, who, row)
    now = await queries.offer(conn, offer_id, lock=True) or row
    if done.problem is not None:
        return await _too_late(conn, who, now, done.problem)
    if now["answer"] != "accepted":
        await queries.answered(conn, offer_id, "accepted")
        others = await queries.close_others(conn, row["task_id"], offer_id, "too_late")
        await emit_many(
            conn,
            [
                answered_event(row, "accepted", who.actor),
                *(answered_event({**row, **other}, "too_late") for other in others),
            ],
        )
    return done


async def _claim(conn: Conn, ctx: Context, who: Principal, row: DictRow) -> Done:
    """Claim the offered task by name, and accept it."""
    if row["answer"] == "withdrawn":
        return Done(problem=problems.offer_too_late())
    # Who said no, or nothing in time, and changes her mind while it is free, is welcome.
    request = ClaimRequest(
        row["queue_id"],
        row["volunteer_id"],
        1,
        who.actor,
        task_id=row["task_id"],
        team_id=row["team_id"],
    )
    (answer,) = await claiming.claim_batch(conn, ctx, [request], cap=None)
    if isinstance(answer, Problem):
        if answer.code not in GONE:
            raise answer
        return Done(problem=problems.offer_too_late())
    if not answer["tasks"]:
        return Done(problem=problems.offer_too_late())
    task = answer["tasks"][0]
    done = await service.act(conn, ctx, who, row["task_id"], "accept", Order(task["fence"]))
    return done if done.problem else Done({**task, **done.body})


async def _too_late(conn: Conn, who: Principal, row: DictRow, problem: Problem) -> Done:
    if row["answer"] is None:
        await queries.answered(conn, row["id"], "too_late")
        await emit(conn, answered_event(row, "too_late", who.actor))
    return Done(problem=problem)


async def decline(conn: Conn, who: Principal, offer_id: UUID) -> dict[str, Any]:
    """She does not; she is not asked about this task again. Whom it is offered to next is decided at once."""
    await _theirs(conn, who, offer_id)
    row = await queries.offer(conn, offer_id, lock=True)
    if row is None:
        raise not_found("offer")
    if row["answer"] in {None, "expired"}:
        await queries.answered(conn, offer_id, "declined")
        await queries.sooner(conn, [row["task_id"]])
        await emit(conn, answered_event(row, "declined", who.actor))
    elif row["answer"] == "accepted":
        raise problems.offer_answered(row["answer"])
    return {"id": str(offer_id), "answer": "declined" if row["answer"] in {None, "expired"} else row["answer"]}


async def withdraw(conn: Conn, who: Principal, offer_id: UUID) -> dict[str, Any]:
    """Who made it, or a dispatcher of the centre, takes it back."""
    row = await queries.offer(conn, offer_id)
    giver = row is not None and row["kind"] == "hand_over" and row["holder_id"] == who.volunteer_id
    if row is None or not (
        (giver and who.volunteer_id is not None)
        or who.may("task.reassign", centre_id=row["centre_id"], emergency_id=row["emergency_id"])
    ):
        raise not_found("offer")
    row = await queries.offer(conn, offer_id, lock=True) or row
    if row["answer"] is None:
        await queries.answered(conn, offer_id, "withdrawn")
        await queries.sooner(conn, [row["task_id"]])
        await emit(conn, answered_event(row, "withdrawn", who.actor))
    elif row["answer"] != "withdrawn":
        raise problems.offer_answered(row["answer"])
    return {"id": str(offer_id), "answer": "withdrawn"}
