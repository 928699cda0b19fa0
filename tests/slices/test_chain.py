"""The chain on real messages: read, located, joined, judged; all of a batch or nothing of it."""

import asyncio
from typing import Any
from uuid import UUID

import orjson
import pytest

from server.access.context import Context
from server.reports import chain, weaving
from server.reports.chain import process_batch, rerank
from server.reports.intake import Incoming
from tests.slices.chain_kit import POLDOKHTAR, centre, emergency, incidents_of, needs_of, rows, send, told

A, B, C = "+989121110001", "+989121110002", "+989121110003"


async def test_two_voices_make_one_need_with_the_agreed_number(ctx: Context) -> None:
    where = await emergency(ctx)
    accepted = await told(
        ctx,
        where,
        (A, "پلدختر، ۲۰ خانواده آب نداریم"),
        (B, "Poldokhtar: 20 families have no water"),
        (A, "پلدختر هنوز آب نداریم ۲۰ خانوار"),
    )
    [need] = await needs_of(ctx, where, "water")
    assert (need["households"], need["corroboration"], need["name_en"]) == (20, 2, "Poldokhtar")
    assert need["geom_exact_sealed"] is None
    assert (round(need["lon"], 3), round(need["lat"], 3)) == (47.710, 33.152)
    links = await rows(ctx, "SELECT report_id, role FROM report_links WHERE need_id = %s", need["id"])
    assert {r["report_id"] for r in links} == {a.id for a in accepted}
    assert {r["role"] for r in links} == {"primary"}
    states = await rows(ctx, "SELECT DISTINCT read_state FROM reports")
    assert [s["read_state"] for s in states] == ["read"]


async def test_numbers_are_corroborated_never_summed(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"), (B, "NEED WATER 40 POLDOKHTAR"), (C, "نیاز آب ۴۰ پلدختر"))
    [need] = await needs_of(ctx, where, "water")
    assert (float(need["quantity"]), need["corroboration"], need["verification"]) == (40.0, 3, "likely")


async def test_other_place_other_category_other_emergency_are_other_needs(ctx: Context) -> None:
    one, two = await emergency(ctx, "E-A"), await emergency(ctx, "E-B")
    await told(ctx, one, (A, "NEED WATER 5 POLDOKHTAR"), (B, "NEED WATER 5 AQ QALA"), (C, "NEED FOOD 5 POLDOKHTAR"))
    await told(ctx, two, (A, "NEED WATER 5 POLDOKHTAR"))
    assert (len(await needs_of(ctx, one)), len(await needs_of(ctx, two))) == (3, 1)


async def test_houses_of_a_town_stay_apart_and_neighbours_of_a_doorstep_meet(ctx: Context) -> None:
    where = await emergency(ctx)
    lon, lat = POLDOKHTAR
    for sender, off in ((A, 0.0), (B, 0.001), (C, 0.02)):
        await send(
            ctx,
            where,
            Incoming(
                "api", "test", sender, "پلدختر آب نداریم".encode(), sender, lon=lon + off, lat=lat, emergency_id=where
            ),
        )
    await send(ctx, where, ("+989121110009", "پلدختر آب نداریم"))
    while await process_batch(ctx):
        pass
    found = await needs_of(ctx, where, "water")
    assert sorted(n["corroboration"] for n in found) == [1, 1, 2]
    exact = [n for n in found if n["geom_exact_sealed"]]
    assert len(exact) == 2
    for need in exact:
        opened = ctx.sealing.of("needs", need["id"], need["data_key_wrapped"]).open(
            "geom_exact_sealed", need["geom_exact_sealed"]
        )
        true_lon, true_lat = orjson.loads(opened or b"")
        assert (need["lon"], need["lat"]) == ctx.sealing.blur(true_lon, true_lat)
        assert (need["lon"], need["lat"]) != (true_lon, true_lat)
        assert need["accuracy_m"] < 1000


async def test_the_named_place_wins_over_a_sender_far_away(ctx: Context) -> None:
    where = await emergency(ctx)
    [accepted] = await told(
        ctx,
        where,
        Incoming("api", "test", "1", "در پلدختر ۵۰ نفر آب ندارند".encode(), A, lon=51.4, lat=35.7, emergency_id=where),
    )
    [need] = await needs_of(ctx, where, "water")
    assert (round(need["lon"], 2), need["accuracy_m"]) == (47.71, 5000)
    [reading] = await rows(ctx, "SELECT reading FROM readings WHERE report_id = %s", accepted.id)
    assert reading["reading"]["flags"] == ["sender_elsewhere"]


async def test_a_fallen_bridge_makes_a_closure_and_many_voices_one(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "پل معمولان خراب شد"), (B, "The bridge in Mamulan has collapsed"))
    [incident] = [i for i in await incidents_of(ctx, where) if i["category"] == "bridge_out"]
    assert incident["corroboration"] == 2
    [closure] = await rows(ctx, "SELECT kind, status, incident_id, verification, ST_X(geom) AS lon FROM closures")
    assert (closure["kind"], closure["status"], closure["incident_id"]) == ("bridge", "active", incident["id"])
    assert closure["lon"] == incident["lon"]


