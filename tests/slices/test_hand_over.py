"""From hand to hand: the first holds it until the second says yes; goods stay with the task, old fences are worth
nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from psycopg.types.json import Jsonb

from server.access.principal import Principal, Scope
from server.dispatch import answering
from server.dispatch.routes import router
from tests.support.dispatch_world import World, a_client, a_world, an_app


@pytest.fixture
async def world(db_dsn: str, redis_url: str) -> AsyncIterator[World]:
    async with a_world(db_dsn, redis_url, codes="HO") as made:
        yield made


async def client_for(world: World, volunteer: UUID | None, role: str = "volunteer") -> httpx.AsyncClient:
    client = a_client(an_app(world.ctx, router))
    client.headers.update(await world.token(role, volunteer=volunteer))
    return client


async def held(world: World, client: httpx.AsyncClient, **columns: Any) -> tuple[UUID, int]:
    """A task in the hands of the client's volunteer, accepted and on the road."""
    (task,) = await world.tasks(1, **columns)
    claimed = (await client.post(f"/api/tasks/{task}/claim", json={})).json()["tasks"][0]
    for verb in ("accept", "en_route"):
        assert (await client.post(f"/api/tasks/{task}/{verb}", json={"fence": claimed["fence"]})).status_code == 200
    return task, claimed["fence"]


async def test_the_first_holds_it_until_the_second_says_yes(world: World) -> None:
    giver, taker, third = await world.volunteers(3)
    clients = [await client_for(world, v) for v in (giver, taker, third)]
    task, fence = await held(world, clients[0])
    asked = {"fence": fence, "volunteer": str(taker), "note": "کلید نزد همسایه است"}
    made = await clients[0].post(f"/api/tasks/{task}/hand_over", json=asked)
    assert made.status_code == 201
    assert await world.one("SELECT holder_id FROM tasks") == giver
    (offer,) = (await clients[1].get("/api/offers")).json()["items"]
    assert (offer["kind"], offer["noted"], offer["id"]) == ("hand_over", True, made.json()["id"])
    # The words are sealed, for her alone, and reading them is put down.
    assert "کلید" not in str(await world.run("SELECT note_sealed FROM offers"))
    assert (await clients[2].get(f"/api/offers/{offer['id']}/note")).status_code == 404
    assert (await clients[1].get(f"/api/offers/{offer['id']}/note")).json()["note"] == asked["note"]
    assert (await world.verbs(task)).count("note.opened") == 1
    assert (await clients[2].post(f"/api/offers/{offer['id']}/accept")).status_code == 404
    for _ in range(2):
        taken = await clients[1].post(f"/api/offers/{offer['id']}/accept")
        assert (taken.status_code, taken.json()["fence"], taken.json()["state"]) == (200, fence + 1, "accepted")
    leases = await world.run("SELECT fence, volunteer_id, end_reason FROM leases ORDER BY fence")
    assert leases == [
        {"fence": fence, "volunteer_id": giver, "end_reason": "handed_over"},
        {"fence": fence + 1, "volunteer_id": taker, "end_reason": None},
    ]
    # What the first says now comes too late, and is kept.
    late = await clients[0].post(f"/api/tasks/{task}/complete", json={"fence": fence})
    assert (late.status_code, late.json()["kept"]) == (409, True)
    assert (await clients[1].post(f"/api/tasks/{task}/complete", json={"fence": fence + 1})).status_code == 200
    assert (await world.verbs(task)).count("task.reassigned") == 1


