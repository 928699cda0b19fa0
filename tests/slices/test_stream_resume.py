"""The live stream: none lost and none doubled, however it is cut and whatever happens to Redis."""

import asyncio
import os
import random
import signal
import socket
import sys

import httpx
import pytest

from server.access.context import Context
from server.access.roles import Role
from server.access.service import Bounds, create_token
from server.app import create_app
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.kernel.sealer import Sealer
from server.kernel.settings import Settings
from server.kernel.stream import STREAM, lines_of
from server.kernel.tasks import end
from server.live import beat, hub, pulse
from server.live.ring import Ring
from tests.support.live_web import Heard, listen, served

pytest_plugins = ["tests.support.web"]


async def token(ctx: Context, role: Role) -> str:
    async with ctx.db.tx() as conn:
        _, secret = await create_token(conn, role, "test", Bounds(None, None, None))
        # The making of a token is an event as well; here numbers are counted.
        await conn.execute("DELETE FROM events_unsealed")
        return secret


async def put(ctx: Context, verb: str = "need.created", count: int = 1) -> None:
    async with ctx.db.tx() as conn:
        await emit(conn, *[NewEvent(verb, verb.partition(".")[0], uuid7()) for _ in range(count)])


async def seal_all(ctx: Context) -> None:
    sealer = Sealer(ctx.db, ctx.redis, [])
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass
        await sealer.publish(conn)


async def test_cut_and_resumed_at_random_while_redis_is_wiped_and_the_sealer_restarted(
    ctx: Context, config: Settings
) -> None:
    total, dice = 900, random.Random(7)
    secret = await token(ctx, "coordinator")

    async def write() -> None:
        sealing = asyncio.create_task(Sealer(ctx.db, ctx.redis, [], idle_s=0.01).run())
        sent = 0
        while sent < total:
            step = min(dice.randrange(1, 40), total - sent)
            await put(ctx, count=step)
            sent += step
            await asyncio.sleep(0.01)
            if dice.random() < 0.1:
                await ctx.redis.flushdb()
            if dice.random() < 0.1:
                await end(sealing)
                sealing = asyncio.create_task(Sealer(ctx.db, ctx.redis, [], idle_s=0.01).run())
        try:
            async with asyncio.timeout(180):
                while (await newest(ctx)) < total:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            await end(sealing)

    app = create_app(config)
    async with served(app) as url:
        # A short buffer, so that some resumptions are served by Redis and some by the table.
        app.state.hub.ring = Ring(app.state.hub.ring.head, size=64)
        clients = [Heard(last=0) for _ in range(6)]

        async def follow(heard: Heard) -> None:
            own = random.Random(id(heard))
            while heard.last is None or heard.last < total:
                await listen(url, secret, heard, until=total, lines=own.randrange(1, 200))
                await asyncio.sleep(own.random() * 0.3)

        async with asyncio.timeout(180):
            await asyncio.gather(write(), *[follow(heard) for heard in clients])
    for heard in clients:
        assert heard.seqs == list(range(1, total + 1))


async def newest(ctx: Context) -> int:
    async with ctx.db.tx() as conn:
        row = await (await conn.execute("SELECT coalesce(max(seq), 0) AS seq FROM events")).fetchone()
    return int(row["seq"]) if row else 0


async def test_what_a_client_gets(ctx: Context, config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat, "PING_S", 0.3)
    secret = await token(ctx, "coordinator")
    await put(ctx, "report.accepted", 3)
    await seal_all(ctx)
    app = create_app(config)
    async with served(app) as url:
        fresh, resumed = Heard(), Heard(last=1)
        listening = asyncio.gather(listen(url, secret, fresh, lines=1), listen(url, secret, resumed, lines=3))
        async with asyncio.timeout(180):
            while fresh.raw.count(b": ping\n\n") < 3 or len(resumed.seqs) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await put(ctx, "incident.created")
        await seal_all(ctx)
        await listening
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/api/stream")).status_code == 401
            donor = {"Authorization": f"Bearer {await token(ctx, 'donor')}"}
            assert (await client.get(f"{url}/api/stream", headers=donor)).status_code == 403
            async with client.stream(
                "GET", f"{url}/api/stream?last_event_id=3", headers={"Authorization": f"Bearer {secret}"}
            ) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["x-accel-buffering"] == "no"
    assert fresh.seqs == [4]
    assert fresh.raw.startswith(b"retry: 1500\n\n: ping\n\nid: 3\n\n")
    assert (resumed.seqs, resumed.verbs) == ([2, 3, 4], ["report.accepted", "report.accepted", "incident.created"])
    assert b'"emergency":null' in resumed.raw


