"""The chain's process: seals events, reads reports, watches leases. Any number may run; locks keep them apart."""

import asyncio
import signal

import structlog

from server import wiring
from server.access.context import Context, make_context
from server.kernel.logs import configure
from server.kernel.settings import settings

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


async def run() -> None:
    """Run every loop until SIGTERM or SIGINT."""
    configure()
    ctx = await make_context(settings(), max_connections=8)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(_keep(name, loop, ctx), name=name) for name, loop in wiring.LOOPS]
    log.info("worker.started", loops=[t.get_name() for t in tasks])
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await ctx.close()


if __name__ == "__main__":
    asyncio.run(run())
