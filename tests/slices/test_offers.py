"""Offers: who is asked, how, and what a yes or a no is worth."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.dispatch import offer_presence, offering
from server.dispatch.routes import router
from server.volunteers.service import sealed_columns
from tests.support.dispatch_world import World, a_client, a_world, an_app


@pytest.fixture
async def world(db_dsn: str, redis_url: str) -> AsyncIterator[World]:
    async with a_world(db_dsn, redis_url, codes="OF", offer_after_s=0, quiet_hours="") as made:
        yield made


async def number(world: World, volunteer: UUID, phone: str) -> None:
    """Give somebody a telephone."""
    sealed = sealed_columns(world.ctx, volunteer, "test", phone)
    await world.run(
        "UPDATE volunteers SET phone_sealed = %s, phone_hash = %s, data_key_wrapped = %s, sealing_key_id = %s"
        " WHERE id = %s",
        sealed["phone_sealed"],
        sealed["phone_hash"],
        sealed["data_key_wrapped"],
        sealed["sealing_key_id"],
        volunteer,
    )


async def on_page(world: World, *volunteers: UUID) -> None:
    """Their pages are open."""
    for volunteer in volunteers:
        await offer_presence.seen(world.ctx, volunteer)


async def offers(world: World) -> list[dict[str, Any]]:
    return await world.run("SELECT task_id, volunteer_id, channel, kind, answer, id FROM offers ORDER BY made_at, id")


async def pass_time(world: World, seconds: int) -> None:
    """Let what was made have been made so long ago."""
    await world.run(
        "UPDATE offers SET expires_at = expires_at - make_interval(secs => %(s)s), made_at = made_at -"
        " make_interval(secs => %(s)s), answered_at = answered_at - make_interval(secs => %(s)s)" % {"s": seconds}
    )
    await world.run(f"UPDATE offer_waves SET next_at = next_at - make_interval(secs => {seconds})")


async def client_for(world: World, volunteer: UUID | None, role: str = "volunteer") -> httpx.AsyncClient:
    client = a_client(an_app(world.ctx, router))
    client.headers.update(await world.token(role, volunteer=volunteer))
    return client


async def test_one_after_the_other_three_at_once_for_a_life(world: World) -> None:
    people = await world.volunteers(4)
    await on_page(world, *people)
    (task,) = await world.tasks(1)
    assert await offering.turn(world.ctx) == 1
    (first,) = await offers(world)
    assert (first["task_id"], first["channel"], first["answer"]) == (task, "app", None)
    # Nothing is taken from the queue, nobody else is asked while she thinks, and a second turn does nothing.
    assert await world.one("SELECT state FROM tasks") == "queued"
    assert await offering.turn(world.ctx) == 0
    await pass_time(world, 130)
    await offering.turn(world.ctx)
    rows = await offers(world)
    assert [r["answer"] for r in rows] == ["expired", None]
    assert rows[0]["volunteer_id"] != rows[1]["volunteer_id"]
    await world.run("UPDATE offers SET answer = 'withdrawn', answered_at = clock_timestamp() WHERE answer IS NULL")
    await world.tasks(1, urgency="life")
    await offering.turn(world.ctx)
    live = [r for r in await offers(world) if r["answer"] is None and r["task_id"] != task]
    assert len(live) == len({r["volunteer_id"] for r in live}) == 3


async def test_nobody_has_two_offers_nor_one_with_a_task_in_hand(world: World) -> None:
    people = await world.volunteers(3)
    await on_page(world, *people)
    tasks = await world.tasks(5)
    await world.run("UPDATE volunteers SET rest_until = clock_timestamp() + interval '1 hour' WHERE id = %s", people[2])
    client = await client_for(world, people[0])
    taken = await client.post(f"/api/tasks/{tasks[4]}/claim", json={})
    assert taken.status_code == 200
    await offering.turn(world.ctx)
    assert [r["volunteer_id"] for r in await offers(world)] == [people[1]]
    mine = (await client.get("/api/offers")).json()["items"]
    assert mine == []


async def test_by_text_when_her_page_is_closed_and_not_at_all_without_a_way(world: World) -> None:
    people = await world.volunteers(2)
    await number(world, people[0], "+989121110001")
    await world.tasks(2)
    await offering.turn(world.ctx)
    (only,) = await offers(world)
    assert (only["volunteer_id"], only["channel"]) == (people[0], "sms")
    (message,) = await world.run("SELECT kind, template, params FROM messages")
    assert message == {"kind": "task", "template": None, "params": {}}, "the code is a key: it lies sealed"
    assert (
        await world.one("SELECT count(*) FROM task_codes WHERE offer_id IS NOT NULL AND verbs = '{ACCEPT,FAIL}'") == 1
    )


async def test_who_says_yes_first_holds_it_and_the_others_are_told(world: World) -> None:
    people = await world.volunteers(3)
    await on_page(world, *people)
    (task,) = await world.tasks(1, urgency="life")
    await offering.turn(world.ctx)
    rows = {r["volunteer_id"]: r["id"] for r in await offers(world)}
    clients = {v: await client_for(world, v) for v in rows}
    answers = await asyncio.gather(*(clients[v].post(f"/api/offers/{rows[v]}/accept") for v in rows))
    assert sorted(a.status_code for a in answers) == [200, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"offer.too_late"}
    (won,) = [v for v, a in zip(rows, answers, strict=True) if a.status_code == 200]
    assert await world.one("SELECT holder_id FROM tasks WHERE state = 'accepted'") == won
    assert sorted(r["answer"] for r in await offers(world)) == ["accepted", "too_late", "too_late"]
    # Said twice, answered twice; nobody else's offer is hers to answer.
    again = await clients[won].post(f"/api/offers/{rows[won]}/accept")
    assert (again.status_code, again.json()["fence"]) == (200, 1)
    stranger = next(v for v in rows if v != won)
    assert (await clients[stranger].post(f"/api/offers/{rows[won]}/accept")).status_code == 404
    assert (await world.verbs(task)).count("task.claimed") == 1
    assert (await world.verbs(task)).count("offer.answered") == 3


async def test_a_no_is_remembered_and_the_next_is_asked_at_once(world: World) -> None:
    people = await world.volunteers(2)
    await on_page(world, *people)
    await world.tasks(1)
    await offering.turn(world.ctx)
    (first,) = await offers(world)
    client = await client_for(world, first["volunteer_id"])
    (shown,) = (await client.get("/api/offers")).json()["items"]
    assert shown["id"] == str(first["id"])
    assert shown["left_s"] > 100
    assert shown["reasons"]
    for _ in range(2):
        assert (await client.post(f"/api/offers/{first['id']}/decline")).json()["answer"] == "declined"
    await offering.turn(world.ctx)
    assert [r["answer"] for r in await offers(world)] == ["declined", None]
    await pass_time(world, 100_000)
    await on_page(world, *people)
    await offering.turn(world.ctx)
    assert {r["volunteer_id"] for r in (await offers(world))[1:]} == set(people) - {first["volunteer_id"]}
    # She may change her mind while it is free.
    assert (await client.post(f"/api/offers/{first['id']}/accept")).status_code == 200


async def test_a_task_for_several_is_offered_to_leaders_alone(world: World) -> None:
    people = await world.volunteers(3)
    await on_page(world, *people)
    await world.tasks(1, crew_min=2)
    await offering.turn(world.ctx)
    assert await offers(world) == []
    team = await world.one(
        "INSERT INTO teams (id, code, centre_id, leader_id, made_by) VALUES (gen_random_uuid(), 'G-1', %s, %s, 'test')"
        " RETURNING id",
        world.centres[0],
        people[1],
    )
    await world.run("INSERT INTO team_members (team_id, volunteer_id) SELECT %s, unnest(%s::uuid[])", team, people[1:])
    await pass_time(world, 70)
    await offering.turn(world.ctx)
    (only,) = await offers(world)
    assert only["volunteer_id"] == people[1]
    client = await client_for(world, people[1])
    assert (await client.post(f"/api/offers/{only['id']}/accept")).status_code == 200
    assert await world.one("SELECT team_id FROM tasks") == team


async def test_a_dispatcher_asks_whom_she_likes_within_the_rules(world: World) -> None:
    people = await world.volunteers(2) + await world.volunteers(1, centre=1)
    await world.run("UPDATE volunteers SET vetting = 'pending' WHERE id = %s", people[1])
    (task,) = await world.tasks(1)
    client = await client_for(world, None, "dispatcher")
    done = await client.post(f"/api/tasks/{task}/offers", json={"volunteers": [str(p) for p in people[:2]]})
    assert done.status_code == 201
    assert [o["volunteer_id"] for o in done.json()["offers"]] == [str(people[0])]
    ((left,),) = [done.json()["left_out"]]
    assert (left["volunteer"], left["codes"][0]["code"]) == (str(people[1]), "not_vetted")
    # A dispatcher of another centre has no say here, and hears of no offer.
    other = a_client(an_app(world.ctx, router))
    other.headers.update(await world.token("dispatcher", centre=world.centres[1]))
    refused = await other.post(f"/api/tasks/{task}/offers", json={"volunteers": [str(people[2])]})
    assert refused.status_code == 404
    assert (await other.get("/api/offers")).json()["items"] == []
    (seen,) = (await client.get("/api/offers", params={"task": str(task)})).json()["items"]
    assert seen["volunteer_code"].startswith("V-")
    volunteer = await client_for(world, people[0])
    assert (await volunteer.post(f"/api/tasks/{task}/offers", json={"volunteers": [str(people[0])]})).status_code == 403
    # Taken by somebody else meanwhile: the offer is over by itself.
    await client.post(f"/api/tasks/{task}/claim", json={"volunteer": str(people[2])})
    await offering.turn(world.ctx)
    assert [r["answer"] for r in await offers(world)] == ["too_late"]
