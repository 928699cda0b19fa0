"""Teams: put together by a person, changed, given a task, stood down.

Locks in the house's order: needs, then volunteers, then teams and tasks.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.guard import forbidden
from server.access.principal import Principal
from server.dispatch import candidate_queries, candidates, claim_queries, service, team_rules, views
from server.dispatch import queries as task_queries
from server.dispatch import team_problems as problems
from server.dispatch import team_queries as queries
from server.dispatch.problems import wrong_state
from server.dispatch.service import Done, Order
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7


@dataclass(frozen=True, slots=True)
class Asks:
    """What a task takes, as a person decides it; None leaves it as it is."""

    crew_min: int | None = None
    women_min: int | None = None
    skills: Sequence[str] | None = None


async def shown(conn: Conn, rows: Sequence[DictRow]) -> list[dict[str, Any]]:
    """Teams as answers carry them: who is in them, what they can do together, what they hold."""
    ids = [row["id"] for row in rows]
    people: dict[UUID, list[DictRow]] = defaultdict(list)
    tasks: dict[UUID, list[DictRow]] = defaultdict(list)
    for member in await queries.members(conn, ids) if ids else []:
        people[member["team_id"]].append(member)
    for task in await queries.held(conn, ids) if ids else []:
        tasks[task["team_id"]].append(task)
    return [_view(row, people[row["id"]], tasks[row["id"]]) for row in rows]


def _view(row: DictRow, people: Sequence[DictRow], tasks: Sequence[DictRow]) -> dict[str, Any]:
    ready = [p for p in people if p["ready"]]
    return {
        "id": str(row["id"]),
        "code": row["code"],
        "centre": str(row["centre_id"]),
        "leader": str(row["leader_id"]),
        "status": row["status"],
        "version": row["version"],
        "created_at": row["created_at"].isoformat(),
        "people": len(ready),
        "women": sum(bool(p["woman"]) for p in ready),
        "skills": sorted({skill for p in ready for skill in p["skills"]}),
        "languages": sorted({language for p in ready for language in p["languages"]}),
        "silent": any(p["silent"] for p in people),
        "members": [
            {
                "volunteer": str(p["id"]),
                "code": p["code"],
                "woman": bool(p["woman"]),
                "skills": p["skills"],
                "ready": p["ready"],
                "silent": p["silent"],
            }
            for p in people
        ],
        "holds": [{"task": str(t["id"]), "code": t["code"], "state": t["state"]} for t in tasks],
    }


async def seen(conn: Conn, who: Principal, team_id: UUID, permission: str, *, lock: bool = False) -> DictRow:
    """The team, if it is one of theirs."""
    row = await queries.team(conn, team_id, lock=lock)
    if row is None or not who.may(permission, centre_id=row["centre_id"]):
        raise not_found("team")
    return row


async def form(
    conn: Conn, ctx: Context, who: Principal, leader: UUID, members: Sequence[UUID], centre: UUID | None = None
) -> UUID:
    """Put people together; returns the team's id. The leader is one of them; her centre is the team's, if no other is
    named. Refused with 409 `team.unfit`, naming for each why she cannot go.
    """
    people = list(dict.fromkeys([leader, *members]))
    _number(people)
    found = await _lock(conn, who, people)
    await _must_be_fit(conn, ctx, people)
    of = centre or found[leader]["centre_id"]
    if not who.may("team.edit", centre_id=of):
        raise forbidden()
    team_id = uuid7()
    code = new_code(6, "G-")
    await queries.add(conn, {"id": team_id, "code": code, "centre_id": of, "leader_id": leader, "made_by": who.actor})
    await queries.join(conn, team_id, people)
    await _tell(conn, who, "team.formed", team_id, of, {"code": code, "people": len(people)})
    return team_id


def _number(people: Sequence[UUID]) -> None:
    if not team_rules.PEOPLE_LEAST <= len(people) <= team_rules.PEOPLE_MOST:
        raise problems.size(len(people))


async def _lock(conn: Conn, who: Principal, people: Sequence[UUID]) -> dict[UUID, DictRow]:
    """Lock these volunteers, all of them the asker's to send."""
    found = await claim_queries.lock_volunteers(conn, people)
    if any(i not in found or not who.may("team.edit", centre_id=found[i]["centre_id"]) for i in people):
        raise not_found("volunteer")
    return found


async def _must_be_fit(
    conn: Conn, ctx: Context, people: Sequence[UUID], team_id: UUID | None = None, *, free: bool = True
) -> None:
    standing = await candidates.of_people(conn, ctx, people)
    now = await candidate_queries.now(conn)
    why = {
        i: team_rules.unfit(standing[i], now, team_id, free=free) if i in standing else [{"code": "inactive"}]
        for i in people
    }
    if unfit := {i: codes for i, codes in why.items() if codes}:
        raise problems.unfit(unfit)


