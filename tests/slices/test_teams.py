"""Teams: put together by a person, given a task, changed with care, stood down."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from server.access.principal import Principal, Scope
from server.dispatch import teams
from server.dispatch.routes import router as dispatch
from server.dispatch.team_routes import router
from tests.support.dispatch_world import KHORRAMABAD, World, a_client, a_world, an_app


@pytest.fixture
async def world(db_dsn: str, redis_url: str) -> AsyncIterator[World]:
    async with a_world(db_dsn, redis_url, codes="TE") as made:
        yield made


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(an_app(world.ctx, dispatch, router)) as made:
        made.headers.update(await world.token("dispatcher"))
        yield made


async def a_task(world: World, **columns: Any) -> UUID:
    (task,) = await world.tasks(1, **{"crew_min": 2, "skills": ["rescue"], **columns})
    return task


async def some(world: World, women: int = 1, men: int = 2, *, skills: Sequence[str] = ("rescue",)) -> list[UUID]:
    people = await world.volunteers(women, gender="woman") + await world.volunteers(men, gender="man")
    await world.run("UPDATE volunteers SET skills = %s WHERE id = ANY(%s)", list(skills), people)
    return people


def body(people: Sequence[UUID], **more: Any) -> dict[str, Any]:
    return {"leader": str(people[0]), "members": [str(p) for p in people], **more}


async def test_formed_seen_by_its_centre_and_stood_down(world: World, client: httpx.AsyncClient) -> None:
    people = await some(world)
    made = await client.post("/api/teams", json=body(people))
    assert made.status_code == 201, made.text
    team = made.json()
    assert (team["people"], team["women"], team["skills"], team["leader"]) == (3, 1, ["rescue"], str(people[0]))
    assert [t["id"] for t in (await client.get("/api/teams")).json()["items"]] == [team["id"]]
    other = await world.token("dispatcher", centre=world.centres[1])
    assert (await client.get("/api/teams", headers=other)).json()["items"] == []
    path = f"/api/teams/{team['id']}"
    assert (await client.get(path, headers=other)).status_code == 404
    assert (await client.post(f"{path}/stand_down", headers=other)).status_code == 404
    assert (await client.post("/api/teams", json=body(await some(world)), headers=other)).status_code == 404
    assert (await client.get("/api/teams", headers=await world.token("volunteer"))).status_code == 403
    for _ in range(2):
        assert (await client.post(f"{path}/stand_down")).json()["status"] == "stood_down"
    assert (await client.get("/api/teams")).json()["items"] == []
    assert len((await client.get("/api/teams?status=all")).json()["items"]) == 1
    assert await world.verbs(UUID(team["id"])) == ["team.formed", "team.stood_down"]
    assert (await client.post("/api/teams", json=body(people))).status_code == 201


async def test_who_cannot_go_is_named_with_why(world: World, client: httpx.AsyncClient) -> None:
    first, tired, pending, busy, elsewhere, friend = await some(world, 3, 3)
    await world.run("UPDATE volunteers SET rest_until = now() + interval '1 hour' WHERE id = %s", tired)
    await world.run("UPDATE volunteers SET vetting = 'pending' WHERE id = %s", pending)
    (held,) = await world.tasks(1, kind="works", queue=await world.queue("works"))
    await world.run(
        "UPDATE tasks SET state = 'claimed', holder_id = %s, lease_until = now() + interval '1 hour' WHERE id = %s",
        busy,
        held,
    )
    assert (await client.post("/api/teams", json=body([elsewhere, friend]))).status_code == 201
    refused = await client.post("/api/teams", json=body([first, tired, pending, busy, elsewhere]))
    assert (refused.status_code, refused.json()["code"]) == (409, "team.unfit")
    why = {p["volunteer"]: [c["code"] for c in p["why"]] for p in refused.json()["people"]}
    assert why == {
        str(tired): ["resting"],
        str(pending): ["not_vetted"],
        str(busy): ["busy"],
        str(elsewhere): ["in_team"],
    }
    assert (await client.post("/api/teams", json=body([first]))).status_code == 422


async def test_nobody_is_in_two_teams_however_quick(world: World, client: httpx.AsyncClient) -> None:
    people = await some(world, 2, 4)
    shared = people[0]
    asked = [body([other, shared]) for other in people[1:]]
    answers = await asyncio.gather(*(client.post("/api/teams", json=one) for one in asked))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409]
    assert await world.one("SELECT count(*) FROM team_members WHERE left_at IS NULL") == 2


async def test_a_task_is_given_to_a_team_made_for_it(world: World, client: httpx.AsyncClient) -> None:
    task = await a_task(world, women_min=1)
    people = await some(world)
    men = await some(world, 0, 2)
    path = f"/api/tasks/{task}/team"
    refused = await client.post(path, json=body(men, fence=0))
    assert (refused.status_code, refused.json()["code"]) == (409, "task.team_required")
    # Neither the task nor the team: both or none.
    assert await world.one("SELECT count(*) FROM teams") == 0
    given = [await client.post(path, json=body(people, fence=0)) for _ in range(2)]
    assert [g.status_code for g in given] == [200, 200], given[0].text
    assert given[0].json() == given[1].json()
    row = await world.one("SELECT state, fence, holder_id, team_id FROM tasks WHERE id = %s", task)
    assert (row["state"], row["fence"], row["holder_id"]) == ("claimed", 1, people[0])
    assert str(row["team_id"]) == given[0].json()["team"]
    leases = await world.run("SELECT fence, volunteer_id, team_id FROM leases WHERE task_id = %s", task)
    assert leases == [{"fence": 1, "volunteer_id": people[0], "team_id": row["team_id"]}]
    holder = await world.token("volunteer", volunteer=people[0])
    done = await client.post(f"/api/tasks/{task}/complete", json={"fence": 1}, headers=holder)
    assert done.status_code == 200
    assert (await client.post(f"/api/teams/{row['team_id']}/stand_down")).status_code == 200


async def test_a_team_that_stands_takes_over(world: World, client: httpx.AsyncClient) -> None:
    task = await a_task(world, geom_shown="SRID=4326;POINT({} {})".format(*KHORRAMABAD))
    people = await some(world)
    team = (await client.post("/api/teams", json=body(people))).json()
    seen = (await client.get(f"/api/tasks/{task}/candidates")).json()
    assert [c["volunteer"] for c in seen["candidates"]] == [str(people[0])]
    assert "team" in {r["code"] for r in seen["candidates"][0]["reasons"]}
    given = await client.post(f"/api/tasks/{task}/reassign", json={"fence": 0, "team": team["id"]})
    assert given.status_code == 200, given.text
    row = await world.one("SELECT holder_id, team_id FROM tasks WHERE id = %s", task)
    assert (row["holder_id"], str(row["team_id"])) == (people[0], team["id"])
    alone = await client.post(f"/api/tasks/{task}/reassign", json={"fence": 1, "volunteer": str(people[1])})
    assert (alone.status_code, alone.json()["code"]) == (409, "task.team_required")


async def test_a_team_is_proposed_for_a_task_nobody_takes_alone(world: World, client: httpx.AsyncClient) -> None:
    task = await a_task(world, women_min=1, geom_shown="SRID=4326;POINT({} {})".format(*KHORRAMABAD))
    woman, *men = await some(world, 1, 3)
    seen = (await client.get(f"/api/tasks/{task}/candidates")).json()
    assert seen["candidates"] == []
    assert [s["code"] for s in seen["shortfalls"]] == ["team_to_form"]
    proposed = [UUID(m["volunteer"]) for m in seen["team"]["members"]]
    assert len(proposed) == 2
    assert woman in proposed
    assert set(proposed) - {woman} <= set(men)
    given = await client.post(f"/api/tasks/{task}/team", json=body([UUID(seen["team"]["leader"]), *proposed], fence=0))
    assert given.status_code == 200, given.text


async def test_while_it_holds_a_task_nobody_leaves_whom_it_takes(world: World, client: httpx.AsyncClient) -> None:
    task = await a_task(world, women_min=1)
    leader, man, woman = (
        await world.volunteers(1, gender="man")
        + await world.volunteers(1, gender="man")
        + (await world.volunteers(1, gender="woman"))
    )
    await world.run("UPDATE volunteers SET skills = '{rescue}'")
    team = (await client.post(f"/api/tasks/{task}/team", json=body([leader, man, woman], fence=0))).json()["team"]
    path = f"/api/teams/{team}"

    async def change(**what: Any) -> httpx.Response:
        version = (await client.get(path)).headers["ETag"]
        return await client.patch(path, json=what, headers={"If-Match": version})

    assert (await client.patch(path, json={}, headers={"If-Match": "99"})).status_code == 412
    assert (await client.post(f"{path}/stand_down")).json()["code"] == "team.holds"
    assert (await change(leader=str(man))).json()["code"] == "team.holds"
    men = [str(leader), str(man)]
    refused = await change(members=men)
    assert (refused.status_code, refused.json()["code"]) == (409, "team.not_enough")
    assert (await change(members=[str(leader), str(woman)])).json()["people"] == 2
    # She was hurt: the others go on, a person has said so.
    (third,) = await some(world, 0, 1)
    assert (await change(members=[str(leader), str(third)], anyway=True)).json()["women"] == 0
    assert len((await client.get(path)).json()["holds"]) == 1


async def test_a_team_that_is_being_stood_down_gets_nothing(world: World, client: httpx.AsyncClient) -> None:
    task = await a_task(world)
    team = (await client.post("/api/teams", json=body(people := await some(world)))).json()
    asked = {"volunteer": str(people[0]), "team": team["id"]}
    dispatcher = Principal("token", uuid4(), (Scope("dispatcher", world.centres[0], None, None),))
    async with world.ctx.db.tx() as conn:
        await teams.stand_down(conn, dispatcher, UUID(team["id"]))
        claim = asyncio.create_task(client.post(f"/api/tasks/{task}/claim", json=asked))
        await asyncio.wait([claim], timeout=0.3)
    assert (await claim).status_code == 409
    assert await world.one("SELECT state FROM tasks WHERE id = %s", task) == "queued"