async def test_a_volunteer_hears_of_needs_and_not_of_reports(ctx: Context, config: Settings) -> None:
    secret = await token(ctx, "volunteer")
    for verb in (
        "report.accepted",
        "need.created",
        "volunteer.changed",
        "report.opened",
        "task.queued",
        "token.created",
    ):
        await put(ctx, verb)
    await seal_all(ctx)
    async with served(create_app(config)) as url:
        heard = Heard(last=0)
        await listen(url, secret, heard, lines=2)
        narrow = Heard(last=0)
        await listen(url, secret, narrow, lines=1, query=f"?of=task,report,volunteer&centres={uuid7()}")
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {secret}"}) as client:
            assert (await client.get(f"{url}/api/stream?centres=here")).json()["code"] == "stream.wish"
    assert heard.verbs == ["need.created", "task.queued"]
    # A wish narrows what may be heard, and never widens it.
    assert narrow.verbs == ["task.queued"]


async def test_without_redis_the_stream_goes_on_from_the_table(ctx: Context, config: Settings) -> None:
    secret = await token(ctx, "coordinator")
    lame = config.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"})
    async with served(create_app(lame)) as url:
        heard = Heard(last=0)
        listening = asyncio.create_task(listen(url, secret, heard, lines=20, seconds=20))
        for _ in range(20):
            await put(ctx)
            await seal_all(ctx)
        await listening
    assert heard.seqs == list(range(1, 21))


async def test_numbers_from_another_past_mean_asking_for_everything(ctx: Context, config: Settings) -> None:
    secret = await token(ctx, "coordinator")
    await put(ctx, count=5)
    await seal_all(ctx)
    async with served(create_app(config)) as url:
        heard = Heard(last=900)
        listening = asyncio.create_task(listen(url, secret, heard, lines=1))
        async with asyncio.timeout(180):
            while b"event: reset" not in heard.raw:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await put(ctx)
        await seal_all(ctx)
        await listening
    assert b"event: reset\n" in heard.raw
    assert heard.seqs == [6]


async def test_a_revoked_token_ends_its_stream(ctx: Context, config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat, "RECHECK_S", 0.2)
    monkeypatch.setattr(beat, "PING_S", 0.1)
    secret = await token(ctx, "coordinator")
    app = create_app(config)
    async with served(app) as url:
        heard = Heard()
        listening = asyncio.create_task(listen(url, secret, heard, until=10))
        while app.state.hub.clients < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with ctx.db.tx() as conn:
            await conn.execute("UPDATE tokens SET revoked_at = clock_timestamp()")
        await listening
        assert app.state.hub.clients == 0


