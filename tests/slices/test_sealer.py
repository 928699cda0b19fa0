"""The sealer: numbers without a gap, one chain, whatever is killed, wiped or poisoned."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest
from redis.exceptions import ConnectionError as RedisAway

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.events import GENESIS, NewEvent, SealedEvent, chain_hash, emit
from server.kernel.ids import uuid7
from server.kernel.sealer import Sealer
from server.kernel.stream import STREAM, lines_of
from server.kernel.tasks import end

pytest_plugins = ["tests.support.web"]


async def put(ctx: Context, count: int, verb: str = "need.created") -> list[UUID]:
    ids = [uuid7() for _ in range(count)]
    async with ctx.db.tx() as conn:
        await emit(conn, *[NewEvent(verb, "need", key, data={"people": n}) for n, key in enumerate(ids)])
    return ids


async def events(ctx: Context) -> list[dict[str, Any]]:
    async with ctx.db.tx() as conn:
        return await (await conn.execute("SELECT * FROM events ORDER BY seq")).fetchall()


def assert_chained(rows: Sequence[dict[str, Any]]) -> None:
    head = GENESIS
    for number, row in enumerate(rows, 1):
        assert row["seq"] == number
        head = chain_hash(head, number, row)
        assert bytes(row["hash"]) == head


async def published(ctx: Context) -> list[int]:
    return [line.seq for _, fields in await ctx.redis.xrange(STREAM) for line in lines_of(fields)]


async def until(ctx: Context, number: int, *, in_redis: bool = False) -> None:
    async with asyncio.timeout(180):
        while len(await events(ctx)) < number or (in_redis and max(await published(ctx), default=0) < number):  # noqa: ASYNC110 - it happens in the database
            await asyncio.sleep(0.02)


async def test_two_sealers_and_many_writers_make_one_chain(ctx: Context) -> None:
    sealers = [asyncio.create_task(Sealer(ctx.db, ctx.redis, [], batch=7, idle_s=0.01).run()) for _ in range(2)]
    await asyncio.gather(*[put(ctx, 5) for _ in range(20)])
    await until(ctx, 100, in_redis=True)
    await end(*sealers)
    assert_chained(await events(ctx))
    assert await published(ctx) == list(range(1, 101))


async def test_the_second_sealer_waits_while_the_first_holds_the_lock(ctx: Context) -> None:
    first = asyncio.create_task(Sealer(ctx.db, ctx.redis, [], idle_s=0.01).run())
    await put(ctx, 1)
    await until(ctx, 1)
    seen: list[int] = []

    async def watch(conn: Conn, batch: Sequence[SealedEvent]) -> None:
        seen.extend(event.seq for event in batch)

    second = asyncio.create_task(Sealer(ctx.db, ctx.redis, [watch], idle_s=0.01).run())
    await put(ctx, 3)
    await until(ctx, 4)
    assert seen == []
    await end(first)
    await put(ctx, 2)
    await until(ctx, 6)
    await end(second)
    assert seen == [5, 6]


async def test_what_was_sealed_and_not_published_is_published_by_the_next(ctx: Context) -> None:
    await put(ctx, 4)
    dying = Sealer(ctx.db, ctx.redis, [])
    async with ctx.db.tx() as conn:
        await dying.seal_batch(conn)
    # Killed here: the numbers are committed and Redis knows nothing of them.
    assert await published(ctx) == []
    await put(ctx, 2)
    after = asyncio.create_task(Sealer(ctx.db, ctx.redis, [], idle_s=0.01).run())
    await until(ctx, 6, in_redis=True)
    await end(after)
    assert await published(ctx) == [1, 2, 3, 4, 5, 6]


async def test_a_wiped_redis_gets_what_comes_and_a_restart_refills_it(ctx: Context) -> None:
    one = Sealer(ctx.db, ctx.redis, [])
    async with ctx.db.tx() as conn:
        await put(ctx, 3)
        await one.seal_batch(conn)
        await one.publish(conn)
    await ctx.redis.flushdb()
    async with ctx.db.tx() as conn:
        await put(ctx, 2)
        await one.seal_batch(conn)
        await one.publish(conn)
    assert await published(ctx) == [4, 5]
    await ctx.redis.flushdb()
    async with ctx.db.tx() as conn:
        await Sealer(ctx.db, ctx.redis, []).publish(conn)
    assert await published(ctx) == [1, 2, 3, 4, 5]


async def test_a_redis_that_fails_is_made_good_and_never_stops_sealing(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True
    true_evalsha = ctx.redis.evalsha

    async def evalsha(*args: Any) -> Any:
        if away:
            raise RedisAway("gone")
        return await true_evalsha(*args)

    monkeypatch.setattr(ctx.redis, "evalsha", evalsha)
    sealing = asyncio.create_task(Sealer(ctx.db, ctx.redis, [], idle_s=0.01).run())
    await put(ctx, 3)
    await until(ctx, 3)
    assert await published(ctx) == []
    await put(ctx, 3)
    await until(ctx, 6)
    away = False
    await until(ctx, 6, in_redis=True)
    await end(sealing)
    assert await published(ctx) == [1, 2, 3, 4, 5, 6]


async def test_a_poison_event_is_set_aside_alone(ctx: Context) -> None:
    ids = await put(ctx, 37)
    poison = {ids[11], ids[30]}
    done: list[UUID] = []

    async def project(conn: Conn, batch: Sequence[SealedEvent]) -> None:
        for event in batch:
            await conn.execute(
                "INSERT INTO idempotent_answers (scope, key, request_hash, status, answer)"
                " VALUES ('t', %s, '', 200, '{}')",
                (str(event.subject_id),),
            )
        if poison & {event.subject_id for event in batch}:
            await conn.execute("SELECT 1 / 0")
        done.extend(event.subject_id for event in batch)

    async with ctx.db.tx() as conn:
        assert len(await Sealer(ctx.db, ctx.redis, [project]).seal_batch(conn)) == 37
    assert_chained(await events(ctx))
    assert done == [key for key in ids if key not in poison]
    async with ctx.db.tx() as conn:
        rows = await (await conn.execute("SELECT key FROM idempotent_answers")).fetchall()
    assert {row["key"] for row in rows} == {str(key) for key in ids} - {str(key) for key in poison}


async def test_the_servers_own_trouble_rolls_the_whole_batch_back(ctx: Context) -> None:
    await put(ctx, 3)

    async def project(conn: Conn, batch: Sequence[SealedEvent]) -> None:
        raise psycopg.OperationalError("the server closed the connection")

    with pytest.raises(psycopg.OperationalError):
        async with ctx.db.tx() as conn:
            await Sealer(ctx.db, ctx.redis, [project]).seal_batch(conn)
    assert await events(ctx) == []
    async with ctx.db.tx() as conn:
        assert len(await Sealer(ctx.db, ctx.redis, []).seal_batch(conn)) == 3
    assert_chained(await events(ctx))


async def test_a_sealer_whose_connection_is_cut_goes_on(ctx: Context) -> None:
    sealing = asyncio.create_task(Sealer(ctx.db, ctx.redis, [], batch=5, idle_s=0.01).run())
    for round_ in range(3):
        await put(ctx, 20)
        async with ctx.db.tx() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        await put(ctx, 5)
        await until(ctx, 25 * (round_ + 1))
    await until(ctx, 75, in_redis=True)
    await end(sealing)
    assert_chained(await events(ctx))
    assert await published(ctx) == list(range(1, 76))
