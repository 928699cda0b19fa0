"""`hamyar verify` finds each kind of harm, and nothing in a sound instance; `hamyar rebuild` mends what is derived."""

import asyncio
import random
from uuid import UUID

import psycopg
import pytest

from ops.integrity.checks import Finding, verify
from ops.integrity.rebuild import rebuild
from server.access.context import Context
from server.dispatch import counting
from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.kernel.sealer import Sealer
from server.kernel.stream import STREAM, StreamLine, lines_of
from server.maps.projection import project
from server.maps.queries import rebuild_cells, rebuild_features
from tests.support.map_records import add_emergency, add_incident, add_need, cells_now, features_now

pytest_plugins = ["tests.support.web"]


async def findings(ctx: Context) -> dict[str, Finding]:
    async with ctx.db.tx() as conn:
        return {finding.name: finding async for finding in verify(conn)}


async def wrong(ctx: Context) -> dict[str, int]:
    return {name: finding.wrong for name, finding in (await findings(ctx)).items() if not finding.ok}


@pytest.fixture
async def needs(ctx: Context) -> list[UUID]:
    """A small sound instance: needs, incidents, a centre, a queue, tasks held and free, a ledger."""
    dice = random.Random(2)
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        made = [await add_need(conn, emergency, dice) for _ in range(30)]
        for _ in range(10):
            await add_incident(conn, emergency, dice)
        centre, queue, helper = uuid7(), uuid7(), uuid7()
        await conn.execute(
            "INSERT INTO centres (id, code, name_fa, name_en, geom)"
            " VALUES (%s, 'K-1', 'مرکز', 'Centre', ST_SetSRID(ST_MakePoint(48.3, 33.4), 4326))",
            (centre,),
        )
        await conn.execute(
            "INSERT INTO events_unsealed (verb, subject_type, subject_id, actor)"
            " VALUES ('centre.changed', 'centre', %s, 'test')",
            (centre,),
        )
        await conn.execute(
            "INSERT INTO queues (id, emergency_id, centre_id, kind) VALUES (%s, %s, %s, 'deliver')",
            (queue, emergency, centre),
        )
        await conn.execute("INSERT INTO volunteers (id, code, centre_id) VALUES (%s, 'V-1', %s)", (helper, centre))
        for number, need in enumerate(made[:4]):
            held, task = number % 2 == 0, uuid7()
            await conn.execute(
                "INSERT INTO tasks (id, code, emergency_id, queue_id, kind, need_id, state, fence, holder_id,"
                " lease_until, geom_shown)"
                " SELECT %(id)s, %(code)s, %(em)s, %(q)s, 'deliver', %(need)s, %(state)s, 1, %(holder)s,"
                " %(until)s, geom_shown"
                " FROM needs WHERE id = %(need)s",
                {
                    "id": task,
                    "code": f"T-{number}",
                    "em": emergency,
                    "q": queue,
                    "need": need,
                    "state": "claimed" if held else "queued",
                    "holder": helper if held else None,
                    "until": "2100-01-01" if held else None,
                },
            )
            if held:
                await conn.execute(
                    "INSERT INTO leases (id, task_id, fence, volunteer_id) VALUES (%s, %s, 1, %s)",
                    (uuid7(), task, helper),
                )
            await conn.execute(
                "INSERT INTO events_unsealed (verb, subject_type, subject_id, actor, emergency_id)"
                " VALUES ('task.queued', 'task', %s, 'test', %s)",
                (task, emergency),
            )
        item, shelf, outside, movement = uuid7(), uuid7(), uuid7(), uuid7()
        await conn.execute(
            "INSERT INTO items (id, code, name_fa, name_en, category, unit)"
            " VALUES (%s, 'water', 'آب', 'Water', 'water', 'litre')",
            (item,),
        )
        await conn.execute(
            "INSERT INTO stock_accounts (id, kind, centre_id) VALUES (%s, 'centre', %s), (%s, 'outside', NULL)",
            (shelf, centre, outside),
        )
        await conn.execute(
            "INSERT INTO movements (id, code, kind, natural_key, actor) VALUES (%s, 'M-1', 'receipt', 'k', 't')",
            (movement,),
        )
        await conn.execute(
            "INSERT INTO entries VALUES (%(m)s, %(a)s, %(i)s, 50), (%(m)s, %(b)s, %(i)s, -50)",
            {"m": movement, "a": shelf, "b": outside, "i": item},
        )
    sealer = Sealer(ctx.db, ctx.redis, [project, counting.project])
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass
        await sealer.publish(conn)
    return made


async def test_a_sound_instance_has_no_finding(ctx: Context, needs: list[UUID]) -> None:
    assert await wrong(ctx) == {}
    async with ctx.db.tx() as conn:
        shown = [one["layer"] for one in await features_now(conn)]
    assert len(shown) - shown.count("gaps") == 30 + 10 + 1 + 4
    assert 0 < shown.count("gaps") < 30


