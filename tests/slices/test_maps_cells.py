"""The map's cells against brute force, its projection against a recount."""

import random
from typing import Any

import pytest

from server.access.context import Context
from server.kernel.events import NewEvent, emit
from server.kernel.geo import Box
from server.kernel.ids import uuid7
from server.kernel.sealer import Sealer
from server.maps import counting, service
from server.maps.asking import boxes_of
from server.maps.projection import project
from server.maps.queries import rebuild_cells, rebuild_features
from server.maps.reading_queries import Filter
from tests.support.map_records import add_emergency, add_incident, add_need, cells_now, features_now, scatter
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]


def sealer(ctx: Context) -> Sealer:
    return Sealer(ctx.db, ctx.redis, [project])


async def seal(ctx: Context) -> int:
    one = sealer(ctx)
    total = 0
    async with ctx.db.tx() as conn:
        while batch := await one.seal_batch(conn):
            total += len(batch)
    return total


def brute(
    points: list[dict[str, Any]],
    boxes: tuple[Box, ...],
    statuses: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
) -> int:
    return sum(
        any(box.holds(p["lon"], p["lat"]) for box in boxes)
        and (not statuses or p["status"] in statuses)
        and (not categories or p["category"] in categories)
        for p in points
    )


def corner(dice: random.Random, value: float, most: float) -> float:
    return dice.choice(
        [value, round(value, 1), value + dice.uniform(-3, 3), dice.choice(EDGES), dice.uniform(-most, most)]
    )


EDGES = [-180.0, -90.0, -45.0, 0.0, 45.0, 47.8125, 48.515625, 50.625, 90.0, 180.0]


async def test_total_is_exactly_what_the_half_open_box_holds(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    # With these limits some boxes are answered by cells alone, some by finer cells, some by records.
    monkeypatch.setattr(counting, "EDGE_MOST", 40)
    monkeypatch.setattr(service, "FEATURES_MOST", 60)
    monkeypatch.setattr(counting, "FEATURES_MOST", 60)
    dice = random.Random(20)
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        points = await scatter(conn, emergency, 3000, dice)
        await rebuild_cells(conn)
    listed = celled = 0
    for turn in range(220):
        around = dice.choice(points)
        west, east = corner(dice, around["lon"], 180), corner(dice, around["lon"], 180)
        south, north = sorted((corner(dice, around["lat"], 90), corner(dice, around["lat"], 90)))
        if not (-90 <= south < north <= 90) or west == east or max(abs(west), abs(east)) > 180:
            continue
        boxes = boxes_of(f"{west!r},{south!r},{east!r},{north!r}")
        statuses = ("open",) if turn % 3 == 0 else ()
        categories = ("water", "food") if turn % 4 == 0 else ()
        want = Filter("needs", emergency, statuses, categories)
        async with ctx.db.tx() as conn:
            total = 0
            for box in boxes:
                found = await counting.count(conn, want, box, dice.randrange(0, 20), few=60)
                if found is None or found.total <= 60:
                    listed += 1
                    rows = await service.sql.features_in(conn, want, box, 61)
                    assert found is None or found.total == len(rows)
                    total += len(rows)
                else:
                    celled += 1
                    total += found.total
                    assert len(found.cells) <= counting.CELLS_MOST
                    assert sum(cell["n"] for cell in service.shown(found)) == found.total
                    assert all(
                        box.west - 1e-6 <= c["lon"] < box.east + 1e-6
                        and box.south - 1e-6 <= c["lat"] < box.north + 1e-6
                        for c in service.shown(found)
                    )
        assert total == brute(points, boxes, statuses, categories), (west, south, east, north)
    assert listed > 10
    assert celled > 50


async def test_a_batch_twice_changes_nothing_and_deltas_equal_a_recount(ctx: Context) -> None:
    dice = random.Random(3)
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        needs = [await add_need(conn, emergency, dice) for _ in range(40)]
        incidents = [await add_incident(conn, emergency, dice) for _ in range(15)]
    assert await seal(ctx) == 55
    async with ctx.db.tx() as conn:
        for need in needs[:20]:
            await conn.execute(
                "UPDATE needs SET status = 'met', urgency = 'life', geom_shown = ST_Translate(geom_shown, 0.01, 0)"
                " WHERE id = %s",
                (need,),
            )
            await emit(conn, NewEvent("need.changed", "need", need, emergency))
        for incident in incidents[:5]:
            await conn.execute("UPDATE incidents SET geom = NULL WHERE id = %s", (incident,))
            await emit(conn, NewEvent("incident.changed", "incident", incident, emergency))
    one = sealer(ctx)
    async with ctx.db.tx() as conn:
        batch = await one.seal_batch(conn)
    assert len(batch) == 25
    async with ctx.db.tx() as conn:
        features, cells = await features_now(conn), await cells_now(conn)
        await project(conn, batch)
        assert (await features_now(conn), await cells_now(conn)) == (features, cells)
        await rebuild_features(conn)
        await rebuild_cells(conn)
        assert await features_now(conn) == features
        assert await cells_now(conn) == cells
    assert len([one for one in features if one["layer"] != "gaps"]) == 50
    assert all(cell["n"] > 0 for cell in cells)


async def test_the_route_answers_bounded_and_304_until_something_changes(ctx: Context, client_of: MakeClient) -> None:
    dice = random.Random(5)
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        points = await scatter(conn, emergency, 2500, dice)
        await rebuild_cells(conn)
    client = await client_of("coordinator")
    path = "/api/map/cells?layer=needs&zoom=4&bbox=-180,-90,180,90"
    first = await client.get(path)
    assert first.status_code == 200, first.text
    body = first.json()
    assert body["total"] == brute(points, (Box(-180, -90, 180, 90),))
    assert sum(c["n"] for c in body["cells"]) + len(body["features"]) == body["total"]
    assert 0 < len(body["cells"]) <= 1200
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    async with ctx.db.tx() as conn:
        need = await add_need(conn, emergency, dice, lon=48.35, lat=33.48)
    await seal(ctx)
    changed = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.json()["total"] == body["total"] + 1
    small = (await client.get("/api/map/cells?layer=needs&zoom=14&bbox=48.349,33.479,48.351,33.481")).json()
    mine = next(f for f in small["features"] if f["id"] == str(need))
    assert mine["geometry"] == {"type": "Point", "coordinates": [48.35, 33.48]}
    assert {
        "layer",
        "code",
        "category",
        "status",
        "urgency",
        "verification",
        "corroboration",
        "people",
        "priority",
        "updated_at",
        "accuracy_m",
        "place",
    } <= set(mine["properties"])
    by_id = (await client.get(f"/api/map/features?layer=needs&ids={need},{uuid7()}")).json()
    assert [f["id"] for f in by_id["features"]] == [str(need)]
    since = (await client.get(path + "&since=2030-01-01T00:00:00Z")).json()
    assert (since["total"], since["counted"]) == (0, "features")
    tile = await client.get("/tiles/needs/5/20/12.mvt")
    assert tile.status_code == 200
    assert len(tile.content) > 100


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=a,b,c,d",
        "bbox=0,10,10,5",
        "bbox=0,0,0,10",
        "bbox=nan,0,1,1",
        "zoom=x",
        "zoom=-1",
        "layer=houses",
        "since=yesterday",
        "emergency=here",
        "bbox=0,-91,1,1",
    ],
)
async def test_a_wrong_question_is_a_problem_in_both_languages(query: str, client_of: MakeClient) -> None:
    client = await client_of("coordinator")
    answer = await client.get(f"/api/map/cells?{query}")
    assert answer.status_code == 400
    body = answer.json()
    assert body["code"].startswith("map.")
    assert body["title_fa"]
    assert body["title_en"]


