"""What to check next over real PostGIS: order, one-key answers, two people at once, rumours that stay refuted."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.access.context import Context
from server.kernel.ids import uuid7
from server.kernel.sealer import Sealer
from server.loops import ON_NEEDS
from server.messaging.outbox import to_hash
from server.reports import check_keeping, checking_queries, rumours, watching
from server.reports.chain import process_batch
from server.reports.intake import Incoming
from tests.slices import chain_kit as kit
from tests.support.web import MakeClient

pytestmark = pytest.mark.slices
A, B, C = "+989121110001", "+989121110002", "+989121110003"
HEARD = (rumours.hear, watching.watch)
RUMOUR = (
    "سد پلدختر شکسته", "سد پلدختر شکست همه فرار کنید", "Poldokhtar dam has collapsed", "میگن سد پلدختر شکسته، کمک",
    "sad poldokhtar shekaste",
)  # fmt: skip


async def settle(ctx: Context) -> None:
    """Let events reach the queue of checks, and its loop make anew what is due."""
    sealer = Sealer(ctx.db, ctx.redis, (check_keeping.project,))
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass
    while await check_keeping.turn(ctx):
        pass


async def told(ctx: Context, where: UUID, *messages: Any) -> list[Any]:
    """Messages read, with what follows from them; and the queue of checks after that."""
    accepted = await kit.send(ctx, where, *messages)
    while await process_batch(ctx, ON_NEEDS, 50, HEARD):
        continue
    await settle(ctx)
    return accepted


async def queue(client: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/checks", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def say(client: httpx.AsyncClient, item: dict[str, Any], state: str, **more: Any) -> httpx.Response:
    """One key: what a person answers about an item of the queue."""
    return await client.post(
        f"/api/{item['type']}s/{item['id']}/verify",
        json={"verification": state, **more},
        headers={"If-Match": f'"{item["version"]}"'},
    )


async def refute(ctx: Context, client: httpx.AsyncClient, kind: str, record: UUID, **more: Any) -> httpx.Response:
    tag = (await client.get(f"/api/{kind}s/{record}")).headers["etag"]
    done = await client.post(
        f"/api/{kind}s/{record}/verify",
        json={"verification": "refuted", "reason": "rumour", **more},
        headers={"If-Match": tag},
    )
    assert done.status_code == 200, done.text
    await settle(ctx)
    return done


async def test_the_queue_says_what_an_answer_would_change(ctx: Context, client_of: MakeClient) -> None:
    where, other = await kit.emergency(ctx), await kit.emergency(ctx, "E-OTHER")
    near, far = await kit.centre(ctx, "H-1", 47.7, 33.2), await kit.centre(ctx, "H-2", 54.4, 37.0)
    await told(
        ctx,
        where,
        (A, "NEED WATER 5 POLDOKHTAR"),
        (B, "در پلدختر خانه خراب شده و ۴ نفر زیر آوار هستند"),
        (C, "NEED FOOD 5 AQ QALA"),
    )
    await told(ctx, other, (A, "NEED TENT 5 POLDOKHTAR"))
    client = await client_of("coordinator")
    items = await queue(client, emergency=str(where))
    assert [i["score"] for i in items] == sorted((i["score"] for i in items), reverse=True)
    assert {i["urgency"] for i in items[:3]} == {"life"}
    assert items[-1]["urgency"] != "life"
    top = items[0]
    assert top["reasons"][0] == {
        "code": "people",
        "term": "risk",
        "times": 2.0,
        "people": 4,
        "fa": "چند نفر",
        "en": "How many people",
    }
    assert {"alone", "urgency"} <= {r["code"] for r in top["reasons"]}
    assert (top["reports"], top["voices"], top["asks"]["code"]) == (1, 1, "is_it_so")
    assert (await client.get(f"/api/reports/{top['report']}")).status_code == 200
    assert {i["centre"] for i in await queue(client, centre=str(near), emergency=str(where))} == {str(near)}
    assert [i["category"] for i in await queue(client, bbox="54,36,55,38")] == ["food"]
    assert [i["centre"] for i in await queue(client, centre=str(far))] == [str(far)]
    seen: list[str] = []
    cursor = None
    while True:
        page = (await client.get("/api/checks", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [i["id"] for i in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == len(set(seen)) == len(items) + 1
    bound = await client_of("coordinator", emergency=other)
    assert [i["emergency"] for i in await queue(bound)] == [str(other)]
    assert (await bound.get("/api/checks", params={"emergency": str(where)})).status_code == 404
    assert (await client.get("/api/checks", params={"cursor": "nonsense"})).status_code == 400


async def test_one_key_answers_and_taking_them_back(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    await kit.centre(ctx, "H-1", 47.7, 33.2)
    (report,) = await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    one, two = await client_of("coordinator"), await client_of("coordinator")
    (item,) = await queue(one)
    assert {r["code"] for r in item["reasons"]} >= {"tasks"}
    # Not sure: gone for her, not for the other.
    assert (await one.post(f"/api/needs/{item['id']}/skip")).status_code == 200
    assert (await queue(one), len(await queue(two))) == ([], 1)
    # Ask the sender: once, and the text tells nothing.
    asked = await two.post(f"/api/needs/{item['id']}/ask")
    assert (asked.status_code, asked.json()["report"]) == (201, str(report.id))
    again = await one.post(f"/api/needs/{item['id']}/ask")
    assert (again.status_code, again.json()["code"]) == (409, "check.asked")
    texts = await kit.rows(
        ctx, "SELECT template, params, lang, to_hash, kind FROM messages WHERE template = 'check.ask'"
    )
    assert [(t["params"], t["lang"], bytes(t["to_hash"])) for t in texts] == [
        ({"code": report.receipt}, "en", to_hash(ctx.sealing, A))
    ]
    # Two at once: the second sees what the first said.
    first, second = await asyncio.gather(
        say(one, item, "confirmed", reason="called_back", note="Her name is Zahra"), say(two, item, "refuted")
    )
    winner, loser = (first, second) if first.status_code == 200 else (second, first)
    assert (winner.status_code, loser.status_code) == (200, 412)
    state = winner.json()["properties"]["verification"]
    assert loser.json()["current"]["properties"]["verification"] == state
    await settle(ctx)
    assert await queue(two) == []
    seen = winner.json()["properties"]["verifications"]
    assert [(v["from"], v["to"], v["undone"]) for v in seen] == [("unverified", state, False)]
    assert seen[0]["by"].startswith("token:")
    undone = await one.post(f"/api/needs/{item['id']}/verify/undo", headers={"If-Match": winner.headers["etag"]})
    properties = undone.json()["properties"]
    assert (properties["verification"], "verification" in properties["decided"]) == ("unverified", False)
    assert [(v["from"], v["to"], v["reason"], v["undone"]) for v in properties["verifications"]] == [
        (state, "unverified", "undone", False),
        ("unverified", state, seen[0]["reason"], True),
    ]
    nothing = await one.post(f"/api/needs/{item['id']}/verify/undo", headers={"If-Match": undone.headers["etag"]})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "verify.nothing")
    await settle(ctx)
    (back,) = await queue(await client_of("dispatcher"))
    assert (await say(one, back, "confirmed", reason="rumour")).status_code == 422
    tag = {"If-Match": f'"{back["version"]}"'}
    patched = await one.patch(f"/api/needs/{item['id']}", json={"verification": "likely"}, headers=tag)
    assert [v["to"] for v in patched.json()["properties"]["verifications"]][:1] == ["likely"]


async def test_a_note_is_sealed_and_opened_on_record(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    await told(ctx, where, (A, "پل معمولان خراب شد"))
    client = await client_of("coordinator")
    item = next(i for i in await queue(client) if i["category"] == "bridge_out")
    assert "closes_way" in {r["code"] for r in item["reasons"]}
    done = await say(client, item, "refuted", reason="not_found", note="Reza of the bridge said so")
    (line,) = done.json()["properties"]["verifications"]
    assert line["has_note"]
    closures = (await client.get("/api/closures", params={"status": "lifted"})).json()["features"]
    assert [c["properties"]["incident"] for c in closures] == [item["id"]]
    stored = await kit.rows(ctx, "SELECT to_jsonb(v)::text AS line FROM verifications v")
    told_events = await kit.rows(ctx, "SELECT coalesce(string_agg(data::text, ' '), '') AS d FROM events_unsealed")
    assert "Reza" not in stored[0]["line"] + told_events[0]["d"]
    opened = await client.get(f"/api/verifications/{line['id']}")
    assert opened.json()["note"] == "Reza of the bridge said so"
    looked = await kit.rows(ctx, "SELECT subject_id FROM events_unsealed WHERE verb = 'note.opened'")
    assert [str(r["subject_id"]) for r in looked] == [item["id"]]
    assert (await (await client_of("volunteer")).get(f"/api/verifications/{line['id']}")).status_code == 403
    shown = (await (await client_of("volunteer")).get(f"/api/incidents/{item['id']}")).json()["properties"]
    assert "verifications" not in shown


async def test_a_refuted_need_frees_what_waits_and_proposes_to_recall_what_is_held(
    ctx: Context, client_of: MakeClient
) -> None:
    where = await kit.emergency(ctx)
    await kit.centre(ctx, "H-1", 47.7, 33.2)
    await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"), (B, "NEED FOOD 50 POLDOKHTAR"))
    held, waits = sorted(await kit.needs_of(ctx, where), key=lambda n: n["category"])
    volunteer = uuid7()
    (house,) = await kit.rows(ctx, "SELECT id FROM centres")
    await kit.rows(
        ctx,
        "INSERT INTO volunteers (id, code, centre_id) VALUES (%s, 'V-TEST1', %s) RETURNING id",
        volunteer,
        house["id"],
    )
    await kit.rows(
        ctx,
        "UPDATE tasks SET state = 'accepted', holder_id = %s, lease_until = now() + interval '1 hour', fence = 1"
        " WHERE need_id = %s RETURNING id",
        volunteer,
        held["id"],
    )
    client = await client_of("coordinator")
    done = await refute(ctx, client, "need", held["id"])
    assert [t["state"] for t in done.json()["properties"]["recall"]] == ["accepted"]
    assert done.json()["properties"]["priority"] == 0
    assert (await refute(ctx, client, "need", waits["id"])).json()["properties"]["recall"] == []
    states = {r["need_id"]: r["state"] for r in await kit.rows(ctx, "SELECT need_id, state FROM tasks")}
    assert states == {held["id"]: "accepted", waits["id"]: "cancelled"}
    # With an incident, what was made for the needs that follow from it is a person's to decide about.
    await told(ctx, where, (C, "جاده معمولان بسته است و غذا نداریم"))
    (road,) = await kit.incidents_of(ctx, where)
    (recall,) = (await refute(ctx, client, "incident", road["id"])).json()["properties"]["recall"]
    (need,) = [n for n in await kit.needs_of(ctx, where, "food") if n["incident_id"] == road["id"]]
    assert (recall["state"], recall["need"]) == ("queued", str(need["id"]))
    causes = await kit.rows(ctx, "SELECT data FROM events WHERE verb = 'task.changed' AND data ? 'cause'")
    assert {"need.refuted", "incident.refuted"} <= {r["data"]["cause"] for r in causes}


async def rumour(ctx: Context, where: UUID) -> dict[str, Any]:
    """The dam's break, as the first one told it."""
    await told(ctx, where, (A, RUMOUR[0]))
    return next(i for i in await kit.incidents_of(ctx, where) if i["category"] == "dam_or_levee_risk")


