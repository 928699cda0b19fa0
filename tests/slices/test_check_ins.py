"""Duty: signs of life, an alarm for who falls silent, rest for who served long."""

from collections.abc import AsyncIterator

import httpx
import pytest

from server.dispatch import texted_signs
from server.kernel.ids import uuid7
from server.reports.chain import process_batch
from server.reports.intake import Incoming
from server.volunteers import silence
from server.volunteers.hearing import heard
from server.volunteers.own_routes import router as own
from server.volunteers.queries import SENDABLE
from server.volunteers.routes import router
from tests.slices import chain_kit as kit
from tests.support.dispatch_world import World, a_client, an_app

ME = "/api/volunteers/me"


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(an_app(world.ctx, own, router)) as client:
        yield client


async def _sendable(world: World) -> int:
    found: int = await world.one(f"SELECT count(*) FROM volunteers v WHERE {SENDABLE}")
    return found


async def _overdue(world: World, *ids: object) -> None:
    await world.run(
        "UPDATE volunteers SET check_due_at = clock_timestamp() - interval '1 second',"
        " heard_at = clock_timestamp() - interval '1 hour' WHERE id = ANY(%s)",
        list(ids),
    )


async def test_who_falls_silent_raises_an_alarm_until_heard(world: World, http: httpx.AsyncClient) -> None:
    (her, him) = await world.volunteers(2)
    mine = await world.token("volunteer", volunteer=her)
    first = await http.post(f"{ME}/check-in", headers=mine, json={"every_s": 600})
    assert (first.status_code, first.json()["check_every_s"]) == (200, 600)
    assert await silence.watch(world.ctx) == 0
    version = await world.one("SELECT version FROM volunteers WHERE id = %s", her)
    await _overdue(world, her)
    assert [await silence.watch(world.ctx) for _ in range(2)] == [1, 0], "told once"
    code = await world.one("SELECT code FROM volunteers WHERE id = %s", her)
    (alarm,) = await world.run("SELECT code, subject, data FROM alarms WHERE over_at IS NULL")
    assert alarm == {"code": "volunteer.silent", "subject": code, "data": {"volunteer": code, "team": None}}
    async with world.ctx.db.tx() as conn:
        assert await heard(conn, [her, him]) == 2
        assert await heard(conn, [her, him]) == 0, "a fresh sign is not written again"
    assert await world.one("SELECT count(*) FROM alarms WHERE over_at IS NULL") == 0
    assert await world.one("SELECT check_due_at > clock_timestamp() FROM volunteers WHERE id = %s", her)
    assert await world.one("SELECT check_due_at IS NULL FROM volunteers WHERE id = %s", him), (
        "no timer begins by itself"
    )
    assert await world.one("SELECT version FROM volunteers WHERE id = %s", her) == version
    assert await world.verbs(her) == ["volunteer.checked_in", "volunteer.silent", "volunteer.heard"]
    await _overdue(world, her)
    await silence.watch(world.ctx)
    out = await http.post(f"{ME}/check-out", headers=mine)
    assert (out.json()["silent_at"], out.json()["check_every_s"], out.json()["resting"]) == (None, None, False)
    assert await world.one("SELECT count(*) FROM alarms WHERE over_at IS NULL") == 0


async def test_a_silent_team_is_named_by_its_code(world: World) -> None:
    lead, mate = await world.volunteers(2)
    team, queue = uuid7(), await world.queue()
    await world.run(
        "INSERT INTO teams (id, code, centre_id, leader_id, made_by) VALUES (%s, 'G-1', %s, %s, 'test')",
        team,
        world.centres[0],
        lead,
    )
    for one in (lead, mate):
        await world.run("INSERT INTO team_members (team_id, volunteer_id) VALUES (%s, %s)", team, one)
    (task,) = await world.tasks(1, queue=queue)
    await world.run(
        "UPDATE tasks SET state = 'en_route', holder_id = %s, fence = 1, lease_until = clock_timestamp() WHERE id = %s",
        lead,
        task,
    )
    await world.run("UPDATE volunteers SET check_every_s = 600 WHERE id = %s", lead)
    await _overdue(world, lead)
    assert await silence.watch(world.ctx) == 1
    (alarm,) = await world.run("SELECT data, emergency_id FROM alarms")
    assert (alarm["data"]["team"], alarm["emergency_id"]) == ("G-1", world.emergency)


async def test_a_dispatcher_sets_and_ends_a_timer(world: World, http: httpx.AsyncClient) -> None:
    (her,) = await world.volunteers(1)
    staff, url = await world.token("dispatcher", centre=world.centres[0]), f"/api/volunteers/{her}"

    async def patch(**asked: object) -> dict[str, object]:
        tag = (await http.get(url, headers=staff)).headers["etag"]
        answer = await http.patch(url, headers={**staff, "If-Match": tag}, json=asked)
        return dict(answer.json()["properties"])

    assert (await patch(check_every_s=900))["check_due_at"]
    await _overdue(world, her)
    assert await silence.watch(world.ctx) == 1
    shown = await patch(check_every_s=None)
    assert (shown["check_due_at"], shown["silent_at"]) == (None, None)
    assert await world.one("SELECT count(*) FROM alarms WHERE over_at IS NULL") == 0


async def test_a_held_row_is_not_waited_for(world: World) -> None:
    (her, him) = await world.volunteers(2)
    async with world.ctx.db.tx() as other, world.ctx.db.tx() as conn:
        await other.execute("SELECT 1 FROM volunteers WHERE id = %s FOR UPDATE", (her,))
        await conn.execute("SET LOCAL lock_timeout = '2s'")
        assert await heard(conn, [her, him]) == 1


