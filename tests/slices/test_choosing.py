"""Choose for yourself: what is near, what is best, and one task each for all who ask at once."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from server.dispatch.routes import router
from server.kernel.ids import new_code, uuid7
from tests.support.dispatch_world import KHORRAMABAD, POLDOKHTAR, World, a_client, a_world, an_app


@pytest.fixture
async def world(db_dsn: str, redis_url: str) -> AsyncIterator[World]:
    async with a_world(db_dsn, redis_url, codes="CH") as made:
        yield made


async def client_for(
    world: World, volunteer: UUID | None, role: str = "volunteer", centre: UUID | None = None
) -> httpx.AsyncClient:
    client = a_client(an_app(world.ctx, router))
    client.headers.update(await world.token(role, volunteer=volunteer, centre=centre))
    return client


async def place(world: World, task: UUID, lon: float, lat: float) -> None:
    await world.run(
        "UPDATE tasks SET geom_shown = ST_SetSRID(ST_MakePoint(%s, %s), 4326) WHERE id = %s", lon, lat, task
    )


async def test_near_is_what_she_can_do_the_best_first_with_reasons(world: World) -> None:
    (her,) = await world.volunteers(1, gender="man")
    await world.run("UPDATE volunteers SET skills = '{first_aid}' WHERE id = %s", her)
    lon, lat = KHORRAMABAD
    tasks = await world.tasks(6, kind="medical")
    for task, km in zip(tasks, (0, 5, 10, 15, 400, 1), strict=True):
        await place(world, task, lon, lat + km / 111)
    await world.run("UPDATE tasks SET priority = 10")
    await world.run("UPDATE tasks SET skills = '{midwifery}' WHERE id = %s", tasks[1])
    await world.run("UPDATE tasks SET women_required = true WHERE id = %s", tasks[2])
    await world.run("UPDATE tasks SET crew_min = 2 WHERE id = %s", tasks[5])
    client = await client_for(world, her)
    found = (await client.get("/api/tasks/near", params={"lat": lat, "lon": lon})).json()["features"]
    assert [f["id"] for f in found] == [str(tasks[0]), str(tasks[3])]
    assert [f["properties"]["km"] for f in found] == pytest.approx([0, 15], abs=1)
    assert {r["code"] for r in found[1]["properties"]["reasons"]} >= {"priority", "distance"}
    assert found[0]["properties"]["holder"] is None
    # Without a point: near her centre. Far from here: nothing, and said so.
    assert len((await client.get("/api/tasks/near")).json()["features"]) == 2
    assert (await client.get("/api/tasks/near", params={"lat": 27.2, "lon": 56.3})).json()["features"] == []
    assert (await client.get("/api/tasks/near", params={"lat": 91, "lon": 0})).status_code == 422
    # She takes one of them: it is no longer near.
    assert (await client.post(f"/api/tasks/{found[0]['id']}/claim", json={})).status_code == 200
    assert len((await client.get("/api/tasks/near")).json()["features"]) == 1


async def test_near_shows_nobody_elses_and_only_what_the_reader_may_see(world: World) -> None:
    (her, there) = [*await world.volunteers(1), *await world.volunteers(1, centre=1)]
    for centre, at in enumerate((KHORRAMABAD, POLDOKHTAR)):
        (task,) = await world.tasks(1, queue=await world.queue(centre=centre))
        await place(world, task, *at)
    params = {"lat": KHORRAMABAD[1], "lon": KHORRAMABAD[0], "radius_km": 150}
    bound = await client_for(world, her, centre=world.centres[0])
    assert len((await bound.get("/api/tasks/near", params=params)).json()["features"]) == 1
    assert len((await (await client_for(world, her)).get("/api/tasks/near", params=params)).json()["features"]) == 1
    asked = await bound.get("/api/tasks/near", params={**params, "volunteer": str(there)})
    assert (asked.status_code, asked.json()["code"]) == (403, "claim.other_volunteer")
    desk = await client_for(world, None, "dispatcher", centre=world.centres[1])
    assert (await desk.get("/api/tasks/near", params={**params, "volunteer": str(her)})).status_code == 403
    own = await desk.get("/api/tasks/near", params={"volunteer": str(there)})
    assert len(own.json()["features"]) == 1


async def test_next_weighs_all_queues_of_her_centre_a_life_first(world: World) -> None:
    (her,) = await world.volunteers(1)
    await world.run("UPDATE volunteers SET skills = '{first_aid}' WHERE id = %s", her)
    (plain,) = await world.tasks(1, kind="delivery")
    (hard,) = await world.tasks(1, kind="medical", skills=["midwifery"], urgency="life")
    (life,) = await world.tasks(1, kind="rescue", skills=["first_aid"], urgency="life")
    client = await client_for(world, her)
    key = {"Idempotency-Key": "once"}
    first = (await client.post("/api/dispatch/next", json={}, headers=key)).json()
    assert [t["id"] for t in first["tasks"]] == [str(life)]
    assert first["reasons"]
    again = (await client.post("/api/dispatch/next", json={}, headers=key)).json()
    assert [(t["id"], t["fence"]) for t in again["tasks"]] == [(str(life), 1)]
    assert [t["id"] for t in (await client.post("/api/dispatch/next")).json()["tasks"]] == [str(plain)]
    none = (await client.post("/api/dispatch/next")).json()
    assert none["tasks"] == []
    assert none["why_not"] == [{"code": "skills", "n": 1}]
    assert await world.one("SELECT state FROM tasks WHERE id = %s", hard) == "queued"


async def test_all_ask_at_once_and_each_has_one_of_their_own(world: World) -> None:
    people = await world.volunteers(8)
    await world.tasks(6)
    app = an_app(world.ctx, router)
    clients = []
    for person in people:
        client = a_client(app)
        client.headers.update(await world.token("volunteer", volunteer=person))
        clients.append(client)
    answers = await asyncio.gather(*(c.post("/api/dispatch/next", json={}) for c in clients))
    got = [t["id"] for a in answers for t in a.json()["tasks"]]
    assert len(got) == len(set(got)) >= 5
    assert await world.one("SELECT count(*) FROM tasks WHERE state = 'claimed'") == len(got)


async def test_a_step_of_a_merged_need_is_told_by_the_one_it_is_part_of(world: World) -> None:
    (her,) = await world.volunteers(1)
    (task,) = await world.tasks(1)
    client = await client_for(world, her)
    fence = (await client.post(f"/api/tasks/{task}/claim", json={})).json()["tasks"][0]["fence"]
    await client.post(f"/api/tasks/{task}/fail", json={"fence": fence, "reason": "unreachable"})
    whole = uuid7()
    await world.run(
        "INSERT INTO needs (id, code, emergency_id, category, status, people) VALUES (%s, %s, %s, 'water', 'met', 40)",
        whole,
        new_code(8, "N-"),
        world.emergency,
    )
    await world.run("UPDATE needs SET merged_into = %s, status = 'closed' WHERE id <> %s", whole, whole)
    after = (await client.get(f"/api/tasks/{task}/after")).json()
    assert (after["task"]["outcome"], after["need"]["met"], after["need"]["people"]) == ("unreachable", True, 40)
    assert after["reached"] is None
