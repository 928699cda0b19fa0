"""The map's past: every change a line, and each moment's picture as it was then."""

import random
from datetime import datetime

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.sealer import Sealer
from server.maps import history
from server.maps.projection import project
from tests.support.map_records import add_emergency, add_need
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]


async def seal(ctx: Context) -> None:
    sealer = Sealer(ctx.db, ctx.redis, [project])
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass


async def change(conn: Conn, need: object, emergency: object, column: str, value: object) -> None:
    await conn.execute(f"UPDATE needs SET {column} = %s WHERE id = %s", (value, need))
    await emit(conn, NewEvent("need.changed", "need", need, emergency))  # type: ignore[arg-type]


async def test_each_change_that_shows_is_a_line_and_nothing_else_is(ctx: Context, client_of: MakeClient) -> None:
    dice = random.Random(2)
    async with ctx.db.tx() as conn:
        flood = await add_emergency(conn)
        needs = [await add_need(conn, flood, dice, 48.0 + i / 10, 33.0) for i in range(3)]
        await conn.execute("UPDATE needs SET status = 'open', urgency = 'life'")
    await seal(ctx)
    for column, value in (("status", "tasked"), ("people", 7), ("status", "met"), ("geom_shown", None)):
        async with ctx.db.tx() as conn:
            await change(conn, needs[0], flood, column, value)
        await seal(ctx)
    client = await client_of("coordinator")
    answer = (await client.get("/api/map/history", params={"layers": "needs", "emergency": str(flood)})).json()
    assert answer["kind"] == "lines"
    found = answer["layers"]["needs"]
    first = found["ids"].index(str(needs[0]))
    lines = [i for i, one in enumerate(found["id"]) if one == first]
    # How many people it is about shows in no line; that it left the map does.
    assert [found["words"][found["status"][i]] for i in lines] == ["open", "tasked", "met", None]
    assert found["lon"][lines[0]] == 48.0
    assert found["lon"][lines[-1]] is None
    assert found["t"] == sorted(found["t"])
    assert datetime.fromisoformat(answer["from"]) <= datetime.fromisoformat(answer["to"])
    assert (await client.get("/api/map/history", params={"layers": "reports"})).status_code == 400
    assert (await (await client_of("donor")).get("/api/map/history")).status_code == 403


async def test_cells_add_up_to_what_asked_at_the_end(ctx: Context) -> None:
    dice = random.Random(4)
    async with ctx.db.tx() as conn:
        flood = await add_emergency(conn)
        needs = [await add_need(conn, flood, dice) for _ in range(80)]
    await seal(ctx)
    for _ in range(6):
        async with ctx.db.tx() as conn:
            for need in dice.sample(needs, 20):
                column, value = dice.choice([("status", "met"), ("status", "open"), ("urgency", "life")])
                await change(conn, need, flood, column, value)
        await seal(ctx)
    async with ctx.db.tx() as conn:
        span = await history.sql.span(conn, flood, ["needs"])
        assert span is not None
        found = await history._cells(conn, flood, ["needs"], span, 9)
        now = await (
            await conn.execute(
                "SELECT count(*) AS n, count(*) FILTER (WHERE urgency = 'life') AS life"
                " FROM needs WHERE status <> 'met'"
            )
        ).fetchone()
    rows = found["layers"]["needs"]
    assert now is not None
    assert (sum(row[3] for row in rows), sum(row[4] for row in rows)) == (now["n"], now["life"])
    standing: dict[tuple[float, float], int] = {}
    for _, lon, lat, n, _life in rows:
        standing[lon, lat] = standing.get((lon, lat), 0) + n
        assert standing[lon, lat] >= 0


async def test_sealed_again_it_is_the_same_past(ctx: Context) -> None:
    dice = random.Random(5)
    async with ctx.db.tx() as conn:
        flood = await add_emergency(conn)
        await add_need(conn, flood, dice)
    sealer = Sealer(ctx.db, ctx.redis, [project])
    async with ctx.db.tx() as conn:
        batch = await sealer.seal_batch(conn)
        await project(conn, batch)
        row = await (await conn.execute("SELECT count(*) AS n FROM map_history")).fetchone()
    assert row is not None
    assert row["n"] == 1