@pytest.mark.parametrize("lends", [True, False], ids=["raw", "a task each"])
async def test_cut_for_a_while_all_three_memories_give_back_what_was_missed(
    ctx: Context, config: Settings, monkeypatch: pytest.MonkeyPatch, lends: bool
) -> None:
    """Three cut at different depths of a storm come back from the buffer, from Redis and from the table."""
    secret, volunteers = await token(ctx, "coordinator"), await token(ctx, "volunteer")
    app = create_app(config)
    sources: list[str] = []
    labels = hub.BACKLOG.labels
    monkeypatch.setattr(hub.BACKLOG, "labels", lambda source: (sources.append(source), labels(source))[1])
    async with served(app, lends=lends) as url:
        app.state.hub.ring = Ring(app.state.hub.ring.head, size=100)
        shallow, middle, deep, narrow = (Heard(last=0) for _ in range(4))
        through = Heard(last=0)
        staying = asyncio.create_task(listen(url, secret, through, until=900))
        for heard, who in ((shallow, secret), (middle, secret), (deep, secret), (narrow, volunteers)):
            listening = asyncio.create_task(listen(url, who, heard, lines=10))
            await put(ctx, count=20)
            await seal_all(ctx)
            await listening
        # The storm: 400 of it fall out of Redis as well, 320 stay in Redis alone, the last 100 in the buffer.
        for _ in range(20):
            await put(ctx, "report.accepted", 10)
            await put(ctx, "need.changed", 10)
            await seal_all(ctx)
        middle.seqs, middle.verbs, middle.last = [], [], 480
        await put(ctx, "need.changed", 320)
        await seal_all(ctx)
        shallow.seqs, shallow.verbs, shallow.last = [], [], 820
        await put(ctx, "need.changed", 100)
        await seal_all(ctx)
        await ctx.redis.xtrim(STREAM, minid="481-0", approximate=False)
        await asyncio.gather(*[listen(url, secret, heard, until=900) for heard in (shallow, middle, deep)])
        await listen(url, volunteers, narrow, until=900)
        await staying
    assert shallow.seqs == list(range(821, 901))
    assert middle.seqs == list(range(481, 901))
    assert deep.seqs == list(range(1, 901))
    assert through.seqs == list(range(1, 901))
    # Reports are not a volunteer's to hear of; what she may hear comes whole and once.
    assert narrow.seqs == sorted(set(narrow.seqs))
    assert len(narrow.seqs) == 700
    assert set(sources) == {"redis", "postgres"}


async def test_a_house_that_does_not_seal_is_told_with_the_pings(
    ctx: Context, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beat, "PING_S", 0.2)
    monkeypatch.setattr(beat, "EVERY_S", 0.1)
    monkeypatch.setattr(pulse, "TELL_S", 0.5)
    secret = await token(ctx, "coordinator")
    async with served(create_app(config)) as url:
        heard = Heard()
        listening = asyncio.create_task(listen(url, secret, heard, lines=1))
        # Nobody seals: no lock is held.
        async with asyncio.timeout(180):
            while b": ping behind=" not in heard.raw:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            sealing = asyncio.create_task(Sealer(ctx.db, ctx.redis, [], idle_s=0.01).run())
            try:
                before = len(heard.raw)
                while b": ping\n\n" not in heard.raw[before:]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                await put(ctx)
                await listening
            finally:
                await end(sealing)
    assert heard.seqs == [1]


SERVE = """
import socket, sys, uvicorn
config = uvicorn.Config("server.app:create_app", factory=True, log_level="error", ws="none", lifespan="on")
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""


async def test_a_stop_signal_ends_streams_and_with_them_the_server(ctx: Context, config: Settings) -> None:
    secret = await token(ctx, "coordinator")
    environment = {
        **os.environ,
        "HAMYAR_HOME": str(config.home),
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "HAMYAR_DRILL": "1",
    }
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # Without a limit of its own for open answers, this server would wait for the stream for ever.
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SERVE, str(listener.fileno()), pass_fds=[listener.fileno()], env=environment
        )
        try:
            heard = Heard()
            listening = asyncio.create_task(listen(url, secret, heard, until=10, seconds=60))
            async with asyncio.timeout(180):
                while heard.last is None:
                    assert not listening.done(), listening.exception()
                    await asyncio.sleep(0.05)
            server.send_signal(signal.SIGTERM)
            await listening
            async with asyncio.timeout(180):
                await server.wait()
        finally:
            if server.returncode is None:
                server.kill()
                await server.wait()
    assert server.returncode in {0, -signal.SIGTERM}


async def test_the_stream_of_another_past_is_thrown_away(ctx: Context) -> None:
    await put(ctx, count=3)
    await ctx.redis.xadd(STREAM, {"verb": "x", "centre": "", "data": "{}"}, id="77-0")
    await seal_all(ctx)
    held = [line.seq for _, fields in await ctx.redis.xrange(STREAM) for line in lines_of(fields)]
    assert held == [1, 2, 3]
