"""Where a report is: hints of the emergency and of earlier words, points in the words, what is kept of them."""

from typing import Any

import orjson

from server.access.context import Context
from tests.slices.chain_kit import emergency, incidents_of, needs_of, rows, told

FARS_AREA = "POLYGON((51 29.4, 52.6 29.4, 52.6 30.8, 51 30.8, 51 29.4))"
"""Nurabad of Lorestan has the more people; that of Fars lies in here."""


async def readings(ctx: Context) -> list[dict[str, Any]]:
    return [r["reading"] for r in await rows(ctx, "SELECT reading FROM readings WHERE current ORDER BY id")]


async def test_the_emergencys_area_tells_places_of_one_name_apart(ctx: Context) -> None:
    where, elsewhere = await emergency(ctx), await emergency(ctx, "E-TEST2")
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE emergencies SET area = ST_GeomFromText(%s, 4326) WHERE id = %s", (FARS_AREA, where))
    await told(ctx, where, "نورآباد سیل اومده به ۲۰ تا چادر نیاز داریم")
    await told(ctx, elsewhere, "نورآباد سیل اومده به ۲۰ تا چادر نیاز داریم")
    inside, other = await readings(ctx)
    assert inside["place"]["lat"] < 31
    assert "candidates" not in inside
    assert other["place"]["lat"] > 33
    assert [c["province"] for c in other["candidates"]] == ["Fars"]


async def test_a_senders_own_earlier_words_rank_too(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, ("+989120000001", "کازرون سیل اومده آب نداریم"))
    await told(ctx, where, ("+989120000001", "نورآباد هم چادر لازم داریم"), ("+989120000002", "نورآباد نون لازم داریم"))
    _, own, stranger = await readings(ctx)
    assert own["place"]["lat"] < 31
    assert stranger["place"]["lat"] > 33


async def test_a_point_in_the_words_is_exact_in_the_record_and_blurred_in_the_reading(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, "پلدختر سقف خونه ریخته چادر لازم داریم 33.15249, 47.71014")
    [reading] = await readings(ctx)
    [need] = await needs_of(ctx, where, "shelter")
    assert need["geom_exact_sealed"] is not None
    assert need["accuracy_m"] <= 20
    opened = orjson.loads(
        ctx.sealing.of("needs", need["id"], bytes(need["data_key_wrapped"])).open(
            "geom_exact_sealed", need["geom_exact_sealed"]
        )
        or b"[]"
    )
    assert opened == [47.71014, 33.15249]
    assert (need["lon"], need["lat"]) == ctx.sealing.blur(47.71014, 33.15249)
    place = reading["place"]
    assert (place["lon"], place["lat"], place["accuracy_m"]) == (need["lon"], need["lat"], 1500)
    assert reading["flags"] == ["point_in_words"]
    everything = await rows(ctx, "SELECT (SELECT string_agg(reading::text, '') FROM readings) AS a, (SELECT"
                                 " string_agg(data::text, '') FROM events_unsealed) AS b")  # fmt: skip
    assert "33.15249" not in f"{everything}"


async def test_a_bridge_between_two_towns_is_placed_between_them(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, "جاده خرم‌آباد به پلدختر رو سیل برده، راه بسته است")
    spots = {i["category"]: i for i in await incidents_of(ctx, where)}
    road = spots["road_blocked"]
    assert 33.16 < road["lat"] < 33.48
    assert 25_000 < road["accuracy_m"] < 80_000
