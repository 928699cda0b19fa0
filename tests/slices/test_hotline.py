"""The hotline: drafts are read and not kept, calls go in with what the listener adds, and each sees her own."""

import json
import re
from typing import Any

from fastapi import FastAPI

from server.access.context import Context
from server.kernel.ids import uuid7
from server.messaging.outbox import Draft, put
from server.reports import joining
from tests.slices.test_intake import count, rows
from tests.support.web import MakeClient

HERE = {"name": "Nurabad", "name_fa": "نورآباد", "lat": 34.07, "lon": 47.97, "accuracy_m": 6000}
NOTHING: dict[str, Any] = {
    "kind": "other", "urgency": "none", "people": None, "households": None, "needs": [], "incidents": [],
    "vulnerable": [], "place": None,
}  # fmt: skip


class TestTold:
    def test_what_the_listener_says_wins_and_what_she_leaves_out_stays(self) -> None:
        read = NOTHING | {"people": 3, "place": HERE | {"name": "elsewhere"}}
        assert joining.with_told(read, {"people": 5})["people"] == 5
        assert joining.with_told(read, {"place": HERE})["place"] == HERE
        assert joining.with_told(read, {"urgency": "life"}) == read | {"urgency": "life", "kind": "report"}
        assert joining.with_told(read, None) == read
        odds: list[Any] = [
            {"place": HERE | {"lat": "x"}},
            {"place": {"name": 1}},
            {"people": -1},
            {"urgency": "none"},
            [],
        ]
        for odd in odds:
            assert joining.with_told(read, odd) == read, odd


async def test_a_draft_is_read_and_leaves_nothing(client_of: MakeClient, ctx: Context) -> None:
    volunteer, gateway = await client_of("volunteer"), await client_of("gateway")
    told = await count(ctx, "events_unsealed")
    answer = await volunteer.post("/api/hotline/read", json={"text": "پنج نفر روی بام گرفتارند، پلدختر"})
    read = answer.json()
    assert (answer.status_code, read["urgency"], read["incidents"]) == (200, "life", ["trapped_people"])
    assert (await volunteer.post("/api/hotline/read", json=["x"])).status_code == 400
    assert (await gateway.post("/api/hotline/read", json={"text": "x"})).status_code == 403
    assert (await count(ctx, "reports"), await count(ctx, "events_unsealed")) == (0, told)


async def test_a_call_is_kept_once_and_its_typist_alone_sees_it(
    client_of: MakeClient, ctx: Context, app: FastAPI
) -> None:
    mine, other = await client_of("volunteer"), await client_of("volunteer")
    call: dict[str, Any] = {"channel": "hotline", "text": "زنی باردار درد دارد", "sender": "0912 123 4567"}
    call["told"] = {"people": 2, "urgency": "life", "place": HERE}
    answers = [await mine.post("/api/reports", json=call, headers={"Idempotency-Key": "k-1"}) for _ in range(3)]
    assert {(a.status_code, a.json()["receipt"]) for a in answers} == {(201, answers[0].json()["receipt"])}
    listed = (await mine.get("/api/hotline/calls")).json()["items"]
    assert [(c["receipt"], c["state"], c["links"]) for c in listed] == [(answers[0].json()["receipt"], "pending", [])]
    assert (await other.get("/api/hotline/calls")).json()["items"] == []
    row = (await rows(ctx, "SELECT * FROM reports"))[0]
    meta = ctx.sealing.of("reports", row["id"], row["data_key_wrapped"]).open("meta_sealed", row["meta_sealed"])
    assert json.loads(meta or b"")["told"] == call["told"]
    wrong = await mine.post("/api/reports", json=call | {"told": 5})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "told")


async def test_a_message_nobody_knows_of_is_sent_again_by_a_person_alone(client_of: MakeClient, ctx: Context) -> None:
    coordinator, dispatcher = await client_of("coordinator"), await client_of("dispatcher")
    async with ctx.db.tx() as conn:
        draft = Draft("receipt", "+989121234567", template="receipt", params={"code": "K7M29PQX"}, lang="fa")
        (message,) = await put(conn, ctx, [draft])
    path = f"/api/messages/{message}/again"
    for state, status, after in (
        ("unsure", 200, ("queued", "resent")),
        ("failed", 200, ("queued", None)),
        ("queued", 200, ("queued", None)),
        ("delivered", 409, ("delivered", None)),
    ):
        async with ctx.db.tx() as conn:
            await conn.execute("UPDATE messages SET state = %s, reason = NULL WHERE id = %s", (state, message))
        assert (await dispatcher.post(path)).status_code == 403
        assert (await coordinator.post(path)).status_code == status, state
        row = (await rows(ctx, "SELECT state, reason FROM messages"))[0]
        assert (row["state"], row["reason"]) == after
    assert (await coordinator.post(f"/api/messages/{uuid7()}/again")).status_code == 404


async def test_triage_shows_what_nobody_looked_at_first(client_of: MakeClient, ctx: Context) -> None:
    dispatcher, part = await client_of("dispatcher"), {"X-Part": "1"}
    sent = [await dispatcher.post("/api/reports", json={"text": t, "channel": "hotline"}) for t in ("یک", "دو", "سه")]
    first, second, _ = (answer.json()["id"] for answer in sent)
    async with ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO report_watches (report_id, due_at, escalated_at) VALUES (%s, now(), NULL), (%s, now(), now())",
            (first, second),
        )
    page = (await dispatcher.get("/inbox", headers=part)).text
    assert re.findall(r'data-row="([^"]+)"', page) == [second, first]
    assert page.count("voice-row--life") == 1
    assert (await dispatcher.post(f"/api/reports/{second}/seen")).status_code == 200
    page = (await dispatcher.get("/inbox?show=life", headers=part)).text
    assert re.findall(r'data-row="([^"]+)"', page) == [first]
