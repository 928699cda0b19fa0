"""Any sequence of calls, with fences old and new: the database agrees with a model that fits on a page."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from server.access.principal import Principal, Scope
from server.dispatch import service, sweep
from server.dispatch.claiming import ClaimRequest, claim_batch
from server.dispatch.service import Done, Order
from server.kernel.errors import Problem
from server.kernel.ids import uuid7
from tests.support.dispatch_world import World, a_world

TASKS, PEOPLE = 3, 2
STAFF = Principal("token", uuid7(), (Scope("dispatcher"),))


@dataclass
class Model:
    state: str = "queued"
    fence: int = 0
    holder: int | None = None


def machine(dsn: str, redis_url: str) -> type[RuleBasedStateMachine]:
    class Dispatch(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.loop = asyncio.Runner()
            self.way = a_world(dsn, redis_url, codes=uuid7().hex[-10:])
            self.tickets: list[tuple[int, int, int]] = []

        def run(self, work: Any) -> Any:
            return self.loop.run(work)

        @initialize()
        def begin(self) -> None:
            async def make() -> tuple[World, UUID, list[UUID], list[UUID]]:
                world = await self.way.__aenter__()
                queue = await world.queue()
                return world, queue, await world.tasks(TASKS, queue=queue), await world.volunteers(PEOPLE)

            self.world, self.queue, self.tasks, self.people = self.run(make())
            self.model = [Model() for _ in self.tasks]

        @rule(person=st.integers(0, PEOPLE - 1), n=st.integers(1, 2))
        def claim(self, person: int, n: int) -> None:
            async def ask() -> Any:
                async with self.world.ctx.db.tx() as conn:
                    return await claim_batch(
                        conn, self.world.ctx, [ClaimRequest(self.queue, self.people[person], n, "t")], cap=None
                    )

            (answer,) = self.run(ask())
            free = [i for i, m in enumerate(self.model) if m.state == "queued"][:n]
            assert [t["id"] for t in answer["tasks"]] == [str(self.tasks[i]) for i in free]
            for i, task in zip(free, answer["tasks"], strict=True):
                fence = self.model[i].fence + 1
                assert task["fence"] == fence
                self.model[i] = Model("claimed", fence, person)
                self.tickets.append((i, fence, person))

        @precondition(lambda self: self.tickets)
        @rule(data=st.data(), verb=st.sampled_from(["accept", "en_route", "heartbeat", "release", "complete", "fail"]))
        def call(self, data: st.DataObject, verb: Any) -> None:
            i, fence, person = data.draw(st.sampled_from(self.tickets))
            who = Principal("token", uuid7(), (Scope("volunteer", None, None, self.people[person]),))

            order = Order(fence, "unsafe" if verb == "fail" else None)

            async def act() -> Done:
                async with self.world.ctx.db.tx() as conn:
                    return await service.act(
                        conn,
                        self.world.ctx,
                        who,
                        self.tasks[i],
                        verb,
                        order,
                    )

            model = self.model[i]
            live = model.fence == fence and model.state in {"claimed", "accepted", "en_route", "escalated"}
            try:
                done = self.run(act())
            except Problem as problem:
                assert problem.code == "task.state"  # noqa: PT017 - most calls raise nothing
                assert live
                assert (verb, model.state) == ("en_route", "claimed")
                return
            if not live:
                # Either lost, or an ending that this very holder had said before.
                assert done.problem is not None or done.body["state"] in {"queued", "done", "failed"}
                return
            assert done.problem is None
            if verb == "release":
                self.model[i] = Model("queued", fence)
            elif verb in {"complete", "fail"}:
                self.model[i] = Model("done" if verb == "complete" else "failed", fence, person)
            elif verb == "en_route":
                model.state = "en_route"
            elif model.state == "escalated" or (verb == "accept" and model.state == "claimed"):
                model.state = "accepted"

        @rule(i=st.integers(0, TASKS - 1))
        def time_passes(self, i: int) -> None:
            async def expire() -> None:
                await self.world.run(
                    "UPDATE tasks SET lease_until = clock_timestamp() - interval '1 second'"
                    " WHERE id = %s AND lease_until IS NOT NULL",
                    self.tasks[i],
                )
                await sweep.sweep(self.world.ctx)

            self.run(expire())
            model = self.model[i]
            if model.state == "claimed":
                self.model[i] = Model("queued", model.fence)
            elif model.state in {"accepted", "en_route"}:
                model.state = "escalated"

        @rule(i=st.integers(0, TASKS - 1), person=st.none() | st.integers(0, PEOPLE - 1), old=st.booleans())
        def hand_over(self, i: int, person: int | None, old: bool) -> None:
            model = self.model[i]
            fence = model.fence - 2 if old and model.fence >= 2 else model.fence
            to = None if person is None else self.people[person]
            order = Order(fence, volunteer_id=to)

            async def give() -> Done:
                async with self.world.ctx.db.tx() as conn:
                    return await service.reassign(conn, self.world.ctx, STAFF, self.tasks[i], order)

            try:
                self.run(give())
            except Problem as problem:
                impossible = model.state in {"done", "cancelled"} or (to is None and model.state == "queued")
                assert problem.code == ("lease.lost" if fence != model.fence else "task.state")  # noqa: PT017
                assert impossible or fence != model.fence
                return
            assert fence == model.fence
            self.model[i] = Model("queued" if person is None else "claimed", model.fence + 1, person)
            if person is not None:
                self.tickets.append((i, model.fence + 1, person))

        @invariant()
        def agree(self) -> None:
            if not hasattr(self, "model"):
                return
            rows = self.run(
                self.world.run(
                    "SELECT t.id, t.state, t.fence, t.holder_id, (SELECT count(*) FROM leases l WHERE "
                    "l.task_id = t.id"
                    " AND l.ended_at IS NULL) AS live FROM tasks t WHERE t.id = ANY(%s)",
                    self.tasks,
                )
            )
            by_id = {r["id"]: r for r in rows}
            for task, model in zip(self.tasks, self.model, strict=True):
                row = by_id[task]
                assert (row["state"], row["fence"]) == (model.state, model.fence)
                assert row["live"] == (model.state in {"claimed", "accepted", "en_route", "escalated"})
                if row["live"]:
                    assert row["holder_id"] == self.people[model.holder or 0]

        def teardown(self) -> None:
            if hasattr(self, "world"):
                self.run(self.way.__aexit__(None, None, None))
            self.loop.close()

    return Dispatch


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_any_sequence(db_dsn: str, redis_url: str) -> None:
    run_state_machine_as_test(
        machine(db_dsn, redis_url),
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
