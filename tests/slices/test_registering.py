"""Who registers by herself: with little, unseen by strangers, and nothing of the house before her centre's word."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Response

from server.access import service as access_service
from server.access.guard import allow
from server.access.routes import router as access
from server.access.service import sign_in
from server.volunteers import registering
from server.volunteers.own_routes import router as own
from server.volunteers.register_routes import router as registration
from server.volunteers.routes import router
from tests.support.dispatch_world import World, a_client, an_app

NAME, PHONE = "مهسا آزمایشی", "09120000131"
HERS = {"handle": "lale", "passphrase": "a long passphrase"}
inside = APIRouter()


@inside.get("/inside", dependencies=[allow("task.read")])
async def _inside() -> Response:
    return Response(status_code=204)


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(an_app(world.ctx, registration, own, router, access, inside)) as client:
        yield client


async def _register(http: httpx.AsyncClient, world: World, **more: Any) -> httpx.Response:
    asked = {"centre": str(world.centres[0]), **HERS, "skills": ["nursing"], "languages": ["fa", "ku"], **more}
    return await http.post("/api/volunteers/register", json=asked)


async def _session(world: World, handle: str = HERS["handle"]) -> dict[str, str]:
    async with world.ctx.db.tx() as conn:
        return {"Cookie": f"hamyar_session={await sign_in(conn, world.ctx, handle, HERS['passphrase'])}"}


async def test_before_her_centres_word_she_sees_her_own_card_alone(world: World, http: httpx.AsyncClient) -> None:
    done = await _register(http, world, name=NAME, phone=PHONE, gender="woman")
    assert (done.status_code, done.json()["vetting"]) == (201, "pending")
    assert NAME not in done.text
    mine = await _session(world)
    card = await http.get("/api/volunteers/me", headers=mine)
    assert (card.json()["vetting"], card.json()["may_be_sent"], card.json()["skills"]) == (
        "pending",
        False,
        ["nursing"],
    )
    assert (await http.get("/inside", headers=mine)).status_code == 403
    token = await world.token("volunteer", volunteer=done.json()["id"])
    assert (await http.get("/inside", headers=token)).status_code == 403, "a token opens no more than the account"
    same = {**mine, "Sec-Fetch-Site": "same-origin"}
    assert (await http.post("/api/volunteers/me/check-in", headers=same)).status_code == 403
    for table in ("volunteers", "events_unsealed"):
        dump = str(await world.run(f"SELECT {table}::text AS line FROM {table}"))
        assert NAME not in dump
        assert PHONE[1:] not in dump


async def test_the_centre_decides_and_what_it_said_holds_at_once(world: World, http: httpx.AsyncClient) -> None:
    her = (await _register(http, world, phone=PHONE)).json()["id"]
    url = f"/api/volunteers/{her}/vet"
    away = await world.token("coordinator", centre=world.centres[1])
    here = await world.token("coordinator", centre=world.centres[0])
    assert (await http.post(url, headers=away, json={"decision": "vetted"})).status_code == 404
    pending = await http.get("/api/volunteers?vetting=pending", headers=here)
    assert [f["id"] for f in pending.json()["features"]] == [her]
    vetted = await http.post(url, headers=here, json={"decision": "vetted"})
    assert vetted.json()["properties"]["vetting"] == "vetted"
    mine = await _session(world)
    assert (await http.get("/inside", headers=mine)).status_code == 204
    assert await world.one("SELECT phone_hash IS NOT NULL AND phone_claim IS NULL AS own FROM volunteers")
    again = await http.post(url, headers=here, json={"decision": "vetted"})
    assert again.status_code == 200
    refused = await http.post(url, headers=here, json={"decision": "refused"})
    assert refused.json()["properties"]["vetting"] == "refused"
    assert (await http.get("/inside", headers=await _session(world))).status_code == 403
    (row,) = await world.run("SELECT name_sealed, phone_sealed, phone_hash, data_key_wrapped FROM volunteers")
    assert set(row.values()) == {None}, "refusal forgets"
    told = await world.run("SELECT data FROM events_unsealed WHERE verb = 'volunteer.vetted' ORDER BY id")
    assert [r["data"]["decision"] for r in told] == ["vetted", "refused"]


async def test_a_stranger_cannot_find_out_whose_number_is_a_volunteers(world: World, http: httpx.AsyncClient) -> None:
    staff = await world.token("coordinator")
    known = await http.post("/api/volunteers", headers=staff, json={"centre": str(world.centres[0]), "phone": PHONE})
    assert known.status_code == 201
    twin = await _register(http, world, phone=PHONE)
    assert twin.status_code == 201
    vetted = await http.post(f"/api/volunteers/{twin.json()['id']}/vet", headers=staff, json={"decision": "vetted"})
    assert (vetted.status_code, vetted.json()["code"]) == (409, "volunteer.phone_known")


async def test_a_telephone_that_lost_the_answer_may_ask_again(world: World, http: httpx.AsyncClient) -> None:
    first, again = await _register(http, world), await _register(http, world)
    assert (again.status_code, again.json()) == (201, first.json())
    stranger = await _register(http, world, passphrase="another passphrase")
    assert (stranger.status_code, stranger.json()["code"]) == (409, "account.handle_taken")
    assert await world.one("SELECT count(*) FROM volunteers") == 1


async def test_tries_at_a_volunteers_handle_are_answered_like_those_at_anybodys(
    world: World, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_service, "TRIES", 1)
    await _register(http, world)
    tries = [await _register(http, world, passphrase="another passphrase") for _ in range(3)]
    assert [(t.status_code, t.json()["code"]) for t in tries] == [(409, "account.handle_taken")] * 3


async def test_what_is_refused_and_how_much_is_taken(
    world: World, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registering, "BY_ADDRESS", 5)
    monkeypatch.setattr(registering, "PENDING_MOST", 1)
    assert (await _register(http, world, skills=["wizardry"])).status_code == 422
    assert (await _register(http, world, handle="a\0b")).status_code == 422
    assert (await _register(http, world, phone="12")).json()["code"] == "volunteer.phone"
    assert (await _register(http, world, passphrase="short")).json()["code"] == "account.passphrase_short"
    assert (await _register(http, world)).status_code == 201
    full = await _register(http, world, handle="third")
    assert full.json()["code"] == "registration.too_many", "the centre has its fill"
    taken = await _register(http, world, centre=str(world.centres[1]))
    assert taken.json()["code"] == "account.handle_taken"
    assert (await _register(http, world, handle="other")).json()["code"] == "registration.too_many"
    assert await world.one("SELECT count(*) FROM volunteers") == 1, "what failed left nothing"
    monkeypatch.setattr(world.ctx.settings, "registration", False)
    assert (await _register(http, world)).json()["code"] == "registration.closed"
