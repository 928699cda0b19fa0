"""A real web server in the test's own loop, and a client that reads an event stream until it is cut."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from fastapi import FastAPI

from ops.localstack.heads import BoundedHeads


@asynccontextmanager
async def served(app: FastAPI, *, lends: bool = True) -> AsyncIterator[str]:
    """Serve an application on a free loopback port; gives its address.

    `lends`: by our own protocol, which lends its connection to the stream, as in production; else by uvicorn's.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            http=BoundedHeads if lends else "httptools",
            log_level="error",
            access_log=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=5,
            # A client that waits for the test's own work on a slow machine keeps its connection.
            timeout_keep_alive=600,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            assert not task.done()
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            app.state.hub.close()
            await task


@dataclass
class Heard:
    """What a client took from the stream, cut or not."""

    seqs: list[int] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    raw: bytes = b""
    last: int | None = None

    def take(self, block: bytes) -> None:
        fields = dict(
            line.split(b": ", 1) for line in block.split(b"\n") if b": " in line and not line.startswith(b":")
        )
        if b"id" in fields:
            self.last = int(fields[b"id"])
        if b"data" in fields and b"id" in fields:
            self.seqs.append(int(fields[b"id"]))
            self.verbs.append(fields[b"event"].decode())


async def listen(
    url: str, token: str, heard: Heard, *, until: int = 0, lines: int = 0, seconds: float = 90, query: str = ""
) -> None:
    """Read until number `until` was heard, or `lines` more events, or the server ends it."""
    headers = {"Authorization": f"Bearer {token}"}
    if heard.last is not None:
        headers["Last-Event-ID"] = str(heard.last)
    before, rest = len(heard.seqs), b""
    async with (
        asyncio.timeout(seconds),
        httpx.AsyncClient(timeout=None) as client,
        client.stream("GET", f"{url}/api/stream{query}", headers=headers) as answer,
    ):
        answer.raise_for_status()
        async for chunk in answer.aiter_raw():
            heard.raw += chunk
            rest += chunk
            *blocks, rest = rest.split(b"\n\n")
            for block in blocks:
                heard.take(block)
                # A cut may come within a chunk; what was not taken must be sent again.
                if (until and heard.last is not None and heard.last >= until) or (
                    lines and len(heard.seqs) - before >= lines
                ):
                    return