async def test_refuted_stays_refuted_for_the_next_ten_and_comes_back_to_a_person(
    ctx: Context, client_of: MakeClient
) -> None:
    where = await kit.emergency(ctx)
    await kit.centre(ctx, "H-1", 47.7, 33.2)
    dam = await rumour(ctx, where)
    client = await client_of("coordinator")
    watched = len(await kit.rows(ctx, "SELECT 1 FROM report_watches"))
    await refute(ctx, client, "incident", dam["id"])
    before = len(await queue(client))
    tasks = len(await kit.rows(ctx, "SELECT 1 FROM tasks"))
    made = await told(ctx, where, *[(f"+98935222{i:04d}", RUMOUR[i % len(RUMOUR)]) for i in range(4)])
    assert len(await queue(client)) == before, "four voices are not yet worth a second look"
    made += await told(ctx, where, *[(f"+98935223{i:04d}", RUMOUR[i % len(RUMOUR)]) for i in range(6)])
    dams = [i for i in await kit.incidents_of(ctx, where) if i["category"] == "dam_or_levee_risk"]
    assert [(i["id"], i["verification"], i["corroboration"]) for i in dams] == [(dam["id"], "refuted", 11)]
    linked = await kit.rows(ctx, "SELECT report_id FROM report_links WHERE incident_id = %s", dam["id"])
    assert {m.id for m in made} <= {r["report_id"] for r in linked}, "all are shown with it"
    assert len(await kit.rows(ctx, "SELECT 1 FROM tasks")) == tasks
    assert len(await kit.rows(ctx, "SELECT 1 FROM report_watches")) == watched, "nobody is called for a rumour"
    item = next(i for i in await queue(client) if i["id"] == str(dam["id"]))
    assert [(r["code"], r["voices"]) for r in item["reasons"] if r["term"] == "doubt"] == [("rumour_persists", 10)]
    assert item["asks"]["code"] == "still_refuted"
    # Refuted again: these ten have been heard, so it is quiet until others come.
    await refute(ctx, client, "incident", dam["id"])
    assert [i for i in await queue(client) if i["id"] == str(dam["id"])] == []


