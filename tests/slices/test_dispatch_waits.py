"""What waits is not forgotten: shown anew, not hidden behind lives nobody can save, asked of all who may."""

from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import DeadlockDetected

from server.dispatch import claiming, offer_queries, rules, sweep
from server.dispatch.claim_queries import Able
from server.dispatch.claim_rules import ClaimRequest, crew_problem
from server.dispatch.routes import router
from server.kernel.ids import uuid7
from tests.support.dispatch_world import World, a_client, an_app


def test_a_team_with_a_woman_may_have_what_takes_a_woman_whoever_leads_it() -> None:
    task = {"crew_min": 3, "women_min": 1, "women_required": True}
    assert crew_problem(task, Able(True, 3, 1)) is None
    assert crew_problem(task, Able(False, 3, 0)).code == "task.team_required"  # type: ignore[union-attr]
    assert crew_problem({**task, "women_min": 0}, Able(False, 3, 0)).code == "task.woman_required"  # type: ignore[union-attr]
    assert crew_problem({**task, "crew_min": 1}, Able(False, 1, 0)).code == "task.woman_required"  # type: ignore[union-attr]


async def flag(world: World) -> int:
    async with world.ctx.db.tx() as conn:
        return await sweep.flag_unclaimed(conn)


async def test_a_life_that_comes_back_and_waits_again_is_shown_again(world: World) -> None:
    (task,) = await world.tasks(1, urgency="life")
    (who,) = await world.volunteers(1)
    late = f"clock_timestamp() - interval '{rules.UNCLAIMED_LIFE_S + 5} s'"
    await world.run(f"UPDATE tasks SET created_at = {late}")
    assert (await flag(world), await flag(world)) == (1, 0)
    client = a_client(an_app(world.ctx, router))
    client.headers.update(await world.token("volunteer", volunteer=who))
    held = (await client.post(f"/api/tasks/{task}/claim", json={})).json()["tasks"][0]
    assert (await client.post(f"/api/tasks/{task}/release", json={"fence": held["fence"]})).status_code == 200
    # Its wait begins anew: it is not shown at once, but when it has waited as long again.
    assert await world.one("SELECT flagged_at FROM tasks") is None
    assert await flag(world) == 0
    await world.run(f"UPDATE tasks SET requeued_at = {late}")
    assert await flag(world) == 1
    assert (await world.verbs(task)).count("task.escalated") == 2


async def test_many_lives_that_nobody_can_save_leave_room_for_others(world: World) -> None:
    old = "clock_timestamp() - interval '1 hour'"
    lives = [await world.tasks(4, queue=await world.queue(kind), urgency="life") for kind in ("rescue", "medical")]
    (other,) = await world.tasks(1, queue=await world.queue("delivery"))
    await world.run(f"UPDATE tasks SET created_at = {old}")

    async def due(limit: int) -> list[dict[str, Any]]:
        async with world.ctx.db.tx() as conn:
            return await offer_queries.due(conn, 60, {world.centres[0]: frozenset()}, 4, limit)

    found = await due(6)
    assert [row["urgency"] for row in found] == ["life"] * 5 + ["normal"]
    assert found[-1]["id"] == other
    await world.run("UPDATE tasks SET state = 'cancelled', closed_at = clock_timestamp() WHERE id = %s", other)
    assert len(await due(6)) == 6
    assert len(await due(60)) == sum(map(len, lives))


async def test_whom_a_dispatcher_took_it_from_may_be_asked_again(world: World) -> None:
    (task,) = await world.tasks(1)
    taken, gave = await world.volunteers(2)
    for fence, (who, reason) in enumerate(((taken, "reassigned"), (gave, "released")), 1):
        await world.run(
            "INSERT INTO leases (id, task_id, volunteer_id, fence, ended_at, end_reason)"
            " VALUES (%s, %s, %s, %s, clock_timestamp(), %s)",
            uuid7(), task, who, fence, reason,
        )  # fmt: skip
    async with world.ctx.db.tx() as conn:
        assert await offer_queries.asked_before(conn, [task], 3600) == {(task, gave)}


async def test_a_claim_that_a_deadlock_undid_is_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.tasks(1)
    (who,) = await world.volunteers(1)
    queue: UUID = await world.queue()
    tries = 0
    real = claiming.claim_batch

    async def once_undone(*arguments: Any, **more: Any) -> Any:
        nonlocal tries
        tries += 1
        answers = await real(*arguments, **more)
        if tries == 1:
            raise DeadlockDetected
        return answers

    monkeypatch.setattr(claiming, "claim_batch", once_undone)
    got = await claiming.Claims(world.ctx).claim(ClaimRequest(queue, who, 1, "test"))
    assert (len(got["tasks"]), tries) == (1, 2)
    assert await world.one("SELECT count(*) FROM leases WHERE ended_at IS NULL") == 1
