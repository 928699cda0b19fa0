"""The sender's process killed at its worst moment: the gateway has the message and nobody has written that down."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ops.localstack.layout import REPOSITORY
from server.access.context import Context
from server.messaging import gateways
from server.messaging.models import LIFE
from server.messaging.outbox import Draft, put

pytestmark = pytest.mark.faults
ROUNDS = int(os.environ.get("HAMYAR_ROUNDS", "1"))
LIVES, NOTES = 2, 20
SENDER = """
import asyncio
from server.access.context import make_context
from server.kernel.settings import settings
from server.messaging import sending
async def main():
    await sending.run(await make_context(settings()))
asyncio.run(main())
"""
"""The worker's loop alone: the whole worker takes seconds to load what this test does not need."""


class DeadlyGateway:
    """A Kannel-shaped gateway that takes a message, then kills its sender before it can hear so."""

    def __init__(self) -> None:
        self.took: Counter[str] = Counter()
        self.victim: subprocess.Popen[bytes] | None = None
        self.kill_at = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        self.took[parse_qs(urlsplit(line).query)["text"][0]] += 1
        if self.victim and self.took.total() >= self.kill_at:
            self.victim.send_signal(signal.SIGKILL)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        writer.close()


async def test_a_killed_sender_sends_nothing_twice(ctx: Context) -> None:
    gateway = DeadlyGateway()
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/cgi-bin/sendsms"

    async def run(sql: str) -> list[dict[str, Any]]:
        async with ctx.db.tx() as conn:
            cursor = await conn.execute(sql)
            return await cursor.fetchall() if cursor.description else []

    async with ctx.db.tx() as conn:
        settings = {"send_url": url, "parallel": 3}
        await gateways.create(conn, ctx, gateways.NewGateway("kannel", "K", settings=settings, sends=True))
        words = [f"N{i}" for i in range(NOTES * ROUNDS)]
        lives = [f"L{i}" for i in range(LIVES)]
        await put(conn, ctx, [Draft("note", f"+98912{i:07}", words=w) for i, w in enumerate(words)])
        await put(conn, ctx, [Draft("note", f"+98913{i:07}", words=w, priority=LIFE) for i, w in enumerate(lives)])
    environment = os.environ | {
        "HAMYAR_HOME": str(ctx.settings.home),
        "DATABASE_URL": ctx.settings.database_url,
        "REDIS_URL": ctx.settings.redis_url,
        "HAMYAR_DRILL": "0",
        "HAMYAR_QUIET_HOURS": "",
    }
    for turn in range(ROUNDS + 1):
        last = turn == ROUNDS
        gateway.kill_at = 10**9 if last else gateway.took.total() + 6
        gateway.victim = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            [sys.executable, "-c", SENDER], cwd=REPOSITORY, env=environment
        )
        for _ in range(1500):
            left = await run("SELECT 1 FROM messages WHERE state IN ('queued', 'sending') LIMIT 1")
            if gateway.victim.poll() is not None or (last and not left):
                break
            await asyncio.sleep(0.02)
        assert (gateway.victim.poll() is None) == last
        gateway.victim.send_signal(signal.SIGTERM)
        gateway.victim.wait()
        await run("UPDATE messages SET lease_until = clock_timestamp() WHERE state = 'sending'")
    server.close()
    states = Counter(r["state"] for r in await run("SELECT state FROM messages"))
    assert set(states) <= {"sent", "unsure"}
    assert 1 <= states["unsure"] <= 3 * ROUNDS, "what was under way at each kill, and nothing else"
    assert max(gateway.took[w] for w in words) == 1, "never twice"
    assert all(1 <= gateway.took[w] <= 2 for w in lives), "a life is worth a second message"
    assert sum(gateway.took[w] for w in words) >= states["sent"] - len(lives)
