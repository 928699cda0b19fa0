"""Day by day: what people set right is learnt, heard by the chain, told in figures alone; and only better is kept."""

import json

import pytest
from psycopg.types.json import Jsonb

from server.access.context import Context
from server.kernel.ids import uuid7
from server.places.gazetteer import default_gazetteer
from server.reports.learning import base_model, daily, phrases, store
from server.reports.reading import read
from tests.slices.chain_kit import emergency, needs_of, rows, told
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
_PLACES = ("پلدختر", "معمولان", "کوهدشت", "دورود", "الشتر")


async def test_corrections_are_learnt_heard_and_told_in_figures(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    texts = [f"{_PLACES[n % 5]} ما {n} نفر هستیم و {'زغالدان نداریم' if n % 2 else 'آب نداریم'}" for n in range(2, 42)]
    sent = await told(ctx, where, *texts)
    assert await daily.learn_if_due(ctx) is None
    async with ctx.db.tx() as conn:
        for number, report in enumerate(sent):
            row = await (
                await conn.execute("SELECT id, reading FROM readings WHERE report_id = %s AND current", (report.id,))
            ).fetchone()
            assert row is not None
            after = dict(row["reading"])
            if number % 2:
                after["kind"] = "report"
                after["needs"] = [{"category": "heating", "quantity": None, "unit": None}]
            await conn.execute(
                "INSERT INTO reading_corrections (id, report_id, reading_id, made_by, fields, before, after)"
                " VALUES (%s, %s, %s, 'account:test', '[]', '{}', %s)",
                (uuid7(), report.id, row["id"], Jsonb(after)),
            )
    outcome = await daily.learn_if_due(ctx)
    assert outcome is not None
    assert (outcome.lines, outcome.activated) == (40, True)
    assert outcome.new > outcome.standing
    assert await daily.learn_if_due(ctx) is None
    speaking = store.active(ctx.settings.home)
    assert speaking is not None
    assert "need.heating" in speaking.card["speaks"]
    # Nothing is better than what stands any more: it stays.
    again = await daily.learn_if_due(ctx, at_once=True)
    assert again is not None
    assert not again.activated
    assert store.active(ctx.settings.home) == speaking
    (new,) = await told(ctx, where, "نورآباد ما زغالدان نداریم")
    reading = (await (await client_of("coordinator")).get(f"/api/reports/{new.id}/reading")).json()
    assert "heating" in [need["category"] for need in reading["needs"]]
    assert "model.heating" in [why["rule"] for why in reading["why"]]
    assert reading["by"] == "model"
    assert await needs_of(ctx, where, "heating") != []
    (event, *_) = await rows(ctx, "SELECT data FROM events_unsealed WHERE verb = 'model.learnt' ORDER BY id")
    assert set(event["data"]) == {"lines", "new", "standing", "activated"}
    whole = json.dumps(speaking.card, ensure_ascii=False)
    assert not any(word in whole for word in (*_PLACES, "زغالدان"))
    store.activate(ctx.settings.home, None)


@pytest.mark.usefixtures("base_speaks")
async def test_the_base_model_speaks_in_the_chain_and_is_named(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    texts = [phrase.text for phrase in phrases.every()[::701]]
    sent = await told(ctx, where, *texts)
    by_rules = [read(text, default_gazetteer()).kind for text in texts]
    kept = await rows(ctx, "SELECT report_id, reading FROM readings WHERE current")
    readings = {row["report_id"]: row["reading"] for row in kept}
    named = [readings[report.id].get("model") for report in sent]
    assert any(named)
    assert {name for name in named if name} == {base_model.base().name}
    assert [readings[report.id]["kind"] for report in sent] != by_rules
    helped = sent[named.index(base_model.base().name)]
    reading = (await (await client_of("coordinator")).get(f"/api/reports/{helped.id}/reading")).json()
    assert reading["by"] == "model" or not any(w["rule"].startswith("model.") for w in reading["why"])
