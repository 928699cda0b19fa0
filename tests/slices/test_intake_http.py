"""The doors of intake over HTTP: gateways in their own shape, programs with a key, and what people see of it."""

import asyncio
import json
import uuid
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest
from fastapi import FastAPI

from server.access.context import Context
from server.kernel.ids import is_code
from tests.slices.test_intake import NUMBER, TEXT, count, rows
from tests.support.web import MakeClient

GENERIC = "/intake/sms/generic"
KANNEL = "/intake/sms/kannel"


async def body_of(ctx: Context, report: str | uuid.UUID | None = None) -> bytes:
    where = " WHERE id = %s" if report else ""
    row = (await rows(ctx, f"SELECT * FROM reports{where} ORDER BY id DESC LIMIT 1", *([report] if report else [])))[0]
    return ctx.sealing.of("reports", row["id"], row["data_key_wrapped"]).open("body_sealed", row["body_sealed"]) or b""


async def flags(ctx: Context) -> list[list[str]]:
    return [row["flags"] for row in await rows(ctx, "SELECT flags FROM reports ORDER BY id")]


def sms(key: str | None = "m-1", text: Any = TEXT, **more: Any) -> dict[str, Any]:
    return {
        "id": key,
        "from": NUMBER,
        "to": "3000",
        "text": text,
        "received_at": "2026-11-22T10:00:00+03:30",
    } | more