async def test_answers_of_a_form_win_over_words(ctx: Context) -> None:
    where = await emergency(ctx)
    answers: dict[str, Any] = {
        "needs": [{"category": "shelter", "quantity": 12, "unit": "piece"}, {"category": "nonsense", "quantity": 1}],
        "incidents": ["building_collapsed", "dragon"],
        "people": 60,
        "households": 14,
        "vulnerable": ["infant"],
        "urgency": "high",
        "lat": 33.16,
        "lon": 47.72,
        "accuracy_m": 8.0,
        "place_name": "پلدختر",
        "notes": ["سه نفر آب ندارند"],
    }
    await told(
        ctx,
        where,
        Incoming(
            "form",
            "form",
            "uuid:1",
            b"<data/>",
            None,
            content_type="text/xml",
            meta={"answers": answers},
            emergency_id=where,
        ),
    )
    [need] = await needs_of(ctx, where)
    assert (need["category"], float(need["quantity"]), need["unit"], need["people"]) == ("shelter", 12.0, "piece", 60)
    assert (need["accuracy_m"], need["vulnerable"], need["name_en"]) == (8.0, ["infant"], "Poldokhtar")
    [incident] = await incidents_of(ctx, where)
    assert (incident["category"], incident["lon"], need["incident_id"]) == ("building_collapsed", 47.72, incident["id"])


async def test_without_a_place_only_the_same_sender_is_joined(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "پلدختر، آب نداریم"))
    await told(ctx, where, (A, "هنوز آب نداریم، ۱۲ نفریم"), (B, "آب نداریم"))
    known, unlocated = await needs_of(ctx, where, "water")
    assert (known["people"], known["corroboration"], known["name_en"]) == (12, 1, "Poldokhtar")
    assert (unlocated["corroboration"], unlocated["lon"]) == (1, None)


async def test_met_by_its_only_voice_and_proposed_otherwise(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "پلدختر چادر نداریم"))
    await told(ctx, where, (A, "چادرها رسید ممنون، پلدختر"))
    [need] = await needs_of(ctx, where, "shelter")
    assert (need["status"], need["corroboration"]) == ("met", 1)
    await told(ctx, where, (A, "آق قلا چادر نداریم"), (B, "آق قلا چادر نداریم"))
    await told(ctx, where, (A, "چادرها رسید ممنون، آق قلا"))
    open_ones = [n for n in await needs_of(ctx, where, "shelter") if n["status"] == "open"]
    assert [n["corroboration"] for n in open_ones] == [2]
    proposals = await rows(ctx, "SELECT subject_id FROM events_unsealed WHERE data->>'proposal' = 'met'")
    assert [p["subject_id"] for p in proposals] == [open_ones[0]["id"]]
    # Over is over: a new cry is a new need.
    await told(ctx, where, (A, "پلدختر چادر نداریم"))
    assert len([n for n in await needs_of(ctx, where, "shelter") if n["name_en"] == "Poldokhtar"]) == 2


