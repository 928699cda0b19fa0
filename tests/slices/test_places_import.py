"""Files of places: every row accounted for, a second run finds all known, reading and search use what came."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.access.context import Context
from server.places import searching, service
from server.places.importing import import_places
from server.reports.reading import read
from tests.slices.chain_kit import rows

NEPAL = [
    "1282898\tPokhara\tPokhara\tपोखरा,Pokara,PKR,http://example.org\t28.26689\t83.96851\tP\tPPLA\tNP\t\tGA\t\t\t\t599504\t\t822\tAsia/Kathmandu\t2024-01-01",
    "1283095\tGandaki\tGandaki\t\t28.3\t84.0\tA\tADM1\tNP\t\tGA\t\t\t\t0\t\t0\tAsia/Kathmandu\t2024-01-01",
    "9\tNowhere\tNowhere\t\t128.3\t84.0\tP\tPPL\tNP\t\tGA\t\t\t\t0\t\t0\tAsia/Kathmandu\t2024-01-01",
    "10\t\t\t\t28.3\t84.0\tP\tPPL\tNP\t\tGA\t\t\t\t0\t\t0\tAsia/Kathmandu\t2024-01-01",
    "broken line",
]


async def test_a_geonames_dump_is_imported_once(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "NP.txt"
    file.write_text("\n".join(NEPAL) + "\n", encoding="utf-8")
    tally = await import_places(ctx, file)
    assert tally.counts() == {"rows": 5, "imported": 2, "known": 0, "set_aside": 3}
    assert [reason for _, reason, _ in tally.reasons] == ["off_earth", "no_name", "columns"]
    before = await rows(ctx, "SELECT id, created_at FROM places WHERE country = 'NP' ORDER BY id")
    assert (await import_places(ctx, file)).counts() == {"rows": 5, "imported": 0, "known": 2, "set_aside": 3}
    assert await rows(ctx, "SELECT id, created_at FROM places WHERE country = 'NP' ORDER BY id") == before
    async with ctx.db.tx() as conn:
        for typed in ("पोखरा", "pokhra", "Pokhara, Gandaki"):
            found = await searching.find(conn, typed, limit=3)
            assert (found[0]["name_en"], found[0]["province_en"]) == ("Pokhara", "Gandaki"), typed
    monkeypatch.setattr(service, "RECHECK_S", 0)
    assert (await service.gazetteer(ctx)).lookup("Pokhara")[0].country == "NP"
    file.write_text(NEPAL[0].replace("599504", "600000") + "\n", encoding="utf-8")
    assert (await import_places(ctx, file)).counts() == {"rows": 1, "imported": 1, "known": 0, "set_aside": 0}
    names = tmp_path / "alternateNames.txt"
    names.write_text("1\t1282898\tfa\tپوخارا\n2\t1282898\tlink\thttps://x\n3\t77\ten\tElsewhere\n", encoding="utf-8")
    for imported, known in ((1, 0), (0, 1)):
        counts = (await import_places(ctx, names)).counts()
        assert counts == {"rows": 3, "imported": imported, "known": known, "set_aside": 2}
    monkeypatch.setattr(service, "READ_MOST", 10)
    service._cache.clear()
    assert len((await service.gazetteer(ctx)).rows) == 10


async def test_what_ships_is_known_and_stays(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer dump of the home country neither doubles its provinces nor moves its towns: `up` would move them back."""
    monkeypatch.setattr(service, "RECHECK_S", 0)
    [town] = await rows(ctx, "SELECT * FROM places WHERE name_en = 'Poldokhtar' AND kind <> 'county'")
    tail = "\tIR\t\t23\t\t\t\t0\t\t0\tAsia/Tehran\t2024-01-01\n"
    file = tmp_path / "IR.txt"
    file.write_text(
        f"{town['source_id']}\tPol-e Dokhtar\tPol-e Dokhtar\t\t33.1\t47.7\tP\tPPL{tail}"
        f"125605\tLorestan\tLorestan\t\t33.5\t48.5\tA\tADM1{tail}"
        f"999001\tMarbin Sofla\tMarbin Sofla\tماربین سفلی\t33.2\t47.8\tP\tPPL{tail}",
        encoding="utf-8",
    )
    assert (await import_places(ctx, file)).counts() == {"rows": 3, "imported": 1, "known": 2, "set_aside": 0}
    assert (await rows(ctx, "SELECT * FROM places WHERE id = %s", town["id"])) == [town]
    known = await service.gazetteer(ctx)
    # A hamlet that nobody has counted is a place where the words say so, and no word otherwise.
    assert read("روستای ماربین سفلی آب نداره", known).place is not None
    assert read("ماربین سفلی آب نداره", known).place is None


async def test_tables_and_areas_come_in(ctx: Context, tmp_path: Path, client_of: Any) -> None:
    sheet = tmp_path / "shelters.csv"
    sheet.write_text(
        "نام,name_en,عرض,طول,kind\nمدرسه شهید,School A,۳۳٫۲,۴۷٫۷,shelter\nبی‌نشان,Lost,,,shelter\n", encoding="utf-8"
    )
    for imported, known in ((1, 0), (0, 1)):
        counts = (await import_places(ctx, sheet)).counts()
        assert counts == {"rows": 2, "imported": imported, "known": known, "set_aside": 1}
    square = [[[47.0, 33.0], [47.6, 33.0], [47.6, 33.5], [47.0, 33.5], [47.0, 33.0]]]
    features = [
        {"type": "Feature", "id": 7, "properties": {"name": "Mamulan County", "kind": "county"},
         "geometry": {"type": "Polygon", "coordinates": square}},
        {"type": "Feature", "properties": {"name": "Deh Nou"},
         "geometry": {"type": "Point", "coordinates": [47.3, 33.2]}},
        {"type": "Feature", "properties": {"name": "Bad"}, "geometry": {"type": "Polygon", "coordinates": [[[1]]]}},
    ]  # fmt: skip
    areas = tmp_path / "areas.geojson"
    areas.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    for imported, known in ((2, 0), (0, 2)):
        counts = (await import_places(ctx, areas)).counts()
        assert counts == {"rows": 3, "imported": imported, "known": known, "set_aside": 1}
    client = await client_of("coordinator")
    [county] = await rows(ctx, "SELECT id, accuracy_m FROM places WHERE name_en = 'Mamulan County'")
    assert 25_000 < county["accuracy_m"] < 50_000
    shown = (await client.get(f"/api/places/{county['id']}")).json()
    assert shown["geometry"]["type"] == "Polygon"
    inside = await client.get("/api/places", params={"q": "deh nou", "within": str(county["id"])})
    assert [f["properties"]["name_en"] for f in inside.json()["features"]] == ["Deh Nou"]