class TestGeneric:
    async def test_the_same_id_gets_the_same_answer(self, client_of: MakeClient, ctx: Context) -> None:
        gateway = await client_of("gateway")
        answers = [await gateway.post(GENERIC, json=sms()) for _ in range(3)]
        answers += await asyncio.gather(*(gateway.post(GENERIC, json=sms()) for _ in range(5)))
        assert {a.status_code for a in answers} == {200}
        assert len({a.content for a in answers}) == 1
        assert set(answers[0].json()) == {"receipt", "report"}
        assert is_code(answers[0].json()["receipt"], 10)
        assert await count(ctx, "reports") == 1
        assert (await body_of(ctx)).decode() == TEXT

    async def test_the_same_id_with_other_bytes_is_kept_too_and_both_are_shown(
        self, client_of: MakeClient, ctx: Context
    ) -> None:
        gateway, coordinator = await client_of("gateway"), await client_of("coordinator")
        first, second = [(await gateway.post(GENERIC, json=sms(text=t))).json() for t in ("یک", "دو")]
        assert first["receipt"] != second["receipt"]
        listed = (await coordinator.get("/api/reports", params={"conflict": True})).json()["features"]
        assert {f["id"] for f in listed} == {first["report"], second["report"]}
        one = (await coordinator.get(f"/api/reports/{first['report']}")).json()["properties"]
        assert one["conflicts_with"] == [second["report"]]

    async def test_two_gateways_may_count_alike(self, client_of: MakeClient, ctx: Context) -> None:
        receipts = {(await (await client_of("gateway")).post(GENERIC, json=sms())).json()["receipt"] for _ in range(2)}
        assert len(receipts) == 2

    async def test_the_token_may_stand_in_the_address(self, client_of: MakeClient) -> None:
        secret = (await client_of("gateway")).headers["Authorization"].removeprefix("Bearer ")
        stranger = await client_of(None)
        assert (await stranger.post(GENERIC, params={"token": secret}, json=sms())).status_code == 200
        assert (await stranger.post(GENERIC, json=sms())).status_code == 401
        assert (await (await client_of("volunteer")).post(GENERIC, json=sms())).status_code == 403

    @pytest.mark.parametrize(
        ("raw", "flag"),
        [
            (b"not json at all \xff\xfe", "malformed"),
            (b"", "malformed"),
            (b"[1, 2]", "malformed"),
            (b'{"id": "1", "text": 5}', "malformed"),
            (b'{"id": "1", "text": null, "from": "0912"}', "malformed"),
            (b"[" * 100_000, "malformed"),
            (b'{"text": "' + b"9" * 6000 + b'", "id": ' + b"9" * 6000 + b"}", "malformed"),
            (b'{"id": "1", "from": "0912", "text": "a\\u0000b"}', "nul"),
            (b'{"id": "1", "from": "0912", "text": "a\\ud83db", "x": "\\ud83d"}', "lone_surrogate"),
            (b'{"id": "1", "from": "0912", "text": "a\xd3\xe1\xc7b"}', "not_utf8"),
            (b'{"from": "0912", "text": "x"}', "no_id"),
            (b'{"id": NaN, "from": "0912", "text": "x", "y": NaN}', "no_id"),
            (b'{"id": {"a": 1}, "from": [], "text": "x"}', "no_sender"),
            (json.dumps({"id": "1", "from": "1", "text": "x" * 100_000}).encode(), "long"),
        ],
    )
    async def test_odd_messages_are_kept_answered_and_once(
        self, client_of: MakeClient, ctx: Context, raw: bytes, flag: str
    ) -> None:
        gateway = await client_of("gateway")
        answers = [
            await gateway.post(GENERIC, content=raw, headers={"Content-Type": "application/json"}) for _ in range(2)
        ]
        assert [a.status_code for a in answers] == [200, 200]
        assert answers[0].content == answers[1].content
        kept = await flags(ctx)
        assert len(kept) == 1
        assert flag in kept[0]
        if flag == "malformed":
            assert await body_of(ctx) == raw
        coordinator = await client_of("coordinator")
        shown = await coordinator.get("/api/reports", params={"flagged": True})
        assert [f["properties"]["flags"] for f in shown.json()["features"]] == kept
        assert (await coordinator.get(f"/api/reports/{answers[0].json()['report']}")).status_code == 200

    async def test_bytes_that_are_no_utf8_stay_as_they_were(self, client_of: MakeClient, ctx: Context) -> None:
        gateway = await client_of("gateway")
        await gateway.post(GENERIC, content=b'{"id": "1", "from": "1", "text": "\xdf\xe3\xdf"}')
        assert await body_of(ctx) == b"\xdf\xe3\xdf"

    async def test_without_an_id_the_words_are_the_key_for_a_while(self, client_of: MakeClient, ctx: Context) -> None:
        gateway = await client_of("gateway")
        copies = await asyncio.gather(*(gateway.post(GENERIC, json=sms(None)) for _ in range(5)))
        assert len({a.content for a in copies}) == 1
        other = await gateway.post(GENERIC, json=sms(None, "سخن دیگر"))
        again = await gateway.post(GENERIC, json=sms(None))
        receipts = {copies[0].json()["receipt"], other.json()["receipt"], again.json()["receipt"]}
        assert len(receipts) == 3, "words said again after others are said again"
        assert await count(ctx, "reports") == 3

    async def test_the_window_closes(
        self, client_of: MakeClient, ctx: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gateway = await client_of("gateway")
        first = await gateway.post(GENERIC, json=sms(None))
        monkeypatch.setattr("server.reports.rules.REPEAT_WINDOW_S", 0)
        second = await gateway.post(GENERIC, json=sms(None))
        assert first.json()["receipt"] != second.json()["receipt"]

    async def test_too_large_is_refused_before_it_is_read(self, client_of: MakeClient, app: FastAPI) -> None:
        object.__setattr__(app.state.context.settings, "max_body_bytes", 2000)
        gateway = await client_of("gateway")
        assert (await gateway.post(GENERIC, content=b"x" * 2001)).status_code == 413


class TestKannel:
    async def post(
        self,
        gateway: httpx.AsyncClient,
        text: bytes,
        key: str,
        kind: str = 'text/plain; charset="UTF-8"',
        **headers: str,
    ) -> httpx.Response:
        return await gateway.post(
            f"{KANNEL}?id={key}&smsc=FAKE",
            content=text,
            headers={"Content-Type": kind, "X-Kannel-From": NUMBER, "X-Kannel-To": "300012345"} | headers,
        )

    async def test_post_keeps_the_bytes_and_answers_nothing(self, client_of: MakeClient, ctx: Context) -> None:
        gateway, key = await client_of("gateway"), str(uuid.uuid4())
        answers = [await self.post(gateway, TEXT.encode(), key) for _ in range(2)]
        assert [(a.status_code, a.content) for a in answers] == [(200, b"")] * 2
        row = (await rows(ctx, "SELECT * FROM reports"))[0]
        assert (row["source"], row["source_key"], row["channel"], row["flags"]) == (
            "sms:kannel",
            key,
            "sms",
            [],
        )
        assert await body_of(ctx) == TEXT.encode()
        record = ctx.sealing.of("reports", row["id"], row["data_key_wrapped"])
        assert record.open("sender_sealed", row["sender_sealed"]) == NUMBER.encode()

    async def test_wide_bytes_are_read_by_their_charset(self, client_of: MakeClient, ctx: Context) -> None:
        gateway = await client_of("gateway")
        await self.post(gateway, TEXT.encode("utf-16-be"), "1", "text/plain; charset=UTF-16BE")
        assert await body_of(ctx) == TEXT.encode("utf-16-be")
        assert await flags(ctx) == [[]]
        coordinator = await client_of("coordinator")
        report = (await coordinator.get("/api/reports")).json()["features"][0]["id"]
        assert (await coordinator.get(f"/api/reports/{report}")).json()["properties"]["text"] == TEXT

    async def test_get_with_percent_encoded_bytes(self, client_of: MakeClient, ctx: Context) -> None:
        gateway = await client_of("gateway")
        secret = gateway.headers["Authorization"].removeprefix("Bearer ")
        stranger = await client_of(None)
        wide = quote_from_bytes(TEXT.encode("utf-16-be"))
        url = f"{KANNEL}?id=1&smsc=F&from=%2B989121234567&to=3000&coding=2&charset=UTF-16BE&text={wide}&token={secret}"
        assert (await stranger.get(url)).status_code == 200
        assert await body_of(ctx) == TEXT.encode("utf-16-be")
        assert await flags(ctx) == [[]]

    async def test_a_message_delivered_twice_by_the_network_is_one(self, client_of: MakeClient, ctx: Context) -> None:
        gateway = await client_of("gateway")
        await asyncio.gather(*(self.post(gateway, TEXT.encode(), str(uuid.uuid4())) for _ in range(5)))
        assert await count(ctx, "reports") == 1

    async def test_a_retry_long_after_is_one_as_well(
        self, client_of: MakeClient, ctx: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gateway, key = await client_of("gateway"), str(uuid.uuid4())
        await self.post(gateway, TEXT.encode(), key)
        monkeypatch.setattr("server.reports.rules.REPEAT_WINDOW_S", 0)
        await self.post(gateway, TEXT.encode(), key)
        assert await count(ctx, "reports") == 1

    async def test_nothing_but_a_body_is_kept(self, client_of: MakeClient, ctx: Context) -> None:
        gateway = await client_of("gateway")
        assert (await gateway.post(KANNEL, content=b"\x00\xff")).status_code == 200
        assert {"no_id", "no_sender"} <= set((await flags(ctx))[0])


class TestApi:
    async def test_with_a_key_it_is_once(self, client_of: MakeClient, ctx: Context) -> None:
        field = await client_of("field")
        sent = {
            "text": TEXT,
            "lat": 33.15,
            "lon": 47.72,
            "sender": NUMBER,
            "occurred_at": "2026-11-22T10:00:00",
        }
        answers = [await field.post("/api/reports", json=sent, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        assert [a.status_code for a in answers] == [201, 201]
        assert answers[0].content == answers[1].content
        assert set(answers[0].json()) == {"id", "receipt"}
        other = await field.post("/api/reports", json=sent | {"text": "دیگر"}, headers={"Idempotency-Key": "k"})
        moved = await field.post("/api/reports", json=sent | {"lat": 33.2}, headers={"Idempotency-Key": "k"})
        assert len({a.json()["id"] for a in (*answers, other, moved)}) == 3
        assert [
            r["conflict"]
            for r in await rows(
                ctx,
                "SELECT EXISTS (SELECT 1 FROM reports o WHERE o.source_key = r.source_key AND o.id <> r.id) AS conflict"
                " FROM reports r",
            )
        ] == [True] * 3

    async def test_without_a_key_each_post_is_new(self, client_of: MakeClient, ctx: Context) -> None:
        field = await client_of("field")
        for _ in range(2):
            assert (await field.post("/api/reports", json={"text": TEXT})).status_code == 201
        assert await count(ctx, "reports") == 2

    @pytest.mark.parametrize(
        ("raw", "status", "fields"),
        [
            (b"{", 400, None),
            (b"[]", 400, None),
            (b"\xff", 400, None),
            (b"{}", 422, {"text"}),
            (b'{"text": " "}', 422, {"text"}),
            (b'{"text": 5}', 422, {"text"}),
            (b'{"text": "x", "lat": "33", "lon": true}', 422, {"lat", "lon"}),
            (
                b'{"text": "x", "occurred_at": "yesterday", "channel": "smoke", "sender": 5}',
                422,
                {"occurred_at", "channel", "sender"},
            ),
            (b'{"text": "x", "emergency": "nowhere"}', 422, {"emergency"}),
        ],
    )
    async def test_wrong_shapes_are_told_in_both_languages(
        self, client_of: MakeClient, ctx: Context, raw: bytes, status: int, fields: set[str] | None
    ) -> None:
        answer = await (await client_of("field")).post("/api/reports", content=raw)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["title_fa"]
        assert problem["title_en"]
        if fields:
            assert {f["field"] for f in problem["errors"]} == fields
        assert await count(ctx, "reports") == 0

    @pytest.mark.parametrize(
        ("extra", "flag"),
        [
            (b'"lat": 95, "lon": 51', "impossible_coordinates"),
            (b'"lat": NaN, "lon": 51', "impossible_coordinates"),
            (b'"lat": 1e999, "lon": 51', "impossible_coordinates"),
            (b'"lat": ' + b"9" * 400 + b', "lon": 51', "impossible_coordinates"),
            (b'"lat": 33', "impossible_coordinates"),
            (b'"occurred_at": "0001-01-01T00:00:00+14:00"', "impossible_time"),
            (b'"sender": "\\ud800"', None),
        ],
    )
    async def test_impossible_values_are_taken_and_flagged(
        self, client_of: MakeClient, ctx: Context, extra: bytes, flag: str | None
    ) -> None:
        field = await client_of("field")
        assert (await field.post("/api/reports", content=b'{"text": "x", ' + extra + b"}")).status_code == 201
        assert await flags(ctx) == [[flag] if flag else []]
        coordinator = await client_of("coordinator")
        listed = (await coordinator.get("/api/reports")).json()["features"]
        assert [f["geometry"] for f in listed] == [None]
        assert (await coordinator.get(f"/api/reports/{listed[0]['id']}")).status_code == 200
