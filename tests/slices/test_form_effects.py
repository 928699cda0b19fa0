"""What forms say is carried out once: goods, closures, shelters, check-ins, follow-ups; and what may not be is not."""

from uuid import UUID

import pytest

from field_forms.xlsform import compile_form
from server.access.context import Context
from server.reports.intake import Incoming
from server.reports.links import recount
from tests.slices.chain_kit import emergency, needs_of, told
from tests.slices.forms_kit import (
    SPOT,
    Field,
    count,
    effects,
    given,
    publish,
    put_form,
    read_all,
    rows,
    settle,
    shelf,
    stocked,
)
from tests.support.dispatch_world import World
from tests.unit.field_forms.samples import markdown_form

RAPID = (
    "<situation><what_happened>flooding</what_happened><urgency>high</urgency></situation>"
    f"<where><location>{SPOT}</location><place_name>پلدختر</place_name></where>"
    "<affected><people>40</people><households>9</households></affected>"
    "<lacking><needs>water</needs></lacking><amounts><amount_water>200</amount_water></amounts>"
)
HOUSEHOLD = "0b2f7c54-5d1e-4c50-9d7a-3d8f1f4a9c11"


@pytest.fixture
async def phone(ctx: Context) -> Field:
    await publish(ctx)
    return await Field(ctx, await emergency(ctx)).sign_in()


def household(consent: str) -> tuple[str, str]:
    body = (
        f"<asking><consent>{consent}</consent></asking>"
        "<household><card>4829-1375</card><place_name>پلدختر</place_name><people>5</people></household>"
        "<special><children>2</children><infants>1</infants><conditions>woman_headed</conditions></special>"
        "<lacking><needs>water bedding</needs></lacking>"
    )
    return body, f"<entity dataset='households' create='true' id='{HOUSEHOLD}'><label>4829-1375</label></entity>"


async def test_the_chain_reads_a_form_by_its_version_and_keeps_where_it_is(phone: Field) -> None:
    sent = await phone.send("rapid_needs", RAPID)
    await read_all(phone.ctx)
    [need] = await needs_of(phone.ctx, phone.emergency, "water")
    assert (float(need["quantity"]), need["people"], need["urgency"], need["accuracy_m"]) == (200, 40, "high", 8)
    [report] = await rows(phone.ctx, "SELECT *, ST_X(geom_shown) AS lon FROM reports WHERE id = %s", sent.report)
    assert report["lon"] == phone.ctx.sealing.blur(47.71014, 33.15249)[0] != 47.71014
    async with phone.ctx.db.tx() as conn:
        await recount(conn, phone.ctx, "need", [need["id"]])
    [again] = await needs_of(phone.ctx, phone.emergency, "water")
    assert (again["lon"], again["accuracy_m"], again["quantity"]) == (need["lon"], 8, need["quantity"])


@pytest.mark.parametrize("kind", ["draft", "encrypted", "no consent"])
async def test_what_may_make_nothing_leaves_only_that_a_form_came(phone: Field, kind: str) -> None:
    if kind == "no consent":
        body, meta = household("no")
        await phone.send("household", body, meta=meta)
    else:
        sealed = kind == "encrypted"
        await phone.send(
            "rapid_needs", RAPID.replace(SPOT, "") if sealed else RAPID, draft=not sealed, encrypted=sealed
        )
    await read_all(phone.ctx)
    assert await rows(phone.ctx, "SELECT 1 FROM needs UNION ALL SELECT 1 FROM incidents") == []
    for row in await rows(phone.ctx, "SELECT reading FROM readings WHERE current"):
        said = {k: v for k, v in row["reading"].items() if v not in (None, [], "none")}
        assert said == {"kind": "other", "lang": "other"}
    assert await rows(phone.ctx, "SELECT 1 FROM reports WHERE geom_shown IS NOT NULL") == []


async def test_answers_kept_at_the_door_in_former_days_are_still_read(ctx: Context) -> None:
    where = await emergency(ctx)
    meta = {"answers": {"needs": [{"category": "water", "quantity": 20, "unit": "litre"}], "place_name": "پلدختر"}}
    old = Incoming("form", "openrosa", "uuid:x", b"<data/>", content_type="text/xml", emergency_id=where, meta=meta)
    await told(ctx, where, old)
    assert [float(n["quantity"]) for n in await needs_of(ctx, where, "water")] == [20]