async def test_commands_of_a_sender_are_stored_and_not_acted_upon(ctx: Context) -> None:
    where = await emergency(ctx)
    accepted = await told(ctx, where, (A, "STATUS K7MP2Q9X"), (A, "ACCEPT T7MP2Q9X"), (A, "سلام خدا قوت"))
    assert await needs_of(ctx, where) == []
    assert await rows(ctx, "SELECT 1 AS x FROM report_links") == []
    read = await rows(ctx, "SELECT reading->'command'->>'command' AS c FROM readings ORDER BY report_id")
    assert {r["c"] for r in read} == {"STATUS", "ACCEPT", None}
    assert len(accepted) == 3


async def test_triage_is_read_and_joined_once_it_has_an_emergency(ctx: Context) -> None:
    where = await emergency(ctx)
    [accepted] = await told(ctx, None, (A, "پلدختر آب نداریم"))
    assert await process_batch(ctx) == 0
    [state] = await rows(ctx, "SELECT read_state, read_at IS NOT NULL AS seen FROM reports")
    assert (state["read_state"], state["seen"]) == ("pending", True)
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE reports SET emergency_id = %s WHERE id = %s", (where, accepted.id))
    assert await process_batch(ctx) == 1
    assert len(await needs_of(ctx, where, "water")) == 1
    current = await rows(ctx, "SELECT current FROM readings ORDER BY created_at")
    assert [c["current"] for c in current] == [False, True]


async def test_events_tell_what_happened_where_and_nothing_personal(ctx: Context) -> None:
    where = await emergency(ctx)
    near, _ = await centre(ctx, "H-1", 47.7, 33.2), await centre(ctx, "H-2", 54.4, 37.0)
    [accepted] = await told(ctx, where, (A, "پلدختر سیل آمده آب نداریم"))
    events = await rows(ctx, "SELECT verb, subject_id, centre_id, data FROM events_unsealed ORDER BY id")
    assert events[0]["verb"] == "report.accepted"
    assert {e["verb"] for e in events[1:]} == {"incident.created", "need.created", "report.read"}
    assert {e["centre_id"] for e in events[1:]} == {near}
    assert events[-1]["subject_id"] == accepted.id
    assert "پلدختر" not in str(events)
    assert "9121110001" not in str(events)


async def test_hooks_get_the_needs_that_changed_in_the_same_transaction(ctx: Context) -> None:
    where = await emergency(ctx)
    seen: list[UUID] = []

    async def hook(conn: Any, _: Context, ids: Any) -> None:
        found = await (await conn.execute("SELECT id FROM needs WHERE id = ANY(%s)", (list(ids),))).fetchall()
        seen.extend(r["id"] for r in found)

    await send(ctx, where, (A, "پلدختر آب نداریم"), (B, "سلام"))
    await process_batch(ctx, [hook])
    assert seen == [n["id"] for n in await needs_of(ctx, where)]


