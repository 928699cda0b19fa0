"""Counts of queues: kept by what is sealed, right after any order of moves, made anew from the tasks."""

import random
from typing import Any

from server.dispatch import count_queries, counting
from server.dispatch.claiming import ClaimRequest, Claims
from server.dispatch.sweep import sweep
from server.kernel.sealer import Sealer
from tests.support.dispatch_world import World

_TRUE = """
SELECT queue_id, state, count(*) AS n, count(*) FILTER (WHERE urgency = 'life') AS life,
  count(*) FILTER (WHERE state = 'queued' AND flagged_at IS NOT NULL) AS flagged,
  CASE WHEN state = 'queued' THEN min(created_at) END AS oldest
FROM tasks WHERE state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated') GROUP BY 1, 2 ORDER BY 1, 2"""
_KEPT = "SELECT queue_id, state, n, life, flagged, oldest FROM queue_loads WHERE n <> 0 ORDER BY 1, 2"


async def recounted(world: World) -> int:
    async with world.ctx.db.tx() as conn:
        return await count_queries.recount(conn)


async def seal(world: World) -> None:
    sealer = Sealer(world.ctx.db, world.ctx.redis, (counting.project,))
    async with world.ctx.db.pool.connection() as conn:
        while await sealer.seal_batch(conn):
            pass


async def moved(world: World, dice: random.Random, task: dict[str, Any]) -> None:
    """Some change of a task, whatever its state, and an event that names it."""
    change = dice.choice(
        (
            "state = 'done', closed_at = clock_timestamp(), lease_until = NULL",
            "state = 'queued', holder_id = NULL, lease_until = NULL, flagged_at = clock_timestamp()",
            "state = 'escalated', holder_id = %(someone)s",
            "urgency = 'life'",
            "state = 'accepted', holder_id = %(someone)s, lease_until = clock_timestamp() + interval '1 h'",
        )
    )
    async with world.ctx.db.tx() as conn:
        await conn.execute(f"UPDATE tasks SET {change} WHERE id = %(id)s", {"id": task["id"], **task})
        await conn.execute(
            "UPDATE leases l SET ended_at = clock_timestamp() FROM tasks t WHERE t.id = %s AND l.task_id = t.id"
            " AND l.ended_at IS NULL AND t.state IN ('done', 'queued')",
            (task["id"],),
        )
        await conn.execute(
            "INSERT INTO events_unsealed (verb, subject_type, subject_id, emergency_id, actor, data)"
            " VALUES ('task.changed', 'task', %s, %s, 'test', '{}')",
            (task["id"], world.emergency),
        )


async def test_counts_follow_whatever_happens_and_are_the_same_made_anew(world: World) -> None:
    dice = random.Random(7)
    people = await world.volunteers(3)
    queues = [await world.queue("rescue"), await world.queue("medical", centre=1)]
    tasks = []
    for queue in queues:
        tasks += await world.tasks(20, queue=queue, urgency=dice.choice(("life", "normal")))
    assert await recounted(world) == 40
    for round_ in range(6):
        claims = Claims(world.ctx)
        await claims.claim(ClaimRequest(queues[round_ % 2], people[0], 3, "t"))
        for task in dice.sample(tasks, 8):
            await moved(world, dice, {"id": task, "someone": dice.choice(people)})
        if round_ == 3:
            await world.run("UPDATE tasks SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'claimed'")
            await sweep(world.ctx)
        await seal(world)
        kept = await world.run(_KEPT)
        assert kept == await world.run(_TRUE)
    await recounted(world)
    assert await world.run(_KEPT) == kept
    async with world.ctx.db.tx() as conn:
        # Seen again, nothing changes: a replay is harmless.
        assert await count_queries.fold(conn, tasks) == 0
        whole = await count_queries.by_state(conn)
        parts = [await count_queries.by_state(conn, centre=centre) for centre in world.centres]
        assert whole == {s: sum(p.get(s, 0) for p in parts) for s in whole}
        assert await count_queries.by_state(conn, centres=[], kind="rescue") == {}