async def test_goods_are_counted_given_out_and_never_more_than_there_are(phone: Field) -> None:
    await stocked(phone.ctx)
    counted = await phone.send("stock_count", count("C-NORTH", blanket=40, water_bulk=300))
    gave = await phone.send("distribution", given("C-NORTH", HOUSEHOLD, blanket=4))
    more = await phone.send("distribution", given("C-NORTH", blanket=37))
    again = await phone.send("stock_count", count("C-NORTH", blanket=30, water_bulk=300))
    assert await settle(phone.ctx) == 4
    assert await shelf(phone.ctx) == {"blanket": 30, "water_bulk": 300}
    assert await effects(phone.ctx, counted) == [("movement", "done", None)] == await effects(phone.ctx, again)
    assert await effects(phone.ctx, more) == [("movement", "refused", "stock.short")]
    [row] = await rows(phone.ctx, "SELECT * FROM submission_effects WHERE submission_id = %s", gave.id)
    assert row["data"]["recipient"] == {"dataset": "households", "id": HOUSEHOLD}
    assert row["data"]["signed"] is True
    assert "mark" not in str(row["data"])
    kinds = await rows(phone.ctx, "SELECT kind FROM movements ORDER BY id")
    assert [k["kind"] for k in kinds] == ["adjustment", "delivery", "adjustment"]
    assert await settle(phone.ctx) == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (count("C-WEST", blanket=1), "centre.unknown"),
        (count(None, blanket=1), "centre.unsaid"),
        (count("C-NORTH", sofa=1), "item.unknown"),
        (count("خانم نمونه", blanket=1), "centre.unknown"),
    ],
)
async def test_what_the_books_do_not_know_is_refused_with_its_reason(phone: Field, body: str, reason: str) -> None:
    await stocked(phone.ctx)
    sent = await phone.send("stock_count", body)
    await settle(phone.ctx)
    assert await effects(phone.ctx, sent) == [("movement", "refused", reason)]
    assert await rows(phone.ctx, "SELECT 1 FROM movements") == []
    [row] = await rows(phone.ctx, "SELECT data::text AS said FROM submission_effects")
    assert "خانم" not in row["said"], "what is typed for a code may be a name"


async def test_a_phone_of_a_centre_moves_its_goods_alone_and_a_volunteers_none(phone: Field) -> None:
    made = await stocked(phone.ctx)
    bound = await Field(phone.ctx, phone.emergency, made["C-SOUTH"]).sign_in()
    loose = await Field(phone.ctx, phone.emergency, role="volunteer").sign_in()
    other = await bound.send("stock_count", count("C-NORTH", blanket=1))
    own = await bound.send("stock_count", count(None, blanket=2))
    none = await loose.send("stock_count", count("C-NORTH", blanket=3))
    await settle(phone.ctx)
    assert await effects(phone.ctx, other) == [("movement", "refused", "centre.other")]
    assert await effects(phone.ctx, own) == [("movement", "done", None)]
    assert await effects(phone.ctx, none) == [("movement", "refused", "movement.not_allowed")]
    assert (await shelf(phone.ctx), await shelf(phone.ctx, "C-SOUTH")) == ({}, {"blanket": 2})


TRUCK = markdown_form(
    """
|  | type         | name     | label      | hamyar                |
|  | begin repeat | came     | Came in    | movement receipt      |
|  | text         | to_store | Store      | centre                |
|  | text         | thing    | What       | item                  |
|  | decimal      | many     | How many   | item.quantity         |
|  | end repeat   |          |            |                       |
|  | begin repeat | left     | Left       | movement issue        |
|  | text         | store    | Store      | centre                |
|  | text         | other    | To         | centre.to             |
|  | text         | job      | Task       | task                  |
|  | text         | what     | What       | item                  |
|  | decimal      | amount   | How many   | item.quantity         |
|  | text         | unit     | Unit       | item.unit             |
|  | end repeat   |          |            |                       |
""".strip()
)


def came(store: str, item: str, many: int) -> str:
    return f"<came><to_store>{store}</to_store><thing>{item}</thing><many>{many}</many></came>"


def left(store: str, item: str, many: int, *, to: str = "", task: str = "", unit: str = "") -> str:
    return (
        f"<left><store>{store}</store><other>{to}</other><job>{task}</job><what>{item}</what>"
        f"<amount>{many}</amount><unit>{unit}</unit></left>"
    )


