"""Coming in: invitations once, passphrases, sessions that end, tokens that end, forms of other sites refused."""

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from server.access import service
from server.access.context import Context
from server.access.secrets import COOKIE
from server.kernel.errors import Problem
from tests.support.web import MakeClient

WORDS = "چهار واژه بی ربط 4"
OURS = {"Origin": "http://test"}


async def _invite(ctx: Context, role: str = "coordinator") -> str:
    async with ctx.db.tx() as conn:
        return await service.create_invite(conn, service.check_role(role), service.Bounds())


async def test_an_invitation_lets_one_person_in_once(ctx: Context, client_of: MakeClient) -> None:
    secret = await _invite(ctx)
    first, second = await client_of(None), await client_of(None)
    assert (await first.get(f"/join/{secret}")).status_code == 200
    came = await first.post(f"/join/{secret}", data={"handle": "kaveh", "passphrase": WORDS}, headers=OURS)
    assert came.status_code == 303
    assert first.cookies.get(COOKIE)
    assert (await first.get("/api/me")).json()["roles"][0]["role"] == "coordinator"
    late = await second.post(f"/join/{secret}", data={"handle": "other", "passphrase": WORDS}, headers=OURS)
    assert late.status_code == 410
    assert not second.cookies.get(COOKIE)


async def test_a_refused_try_leaves_the_invitation_alive(ctx: Context, client_of: MakeClient) -> None:
    secret = await _invite(ctx)
    client = await client_of(None)
    short = await client.post(f"/join/{secret}", data={"handle": "kaveh", "passphrase": "kootah"}, headers=OURS)
    assert short.status_code == 400
    assert "۱۲" in short.text
    again = await client.post(f"/join/{secret}", data={"handle": "kaveh", "passphrase": WORDS}, headers=OURS)
    assert again.status_code == 303


async def test_sign_in_and_out(ctx: Context, client_of: MakeClient) -> None:
    async with ctx.db.tx() as conn:
        await service.create_account(conn, "Setareh", WORDS, "dispatcher", service.Bounds())
    client = await client_of(None)
    wrong = await client.post("/login", data={"handle": "setareh", "passphrase": "not this one at all"}, headers=OURS)
    assert (wrong.status_code, client.cookies.get(COOKIE)) == (401, None)
    right = await client.post("/login", data={"handle": "setareh", "passphrase": WORDS, "next": "/map"}, headers=OURS)
    assert (right.status_code, right.headers["location"]) == (303, "/map")
    stolen = client.cookies.get(COOKIE)
    assert (await client.post("/logout", headers=OURS)).status_code == 303
    thief = await client_of(None, cookies={COOKIE: stolen})
    assert (await thief.get("/api/me")).status_code == 401


@pytest.mark.parametrize("path", ["//evil.example/x", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_the_way_back_never_leaves_this_server(path: str, ctx: Context, client_of: MakeClient) -> None:
    async with ctx.db.tx() as conn:
        await service.create_account(conn, "setareh", WORDS, "dispatcher", service.Bounds())
    client = await client_of(None)
    right = await client.post("/login", data={"handle": "setareh", "passphrase": WORDS, "next": path}, headers=OURS)
    assert (right.status_code, right.headers["location"]) == (303, "/")


async def test_another_site_cannot_post_with_our_cookie(ctx: Context, client_of: MakeClient) -> None:
    async with ctx.db.tx() as conn:
        account = await service.create_account(conn, "setareh", WORDS, "admin", service.Bounds())
        secret = await service.open_session(conn, account)
    client = await client_of(None, cookies={COOKIE: secret})
    body = {"role": "gateway", "name": "x"}
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        answer = await client.post("/api/tokens", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "access.cross_site")
    assert (await client.post("/api/tokens", json=body, headers=OURS)).status_code == 201


async def test_guessing_is_slowed(ctx: Context, client_of: MakeClient) -> None:
    client = await client_of(None)
    codes = [
        (await client.post("/login", data={"handle": "x1", "passphrase": "y"}, headers=OURS)).status_code
        for _ in range(service.TRIES + 2)
    ]
    assert codes.count(401) == service.TRIES
    assert codes[-1] == 429


async def test_a_revoked_token_is_refused_by_the_next_process(
    app: FastAPI, ctx: Context, client_of: MakeClient
) -> None:
    admin = await client_of("admin")
    made = (await admin.post("/api/tokens", json={"role": "coordinator", "name": "phone"})).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await admin.get("/api/me", headers=headers)).status_code == 200
    assert (await admin.delete(f"/api/tokens/{made['id']}")).status_code == 204
    app.state.principals.clear()
    assert (await admin.get("/api/me", headers=headers)).status_code == 401


async def test_a_coordinator_makes_no_admin(client_of: MakeClient) -> None:
    coordinator = await client_of("coordinator")
    answer = await coordinator.post("/api/tokens", json={"role": "admin", "name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "access.forbidden")


async def test_secrets_and_handles_stay_out_of_events(ctx: Context, config) -> None:  # type: ignore[no-untyped-def]
    async with ctx.db.tx() as conn:
        _, secret = await service.create_token(conn, "gateway", "panel one", service.Bounds())
        await service.create_account(conn, "kaveh-the-handle", WORDS, "donor", service.Bounds())
        with pytest.raises(Problem):
            await service.create_account(conn, "x", WORDS, "donor", service.Bounds())
    with psycopg.connect(config.database_url) as conn:
        events = str(conn.execute("SELECT * FROM events_unsealed").fetchall())
        stored = str(conn.execute("SELECT * FROM tokens").fetchall())
    assert "token.created" in events
    assert secret not in events + stored
    assert "kaveh-the-handle" not in events


async def test_problems_speak_both_languages(client_of: MakeClient) -> None:
    stranger = await client_of(None)
    answer: httpx.Response = await stranger.get("/api/me", headers={"Accept-Language": "en"})
    body = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert (body["code"], body["title"]) == ("access.unknown", body["title_en"])
    assert body["title_fa"] != body["title_en"]
