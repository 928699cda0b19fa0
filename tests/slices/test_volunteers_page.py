"""`/volunteers`: a centre sees its own people by their codes. `/register`: a plain form that keeps what was written."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Response

from server.access.guard import allow
from server.pages.register_page import router as door
from server.pages.volunteers_page import router as page
from server.volunteers.register_routes import router as registration
from server.volunteers.routes import router
from tests.support.dispatch_world import World, a_client, a_world, an_app

NAME, PHONE = "پروین آزمایشی", "09120000177"
inside = APIRouter()


@inside.get("/inside", dependencies=[allow("task.read")])
async def _inside() -> Response:
    return Response(status_code=204)


SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(an_app(world.ctx, page, door, router, registration, inside)) as client:
        yield client


def _form(world: World, **more: Any) -> dict[str, Any]:
    asked = {"centre": str(world.centres[0]), "handle": "lale", "passphrase": "a long passphrase", "name": NAME}
    return {**asked, "skills": ["nursing"], "languages": ["fa"], "gender": "woman", "phone": PHONE, **more}


async def test_who_registers_by_the_plain_form_is_in_and_told_to_wait(world: World, http: httpx.AsyncClient) -> None:
    form = await http.get(f"/register?centre={world.centres[1]}")
    assert form.status_code == 200
    assert f'value="{world.centres[1]}" selected' in form.text
    short = await http.post("/register", data=_form(world, passphrase="short"), headers=SAME)
    assert short.status_code == 400
    assert NAME in short.text, "what was written is still there"
    assert "short" not in short.text.split('name="passphrase"')[1][:200]
    assert (await http.post("/register", data=_form(world, centre=""), headers=SAME)).status_code == 422
    assert (
        await http.post("/register", data=_form(world), headers={"Sec-Fetch-Site": "cross-site"})
    ).status_code == 403
    assert await world.one("SELECT count(*) FROM volunteers") == 0, "what failed left nothing"
    loaded = _form(world, vehicle="pickup", capacity_kg="۱٬۲۰۰")
    done = await http.post("/register", data=loaded, headers=SAME)
    assert (done.status_code, done.headers["location"]) == (303, "/register")
    code, load = (await world.one("SELECT code, capacity_kg FROM volunteers")).values()
    assert load == 1200
    mine = await http.get("/register")
    assert code in mine.text
    assert NAME not in mine.text
    assert (await http.get("/volunteers")).status_code == 403
    await world.run("UPDATE volunteers SET vetting = 'vetted'")
    assert 'href="/me"' in (await http.get("/register")).text
    assert (await http.get("/inside")).status_code == 204, "the next page knows that she is in"


async def test_a_centre_sees_its_own_people_and_no_names(world: World, http: httpx.AsyncClient) -> None:
    await http.post("/register", data=_form(world), headers=SAME)
    http.cookies.clear()
    (waits,) = await world.run("SELECT id, code FROM volunteers")
    (silent,) = await world.volunteers(1, gender="woman")
    (away,) = await world.volunteers(1, centre=1)
    await world.run("UPDATE volunteers SET silent_at = clock_timestamp(), check_every_s = 60 WHERE id = %s", silent)
    here, there = [await world.token("coordinator", centre=centre) for centre in world.centres]
    mine = (await http.get("/volunteers", headers=here)).text
    assert f'id="w-{waits["id"]}"' in mine
    assert f'id="s-{silent}"' in mine
    assert f'id="v-{silent}"' in mine
    assert str(away) not in mine
    assert NAME not in mine
    assert PHONE[1:] not in mine
    theirs = (await http.get(f"/volunteers?centre={world.centres[0]}", headers=there)).text
    assert waits["code"] not in theirs, "asking for another centre shows nothing of it"
    every = (await http.get("/volunteers", headers=await world.token("auditor"))).text
    assert f'id="v-{away}"' in every
    assert "data-card" not in every, "who only reads is given nothing to change"
    assert "/vet" not in every


async def test_filters_narrow_and_the_list_goes_on(world: World, http: httpx.AsyncClient) -> None:
    many = await world.volunteers(55)
    one = many[7]
    await world.run("UPDATE volunteers SET skills = '{midwifery}', languages = '{ku}' WHERE id = %s", one)
    staff = await world.token("coordinator")
    part = {**staff, "X-Part": "1"}
    assert (await http.get("/volunteers", headers=part)).text.count("data-person") == 50
    last = await world.one("SELECT code FROM volunteers ORDER BY code OFFSET 49 LIMIT 1")
    assert (await http.get("/volunteers", params={"after": last}, headers=part)).text.count("data-person") == 5
    for wish in ({"skill": "midwifery"}, {"language": "ku"}, {"skill": "midwifery", "state": "sendable"}):
        found = (await http.get("/volunteers", params=wish, headers=part)).text
        assert found.count("data-person") == 1
        assert f'id="v-{one}"' in found
    for odd in ({"state": "'; DROP"}, {"code": "%\\_\0"}, {"after": "\0"}, {"day": "never"}, {"centre": "no"}):
        assert (await http.get("/volunteers", params=odd, headers=part)).status_code == 200, odd
    await world.run("UPDATE volunteers SET rest_until = clock_timestamp() + interval '5 h', rest_why = 'duty'")
    nobody = await http.get("/volunteers", params={"state": "sendable"}, headers=part)
    assert nobody.text.count("data-person") == 0
    unchanged = await http.get("/volunteers?state=sendable", headers={**part, "If-None-Match": nobody.headers["etag"]})
    assert unchanged.status_code == 304


async def test_registration_that_is_closed_says_so(db_dsn: str, redis_url: str) -> None:
    async with (
        a_world(db_dsn, redis_url, codes="TD", registration=False) as world,
        a_client(an_app(world.ctx, door)) as http,
    ):
        closed = await http.get("/register?lang=en")
        assert "Registration is closed" in closed.text
        assert '<form method="post" action="/register"' not in closed.text
