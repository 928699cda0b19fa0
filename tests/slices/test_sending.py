"""Sending: each message once, by the right gateway, at the right time; what is uncertain is never sent twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import httpx
import orjson
import psycopg
import pytest

from ops.sms.trial import Trial
from server.access.context import Context, make_context
from server.kernel.ids import uuid7
from server.kernel.settings import Settings
from server.messaging import gateways, outbox_queries, recording, rules, sending, sending_queries
from server.messaging.delivering import is_signed, reported, reported_by_id
from server.messaging.models import LIFE
from server.messaging.outbox import Draft, put, to_hash
from tests.support.outbox import KANNEL, SARA, House, notes

pytestmark = pytest.mark.slices


@pytest.fixture
async def house(config: Settings) -> AsyncIterator[House]:
    made = await make_context(config.model_copy(update={"drill": False, "quiet_hours": ""}), max_connections=8)
    yield House(made)
    await made.close()


async def test_kannel_gets_each_message_once_and_its_reports_only_rise(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    gateway = await house.gateway()
    (first, second) = await house.put(
        Draft("receipt", SARA, "receipt", params={"code": "K7MP2QRS"}), Draft("note", SARA, words="Hello")
    )
    await house.send()
    query = house.air.asked[0].url.params
    assert (query["to"], query["coding"], query["charset"], query["dlr-mask"]) == (SARA, "2", "UTF-8", "31")
    assert query["password"] == "secret"
    assert sorted(house.air.sent()) == sorted(["Hello", "پیام شما رسید. کد K7MP2QRS\nپیگیری: وضعیت K7MP2QRS"])
    report = httpx.URL(query["dlr-url"])
    assert report.path == "/intake/sms/kannel/dlr"
    assert is_signed(house.ctx.sealing, UUID(report.params["id"]), report.params["sig"])
    assert await house.states() == {("sent", None): 2}
    steps = []
    for state in ("sent", "failed", "sent", "delivered", "failed", "sent", "delivered"):
        async with house.ctx.db.tx() as conn:
            steps.append(await reported(conn, gateway, str(first), state))
    assert steps == [False, True, False, True, False, False, False]
    async with house.ctx.db.tx() as conn:
        assert await reported_by_id(conn, second, "failed") == gateway
        assert await reported_by_id(conn, uuid7(), "failed") is None
        assert not await reported(conn, gateway, "what nobody knows", "delivered")
    assert await house.states() == {("delivered", None): 1, ("failed", "undelivered"): 1}
    (day,) = await house.run("SELECT segments, messages FROM gateway_days")
    assert day == {"segments": 2, "messages": 2}
    printed = caplog.text + "".join(capfd.readouterr())
    assert "98912" not in printed
    assert "Hello" not in printed


async def test_trouble_is_tried_again_then_elsewhere_and_refusals_are_not(house: House) -> None:
    await house.gateway()
    await house.gateway(settings={**KANNEL, "send_url": "http://second.test/"}, name="second", send_order=1)
    house.air.answers["kannel.test"] = 503
    (message,) = await house.put(*notes(1))
    for _ in range(3):
        await house.send()
        await house.due_again()
    assert (len(house.air.sent()), len(house.air.sent("second.test"))) == (3, 0)
    assert (await house.one(message))["reason"] == "busy"
    assert {r["segments"] for r in await house.run("SELECT segments FROM gateway_days")} == {0}
    await house.send()
    assert (len(house.air.sent()), len(house.air.sent("second.test"))) == (3, 1)
    assert (await house.one(message))["state"] == "sent"
    house.air.answers["kannel.test"] = 400
    await house.put(Draft("notice", SARA, "test", params={"code": "X"}))
    await house.send()
    assert await house.states() == {("sent", None): 1, ("failed", "refused"): 1}
    events = await house.run("SELECT data FROM events_unsealed WHERE verb = 'message.failed'")
    assert [e["data"] for e in events] == [{"kind": "notice", "state": "failed", "reason": "refused"}]


async def test_an_attempt_without_an_answer_is_not_repeated_blindly(house: House) -> None:
    await house.gateway()
    house.air.answers["kannel.test"] = httpx.ReadTimeout("")
    plain, life = await house.put(*notes(1), Draft("alarm", SARA, "test", params={"code": "A"}, priority=LIFE))
    for _ in range(4):
        await house.send()
        await house.due_again()
    assert Counter(house.air.sent()) == {"پیام آزمایشی N0": 1, "پیام آزمایشی A": 2}
    assert ((await house.one(plain))["state"], (await house.one(life))["state"]) == ("unsure", "unsure")
    async with house.ctx.db.tx() as conn:
        assert await reported_by_id(conn, plain, "delivered")
    assert (await house.one(plain))["state"] == "delivered"


async def test_a_sender_killed_before_it_wrote_down_sends_nothing_twice(house: House) -> None:
    await house.gateway()
    plain, life = await house.put(*notes(1), Draft("alarm", SARA, "test", params={"code": "A"}, priority=LIFE))
    await house.killed()
    await house.send()
    assert house.air.sent() == ["پیام آزمایشی A"]
    assert (await house.one(plain))["reason"] == "killed"
    assert ((await house.one(life))["state"], (await house.one(life))["reason"]) == ("sent", "resent")


@pytest.mark.parametrize(("knows", "posts"), [(200, 0), (404, 1)])
async def test_a_phone_is_asked_whether_it_has_the_message(house: House, knows: int, posts: int) -> None:
    await house.gateway("android")

    async def answer(request: httpx.Request) -> int:
        return knows if request.method == "GET" else 202

    house.air.answers["phone.test"] = answer
    (message,) = await house.put(*notes(1))
    await house.killed()
    name = (await house.one(message))["reference"]
    await house.send()
    assert [r.method for r in house.air.asked] == ["GET", "POST"][: 1 + posts]
    assert house.air.asked[0].url.path == f"/message/{name}"
    assert house.air.sent("phone.test") == [name] * posts
    assert ((await house.one(message))["state"], (await house.one(message))["attempts"]) == ("sent", 2)


async def test_what_a_phone_could_not_send_is_sent_again_under_a_new_name(house: House) -> None:
    gateway = await house.gateway("android")
    (message,) = await house.put(*notes(1))
    for turn in range(rules.PHONE_TRIES):
        await house.send()
        name = house.air.sent("phone.test")[-1]
        async with house.ctx.db.tx() as conn:
            changes = [await reported(conn, gateway, name, "failed") for _ in range(2)]
        assert changes == [True, False]
        last = turn + 1 == rules.PHONE_TRIES
        assert (await house.one(message))["state"] == ("failed" if last else "queued")
        await house.due_again()
    assert len(set(house.air.sent("phone.test"))) == len(house.air.sent("phone.test")) == rules.PHONE_TRIES
    async with house.ctx.db.tx() as conn:
        assert await reported(conn, gateway, name, "delivered")

    async def fails_at_once(request: httpx.Request) -> int:
        async with house.ctx.db.tx() as conn:
            assert await reported(conn, gateway, orjson.loads(request.content)["id"], "failed")
        return 202

    house.air.answers["phone.test"] = fails_at_once
    (hasty,) = await house.put(Draft("note", SARA, words="Soon"))
    await house.send()
    assert ((await house.one(hasty))["state"], (await house.one(hasty))["reason"]) == ("queued", "phone_failed")


async def test_the_cap_is_exact_under_two_senders_and_life_passes_it(house: House) -> None:
    gateway = await house.gateway()
    await house.run("UPDATE gateways SET daily_segments = 10 WHERE id = %s", gateway)
    await house.put(*notes(40))
    await asyncio.gather(house.send(), house.send())
    assert len(house.air.sent()) == 10
    assert await house.states() == {("sent", None): 10, ("queued", "cap"): 30}
    await house.put(Draft("alarm", SARA, "test", params={"code": "A"}, priority=LIFE))
    sender = house.sender()
    await sender.drain()
    await sender.close()
    assert house.air.sent()[-1] == "پیام آزمایشی A"
    alarms = await house.run("SELECT code, subject, data FROM alarms WHERE over_at IS NULL")
    assert [(a["code"], a["subject"]) for a in alarms] == [("outbox.cap", str(gateway))]
    assert [a["data"] for a in alarms] == [{"cap": 10, "used": 10}]
    await house.run("UPDATE gateways SET daily_segments = NULL")
    await house.due_again()
    await house.send(daily_segments=20)
    await house.send(daily_segments=20)
    assert len(house.air.sent()) == 20
    # 10, the alarm's one, and 9 more make 20.
    assert (await house.states())[("queued", "cap")] == 21
    assert {a["subject"] for a in await house.run("SELECT subject FROM alarms WHERE over_at IS NULL")} == {"all"}


async def test_quiet_hours_stop_and_a_numbers_own_limit_keep_messages_back(house: House) -> None:
    await house.gateway()
    async with house.ctx.db.tx() as conn:
        await put(conn, house.ctx, notes(3))
        await outbox_queries.stop(conn, to_hash(house.ctx.sealing, "+989120000000"))
    await house.put(
        Draft("receipt", SARA, "test", params={"code": "R"}),
        Draft("task", SARA, "test", params={"code": "T"}, priority=LIFE),
        Draft("alarm", SARA, "test", params={"code": "A"}),
    )
    await house.send(quiet_hours="00:00-23:59")
    assert {text[-1] for text in house.air.sent()} == {"R", "T", "A"}
    waiting = await house.run(
        "SELECT reason, not_before > clock_timestamp() AS later FROM messages WHERE state = 'queued'"
    )
    assert waiting == [{"reason": "quiet", "later": True}] * 2
    assert (await house.states())[("dropped", "stopped")] == 1
    await house.put(*[Draft("answer", SARA, "test", params={"code": str(i)}) for i in range(4)])
    await house.send(recipient_hourly=5)
    assert (len(house.air.sent()), (await house.states())[("queued", "limit")]) == (5, 2)
    await house.run("UPDATE messages SET expires_at = clock_timestamp()")
    await house.send()
    assert (await house.states())[("dropped", "expired")] == 4


async def test_a_message_of_the_operators_test_passes_quiet_hours_or_never_leaves(house: House) -> None:
    gateway = await house.gateway()
    async with house.ctx.db.tx() as conn:
        known = next(g for g in await gateways.all_gateways(conn, house.ctx) if g.id == gateway)
    asked = asyncio.create_task(Trial(house.ctx, known, None, lambda _fa, _en: None)._sent(SARA))
    rows: list[Any] = []
    for _ in range(2000):
        rows = rows or await house.run(
            "SELECT id, expires_at - created_at < interval '2 minutes' AS soon FROM messages"
        )
        await asyncio.sleep(0 if rows else 0.01)
    await house.send(quiet_hours="00:00-23:59")
    async with house.ctx.db.tx() as conn:
        await reported_by_id(conn, rows[0]["id"], "delivered")
    assert (await asyncio.wait_for(asked, 20))["state"] == "delivered"
    assert rows[0]["soon"]


async def test_a_queue_that_stands_raises_an_alarm_until_it_moves(house: House) -> None:
    await house.gateway()
    house.air.answers["kannel.test"] = httpx.ConnectError("")
    await house.put(*notes(2))
    await house.send()
    assert await house.states() == {("queued", "unreachable"): 2}
    await house.run("UPDATE messages SET created_at = created_at - interval '6 minutes'")
    await house.send()
    (alarm,) = await house.run("SELECT code, data FROM alarms WHERE over_at IS NULL")
    assert (alarm["code"], alarm["data"]) == ("outbox.stuck", {"waiting": 2})
    house.air.answers["kannel.test"] = 202
    await house.due_again()
    await house.send()
    await house.send()
    assert await house.run("SELECT 1 FROM alarms WHERE over_at IS NULL") == []


async def test_receipts_that_waited_on_purpose_are_no_queue_that_stands(house: House) -> None:
    await house.gateway()
    params = {"count": 3, "code": "R"}
    await house.put(
        Draft("receipt", SARA, "receipt.many", params=params), Draft("receipt", SARA, "receipt.many", params=params)
    )
    await house.run("UPDATE messages SET reason = 'busy', created_at = created_at - interval '11 minutes'")
    async with house.ctx.db.tx() as conn:
        assert await sending_queries.stuck(conn, 300) == 0
    await house.run("UPDATE messages SET created_at = created_at - interval '5 minutes'")
    async with house.ctx.db.tx() as conn:
        assert await sending_queries.stuck(conn, 300) == 2


async def test_a_gateway_that_calls_two_messages_by_one_name(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"account_sid": "AC1", "from": "+15005550006", "send_url": "http://twilio.test"}
    await house.gateway("twilio", settings=settings)
    house.air.answers["twilio.test"] = lambda _: asyncio.sleep(0, httpx.Response(201, json={"sid": "SM1"}))
    await house.put(*notes(3))
    # The database is away for a moment, just when the answers are to be written down.
    monkeypatch.setattr(recording, "AWAY_S", 0.01)
    away = iter([psycopg.OperationalError("away")] * 2)
    record = recording.record

    async def shaken(*args: Any, **options: Any) -> None:
        if error := next(away, None):
            raise error
        await record(*args, **options)

    monkeypatch.setattr(recording, "record", shaken)
    await house.send()
    found = await house.run("SELECT state, reference FROM messages ORDER BY reference")
    assert [(r["state"], r["reference"]) for r in found] == [("sent", "SM1"), ("sent", None), ("sent", None)]
    assert len(house.air.asked) == 3


async def test_one_gateway_that_hangs_stops_no_other(house: House) -> None:
    await house.gateway(settings={**KANNEL, "parallel": 2})
    await house.gateway(settings={**KANNEL, "send_url": "http://second.test/"}, name="second", send_order=1)
    release = asyncio.Event()

    async def hang(_: httpx.Request) -> int:
        await release.wait()
        return 202

    house.air.answers["kannel.test"] = hang
    await house.put(
        *[Draft("alarm", f"+98912111{i:04}", "test", params={"code": "A"}, priority=LIFE) for i in range(12)]
    )
    sender = house.sender()
    running = asyncio.create_task(sender.run())
    for _ in range(500):
        if (await house.states())[("sent", None)] == 10:
            break
        await asyncio.sleep(0.01)
    assert (len(house.air.sent()), len(house.air.sent("second.test"))) == (2, 10)
    release.set()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await house.states() == {("sent", None): 12}


@pytest.mark.parametrize("known", [True, False])
async def test_a_drill_sends_nothing_anywhere(ctx: Context, known: bool) -> None:
    house = House(ctx)
    if known:
        await house.gateway()
    await house.put(Draft("receipt", SARA, "test", params={"code": "D"}))
    await house.send()
    assert house.air.asked == []
    assert await house.states() == {("delivered", None): 1}


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, ("queued", "unreachable")),
        (b"", ("unsure", "cut")),
        (b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", ("unsure", "http_500")),
        (b"HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", ("queued", "http_403")),
        (b"HTTP/1.1 202 x\r\nContent-Length: 0\r\n\r\n", ("sent", None)),
    ],
)
async def test_over_real_sockets(house: House, answer: bytes | None, state: tuple[str, str | None]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer or b"")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if answer is None:
        server.close()
        await server.wait_closed()
    await house.gateway(settings={**KANNEL, "send_url": f"http://127.0.0.1:{port}/sendsms"})
    await house.put(*notes(1))
    sender = sending.Sender(house.ctx)
    await sender.drain()
    await sender.close()
    server.close()
    assert await house.states() == {state: 1}
