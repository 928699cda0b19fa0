"""Gaps: where nobody goes, or less goes than is asked. And teams: where they are, how many, whether they are heard."""

import random
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from ops.integrity.checks import verify
from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.kernel.sealer import Sealer
from server.maps.projection import project
from server.supplies import service as supplies
from server.supplies.rules import OUTSIDE, Account, Transfer
from server.supplies.service import Posting, TaskRef
from server.volunteers import positions
from tests.support.map_records import add_emergency, add_need
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]
DICE = random.Random(3)


async def seal(ctx: Context) -> None:
    sealer = Sealer(ctx.db, ctx.redis, [project])
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass


class House:
    """An emergency, a centre with a queue, one volunteer, blankets on the shelf."""

    emergency: UUID
    centre: UUID
    queue: UUID
    helper: UUID
    item: UUID

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    async def build(self) -> None:
        self.centre, self.queue, self.helper, self.item = uuid7(), uuid7(), uuid7(), uuid7()
        async with self.ctx.db.tx() as conn:
            self.emergency = await add_emergency(conn)
            await conn.execute(
                "INSERT INTO centres (id, code, name_fa, name_en, geom)"
                " VALUES (%s, 'K-1', 'خرم‌آباد', 'Khorramabad', ST_SetSRID(ST_MakePoint(48.35, 33.48), 4326))",
                (self.centre,),
            )
            await emit(conn, NewEvent("centre.changed", "centre", self.centre))
            await conn.execute(
                "INSERT INTO queues (id, emergency_id, centre_id, kind) VALUES (%s, %s, %s, 'delivery')",
                (self.queue, self.emergency, self.centre),
            )
            await conn.execute(
                "INSERT INTO volunteers (id, code, centre_id, gender) VALUES (%s, 'V-1', %s, 'woman')",
                (self.helper, self.centre),
            )
            await conn.execute(
                "INSERT INTO items (id, code, name_fa, name_en, category, unit)"
                " VALUES (%s, 'blanket', 'پتو', 'Blanket', 'bedding', 'piece')",
                (self.item,),
            )
            shelf = [Transfer(self.item, Decimal(500), OUTSIDE, Account("centre", self.centre))]
            await supplies.post(conn, Posting("receipt", "shelf", shelf, "test"))

    async def need(self, quantity: int | None = None, people: int | None = 40) -> UUID:
        async with self.ctx.db.tx() as conn:
            need = await add_need(conn, self.emergency, DICE, lon=47.71, lat=33.15)
            await conn.execute(
                "UPDATE needs SET category = 'bedding', status = 'open', quantity = %s, unit = %s, people = %s"
                " WHERE id = %s",
                (quantity, "piece" if quantity else None, people, need),
            )
        return need

    async def task(self, need: UUID, state: str = "queued") -> UUID:
        task = uuid7()
        async with self.ctx.db.tx() as conn:
            await conn.execute(
                "INSERT INTO tasks (id, code, emergency_id, queue_id, kind, need_id, geom_shown)"
                " SELECT %s, %s, %s, %s, 'delivery', id, geom_shown FROM needs WHERE id = %s",
                (task, new_code(8, "T-"), self.emergency, self.queue, need),
            )
        await self.move(task, state)
        return task

    async def move(self, task: UUID, state: str) -> None:
        async with self.ctx.db.tx() as conn:
            held = state in {"claimed", "accepted", "en_route", "escalated"}
            await conn.execute(
                "UPDATE tasks SET state = %s, holder_id = %s,"
                " lease_until = CASE WHEN %s THEN now() + interval '5 minutes' END,"
                " closed_at = CASE WHEN %s THEN now() END WHERE id = %s",
                (state, self.helper if held else None, held, state in {"done", "failed", "cancelled"}, task),
            )
            await emit(conn, NewEvent("task.changed", "task", task, self.emergency))

    def ref(self, need: UUID, task: UUID) -> TaskRef:
        return TaskRef(task_id=task, fence=1, emergency_id=self.emergency, need_id=need, actor="test")

    async def load(self, need: UUID, task: UUID, quantity: int) -> None:
        async with self.ctx.db.tx() as conn:
            goods = [(self.item, Decimal(quantity), self.centre)]
            await supplies.dispatch_for_task(conn, self.ref(need, task), goods)
        await self.move(task, "en_route")

    async def gap(self, need: UUID) -> dict[str, Any] | None:
        await seal(self.ctx)
        async with self.ctx.db.tx() as conn:
            found = await conn.execute("SELECT * FROM map_features WHERE layer = 'gaps' AND id = %s", (need,))
            return await found.fetchone()


