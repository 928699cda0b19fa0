"""Records over HTTP: lists, details, decisions, merges and splits; who sees what."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.access.context import Context
from server.kernel.ids import uuid7
from server.loops import ON_NEEDS
from server.needs import service as needs
from server.reports import counting, links
from server.reports.chain import process_batch
from server.reports.intake import Incoming
from tests.slices.chain_kit import POLDOKHTAR, centre, emergency, incidents_of, needs_of, rows, send, told
from tests.support.web import MakeClient

A, B, C = "+989121110001", "+989121110002", "+989121110003"
VERSION = "If-Match"


async def _ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_lists_are_filtered_and_paged(ctx: Context, client_of: MakeClient) -> None:
    where, other = await emergency(ctx, "E-A"), await emergency(ctx, "E-B")
    await told(ctx, where, (A, "NEED WATER 5 POLDOKHTAR"), (A, "NEED FOOD 5 POLDOKHTAR"), (A, "NEED WATER 9 AQ QALA"))
    await told(ctx, other, (A, "NEED WATER 7 POLDOKHTAR"))
    client = await client_of("coordinator")
    everything = await _ok(await client.get("/api/needs"))
    assert (everything["type"], len(everything["features"]), everything["next"]) == ("FeatureCollection", 4, None)
    mine = {"emergency": str(where)}
    assert len((await _ok(await client.get("/api/needs", params=mine)))["features"]) == 3
    for more, count in (
        ({"category": "water"}, 2),
        ({"category": "water,food"}, 3),
        ({"status": "met"}, 0),
        ({"bbox": "47,33,48,34"}, 2),
        ({"bbox": "47,33,47.71014,34"}, 0),
        ({"since": "2100-01-01T00:00:00Z"}, 0),
        ({"since": "2001-01-01T00:00:00Z"}, 3),
    ):
        found = await _ok(await client.get("/api/needs", params=mine | more))
        assert len(found["features"]) == count, more
    seen, cursor = [], ""
    for _ in range(3):
        page = await _ok(
            await client.get("/api/needs", params=mine | {"limit": 1} | ({"cursor": cursor} if cursor else {}))
        )
        seen += [f["id"] for f in page["features"]]
        cursor = page["next"]
    assert (len(set(seen)), cursor) == (3, None)
    assert (await client.get("/api/needs", params={"cursor": "nonsense"})).status_code == 400
    assert (await client.get("/api/needs", params={"bbox": "1,2,3"})).status_code == 400
    bound = await client_of("coordinator", emergency=other)
    assert len((await _ok(await bound.get("/api/needs")))["features"]) == 1
    assert (await bound.get("/api/needs", params=mine)).status_code == 404
    assert (await bound.get(f"/api/needs/{seen[0]}")).status_code == 404


async def test_a_volunteer_sees_the_need_and_not_whose_it_is(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    lon, lat = POLDOKHTAR
    [accepted] = await told(
        ctx,
        where,
        Incoming("api", "test", "1", "پلدختر آب نداریم ۵ نفریم".encode(), A, lon=lon, lat=lat, emergency_id=where),
    )
    [need] = await needs_of(ctx, where)
    volunteer, coordinator = await client_of("volunteer"), await client_of("coordinator")
    seen = await _ok(await volunteer.get(f"/api/needs/{need['id']}"))
    assert "links" not in seen["properties"]
    assert "by" not in str(seen["properties"]["history"][0].keys())
    assert seen["geometry"]["coordinates"] != [lon, lat]
    assert (await volunteer.get(f"/api/needs/{need['id']}/exact")).status_code == 403
    full = (await _ok(await coordinator.get(f"/api/needs/{need['id']}")))["properties"]
    assert [(v["report"], v["receipt"], v["primary"], v["channel"]) for v in full["links"]] == [
        (str(accepted.id), accepted.receipt, True, "api")
    ]
    assert full["history"][0]["verb"] == "need.created"
    assert full["history"][0]["by"] == "system"
    assert {w["code"] for w in full["why"]} == {"urgency", "people"}
    assert sum(w["points"] for w in full["why"]) == pytest.approx(full["priority"])
    exact = await _ok(await coordinator.get(f"/api/needs/{need['id']}/exact"))
    assert (exact["lon"], exact["lat"]) == (lon, lat)
    looked = await rows(ctx, "SELECT subject_id, actor FROM events_unsealed WHERE verb = 'need.located_exactly'")
    assert [r["subject_id"] for r in looked] == [need["id"]]
    assert looked[0]["actor"].startswith("token:")


async def test_the_second_editor_sees_what_the_first_did(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    [need] = await needs_of(ctx, where)
    one, two = await client_of("coordinator"), await client_of("coordinator")
    address = f"/api/needs/{need['id']}"
    tag = (await one.get(address)).headers["etag"]
    assert (await one.patch(address, json={"quantity": 30})).status_code == 428
    first = await one.patch(address, json={"quantity": 30, "verification": "confirmed"}, headers={VERSION: tag})
    assert first.headers["etag"] != tag
    second = await two.patch(address, json={"quantity": 99}, headers={VERSION: tag})
    assert (second.status_code, second.json()["code"]) == (412, "edit.conflict")
    assert second.json()["current"]["properties"]["quantity"] == 30
    assert second.json()["current"]["properties"]["decided"] == ["quantity", "verification"]
    await told(ctx, where, (B, "NEED WATER 80 POLDOKHTAR"))
    after = (await _ok(await one.get(address)))["properties"]
    assert (after["quantity"], after["verification"], after["corroboration"]) == (30, "confirmed", 2)
    tag = (await one.get(address)).headers["etag"]
    for wrong in ({"category": "dragon"}, {"status": "tasked"}, {"quantity": -1}, {"code": "N-1"}):
        assert (await one.patch(address, json=wrong, headers={VERSION: tag})).status_code == 422, wrong


async def test_merge_and_split_over_http(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    await centre(ctx, "H-1", 47.7, 33.2)
    first, second, third = await told(
        ctx, where, (A, "NEED WATER 50 POLDOKHTAR"), (B, "NEED WATER 70 POLDOKHTAR"), (C, "NEED WATER 70 AQ QALA")
    )
    # Both were made in one millisecond, so their ids say nothing of their order.
    there, here = sorted(await needs_of(ctx, where, "water"), key=lambda need: need["corroboration"])
    client = await client_of("coordinator")
    merged = (await _ok(await client.post(f"/api/needs/{here['id']}/merge", json={"other": str(there["id"])})))[
        "properties"
    ]
    assert (merged["corroboration"], merged["quantity"], len(merged["links"])) == (3, 70, 3)
    gone = (await _ok(await client.get(f"/api/needs/{there['id']}")))["properties"]
    assert (gone["status"], gone["merged_into"], gone["links"]) == ("closed", str(here["id"]), [])
    again = await client.post(f"/api/needs/{here['id']}/merge", json={"other": str(there["id"])})
    assert (again.status_code, again.json()["code"]) == (409, "merge.not_alike")
    split = await _ok(await client.post(f"/api/needs/{here['id']}/split", json={"report": str(third.id)}), 201)
    assert (split["kept"]["properties"]["corroboration"], split["made"]["properties"]["corroboration"]) == (2, 1)
    assert split["made"]["properties"]["place"]["en"] == "Aq Qala"
    assert split["kept"]["properties"]["place"]["en"] == "Poldokhtar"
    assert [v["report"] for v in split["made"]["properties"]["links"]] == [str(third.id)]
    twice = await client.post(f"/api/needs/{here['id']}/split", json={"report": str(third.id)})
    assert (twice.status_code, twice.json()["code"]) == (409, "split.not_linked")
    await _ok(await client.post(f"/api/needs/{here['id']}/split", json={"report": str(second.id)}), 201)
    last = await client.post(f"/api/needs/{here['id']}/split", json={"report": str(first.id)})
    assert (last.status_code, last.json()["code"]) == (409, "split.last")
    [links_kept] = await rows(ctx, "SELECT count(*) AS n, count(undone_at) AS undone FROM report_links")
    assert (links_kept["n"], links_kept["undone"]) == (6, 3)


async def test_an_incident_s_closure_follows_what_people_decide(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "پل معمولان خراب شد"), (B, "جاده پلدختر بسته است"))
    found = {i["category"]: i for i in await incidents_of(ctx, where)}
    client = await client_of("coordinator")
    address = f"/api/incidents/{found['bridge_out']['id']}"
    tag = (await client.get(address)).headers["etag"]
    edited = await client.patch(address, json={"verification": "confirmed"}, headers={VERSION: tag})
    closures = (await _ok(await client.get("/api/closures", params={"category": "bridge"})))["features"]
    assert [(c["properties"]["verification"], c["properties"]["status"]) for c in closures] == [("confirmed", "active")]
    await _ok(await client.patch(address, json={"status": "resolved"}, headers={VERSION: edited.headers["etag"]}))
    closures = (await _ok(await client.get("/api/closures", params={"status": "lifted"})))["features"]
    assert [c["properties"]["incident"] for c in closures] == [str(found["bridge_out"]["id"])]
    assert len((await _ok(await client.get("/api/closures")))["features"]) == 2
    # A resolved bridge is over: when it falls again, it is another incident with a closure of its own.
    await told(ctx, where, (C, "پل معمولان خراب شد"))
    assert len((await _ok(await client.get("/api/closures", params={"status": "active"})))["features"]) == 2


async def test_closures_are_drawn_checked_and_lifted(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    client = await client_of("dispatcher")

    def body(kind: str, geometry: Any) -> dict[str, Any]:
        return {"emergency": str(where), "kind": kind, "geometry": geometry}

    road = {"type": "LineString", "coordinates": [[47.7, 33.1, 900], [47.8, 33.2, 950]]}
    made = await client.post("/api/closures", json=body("road", road))
    feature = await _ok(made, 201)
    assert feature["geometry"] == {"type": "LineString", "coordinates": [[47.7, 33.1], [47.8, 33.2]]}
    square = [[47, 33], [48, 33], [48, 34], [47, 34], [47, 33]]
    assert (
        await client.post("/api/closures", json=body("area", {"type": "Polygon", "coordinates": [square]}))
    ).status_code == 201
    bow = [[47, 33], [48, 34], [48, 33], [47, 34], [47, 33]]
    for geometry, code in (
        ({"type": "Polygon", "coordinates": [bow]}, "crosses_itself"),
        ({"type": "Polygon", "coordinates": [square[:-1]]}, "open_ring"),
        ({"type": "Point", "coordinates": [33.1, 190]}, "off_earth"),
        ({"type": "Point", "coordinates": ["a", 1]}, "coordinates"),
        ({"type": "LineString", "coordinates": [[1, 1], [1, 1]]}, "too_short"),
        ({"type": "GeometryCollection", "geometries": []}, "type"),
    ):
        refused = await client.post("/api/closures", json=body("area", geometry))
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code), geometry
    lifted = await client.patch(
        f"/api/closures/{feature['id']}", json={"status": "lifted"}, headers={VERSION: made.headers["etag"]}
    )
    assert (await _ok(lifted))["properties"]["status"] == "lifted"
    stale = await client.patch(
        f"/api/closures/{feature['id']}", json={"kind": "area"}, headers={VERSION: made.headers["etag"]}
    )
    assert (stale.status_code, stale.json()["current"]["properties"]["status"]) == (412, "lifted")
    unknown = await client.post("/api/closures", json=body("road", road) | {"emergency": str(uuid7())})
    assert unknown.status_code == 422


async def test_dispatch_marks_a_need_met_once(ctx: Context) -> None:
    where = await emergency(ctx)
    await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    [need] = await needs_of(ctx, where)
    async with ctx.db.tx() as conn:
        assert await needs.mark_met(conn, ctx, need["id"], "session:1")
        assert not await needs.mark_met(conn, ctx, need["id"], "session:1")
    [met] = await needs_of(ctx, where)
    assert (met["status"], met["decided_by"]) == ("met", "session:1")


MESSAGES = (
    "NEED WATER 50 POLDOKHTAR",
    "NEED WATER 40 POLDOKHTAR",
    "پلدختر آب نداریم ۲۰ خانواده",
    "پلدختر ۷ نفر آب نداریم",
    "Poldokhtar: urgent, no drinking water, 3 babies",
)


def _shown(need: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        need[k]
        for k in (
            "people",
            "households",
            "quantity",
            "unit",
            "urgency",
            "vulnerable",
            "corroboration",
            "verification",
            "lon",
            "lat",
            "accuracy_m",
            "place_id",
            "first_reported_at",
            "last_reported_at",
        )
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_splitting_and_joining_again_restores_every_count(ctx: Context, data: st.DataObject) -> None:
    where = await emergency(ctx, f"E-{uuid7()}")
    count = data.draw(st.integers(2, 6))
    said = [(data.draw(st.sampled_from([A, B, C, None])), data.draw(st.sampled_from(MESSAGES))) for _ in range(count)]
    accepted = await told(ctx, where, *(text if sender is None else (sender, text) for sender, text in said))
    [before] = await needs_of(ctx, where, "water")
    leaving = data.draw(st.sets(st.sampled_from([a.id for a in accepted]), max_size=count - 1))
    subject = links.Subject("need", before["id"])
    async with ctx.db.tx() as conn:
        made = [await links.split(conn, ctx, subject, report, "test") for report in sorted(leaving)]
    split = {n["id"]: n for n in await needs_of(ctx, where, "water")}
    assert len(split) == 1 + len(leaving)
    voices = {(s or "?") for (s, _), a in zip(said, accepted, strict=True) if a.id not in leaving}
    assert split[before["id"]]["corroboration"] == len(voices)
    async with ctx.db.tx() as conn:
        for need in data.draw(st.permutations(made)):
            await links.merge(conn, ctx, links.Subject("need", before["id"]), need, "test")
    after = {n["id"]: n for n in await needs_of(ctx, where, "water")}
    assert _shown(after[before["id"]]) == _shown(before)
    assert {after[m]["status"] for m in made} <= {"closed"}
    async with ctx.db.tx() as conn:
        live = await links.queries.links_of(conn, "need", before["id"])
        from_memory = links.joining.tally_of(
            [links.joining.Voice(r["sender_hash"], r["said_at"], r["said"]) for r in live]
        )
        assert (await counting.anew(conn, "need", [before["id"]]))[before["id"]] == from_memory


async def test_undo_takes_one_report_out(ctx: Context) -> None:
    where = await emergency(ctx)
    first, second = await told(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"), (B, "NEED WATER 70 POLDOKHTAR"))
    [need] = await needs_of(ctx, where)
    async with ctx.db.tx() as conn:
        await links.undo(conn, ctx, second.id, links.Subject("need", need["id"]), "test")
    [left] = await needs_of(ctx, where)
    assert (left["corroboration"], float(left["quantity"])) == (1, 50.0)
    [row] = await rows(ctx, "SELECT undone_by FROM report_links WHERE report_id = %s", second.id)
    assert (row["undone_by"], first.known) == ("test", False)


async def test_tasks_follow_reports_and_people_alike(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    await centre(ctx, "H-1", 47.7, 33.2)
    await send(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    assert await process_batch(ctx, ON_NEEDS) == 1
    [need] = await needs_of(ctx, where)
    [task] = await rows(ctx, "SELECT state, need_id, priority FROM tasks")
    assert (task["state"], task["need_id"], task["priority"]) == ("queued", need["id"], need["priority"])
    await send(ctx, where, (B, "NEED WATER 50 POLDOKHTAR"))
    assert await process_batch(ctx, ON_NEEDS) == 1
    [task] = await rows(ctx, "SELECT state, priority FROM tasks")
    assert (task["state"], task["priority"]) == ("queued", need["priority"] + 2)
    client = await client_of("coordinator")
    tag = (await client.get(f"/api/needs/{need['id']}")).headers["etag"]
    await _ok(await client.patch(f"/api/needs/{need['id']}", json={"status": "closed"}, headers={VERSION: tag}))
    assert [t["state"] for t in await rows(ctx, "SELECT state FROM tasks")] == ["cancelled"]


async def test_a_person_gives_a_need_its_place_and_it_gets_its_task(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    await centre(ctx, "H-1", 47.7, 33.2)
    await told(ctx, where, (A, "آب آشامیدنی نداریم ۴۰ نفر هستیم"))
    (need,) = await needs_of(ctx, where, "water")
    assert need["lon"] is None
    assert await rows(ctx, "SELECT 1 FROM tasks") == []
    client = await client_of("coordinator")
    address = f"/api/needs/{need['id']}"
    tag = (await client.get(address)).headers["etag"]
    nowhere = await client.patch(address, json={"place_id": str(where)}, headers={VERSION: tag})
    assert (nowhere.status_code, nowhere.json()["code"]) == (400, "place.unknown")
    found = (await _ok(await client.get("/api/places", params={"q": "پلدختر"})))["features"][0]
    placed = await _ok(await client.patch(address, json={"place_id": found["id"]}, headers={VERSION: tag}))
    assert placed["geometry"]["coordinates"] == pytest.approx(found["geometry"]["coordinates"], abs=1e-5)
    assert placed["properties"]["place"]["en"] == "Poldokhtar"
    assert [t["state"] for t in await rows(ctx, "SELECT state FROM tasks")] == ["queued"]
    # The same voice from another town does not move what a person has placed.
    await told(ctx, where, (A, "ما در آق قلا آب آشامیدنی نداریم"))
    (still,) = [n for n in await needs_of(ctx, where, "water") if n["id"] == need["id"]]
    assert still["name_en"] == "Poldokhtar"
