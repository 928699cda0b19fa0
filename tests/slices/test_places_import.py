"""Files of places: every row accounted for, a second run finds all known, reading and search use what came."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.access.context import Context
from server.kernel.errors import Problem
from server.places import files, searching, service
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


@pytest.mark.parametrize(
    ("sheet", "encoding", "name", "kind", "lat"),
    [
        (
            "نام,عرض جغرافيايي,طول جغرافیایی,نوع,جمعیت\nچم‌گردله,۳۳/۱۱,۴۷/۷۱,شهرستان,۱٬۲۰۰\n",
            "utf-8",
            "چم‌گردله",
            "county",
            33.11,
        ),
        ("Name FA;Name EN;Latitude;LONG\n;Komma;33,1712;47,7612\n", "utf-8", "Komma", "village", 33.1712),
        ("نام\tlat\tlon\nچشمه\t33.21\t47.81\n", "utf-16", "چشمه", "village", 33.21),
        ("نام,lat,lon,نوع\nده نو,33.2,47.8,شهر\n", "cp1256", "ده نو", "city", 33.2),
        ('name,lat,lon\nDegrees,"33°10\'12""N","47°42\'36""E"\n', "utf-8-sig", "Degrees", "village", 33.17),
        ("name,name:ku,lat,lon,type\nBest,بێستان,36.1,45.2,hamlet\n", "utf-8", "Best", "village", 36.1),
    ],
)
def test_tables_are_taken_as_people_write_them(
    sheet: str, encoding: str, name: str, kind: str, lat: float, tmp_path: Path
) -> None:
    file = tmp_path / "places.csv"
    file.write_bytes(sheet.encode(encoding))
    [line] = files.table(file, "IR")
    assert (line.reason, line.kind) == (None, kind)
    assert line.lat == pytest.approx(lat)
    assert name in line.names
    assert line.population == (1200 if "جمعیت" in sheet else 0)
    assert ("بێستان" in line.names) == ("بێستان" in sheet)


def test_a_file_that_cannot_be_used_says_why_in_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("foo,bar\n1,2\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"import\.unreadable") as refused:
        list(files.table(file, "IR"))
    assert "columns are missing" in refused.value.en
    assert "latitude" in refused.value.en
    assert "عرض جغرافیایی" in refused.value.fa
    # A record that cannot be taken apart is set aside; the next one is read.
    file.write_text("name,lat,lon\n" + "x" * 5_000_001 + ",33,47\nGood,33.3,47.3\n", encoding="utf-8")
    assert [line.reason for line in files.table(file, "IR")] == ["columns", None]


async def test_an_archive_is_refused(ctx: Context, tmp_path: Path) -> None:
    file = tmp_path / "IR.zip"
    file.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(Problem, match=r"import\.unreadable"):
        await import_places(ctx, file)


async def test_odd_features_neither_stop_the_others_nor_lose_their_height(ctx: Context, tmp_path: Path) -> None:
    ring = [[47.0, 33.0, 900.0], [47.2, 33.0, 900.0], [47.2, 33.2, 900.0], [47.0, 33.0, 900.0]]
    shapes: list[tuple[Any, Any]] = [
        ({"type": "Polygon", "coordinates": [ring]}, {"name": "High Zone", "kind": "county"}),
        ({"type": "Point", "coordinates": [47.1, 33.1, 1500]}, {"names": ["Two Names", "Other Name"]}),
        ({"type": "Point", "coordinates": [47.1, 33.1]}, ["no", "object"]),
        ({"type": "Point", "coordinates": [47.1, 33.1]}, {"name": {"fa": "x"}}),
    ]
    features = [{"type": "Feature", "geometry": g, "properties": p} for g, p in shapes]
    file = tmp_path / "odd.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    for imported, known in ((2, 0), (0, 2)):
        tally = await import_places(ctx, file)
        assert tally.counts() == {"rows": 4, "imported": imported, "known": known, "set_aside": 2}
        assert tally.reasons == [(3, "no_name", False), (4, "no_name", False)]
    [zone] = await rows(ctx, "SELECT ST_NDims(area) AS n, accuracy_m FROM places WHERE name_en = 'High Zone'")
    assert zone["n"] == 2
    assert await rows(ctx, "SELECT 1 FROM place_names WHERE name = 'Other Name'")
    file.write_text(json.dumps(features[1], indent=1), encoding="utf-8")
    assert (await import_places(ctx, file)).counts()["known"] == 1
