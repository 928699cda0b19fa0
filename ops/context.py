"""A command's own services: the same as a process's, for one piece of work."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from psycopg_pool import PoolTimeout

from ops.localstack.problem import Problem
from server.access.context import Context, make_context
from server.kernel.settings import Settings


@asynccontextmanager
async def opened(max_connections: int = 4) -> AsyncIterator[Context]:
    """Services over the instance that the environment names (`ops.cli` has filled it in)."""
    ctx = await make_context(Settings(), max_connections=max_connections)
    try:
        yield ctx
    finally:
        await ctx.close()


T = TypeVar("T")


def run(work: Callable[[Context], Awaitable[T]]) -> T:
    """Run one async piece of work with services of its own. Raises Problem when the instance does not answer."""

    async def main() -> T:
        async with opened() as ctx:
            return await work(ctx)

    # The pool says of each try that it failed; a person is told once, below.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        return asyncio.run(main())
    except PoolTimeout:
        raise Problem(
            "instance.away",
            fa="پایگاه داده پاسخ نمی‌دهد. نخست نمونه را راه بیندازید: hamyar up",
            en="The database does not answer. Start the instance first: hamyar up",
        ) from None
