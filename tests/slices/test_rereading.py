"""Reading all reports anew: proposals only, nobody's decision touched, stopped and gone on with, taken or left."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from server.access.context import Context
from server.reports import own_words, rereading, rereading_queries
from tests.slices.chain_kit import emergency, needs_of, rows, send, told
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
ENTRY = {"phrase": "زغالدان", "group": "need_items", "code": "heating"}
TEXT = "پلدختر، سه تا زغالدان لازم داریم"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was saved is seen at the next batch."""
    monkeypatch.setattr(own_words, "RECHECK_S", 0.0)


async def through(ctx: Context, limit: int = 100) -> int:
    """Work until nothing runs; how many batches it took."""
    batches = 0
    while await rereading.step(ctx, limit):
        batches += 1
    return batches


async def proposals(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/api/reading-proposals", params=filters)).json()["items"]
    return found


async def test_differences_are_proposed_grouped_and_taken_and_what_people_decided_is_not(
    ctx: Context, client_of: MakeClient
) -> None:
    where = await emergency(ctx)
    first, second, _, fixed = await told(
        ctx,
        where,
        *[(f"+98912000000{i}", TEXT) for i in range(2)],
        ("+989120000008", "پلدختر آب نداریم"),
        ("+989120000009", TEXT),
    )
    client = await client_of("coordinator")
    read = await client.get(f"/api/reports/{fixed.id}/reading")
    path = f"/api/reports/{fixed.id}/reading"
    assert (await client.patch(path, json={"people": 3}, headers={"If-Match": read.headers["ETag"]})).is_success
    assert (await client.post("/api/words", json=ENTRY)).status_code == 201
    begun = await client.post("/api/rereads", json={})
    assert (begun.status_code, begun.json()["state"]) == (201, "running")
    assert (await client.post("/api/rereads", json={})).json()["code"] == "reread.running"
    assert await through(ctx, 2) == 3
    (done,) = (await client.get("/api/rereads")).json()["items"]
    assert {k: done[k] for k in ("state", "total", "seen", "differing", "kept", "failed")} == {
        "state": "done", "total": 4, "seen": 4, "differing": 2, "kept": 0, "failed": 0,
    }  # fmt: skip
    assert await needs_of(ctx, where, "heating") == []
    (group,) = (await client.get("/api/reading-proposals/groups")).json()["items"]
    assert (group["n"], "+need:heating" in group["difference"].split()) == (2, True)
    one = (await proposals(client))[0]
    assert (one["report"], one["from"]["needs"]) == (str(first.id), [])
    assert (await client.post(f"/api/reading-proposals/{one['id']}/take")).status_code == 204
    assert (await client.post(f"/api/reading-proposals/{one['id']}/take")).status_code == 204
    assert (await client.post(f"/api/reading-proposals/{one['id']}/leave")).status_code == 409
    assert [n["corroboration"] for n in await needs_of(ctx, where, "heating")] == [1]
    taken = (await client.post("/api/reading-proposals/take", json={"difference": group["difference"]})).json()
    assert taken == {"taken": 1, "refused": 0, "left_over": 0}
    assert [n["corroboration"] for n in await needs_of(ctx, where, "heating")] == [2]
    held = await client.get(f"/api/reports/{second.id}/reading")
    assert held.json()["by"] == "rules"
    # What was taken can be taken back: the reading before it stands again, once.
    back = f"/api/reports/{second.id}/reading/undo"
    undone = await client.post(back, json={}, headers={"If-Match": held.headers["ETag"]})
    assert (undone.status_code, undone.json()["needs"]) == (200, [])
    assert [n["corroboration"] for n in await needs_of(ctx, where, "heating")] == [1]
    again = await client.post(back, json={}, headers={"If-Match": undone.headers["ETag"]})
    assert (again.status_code, again.json()["code"]) == (409, "reading.nothing_to_undo")
    assert (await client.get(path)).json()["people"] == 3


async def test_it_goes_on_where_it_was_killed_and_gives_way_to_the_chain(
    ctx: Context, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = await emergency(ctx)
    await told(ctx, where, *[(f"+98912000001{i}", TEXT) for i in range(5)])
    client = await client_of("coordinator", emergency=where)
    await (await client_of("admin")).post("/api/words", json=ENTRY)
    assert (await client.post("/api/rereads", json={})).status_code == 400
    assert (await client.post("/api/rereads", json={"emergency": str(where)})).status_code == 201
    assert await rereading.step(ctx, 2) == 2

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as killed:
        killed.setattr(rereading_queries, "advance", dies)
        with pytest.raises(ConnectionError):
            await rereading.step(ctx, 2)
    assert len(await proposals(client)) == 2
    monkeypatch.setattr(rereading, "BUSY", 1)
    await send(ctx, where, ("+989120000099", "سلام"))
    assert await rereading.step(ctx, 2) == 0
    monkeypatch.setattr(rereading, "BUSY", 20)
    await through(ctx, 2)
    assert len(await proposals(client)) == 5
    monkeypatch.setattr(rereading, "OPEN_MOST", 5)
    again = (await client.post("/api/rereads", json={"emergency": str(where)})).json()
    assert await rereading.step(ctx, 2) == 0
    assert (await client.post(f"/api/rereads/{again['id']}/stop")).json()["state"] == "stopped"
    difference = (await proposals(client))[0]["difference"]
    left = await client.post("/api/reading-proposals/leave", json={"difference": difference})
    assert left.json() == {"left": 5}
    assert await needs_of(ctx, where, "heating") == []


async def test_what_a_person_has_decided_since_is_refused_and_what_is_outdated_is_over(
    ctx: Context, client_of: MakeClient
) -> None:
    where = await emergency(ctx)
    await told(ctx, where, *[(f"+98912000002{i}", f"{TEXT} آب هم نداریم") for i in range(2)])
    client = await client_of("coordinator")
    word = await client.post("/api/words", json=ENTRY)
    await client.post("/api/rereads", json={})
    await through(ctx)
    assert len(await proposals(client)) == 2
    (water,) = await needs_of(ctx, where, "water")
    seen = await client.get(f"/api/needs/{water['id']}")
    await client.patch(f"/api/needs/{water['id']}", json={"people": 9}, headers={"If-Match": seen.headers["ETag"]})
    one = (await proposals(client))[0]
    refused = await client.post(f"/api/reading-proposals/{one['id']}/take")
    assert (refused.status_code, refused.json()["code"]) == (409, "proposal.held")
    assert await needs_of(ctx, where, "heating") == []
    await client.post(f"/api/words/{word.json()['id']}/undo", headers={"If-Match": word.headers["ETag"]})
    await client.post("/api/rereads", json={})
    await through(ctx)
    assert await proposals(client) == []
    kept: UUID = UUID(one["id"])
    (row,) = await rows(ctx, "SELECT state FROM reading_proposals WHERE id = %s", kept)
    assert row["state"] == "over"
