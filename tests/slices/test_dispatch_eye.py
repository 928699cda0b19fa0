"""The soak's eye sees what it is there to see: each kind of harm, done behind the back of dispatch, is told of."""

import asyncio
from typing import Any
from uuid import UUID

from server.dispatch import service
from server.dispatch.claiming import ClaimRequest, claim_batch
from server.dispatch.service import Order
from tests.soak.checker import Checker
from tests.support.dispatch_house import STAFF
from tests.support.dispatch_world import World, a_world

HARM = {
    "taken by the clock from who had accepted": (
        "UPDATE tasks SET state = 'queued', holder_id = NULL, lease_until = NULL WHERE id = %(held)s",
        "live lease of a task that is queued",
    ),
    "held by another under the same fence": (
        "UPDATE tasks SET holder_id = %(other)s WHERE id = %(held)s",
        "another holder under the same fence",
    ),
    "held twice": (
        "INSERT INTO leases (id, task_id, fence, volunteer_id) VALUES (gen_random_uuid(), %(held)s, 9, %(other)s)",
        "held, but not by one live lease",
    ),
    "the fence falls": ("UPDATE tasks SET fence = 0 WHERE id = %(held)s", "its fence fell"),
    "nobody looks after a lease": (
        "UPDATE tasks SET lease_until = clock_timestamp() - interval '1 hour' WHERE id = %(held)s",
        "neither leased nor seen to",
    ),
    "forgotten": ("DELETE FROM tasks WHERE id = %(free)s", "tasks are gone"),
    "done, and given again": (
        "UPDATE tasks SET state = 'queued', holder_id = NULL, closed_at = NULL WHERE id = %(done)s",
        "completed 1 times",
    ),
    "done, and nobody did it": (
        "UPDATE tasks SET state = 'done', closed_at = now() WHERE id = %(free)s",
        "done, completed 0 times",
    ),
    "a promise broken": (
        "UPDATE leases SET ended_at = now(), end_reason = 'expired' WHERE task_id = %(held)s",
        "accepted, and taken from her by the clock",
    ),
    "late words lost": ("DELETE FROM evidence WHERE task_id = %(done)s", "late words are kept, and they are not"),
}


async def _busy(world: World) -> tuple[dict[str, UUID], list[dict[str, Any]]]:
    """One task is held and accepted, one done, one free; what the holder was told."""
    queue = await world.queue()
    held, done, free = await world.tasks(3, queue=queue)
    one, other = await world.volunteers(2)
    said: list[dict[str, Any]] = []
    async with world.ctx.db.tx() as conn:
        await claim_batch(conn, world.ctx, [ClaimRequest(queue, one, 2, "t")], cap=None)
        for task, verb in ((held, "accept"), (done, "accept"), (done, "complete")):
            answer = await service.act(conn, world.ctx, STAFF, task, verb, Order(1))
            word = {"call": verb, "task": str(task), "fence": 1, "volunteer": str(one), "status": 200, "code": None}
            said.append({**word, "kept": False, "state": answer.body["state"], "got": []})
    said.append({**said[-1], "status": 409, "kept": True})
    return {"held": held, "done": done, "free": free, "other": other}, said


def _look(checker: Checker, said: list[dict[str, Any]]) -> list[str]:
    return checker.look(3) + checker.history(said)


async def test_harm_is_seen(db_dsn: str, redis_url: str) -> None:
    async with a_world(db_dsn, redis_url) as world:
        # The database itself would not let it come so far.
        await world.run("DROP INDEX uq_leases_live")
        for harm, (sql, words) in HARM.items():
            for table in ("evidence", "leases", "tasks", "events_unsealed"):
                await world.run(f"DELETE FROM {table}")
            checker = Checker(db_dsn, grace_s=30)
            ids, said = await _busy(world)
            before = await asyncio.to_thread(_look, checker, said)
            assert before == [], harm
            async with world.ctx.db.tx() as conn:
                await conn.execute(sql, ids)
            faults = await asyncio.to_thread(_look, checker, said)
            checker.close()
            assert any(words in fault for fault in faults), (harm, faults)
