"""A volunteer's process for the fault tests: claims, accepts, finishes, until it is killed or nothing is left.

Every step sleeps at random inside its open transaction, so that a kill finds it in the middle of one.
Prints one line a finished task, after the commit: its id.
"""

import asyncio
import random
import sys
from pathlib import Path
from uuid import UUID

from server.access.context import Context
from server.access.principal import Principal, Scope
from server.dispatch import service
from server.dispatch.claiming import ClaimRequest, claim_batch
from server.dispatch.service import Order
from server.kernel.ids import uuid7
from tests.support.dispatch_world import make_context_for


async def _pause() -> None:
    await asyncio.sleep(random.random() * 0.02)


async def _work(ctx: Context, queue: UUID, me: UUID) -> None:
    who = Principal("token", uuid7(), (Scope("volunteer", None, None, me),))
    empty = 0
    while empty < 200:
        async with ctx.db.tx() as conn:
            (answer,) = await claim_batch(conn, ctx, [ClaimRequest(queue, me, 5, who.actor)], cap=None)
            await _pause()
        assert isinstance(answer, dict)
        empty = 0 if answer["tasks"] else empty + 1
        for task in answer["tasks"]:
            for verb in ("accept", "complete"):
                async with ctx.db.tx() as conn:
                    done = await service.act(conn, ctx, who, UUID(task["id"]), verb, Order(task["fence"]))
                    await _pause()
                if done.problem:
                    break
            else:
                sys.stdout.write(f"{task['id']}\n")
                sys.stdout.flush()
        if not answer["tasks"]:
            await asyncio.sleep(0.05)


async def main(dsn: str, redis_url: str, home: str, queue: str, me: str) -> None:
    ctx = await make_context_for(dsn, redis_url, Path(home), lease_s=1)
    try:
        await _work(ctx, UUID(queue), UUID(me))
    finally:
        await ctx.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
