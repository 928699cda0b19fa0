"""The peer that intake is measured beside: the barest Starlette route that keeps messages in PostgreSQL, batched.

No token, no sealing, no events, no flags, one table with a key; the same parsing library, server, event loop, driver
and grouping. `python -m tests.bench.bare_intake --fd N`, DATABASE_URL in the environment, as `ops.localstack.web`.
"""

import argparse
import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import uvicorn
from psycopg import AsyncConnection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.kernel.ids import new_code, uuid7

TABLE = (
    "CREATE TABLE IF NOT EXISTS bench_bare (id uuid PRIMARY KEY, receipt text NOT NULL, source_key text NOT NULL"
    " UNIQUE, sender text, recipient text, body text NOT NULL, received_at timestamptz NOT NULL DEFAULT now())"
)
INSERT = (
    "INSERT INTO bench_bare (id, receipt, source_key, sender, recipient, body) SELECT * FROM unnest(%b::uuid[],"
    " %b::text[], %b::text[], %b::text[], %b::text[], %b::text[]) ON CONFLICT DO NOTHING"
)
BATCH = 256
Row = tuple[Any, ...]


class Batches:
    """Rows of concurrent requests, one insert and commit for all that came meanwhile."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self.flusher: asyncio.Task[None] | None = None
        self.conn: AsyncConnection[Any]

    async def keep(self, row: Row) -> None:
        """Return when the row is committed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((row, future))
        if self.flusher is None:
            self.flusher = asyncio.create_task(self.flush())
        await future

    async def flush(self) -> None:
        """Until nobody waits."""
        await asyncio.sleep(0)
        while self.waiting:
            group, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
            columns = [list(column) for column in zip(*(row for row, _ in group), strict=True)]
            await self.conn.execute(INSERT, columns)
            for _, future in group:
                future.set_result(None)
        self.flusher = None


def make() -> Starlette:
    """The application."""
    batches = Batches(os.environ["DATABASE_URL"])

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        batches.conn = await AsyncConnection.connect(batches.dsn, autocommit=True, application_name="bare")
        yield
        await batches.conn.close()

    async def take(request: Request) -> Response:
        data = orjson.loads(await request.body())
        report, receipt = uuid7(), new_code()
        await batches.keep((report, receipt, data["id"], data["from"], data["to"], data["text"]))
        return Response(orjson.dumps({"receipt": receipt, "report": report}), media_type="application/json")

    return Starlette(routes=[Route("/bare", take, methods=["POST"])], lifespan=lifespan)


def main() -> None:
    """Serve on the given socket until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    server = socket.socket(fileno=parser.parse_args().fd)
    config = uvicorn.Config(
        make, factory=True, access_log=False, server_header=False, ws="none", lifespan="on", log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[server])


if __name__ == "__main__":
    main()
