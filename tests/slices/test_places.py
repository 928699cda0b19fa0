"""Places and centres: loaded once, found in both scripts, edited with care."""

import os
from typing import Any

import pytest

from server.access.context import Context
from server.places import loading, queries, search_queries, service
from server.places.geonames import load_country
from tests.bench import bench_places
from tests.slices.chain_kit import centre, rows
from tests.support.web import MakeClient


async def test_loading_twice_changes_nothing_and_mends_what_is_missing(ctx: Context) -> None:
    expected = len(load_country("IR"))
    async with ctx.db.tx() as conn:
        assert await loading.load(conn, "IR") == expected
    before = await rows(ctx, "SELECT id, created_at FROM places ORDER BY id")
    assert len(before) == expected
    async with ctx.db.tx() as conn:
        assert await loading.load(conn, "IR") == expected
    assert await rows(ctx, "SELECT id, created_at FROM places ORDER BY id") == before
    async with ctx.db.tx() as conn:
        await conn.execute(
            "DELETE FROM place_names WHERE place_id IN (SELECT id FROM places WHERE name_en = 'Poldokhtar')"
        )
        await conn.execute("DELETE FROM places WHERE name_en = 'Mamulan'")
        await loading.load(conn, "IR")
    after = await rows(ctx, "SELECT id FROM places")
    assert (len(after), len({r["id"] for r in before} - {r["id"] for r in after})) == (expected, 1)
    [names] = await rows(
        ctx, "SELECT count(*) AS n FROM place_names n JOIN places p ON p.id = n.place_id WHERE p.name_en = 'Poldokhtar'"
    )
    assert names["n"] >= 5


async def test_the_gazetteer_comes_from_the_table_and_follows_it(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await service.gazetteer(ctx)
    assert await service.gazetteer(ctx) is first
    assert first.lookup("پل‌دختر")[0].name_en == "Poldokhtar"
    monkeypatch.setattr(service, "RECHECK_S", 0)
    assert await service.gazetteer(ctx) is first
    async with ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO places (id, source, source_id, kind, name_en, name_fa, country, accuracy_m, geom) VALUES"
            " (gen_random_uuid(), 'society', '1', 'village', 'Gol Baharan', 'گل‌بهاران', 'IR', 2000,"
            " ST_SetSRID(ST_MakePoint(48, 33), 4326))"
        )
    assert (await service.gazetteer(ctx)).lookup("گل بهاران")[0].source == "society"


@pytest.mark.parametrize(
    "typed", ["پلدختر", "پل دختر", "پل‌دختر", "Pol-e Dokhtar", "poldokhtar", "Poldokhtr", "poldo", "پلدخ"]
)
async def test_search_finds_a_town_in_both_scripts(typed: str, client_of: MakeClient) -> None:
    client = await client_of("volunteer")
    found = (await client.get("/api/places", params={"q": typed, "limit": 3})).json()["features"]
    assert found[0]["properties"]["name_en"] == "Poldokhtar"
    assert found[0]["properties"]["name_fa"] == "پلدختر"
    assert found[0]["geometry"]["coordinates"] == [47.71014, 33.15249]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("نورآباد لرستان", "Nurabad"),
        ("نورآباد، فارس", "Nurabad"),
        ("near Poldokhtar", "Poldokhtar"),
        ("پلدختر، استان لرستان", "Poldokhtar"),
        ("Pol e Doxtar", "Poldokhtar"),
        ("خرماباد", "Khorramabad"),
        ("شهرستان پلدختر", "Pol-e Dokhtar"),
        ("استان لرستان", "Lorestan"),
        ("Lorestan province", "Lorestan"),
    ],
)
async def test_search_takes_what_a_place_lies_in(typed: str, name: str, client_of: MakeClient) -> None:
    client = await client_of("volunteer")
    found = (await client.get("/api/places", params={"q": typed, "limit": 3})).json()["features"]
    assert found, typed
    first = found[0]["properties"]
    assert name.replace(" ", "") in first["name_en"].replace(" ", "")
    for word, kind in (("شهرستان ", "county"), ("استان ", "province")):
        assert not typed.startswith(word) or first["kind"] == kind
    if "لرستان" in typed:
        assert {f["properties"]["province_en"] for f in found} == {"Lorestan"}


