"""Offers: who is asked, how, and what a yes or a no is worth."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.dispatch import by_sms, offer_presence, offering
from server.dispatch.routes import router
from server.messaging.outbox import TABLE, to_hash
from server.reports import answering as replies
from server.reports.chain import process_batch
from server.volunteers.service import sealed_columns
from tests.slices import chain_kit as kit
from tests.support.dispatch_world import World, a_client, a_world, an_app

HERS, HIS = "+989121110001", "+989121110002"
_CODE = re.compile(r"\b[2-9A-Z]{8}\b")


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
        "UPDATE offers o SET expires_at = o.expires_at - g.ago, made_at = o.made_at - g.ago,"
        " answered_at = o.answered_at - g.ago FROM (SELECT make_interval(secs => %s) AS ago) g",
        seconds,
    )
    await world.run("UPDATE offer_waves SET next_at = next_at - make_interval(secs => %s)", seconds)


async def text(world: World, phone: str, words: str) -> list[str]:
    """A text comes and is read; what that number is answered: template names, or the words that lie sealed."""
    before = await _texts(world, phone)
    await kit.send(world.ctx, world.emergency, (phone, words))
    while await process_batch(world.ctx, (), 50, (replies.answer, by_sms.answer)):
        pass
    return (await _texts(world, phone))[len(before) :]


async def _texts(world: World, phone: str) -> list[str]:
    rows = await world.run(
        "SELECT id, template, words_sealed, data_key_wrapped FROM messages WHERE to_hash = %s ORDER BY id",
        to_hash(world.ctx.sealing, phone),
    )
    found = []
    for row in rows:
        record = world.ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
        words = record.open("words_sealed", row["words_sealed"])
        found.append(words.decode() if words else row["template"])
    return found


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
    await number(world, people[0], HERS)
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


async def test_yes_and_no_by_text(world: World) -> None:
    people = await world.volunteers(2)
    await number(world, people[0], HERS)
    await number(world, people[1], HIS)
    (task,) = await world.tasks(1, urgency="life")
    await offering.turn(world.ctx)
    hers, his = [_CODE.findall((await _texts(world, phone))[-1])[0] for phone in (HERS, HIS)]
    # A code from another's telephone does nothing; "no" before a sentence is nobody's answer.
    assert await text(world, HIS, f"قبول {hers}") == ["task.code_unknown"]
    assert await text(world, HERS, f"نه {hers}") == ["offer.declined"]
    assert [r["answer"] for r in await offers(world) if r["volunteer_id"] == people[0]] == ["declined"]
    assert await world.one("SELECT state FROM tasks") == "queued"
    # He is slow: his time is over, the task still free. His yes counts, and the answer has the code of the end.
    await pass_time(world, 1000)
    async with world.ctx.db.tx() as conn:
        await offering.close_over(conn)
    (answer,) = await text(world, HIS, f"ACCEPT {his}")
    (end,) = set(_CODE.findall(answer))
    row = await world.one(
        "SELECT holder_id, state, lease_until > clock_timestamp() + interval '1 hour' AS long FROM tasks"
    )
    assert row == {"holder_id": people[1], "state": "accepted", "long": True}
    assert await text(world, HIS, f"DONE {end}") == ["task.done"]
    assert await world.one("SELECT state FROM tasks WHERE id = %s", task) == "done"


async def test_a_yes_by_text_that_comes_too_late(world: World) -> None:
    people = await world.volunteers(2)
    await number(world, people[0], HERS)
    (task,) = await world.tasks(1)
    await offering.turn(world.ctx)
    (code,) = set(_CODE.findall((await _texts(world, HERS))[-1]))
    other = await client_for(world, people[1])
    assert (await other.post(f"/api/tasks/{task}/claim", json={})).status_code == 200
    assert await text(world, HERS, f"قبول {code}") == ["offer.too_late"]
    assert await world.one("SELECT holder_id FROM tasks") == people[1]
    assert [r["answer"] for r in await offers(world)] == ["too_late"]


async def test_who_does_not_answer_is_left_alone_for_a_while(world: World) -> None:
    (her,) = await world.volunteers(1)
    await on_page(world, her)
    await world.tasks(3)
    await offering.turn(world.ctx)
    await pass_time(world, 130)
    await offering.turn(world.ctx)
    await pass_time(world, 800)
    await offering.turn(world.ctx)
    assert [r["answer"] for r in await offers(world)] == ["expired"]
    await pass_time(world, 400)
    await on_page(world, her)
    await offering.turn(world.ctx)
    assert [r["answer"] for r in await offers(world)] == ["expired", None]
    assert len({r["task_id"] for r in await offers(world)}) == 2


async def test_who_was_too_late_is_asked_again_when_it_is_free_again(world: World) -> None:
    people = await world.volunteers(3)
    (task,) = await world.tasks(1, urgency="life")
    await on_page(world, *people)
    assert await offering.turn(world.ctx) == 3
    first = await client_for(world, people[0])
    (mine,) = (await first.get("/api/offers")).json()["items"]
    fence = (await first.post(f"/api/offers/{mine['id']}/accept")).json()["fence"]
    assert (await first.post(f"/api/tasks/{task}/release", json={"fence": fence})).status_code == 200
    await world.run("UPDATE offer_waves SET next_at = now() - interval '1 second'")
    assert await offering.turn(world.ctx) == 2
    assert {r["volunteer_id"] for r in await offers(world) if r["answer"] is None} == set(people[1:])