async def test_one_bad_report_is_set_apart_after_three_attempts(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    where = await emergency(ctx)
    [bad] = await send(ctx, where, (A, "BROKEN"))
    await send(ctx, where, (B, "پلدختر آب نداریم"), (C, "پلدختر غذا نداریم"))
    real = weaving.Weaver.weave

    async def weave(self: Any, conn: Any, reports: Any, at: Any) -> None:
        await real(self, conn, reports, at)
        if any(r.id == bad.id for r in reports):
            raise ValueError("words that must not be kept")

    monkeypatch.setattr(weaving.Weaver, "weave", weave)
    assert await process_batch(ctx) == 3
    assert len(await needs_of(ctx, where)) == 2
    [row] = await rows(ctx, "SELECT read_state, read_attempts, read_error FROM reports WHERE id = %s", bad.id)
    assert (row["read_state"], row["read_attempts"], row["read_error"]) == ("pending", 1, "ValueError")
    assert [await process_batch(ctx), await process_batch(ctx), await process_batch(ctx)] == [1, 1, 0]
    [row] = await rows(ctx, "SELECT read_state FROM reports WHERE id = %s", bad.id)
    failed = await rows(ctx, "SELECT subject_id, data FROM events_unsealed WHERE verb = 'report.failed'")
    assert (row["read_state"], [f["subject_id"] for f in failed]) == ("failed", [bad.id])
    assert "must not" not in str(failed)


async def test_a_kill_in_the_middle_leaves_nothing(ctx: Context) -> None:
    where = await emergency(ctx)
    await send(ctx, where, (A, "پلدختر آب نداریم"), (B, "آق قلا غذا نداریم"))

    async def killed(conn: Any, _: Context, __: Any) -> None:
        await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Exception, match=r"terminat|closed|lost"):
        await process_batch(ctx, [killed])
    assert await needs_of(ctx, where) == []
    assert await rows(ctx, "SELECT 1 AS x FROM readings") == []
    [count] = await rows(
        ctx, "SELECT count(*) AS n, max(read_attempts) AS tries FROM reports WHERE read_state = 'pending'"
    )
    assert (count["n"], count["tries"]) == (2, 0)
    assert await process_batch(ctx) == 2
    assert len(await needs_of(ctx, where)) == 2


async def test_workers_at_once_make_one_need_of_one_happening(ctx: Context) -> None:
    where = await emergency(ctx)
    texts = ("پلدختر آب نداریم", "Poldokhtar has no drinking water", "پلدختر غذا نداریم", "سیل آمده پلدختر")
    await send(ctx, where, *((f"+98912000{n:04}", texts[n % 4]) for n in range(120)))

    async def worker() -> int:
        done = 0
        while some := await process_batch(ctx, limit=7):
            done += some
        return done

    assert sum(await asyncio.gather(*(worker() for _ in range(4)))) == 120
    found = {n["category"]: n["corroboration"] for n in await needs_of(ctx, where)}
    assert found == {"water": 60, "food": 30}
    assert [(i["category"], i["corroboration"]) for i in await incidents_of(ctx, where)] == [("flooding", 30)]
    [links] = await rows(ctx, "SELECT count(*) AS n, count(DISTINCT report_id) AS reports FROM report_links")
    assert (links["n"], links["reports"]) == (120, 120)


async def test_a_person_s_decision_outlives_new_reports(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    async with ctx.db.tx() as conn:
        await conn.execute(
            "UPDATE needs SET quantity = 30, verification = 'confirmed', decided = '{quantity,verification}'"
        )
    await told(ctx, where, (B, "NEED WATER 80 POLDOKHTAR"), (C, "NEED WATER 80 POLDOKHTAR"))
    [need] = await needs_of(ctx, where)
    assert (float(need["quantity"]), need["verification"], need["corroboration"]) == (30.0, "confirmed", 3)


async def test_waiting_raises_the_score_without_touching_the_version(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    [before] = await needs_of(ctx, where)
    assert await rerank(ctx) == 0
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE needs SET first_reported_at = first_reported_at - interval '10 hours'")
    [aged] = await needs_of(ctx, where)
    seen: list[Any] = []

    async def hook(_: Any, __: Context, ids: Any) -> None:
        seen.extend(ids)

    assert await rerank(ctx, [hook]) == 1
    [after] = await needs_of(ctx, where)
    assert (after["priority"], after["version"], seen) == (before["priority"] + 5, aged["version"], [after["id"]])
    assert await rerank(ctx) == 0


async def test_the_loop_answers_a_ring(ctx: Context) -> None:
    where = await emergency(ctx)
    loop = asyncio.create_task(chain.run(ctx))
    try:
        await send(ctx, where, (A, "پلدختر آب نداریم"))
        for _ in range(100):
            if await needs_of(ctx, where):
                break
            await asyncio.sleep(0.1)
        assert len(await needs_of(ctx, where)) == 1
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
