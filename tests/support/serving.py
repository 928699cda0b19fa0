"""A web process's own server inside a test: a real socket for clients that hang up, and for gateways."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from server.app import create_app
from server.kernel.settings import Settings


def free_port(ports: Iterable[int]) -> int:
    """The first of the ports that nobody listens on."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


@asynccontextmanager
async def serving(config: Settings, ports: Iterable[int], *, app: Any = None) -> AsyncIterator[str]:
    """Serve the application (or what stands in front of it) on loopback; gives its base address."""
    port = free_port(ports)
    server = uvicorn.Server(
        uvicorn.Config(
            app or create_app(config),
            host="127.0.0.1",
            port=port,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=5,
        )
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        if running.done():
            await running
            raise RuntimeError("the server did not start")
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running
