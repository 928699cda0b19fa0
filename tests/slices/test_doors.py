"""Each gateway's door with requests as it really sends them: retries, doubles, wrong signatures, strangers."""

import asyncio
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from fastapi import FastAPI

from server.access.context import Context
from server.messaging import pulse
from server.messaging.beats import take
from server.reports import rules
from server.reports.doors.signatures import android_signature, twilio_signature
from tests.slices.test_intake import count, rows
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
NUMBER = "+989121234567"
KEY = "signing key of a phone"


async def gateway(client_of: MakeClient, kind: str, **more: Any) -> dict[str, Any]:
    made = await (await client_of("coordinator")).post("/api/gateways", json={"kind": kind, "name": kind} | more)
    assert made.status_code == 201, made.text
    path: dict[str, Any] = made.json()
    path["at"] = path["url"].partition("//")[2].partition("/")[2]
    return path


def webhook(webhook_id: str = "w1", event: str = "sms:received", **payload: Any) -> bytes:
    said = {
        "messageId": "83be51e4",
        "message": "سیل آمد، چادر لازم داریم",
        "sender": NUMBER,
        "recipient": "+989120000000",
        "simNumber": 1,
        "receivedAt": "2026-11-22T10:00:00+03:30",
    } | payload
    return orjson.dumps({"deviceId": "d1", "event": event, "id": webhook_id, "webhookId": "h1", "payload": said})


async def post_signed(client: httpx.AsyncClient, path: str, body: bytes, key: str = KEY) -> httpx.Response:
    stamp = str(int(time.time()))
    headers = {"X-Timestamp": stamp, "X-Signature": android_signature(key, body, stamp)}
    return await client.post("/" + path, content=body, headers=headers | {"Content-Type": "application/json"})


