"""Drawings: kept with their shape, changed under their version, their words sealed and opened on record."""

from typing import Any

import pytest

from server.access.context import Context
from tests.support.map_records import add_emergency
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]
AREA = {"type": "Polygon", "coordinates": [[[48.0, 33.0], [48.1, 33.0], [48.1, 33.1], [48.0, 33.0]]]}
BOW = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
SECRET = "خانهٔ مادرِ گلنار، درِ آبی"


async def rows(ctx: Context, query: str) -> list[dict[str, Any]]:
    async with ctx.db.tx() as conn:
        return await (await conn.execute(query)).fetchall()  # type: ignore[call-overload,no-any-return]


async def test_a_drawing_lives_and_its_words_go_nowhere(ctx: Context, client_of: MakeClient) -> None:
    async with ctx.db.tx() as conn:
        flood, quake = await add_emergency(conn), await add_emergency(conn)
    client = await client_of("dispatcher")
    made = await client.post(
        "/api/drawings",
        json={"emergency": str(flood), "kind": "area", "purpose": "search", "geometry": AREA, "words": SECRET},
    )
    assert made.status_code == 201, made.text
    drawing, tag = made.json(), made.headers["ETag"]
    assert SECRET not in made.text
    assert drawing["properties"]["worded"] is True
    listed = await client.get("/api/drawings", params={"emergency": str(flood), "status": "active"})
    assert [one["id"] for one in listed.json()["features"]] == [drawing["id"]]
    assert listed.json()["features"][0]["geometry"] == AREA
    assert SECRET not in listed.text
    # Words: for who steers, each look on record; shapes for all on the map.
    assert (await client.get(f"/api/drawings/{drawing['id']}/words")).json() == {"words": SECRET}
    volunteer = await client_of("volunteer")
    assert (await volunteer.get(f"/api/drawings/{drawing['id']}")).status_code == 200
    assert (await volunteer.get(f"/api/drawings/{drawing['id']}/words")).status_code == 403
    elsewhere = await client_of("coordinator", emergency=quake)
    assert (await elsewhere.get(f"/api/drawings/{drawing['id']}/words")).status_code == 404
    events = await rows(ctx, "SELECT verb, data::text AS data FROM events_unsealed WHERE verb ~ 'drawing' ORDER BY id")
    assert [e["verb"] for e in events] == ["drawing.created", "drawing.opened"]
    assert all("گلنار" not in e["data"] for e in events)
    # Edited under the version that was seen, taken off the map, never deleted.
    path = f"/api/drawings/{drawing['id']}"
    changed = await client.patch(path, json={"words": "تمام شد", "purpose": "searched"}, headers={"If-Match": tag})
    assert changed.status_code == 200, changed.text
    assert (await client.patch(path, json={"purpose": "other"}, headers={"If-Match": tag})).status_code == 412
    assert (await client.get(f"{path}/words")).json() == {"words": "تمام شد"}
    gone = await client.patch(path, json={"status": "removed"}, headers={"If-Match": changed.headers["ETag"]})
    assert gone.json()["properties"]["status"] == "removed"
    assert (await client.get("/api/drawings", params={"status": "active"})).json()["features"] == []


@pytest.mark.parametrize(
    ("kind", "geometry", "code"),
    [
        ("area", BOW, "crosses_itself"),
        ("route", AREA, "type"),
        ("note", {"type": "Point", "coordinates": [51, 95]}, "off_earth"),
        ("route", {"type": "LineString", "coordinates": [[48, 33], [48, 33]]}, "too_short"),
    ],
)
async def test_what_is_no_such_shape_is_refused(
    kind: str, geometry: Any, code: str, ctx: Context, client_of: MakeClient
) -> None:
    async with ctx.db.tx() as conn:
        flood = await add_emergency(conn)
    client = await client_of("coordinator")
    answer = await client.post("/api/drawings", json={"emergency": str(flood), "kind": kind, "geometry": geometry})
    assert answer.status_code == 422
    assert answer.json()["code"] == "drawing.geometry"
    assert answer.json()["errors"][0]["code"] == code if "errors" in answer.json() else code in answer.text
