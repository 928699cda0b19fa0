"""From the spool into the database: once, in order, under the promised answers; and what a full spool says."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from server.access.context import Context
from server.access.principal import Principal, Scope
from server.access.secrets import secret_hash
from server.app import create_app
from server.kernel.settings import Settings
from server.messaging.alarms import open_alarms
from server.reports.draining import Drainer
from server.reports.front import Front
from server.reports.intake import Accepted, Incoming, accept, row_of
from server.reports.keeping import Pending
from server.reports.sheltering import Shelter
from server.reports.spool import SpoolRow
from server.reports.spool_queries import by_receipt
from tests.support.web import MakeClient


def _item(key: str, text: str = "آب", sender: str = "+989000000001") -> Incoming:
    return Incoming("sms", "sms:generic:test", key, text.encode(), sender, content_type="text/plain; charset=utf-8")


def _pending(ctx: Context, item: Incoming, *, unnumbered: bool = False, emergency: UUID | None = None) -> Pending:
    return Pending(item, "token:test", emergency, unnumbered, row_of(ctx, item, promised=True))


async def _put(
    shelter: Shelter, ctx: Context, items: Sequence[Incoming], *, unnumbered: bool = False
) -> list[Accepted]:
    answers = []
    for item in items:
        answers += await shelter.put([_pending(ctx, item, unnumbered=unnumbered)])
    return answers


async def _drain(ctx: Context, batch: int = 4) -> int:
    drainer, total = Drainer(ctx, batch=batch), 0
    while drained := await drainer.turn():
        total += drained
    drainer._reset()
    return total


async def _rows(ctx: Context) -> list[dict[str, object]]:
    async with ctx.db.tx() as conn:
        return await (await conn.execute("SELECT * FROM reports ORDER BY received_at, id")).fetchall()


@pytest.fixture
async def shelter(ctx: Context) -> Shelter:
    return Shelter(ctx)


async def test_drained_once_in_order_as_promised(
    ctx: Context, shelter: Shelter, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a slow machine the writer would end meanwhile, and its drained file be gone before it can come again.
    monkeypatch.setattr("server.reports.spool.IDLE_S", 60.0)
    coordinator = await client_of("coordinator")
    made = await coordinator.post(
        "/api/emergencies", json={"code": "spool", "name_fa": "س", "name_en": "S", "kind": "flood"}
    )
    items = [_item(f"m{number % 9}") for number in range(11)]
    answers = await _put(shelter, ctx, items)
    assert [answers[9], answers[10]] == [answers[0], answers[1]], "the same message, the same answer"
    assert not await shelter.direct(), "all later messages go there too"
    # The process that drained it died between the commit and its cursor: all of it comes again.
    assert await _drain(ctx) == 11
    for cursor in (ctx.settings.spool_dir).glob("*.cursor"):
        cursor.unlink()
    assert await _drain(ctx) == 11
    rows = await _rows(ctx)
    assert [(row["id"], row["receipt"], row["source_key"]) for row in rows] == [
        (answer.id, answer.receipt, f"m{number}") for number, answer in enumerate(answers[:9])
    ]
    assert {str(row["emergency_id"]) for row in rows} == {made.json()["id"]}
    async with ctx.db.tx() as conn:
        events = await (
            await conn.execute("SELECT count(*) AS n FROM events_unsealed WHERE verb = 'report.accepted'")
        ).fetchone()
    assert events == {"n": 9}
    await shelter.close()
    assert await _drain(ctx) == 0
    assert await shelter.direct()
    listed = (await coordinator.get("/api/reports", params={"limit": 4})).json()
    following = (await coordinator.get("/api/reports", params={"limit": 9, "cursor": listed["next"]})).json()
    ids = [feature["id"] for page in (listed, following) for feature in page["features"]]
    assert ids == [str(row["id"]) for row in reversed(rows)]


async def test_what_was_known_gets_an_alias(ctx: Context, shelter: Shelter, client_of: MakeClient) -> None:
    async with ctx.db.tx() as conn:
        (first,) = await accept(conn, ctx, [_item("m1")])
        (words,) = await accept(conn, ctx, [_item(str(uuid4()), "again", "+989000000002")])
    (promised,) = await _put(shelter, ctx, [_item("m1")])
    (unnumbered,) = await _put(shelter, ctx, [_item(str(uuid4()), "again", "+989000000002")], unnumbered=True)
    assert promised.id != first.id
    assert await _drain(ctx) == 2
    assert len(await _rows(ctx)) == 2
    coordinator = await client_of("coordinator")
    for told, stands in ((promised, first), (unnumbered, words)):
        for path in (f"/api/reports/{told.id}", f"/api/reports/{told.id}/reading"):
            assert (await coordinator.get(path)).json()["id"] == str(stands.id)
        async with ctx.db.tx() as conn:
            assert await by_receipt(conn, told.receipt) == await by_receipt(conn, stands.receipt) == stands.id
    await shelter.close()


async def test_a_refused_row_is_set_aside_alone(ctx: Context, shelter: Shelter) -> None:
    good = [_pending(ctx, _item(f"m{number}")) for number in range(4)]
    good[1].emergency = UUID(int=1)  # there is none: it waits in triage
    await shelter.put(good[:2])
    odd = Incoming("telepathy", "sms:generic:test", "m2", b"x")
    await _put(shelter, ctx, [odd])
    await shelter.put(good[2:3])
    await shelter.spool.put([SpoolRow({"id": uuid4(), "strange": True}, "token:test"), SpoolRow({}, "token:test")])
    await shelter.put(good[3:])
    assert await _drain(ctx, batch=10) == 7
    rows = await _rows(ctx)
    assert [(row["source_key"], row["emergency_id"]) for row in rows] == [(f"m{n}", None) for n in (0, 1, 2, 3)]
    async with ctx.db.tx() as conn:
        aside = await (await conn.execute("SELECT reason FROM set_aside")).fetchall()
    assert sorted(row["reason"] for row in aside) == ["damaged", "refused", "refused"]
    await shelter.close()


async def test_a_database_that_does_not_answer_costs_nobody_an_answer(ctx: Context, shelter: Shelter) -> None:
    front = Front(ctx, shelter)
    known = await front.keep(_item("m0"), actor="token:test")
    async with ctx.db.tx() as conn:
        await conn.execute("LOCK TABLE reports IN ACCESS EXCLUSIVE MODE")
        late = await asyncio.gather(*(front.keep(_item(f"m{number}"), actor="token:test") for number in range(5)))
    assert (late[0].id, late[0].receipt) == (known.id, known.receipt), "the answer is the same for ever"
    assert await _drain(ctx) == 5
    rows = await _rows(ctx)
    assert sorted(str(row["source_key"]) for row in rows) == [f"m{number}" for number in range(5)]
    assert {row["id"] for row in rows} == {answer.id for answer in late}
    await front.close()
    await shelter.close()


async def test_a_spool_that_takes_no_more_leaves_the_database(
    ctx: Context, shelter: Shelter, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = Front(ctx, shelter)
    await _put(shelter, ctx, [_item("m0")])

    def dead(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("server.reports.spool.os.fdatasync", dead)
    kept = await front.keep(_item("m1"), actor="token:test")
    assert [row["id"] for row in await _rows(ctx)] == [kept.id]
    monkeypatch.undo()
    assert await _drain(ctx) >= 1
    assert sorted(str(row["source_key"]) for row in await _rows(ctx)) == ["m0", "m1"]
    await front.close()
    await shelter.close()


async def test_alarms_stand_as_soon_as_the_database_can_hold_them(ctx: Context) -> None:
    small = replace(ctx, settings=ctx.settings.model_copy(update={"spool_bytes": 10_000}))
    shelter, drainer = Shelter(small), Drainer(small)

    async def standing() -> list[str]:
        drainer._alarms_at = -math.inf
        await drainer._tell()
        async with ctx.db.tx() as conn:
            return [row["code"] for row in await open_alarms(conn)]

    assert await standing() == []
    number = 0
    while not shelter.state()["filling"]:
        await shelter.put([_pending(ctx, _item(f"m{(number := number + 1)}"))])
    assert await standing() == ["spool.filling"]
    while await drainer.turn():
        pass
    await shelter.close()
    await drainer.turn()
    assert await standing() == []
    drainer._reset()


async def test_filling_is_told_before_full_and_full_is_a_503(config: Settings, tmp_path: Path) -> None:
    nowhere = config.model_copy(
        update={"database_url": "postgresql://x@127.0.0.1:1/x", "spool": tmp_path / "small", "spool_bytes": 100_000}
    )
    app: FastAPI = create_app(nowhere)
    async with app.router.lifespan_context(app):
        gateway = Principal("token", uuid4(), (Scope("gateway"),))
        app.state.principals[secret_hash("s")] = (math.inf, gateway)
        headers, said = {"Authorization": "Bearer s"}, []
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            for number in range(40):
                body = {"id": f"k{number}", "from": "+989000000001", "to": "1", "text": "x" * 5_000}
                answer = await client.post("/intake/sms/generic", json=body)
                if answer.status_code != 200:
                    break
                said.append((await client.get("/api/spool")).json())
            assert (answer.status_code, answer.json()["code"]) == (503, "spool.full")
            assert answer.headers["retry-after"]
            assert [told["filling"] for told in said] == sorted(told["filling"] for told in said)
            assert said[0]["filling"] is False
            assert said[-1]["filling"] is True
            assert said[-1]["limit"] == 100_000
            assert 70_000 < said[-1]["bytes"] <= 100_000
            stranger = (await client.get("/api/spool", headers={"Authorization": ""})).json()
            assert set(stranger) == {"open", "share", "filling", "usable"}
            assert (await client.get("/readyz")).json()["spool"]["filling"] is True