async def test_new_details_of_a_danger_to_life_ring_though_the_record_is_refuted(
    ctx: Context, client_of: MakeClient
) -> None:
    where = await kit.emergency(ctx)

    async def watched() -> set[UUID]:
        return {r["report_id"] for r in await kit.rows(ctx, "SELECT report_id FROM report_watches")}

    # A village small enough to be walked across: in a town, rubble in the same words may be another house.
    rubble = "روستای سراب دوره چند نفر زیر آوار هستند"
    (first,) = await told(ctx, where, (A, rubble))
    client = await client_of("coordinator")
    for item in await queue(client):
        assert (await say(client, item, "refuted", reason="hoax")).status_code == 200
    records = len(await kit.incidents_of(ctx, where)) + len(await kit.needs_of(ctx, where))
    await told(ctx, where, (B, rubble))
    assert await watched() == {first.id}, "the same words again call nobody"
    (more,) = await told(ctx, where, (C, "روستای سراب دوره ۶ نفر زیر آوار هستند، یک نوزاد هم هست"))
    assert await watched() == {first.id, more.id}
    assert len(await kit.incidents_of(ctx, where)) + len(await kit.needs_of(ctx, where)) == records
    codes = {r["code"] for i in await queue(client) for r in i["reasons"]}
    assert "new_details" in codes
    assert await kit.rows(ctx, "SELECT 1 FROM tasks WHERE state <> 'cancelled'") == []


