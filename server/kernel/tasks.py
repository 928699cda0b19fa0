"""Loops that outlive a database, and ending tasks for certain."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import structlog

log = structlog.get_logger("tasks")


async def end(*tasks: "asyncio.Task[Any]", again_s: float = 1.0) -> None:
    """Cancel tasks and wait until they are over.

    A cancellation can be lost: a library that is interrupted while it cleans up may raise an error of its own, which a
    loop that outlives errors then takes for an ordinary one. So it is said again until it is heard.
    """
    waiting = {task for task in tasks if not task.done()}
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=again_s)
        for task in waiting:
            log.warning("tasks.cancelled_again", task=task.get_name())


async def in_turns(name: str, turn: Callable[[], Awaitable[int]], *, batch: int, every_s: float) -> None:
    """Call `turn` (it says how many it did) every `every_s` seconds, at once again while it did a whole `batch`.

    Runs until cancelled; a database that is away is asked again at the next turn.
    """
    while True:
        try:
            while await turn() >= batch:
                pass
        except psycopg.OperationalError as error:
            log.warning("turn.postponed", loop=name, kind=type(error).__name__)
        await asyncio.sleep(every_s)