@pytest.fixture
async def house(ctx: Context) -> House:
    made = House(ctx)
    await made.build()
    return made


async def test_a_gap_is_open_until_somebody_goes_and_opens_again_when_nobody_does(house: House) -> None:
    need = await house.need()
    nobody = await house.gap(need)
    assert nobody
    assert (nobody["status"], nobody["props"]["people"], nobody["category"]) == ("nobody", 40, "bedding")
    assert nobody["props"]["since"]
    task = await house.task(need)
    stands = []
    for state in ("queued", "claimed", "en_route", "escalated", "queued", "failed"):
        await house.move(task, state)
        gap = await house.gap(need)
        stands.append(gap and gap["status"])
    assert stands == ["waiting", None, None, "silent", "waiting", "nobody"]
    async with house.ctx.db.tx() as conn:
        await conn.execute("UPDATE needs SET status = 'met' WHERE id = %s", (need,))
        await emit(conn, NewEvent("need.changed", "need", need, house.emergency))
    assert await house.gap(need) is None


async def test_less_on_the_road_than_was_asked_is_a_gap_of_those_it_will_not_reach(house: House) -> None:
    need = await house.need(quantity=100, people=40)
    task = await house.task(need, "accepted")
    assert await house.gap(need) is None
    await house.load(need, task, 30)
    short = await house.gap(need)
    assert short
    assert (short["status"], short["props"]["missing"], short["props"]["coming"]) == ("short", 70, 30)
    assert short["props"]["people"] == 28
    async with house.ctx.db.tx() as conn:
        await supplies.deliver_for_task(conn, house.ref(need, task), None, None)
    await house.move(task, "done")
    left = await house.gap(need)
    assert left
    assert (left["status"], left["props"]["missing"], left["props"]["people"]) == ("nobody", 70, 28)
    # The rest is brought by a second one: nothing is missing any more, whoever has still to say that it is met.
    second = await house.task(need, "accepted")
    await house.load(need, second, 70)
    assert await house.gap(need) is None


async def test_goods_counted_in_another_unit_are_not_weighed_against_what_was_asked(house: House) -> None:
    need = await house.need(quantity=100)
    async with house.ctx.db.tx() as conn:
        await conn.execute("UPDATE needs SET unit = 'box' WHERE id = %s", (need,))
    await house.load(need, await house.task(need, "accepted"), 3)
    assert await house.gap(need) is None


async def test_the_map_tells_gaps_why_nobody_comes_and_agrees_with_the_records(
    house: House, client_of: MakeClient
) -> None:
    need = await house.need()
    task = await house.task(need)
    async with house.ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO task_shortfalls (task_id, found) VALUES (%s, %s)", (task, '[{"code": "nobody", "km": 60}]')
        )
    await seal(house.ctx)
    volunteer = await client_of("volunteer")
    found = (await volunteer.get("/api/map/cells?layer=gaps&zoom=12&bbox=47,33,48,34")).json()
    assert (found["total"], found["features"][0]["id"]) == (1, str(need))
    by_id = (await volunteer.get(f"/api/map/features?layer=gaps&ids={need}")).json()["features"][0]
    [lack] = by_id["properties"]["lacks"]
    assert (lack["code"], lack["en"]) == ("nobody", "No volunteer within 60 km")
    assert (await (await client_of("donor")).get("/api/map/cells?layer=gaps")).status_code == 403
    async with house.ctx.db.tx() as conn:
        wrong = [one.name async for one in verify(conn) if one.name.startswith("map.") and not one.ok]
    assert wrong == []