async def test_our_own_people_in_the_field_reopen_a_record(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    await kit.centre(ctx, "H-1", 47.7, 33.2)
    await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    (need,) = await kit.needs_of(ctx, where)
    client = await client_of("coordinator")
    await refute(ctx, client, "need", need["id"])
    form = Incoming("form", "openrosa", "1", b"NEED WATER 50 POLDOKHTAR", "token:team", emergency_id=where)
    (report,) = await told(ctx, where, form)
    (need,) = await kit.needs_of(ctx, where)
    assert (need["verification"], need["decided_by"]) == ("likely", "system")
    properties = (await client.get(f"/api/needs/{need['id']}")).json()["properties"]
    assert [(v["to"], v["reason"], v["report"]) for v in properties["verifications"]] == [
        ("likely", "field_report", str(report.id)),
        ("refuted", "rumour", None),
    ]
    live = await kit.rows(ctx, "SELECT state FROM tasks WHERE state = 'queued'")
    assert len(live) == 1, "its task is back"
    # The same team again is nobody new: a second refutation stands against it.
    await refute(ctx, client, "need", need["id"])
    await told(
        ctx, where, Incoming("form", "openrosa", "2", b"NEED WATER 60 POLDOKHTAR", "token:team", emergency_id=where)
    )
    assert [n["verification"] for n in await kit.needs_of(ctx, where)] == ["refuted"]
    # A person reopens it.
    tag = (await client.get(f"/api/needs/{need['id']}")).headers["etag"]
    done = await client.post(
        f"/api/needs/{need['id']}/verify",
        json={"verification": "confirmed", "reason": "seen_by_us"},
        headers={"If-Match": tag},
    )
    assert done.json()["properties"]["priority"] > 0
    await settle(ctx)
    assert await queue(client) == []


async def test_a_loop_killed_between_leaves_the_rows_due(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    where = await kit.emergency(ctx)
    await kit.told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    sealer = Sealer(ctx.db, ctx.redis, (check_keeping.project,))
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checking_queries, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            await check_keeping.turn(ctx)
    assert await check_keeping.turn(ctx) == 1
    (row,) = await kit.rows(ctx, "SELECT score > 0 AS listed, due_at > now() AS later FROM checks")
    assert (row["listed"], row["later"]) == (True, True)
    # Silence alone: an hour later it is made anew, without any event.
    await kit.rows(ctx, "UPDATE needs SET last_reported_at = now() - interval '13 hours' RETURNING 1")
    await kit.rows(ctx, "UPDATE checks SET due_at = now() RETURNING 1")
    assert await check_keeping.turn(ctx) == 1
    (row,) = await kit.rows(ctx, "SELECT asks FROM checks")
    assert row["asks"] == "still_so"


async def test_a_page_costs_what_is_asked_however_long_the_queue(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    await kit.told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    await settle(ctx)
    async with ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO checks (subject_id, kind, emergency_id, score, geom) SELECT gen_random_uuid(), 'need', %s,"
            " 0.001 + random() / 1000, ST_SetSRID(ST_MakePoint(45 + random() * 15, 27 + random() * 10), 4326)"
            " FROM generate_series(1, 4000)",
            (where,))  # fmt: skip
        await conn.execute("ANALYZE checks")
        read = "SELECT coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0) AS n FROM pg_stat_xact_user_tables"
        asked: dict[str, Any] = {"actor": "a", "limit": 21, "centre": None, "box": None, "after": None}
        for within, most in (((where,), 21), (None, 21)):
            before = await (await conn.execute(read + " WHERE relname = 'checks'")).fetchone()
            found = await checking_queries.page(conn, within=within, **asked)
            after = await (await conn.execute(read + " WHERE relname = 'checks'")).fetchone()
            assert before is not None
            assert after is not None
            assert (len(found), found[0]["category"]) == (21, "water")
            assert after["n"] - before["n"] <= most
        assert await checking_queries.mark_all(conn) == 4001
    # What is no record any more leaves the queue by itself when its time comes.
    await kit.rows(ctx, "UPDATE checks SET due_at = now() RETURNING 1")
    while await check_keeping.turn(ctx):
        pass
    assert [i["category"] for i in await queue(await client_of("auditor"))] == ["water"]


async def test_a_rumour_draws_vaguer_words_and_never_another_house(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    client = await client_of("coordinator")
    await told(ctx, where, (A, "سد در استان لرستان شکسته"), (B, "در پلدختر چند نفر زیر آوار هستند"))
    for record in await kit.incidents_of(ctx, where):
        await refute(ctx, client, "incident", record["id"])
    before = {r["id"]: r["category"] for r in await kit.incidents_of(ctx, where)}
    await told(ctx, where, (C, "میگن توی لرستان سد شکسته"), (C, "پلدختر چند نفر زیر آوار مانده‌اند"))
    new = [r for r in await kit.incidents_of(ctx, where) if r["id"] not in before]
    assert "dam_or_levee_risk" in before.values()
    assert "dam_or_levee_risk" not in {r["category"] for r in new}, "the dam is the same rumour"
    assert {r["verification"] for r in new if r["category"] == "trapped_people"} == {"unverified"}
    items = {i["id"]: i["reasons"] for i in await queue(client)}
    assert "near_rumour" in {r["code"] for i in new for r in items[str(i["id"])]}, (
        "a person is told that something like it was refuted nearby"
    )
