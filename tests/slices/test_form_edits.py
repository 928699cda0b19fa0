"""An edit counts in the place of what it replaces: whatever the order, however often, wherever it was cut off."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.access.context import Context
from server.forms import effect_queries, settling
from server.forms.effect_routes import router as effect_router
from server.forms.shelter_routes import router as shelter_router
from server.loops import ON_NEEDS
from server.reports.chain import process_batch
from tests.slices.chain_kit import emergency, needs_of
from tests.slices.forms_kit import Field, Sent, count, effects, publish, read_all, rows, settle, shelf, stocked
from tests.slices.forms_kit import given as handed
from tests.slices.test_form_effects import RAPID, road, shelter, visit
from tests.support.dispatch_world import World, a_client, an_app


@pytest.fixture
async def phone(ctx: Context) -> Field:
    await publish(ctx)
    await stocked(ctx)
    return await Field(ctx, await emergency(ctx)).sign_in()


async def test_goods_of_an_edit_count_instead_of_the_first(phone: Field) -> None:
    await phone.send("stock_count", count("C-NORTH", blanket=40))
    first = await phone.send("distribution", handed("C-NORTH", blanket=36))
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 4}
    second = await phone.send("distribution", handed("C-NORTH", blanket=39), replaces=first)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 1}
    assert await effects(phone.ctx, first) == [("movement", "reversed", None)]
    assert await effects(phone.ctx, second) == [("movement", "done", None)]
    assert len(await rows(phone.ctx, "SELECT 1 FROM movements")) == 4, "nothing was deleted"


async def test_an_edited_count_speaks_of_the_books_as_they_were(phone: Field) -> None:
    first = await phone.send("stock_count", count("C-NORTH", blanket=50))
    await phone.send("distribution", handed("C-NORTH", blanket=20))
    await settle(phone.ctx)
    second = await phone.send("stock_count", count("C-NORTH", blanket=45), replaces=first)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 25}
    await phone.send("stock_count", count("C-NORTH", blanket=46), replaces=second)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 26}


async def test_goods_that_are_gone_keep_the_books_with_the_first_until_a_person_looks(phone: Field) -> None:
    first = await phone.send("stock_count", count("C-NORTH", blanket=40))
    await phone.send("distribution", handed("C-NORTH", blanket=30))
    await settle(phone.ctx)
    second = await phone.send("stock_count", count("C-NORTH", blanket=4), replaces=first)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 10}
    assert await effects(phone.ctx, first) == [("movement", "done", None)]
    assert await effects(phone.ctx, second) == [
        ("movement", "refused", "edit.waits"),
        ("undo", "refused", "stock.short"),
    ]


async def test_needs_of_an_edit_count_instead_of_the_first(phone: Field) -> None:
    first = await phone.send("rapid_needs", RAPID)
    await settle(phone.ctx)
    [before] = await needs_of(phone.ctx, phone.emergency, "water")
    say = RAPID.replace("flooding", "power_outage").replace(">200<", ">50<")
    await phone.send("rapid_needs", say, replaces=first)
    await settle(phone.ctx)
    [after] = await needs_of(phone.ctx, phone.emergency, "water")
    assert (after["id"], int(after["quantity"]), after["corroboration"]) == (before["id"], 50, 1)
    states = await rows(phone.ctx, "SELECT category, status FROM incidents ORDER BY category")
    assert [(i["category"], i["status"]) for i in states] == [("flooding", "resolved"), ("power_outage", "open")]


@pytest.mark.parametrize("why", ["decided", "corrected"])
async def test_what_a_person_has_decided_is_asked_not_overridden(phone: Field, why: str) -> None:
    first = await phone.send("rapid_needs", RAPID)
    await settle(phone.ctx)
    async with phone.ctx.db.tx() as conn:
        if why == "decided":
            await conn.execute("UPDATE needs SET decided = '{urgency}', decided_by = 'session:x'")
        else:
            await conn.execute("UPDATE readings SET rules_version = 'person' WHERE report_id = %s", (first.report,))
    nothing = RAPID.replace("<needs>water</needs>", "<needs/>").replace("<amount_water>200</amount_water>", "")
    second = await phone.send("rapid_needs", nothing, replaces=first)
    await settle(phone.ctx)
    [need] = await needs_of(phone.ctx, phone.emergency, "water")
    assert need["status"] in {"open", "tasked"}
    reason = "record.held" if why == "decided" else "report.decided"
    assert await effects(phone.ctx, second) == [("report", "refused", reason)]


async def test_an_edit_before_its_original_leaves_the_original_without_effect(phone: Field) -> None:
    first = "uuid:5d1f0d52-2b3c-4a6f-8d8f-111111111111"
    second = await phone.send("stock_count", count("C-NORTH", blanket=7), replaces=first)
    await settle(phone.ctx)
    late = await phone.send("stock_count", count("C-NORTH", blanket=9), instance=first)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 7}
    assert (await effects(phone.ctx, late), await effects(phone.ctx, second)) == ([], [("movement", "done", None)])
    [row] = await rows(phone.ctx, "SELECT reason, settled_at FROM submissions WHERE id = %s", late.id)
    assert (row["reason"], row["settled_at"] is not None) == ("superseded", True)


async def test_a_closure_a_shelter_and_a_visit_follow_their_edits(phone: Field) -> None:
    await phone.send("rapid_needs", RAPID)
    drawn = await phone.send("road_closure", road())
    full = await phone.send("shelter_status", shelter("full", 150, "دبستان"))
    await settle(phone.ctx)
    [need] = await needs_of(phone.ctx, phone.emergency, "water")
    met = await phone.send("follow_up", visit("met", need["code"]))
    await settle(phone.ctx)
    far = "33.5 47.9 600 5;33.51 47.91 610 5"
    await phone.send("road_closure", road(line=far), replaces=drawn)
    await phone.send("shelter_status", shelter("open", 90, "مسجد"), replaces=full)
    await phone.send("follow_up", visit("met", "N-AAAA222"), replaces=met)
    await settle(phone.ctx)
    closures = await rows(phone.ctx, "SELECT status FROM closures ORDER BY id")
    assert [c["status"] for c in closures] == ["lifted", "active"]
    shelters = await rows(phone.ctx, "SELECT state, people FROM shelters ORDER BY id")
    assert [(s["state"], s["people"]) for s in shelters] == [("closed", None), ("open", 90)]
    [again] = await needs_of(phone.ctx, phone.emergency, "water")
    assert again["status"] in {"open", "tasked"}
    assert await effects(phone.ctx, met) == [("followup", "reversed", None)]


async def test_the_same_closure_said_again_stays_and_takes_its_new_shape(phone: Field) -> None:
    drawn = await phone.send("road_closure", road())
    await settle(phone.ctx)
    await phone.send("road_closure", road(line="33.1526 47.7102 0 0;33.1560 47.7140 0 0"), replaces=drawn)
    await settle(phone.ctx)
    [closure] = await rows(phone.ctx, "SELECT status, ST_NPoints(geom) AS n FROM closures")
    assert (closure["status"], closure["n"]) == ("active", 2)


async def test_killed_at_any_step_a_submission_is_carried_out_once(
    phone: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await phone.send("stock_count", count("C-NORTH", blanket=40))
    await phone.send("distribution", handed("C-NORTH", blanket=10), replaces=None)
    await phone.send("stock_count", count("C-NORTH", blanket=38), replaces=first)
    await read_all(phone.ctx)
    for name in ("put_effect", "settle"):
        whole = getattr(effect_queries, name)

        async def killed(*given: Any, _whole: Any = whole, **more: Any) -> None:
            await _whole(*given, **more)
            raise asyncio.CancelledError

        with monkeypatch.context() as patch:
            patch.setattr(effect_queries, name, killed)
            with pytest.raises(asyncio.CancelledError):
                await settling.step(phone.ctx, ON_NEEDS)
        assert await rows(phone.ctx, "SELECT 1 FROM movements UNION ALL SELECT 1 FROM submission_effects") == []
    both = await asyncio.gather(*(settling.step(phone.ctx, ON_NEEDS) for _ in range(3)))
    assert sum(both) == 2, "the first one needed nothing, since it was replaced"
    assert await shelf(phone.ctx) == {"blanket": 38}


async def test_one_that_breaks_is_set_aside_alone(phone: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = await phone.send("stock_count", count("C-NORTH", blanket=40))
    await phone.send("stock_count", count("C-SOUTH", blanket=5))
    whole = effect_queries.put_effect

    async def breaks(conn: Any, row: Any) -> None:
        if row["submission_id"] == bad.id:
            raise ValueError(row["kind"])
        await whole(conn, row)

    monkeypatch.setattr(effect_queries, "put_effect", breaks)
    await read_all(phone.ctx)
    for _ in range(4):
        await settling.step(phone.ctx, ON_NEEDS)
    [row] = await rows(phone.ctx, "SELECT * FROM submissions WHERE id = %s", bad.id)
    assert (row["reason"], row["settle_attempts"], row["settled_at"] is None) == ("ValueError", 3, False)
    assert (await shelf(phone.ctx), await shelf(phone.ctx, "C-SOUTH")) == ({}, {"blanket": 5})


async def test_a_person_tries_again_or_lets_it_be(phone: Field) -> None:
    sent = await phone.send("distribution", handed("C-NORTH", blanket=5))
    other = await phone.send("distribution", handed("C-NORTH", blanket=6))
    await settle(phone.ctx)
    app = an_app(phone.ctx, effect_router)
    app.state.on_needs = ON_NEEDS
    async with a_client(app) as http:
        staff, field = await _token(phone, "coordinator"), await _token(phone, "field")
        assert (await http.get("/api/submission-effects", headers=field)).status_code == 403
        listed = (await http.get("/api/submission-effects?limit=1", headers=staff)).json()
        assert (listed["items"][0]["reason"], listed["items"][0]["submission"]) == ("stock.short", str(other.id))
        rest = (await http.get(f"/api/submission-effects?cursor={listed['next']}", headers=staff)).json()["items"]
        way = f"/api/submissions/{sent.id}/effects/{rest[0]['id']}"
        short = await http.post(f"{way}/retry", headers=staff)
        assert (short.status_code, short.json()["state"]) == (200, "refused")
        await phone.send("stock_count", count("C-NORTH", blanket=5))
        await settle(phone.ctx)
        for _ in range(2):
            assert (await http.post(f"{way}/retry", headers=staff)).json()["state"] == "done"
        assert (await http.post(f"{way}/dismiss", headers=staff)).status_code == 409
        gone = await http.post(f"/api/submissions/{other.id}/effects/{listed['items'][0]['id']}/dismiss", headers=staff)
        assert gone.json()["state"] == "dismissed"
        assert (await http.get("/api/submission-effects", headers=staff)).json()["items"] == []
    assert await shelf(phone.ctx) == {}
    [made] = await rows(phone.ctx, "SELECT actor FROM movements WHERE kind = 'delivery'")
    assert made["actor"].startswith("token:")
    assert made["actor"] != phone.actor


async def _token(phone: Field, role: str) -> dict[str, str]:
    return await World(phone.ctx, phone.emergency, []).token(role)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([0, 1, 2]), pauses=st.tuples(st.booleans(), st.booleans()))
async def test_in_any_order_the_last_edit_alone_counts(
    phone: Field, order: list[int], pauses: tuple[bool, bool]
) -> None:
    async with phone.ctx.db.tx() as conn:
        await conn.execute("UPDATE submissions SET settled_at = clock_timestamp() WHERE settled_at IS NULL")
    base = await phone.send("stock_count", count("C-NORTH", blanket=100))
    await settle(phone.ctx)
    names = [f"uuid:{base.id}-{n}" for n in range(3)]
    sent: list[Sent] = []
    for step, nth in enumerate(order):
        before = names[nth - 1] if nth else None
        body = handed("C-NORTH", blanket=10 * (nth + 1))
        sent.append(await phone.send("distribution", body, instance=names[nth], replaces=before))
        if step < 2 and pauses[step]:
            await settle(phone.ctx)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 70}
    done = [e for one in sent for e in await effects(phone.ctx, one) if e[1] == "done"]
    assert done == [("movement", "done", None)]


async def test_a_check_in_is_taken_back_unless_she_has_changed_since(phone: Field) -> None:
    [home] = await rows(phone.ctx, "SELECT id FROM centres WHERE code = 'C-NORTH'")
    async with phone.ctx.db.tx() as conn:
        for code in ("V-AAAA2222", "V-BBBB3333"):
            await conn.execute(
                "INSERT INTO volunteers (id, code, centre_id, status) VALUES (gen_random_uuid(), %s, %s, 'away')",
                (code, home["id"]),
            )
    here = "<presence><volunteer>{}</volunteer><state>active</state></presence>"
    wrong = await phone.send("volunteer_checkin", here.format("V-AAAA2222"))
    await settle(phone.ctx)
    await phone.send("volunteer_checkin", here.format("V-BBBB3333"), replaces=wrong)
    await settle(phone.ctx)
    states = await rows(phone.ctx, "SELECT status FROM volunteers ORDER BY code")
    assert [s["status"] for s in states] == ["away", "active"]


async def test_a_coordinator_names_a_shelter_that_somebody_typed(phone: Field) -> None:
    await phone.send("shelter_status", shelter("open", 80, "دبستان نمونه", spot="33.0 47.0 0 0"))
    await settle(phone.ctx)
    async with a_client(an_app(phone.ctx, shelter_router)) as http:
        staff, team = await _token(phone, "coordinator"), await _token(phone, "field")
        [found] = (await http.get("/api/shelters", headers=team)).json()["features"]
        assert found["geometry"] == {"type": "Point", "coordinates": [47.0, 33.0]}
        assert found["properties"]["name"] == {"fa": None, "en": None}
        way = f"/api/shelters/{found['id']}"
        assert (await http.get(way, headers=team)).status_code == 403
        opened = await http.get(way, headers=staff)
        assert opened.json()["properties"]["typed"] == "دبستان نمونه"
        etag = {"If-Match": opened.headers["ETag"]}
        named = await http.patch(way, json={"name_fa": "دبستان"}, headers={**staff, **etag})
        assert named.json()["properties"]["name"]["fa"] == "دبستان"
        assert (await http.patch(way, json={"name_fa": "مسجد"}, headers={**staff, **etag})).status_code == 412
    verbs = await rows(phone.ctx, "SELECT verb, data::text FROM events_unsealed WHERE subject_type = 'shelter'")
    assert [v["verb"] for v in verbs] == ["shelter.changed", "shelter.opened", "shelter.changed"]
    assert "نمونه" not in str(verbs)


async def test_edits_settle_while_the_chain_reads_and_neither_waits_for_ever(phone: Field) -> None:
    firsts = [await phone.send("rapid_needs", RAPID.replace("33.15249", f"33.{20 + n}")) for n in range(6)]
    await settle(phone.ctx)
    for n, first in enumerate(firsts):
        say = RAPID.replace("33.15249", f"33.{20 + n}").replace(">200<", f">{50 + n}<")
        second = await phone.send("rapid_needs", say, replaces=first)
        await phone.send("rapid_needs", say.replace("<people>40<", "<people>41<"), replaces=second)

    async def reads() -> None:
        while await process_batch(phone.ctx, ON_NEEDS, 2):
            pass

    async def settles() -> None:
        for _ in range(20):
            await settling.step(phone.ctx, ON_NEEDS)

    await asyncio.wait_for(asyncio.gather(reads(), reads(), settles(), settles()), 30)
    await settle(phone.ctx)
    live = [n for n in await needs_of(phone.ctx, phone.emergency, "water") if n["status"] in {"open", "tasked"}]
    assert sorted((int(n["quantity"]), n["people"], n["corroboration"]) for n in live) == [
        (50 + n, 41, 1) for n in range(6)
    ]


async def test_two_edits_of_one_form_the_later_counts(phone: Field) -> None:
    first = await phone.send("stock_count", count("C-NORTH", blanket=10))
    left = await phone.send("stock_count", count("C-NORTH", blanket=20), replaces=first)
    await settle(phone.ctx)
    right = await phone.send("stock_count", count("C-NORTH", blanket=30), replaces=first)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 30}
    assert await effects(phone.ctx, left) == [("movement", "reversed", None)]
    assert await effects(phone.ctx, right) == [("movement", "done", None)]


async def test_the_same_form_with_other_answers_does_nothing_by_itself(phone: Field) -> None:
    first = await phone.send("stock_count", count("C-NORTH", blanket=10))
    other = await phone.send("stock_count", count("C-NORTH", blanket=20), instance=first.instance)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 10}
    assert await effects(phone.ctx, other) == [("movement", "refused", "submission.conflict")]
    third = await phone.send("stock_count", count("C-NORTH", blanket=12), replaces=first)
    await settle(phone.ctx)
    assert await shelf(phone.ctx) == {"blanket": 12}
    assert await effects(phone.ctx, other) == [("movement", "reversed", "submission.conflict")]
    assert await effects(phone.ctx, third) == [("movement", "done", None)]