async def test_from_afar_cells_say_how_many_people_wait_and_since_when(house: House, client_of: MakeClient) -> None:
    async with house.ctx.db.tx() as conn:
        await _many(conn, house.emergency, 1100)
    await seal(house.ctx)
    client = await client_of("coordinator")
    found = (await client.get("/api/map/cells?layer=gaps&zoom=6&bbox=40,30,50,40")).json()
    assert found["total"] == 1100 == sum(cell["n"] for cell in found["cells"])
    assert sum(cell["people"] for cell in found["cells"]) == 1100 * 3
    assert all(cell["waits_since"].startswith("2026-01-0") for cell in found["cells"])


async def _many(conn: Conn, emergency: UUID, n: int) -> None:
    await conn.execute(
        "INSERT INTO needs (id, code, emergency_id, category, status, people, first_reported_at, geom_shown)"
        " SELECT gen_random_uuid(), 'N-' || i, %s, 'water', 'open', 3, '2026-01-02'::timestamptz + i * interval '1 s',"
        " ST_SetSRID(ST_MakePoint(45 + i * 0.001, 35), 4326) FROM generate_series(1, %s) i",
        (emergency, n),
    )
    await conn.execute(
        "INSERT INTO events_unsealed (verb, subject_type, subject_id, emergency_id, actor)"
        " SELECT 'need.created', 'need', id, emergency_id, 'test' FROM needs"
    )


async def test_teams_stand_where_they_are_heard_from_with_no_name(house: House, client_of: MakeClient) -> None:
    team, man = uuid7(), uuid7()
    need = await house.need()
    async with house.ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO volunteers (id, code, centre_id, gender) VALUES (%s, 'V-2', %s, 'man')", (man, house.centre)
        )
        await conn.execute(
            "INSERT INTO teams (id, code, centre_id, leader_id, made_by) VALUES (%s, 'G-1', %s, %s, 'test')",
            (team, house.centre, house.helper),
        )
        await conn.execute(
            "INSERT INTO team_members (team_id, volunteer_id, joined_at) SELECT %s, unnest(%s::uuid[]), now()",
            (team, [house.helper, man]),
        )
    client = await client_of("dispatcher")
    path = "/api/map/cells?layer=teams&zoom=9&bbox=47,32,49,34"

    async def shown() -> dict[str, Any]:
        found = (await client.get(path)).json()
        assert found["total"] == 1
        return {"at": found["features"][0]["geometry"]["coordinates"], **found["features"][0]["properties"]}

    waits = await shown()
    assert (waits["status"], waits["position"], waits["people"], waits["women"]) == ("ready", "centre", 2, 1)
    assert waits["at"] == [48.35, 33.48]
    task = await house.task(need, "en_route")
    async with house.ctx.db.tx() as conn:
        await conn.execute("UPDATE tasks SET team_id = %s WHERE id = %s", (team, task))
    going = await shown()
    assert (going["status"], going["position"], going["at"], going["task"]) == (
        "on_way",
        "task",
        [47.71, 33.15],
        str(task),
    )
    await positions.keep(house.ctx, house.helper, 48.0, 33.3, 20)
    assert (await shown())["position"] == "live"
    async with house.ctx.db.tx() as conn:
        await conn.execute("UPDATE volunteers SET silent_at = now() WHERE id = %s", (man,))
    silent = await shown()
    assert silent["status"] == "silent"
    assert "V-1" not in str(silent)
    assert "V-2" not in str(silent)
    assert (await (await client_of("volunteer")).get(path)).status_code == 403
    other = uuid7()
    async with house.ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO centres (id, code, name_fa, name_en, geom)"
            " VALUES (%s, 'K-2', 'م', 'C', ST_SetSRID(ST_MakePoint(48, 33), 4326))",
            (other,),
        )
    assert (await (await client_of("dispatcher", centre=other)).get(path)).json()["total"] == 0
