"""PostgreSQL and Redis alone, for tests and tools: started here, ended with the process that started them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.localstack.layout import Layout
from ops.localstack.owner import choose_owner, prepare_folders
from ops.localstack.postgres import STOP_SIGNALS as POSTGRES_SIGNALS
from ops.localstack.postgres import Postgres
from ops.localstack.process import identify, stop
from ops.localstack.redis_server import STOP_SIGNALS as REDIS_SIGNALS
from ops.localstack.redis_server import Redis


class Stores:
    """A running pair of private servers."""

    def __init__(self, home: Path, settings: dict[str, str] | None = None, *, durable: bool = True) -> None:
        self.layout = Layout(home.absolute())
        self.durable = durable
        owner = choose_owner()
        self.notes = prepare_folders(self.layout, owner)
        self.postgres = Postgres(self.layout, owner, settings)
        self.redis = Redis(self.layout, owner)
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start both and return when both answer. Call it from the main thread."""
        self.postgres.make()
        database = self.postgres.spawn()
        redis = self.redis.spawn()
        self.children = [database, redis]
        self.redis.wait(redis)
        self.postgres.wait(database, durable=self.durable)

    def stop(self) -> None:
        """Stop both."""
        for child, signals in zip(self.children, (POSTGRES_SIGNALS, REDIS_SIGNALS), strict=False):
            process = identify(child.pid)
            if process is not None:
                stop(process, signals)
            child.wait(timeout=10)
        self.children = []


@contextmanager
def running(home: Path, settings: dict[str, str] | None = None, *, durable: bool = True) -> Iterator[Stores]:
    """Run a private pair in ``home`` for the length of a ``with`` block."""
    stores = Stores(home, settings, durable=durable)
    try:
        stores.start()
        yield stores
    finally:
        stores.stop()
