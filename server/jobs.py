"""The rare jobs' process (procrastinate): what happens by the hour, not by the report."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Final

import structlog
from procrastinate import App, PsycopgConnector

from server.access.context import Context, make_context
from server.kernel.logs import configure
from server.kernel.settings import settings
from server.kernel.tasks import end
from server.reports import rereading

log = structlog.get_logger("jobs")
NICE: Final = 15
LEARN_S: Final = 3000
"""How long learning may take, in seconds: it begins anew at the next hour."""
# Remembered answers outlive the retries of every gateway we know (android-sms-gateway: two days).
PURGES = (
    "DELETE FROM sessions WHERE expires_at < clock_timestamp() - interval '7 days'",
    "DELETE FROM invites WHERE used_at IS NULL AND expires_at < clock_timestamp() - interval '7 days'",
    "DELETE FROM idempotent_answers WHERE created_at < clock_timestamp() - interval '14 days'",
)


def make_app(dsn: str) -> App:
    """The job application over one database; its tasks are registered here."""
    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=1, max_size=2))

    @app.periodic(cron="17 * * * *")
    @app.task(queueing_lock="access.purge", pass_context=False)
    async def access_purge(timestamp: int) -> None:
        """Forget sessions, invites and remembered answers that are over."""
        log.info("access.purge", at=timestamp)
        for statement in PURGES:
            await app.connector.execute_query_async(statement)

    @app.periodic(cron="41 * * * *")
    @app.task(queueing_lock="model.learn", pass_context=False)
    async def model_learn(timestamp: int) -> None:
        """Learn from what people set right, once a day or when much is new: in a process that gives its memory back."""
        log.info("model.learn", at=timestamp)
        work = await asyncio.create_subprocess_exec(sys.executable, "-m", "server.reports.learning.daily")
        try:
            await asyncio.wait_for(work.wait(), LEARN_S)
        finally:
            if work.returncode is None:
                work.kill()
                await work.wait()

    return app


async def run() -> None:
    """Work until a signal comes; procrastinate handles SIGINT and SIGTERM itself."""
    configure()
    app = make_app(settings().database_url)
    ctx = await make_context(settings(), max_connections=2)
    anew = asyncio.create_task(_keep_rereading(ctx), name="rereading")
    async with app.open_async():
        await app.run_worker_async(concurrency=1, listen_notify=True, delete_jobs="successful")
    await end(anew)
    await ctx.close()


async def _keep_rereading(ctx: Context) -> None:
    """Reading all reports anew, whenever somebody has asked for it; at the lowest weight of all that runs."""
    with contextlib.suppress(OSError):
        os.nice(NICE)
    while True:
        try:
            await rereading.run(ctx)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while
            log.warning("loop.restarts", loop="rereading", kind=type(error).__name__)
        await asyncio.sleep(1)


def main(_arguments: Sequence[str] = ()) -> None:
    """Do the rare jobs until told to stop."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