async def test_who_sees_which_layer(client_of: MakeClient) -> None:
    seen: dict[str, dict[str, int]] = {}
    layers = ("incidents", "needs", "tasks", "reports", "closures", "centres", "movements", "volunteers")
    for role in ("coordinator", "auditor", "volunteer", "donor", "gateway"):
        client = await client_of(role)
        seen[role] = {layer: (await client.get(f"/api/map/cells?layer={layer}")).status_code for layer in layers}
    assert set(seen["coordinator"].values()) == {200}
    assert set(seen["auditor"].values()) == {200}
    assert [layer for layer in layers if seen["volunteer"][layer] != 200] == [
        "reports",
        "movements",
        "volunteers",
    ]
    assert set(seen["donor"].values()) == {403}
    assert set(seen["gateway"].values()) == {403}


async def test_one_bound_to_an_emergency_sees_no_other(ctx: Context, client_of: MakeClient) -> None:
    dice = random.Random(1)
    async with ctx.db.tx() as conn:
        mine, other = await add_emergency(conn), await add_emergency(conn)
        await scatter(conn, mine, 30, dice)
        hidden = await scatter(conn, other, 40, dice)
        await rebuild_cells(conn)
    bound = await client_of("coordinator", emergency=mine)
    assert (await bound.get("/api/map/cells?layer=needs")).json()["total"] == 30
    assert (await bound.get(f"/api/map/cells?layer=needs&emergency={other}")).status_code == 403
    assert (await bound.get(f"/api/map/features?layer=needs&ids={hidden[0]['id']}")).json()["features"] == []
    free = await client_of("coordinator")
    which = await free.get("/api/map/cells?layer=needs")
    assert which.status_code == 400
    assert {e["id"] for e in which.json()["emergencies"]} == {str(mine), str(other)}
    assert (await free.get(f"/api/map/cells?layer=needs&emergency={other}")).json()["total"] == 40


async def test_answers_go_out_packed_and_gis_programs_are_told_of_tiles(ctx: Context, client_of: MakeClient) -> None:
    dice = random.Random(6)
    async with ctx.db.tx() as conn:
        emergency = await add_emergency(conn)
        await scatter(conn, emergency, 1500, dice)
        await rebuild_cells(conn)
    client = await client_of("coordinator")
    path = "/api/map/cells?layer=needs&zoom=5&bbox=-180,-90,180,90"
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
    assert (plain.headers.get("content-encoding"), packed.headers["content-encoding"]) == (None, "gzip")
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) * 2 < int(plain.headers["content-length"])
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    again = await client.get(path, headers={"If-None-Match": packed.headers["etag"], "Accept-Encoding": "gzip"})
    assert again.status_code == 304
    told = (await client.get(f"/tiles/needs.json?emergency={emergency}")).json()
    address = told["tiles"][0].format(z=5, x=19, y=12)
    tile = await client.get(address.removeprefix("http://test"))
    assert (told["tilejson"], tile.status_code) == ("3.0.0", 200)
    assert tile.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert (await (await client_of("volunteer")).get("/tiles/reports.json")).status_code == 403
