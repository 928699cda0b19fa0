"""Claimers killed in the middle of whatever they do: each task is finished once, none is forgotten."""

import asyncio
import random
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path

from ops.localstack.layout import REPOSITORY
from server.access.principal import Principal, Scope
from server.dispatch import service, sweep
from server.dispatch.service import Order
from server.kernel.ids import uuid7
from tests.support.dispatch_world import World, a_world, make_context_for

TASKS, CLAIMERS, KILLS = 150, 4, 6


async def _start(world: World, redis_url: str, home: str, queue: object, volunteer: object) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.claimer",
        world.ctx.db.dsn,
        redis_url,
        home,
        str(queue),
        str(volunteer),
        cwd=REPOSITORY,
        stdout=PIPE,
    )


async def _lines(process: Process, said: list[str]) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        # A line cut by the kill was not said.
        if line.endswith(b"\n"):
            said.append(line.decode().strip())  # noqa: PERF401 - the other side reads it while it grows


async def _watch(world: World) -> None:
    """The worker's sweep, and a dispatcher who gives every escalated task back to the queue."""
    dispatcher = Principal("token", uuid7(), (Scope("dispatcher"),))
    while True:
        await sweep.sweep(world.ctx)
        for row in await world.run("SELECT id, fence FROM tasks WHERE state = 'escalated'"):
            async with world.ctx.db.tx() as conn:
                await service.reassign(conn, world.ctx, dispatcher, row["id"], Order(row["fence"]))
        await asyncio.sleep(0.2)


async def test_each_task_finished_once_none_forgotten(db_dsn: str, redis_url: str) -> None:
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="dispatch-") as home:
        await (await make_context_for(db_dsn, redis_url, Path(home))).close()
        async with a_world(db_dsn, redis_url, lease_s=1) as world:
            queue = await world.queue()
            await world.tasks(TASKS, queue=queue)
            people = await world.volunteers(CLAIMERS)
            said: list[str] = []
            running = [await _start(world, redis_url, home, queue, p) for p in people]
            readers = [asyncio.create_task(_lines(p, said)) for p in running]
            watch = asyncio.create_task(_watch(world))
            killed = 0
            while await world.one("SELECT count(*) FROM tasks WHERE state <> 'done'"):
                await asyncio.sleep(chance.random() * 0.05)
                assert not watch.done(), watch.exception()
                at = chance.randrange(CLAIMERS)
                if len(said) > killed * TASKS // (KILLS + 1):
                    running[at].send_signal(signal.SIGKILL)
                    await running[at].wait()
                    killed += 1
                if running[at].returncode is not None:
                    running[at] = await _start(world, redis_url, home, queue, people[at])
                    readers.append(asyncio.create_task(_lines(running[at], said)))
            watch.cancel()
            for process in running:
                if process.returncode is None:
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
            await asyncio.gather(*readers)
            await _assert_sound(world, said, killed)


async def _assert_sound(world: World, said: list[str], killed: int) -> None:
    assert killed >= KILLS
    ends = Counter((r["task_id"], r["end_reason"]) for r in await world.run("SELECT task_id, end_reason FROM leases"))
    finished = {task: n for (task, end), n in ends.items() if end == "completed"}
    assert len(finished) == TASKS
    assert set(finished.values()) == {1}
    # Whatever a claimer was told is so, and it was told once.
    assert max(Counter(said).values()) == 1
    assert set(said) <= {str(task) for task in finished}
    assert await world.one("SELECT count(*) FROM leases WHERE ended_at IS NULL") == 0
    assert not await world.run(
        "SELECT t.id FROM tasks t JOIN leases l ON l.task_id = t.id GROUP BY t.id HAVING max(l.fence) > t.fence"
    )
    assert await world.one("SELECT count(*) FROM (SELECT task_id, fence FROM leases GROUP BY 1, 2) x") == len(
        await world.run("SELECT 1 FROM leases")
    )
    events = Counter(r["verb"] for r in await world.run("SELECT verb FROM events_unsealed"))
    assert events["task.completed"] == TASKS
    assert events["task.claimed"] == await world.one("SELECT count(*) FROM leases")
    assert await world.one("SELECT count(*) FROM needs WHERE status = 'met'") == TASKS
