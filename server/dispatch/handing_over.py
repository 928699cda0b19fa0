"""From hand to hand: whoever holds a task asks a colleague to take it; until she says yes, the first stays its holder.

On her yes the lease moves (a higher fence, the task accepted). Goods on the road stay with the task. The old fence is
worth nothing afterwards; what the first still says under it is kept as evidence, as it is for everybody who is late.
"""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.dispatch import candidates, claim_queries, matching, offer_presence, problems, queries, rules, service
from server.dispatch import offer_queries as offers
from server.dispatch import offer_rules as timing
from server.dispatch.claim_queries import Able, Hold
from server.dispatch.claim_rules import ALONE, crew_problem, unfit
from server.dispatch.offer_making import Proposal, answered_event, make
from server.dispatch.offering import reach_of
from server.dispatch.service import Done
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, emit, emit_many
from server.kernel.ids import uuid7
from server.volunteers.skills import lacking


async def ask(
    conn: Conn, ctx: Context, who: Principal, task_id: UUID, fence: int, to: UUID | str, note: str | None
) -> dict[str, Any]:
    """The holder under `fence` (or a dispatcher for them) asks a colleague, by id or by code; `note` is sealed.

    A question to somebody else that still waits is taken back: one asks one at a time.
    """
    person = await offers.person(conn, to)
    row = await _held(conn, who, task_id, fence)
    if person is None or not _may_give_to(who, row, person):
        raise not_found("volunteer")
    if person["id"] == row["holder_id"]:
        raise problems.same_person()
    team = await _able(conn, row, person, frank=who.may("volunteer.read", centre_id=person["centre_id"]))
    earlier = await offers.close_hand_overs(conn, task_id, person["id"])
    await emit_many(conn, [answered_event(_of(row, e), "withdrawn", who.actor) for e in earlier])
    # What she asked her before is asked anew, with the words of now.
    pages = await offer_presence.open_pages(ctx)
    reach = (await offers.reach(conn, [person["id"]])).get(person["id"])
    channel = timing.way(reach_of(reach, pages.get(person["id"])), row["urgency"]) if reach else None
    channel = channel or "app"
    points, reasons = await _reasons(conn, ctx, task_id, person)
    (made,) = await make(
        conn,
        ctx,
        [
            Proposal(
                row,
                person["id"],
                channel,
                timing.HAND_OVER_S[channel],
                who.actor,
                points,
                reasons,
                team_id=team,
                kind="hand_over",
                fence=fence,
                note=note,
            )
        ],
    )
    return made


async def _held(conn: Conn, who: Principal, task_id: UUID, fence: int) -> DictRow:
    """The task, if the asker holds it under that fence now, or is a dispatcher of its centre."""
    row = await queries.task(conn, task_id, lock=True)
    if row is None:
        raise not_found("task")
    lease = await queries.lease(conn, task_id, fence)
    service.must_hold(who, row, lease)
    if fence != row["fence"] or lease is None or lease["ended_at"] is not None:
        raise problems.lease_lost(kept=False)
    if rules.move("hand_over", row["state"]) is None:
        raise problems.wrong_state(row["state"])
    return row


def _may_give_to(who: Principal, row: DictRow, person: DictRow) -> bool:
    """Colleagues are those of the task's centre or of one's own; a dispatcher knows all whom she may see."""
    if who.may("volunteer.read", centre_id=person["centre_id"]):
        return True
    return person["centre_id"] == row["centre_id"] or any(s.centre_id == person["centre_id"] for s in who.scopes)


def _of(row: DictRow, offer: DictRow) -> dict[str, Any]:
    return {**offer, "task_id": row["id"], "emergency_id": row["emergency_id"], "centre_id": row["centre_id"]}


async def _able(conn: Conn, row: DictRow, person: DictRow, *, frank: bool = True) -> UUID | None:
    """Raise what stands against her having it; the team that she brings where it takes one.

    Not `frank`: a colleague asks, who is told that it cannot be now, and not whether she rests, left, or was refused.
    """
    if problem := unfit(person):
        raise problem if frank else problems.not_now()
    team = await offers.leading(conn, person["id"]) if row["crew_min"] > ALONE else None
    woman = person["gender"] == "woman"
    able = Able(team["women"] > 0, team["people"], team["women"]) if team else Able(woman, ALONE, int(woman))
    if problem := crew_problem(row, able):
        raise problem
    if missing := lacking((team or person)["skills"], row["skills"]):
        raise problems.skills_lacking(missing)
    return team["id"] if team else None


async def _reasons(
    conn: Conn, ctx: Context, task_id: UUID, person: DictRow
) -> tuple[float, tuple[matching.Entry, ...]]:
    """How well she suits, for her eyes; a bar of the ranking (distance, a full hand) does not stop two who agree."""
    one = (await candidates.of_people(conn, ctx, [person["id"]])).get(person["id"])
    (job,) = await candidates.jobs(conn, [task_id])
    found = matching.judge(job, one, await offers.now(conn), asking=True, alone=False) if one else None
    asked: matching.Entry = {"code": "hand_over", "points": 0}
    return (found.points, (asked, *found.reasons)) if isinstance(found, matching.Fit) else (0.0, (asked,))


async def take(conn: Conn, ctx: Context, who: Principal, offer: DictRow, person: DictRow) -> Done:
    """The colleague has said yes (`person`: her row, locked): the task is hers, and accepted, if it is the giver's
    still.
    """
    row = await queries.task(conn, offer["task_id"], lock=True)
    if row is None:
        raise not_found("task")
    # Under its lock: it may have been taken back while she waited for the task.
    offer = await offers.offer(conn, offer["id"], lock=True) or offer
    if offer["answer"] == "accepted" and row["holder_id"] == person["id"] and row["state"] in rules.HELD:
        return Done(service.answer(row, row["fence"], row["state"]))
    move = rules.move("hand_over", row["state"])
    if offer["answer"] not in {None, "declined"} or offer["late"] or row["fence"] != offer["fence"] or move is None:
        return Done(problem=problems.offer_too_late())
    team = await _able(conn, row, person)
    await queries.end_lease(conn, row["id"], rules.ENDS["hand_over"])
    await claim_queries.hold(conn, [Hold(row["id"], person["id"], uuid7(), team)], ctx.settings.lease_s)
    await queries.renew(conn, row["id"], move.target, ctx.settings.lease_s)
    after = await queries.task(conn, row["id"]) or row
    await emit(
        conn,
        NewEvent(
            move.event,
            "task",
            row["id"],
            row["emergency_id"],
            who.actor,
            row["centre_id"],
            {
                "fence": after["fence"],
                "from": str(row["holder_id"]),
                "to": str(person["id"]),
                "how": "hand_over",
            },
        ),
    )
    return Done(service.answer(after, after["fence"], after["state"]))
