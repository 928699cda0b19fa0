"""Who could go, seen over HTTP: ranked with reasons, barred with why not, and what is missing."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from server.dispatch import candidates, shortfalls
from server.dispatch.making import tasks_for_needs
from server.dispatch.team_routes import router
from tests.support.dispatch_world import KHORRAMABAD, POLDOKHTAR, World, a_client, a_world, an_app

POINT = "SRID=4326;POINT({} {})"


@pytest.fixture
async def world(db_dsn: str, redis_url: str) -> AsyncIterator[World]:
    async with a_world(db_dsn, redis_url, codes="CA") as made:
        yield made


async def a_volunteer(world: World, *, centre: int = 0, **columns: Any) -> UUID:
    (who,) = await world.volunteers(1, gender=columns.pop("gender", "man"), centre=centre)
    for name, value in columns.items():
        await world.run(f"UPDATE volunteers SET {name} = %s WHERE id = %s", value, who)
    return who


async def a_task(world: World, kind: str = "medical", **columns: Any) -> UUID:
    queue = await world.queue(kind)
    (task,) = await world.tasks(1, kind=kind, queue=queue, geom_shown=POINT.format(*KHORRAMABAD), **columns)
    return task


async def ask(world: World, task: UUID, **who: Any) -> dict[str, Any]:
    async with a_client(an_app(world.ctx, router)) as client:
        answer = await client.get(f"/api/tasks/{task}/candidates", headers=await world.token("dispatcher", **who))
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_loaded_as_they_stand(world: World) -> None:
    busy = await a_volunteer(world, skills=["nursing"], languages=["lrc"], gender="woman")
    gone = await a_volunteer(world, status="inactive")
    task = await a_task(world, bring="[]")
    other = await a_task(world)
    await world.run(
        "UPDATE tasks SET state = 'claimed', holder_id = %s, lease_until = now() + interval '1 hour' WHERE id = %s",
        busy,
        other,
    )
    async with world.ctx.db.tx() as conn:
        found = await candidates.of_centres(conn, world.ctx, None, KHORRAMABAD)
        (job,) = await candidates.jobs(conn, [task])
        far = await candidates.of_centres(conn, world.ctx, [world.centres[1]], KHORRAMABAD)
    (who,) = [w for w in found if w.volunteer_id == busy]
    assert gone not in {w.volunteer_id for w in found}
    assert (who.held, who.claimed, who.woman, who.skills) == (1, 1, True, frozenset({"nursing"}))
    assert (who.lon, who.lat, who.position_age_s) == (*KHORRAMABAD, None)
    assert (job.task_id, job.lon, job.lat) == (task, *KHORRAMABAD)
    # The other centre is seventy kilometres away.
    assert far == []


async def test_ranked_with_reasons_and_barred_with_why_not(world: World) -> None:
    nurse = await a_volunteer(world, skills=["nursing"])
    medic = await a_volunteer(world, skills=["first_aid"], languages=["lrc"])
    tired = await a_volunteer(world, skills=["first_aid"])
    await world.run("UPDATE volunteers SET rest_until = now() + interval '3 hours' WHERE id = %s", tired)
    task = await a_task(world, skills=["first_aid"], languages=["lrc"])
    said = await ask(world, task)
    assert [c["volunteer"] for c in said["candidates"]] == [str(medic), str(nurse)]
    reasons = {r["code"]: r for r in said["candidates"][0]["reasons"]}
    assert reasons["language"]["points"] > 0
    assert reasons["skills"]["fa"] == "مهارت لازم را دارد: کمک‌های نخستین"
    (barred,) = said["barred"]
    assert (barred["volunteer"], [c["code"] for c in barred["why"]]) == (str(tired), ["resting"])
    assert [s["code"] for s in said["shortfalls"]] == ["not_taken"]
    assert said["shortfalls"][0]["n"] == 2
    assert said["team"] is None


async def test_one_bound_to_a_centre_sees_its_own_people_alone(world: World) -> None:
    ours = await a_volunteer(world)
    await world.run("UPDATE centres SET geom = %s WHERE id = %s", POINT.format(48.4, 33.5), world.centres[1])
    theirs = await a_volunteer(world, centre=1)
    task = await a_task(world)
    assert {c["volunteer"] for c in (await ask(world, task))["candidates"]} == {str(ours), str(theirs)}
    bound = await ask(world, task, centre=world.centres[0])
    assert {c["volunteer"] for c in bound["candidates"]} == {str(ours)}
    async with a_client(an_app(world.ctx, router)) as client:
        other = await world.token("dispatcher", centre=world.centres[1])
        answer = await client.get(f"/api/tasks/{task}/candidates", headers=other)
        nobody = await client.get(f"/api/tasks/{task}/candidates", headers=await world.token("volunteer"))
    assert (answer.status_code, nobody.status_code) == (404, 403)


async def test_shortfalls_are_kept_and_go_when_somebody_comes(world: World) -> None:
    midwife = await a_task(world, skills=["midwifery"])
    water = await a_task(world, "delivery", skills=["logistics"])
    crew = await a_task(world, "rescue", crew_min=2)
    young = await a_task(world, skills=["boat"])
    old = [midwife, water, crew]
    await world.run("UPDATE tasks SET created_at = now() - interval '1 hour' WHERE id = ANY(%s)", old)
    await world.volunteers(3)

    async def kept() -> dict[UUID, list[dict[str, Any]]]:
        await shortfalls.look(world.ctx)
        rows = await world.run("SELECT task_id, found FROM task_shortfalls")
        return {r["task_id"]: r["found"] for r in rows}

    found = await kept()
    assert found.keys() == {midwife, crew}
    assert found[midwife] == [{"code": "no_skill", "skill": "midwifery", "km": 60.0}]
    assert [e["code"] for e in found[crew]] == ["team_to_form"]
    before = await world.run("SELECT task_id, at FROM task_shortfalls ORDER BY task_id")
    assert young not in found
    await kept()
    assert await world.run("SELECT task_id, at FROM task_shortfalls ORDER BY task_id") == before
    far = await a_volunteer(world, centre=1, skills=["midwifery"])
    assert (await kept())[midwife][0]["code"] == "skill_far"
    await world.run("UPDATE volunteers SET centre_id = %s WHERE id = %s", world.centres[0], far)
    await world.run("UPDATE tasks SET state = 'cancelled', closed_at = now() WHERE id = %s", crew)
    assert await kept() == {}


async def test_language_of_the_place_stands_on_its_tasks_and_what_a_person_set_stays(world: World) -> None:
    await world.run(
        "INSERT INTO places (id, source, source_id, kind, name_fa, name_en, country, admin1_code, accuracy_m, geom)"
        " VALUES (gen_random_uuid(), 'test', '1', 'town', 'پلدختر', 'Poldokhtar', 'IR', '23', 3000, %s)",
        POINT.format(*POLDOKHTAR),
    )
    need = await world.need("search_rescue", at=POLDOKHTAR)

    async def made() -> dict[str, Any]:
        async with world.ctx.db.tx() as conn:
            await tasks_for_needs(conn, world.ctx, [need])
        (row,) = await world.run(
            "SELECT id, languages, crew_min, women_min, skills, priority, version FROM tasks WHERE need_id = %s", need
        )
        return row

    task = await made()
    assert (task["languages"], task["crew_min"], task["skills"]) == (["lrc"], 2, ["rescue"])
    change = {"crew_min": 4, "women_min": 1, "skills": ["rescue", "first_aid"]}
    async with a_client(an_app(world.ctx, router)) as client:
        staff = await world.token("dispatcher")
        path = f"/api/tasks/{task['id']}"
        seen = {**staff, "If-Match": str(task["version"])}
        other = await world.token("dispatcher", centre=world.centres[0])
        assert (await client.patch(path, json=change, headers={**other, "If-Match": "1"})).status_code == 404
        assert (await client.patch(path, json=change, headers=staff)).status_code == 428
        assert (await client.patch(path, json={"crew_min": 1, "women_min": 2}, headers=seen)).status_code == 422
        changed = await client.patch(path, json=change, headers=seen)
        assert (changed.status_code, changed.json()["properties"]["crew_min"]) == (200, 4)
        assert (await client.patch(path, json=change, headers=seen)).status_code == 412
    await world.run("UPDATE needs SET priority = 40 WHERE id = %s", need)
    after = await made()
    assert (after["priority"], after["crew_min"], after["women_min"]) == (40, 4, 1)
    assert after["skills"] == ["rescue", "first_aid"]