async def change(
    conn: Conn,
    ctx: Context,
    who: Principal,
    team_id: UUID,
    version: int,
    *,
    leader: UUID | None = None,
    members: Sequence[UUID] | None = None,
    anyway: bool = False,
) -> None:
    """Who is in it, and who leads. While it holds a task its leader, who holds it, stays; and who leaves must not be
    missed by the task, unless a person says `anyway` (somebody was hurt: the others go on).
    """
    before = await seen(conn, who, team_id, "team.edit")
    was = {m["id"] for m in await queries.members(conn, [team_id])}
    led_by = leader or before["leader_id"]
    people = list(dict.fromkeys([led_by, *(was if members is None else members)]))
    _number(people)
    new = [i for i in people if i not in was]
    # Those who leave may be of a centre that is not the asker's: they are let go, not sent.
    await claim_queries.lock_volunteers(conn, [before["leader_id"], *new])
    await _lock(conn, who, new)
    row = await seen(conn, who, team_id, "team.edit", lock=True)
    if row["version"] != version:
        raise stale((await shown(conn, [row]))[0])
    if row["status"] != "active":
        raise problems.stood_down()
    held = await queries.held(conn, [team_id])
    if held and led_by != row["leader_id"]:
        raise problems.holds(len(held))
    await _must_be_fit(conn, ctx, new, team_id)
    await queries.leave(conn, team_id, [i for i in was if i not in people])
    await queries.join(conn, team_id, new)
    if held and not anyway:
        await _must_suffice(conn, team_id, held)
    await queries.change(conn, team_id, led_by)
    await _tell(conn, who, "team.changed", team_id, row["centre_id"], {"code": row["code"], "people": len(people)})


async def _must_suffice(conn: Conn, team_id: UUID, tasks: Sequence[DictRow]) -> None:
    people = await queries.members(conn, [team_id])
    skills = sorted({skill for p in people for skill in p["skills"]})
    women = sum(bool(p["woman"]) for p in people)
    for task in tasks:
        if lacks := team_rules.lacks(task, len(people), women, skills):
            raise problems.not_enough(lacks)


async def stand_down(conn: Conn, who: Principal, team_id: UUID) -> None:
    """It is together no more; said twice it is so once. Not while it holds a task."""
    row = await seen(conn, who, team_id, "team.edit")
    # Whoever gives the team a task locks its leader first: what it holds is counted when nothing can be added.
    await claim_queries.lock_volunteers(conn, [row["leader_id"]])
    row = await seen(conn, who, team_id, "team.edit", lock=True)
    if row["status"] != "active":
        return
    if held := await queries.held(conn, [team_id]):
        raise problems.holds(len(held))
    await queries.stand_down(conn, team_id)
    await queries.leave(conn, team_id)
    await _tell(conn, who, "team.stood_down", team_id, row["centre_id"], {"code": row["code"]})


async def assign(
    conn: Conn, ctx: Context, who: Principal, task_id: UUID, order: Order, leader: UUID, members: Sequence[UUID]
) -> Done:
    """Form a team and give it the task, both or neither. The fence is the task's, as for any reassignment."""
    await task_queries.lock_need_of(conn, task_id)
    task = await task_queries.task(conn, task_id)
    if task is None or not who.may("task.reassign", centre_id=task["centre_id"], emergency_id=task["emergency_id"]):
        raise not_found("task")
    if task["team_id"] and task["holder_id"] == leader and task["fence"] == order.fence + 1:
        now = {m["id"] for m in await queries.members(conn, [task["team_id"]])}
        if now == {leader, *members}:
            # Said twice: it is done already.
            return Done({**service.answer(task, task["fence"], task["state"]), "team": str(task["team_id"])})
    team_id = await form(conn, ctx, who, leader, members)
    done = await service.reassign(conn, ctx, who, task_id, replace(order, volunteer_id=leader, team_id=team_id))
    return replace(done, body={**done.body, "team": str(team_id)})


async def set_asks(conn: Conn, who: Principal, task_id: UUID, version: int, asks: Asks) -> None:
    """What a queued task takes, by a person's hand."""
    task = await task_queries.task(conn, task_id, lock=True)
    if task is None or not who.may("task.edit", centre_id=task["centre_id"], emergency_id=task["emergency_id"]):
        raise not_found("task")
    if task["version"] != version:
        raise stale(views.properties(task, show_holder=False) | {"version": task["version"]})
    if task["state"] != "queued":
        raise wrong_state(task["state"])
    crew = task["crew_min"] if asks.crew_min is None else asks.crew_min
    women = task["women_min"] if asks.women_min is None else asks.women_min
    skills = list(task["skills"]) if asks.skills is None else list(asks.skills)
    if women > crew:
        raise Problem(
            422,
            "task.women",
            "There cannot be more women than people in a crew.",
            "شمار زنان نمی‌تواند از شمار نفرات بیشتر باشد.",
            extra={"crew_min": crew, "women_min": women},
        )
    row = {"crew_min": crew, "women_min": women, "skills": skills}
    await queries.set_asks(conn, task_id, row | {"by": who.actor})
    event = NewEvent(
        "task.changed",
        "task",
        task_id,
        task["emergency_id"],
        who.actor,
        task["centre_id"],
        {"cause": "asks", **row},
    )
    await emit(conn, event)


async def _tell(conn: Conn, who: Principal, verb: str, team_id: UUID, centre_id: UUID, data: dict[str, Any]) -> None:
    await emit(conn, NewEvent(verb, "team", team_id, None, who.actor, centre_id, data))
