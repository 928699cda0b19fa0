"""Messages over HTTP: reports of delivery, what a page shows, and words written by hand; nobody's number anywhere."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from server.access.context import Context
from server.messaging import gateways
from server.messaging.delivering import report_url
from server.messaging.outbox import Draft, put
from server.messaging.sending import Sender
from tests.support.web import MakeClient

pytestmark = pytest.mark.slices
SARA = "+989120000001"


async def rows(ctx: Context, sql: str, *params: Any) -> list[dict[str, Any]]:
    async with ctx.db.tx() as conn:
        cursor = await conn.execute(sql, params)
        return await cursor.fetchall() if cursor.description else []


async def test_reports_of_delivery_and_what_a_page_shows(ctx: Context, client_of: MakeClient) -> None:
    async with ctx.db.tx() as conn:
        gateway, _ = await gateways.create(conn, ctx, gateways.NewGateway("kannel", "K", sends=True, daily_segments=9))
        message, other = await put(
            conn, ctx, [Draft(k, SARA, "test", params={"code": "A1"}) for k in ("receipt", "answer")]
        )
        await conn.execute("UPDATE messages SET state = 'sent', gateway_id = %s WHERE id = %s", (gateway.id, message))
    assert message
    assert other
    address = urlsplit(report_url(ctx, gateway, message))
    kannel = await client_of(None)
    for state, code in (("8", 200), ("1", 200), ("2", 200), ("junk", 200)):
        assert (await kannel.get(f"{address.path}?{address.query}&state={state}")).status_code == code
    forged = address.query.replace(str(message), str(other))
    assert (await kannel.get(f"{address.path}?{forged}&state=1")).status_code == 403
    assert (await kannel.get(f"{address.path}?id=x&sig=y&state=1")).status_code == 403
    twilio = f"/intake/sms/twilio/dlr?{address.query}"
    assert (await kannel.post(twilio, data={"MessageStatus": "undelivered"})).status_code == 204
    sender = Sender(ctx)
    await sender.drain()
    await sender.close()
    staff = await client_of("coordinator")
    listed = (await staff.get("/api/messages")).json()
    assert [(m["id"], m["state"]) for m in listed["items"]] == [(str(other), "delivered"), (str(message), "delivered")]
    assert [m["kind"] for m in (await staff.get("/api/messages?kind=answer&limit=1")).json()["items"]] == ["answer"]
    answer = await staff.get("/api/messages/summary")
    summary = answer.json()
    assert summary["states"] == {"delivered": 2}
    assert (summary["segments"], summary["drill"], summary["waiting"]["messages"]) == (1, True, 0)
    assert [(g["name"], g["cap"], g["segments"], g["messages"]) for g in summary["gateways"]] == [("K", 9, 1, 1)]
    assert "98912" not in str(listed) + answer.text


async def test_words_by_hand_go_to_an_id_once_and_are_on_record(ctx: Context, client_of: MakeClient) -> None:
    gateway = await client_of("gateway")
    body = {"id": "1", "from": "09120000001", "to": "3000", "text": "آب نداریم"}
    report = (await gateway.post("/intake/sms/generic", json=body)).json()["report"]
    staff = await client_of("coordinator")
    note = {"words": "خودرو در راه است", "report": report}
    made = [await staff.post("/api/messages", json=note, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    assert [(m.status_code, m.json()) for m in made] == [(201, {"id": made[0].json()["id"], "segments": 1})] * 2
    (message,) = await rows(ctx, "SELECT * FROM messages WHERE kind = 'note'")
    assert message["id"] == UUID(made[0].json()["id"])
    (sent_by,) = await rows(ctx, "SELECT sender_hash FROM reports")
    assert bytes(message["to_hash"]) == bytes(sent_by["sender_hash"])
    (event,) = await rows(ctx, "SELECT data FROM events_unsealed WHERE verb = 'message.written'")
    assert event["data"] == {"report": report, "segments": 1}
    insert = (
        "INSERT INTO centres (id, code, name_fa, name_en, geom) VALUES (gen_random_uuid(), 'MSG', 'م', 'M',"
        " ST_SetSRID(ST_MakePoint(48, 33), 4326)) RETURNING id"
    )
    centre = str((await rows(ctx, insert))[0]["id"])
    reached, mute = [
        (await staff.post("/api/volunteers", json={"centre": centre, **more})).json()["id"]
        for more in ({"phone": "09120000002"}, {})
    ]
    done = await staff.post("/api/messages", json={"words": "Come", "volunteer": reached, "life": True})
    assert done.status_code == 201
    found = await rows(ctx, "SELECT m.priority FROM messages m JOIN volunteers v ON v.phone_hash = m.to_hash")
    assert found == [{"priority": 0}]
    for wrong, status in (
        ({"words": "x"}, 422),
        ({"words": "x", "report": report, "volunteer": report}, 422),
        ({"words": "  ", "report": report}, 422),
        ({"words": "س" * 500, "report": report}, 422),
        ({"words": "x", "report": str(message["id"])}, 404),
        ({"words": "x", "volunteer": report}, 404),
        ({"words": "x", "volunteer": mute}, 409),
        ({"words": "x", "number": SARA}, 422),
    ):
        assert (await staff.post("/api/messages", json=wrong)).status_code == status, wrong
