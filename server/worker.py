"""The chain's processes: seal events, read reports, watch leases. Any number may run; locks keep them apart.

`python -m server.worker [LOOP …]` runs the loops named (sealer, chain, leases), all of them when none is.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import structlog
import uvloop

from server.access.context import Context, make_context
from server.kernel.logs import configure
from server.kernel.settings import settings
from server.kernel.tasks import end
from server.loops import LOOPS, Loop

log = structlog.get_logger("worker")
NICE: Final = 8
NICE_CHAIN: Final = 10


async def _keep(name: str, loop: Loop, ctx: Context) -> None:
    while True:
        try:
            await loop(ctx)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - one loop's failure must not stop the others
            log.warning("loop.restarts", loop=name, kind=type(error).__name__)
        await asyncio.sleep(1)


async def run(names: Collection[str] = ()) -> None:
    """Run the loops named (all, when none is) until SIGTERM or SIGINT."""
    configure()
    ctx = await make_context(settings(), max_connections=8)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [
        asyncio.create_task(_keep(name, loop, ctx), name=name) for name, loop in LOOPS if not names or name in names
    ]
    log.info("worker.started", loops=[t.get_name() for t in tasks])
    await stop.wait()
    await end(*tasks)
    await ctx.close()


def give_way(names: Collection[str]) -> None:
    """Let what takes messages in go first: reading can wait, a gateway cannot. The others come before the chain.

    At these weights (sched(7)) the chain keeps a tenth of a core against one web process that would take all of it.
    Where the kernel groups processes by session, as ours each have one, only the group's own value counts.
    """
    nice = NICE_CHAIN if not names or {"chain", "pictures"} & set(names) else NICE
    with contextlib.suppress(OSError):
        os.nice(nice)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice), encoding="ascii")


async def _life(names: Sequence[str]) -> None:
    await run(names)
    # A thread that still loads the gazetteer would be waited for; like a kill, this end harms nothing it does.
    os._exit(0)


def main(names: Sequence[str]) -> None:
    """Run the loops named until told to stop."""
    if settings().give_way:
        give_way(names)
    # The loop that the web processes have too: these wait for the database thousands of times a second.
    uvloop.run(_life(names))


if __name__ == "__main__":
    main(sys.argv[1:])
