"""Gateways made, changed and heard; alarms raised once, seen, over."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from server.access.context import Context
from server.kernel.db import Database
from server.kernel.errors import Problem
from server.messaging import beats, pulse
from server.messaging.alarms import end_alarm, raise_alarm
from server.messaging.gateways import all_gateways, by_path, by_token
from server.messaging.registry import Registry
from tests.slices.test_intake import rows
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
API = "/api/gateways"


async def later(ctx: Context, gateway: str, seconds: int) -> None:
    """As if so many seconds had gone by since the gateway was made or heard."""
    async with ctx.db.tx() as conn:
        age = f"clock_timestamp() - make_interval(secs => {seconds})"
        await conn.execute(f"UPDATE gateways SET created_at = {age} WHERE id = %s", (gateway,))
        await conn.execute(f"UPDATE gateway_beats SET last_in_at = {age} WHERE gateway_id = %s", (gateway,))


async def look(ctx: Context) -> tuple[int, int]:
    await pulse.write_down(ctx)
    async with ctx.db.tx() as conn:
        return await pulse.look(conn)


async def test_a_gateway_is_made_with_a_way_in_that_is_shown_once(client_of: MakeClient, ctx: Context) -> None:
    coordinator = await client_of("coordinator")
    made = await coordinator.post(API, json={"kind": "android", "name": "Phone 1", "secrets": {"signing_key": "k" * 8}})
    assert made.status_code == 201, made.text
    assert made.json()["url"].endswith("/intake/sms/android?token=" + made.json()["secret"])
    assert made.json()["secrets"] == ["signing_key"]
    assert made.json()["beat_s"] == 900
    panel = await coordinator.post(API, json={"kind": "generic", "name": "Panel", "way": "path", "beat_s": None})
    assert "/intake/sms/p/" in panel.json()["url"]
    listed = (await coordinator.get(API)).text
    assert made.json()["secret"] not in listed
    assert "kkkk" not in listed
    async with ctx.db.tx() as conn:
        phone = await by_token(conn, ctx, UUID(made.json()["token"]))
        assert phone is not None
        assert phone.secrets == {"signing_key": "k" * 8}
        assert (await by_path(conn, ctx, panel.json()["secret"])) is not None
        assert "kkkk" not in repr(await all_gateways(conn, ctx))
    stored = await rows(ctx, "SELECT secrets_sealed, settings::text FROM gateways WHERE kind = 'android'")
    assert b"kkkk" not in stored[0]["secrets_sealed"]


async def test_names_networks_and_versions(client_of: MakeClient) -> None:
    coordinator = await client_of("coordinator")
    body: dict[str, Any] = {"kind": "generic", "name": "Panel", "way": "none"}
    one = (await coordinator.post(API, json=body)).json()
    assert (await coordinator.post(API, json=body | {"name": "panel"})).json()["code"] == "gateway.name_taken"
    assert (await coordinator.post(API, json=body | {"name": "x", "allow_from": ["10.0.0.0/99"]})).status_code == 422
    where = f"{API}/{one['id']}"
    changed = await coordinator.patch(where, headers={"If-Match": '"1"'}, json={"beat_s": 60, "secrets": {"a": "b"}})
    assert (changed.json()["beat_s"], changed.json()["secrets"]) == (60, ["a"])
    again = await coordinator.patch(where, headers={"If-Match": '"2"'}, json={"beat_s": None, "secrets": {"a": None}})
    assert (again.json()["beat_s"], again.json()["secrets"]) == (None, [])
    assert (await coordinator.patch(where, headers={"If-Match": '"2"'}, json={"sends": True})).status_code == 412


async def test_a_new_token_ends_the_old_one(client_of: MakeClient, ctx: Context) -> None:
    coordinator, stranger = await client_of("coordinator"), await client_of(None)
    made = (await coordinator.post(API, json={"kind": "generic", "name": "G"})).json()
    renewed = await coordinator.post(f"{API}/{made['id']}/renew", json={"way": "token"})
    assert renewed.json()["secret"] != made["secret"]
    first, second = [
        (await stranger.post("/intake/sms/generic", params={"token": t}, json={"text": "x"})).status_code
        for t in (made["secret"], renewed.json()["secret"])
    ]
    assert (first, second) == (401, 200)


async def test_silence_raises_one_alarm_and_a_word_ends_it(client_of: MakeClient, ctx: Context, app: FastAPI) -> None:
    coordinator = await client_of("coordinator")
    made = (await coordinator.post(API, json={"kind": "kannel", "name": "K"})).json()
    unwatched = (await coordinator.post(API, json={"kind": "generic", "name": "G"})).json()
    for one in (made, unwatched):
        await later(ctx, one["id"], 50)
    assert [await look(ctx), await look(ctx)] == [(1, 0), (0, 0)]
    async with ctx.db.tx() as conn:
        assert await pulse.look(conn, watched_s=10) == (0, 0)
    items = (await coordinator.get("/api/alarms")).json()["items"]
    assert [(i["code"], i["subject"], i["seen"]) for i in items] == [("gateway.silent", made["id"], None)]
    assert [g["silent"] for g in (await coordinator.get(API)).json()["items"]] == [True, False]
    seen = [await coordinator.post(f"/api/alarms/{items[0]['id']}/seen") for _ in range(2)]
    assert seen[0].json()["seen"] == seen[1].json()["seen"] is not None
    beats.beat(UUID(made["id"]), "beat")
    assert await look(ctx) == (0, 1)
    assert (await coordinator.get("/api/alarms")).json()["items"] == []
    verbs = [
        row["verb"]
        for row in await rows(ctx, "SELECT verb FROM events_unsealed WHERE subject_type = 'alarm' ORDER BY id")
    ]
    assert verbs == ["alarm.raised", "alarm.seen", "alarm.over"]


async def test_one_at_the_edge_of_its_time_does_not_flap_and_many_raise_one_alarm(
    client_of: MakeClient, ctx: Context
) -> None:
    made = (await (await client_of("coordinator")).post(API, json={"kind": "kannel", "name": "K"})).json()
    turns = []
    for seconds in (50, 39, 41, 30, 45, 5, 38):
        await later(ctx, made["id"], seconds)
        turns.append(await look(ctx))
    assert turns == [(1, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 1), (0, 0)]

    async def one() -> bool:
        async with ctx.db.tx() as conn:
            return await raise_alarm(conn, "spool.full", "main", data={"used": 1})

    assert sorted(await asyncio.gather(*(one() for _ in range(5)))) == [False] * 4 + [True]
    async with ctx.db.tx() as conn:
        assert [await end_alarm(conn, "spool.full", "main") for _ in range(2)] == [True, False]
        assert await raise_alarm(conn, "spool.full", "main")


async def test_beats_outlive_an_outage_of_the_database(
    ctx: Context, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await (await client_of("coordinator")).post(API, json={"kind": "fake", "name": "F"})).json()
    beats.beat(UUID(made["id"]), "out")

    async def broken(*_: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as outage:
        outage.setattr(pulse, "write", broken)
        with pytest.raises(OSError, match="away"):
            await pulse.write_down(ctx)
    await pulse.write_down(ctx)
    kept = await rows(ctx, "SELECT last_out_at, last_in_at FROM gateway_beats")
    assert kept[0]["last_out_at"] is not None
    assert kept[0]["last_in_at"] is None


async def test_a_process_that_starts_without_the_database_knows_the_gateways(
    client_of: MakeClient, ctx: Context, app: FastAPI
) -> None:
    body = {"kind": "android", "name": "Phone", "way": "path", "secrets": {"signing_key": "a long signing key"}}
    made = (await (await client_of("coordinator")).post(API, json=body)).json()
    await app.state.gateways.refresh()
    file = ctx.settings.home / "gateways.json"
    assert b"signing key" not in file.read_bytes()
    assert made["secret"].encode() not in file.read_bytes()
    away = Registry(replace(ctx, db=Database("postgresql://nobody@127.0.0.1:1/none")))
    known = await away.by_path(made["secret"])
    assert known is not None
    assert known.secrets == {"signing_key": "a long signing key"}
    file.write_bytes(b"[{}")
    with pytest.raises(Problem, match="list_away"):
        await Registry(away._ctx).by_path(made["secret"])
