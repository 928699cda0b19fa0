"""Shifts: who is there when, what she hands over, and who may read it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from server.volunteers.own_routes import router as own
from server.volunteers.shift_routes import router
from tests.support.dispatch_world import World, a_client, an_app

URL = "/api/shifts"
WORDS = "کلید انبار نزد نگهبان است"


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(an_app(world.ctx, own, router)) as client:
        yield client


def _span(begins_h: float, hours: float = 6) -> dict[str, str]:
    start = datetime.now(UTC) + timedelta(hours=begins_h)
    return {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=hours)).isoformat()}


async def test_shifts_fit_each_other_and_leave_rest(world: World, http: httpx.AsyncClient) -> None:
    (her,) = await world.volunteers(1)
    mine = await world.token("volunteer", volunteer=her)

    async def code(**asked: Any) -> str:
        answer = await http.post(URL, headers=mine, json=asked)
        return "made" if answer.status_code == 201 else answer.json()["code"]

    assert await code(**_span(24, 10)) == "made"
    assert await code(**_span(30, 2)) == "shift.overlaps"
    assert await code(**_span(36, 4)) == "shift.rest"
    assert await code(**_span(10, 13)) == "shift.too_long"
    assert await code(**_span(10, 0)) == "shift.ends"
    assert await code(**_span(43, 4)) == "made"
    first, _ = (await http.get(URL, headers=mine)).json()["items"]
    moved = await http.patch(f"{URL}/{first['id']}", headers={**mine, "If-Match": '"1"'}, json=_span(40, 4))
    assert moved.json()["code"] == "shift.overlaps"
    off = await http.patch(f"{URL}/{first['id']}", headers={**mine, "If-Match": '"1"'}, json={"cancelled": True})
    assert off.json()["cancelled_at"]
    late = await http.patch(f"{URL}/{first['id']}", headers={**mine, "If-Match": '"1"'}, json={"work": "desk"})
    assert late.status_code == 412
    assert len((await http.get(URL, headers=mine)).json()["items"]) == 1


async def test_each_sees_her_own_and_staff_their_centre(world: World, http: httpx.AsyncClient) -> None:
    her, him = await world.volunteers(2)
    (far,) = await world.volunteers(1, centre=1)
    mine = await world.token("volunteer", volunteer=her)
    here = await world.token("dispatcher", centre=world.centres[0])
    made = {}
    for who in (her, him):
        made[who] = await http.post(URL, headers=here, json={"volunteer": str(who), "work": "store", **_span(1)})
        assert made[who].status_code == 201
    assert (await http.post(URL, headers=here, json={"volunteer": str(far), **_span(1)})).status_code == 404
    assert (await http.post(URL, headers=mine, json={"volunteer": str(him), **_span(20)})).status_code == 404
    seen = (await http.get(URL, headers=mine)).json()["items"]
    assert [s["volunteer"]["id"] for s in seen] == [str(her)]
    assert len((await http.get(URL, headers=here)).json()["items"]) == 2
    page = (await http.get(f"{URL}?limit=1", headers=here)).json()
    rest = (await http.get(f"{URL}?limit=1&cursor={page['next']}", headers=here)).json()
    assert {s["items"][0]["volunteer"]["id"] for s in (page, rest)} == {str(her), str(him)}
    away = await world.token("dispatcher", centre=world.centres[1])
    assert (await http.get(URL, headers=away)).json()["items"] == []
    assert (await http.get(f"{URL}?centre={world.centres[0]}", headers=away)).json()["items"] == []
    his = f"{URL}/{made[him].json()['id']}"
    for stranger in (mine, away):
        for answer in (
            await http.patch(his, headers={**stranger, "If-Match": '"1"'}, json={"cancelled": True}),
            await http.post(f"{his}/note", headers=stranger, json={"words": WORDS}),
            await http.get(f"{his}/note", headers=stranger),
        ):
            assert answer.status_code == 404


async def test_what_is_handed_over_is_sealed_and_read_on_record(world: World, http: httpx.AsyncClient) -> None:
    her, him = await world.volunteers(2)
    here = await world.token("dispatcher", centre=world.centres[0])
    hers, his = await world.token("volunteer", volunteer=her), await world.token("volunteer", volunteer=him)
    last = f"{URL}/note?centre={world.centres[0]}&work=store"
    assert (await http.get(last, headers=here)).status_code == 204
    made = await http.post(URL, headers=here, json={"volunteer": str(her), "work": "store", **_span(0.5)})
    begun = await http.post("/api/volunteers/me/check-in", headers=hers)
    assert begun.status_code == 200
    shift = f"{URL}/{made.json()['id']}"
    noted = await http.post(f"{shift}/note", headers=hers, json={"words": WORDS})
    assert noted.json()["noted_at"]
    assert noted.json()["checked_in_at"]
    assert WORDS not in noted.text
    assert (await http.get(last, headers=his)).status_code == 403, "whose work it is not does not read it"
    await http.post(URL, headers=here, json={"volunteer": str(him), "work": "store", **_span(3)})
    assert (await http.get(last, headers=his)).json()["words"] == WORDS
    assert (await http.get(f"{shift}/note", headers=here)).json()["words"] == WORDS
    looks = await world.run("SELECT actor FROM events_unsealed WHERE verb = 'shift.opened'")
    assert len(looks) == 2
    for table in ("shifts", "events_unsealed"):
        assert WORDS not in str(await world.run(f"SELECT {table}::text AS line FROM {table}"))
    away = await world.token("dispatcher", centre=world.centres[1])
    assert (await http.get(last, headers=away)).status_code == 403
    await http.post("/api/volunteers/me/check-out", headers=hers)
    assert await world.one("SELECT checked_out_at IS NOT NULL FROM shifts WHERE volunteer_id = %s", her)
