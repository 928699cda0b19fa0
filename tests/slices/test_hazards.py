"""Hazard areas: drawn, changed under their version, ended; told by feeds; on the map wherever they reach."""

import random
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.access.context import Context
from server.hazards.service import FeedArea, tell
from server.kernel.sealer import Sealer
from server.maps.projection import project
from server.maps.shape_queries import POINTS_MOST, tolerance
from tests.support.map_records import add_emergency
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]


def square(west: float, south: float, side: float = 1.0) -> dict[str, Any]:
    east, north = west + side, south + side
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def ragged(west: float, south: float, corners: int) -> dict[str, Any]:
    """A square whose southern edge has many corners, each a little off."""
    dice = random.Random(5)
    edge = [[west + i / corners, south + dice.uniform(0, 0.02)] for i in range(corners)]
    return {"type": "Polygon", "coordinates": [[*edge, [west + 1, south + 1], [west, south + 1], edge[0]]]}


async def seal(ctx: Context) -> None:
    sealer = Sealer(ctx.db, ctx.redis, [project])
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass


async def flood_of(ctx: Context) -> UUID:
    async with ctx.db.tx() as conn:
        return await add_emergency(conn)


async def draw(client: httpx.AsyncClient, emergency: UUID, geometry: dict[str, Any], **more: Any) -> httpx.Response:
    return await client.post(
        "/api/hazards", json={"emergency": str(emergency), "kind": "flood", "geometry": geometry, **more}
    )


async def test_an_area_is_drawn_changed_under_its_version_and_ended(ctx: Context, client_of: MakeClient) -> None:
    flood, quake = await flood_of(ctx), await flood_of(ctx)
    client = await client_of("dispatcher")
    made = await draw(client, flood, square(48, 33), level="severe")
    assert made.status_code == 201, made.text
    area, path = made.json(), f"/api/hazards/{made.json()['id']}"
    assert area["properties"]["code"].startswith("H-")
    assert (area["properties"]["source"], area["properties"]["status"]) == ("drawn", "active")
    stale = {"If-Match": made.headers["ETag"]}
    changed = await client.patch(path, json={"level": "extreme"}, headers=stale)
    assert changed.json()["properties"]["level"] == "extreme"
    refused = await client.patch(path, json={"level": "minor"}, headers=stale)
    assert refused.status_code == 412
    assert refused.json()["current"]["properties"]["level"] == "extreme"
    assert (await client.patch(path, json={"level": "minor"})).status_code == 428
    volunteer = await client_of("volunteer")
    assert (await volunteer.get(path)).json() == changed.json()
    assert (await volunteer.patch(path, json={}, headers=stale)).status_code == 403
    elsewhere = await client_of("coordinator", emergency=quake)
    assert (await elsewhere.get(path)).status_code == 404
    assert (await elsewhere.get("/api/hazards")).json()["features"] == []
    assert (await draw(elsewhere, flood, square(1, 1))).status_code == 404
    ended = await client.patch(path, json={"status": "ended"}, headers={"If-Match": changed.headers["ETag"]})
    assert ended.json()["properties"]["status"] == "ended"
    assert (await client.get("/api/hazards?status=active")).json()["features"] == []
    async with ctx.db.tx() as conn:
        rows = await conn.execute("SELECT verb FROM events_unsealed WHERE subject_type = 'hazard' ORDER BY id")
        assert [row["verb"] for row in await rows.fetchall()] == [
            "hazard.created",
            "hazard.changed",
            "hazard.changed",
        ]


async def test_lists_are_paged_and_bounded_by_a_box(ctx: Context, client_of: MakeClient) -> None:
    flood = await flood_of(ctx)
    client = await client_of("coordinator")
    for n in range(3):
        await draw(client, flood, square(40 + 2 * n, 30), valid_until=None)
    first = (await client.get("/api/hazards?limit=2")).json()
    rest = (await client.get("/api/hazards", params={"limit": 2, "cursor": first["next"]})).json()
    assert len({one["id"] for one in [*first["features"], *rest["features"]]}) == 3
    assert rest["next"] is None
    inside = (await client.get("/api/hazards?bbox=42.5,30.5,42.6,30.6")).json()["features"]
    assert [one["geometry"] for one in inside] == [square(42, 30)]
    assert (await client.get("/api/hazards?category=fire")).json()["features"] == []


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ({"type": "Point", "coordinates": [48, 33]}, "type"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "crosses_itself"),
        ({"type": "MultiPolygon", "coordinates": []}, "coordinates"),
        ({"type": "MultiPolygon", "coordinates": [square(178, 0, 4)["coordinates"]]}, "off_earth"),
    ],
)
async def test_what_is_no_area_is_refused(geometry: Any, code: str, ctx: Context, client_of: MakeClient) -> None:
    answer = await draw(await client_of("coordinator"), await flood_of(ctx), geometry)
    assert answer.status_code == 422
    assert answer.json()["code"] == "hazard.geometry"
    assert code in answer.text