async def test_a_strangers_form_receives_and_issues_between_centres_and_for_a_task(phone: Field) -> None:
    await stocked(phone.ctx)
    async with phone.ctx.db.tx() as conn:
        await put_form(conn, compile_form(TRUCK, ".md"))
    world = World(
        phone.ctx, phone.emergency, [UUID(str(r["id"])) for r in await rows(phone.ctx, "SELECT id FROM centres")]
    )
    (task,) = await world.tasks(1, kind="delivery", geom_shown="SRID=4326;POINT(48 33.4)")
    code = await world.one("SELECT code FROM tasks WHERE id = %s", task)
    body = (
        came("C-NORTH", "blanket", 40)
        + left("C-NORTH", "blanket", 10, to="C-SOUTH")
        + left("C-NORTH", "blanket", 5, task=code, unit="piece")
        + left("C-NORTH", "blanket", 1, task=code, unit="kg")
        + left("C-NORTH", "blanket", 1, to="C-NORTH")
        + left("C-NORTH", "blanket", 1)
    )
    sent = await phone.send("test_form", body, version="1")
    await settle(phone.ctx)
    assert await effects(phone.ctx, sent) == [
        ("movement", "done", None),
        ("movement", "done", None),
        ("movement", "refused", "unit.mismatch"),
        ("movement", "refused", "movement.sides"),
        ("movement", "refused", "movement.sides"),
    ]
    assert (await shelf(phone.ctx), await shelf(phone.ctx, "C-SOUTH")) == ({"blanket": 30}, {"blanket": 10})


LINE = "33.1525 47.7101 600 5;33.1530 47.7110 610 5;33.1540 47.7120 0 0"


def road(state: str = "closed", kind: str = "road", line: str = LINE, cause: str = "") -> str:
    return (
        f"<situation><state>{state}</state><kind>{kind}</kind><cause>{cause}</cause></situation>"
        f"<where><line>{line}</line><until>2027-01-05</until></where>"
    )


async def test_a_closure_is_drawn_joined_and_lifted(phone: Field) -> None:
    first = await phone.send("road_closure", road())
    second = await phone.send("road_closure", road(line="33.1531 47.7111 600 5;33.1541 47.7121 0 0"))
    bridge = await phone.send("road_closure", road(kind="bridge", cause="bridge_out"))
    await settle(phone.ctx)
    for sent in (first, second, bridge):
        assert await effects(phone.ctx, sent) == [("closure", "done", None)]
    found = await rows(
        phone.ctx,
        "SELECT kind, status, valid_until, GeometryType(geom) AS shape, incident_id IS NOT NULL AS told FROM closures"
        " ORDER BY kind",
    )
    assert [(c["kind"], c["status"], c["shape"], c["told"]) for c in found] == [
        ("bridge", "active", "LINESTRING", True),
        ("road", "active", "LINESTRING", False),
    ]
    await phone.send("road_closure", road("open"))
    far = await phone.send("road_closure", road("open", line="34.1 47.7 0 0;34.2 47.7 0 0"))
    await settle(phone.ctx)
    assert await effects(phone.ctx, far) == [("closure", "refused", "closure.none_near")]
    [row] = await rows(phone.ctx, "SELECT status FROM closures WHERE kind = 'road'")
    assert row["status"] == "lifted"


def shelter(state: str, people: int, name: str = "", code: str = "", spot: str = "") -> str:
    return (
        f"<which><shelter>{code}</shelter><place_name>{name}</place_name><location>{spot}</location></which>"
        f"<now><state>{state}</state><people>{people}</people><capacity>150</capacity></now>"
    )


async def test_a_shelter_is_known_by_its_code_its_name_and_its_place(phone: Field) -> None:
    await phone.send("shelter_status", shelter("open", 80, "دبستان شهيد نمونه", spot="33.0 47.0 0 0"))
    await phone.send("shelter_status", shelter("full", 150, "دبستان  شهید نمونه"))
    await phone.send("shelter_status", shelter("open", 10, spot="33.5 47.5 0 0"))
    await settle(phone.ctx)
    found = await rows(phone.ctx, "SELECT code, state, people, name_fa, name_sealed FROM shelters ORDER BY people")
    assert [(s["state"], s["people"], s["name_fa"]) for s in found] == [("open", 10, None), ("full", 150, None)]
    assert "نمونه".encode() not in bytes(found[1]["name_sealed"])
    await phone.send("shelter_status", shelter("closed", 0, code=found[0]["code"]))
    near = await phone.send("shelter_status", shelter("open", 140, spot="33.0005 47.0 0 0"))
    await settle(phone.ctx)
    assert await effects(phone.ctx, near) == [("shelter", "done", None)]
    states = await rows(phone.ctx, "SELECT state, people FROM shelters ORDER BY created_at")
    assert [(s["state"], s["people"]) for s in states] == [("open", 140), ("closed", 0)]


