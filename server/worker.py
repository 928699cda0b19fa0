"""The chain's processes: seal events, read reports, watch leases. Any number may run; locks keep them apart.

`python -m server.worker [LOOP …]` runs the loops named (sealer, chain, leases), all of them when none is.
"""

import asyncio
import signal
import sys
from collections.abc import Collection

import structlog

from server import wiring
from server.access.context import Context, make_context
from server.kernel.logs import configure
from server.kernel.settings import settings
from server.kernel.tasks import end

log = structlog.get_logger("worker")


async def _keep(name: str, loop: wiring.Loop, ctx: Context) -> None:
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
        asyncio.create_task(_keep(name, loop, ctx), name=name)
        for name, loop in wiring.LOOPS
        if not names or name in names
    ]
    log.info("worker.started", loops=[t.get_name() for t in tasks])
    await stop.wait()
    await end(*tasks)
    await ctx.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1:]))