async def test_after_a_long_duty_comes_a_rest_that_she_cannot_shorten(world: World, http: httpx.AsyncClient) -> None:
    (her,) = await world.volunteers(1)
    mine, staff = await world.token("volunteer", volunteer=her), await world.token("coordinator")
    await http.post(f"{ME}/check-in", headers=mine)
    await world.run("UPDATE volunteers SET duty_began_at = duty_began_at - interval '12 hours'")
    out = (await http.post(f"{ME}/check-out", headers=mine)).json()
    assert (out["resting"], out["rest_why"], out["may_be_sent"]) == (True, "duty", False)
    hours = "SELECT round(extract(epoch FROM rest_until - clock_timestamp()) / 3600) FROM volunteers"
    assert await world.one(hours) == 11
    assert await _sendable(world) == 0
    assert (await http.post(f"{ME}/check-in", headers=mine)).json()["code"] == "volunteer.rests"
    assert (await http.patch(ME, headers=mine, json={"rest_h": 0})).json()["code"] == "volunteer.rests"
    assert (await http.patch(ME, headers=mine, json={"rest_h": 20})).json()["rest_why"] == "duty"
    url = f"/api/volunteers/{her}"
    tag = (await http.get(url, headers=staff)).headers["etag"]
    freed = await http.patch(url, headers={**staff, "If-Match": tag}, json={"rest_until": None})
    assert freed.json()["properties"]["rest_until"] is None
    assert await _sendable(world) == 1
    own_rest = await http.patch(ME, headers=mine, json={"rest_h": 2, "status": "away"})
    assert (own_rest.json()["rest_why"], own_rest.json()["status"]) == ("own", "away")
    back = await http.post(f"{ME}/check-in", headers=mine)
    assert (back.json()["resting"], back.json()["status"]) == (False, "active"), "her own rest ends when she comes"


async def test_a_rest_begins_by_itself_but_nobody_in_the_field_is_crossed_off(
    world: World, http: httpx.AsyncClient
) -> None:
    free, holding, lost = await world.volunteers(3)
    for one in (free, holding, lost):
        await http.post(f"{ME}/check-in", headers=await world.token("volunteer", volunteer=one))
    (task,) = await world.tasks(1)
    await world.run(
        "UPDATE tasks SET state = 'en_route', holder_id = %s, fence = 1, lease_until = clock_timestamp() WHERE id = %s",
        holding,
        task,
    )
    await _overdue(world, lost)
    assert await silence.watch(world.ctx) == 1
    await world.run("UPDATE volunteers SET duty_began_at = duty_began_at - interval '12 hours'")
    assert [await silence.watch(world.ctx) for _ in range(2)] == [3, 0]
    assert await _sendable(world) == 0
    rows = await world.run("SELECT id, on_duty_since IS NULL AS off, check_due_at IS NULL AS unwatched FROM volunteers")
    assert {r["id"]: (r["off"], r["unwatched"]) for r in rows} == {
        free: (True, True),
        holding: (False, False),
        lost: (False, False),
    }
    await world.run("UPDATE tasks SET state = 'done', holder_id = NULL, lease_until = NULL WHERE id = %s", task)
    assert [await silence.watch(world.ctx) for _ in range(2)] == [1, 0], "free at last, she rests"


async def test_short_breaks_do_not_begin_a_new_duty(world: World, http: httpx.AsyncClient) -> None:
    (her,) = await world.volunteers(1)
    mine = await world.token("volunteer", volunteer=her)
    await http.post(f"{ME}/check-in", headers=mine)
    await world.run("UPDATE volunteers SET duty_began_at = duty_began_at - interval '7 hours'")
    assert (await http.post(f"{ME}/check-out", headers=mine)).json()["resting"] is False
    await http.post(f"{ME}/check-in", headers=mine)
    assert await world.one("SELECT clock_timestamp() - duty_began_at > interval '6 hours' FROM volunteers")
    await world.run("UPDATE volunteers SET duty_began_at = duty_began_at - interval '2 hours'")
    assert (await http.post(f"{ME}/check-out", headers=mine)).json()["rest_why"] == "duty"


async def test_a_position_is_a_sign_of_life(world: World, http: httpx.AsyncClient) -> None:
    (her,) = await world.volunteers(1)
    mine = await world.token("volunteer", volunteer=her)
    await http.post("/api/volunteers/me/position", headers=mine, json={"lon": 48.3, "lat": 33.4})
    assert await world.one("SELECT heard_at IS NOT NULL FROM volunteers")


async def test_any_text_from_her_own_number_is_a_sign_of_life(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hers, his = "+989121110000", "+989351110000"
    (her, him) = await world.volunteers(2)
    for who, number in ((her, hers), (him, his)):
        mark = world.ctx.sealing.keyed_hash("sender", number)
        await world.run("UPDATE volunteers SET phone_hash = %s, check_every_s = 600 WHERE id = %s", mark, who)
    forged = Incoming("sms", "api", str(uuid7()), "سالم هستیم".encode(), his, emergency_id=world.emergency)
    await kit.send(world.ctx, world.emergency, (hers, "سالم هستیم"), forged)
    while await process_batch(world.ctx, (), 50, (texted_signs.note,)):
        pass
    assert await world.run("SELECT id FROM volunteers WHERE heard_at IS NOT NULL") == [{"id": her}]
    await world.run("UPDATE volunteers SET heard_at = NULL")
    monkeypatch.setattr(texted_signs, "FRESH_MIN", 0)
    await kit.send(world.ctx, world.emergency, (hers, "هنوز این‌جا هستیم"))
    while await process_batch(world.ctx, (), 50, (texted_signs.note,)):
        pass
    assert await world.one("SELECT count(*) FROM volunteers WHERE heard_at IS NOT NULL") == 0, "what came long ago"