async def test_a_feed_that_repeats_itself_changes_nothing_and_what_a_person_ended_stays_ended(ctx: Context) -> None:
    flood = await flood_of(ctx)
    parts = {"type": "MultiPolygon", "coordinates": [square(48, 33)["coordinates"], square(50, 33)["coordinates"]]}
    said = FeedArea("gdacs", "FL-1", "flood", parts, level="severe")
    async with ctx.db.tx() as conn:
        made = await tell(conn, flood, said, "system")
        again = await tell(conn, flood, said, "system")
        assert (again["id"], again["version"]) == (made["id"], made["version"])
        assert (made["source"], made["feed"], made["verification"]) == ("feed", "gdacs", "likely")
        await conn.execute("UPDATE hazards SET status = 'ended' WHERE id = %s", (made["id"],))
        wider = await tell(conn, flood, FeedArea("gdacs", "FL-1", "flood", square(48, 33, 2), level="severe"), "system")
    assert wider["id"] == made["id"]
    assert wider["geometry"] == square(48, 33, 2)
    assert wider["status"] == "ended"


async def test_an_area_is_shown_wherever_it_reaches_and_counted_once(ctx: Context, client_of: MakeClient) -> None:
    flood = await flood_of(ctx)
    client = await client_of("coordinator")
    made = (await draw(client, flood, square(48, 33, 2))).json()
    await seal(ctx)

    async def seen(bbox: str) -> tuple[int, list[str], list[str]]:
        found = (await client.get(f"/api/map/cells?layer=hazards&zoom=12&bbox={bbox}")).json()
        return found["total"], [f["id"] for f in found["features"]], [f["id"] for f in found["beyond"]]

    assert await seen("47,32,51,36") == (1, [made["id"]], [])
    assert await seen("48.1,33.1,48.2,33.2") == (0, [], [made["id"]])
    assert await seen("50.1,33.1,50.2,33.2") == (0, [], [])
    by_id = (await client.get(f"/api/map/features?layer=hazards&ids={made['id']}")).json()["features"]
    assert by_id[0]["geometry"]["type"] == "Polygon"
    ended = await client.patch(f"/api/hazards/{made['id']}", json={"status": "ended"}, headers={"If-Match": '"1"'})
    assert ended.status_code == 200
    await seal(ctx)
    assert await seen("47,32,51,36") == (0, [], [])
    assert await seen("48.1,33.1,48.2,33.2") == (0, [], [])


async def test_shapes_are_plainer_from_afar_and_no_edge_is_far_off(ctx: Context, client_of: MakeClient) -> None:
    flood = await flood_of(ctx)
    client = await client_of("coordinator")
    for n in range(12):
        assert (await draw(client, flood, ragged(40 + n, 33, 1900))).status_code == 201
    await seal(ctx)
    corners = {}
    for zoom in (5, 9, 17):
        found = (await client.get(f"/api/map/cells?layer=hazards&zoom={zoom}&bbox=30,30,60,40")).json()
        assert len(found["features"]) == 12
        corners[zoom] = sum(len(one["geometry"]["coordinates"][0]) for one in found["features"])
    assert corners[5] < corners[9] < corners[17] <= POINTS_MOST
    assert corners[5] <= 12 * 12
    async with ctx.db.tx() as conn:
        row = await (
            await conn.execute(
                "SELECT max(ST_HausdorffDistance(geom, ST_SimplifyPreserveTopology(geom, %s))) AS off FROM hazards",
                (tolerance(9),),
            )
        ).fetchone()
    assert row
    assert row["off"] <= tolerance(9) * 1.01