HARM = {
    "a map feature lost": (
        "DELETE FROM map_features WHERE id = (SELECT id FROM map_features WHERE layer = 'incidents' LIMIT 1)",
        {"map.features", "map.cells"},
    ),
    "a record changed behind the map": (
        "UPDATE needs SET status = 'closed' WHERE id = (SELECT id FROM needs WHERE status <> 'closed' LIMIT 1)",
        {"map.features"},
    ),
    "a cell miscounted": ("UPDATE map_cells SET n = n + 1 WHERE zoom = 9 AND NOT detail", {"map.cells"}),
    "a held task without its lease": ("UPDATE leases SET ended_at = now()", {"tasks.leases"}),
    "a free task with a lease": (
        """INSERT INTO leases (id, task_id, fence, volunteer_id)
        SELECT gen_random_uuid(), t.id, 1, v.id FROM tasks t, volunteers v WHERE t.state = 'queued' LIMIT 1""",
        {"tasks.leases"},
    ),
    "a stock that nobody moved": ("UPDATE stock SET quantity = quantity + 1", {"stock.balance"}),
    "a voice too many": (
        "UPDATE needs SET corroboration = 3 WHERE id = (SELECT id FROM needs LIMIT 1)",
        {"links.corroboration"},
    ),
    "a queue miscounted": ("UPDATE queue_loads SET n = n + 1", {"queues.loads"}),
    "a task that no queue counts": ("DELETE FROM task_loads WHERE state = 'queued'", {"queues.loads"}),
    "a task moved behind its queue": (
        "UPDATE tasks SET flagged_at = now() WHERE state = 'queued'",
        {"queues.loads"},
    ),
    "an event altered": ("UPDATE events SET data = '{\"people\": 9}' WHERE seq = 5", {"events.chain"}),
    "an event removed": ("DELETE FROM events WHERE seq = 5", {"events.chain"}),
}


@pytest.mark.parametrize("harm", HARM)
async def test_each_harm_is_found(harm: str, ctx: Context, needs: list[UUID], stack: object) -> None:
    statement, expected = HARM[harm]
    # Only the database's owner, with the guards switched off, can do such a thing at all.
    async with await psycopg.AsyncConnection.connect(ctx.db.dsn, autocommit=True) as conn:
        for table in ("events", "movements", "entries"):
            await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")  # type: ignore[arg-type]
        done = await conn.execute(statement)  # type: ignore[arg-type]
        assert done.rowcount > 0
    assert set(await wrong(ctx)) == expected


async def test_a_rebuild_counts_the_queues_anew(ctx: Context, needs: list[UUID]) -> None:
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE queue_loads SET n = n + 3, flagged = 7")
        await conn.execute("DELETE FROM task_loads WHERE state = 'claimed'")
    assert set(await wrong(ctx)) == {"queues.loads"}
    await rebuild(ctx, lambda what, count: None)
    assert await wrong(ctx) == {}


async def test_what_waits_to_be_sealed_is_no_harm_to_the_counts(ctx: Context, needs: list[UUID]) -> None:
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE tasks SET urgency = 'life' WHERE state = 'queued'")
        await conn.execute(
            "INSERT INTO events_unsealed (verb, subject_type, subject_id, actor)"
            " SELECT 'task.changed', 'task', id, 'test' FROM tasks WHERE state = 'queued'"
        )
    assert "queues.loads" not in await wrong(ctx)


async def test_what_waits_to_be_sealed_is_no_harm_to_the_map_to_the_map(ctx: Context, needs: list[UUID]) -> None:
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE needs SET status = 'closed', category = 'hygiene' WHERE id = %s", (needs[0],))
        await conn.execute(
            "INSERT INTO events_unsealed (verb, subject_type, subject_id, actor)"
            " VALUES ('need.changed', 'need', %s, 'test')",
            (needs[0],),
        )
    assert await wrong(ctx) == {}


async def test_a_batch_that_is_sealed_during_a_rebuild_is_counted_once(ctx: Context, needs: list[UUID]) -> None:
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        for _ in range(10):
            await add_need(conn, emergency, random.Random(4))
    sealer = Sealer(ctx.db, ctx.redis, [project, counting.project])

    async def seal() -> None:
        async with ctx.db.tx() as conn:
            await sealer.seal_batch(conn)

    async with ctx.db.tx() as conn:
        await rebuild_features(conn)
        sealing = asyncio.create_task(seal())
        async with asyncio.timeout(180), ctx.db.tx() as other:
            while not await waiting_for_a_lock(other):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await rebuild_cells(conn)
    await sealing
    assert await wrong(ctx) == {}


async def waiting_for_a_lock(conn: Conn) -> bool:
    row = await (
        await conn.execute(
            "SELECT count(*) AS n FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    ).fetchone()
    return bool(row and row["n"])


async def held(ctx: Context) -> list[StreamLine]:
    return [line for _, fields in await ctx.redis.xrange(STREAM) for line in lines_of(fields)]


async def test_rebuild_mends_the_map_and_refills_redis(ctx: Context, needs: list[UUID]) -> None:
    async with ctx.db.tx() as conn:
        features, cells = await features_now(conn), await cells_now(conn)
        await conn.execute("DELETE FROM map_features WHERE layer = 'needs'")
        await conn.execute("UPDATE map_cells SET n = n + 1")
        counted = await (await conn.execute("SELECT count(*) AS n FROM tasks WHERE closed_at IS NULL")).fetchone()
    waiting = counted["n"] if counted else 0
    stream = await held(ctx)
    await ctx.redis.flushdb()
    await ctx.redis.set("hamyar:limit:x", "1")
    await ctx.redis.set("hamyar:position:y", "1")
    assert set(await wrong(ctx)) == {"map.features", "map.cells"}
    done = await rebuild(ctx, lambda what, count: None)
    assert done == {
        "features": len(features),
        "cells": len(cells),
        "checks": 30,
        "tasks": waiting,
        "stream": len(stream),
        "cleared": 1,
    }
    async with ctx.db.tx() as conn:
        assert await features_now(conn) == features
        assert await cells_now(conn) == cells
    assert await held(ctx) == stream
    assert await ctx.redis.exists("hamyar:position:y") == 1
    assert await wrong(ctx) == {}
