"""A worker process of the product over a test's own servers."""

import asyncio
import os
import sys

from ops.localstack.layout import REPOSITORY
from server.kernel.settings import Settings


async def start_worker(config: Settings, *loops: str) -> asyncio.subprocess.Process:
    """`python -m server.worker LOOPS`, silent."""
    environment = os.environ | {
        "HAMYAR_HOME": str(config.home),
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "HAMYAR_DRILL": "1",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.worker", *loops,
        cwd=REPOSITORY, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
