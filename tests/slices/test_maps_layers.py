"""What each layer shows and follows: goods on the road, closures whole, tasks of a changed need, helpers coarsely."""

import random
from decimal import Decimal
from typing import Any
from uuid import UUID

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.kernel.sealer import Sealer
from server.maps.projection import project
from server.supplies import service as supplies
from server.supplies.rules import OUTSIDE, Account, Transfer
from server.supplies.service import Posting, TaskRef
from server.volunteers import positions
from tests.support.map_records import add_emergency, add_need
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]


async def seal(ctx: Context) -> None:
    sealer = Sealer(ctx.db, ctx.redis, [project])
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass


async def feature(ctx: Context, layer: str) -> dict[str, Any] | None:
    async with ctx.db.tx() as conn:
        return await (await conn.execute("SELECT * FROM map_features WHERE layer = %s", (layer,))).fetchone()


async def add_task(conn: Conn, emergency: UUID, need: UUID) -> tuple[UUID, UUID]:
    """A centre and a task of its queue, each with its event."""
    centre, queue, task = uuid7(), uuid7(), uuid7()
    await conn.execute(
        "INSERT INTO centres (id, code, name_fa, name_en, geom)"
        " VALUES (%s, 'K-1', 'خرم‌آباد', 'Khorramabad', ST_SetSRID(ST_MakePoint(48.35, 33.48), 4326))",
        (centre,),
    )
    await conn.execute(
        "INSERT INTO queues (id, emergency_id, centre_id, kind) VALUES (%s, %s, %s, 'deliver')",
        (queue, emergency, centre),
    )
    await conn.execute(
        "INSERT INTO tasks (id, code, emergency_id, queue_id, kind, need_id, geom_shown)"
        " SELECT %s, 'T-1', %s, %s, 'deliver', id, geom_shown FROM needs WHERE id = %s",
        (task, emergency, queue, need),
    )
    await emit(conn, NewEvent("task.queued", "task", task, emergency), NewEvent("centre.changed", "centre", centre))
    return centre, task


async def test_goods_stand_at_their_centre_while_on_the_road_and_at_the_need_once_delivered(ctx: Context) -> None:
    item = uuid7()
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        need = await add_need(conn, emergency, random.Random(1), lon=47.71, lat=33.15)
        centre, task = await add_task(conn, emergency, need)
        await conn.execute(
            "INSERT INTO items (id, code, name_fa, name_en, category, unit)"
            " VALUES (%s, 'tent', 'چادر', 'Tent', 'shelter', 'piece')",
            (item,),
        )
        stocked = [Transfer(item, Decimal(9), OUTSIDE, Account("centre", centre))]
        await supplies.post(conn, Posting("receipt", "test", stocked, "test"))
        ref = TaskRef(task_id=task, fence=1, emergency_id=emergency, need_id=need, actor="test")
        await supplies.dispatch_for_task(conn, ref, [(item, Decimal(4), centre)])
    await seal(ctx)
    going = await feature(ctx, "movements")
    assert going is not None
    assert (going["status"], going["category"], going["lon"], going["lat"]) == ("in_transit", "shelter", 48.35, 33.48)
    assert going["props"]["target"] == [47.71, 33.15]
    assert going["props"]["items"] == [{"fa": "چادر", "en": "Tent", "unit": "piece", "quantity": 4}]
    async with ctx.db.tx() as conn:
        await supplies.deliver_for_task(conn, ref, None, None)
    await seal(ctx)
    there = await feature(ctx, "movements")
    assert there is not None
    assert (there["id"], there["status"], there["lon"], there["lat"]) == (going["id"], "delivered", 47.71, 33.15)


async def test_a_task_shows_what_its_need_has_become(ctx: Context) -> None:
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        need = await add_need(conn, emergency, random.Random(1))
        await add_task(conn, emergency, need)
    await seal(ctx)
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE needs SET category = 'hygiene' WHERE id = %s", (need,))
        await emit(conn, NewEvent("need.changed", "need", need, emergency))
    await seal(ctx)
    shown = await feature(ctx, "tasks")
    assert shown is not None
    assert (shown["category"], shown["props"]["category"], shown["props"]["kind"]) == ("hygiene", "hygiene", "deliver")


async def test_a_closure_is_counted_at_a_point_and_drawn_whole(ctx: Context, client_of: MakeClient) -> None:
    key = uuid7()
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        await conn.execute(
            "INSERT INTO closures (id, code, emergency_id, kind, geom) VALUES (%s, 'C-1', %s, 'bridge',"
            " ST_GeomFromText('LINESTRING(47.7 33.1, 47.71 33.12, 47.73 33.13)', 4326))",
            (key, emergency),
        )
        await emit(conn, NewEvent("closure.created", "closure", key, emergency))
    await seal(ctx)
    client = await client_of("volunteer")
    found = (await client.get("/api/map/cells?layer=closures&zoom=9&bbox=47,33,48,34")).json()
    by_id = (await client.get(f"/api/map/features?layer=closures&ids={key}")).json()
    assert found["total"] == 1
    assert found["features"] == by_id["features"]
    shape = {"type": "LineString", "coordinates": [[47.7, 33.1], [47.71, 33.12], [47.73, 33.13]]}
    assert found["features"][0]["geometry"] == shape
    assert found["features"][0]["properties"]["category"] == "bridge_out"


async def test_volunteers_are_shown_coarsely_to_staff_and_by_centre(ctx: Context, client_of: MakeClient) -> None:
    mine, other, helper, far = uuid7(), uuid7(), uuid7(), uuid7()
    async with ctx.db.tx() as conn:
        await add_emergency(conn)
        for number, centre in enumerate((mine, other)):
            await conn.execute(
                "INSERT INTO centres (id, code, name_fa, name_en, geom)"
                " VALUES (%s, %s, 'م', 'C', ST_SetSRID(ST_MakePoint(48, 33), 4326))",
                (centre, f"K-{number}"),
            )
        for person, centre, code in ((helper, mine, "V-1"), (far, other, "V-2")):
            await conn.execute(
                "INSERT INTO volunteers (id, code, centre_id) VALUES (%s, %s, %s)", (person, code, centre)
            )
    await positions.keep(ctx, helper, 48.001, 33.001, 20)
    await positions.keep(ctx, far, 48.002, 33.002, 20)
    path = "/api/map/cells?layer=volunteers&bbox=47,32,49,34&zoom=9"
    everywhere = (await (await client_of("coordinator")).get(path)).json()
    assert everywhere["total"] == 2
    shown = {f["properties"]["code"]: f for f in everywhere["features"]}
    assert shown["V-1"]["geometry"]["coordinates"] != [48.001, 33.001]
    bound = await client_of("dispatcher", centre=mine)
    assert [f["id"] for f in (await bound.get(path)).json()["features"]] == [str(helper)]
    by_id = (await bound.get(f"/api/map/features?layer=volunteers&ids={helper},{far}")).json()
    assert [f["id"] for f in by_id["features"]] == [str(helper)]
    assert (await (await client_of("coordinator")).get(path.replace("47,32,49,34", "10,10,11,11"))).json()["total"] == 0