class TestAndroid:
    async def test_retries_and_doubles_are_one_and_words_said_again_are_another(
        self, client_of: MakeClient, ctx: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = (await gateway(client_of, "android", secrets={"signing_key": KEY}))["at"]
        client = await client_of(None)
        answers = await asyncio.gather(*(post_signed(client, at, webhook(w)) for w in ("w1", "w1", "w2")))
        assert [a.status_code for a in answers] == [200] * 3, answers[0].text
        assert len({a.content for a in answers}) == 1
        # A double with another second is one by its words; the same words beyond the window are not.
        late = await post_signed(
            client, at, webhook("w3", receivedAt="2026-11-22T10:00:05+03:30", messageId="83be51e9")
        )
        assert late.content == answers[0].content
        monkeypatch.setattr(rules, "REPEAT_WINDOW_S", 0)
        again = await post_signed(client, at, webhook("w4", receivedAt="2026-11-22T13:00:00+03:30"))
        assert again.json()["receipt"] != answers[0].json()["receipt"]
        # The first one's retry two days later still is the first one.
        assert (await post_signed(client, at, webhook("w1"))).content == answers[0].content
        assert await count(ctx, "reports") == 2

    async def test_a_wrong_signature_is_turned_away_counted_and_shown(
        self, client_of: MakeClient, ctx: Context
    ) -> None:
        made = await gateway(client_of, "android", secrets={"signing_key": KEY}, way="path")
        client = await client_of(None)
        wrong = [
            await post_signed(client, made["at"], webhook(), "another key"),
            await client.post("/" + made["at"], content=webhook()),
            await post_signed(client, made["at"] + "x", webhook()),
        ]
        assert [(a.status_code, a.json()["code"]) for a in wrong] == [
            (401, "gateway.signature"),
            (401, "gateway.signature"),
            (401, "access.unknown"),
        ]
        assert await count(ctx, "reports") == 0
        await pulse.write_down(ctx)
        coordinator = await client_of("coordinator")
        [alarm] = (await coordinator.get("/api/alarms")).json()["items"]
        assert (alarm["code"], alarm["subject"]) == ("gateway.refused", made["id"])
        assert (alarm["data"]["count"], alarm["data"]["why"]) == (2, "signature")
        assert (await coordinator.get("/api/gateways")).json()["items"][0]["trouble"] == "in.signature"
        assert (await post_signed(client, made["at"], webhook())).status_code == 200
        await pulse.write_down(ctx)
        assert (await coordinator.get("/api/gateways")).json()["items"][0]["trouble"] is None
        # Ten quiet minutes later it is over.
        for turn, last in enumerate(("2100-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00")):
            async with ctx.db.tx() as conn:
                await conn.execute("UPDATE alarms SET data = data || jsonb_build_object('last', %s::text)", (last,))
                await pulse.look(conn)
            assert len((await coordinator.get("/api/alarms")).json()["items"]) == 1 - turn

    async def test_a_ping_is_a_beat_and_a_delivery_finds_its_message(self, client_of: MakeClient, ctx: Context) -> None:
        made = await gateway(client_of, "android", secrets={"signing_key": KEY})
        client = await client_of(None)
        take()
        ping = orjson.dumps({"deviceId": "d1", "event": "system:ping", "id": "p", "webhookId": "h", "payload": {}})
        assert (await post_signed(client, made["at"], ping)).status_code == 200
        assert [str(key) for key in take()] == [made["id"]]
        assert (await post_signed(client, made["at"], webhook(event="sms:delivered"))).status_code == 200
        assert await count(ctx, "reports") == 0


FORM = {"MessageSid": "SM" + "a1" * 16, "From": NUMBER, "To": "+15005550006", "Body": "کمک", "NumMedia": "0"}


class TestTwilio:
    async def test_signed_over_the_public_url(self, client_of: MakeClient, ctx: Context) -> None:
        made = await gateway(client_of, "twilio", secrets={"auth_token": "12345"})
        client = await client_of(None)

        async def post(form: dict[str, str], url: str = made["url"]) -> httpx.Response:
            signature = twilio_signature("12345", url, form.items())
            return await client.post("/" + made["at"], data=form, headers={"X-Twilio-Signature": signature})

        answers = [await post(FORM) for _ in range(3)]
        assert {(a.status_code, a.headers["content-type"].split(";")[0]) for a in answers} == {(200, "text/xml")}
        assert answers[0].text.endswith("<Response></Response>")
        assert (await post(FORM, made["url"] + "&more=1")).json()["code"] == "gateway.signature"
        status = {"MessageSid": "SM1", "MessageStatus": "delivered", "From": "+15005550006", "To": NUMBER}
        assert (await post(status)).status_code == 200
        # The same words with another id are another message: this gateway numbers them.
        assert (await post(FORM | {"MessageSid": "SM2"})).status_code == 200
        kept = await rows(ctx, "SELECT source_key FROM reports ORDER BY received_at, id")
        assert [row["source_key"] for row in kept] == [FORM["MessageSid"], "SM2"]


class TestPanels:
    async def test_get_and_post_under_its_own_names(self, client_of: MakeClient, ctx: Context) -> None:
        names = {"from": "FROM", "to": "TO", "text": "BODY"}
        made = await gateway(client_of, "generic", way="path", settings={"map": names, "answer": "ok-1"})
        client, said = await client_of(None), {"TO": "3000", "BODY": "کمک", "FROM": "0912 123 4567"}
        answers = [await client.get("/" + made["at"], params=said) for _ in range(2)]
        answers.append(await client.post("/" + made["at"], data=said))
        answers.append(await client.post("/" + made["at"], json=said))
        answers.append(await client.get("/" + made["at"]))
        assert {(a.status_code, a.text) for a in answers} == {(200, "ok-1")}
        assert await count(ctx, "reports") == 1
        await client.get("/" + made["at"], params=said | {"BODY": "کمک!"})
        raw = await client.get("/" + made["at"], params={"x": "1"})
        assert raw.text == "ok-1"
        kept = await rows(ctx, "SELECT flags FROM reports ORDER BY received_at, id")
        assert [row["flags"] for row in kept] == [["no_id"], ["no_id"], ["malformed", "no_id", "no_sender"]]

    @pytest.mark.parametrize("kind", ["text/x\r\nX-A: b", "آ/b", "", 5, "text"])
    async def test_an_answer_that_no_header_can_hold_still_answers(
        self, client_of: MakeClient, ctx: Context, kind: Any
    ) -> None:
        made = await gateway(client_of, "generic", way="path", settings={"answer": "ok-1", "answer_type": kind})
        answer = await (await client_of(None)).get("/" + made["at"], params={"text": "کمک", "from": "09121234567"})
        assert (answer.status_code, answer.text, answer.headers["content-type"]) == (
            200,
            "ok-1",
            "text/plain; charset=utf-8",
        )
        assert await count(ctx, "reports") == 1

    async def test_a_form_at_the_generic_door_is_the_message_that_json_would_be(
        self, client_of: MakeClient, ctx: Context
    ) -> None:
        made = await gateway(client_of, "generic")
        client, said = await client_of(None), {"id": "f1", "from": NUMBER, "text": "کمک"}
        bearer = {"Authorization": f"Bearer {made['secret']}"}
        answers = [await client.post("/" + made["at"], data=said), await client.post("/" + made["at"], json=said)]
        answers += [await client.post("/intake/sms/generic", data=said, headers=bearer) for _ in range(2)]
        answers.append(
            await client.post("/intake/sms/generic", files={k: (None, v) for k, v in said.items()}, headers=bearer)
        )
        assert {answer.text for answer in answers} == {answers[0].text}
        assert answers[0].json()["receipt"]
        assert [row["flags"] for row in await rows(ctx, "SELECT flags FROM reports")] == [[]]

    async def test_a_token_with_a_map_and_one_without_a_row(self, client_of: MakeClient, ctx: Context) -> None:
        made = await gateway(client_of, "generic", settings={"map": {"text": "m", "from": "f", "id": "i"}})
        client = await client_of(None)
        first = await client.post("/" + made["at"], json={"m": "یک", "f": NUMBER, "i": 5})
        assert first.json() == (await client.post("/" + made["at"], json={"m": "یک", "f": NUMBER, "i": 5})).json()
        assert (await client.get("/" + made["at"] + "&" + urlencode({"m": "دو", "f": NUMBER}))).text == "OK"
        alone = await client_of("gateway")
        assert (await alone.get("/intake/sms/generic", params={"text": "سه", "from": NUMBER})).text == "OK"
        assert await count(ctx, "reports") == 3
        metas = [await meta_of(ctx, row) for row in await rows(ctx, "SELECT * FROM reports")]
        assert not any(made["secret"] in str(meta) for meta in metas)

    async def test_only_from_where_it_may_call(self, client_of: MakeClient, ctx: Context, app: FastAPI) -> None:
        made = await gateway(client_of, "generic", way="path", allow_from=["192.0.2.0/24", "2001:db8::/32"])
        codes = []
        for address in ("192.0.2.5", "192.0.3.5", "2001:db8::9"):
            transport = httpx.ASGITransport(app, client=(address, 5000))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                forged = {"X-Forwarded-For": "192.0.2.5"}
                answer = await client.get("/" + made["at"], params={"text": address}, headers=forged)
                codes.append(answer.status_code)
        assert codes == [200, 403, 200]
        assert await count(ctx, "reports") == 2

    async def test_a_gateway_that_is_switched_off(self, client_of: MakeClient) -> None:
        made = await gateway(client_of, "generic")
        coordinator = await client_of("coordinator")
        where = f"/api/gateways/{made['id']}"
        await coordinator.patch(where, headers={"If-Match": '"1"'}, json={"enabled": False})
        await _gateways(coordinator)
        answer = await (await client_of(None)).post("/" + made["at"], json={"text": "x"})
        assert (answer.status_code, answer.json()["code"]) == (403, "gateway.disabled")


async def test_anything_can_beat_for_a_gateway(client_of: MakeClient, ctx: Context) -> None:
    made = await gateway(client_of, "generic", beat_s=60)
    path = await gateway(client_of, "fake", way="path")
    client = await client_of(None)
    assert (await client.get("/intake/sms/beat", params={"token": made["secret"]})).json()["watched"]
    assert (await client.post("/" + path["at"] + "/beat")).status_code == 200
    assert (await client.get("/intake/sms/beat")).status_code == 401
    await pulse.write_down(ctx)
    beats = await rows(ctx, "SELECT last_beat_at, last_in_at FROM gateway_beats")
    assert [bool(row["last_beat_at"]) and not row["last_in_at"] for row in beats] == [True, True]


async def _gateways(coordinator: httpx.AsyncClient) -> None:
    """As many seconds later: every process has read the list anew."""
    app = coordinator._transport.app  # type: ignore[attr-defined]
    await app.state.gateways.refresh()


async def meta_of(ctx: Context, row: Any) -> bytes:
    record = ctx.sealing.of("reports", row["id"], row["data_key_wrapped"])
    return record.open("meta_sealed", row["meta_sealed"]) or b""
