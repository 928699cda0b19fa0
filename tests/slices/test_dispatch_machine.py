"""Any sequence of calls, with fences old and new: the database agrees with a model that fits on a page.

HAMYAR_STEPS sets how many steps are made (a short form here, 10^6 in `make soak`); each is one call in one transaction,
and after each all tasks, leases and offers of the example are compared. `-s` shows steps a second.
"""

import asyncio
import os
import time
from typing import Any
from uuid import UUID

import pytest
import uvloop
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from server.dispatch import answering, handing_over, offering, service, sweep
from server.dispatch.claiming import ClaimRequest, claim_batch
from server.dispatch.service import Order
from server.kernel.errors import Problem
from tests.support.dispatch_house import STAFF, House, open_house
from tests.support.dispatch_model import CLOSED, ENDED, WOMEN, Model, Offer, Task, once
from tests.support.dispatch_world import a_world
from tests.support.stack import Stack

STEPS = int(os.environ.get("HAMYAR_STEPS", "800"))
EXAMPLE = 100
CHUNK = 20_000
"""So many steps share a world; then a fresh database is begun, as its tables are not vacuumed."""
MOST = 12
"""Tasks of an example: those that are over are replaced up to here."""
PERSON = st.integers(0, len(WOMEN) - 1)
ANY = st.integers(0, 15)
FREE_AGAIN = {"accept": "accepted", "heartbeat": "accepted", "en_route": "en_route"}


