"""What forms say is carried out once: goods, closures, shelters, check-ins, follow-ups; and what may not be is not."""

import pytest

from server.access.context import Context
from server.reports.intake import Incoming
from server.reports.links import recount
from tests.slices.chain_kit import emergency, needs_of, told
from tests.slices.forms_kit import SPOT, Field, publish, read_all, rows

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
        await phone.send(
            "rapid_needs", RAPID, draft=kind == "draft", encrypted=kind == "encrypted", flags=[f"form_{kind}"]
        )
    await read_all(phone.ctx)
    assert await rows(phone.ctx, "SELECT 1 FROM needs UNION ALL SELECT 1 FROM incidents") == []
    [row] = await rows(phone.ctx, "SELECT reading FROM readings WHERE current")
    said = {k: v for k, v in row["reading"].items() if v not in (None, [], "none")}
    assert said == {"kind": "other", "lang": "other"}
    assert await rows(phone.ctx, "SELECT 1 FROM reports WHERE geom_shown IS NOT NULL") == []


async def test_answers_kept_at_the_door_in_former_days_are_still_read(ctx: Context) -> None:
    where = await emergency(ctx)
    meta = {"answers": {"needs": [{"category": "water", "quantity": 20, "unit": "litre"}], "place_name": "پلدختر"}}
    old = Incoming("form", "openrosa", "uuid:x", b"<data/>", content_type="text/xml", emergency_id=where, meta=meta)
    await told(ctx, where, old)
    assert [float(n["quantity"]) for n in await needs_of(ctx, where, "water")] == [20]