async def test_a_volunteer_checks_in_where_the_phone_may(phone: Field) -> None:
    made = await stocked(phone.ctx)
    async with phone.ctx.db.tx() as conn:
        for code, status in (("V-AAAA2222", "away"), ("V-BBBB3333", "inactive")):
            await conn.execute(
                "INSERT INTO volunteers (id, code, centre_id, status) VALUES (gen_random_uuid(), %s, %s, %s)",
                (code, made["C-NORTH"], status),
            )
    here = "<presence><volunteer>v-aaaa2222</volunteer><state>active</state></presence>"
    south = await Field(phone.ctx, phone.emergency, made["C-SOUTH"]).sign_in()
    ok, elsewhere = await phone.send("volunteer_checkin", here), await south.send("volunteer_checkin", here)
    gone = await phone.send("volunteer_checkin", here.replace("v-aaaa2222", "V-BBBB3333"))
    await settle(phone.ctx)
    assert await effects(phone.ctx, ok) == [("checkin", "done", None)]
    for sent in (elsewhere, gone):
        assert await effects(phone.ctx, sent) == [("checkin", "refused", "volunteer.unknown")]
    states = await rows(phone.ctx, "SELECT status FROM volunteers ORDER BY code")
    assert [s["status"] for s in states] == ["active", "inactive"]


def visit(result: str, code: str = "", household: str = "", missing: str = "") -> str:
    return (
        f"<which><need_code>{code}</need_code><household>{household}</household><category>water</category></which>"
        f"<outcome><result>{result}</result><missing>{missing}</missing></outcome>"
    )


async def test_a_visit_says_what_became_of_a_need(phone: Field) -> None:
    await phone.send("rapid_needs", RAPID)
    await settle(phone.ctx)
    [need] = await needs_of(phone.ctx, phone.emergency, "water")
    for result, missing, status, quantity in (
        ("met", "", "met", 200),
        ("partly", "20", "open", 20),
        ("not", "", "open", 20),
    ):
        sent = await phone.send("follow_up", visit(result, need["code"], missing=missing))
        await settle(phone.ctx)
        assert await effects(phone.ctx, sent) == [("followup", "done", None)]
        [now] = await needs_of(phone.ctx, phone.emergency, "water")
        assert (now["status"].replace("tasked", "open"), int(now["quantity"])) == (status, quantity)
    lost = await phone.send("follow_up", visit("met", "N-AAAA222"))
    await settle(phone.ctx)
    assert await effects(phone.ctx, lost) == [("followup", "refused", "need.unknown")]


async def test_a_form_that_moves_nothing_is_settled_without_an_effect(phone: Field) -> None:
    await phone.send("rapid_needs", RAPID)
    await phone.send("rapid_needs", RAPID, stranger=True)
    await phone.send("rapid_needs", RAPID, draft=True)
    assert await settle(phone.ctx) == 0
    assert await rows(phone.ctx, "SELECT 1 FROM submissions WHERE settled_at IS NULL") == []
    assert await rows(phone.ctx, "SELECT 1 FROM submission_effects") == []


async def test_a_visit_to_a_registered_household_is_about_its_own_need(phone: Field) -> None:
    body, meta = household("yes")
    await phone.send("household", body.replace("پلدختر", "معمولان"), meta=meta)
    await settle(phone.ctx)
    visited = await phone.send("follow_up", visit("met", household=HOUSEHOLD))
    other = await phone.send("follow_up", visit("met", household=HOUSEHOLD.replace("0b", "0c")))
    await settle(phone.ctx)
    assert await effects(phone.ctx, visited) == [("followup", "done", None)]
    assert await effects(phone.ctx, other) == [("followup", "refused", "need.unknown")]
    [need] = await needs_of(phone.ctx, phone.emergency, "water")
    assert need["status"] == "met"


async def test_what_others_lack_too_is_not_met_by_one_familys_word(phone: Field) -> None:
    body, meta = household("yes")
    await phone.send("household", body, meta=meta)
    await told(phone.ctx, phone.emergency, ("+989121110007", "پلدختر آب نداریم"))
    await settle(phone.ctx)
    visited = await phone.send("follow_up", visit("met", household=HOUSEHOLD))
    await settle(phone.ctx)
    assert await effects(phone.ctx, visited) == [("followup", "refused", "need.shared")]
    [need] = await needs_of(phone.ctx, phone.emergency, "water")
    assert need["status"] in {"open", "tasked"}


async def test_registrations_are_carried_out_with_consent_alone_and_told_beside_the_rest(phone: Field) -> None:
    body, meta = household("yes")
    yes = await phone.send("household", body, meta=meta)
    no_body, no_meta = household("no")
    no = await phone.send("household", no_body, meta=no_meta.replace("0b2f", "0c2f"))
    await settle(phone.ctx)
    assert await effects(phone.ctx, yes) == [("entity", "done", None)]
    assert await effects(phone.ctx, no) == []
    assert [e["entity_key"] for e in await rows(phone.ctx, "SELECT entity_key FROM entities")] == [HOUSEHOLD]
    found = await rows(phone.ctx, "SELECT problems FROM submissions ORDER BY seq")
    assert [f["problems"] for f in found] == [[], [["/data/meta/entity", "entity.no_consent"]]]
