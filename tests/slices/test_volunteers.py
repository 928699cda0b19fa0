"""Volunteers: sealed names, coarse places, files that come twice."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from server.kernel.geo import distance_m
from server.volunteers import importing
from server.volunteers.import_routes import router as lists
from server.volunteers.importing import import_volunteers
from server.volunteers.routes import router
from tests.support.dispatch_world import World, a_client, an_app

NAME, PHONE = "زهرا آزمایشی", "۰۹۱۲ ۰۰۰ ۰۱۲۳"


async def test_a_name_is_sealed_shown_one_at_a_time_and_the_look_is_recorded(world: World) -> None:
    async with a_client(an_app(world.ctx, router)) as http:
        dispatcher = await world.token("dispatcher", centre=world.centres[0])
        made = await http.post(
            "/api/volunteers",
            headers=dispatcher,
            json={
                "centre": str(world.centres[0]),
                "name": NAME,
                "phone": PHONE,
                "skills": ["medic"],
                "gender": "woman",
            },
        )
        assert made.status_code == 201
        assert NAME not in made.text
        url = f"/api/volunteers/{made.json()['id']}"
        listed = await http.get("/api/volunteers", headers=dispatcher)
        assert len(listed.json()["features"]) == 1
        assert not {"name", "phone"} & set(listed.json()["features"][0]["properties"])
        opened = await http.get(url, headers=dispatcher)
        assert opened.json()["properties"]["name"] == NAME
        assert opened.json()["properties"]["phone"] == "+989120000123"
        auditor = await http.get(url, headers=await world.token("auditor"))
        assert auditor.status_code == 200
        assert "name" not in auditor.json()["properties"]
        assert (await world.run("SELECT verb FROM events_unsealed WHERE verb = 'volunteer.opened'")) == [
            {"verb": "volunteer.opened"}
        ]
        for table in ("volunteers", "events_unsealed"):
            dump = str(await world.run(f"SELECT {table}::text AS line FROM {table}"))
            assert NAME not in dump
            assert "9120000123" not in dump
        again = await http.post(
            "/api/volunteers", headers=dispatcher, json={"centre": str(world.centres[0]), "phone": "00989120000123"}
        )
        assert (again.status_code, again.json()["code"]) == (409, "volunteer.phone_known")
        stranger = await world.token("dispatcher", centre=world.centres[1])
        assert (await http.get(url, headers=stranger)).status_code == 404
        foreign = await http.post("/api/volunteers", headers=stranger, json={"centre": str(world.centres[0])})
        assert foreign.status_code == 403


async def test_two_editors(world: World) -> None:
    async with a_client(an_app(world.ctx, router)) as http:
        staff = await world.token("coordinator")
        made = await http.post("/api/volunteers", headers=staff, json={"centre": str(world.centres[0]), "name": NAME})
        url, tag = f"/api/volunteers/{made.json()['id']}", made.headers["etag"]
        first = await http.patch(url, headers={**staff, "If-Match": tag}, json={"status": "resting"})
        assert first.status_code == 200
        second = await http.patch(url, headers={**staff, "If-Match": tag}, json={"skills": ["driver"]})
        assert (second.status_code, second.json()["current"]["status"]) == (412, "resting")
        assert (await http.patch(url, headers=staff, json={})).status_code == 428
        third = await http.patch(url, headers={**staff, "If-Match": first.headers["etag"]}, json={"phone": PHONE})
        assert third.status_code == 200
        opened = await http.get(url, headers=staff)
        assert (opened.json()["properties"]["name"], opened.json()["properties"]["phone"]) == (NAME, "+989120000123")


async def test_positions_are_coarse_from_the_start(world: World) -> None:
    (me,) = await world.volunteers(1)
    lon, lat = 48.36123, 33.48765
    async with a_client(an_app(world.ctx, router)) as http:
        mine, staff = await world.token("volunteer", volunteer=me), await world.token("dispatcher")
        sent = await http.post(
            "/api/volunteers/me/position", headers=mine, json={"lon": lon, "lat": lat, "accuracy_m": 5}
        )
        assert sent.status_code == 204
        raw = await world.ctx.redis.get(f"hamyar:position:{me}")
        assert b"48.36123" not in raw
        assert b"33.48765" not in raw
        assert 0 < await world.ctx.redis.ttl(f"hamyar:position:{me}") <= 7200
        (feature,) = (await http.get("/api/volunteers", headers=staff)).json()["features"]
        assert feature["properties"]["where"]["source"] == "position"
        assert distance_m(lon, lat, *feature["geometry"]["coordinates"]) < 1500
        await world.ctx.redis.flushdb()
        (feature,) = (await http.get("/api/volunteers", headers=staff)).json()["features"]
        assert feature["properties"]["where"]["source"] == "centre"
        assert (
            await http.post("/api/volunteers/me/position", headers=staff, json={"lon": 1, "lat": 1})
        ).status_code == 422
        off = await http.post("/api/volunteers/me/position", headers=mine, json={"lon": 181, "lat": 1})
        assert off.status_code == 422


async def test_import_twice(world: World, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "code,centre,skills,languages,gender,vehicle,name,phone\n"
        f"V1,TC1,medic;driver,fa,زن,car,{NAME},{PHONE}\n"
        ",TC1,rescue,fa,man,,ب,09120000124\n"
        ",TC2,rescue,fa,man,,پ,+98 912 000 0124\n"
        "V2,TC9,,,,,,\n"
        "V3,TC1,,,,,,12\n"
        ",TC1,,,,,ت,\n"
        "V4,TC1,,,other,,,\n"
        "V5,TC2,,,,,,09120000124\n",
        encoding="utf-8",
    )
    first = await import_volunteers(world.ctx, file)
    assert first.counts() == {"rows": 8, "imported": 2, "known": 1, "set_aside": 5}
    assert [code for _, code, _ in first.reasons] == [
        "centre_unknown",
        "phone_invalid",
        "no_identity",
        "gender_unknown",
        "conflict",
    ]
    second = await import_volunteers(world.ctx, file)
    assert second.counts() == {"rows": 8, "imported": 0, "known": 3, "set_aside": 5}
    assert await world.one("SELECT count(*) FROM volunteers") == 2


PEOPLE = f"کد,مرکز,مهارت‌ها,تلفن,نام\nV1,TC1,پرستار,{PHONE},{NAME}\nV2,TC2,,,\nV3,,,,\n,TC1,,12,\n"


def _workbook() -> bytes:
    book, file = Workbook(), io.BytesIO()
    for line in PEOPLE.strip().split("\n"):
        book.worksheets[0].append([cell or None for cell in line.split(",")])
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("data", [PEOPLE.encode(), _workbook()], ids=["csv", "xlsx"])
async def test_a_list_is_looked_at_before_it_is_taken(world: World, data: bytes) -> None:
    async with a_client(an_app(world.ctx, lists, router)) as http:
        here = await world.token("coordinator", centre=world.centres[0])
        looked = await http.post("/api/volunteers/import?preview=true", headers=here, content=data)
        assert (looked.status_code, looked.json()["imported"], looked.json()["preview"]) == (200, 2, True)
        assert await world.one("SELECT count(*) FROM volunteers") == 0
        taken = await http.post("/api/volunteers/import", headers=here, content=data)
        assert taken.json() == {**looked.json(), "preview": False}
        assert [(r["row"], r["code"]) for r in taken.json()["reasons"]] == [(3, "centre_foreign"), (5, "phone_invalid")]
        assert all(r["fa"] and r["en"] for r in taken.json()["reasons"])
        assert NAME not in taken.text
        again = await http.post("/api/volunteers/import", headers=here, content=data)
        assert (again.json()["imported"], again.json()["known"]) == (0, 2)
        rows = await world.run("SELECT code, skills, vetting, centre_id FROM volunteers ORDER BY code")
        assert [(r["code"], r["skills"], r["vetting"]) for r in rows] == [
            ("V1", ["nursing"], "vetted"),
            ("V3", [], "vetted"),
        ]
        foreign = await http.post(f"/api/volunteers/import?centre={world.centres[1]}", headers=here, content=data)
        assert foreign.status_code == 403
        dispatcher = await world.token("dispatcher")
        assert (await http.post("/api/volunteers/import", headers=dispatcher, content=data)).status_code == 403


async def test_one_bad_row_does_not_block_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importing.read_person

    def odd(row: Mapping[str, str], country: str) -> dict[str, Any]:
        return real(row, country) | ({"capacity_kg": -1.0} if row["code"] == "B1" else {})

    monkeypatch.setattr(importing, "read_person", odd)
    async with world.ctx.db.tx() as conn:
        tally = await importing.take(conn, world.ctx, b"code,centre\nA1,TC1\nB1,TC1\nC1,TC1\n", importing.Bounds())
    assert tally.counts() == {"rows": 3, "imported": 2, "known": 0, "set_aside": 1}
    assert tally.reasons == [(3, "refused", False)]
    assert await world.one("SELECT count(*) FROM events_unsealed WHERE verb = 'volunteer.changed'") == 2