async def test_one_asks_one_at_a_time_and_may_take_it_back(world: World) -> None:
    giver, one, two = await world.volunteers(3)
    clients = [await client_for(world, v) for v in (giver, one, two)]
    task, fence = await held(world, clients[0])
    first = (await clients[0].post(f"/api/tasks/{task}/hand_over", json={"fence": fence, "volunteer": str(one)})).json()
    code = await world.one("SELECT code FROM volunteers WHERE id = %s", two)
    second = await clients[0].post(f"/api/tasks/{task}/hand_over", json={"fence": fence, "volunteer": code.lower()})
    assert second.status_code == 201
    refused = await clients[1].post(f"/api/offers/{first['id']}/accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "offer.too_late")
    assert (await clients[0].post(f"/api/offers/{second.json()['id']}/withdraw")).json()["answer"] == "withdrawn"
    assert (await clients[2].post(f"/api/offers/{second.json()['id']}/accept")).status_code == 409
    assert await world.one("SELECT holder_id FROM tasks WHERE state = 'en_route'") == giver


async def test_nothing_goes_to_who_may_not_have_it_or_from_who_does_not_hold_it(world: World) -> None:
    giver, man, away, far = [
        *await world.volunteers(1, gender="woman"),
        *await world.volunteers(2, gender="man"),
        *await world.volunteers(1, gender="woman", centre=1),
    ]
    client, other = await client_for(world, giver), await client_for(world, man)
    task, fence = await held(world, client, women_required=True)
    await world.run("UPDATE volunteers SET status = 'away' WHERE id = %s", away)

    async def ask(who: httpx.AsyncClient, to: UUID, under: int = fence) -> tuple[int, str]:
        answer = await who.post(f"/api/tasks/{task}/hand_over", json={"fence": under, "volunteer": str(to)})
        return answer.status_code, answer.json().get("code", "")

    assert await ask(client, man) == (409, "task.woman_required")
    assert await ask(client, away) == (409, "hand_over.not_now"), "why is told to staff alone"
    desk = await client_for(world, None, "dispatcher")
    assert await ask(desk, away) == (409, "volunteer.not_active")
    assert await ask(client, giver) == (409, "hand_over.same_person")
    assert await ask(client, far) == (404, "not_found")
    assert (await ask(client, man, fence + 1))[0] == 409
    assert (await ask(other, away))[0] == 403
    assert await world.one("SELECT count(*) FROM offers") == 0


async def test_reassigned_meanwhile_the_question_is_over(world: World) -> None:
    giver, taker, third = await world.volunteers(3)
    client, hers, desk = (
        await client_for(world, giver),
        await client_for(world, taker),
        await client_for(world, None, "dispatcher"),
    )
    task, fence = await held(world, client)
    made = (await client.post(f"/api/tasks/{task}/hand_over", json={"fence": fence, "volunteer": str(taker)})).json()
    await desk.post(f"/api/tasks/{task}/reassign", json={"fence": fence, "volunteer": str(third)})
    assert (await hers.get("/api/offers")).json()["items"] == []
    refused = await hers.post(f"/api/offers/{made['id']}/accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "offer.too_late")
    assert await world.one("SELECT holder_id FROM tasks") == third
    assert await world.one("SELECT answer FROM offers") == "too_late"


async def test_goods_on_the_road_stay_with_the_task(world: World) -> None:
    giver, taker = await world.volunteers(2)
    client, hers = await client_for(world, giver), await client_for(world, taker)
    item = await world.item("water", "water", "litre")
    bring = [{"item": str(item), "quantity": 5, "unit": "litre", "centre": str(world.centres[0])}]
    shelf = await world.one(
        "INSERT INTO stock_accounts (id, kind, centre_id) VALUES (gen_random_uuid(), 'centre', %s)"
        " ON CONFLICT DO NOTHING RETURNING id",
        world.centres[0],
    )
    await world.run("INSERT INTO stock (account_id, item_id, quantity) VALUES (%s, %s, 9)", shelf, item)
    (task,) = await world.tasks(1)
    await world.run("UPDATE tasks SET bring = %s WHERE id = %s", Jsonb(bring), task)
    fence = (await client.post(f"/api/tasks/{task}/claim", json={})).json()["tasks"][0]["fence"]
    await client.post(f"/api/tasks/{task}/accept", json={"fence": fence})
    assert (await client.post(f"/api/tasks/{task}/en_route", json={"fence": fence})).status_code == 200
    made = (await client.post(f"/api/tasks/{task}/hand_over", json={"fence": fence, "volunteer": str(taker)})).json()
    assert (await hers.post(f"/api/offers/{made['id']}/accept")).status_code == 200
    on_road = "SELECT coalesce(sum(s.quantity), 0)::float8 FROM stock s JOIN stock_accounts a ON a.id = s.account_id"
    assert await world.one(f"{on_road} WHERE a.kind = 'transit'") == 5
    done = await hers.post(f"/api/tasks/{task}/complete", json={"fence": fence + 1, "people_served": 12})
    assert done.status_code == 200
    assert await world.one(f"{on_road} WHERE a.kind = 'transit'") == 0
    # Both who held it see what came of it; a stranger does not.
    (stranger,) = await world.volunteers(1)
    for who in (client, hers):
        after = (await who.get(f"/api/tasks/{task}/after")).json()
        assert after["reached"] == 12
        assert after["need"]["met"] is True
        assert [(g["loaded"], g["delivered"], g["lost"]) for g in after["goods"]] == [(5, 5, 0)]
        assert [s["step"] for s in after["chain"]][-2:] == ["task.reassigned", "task.completed"]
    assert (await (await client_for(world, stranger)).get(f"/api/tasks/{task}/after")).status_code == 404


async def test_a_yes_while_it_is_being_taken_back_takes_nothing(world: World) -> None:
    giver, taker = await world.volunteers(2)
    clients = [await client_for(world, v) for v in (giver, taker)]
    task, fence = await held(world, clients[0])
    made = await clients[0].post(f"/api/tasks/{task}/hand_over", json={"fence": fence, "volunteer": str(taker)})
    who = Principal("token", giver, (Scope("volunteer", world.centres[0], None, giver),))
    async with world.ctx.db.tx() as conn:
        await answering.withdraw(conn, who, UUID(made.json()["id"]))
        yes = asyncio.create_task(clients[1].post(f"/api/offers/{made.json()['id']}/accept"))
        await asyncio.wait([yes], timeout=0.3)
    assert ((await yes).status_code, (await yes).json()["code"]) == (409, "offer.too_late")
    assert await world.one("SELECT holder_id FROM tasks") == giver
    assert await world.one("SELECT answer FROM offers") == "withdrawn"


async def test_what_takes_a_woman_is_not_handed_to_a_man(world: World) -> None:
    (giver,) = await world.volunteers(1, gender="woman")
    (man,) = await world.volunteers(1, gender="man")
    client = await client_for(world, giver)
    task, fence = await held(world, client, women_min=1)
    asked = await client.post(f"/api/tasks/{task}/hand_over", json={"fence": fence, "volunteer": str(man)})
    assert (asked.status_code, asked.json()["code"]) == (409, "task.woman_required")