class Dispatch(RuleBasedStateMachine):
    """`house` and `loop` are the run's, set before."""

    house: House
    loop: asyncio.AbstractEventLoop
    steps = 0

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def call(self, work: Any) -> tuple[Any, str | None]:
        Dispatch.steps += 1
        return self.run(self.house.call(work))

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.tickets: list[tuple[Task, int]] = []

        async def make() -> None:
            await self.house.begin()
            for women, crew in ((False, 1), (True, 1), (True, 2), (False, 1)):
                self.model.tasks.append(await self.house.task(women=women, crew=crew))

        self.run(make())

    def task_at(self, at: int) -> Task:
        """The later ones sooner: those before are over, mostly."""
        return self.model.tasks[-1 - at % len(self.model.tasks)]

    def given(self, task: Task, person: int, state: str, *, team: bool) -> None:
        task.give(person, state, team=team)
        self.tickets.append((task, task.fence))

    def request(self, person: int, n: int, *, team: bool, task: Task | None = None) -> ClaimRequest:
        house = self.house
        return ClaimRequest(
            house.queue,
            house.people[person],
            n,
            "t",
            task_id=task.id if task else None,
            team_id=house.team if team else None,
        )

    @rule(person=PERSON, n=st.integers(1, 2), team=st.booleans())
    def claim(self, person: int, n: int, team: bool) -> None:
        asked = self.request(person, n, team=team)
        (answers, _) = self.call(lambda conn: claim_batch(conn, self.house.ctx, [asked], cap=None))
        answer = answers[0]
        why = self.model.may_claim(person, team=team)
        if why:
            assert isinstance(answer, Problem)
            assert answer.code == why
            return
        free = self.model.next_for(person, n, team=team)
        assert [t["id"] for t in answer["tasks"]] == [str(t.id) for t in free]
        for task, told in zip(free, answer["tasks"], strict=True):
            self.given(task, person, "claimed", team=team)
            assert told["fence"] == task.fence

    @rule(person=PERSON, at=ANY, team=st.booleans())
    def claim_by_name(self, person: int, at: int, team: bool) -> None:
        task = self.task_at(at)
        asked = self.request(person, 1, team=team, task=task)
        (answers, _) = self.call(lambda conn: claim_batch(conn, self.house.ctx, [asked], cap=None))
        answer = answers[0]
        why = self.model.may_claim(person, team=team)
        if not why and task.held and task.holder == person:
            assert [(t["id"], t["fence"]) for t in answer["tasks"]] == [(str(task.id), task.fence)]
            return
        why = why or self.model.why_not(task, person, team=team)
        assert (answer.code if isinstance(answer, Problem) else None) == why
        if why is None:
            self.given(task, person, "claimed", team=team)
            assert answer["tasks"][0]["fence"] == task.fence

    @rule(at=ANY, verb=st.sampled_from(["accept", "en_route", "heartbeat", "release", "complete", "fail"]))
    @once(lambda self: self.tickets)
    def act(self, at: int, verb: Any) -> None:
        task, fence = self.tickets[-1 - at % len(self.tickets)]
        person, ended = task.leases[fence]
        who, order = self.house.principal(person), Order(fence, "unsafe" if verb == "fail" else None)
        _, code = self.call(lambda conn: service.act(conn, self.house.ctx, who, task.id, verb, order))
        if ended is not None or fence != task.fence:
            again = ended is not None and ended == ENDED.get(verb)
            assert code == (None if again else "lease.lost")
            if not again and verb in {"complete", "fail"}:
                task.evidence |= {(fence, verb, True)} if (fence, verb, False) not in task.evidence else set()
            return
        if verb == "en_route" and task.state == "claimed":
            assert code == "task.state"
            return
        assert code is None
        if verb in ENDED:
            task.end(ENDED[verb])
            task.evidence |= {(fence, verb, False)} if verb != "release" else set()
            if verb == "release":
                task.free()
            else:
                task.state = "done" if verb == "complete" else "failed"
        elif verb == "en_route" or task.state == "escalated" or (verb == "accept" and task.state == "claimed"):
            task.state = FREE_AGAIN[verb]

    @rule(at=ANY)
    def time_passes(self, at: int) -> None:
        task = self.task_at(at)

        async def expire(conn: Any) -> None:
            await conn.execute(
                "UPDATE tasks SET lease_until = clock_timestamp() - interval '1 second'"
                " WHERE id = %s AND state IN ('claimed', 'accepted', 'en_route')",
                (task.id,),
            )
            await sweep.expire_leases(conn)

        self.call(expire)
        if task.state == "claimed":
            task.end("expired")
            task.free()
        elif task.state in {"accepted", "en_route"}:
            task.state = "escalated"

    @rule(person=PERSON, rests=st.booleans())
    def rest(self, person: int, rests: bool) -> None:
        until = "clock_timestamp() + interval '1 hour'" if rests else "NULL"
        sql = f"UPDATE volunteers SET rest_until = {until} WHERE id = %s"
        self.call(lambda conn: conn.execute(sql, (self.house.people[person],)))
        (self.model.resting.add if rests else self.model.resting.discard)(person)

    @rule(at=ANY, person=st.none() | PERSON, team=st.booleans(), age=st.sampled_from([0, 0, 0, 1, 2]))
    def reassign(self, at: int, person: int | None, team: bool, age: int) -> None:
        task = self.task_at(at)
        fence = max(task.fence - age, 0)
        person = 0 if team else person
        to = None if person is None else self.house.people[person]
        order = Order(fence, volunteer_id=to, team_id=self.house.team if team else None)
        _, code = self.call(lambda conn: service.reassign(conn, self.house.ctx, STAFF, task.id, order))
        if fence != task.fence:
            now, _ = task.leases.get(task.fence, (None, None))
            same = now == person if now is not None and person is not None else task.state == "queued"
            told = fence == task.fence - 1 and same and (person is None or task.held)
            assert code == (None if told else "lease.lost")
            return
        if task.state in {"done", "cancelled"} or (person is None and task.state == "queued"):
            assert code == "task.state"
            return
        why = None if person is None else self.model.unfit(person)
        if person is not None and why is None:
            why = self.model.suffices(task, person, team=team)
            why = "task.team_required" if why and team else why
        assert code == why
        if why:
            return
        task.end("reassigned")
        if person is None:
            task.free()
            task.fence += 1
        else:
            self.given(task, person, "claimed", team=team)

    @rule(at=ANY)
    def cancel(self, at: int) -> None:
        task = self.task_at(at)
        _, code = self.call(lambda conn: service.cancel(conn, STAFF, task.id, Order(task.fence)))
        assert code == ("task.state" if task.state in {"done", "failed"} else None)
        if code is None:
            task.end("cancelled")
            task.state = "cancelled"

    @rule(at=ANY, crew=st.integers(1, 2), women=st.booleans())
    def another(self, at: int, crew: int, women: bool) -> None:
        """A new need is heard of, where few are left."""
        if len(self.model.tasks) < MOST and sum(t.state not in CLOSED for t in self.model.tasks) < 4:
            Dispatch.steps += 1
            self.model.tasks.append(self.run(self.house.task(women=women, crew=crew)))

    @rule(at=ANY, person=PERSON)
    @once(lambda self: self.tickets)
    def ask_colleague(self, at: int, person: int) -> None:
        task, fence = self.tickets[-1 - at % len(self.tickets)]
        giver, ended = task.leases[fence]
        who, to = self.house.principal(giver), self.house.people[person]
        made, code = self.call(lambda conn: handing_over.ask(conn, self.house.ctx, who, task.id, fence, to, None))
        if fence != task.fence or ended is not None:
            assert code == "lease.lost"
            return
        why = "hand_over.same_person" if person == giver else self.model.why_not_from_her(task, person)
        # A colleague is told no more than that it cannot be now.
        assert code == ("hand_over.not_now" if why == "volunteer.rests" else why)
        if why:
            return
        for offer in self.model.offers:
            if offer.task is task and offer.answer is None and (offer.fence or offer.person == person):
                offer.answer = "withdrawn"
        self.model.offers.append(Offer(made["id"], task, person, fence, team=task.crew > 1))

    @rule(at=ANY, people=st.lists(PERSON, min_size=1, max_size=3, unique=True))
    def propose(self, at: int, people: list[int]) -> None:
        task = self.task_at(at)
        ids = [self.house.people[p] for p in people]
        done, code = self.call(lambda conn: offering.by_hand(conn, self.house.ctx, STAFF, task.id, ids))
        assert code == (None if task.state == "queued" else "offer.not_open")
        for row in done["offers"] if done else []:
            self.offered(task, row)

    @rule()
    def wave(self) -> None:
        """The matching asks whom it likes; it must not ask in vain, or twice."""
        Dispatch.steps += 1
        self.run(offering.turn(self.house.ctx))
        self.model.watch()
        known = {o.id for o in self.model.offers}
        rows = self.run(self.house.offers([t.id for t in self.model.tasks]))
        by_id = {t.id: t for t in self.model.tasks}
        for row in [r for r in rows if r["id"] not in known]:
            person = self.house.people.index(row["volunteer_id"])
            assert not any(o.person == person and o.answer is None for o in self.model.offers)
            assert not any(t.held and t.holder == person for t in self.model.tasks)
            self.offered(by_id[row["task_id"]], row)

    def offered(self, task: Task, row: dict[str, Any]) -> None:
        person, team = self.house.people.index(row["volunteer_id"]), row["team_id"] is not None
        assert task.state == "queued"
        assert not any(o.task is task and o.person == person and o.answer is None for o in self.model.offers)
        assert self.model.unfit(person) is None
        assert self.model.suffices(task, person, team=team) is None
        self.model.offers.append(Offer(row["id"], task, person, team=team))

    @rule(at=ANY)
    @once(lambda self: self.model.offers)
    def time_to_answer_ends(self, at: int) -> None:
        task = self.model.offers[-1 - at % len(self.model.offers)].task

        async def lapse(conn: Any) -> None:
            await conn.execute(
                "UPDATE offers SET expires_at = clock_timestamp() - interval '1 second' WHERE task_id = %s"
                " AND answered_at IS NULL",
                (task.id,),
            )
            await offering.close_over(conn)

        self.call(lapse)
        for offer in self.model.offers:
            offer.late = offer.late or (offer.task is task and offer.answer is None)
        self.model.watch()

    @rule(at=ANY)
    @once(lambda self: self.model.offers)
    def say_no(self, at: int) -> None:
        offer = self.model.offers[-1 - at % len(self.model.offers)]
        who = self.house.principal(offer.person)
        _, code = self.call(lambda conn: answering.decline(conn, who, offer.id))
        assert code == ("offer.answered" if offer.answer == "accepted" else None)
        if offer.answer in {None, "expired"}:
            offer.answer = "declined"

    @rule(at=ANY)
    @once(lambda self: self.model.offers)
    def say_yes(self, at: int) -> None:
        offer = self.model.offers[-1 - at % len(self.model.offers)]
        who = self.house.principal(offer.person)
        _, code = self.call(lambda conn: answering.accept(conn, self.house.ctx, who, offer.id))
        why = (self._yes_to_colleague if offer.fence else self._yes_to_proposal)(offer)
        assert code == why
        if why == "offer.too_late":
            offer.answer = offer.answer or "too_late"
        elif why is None and offer.answer != "accepted":
            offer.answer = "accepted"
            self.model.others_are_late(offer)

    def _yes_to_colleague(self, offer: Offer) -> str | None:
        task = offer.task
        if offer.answer == "accepted" and task.held and task.holder == offer.person:
            return None
        if offer.answer not in {None, "declined"} or offer.late or task.fence != offer.fence or not task.held:
            return "offer.too_late"
        if why := self.model.why_not_from_her(task, offer.person):
            return why
        task.end("handed_over")
        self.given(task, offer.person, "accepted", team=task.crew > 1)
        return None

    def _yes_to_proposal(self, offer: Offer) -> str | None:
        task = offer.task
        if offer.answer == "withdrawn":
            return "offer.too_late"
        if why := self.model.may_claim(offer.person, team=offer.team):
            return why
        if task.held and task.holder == offer.person:
            task.state = "accepted" if task.state in {"claimed", "escalated"} else task.state
            return None
        why = self.model.why_not(task, offer.person, team=offer.team)
        if why is None:
            self.given(task, offer.person, "accepted", team=offer.team)
        return "offer.too_late" if why in {"task.taken", "task.state"} else why

    @invariant()
    def agree(self) -> None:
        if not hasattr(self, "model") or not self.model.tasks:
            return
        people, team = self.house.people, self.house.team
        wanted: dict[UUID, tuple[Any, ...]] = {
            o.id: ("o", o.id, o.answer, None, None, None, 0) for o in self.model.offers
        }
        for t in self.model.tasks:
            holder = None if t.holder is None else people[t.holder]
            wanted[t.id] = ("t", t.id, t.state, t.fence, holder, team if t.team else None, 11 if t.held else 0)
        rows = self.run(self.house.stands([t.id for t in self.model.tasks]))
        assert {row[1]: row for row in rows} == wanted

    def teardown(self) -> None:
        """The history too is as the model has it: who held what under which fence, how it ended, what was kept."""
        if not hasattr(self, "model"):
            return
        leases, evidence = self.run(self.house.history([t.id for t in self.model.tasks]))
        people = self.house.people
        assert leases == {(t.id, f): (people[p], end) for t in self.model.tasks for f, (p, end) in t.leases.items()}
        assert evidence == {(t.id, *kept) for t in self.model.tasks for kept in t.evidence}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_any_sequence(stack: Stack, redis_url: str) -> None:
    begun, Dispatch.steps = time.monotonic(), 0
    while Dispatch.steps < STEPS:
        name = f"machine_{os.getpid()}_{Dispatch.steps}"
        try:
            _chunk(stack.create(name), redis_url, min(CHUNK, STEPS - Dispatch.steps))
        finally:
            stack.drop(name)
        print(f"{Dispatch.steps} steps, {Dispatch.steps / (time.monotonic() - begun):.0f} a second", flush=True)


def _chunk(dsn: str, redis_url: str, steps: int) -> None:
    loop = uvloop.new_event_loop()
    way = a_world(dsn, redis_url, offer_after_s=0)
    world = loop.run_until_complete(way.__aenter__())
    house = loop.run_until_complete(open_house(world.ctx, dsn, world.emergency))
    Dispatch.house, Dispatch.loop = house, loop
    try:
        run_state_machine_as_test(
            Dispatch,
            settings=settings(
                max_examples=max(1, steps // EXAMPLE),
                stateful_step_count=EXAMPLE,
                deadline=None,
                database=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.run_until_complete(house.conn.close())
        loop.run_until_complete(way.__aexit__(None, None, None))
        loop.close()
