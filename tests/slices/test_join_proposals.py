"""Unsure joins: a person is asked once, her answer holds for the next alike, a join can be undone like any other."""

from typing import Any
from uuid import UUID

from server.access.context import Context
from server.reports import links
from tests.slices.chain_kit import emergency, incidents_of, needs_of, rows, told
from tests.support.web import MakeClient

A, B, C, D = "+989121110001", "+989121110002", "+989121110003", "+989121110004"
FIRST = "پلدختر یه خونه ریخته سه نفر زیر آوارن"
UNSURE = "پلدختر ساختمان فروریخته ۸ نفر زیر آوار"
LANE = "پلدختر کوچه ۵ خونه ریخته ۲ نفر زیر آوارن"
OTHER_LANE = "پلدختر کوچه ۹ خونه ریخته ۲ نفر زیر آوارن"
LANE_LATIN = "poldokhtar kuche 5 khune rikhte 2 nafar zire avar"


async def _proposals(ctx: Context, where: UUID, state: str = "open") -> list[Any]:
    return await rows(ctx, "SELECT * FROM join_proposals WHERE emergency_id = %s AND state = %s", where, state)


async def _collapsed(ctx: Context, where: UUID) -> list[Any]:
    found = await incidents_of(ctx, where)
    return [r for r in found if r["category"] == "building_collapsed" and r["status"] == "open"]


async def test_a_person_joins_what_was_unsure_and_can_take_it_apart(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx, "E-JOIN1")
    _, unsure = await told(ctx, where, (A, FIRST), (B, UNSURE))
    assert len(await _collapsed(ctx, where)) == 2
    client = await client_of("coordinator")
    asked = (await client.get("/api/join-proposals", params={"emergency": str(where)})).json()
    assert len(asked["items"]) == len(await _proposals(ctx, where)) >= 2
    item = next(i for i in asked["items"] if i["record"]["category"] == "building_collapsed")
    assert round(sum(r["points"] for r in item["reasons"]), 2) == item["score"]
    assert (item["report"], item["state"], item["record"]["people"], item["other"]["people"]) == (
        str(unsure.id),
        "open",
        8,
        3,
    )
    url = f"/api/join-proposals/{item['id']}"
    assert (await (await client_of("volunteer")).post(f"{url}/join")).status_code == 403
    done = await client.post(f"{url}/join")
    assert (done.status_code, done.json()["state"]) == (200, "joined")
    assert (await client.post(f"{url}/join")).status_code == 200
    assert (await client.post(f"{url}/apart")).status_code == 409
    # One answer for all that the report asks of the same other one.
    assert await _proposals(ctx, where) == []
    [record] = await _collapsed(ctx, where)
    assert (record["id"], record["corroboration"]) == (UUID(item["other"]["id"]), 2)
    # The next that says the same joins without a question.
    await told(ctx, where, (C, UNSURE))
    [record] = await _collapsed(ctx, where)
    assert (record["corroboration"], record["people"]) == (3, 8)
    async with ctx.db.tx() as conn:
        made = await links.split(conn, ctx, links.Subject("incident", record["id"]), unsure.id, "test")
    assert {r["id"]: r["corroboration"] for r in await _collapsed(ctx, where)} == {record["id"]: 2, made: 1}
    assert (unsure.id, record["id"]) in {(r["report_id"], r["other_id"]) for r in await _proposals(ctx, where, "apart")}


async def test_what_is_kept_apart_is_not_asked_again(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx, "E-JOIN2")
    await told(ctx, where, (A, FIRST), (B, UNSURE))
    client = await client_of("coordinator")
    for item in (await client.get("/api/join-proposals", params={"emergency": str(where)})).json()["items"]:
        assert (await client.post(f"/api/join-proposals/{item['id']}/apart")).status_code == 200
    assert len(await _collapsed(ctx, where)) == 2
    await told(ctx, where, (C, UNSURE), (D, FIRST))
    assert await _proposals(ctx, where) == []
    assert sorted(r["corroboration"] for r in await _collapsed(ctx, where)) == [2, 2]
    assert (await client.get("/api/join-proposals", params={"emergency": str(where)})).json() == {
        "items": [],
        "next": None,
    }


async def test_words_tell_two_lanes_apart_and_are_nowhere_to_be_read(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx, "E-JOIN3")
    await told(ctx, where, (A, LANE), (B, OTHER_LANE), (C, LANE_LATIN))
    found = await _collapsed(ctx, where)
    assert sorted(r["corroboration"] for r in found) == [1, 2]
    assert await _proposals(ctx, where) == []
    marks = await rows(
        ctx, "SELECT DISTINCT k FROM report_links, jsonb_object_keys(said) k WHERE k LIKE 'mark:%%' ORDER BY 1"
    )
    assert len([m for m in marks if m["k"].startswith("mark:alley#:")]) == 2
    assert all(int(m["k"].rpartition(":")[2].lstrip("pl"), 16) >= 0 for m in marks)
    [need, _] = await needs_of(ctx, where, "search_rescue")
    shown = (await (await client_of("coordinator")).get(f"/api/needs/{need['id']}")).json()["properties"]["links"]
    assert shown[0]["said"]["people"] == 2
    assert not [k for link in shown for k in link["said"] if k.startswith("mark:")]