async def test_search_takes_points_and_ranks_by_what_is_near(client_of: MakeClient) -> None:
    client = await client_of("coordinator")

    async def first(**params: Any) -> dict[str, Any]:
        answer = await client.get("/api/places", params=params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["features"][0]
        return found

    async def found(q: str) -> dict[str, Any]:
        """A point may be a home: it is asked for in a body, never in an address."""
        refused = await client.get("/api/places", params={"q": q})
        assert (refused.status_code, refused.json()["code"]) == (400, "place.point_in_address")
        answer = await client.post("/api/places/search", json={"q": q})
        one: dict[str, Any] = answer.json()["features"][0]
        return one

    point = await found("۳۳٫۱۵۲۴۹، ۴۷٫۷۱۰۱۴")
    assert (point["id"], point["geometry"]["coordinates"]) == (None, [47.71014, 33.15249])
    code = await found("5P26+X3 پلدختر")
    assert code["geometry"]["coordinates"] == pytest.approx([47.7101, 33.1524], abs=2e-3)
    assert code["properties"]["accuracy_m"] <= 20
    fars = await first(q="نورآباد", near="51.5,30.1", kind="town,city")
    lorestan = await first(q="نورآباد", near="48.0,34.0", kind="town,city")
    assert (fars["properties"]["province_en"], lorestan["properties"]["province_en"]) == ("Fars", "Lorestan")
    assert (await client.get("/api/places", params={"q": "x", "near": "1,95"})).status_code == 400
    one = await client.get(f"/api/places/{fars['id']}")
    assert one.json()["geometry"]["type"] == "Point"
    assert (await client.get("/api/places/00000000-0000-0000-0000-000000000000")).status_code == 404


@pytest.mark.parametrize(
    "typed",
    [
        "بین خرم‌آباد و پلدختر",
        "between Khorramabad and Pol-e Dokhtar",
        "جاده خرم آباد به پلدختر",
        "the road from Khorramabad to Poldokhtar",
        "محور خرم‌آباد - پلدختر",
    ],
)
async def test_search_takes_a_stretch_as_reading_does(typed: str, client_of: MakeClient) -> None:
    client = await client_of("volunteer")
    [middle] = (await client.post("/api/places/search", json={"q": typed})).json()["features"]
    assert middle["geometry"]["coordinates"] == pytest.approx([48.033, 33.32], abs=0.01)
    assert 30_000 < middle["properties"]["accuracy_m"] < 45_000
    assert (middle["id"], middle["properties"]["found"]) == (None, "between")
    assert middle["properties"]["name_fa"].startswith("بین خرم")


@pytest.mark.parametrize(
    ("typed", "lon", "lat"),
    [
        ("47.71014, 33.15249", 47.71014, 33.15249),
        ("۴۷/۷۱۰۱۴ ۳۳/۱۵۲۴۹", 47.71014, 33.15249),
        ("N 47.71014, E 33.15249", 33.15249, 47.71014),
        ("12.34567, 98.76543", 98.76543, 12.34567),
    ],
)
async def test_a_pair_in_the_wrong_order_is_turned_round(
    typed: str, lon: float, lat: float, client_of: MakeClient
) -> None:
    client = await client_of("volunteer")
    [point] = (await client.post("/api/places/search", json={"q": typed})).json()["features"]
    assert point["geometry"]["coordinates"] == [lon, lat]


async def test_search_keeps_its_bounds(client_of: MakeClient) -> None:
    client = await client_of("coordinator")

    async def ask(**params: Any) -> list[dict[str, Any]]:
        answer = await client.get("/api/places", params=params)
        assert answer.status_code == 200, answer.text
        return [f["properties"] for f in answer.json()["features"]]

    biggest = await ask(bbox="47,32.5,49,34", limit=5)
    assert biggest[0]["name_en"] in {"Khorramabad", "Khorram Abad"}
    assert [p["population"] for p in biggest] == sorted((p["population"] for p in biggest), reverse=True)
    assert {p["kind"] for p in await ask(bbox="47,32.5,49,34", kind="county,province")} <= {"county", "province"}
    assert await ask(q="%%%__", limit=5) == []
    assert await ask(q="zzzzqqqq") == []
    assert (await client.get("/api/places", params={"limit": 1000})).status_code == 422


async def test_the_nearest_centre_is_nearest_in_metres_and_active(ctx: Context) -> None:
    east = await centre(ctx, "H-E", 11.0, 60.0)
    north = await centre(ctx, "H-N", 10.0, 60.7)
    async with ctx.db.tx() as conn:
        # One degree of longitude is half of one of latitude up here.
        assert await queries.nearest_centre(conn, 10.0, 60.0) == east
        assert await queries.nearest_centres(conn, [(10.0, 60.6), None, (10.9, 60.0)]) == [north, None, east]
        await conn.execute("UPDATE centres SET active = false WHERE id = %s", (east,))
        assert await queries.nearest_centre(conn, 10.0, 60.0) == north
        await conn.execute("UPDATE centres SET active = false")
        assert await queries.nearest_centre(conn, 10.0, 60.0) is None


async def test_centres_are_made_and_edited_with_care(ctx: Context, client_of: MakeClient) -> None:
    client = await client_of("coordinator")
    body = {"code": "LOR-1", "name_fa": "مرکز پلدختر", "name_en": "Poldokhtar centre", "lon": 47.7, "lat": 33.15}
    made = await client.post("/api/centres", json=body)
    assert made.status_code == 201, made.text
    assert (await client.post("/api/centres", json=body)).json()["code"] == "centre.code_taken"
    assert (await client.post("/api/centres", json=body | {"code": "X-1", "lat": 95})).status_code == 400
    address = made.headers["location"]
    edited = await client.patch(address, json={"active": False}, headers={"If-Match": made.headers["etag"]})
    assert edited.json()["properties"]["active"] is False
    late = await client.patch(address, json={"name_en": "Other"}, headers={"If-Match": made.headers["etag"]})
    assert (late.status_code, late.json()["current"]["properties"]["active"]) == (412, False)
    assert (await client.get("/api/centres", params={"active": "true"})).json()["features"] == []
    assert len((await client.get("/api/centres")).json()["features"]) == 1
    bound = await client_of("coordinator", centre=await centre(ctx, "H-9", 1, 1))
    assert (await bound.patch(address, json={}, headers={"If-Match": "2"})).status_code == 403
    assert (await bound.post("/api/centres", json=body | {"code": "X-2"})).status_code == 403
    events = await rows(ctx, "SELECT verb FROM events_unsealed WHERE subject_type = 'centre'")
    assert [e["verb"] for e in events] == ["centre.changed", "centre.changed"]


@pytest.mark.timeout(900)
async def test_every_stage_of_the_search_has_its_index(ctx: Context) -> None:
    """With as few names as ship a table is read from end to end; whether an index could serve shows without that way.

    `HAMYAR_PLACES=1000000` fills the table first, and leaves the choice to the planner.
    """
    many = int(os.environ.get("HAMYAR_PLACES", "0"))
    if many:
        print("\n".join(await bench_places.search(ctx.db.dsn, many)))
    async with ctx.db.tx() as conn:
        if not many:
            await conn.execute("SET LOCAL enable_seqscan = off")
        for stage, index in {
            "exact": "ix_place_names_begins",
            "begins": "ix_place_names_begins",
            "sound": "ix_place_names_sound",
            "alike": "ix_place_names_squashed_trgm",
        }.items():
            if stage == "alike" and not many:
                # Of so few names one would sooner walk another index from end to end.
                await conn.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off")
            plan = await search_queries.explain(conn, "poldokhtar", stage)
            assert index in plan, (stage, plan)
            assert "Seq Scan on place" not in plan, (stage, plan)
