"""Colleagues at the map: who is shown to whom, what of it, and that it stands in Redis alone and not for long."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from server.access.context import Context
from server.access.principal import Principal, Scope
from server.access.roles import Role
from server.access.service import Bounds, create_token
from server.app import create_app
from server.kernel.ids import uuid7
from server.kernel.settings import Settings
from server.live import presence
from tests.support.live_web import served

pytest_plugins = ["tests.support.web"]
HERE, THERE, FLOOD, QUAKE = uuid7(), uuid7(), uuid7(), uuid7()


def one(role: Role, centre: Any = None, emergency: Any = None) -> Principal:
    return Principal("token", uuid7(), (Scope(role, centre, emergency),))


def at(ctx: Context, who: Principal, emergency: Any = None, open_: Any = None) -> presence.Mark:
    looking = {"tab": "a" * 12, "lon": 48.3571, "lat": 33.4912, "zoom": 9, "open": open_, "emergency": emergency}
    return presence.mark_of(ctx, who, looking)


def seen(ctx: Context, viewer: Principal, marks: Sequence[presence.Mark], looks_at: Any = None) -> list[Any]:
    return presence.shown(viewer, at(ctx, viewer), looks_at, marks, {HERE: {"fa": "خانه", "en": "House"}})


async def test_who_is_shown_to_whom(ctx: Context) -> None:
    house, flood, here = one("coordinator"), one("coordinator", None, FLOOD), one("dispatcher", HERE)
    there, quake = one("dispatcher", THERE), one("coordinator", None, QUAKE)
    marks = [at(ctx, who, FLOOD) for who in (house, flood, here, there)] + [at(ctx, quake)]
    assert len(seen(ctx, house, marks)) == 4
    assert len(seen(ctx, house, marks, FLOOD)) == 3
    # Bound to one operation: nobody of another, and nobody who looks at all of them.
    assert len(seen(ctx, flood, [*marks, at(ctx, house)])) == 3
    assert len(seen(ctx, quake, marks)) == 0
    # Bound to a centre: its own people and those of the whole house.
    assert [m["centre"] for m in seen(ctx, here, marks)] == [None, None, None]
    assert len(seen(ctx, one("dispatcher", HERE), marks)) == 4


async def test_what_is_told_is_coarse_and_names_nobody(ctx: Context) -> None:
    record, colleague = uuid7(), one("dispatcher", HERE)
    (told,) = seen(ctx, one("coordinator"), [at(ctx, colleague, None, ("needs", record))])
    assert told["open"] == {"layer": "needs", "id": record}
    assert (told["lon"], told["lat"], told["zoom"]) == (48.35, 33.5, 9)
    assert (told["role"], told["centre"]) == ("dispatcher", {"fa": "خانه", "en": "House"})
    assert set(told) == {"key", "colour", "role", "centre", "lon", "lat", "zoom", "open"}
    assert str(colleague.id)[-12:] not in str(told)
    # Which volunteer is looked at, is for those who may see the volunteers of all centres.
    volunteers = [at(ctx, one("coordinator"), None, ("volunteers", record))]
    assert seen(ctx, one("dispatcher", HERE), volunteers)[0]["open"] is None
    assert seen(ctx, one("coordinator"), volunteers)[0]["open"] is not None
    assert at(ctx, colleague, None, ("unheard_of", record)).open is None


async def token(ctx: Context, role: Role) -> dict[str, str]:
    async with ctx.db.tx() as conn:
        _, secret = await create_token(conn, role, "test", Bounds(None, None, None))
    return {"Authorization": f"Bearer {secret}"}


async def test_two_meet_volunteers_do_not_and_nothing_stays(
    ctx: Context, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = str(uuid7())
    body = {"tab": "0123456789ab", "lon": 48.2, "lat": 33.1, "zoom": 8, "open": {"layer": "needs", "id": record}}
    first, second = await token(ctx, "coordinator"), await token(ctx, "dispatcher")
    async with ctx.db.tx() as conn:
        before = await (await conn.execute("SELECT count(*) AS n FROM events_unsealed")).fetchone()
    async with served(create_app(config)) as url, httpx.AsyncClient(base_url=url) as client:

        async def tell(who: dict[str, str], **more: Any) -> Any:
            answer = await client.post("/api/presence", json={**body, **more}, headers=who)
            assert answer.status_code == 200, answer.text
            return answer.json()

        assert (await tell(first)) == {"others": [], "seen": True}
        # A second window of the same person is nobody else.
        assert (await tell(first, tab="ba9876543210"))["others"] == []
        (met, again) = (await tell(second, open=None))["others"]
        assert met["open"] == again["open"] == {"layer": "needs", "id": record}
        assert met["key"] != again["key"]
        assert [one["role"] for one in (await tell(first))["others"]] == ["dispatcher"]
        for role in ("volunteer", "auditor", "field", "donor"):
            refused = await client.post("/api/presence", json=body, headers=await token(ctx, role))
            assert refused.status_code == 403, role
        await tell(second, gone=True)
        assert (await tell(first))["others"] == []

        held = [await ctx.redis.ttl(key) for key in await ctx.redis.keys("hamyar:presence*")]
        assert held
        assert all(0 < seconds <= presence.FRESH_S for seconds in held)
        await tell(second)
        monkeypatch.setattr(presence, "FRESH_S", -1)
        await ctx.redis.persist(presence.KEY)
        assert (await tell(first))["others"] == []

        monkeypatch.undo()
        monkeypatch.setattr(presence, "TURNS", 3)
        answers = [await client.post("/api/presence", json=body, headers=second) for _ in range(4)]
        assert answers[-1].status_code == 429
        assert answers[-1].json()["code"] == "presence.too_often"
        bad = await client.post("/api/presence", json={**body, "lon": 480}, headers=first)
        assert bad.status_code == 422
    async with ctx.db.tx() as conn:
        after = await (await conn.execute("SELECT count(*) AS n FROM events_unsealed")).fetchone()
    # The tokens that this test made are the only events.
    assert before is not None
    assert after is not None
    assert after["n"] - before["n"] == 4


async def test_without_redis_nobody_is_seen_and_the_page_goes_on(ctx: Context, config: Settings) -> None:
    lame = config.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"})
    who = await token(ctx, "coordinator")
    async with served(create_app(lame)) as url, httpx.AsyncClient(base_url=url) as client:
        body = {"tab": "0123456789ab", "lon": 48.2, "lat": 33.1, "zoom": 8}
        answer = await client.post("/api/presence", json=body, headers=who)
        assert (answer.status_code, answer.json()) == (200, {"others": [], "seen": False})
