"""The own lexicon: tried on recent messages, saved, in the chain at once, changed by versions, taken back."""

from uuid import UUID

import pytest

from server.access.context import Context
from server.reports import own_words
from tests.slices.chain_kit import emergency, needs_of, rows, told
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
ENTRY = {"phrase": "زغالدان", "group": "need_items", "code": "heating"}
TEXT = "پلدختر، سه تا زغالدان لازم داریم"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was saved is seen at the next batch, not within two seconds."""
    monkeypatch.setattr(own_words, "RECHECK_S", 0.0)


async def test_an_entry_is_tried_saved_read_by_and_taken_back(ctx: Context, client_of: MakeClient) -> None:
    where = await emergency(ctx)
    sent = await told(ctx, where, ("+989120000001", TEXT), ("+989120000002", "پلدختر آب نداریم"))
    client = await client_of("coordinator")
    tried = (await client.post("/api/words/test", json=ENTRY)).json()
    assert (tried["looked"], tried["matched"], tried["changed"]) == (2, 1, 1)
    (example,) = tried["examples"]
    (mark,) = example["marks"]
    assert example["text"][mark["start"] : mark["end"]] == "زغالدان"
    assert "+need:heating" in example["difference"].split()
    opened = await rows(ctx, "SELECT subject_id, data FROM events_unsealed WHERE verb = 'report.opened'")
    assert [(e["subject_id"], e["data"]) for e in opened] == [(sent[0].id, {"cause": "words"})]
    assert await rows(ctx, "SELECT 1 FROM lexicon_entries") == []

    saved = await client.post("/api/words", json=ENTRY)
    assert saved.status_code == 201
    await told(ctx, where, ("+989120000003", TEXT))
    assert [n["category"] for n in await needs_of(ctx, where)] == ["water", "heating"]
    path = f"/api/words/{saved.json()['id']}"
    back = await client.post(f"{path}/undo", headers={"If-Match": saved.headers["ETag"]})
    assert (back.status_code, back.json()["active"], back.json()["version"]) == (200, False, 2)
    await told(ctx, where, ("+989120000004", TEXT))
    assert [n["corroboration"] for n in await needs_of(ctx, where, "heating")] == [1]
    history = (await client.get(f"{path}/history")).json()["items"]
    assert [(h["version"], h["active"]) for h in history] == [(2, False), (1, True)]
    words = [e["data"] for e in await rows(ctx, "SELECT data FROM events_unsealed WHERE verb LIKE 'words.%%'")]
    assert len(words) == 2
    assert "زغالدان" not in str(words)


async def test_an_entry_of_one_emergency_is_read_by_nowhere_else(ctx: Context, client_of: MakeClient) -> None:
    here, there = await emergency(ctx), await emergency(ctx, "E-OTHER1")
    bound = await client_of("coordinator", emergency=here)
    assert (await bound.post("/api/words", json=ENTRY)).status_code == 400
    saved = await bound.post("/api/words", json={**ENTRY, "emergency": str(here)})
    assert saved.status_code == 201
    await told(ctx, here, ("+989120000001", TEXT))
    await told(ctx, there, ("+989120000002", TEXT))
    assert len(await needs_of(ctx, here, "heating")) == 1
    assert await needs_of(ctx, there, "heating") == []
    other = await client_of("coordinator", emergency=there)
    assert (await other.get("/api/words")).json()["items"] == []
    path = f"/api/words/{saved.json()['id']}"
    assert (await other.patch(path, json={"active": False}, headers={"If-Match": '"1"'})).status_code == 404


async def test_an_alias_puts_a_report_at_its_place_and_a_new_version_moves_it(
    ctx: Context, client_of: MakeClient
) -> None:
    where = await emergency(ctx)
    client = await client_of("coordinator")
    places = {
        r["name_en"]: r["id"]
        for r in await rows(ctx, "SELECT id, name_en FROM places WHERE name_en IN ('Poldokhtar', 'Khorramabad')")
    }
    entry = {"phrase": "سبزه زار نو", "group": "alias", "code": "place", "place_id": str(places["Poldokhtar"])}
    assert (await client.post("/api/words", json={**entry, "place_id": None})).json()["code"] == "words.place"
    saved = await client.post("/api/words", json=entry)
    await told(ctx, where, ("+989120000001", "سبزه زار نو آب نداریم"))
    assert [n["name_en"] for n in await needs_of(ctx, where)] == ["Poldokhtar"]
    path = f"/api/words/{saved.json()['id']}"
    change = {"place_id": str(places["Khorramabad"])}
    moved = await client.patch(path, json=change, headers={"If-Match": saved.headers["ETag"]})
    assert (moved.status_code, moved.json()["version"]) == (200, 2)
    assert (await client.patch(path, json=change, headers={"If-Match": '"1"'})).status_code == 412
    await told(ctx, where, ("+989120000002", "سبزه زار نو آب نداریم"))
    assert [n["name_en"] for n in await needs_of(ctx, where)] == ["Poldokhtar", "Khorramabad"]


async def test_what_stands_everywhere_is_refused_and_who_may_not_is_turned_away(
    ctx: Context, client_of: MakeClient
) -> None:
    where = await emergency(ctx)
    await told(ctx, where, *[(f"+98912000{i:04}", f"قشلاقک خانه {i} آب نداریم") for i in range(30)])
    client = await client_of("coordinator")
    broad = {"phrase": "قشلاقک", "group": "need_direct", "code": "shelter"}
    tried = (await client.post("/api/words/test", json=broad)).json()
    assert (tried["broad"], len(tried["examples"]), tried["changed"]) == (True, 20, 30)
    assert (await client.post("/api/words", json=broad)).json()["code"] == "words.broad"
    assert (await client.post("/api/words", json={**broad, "group": "ordinary", "code": "word"})).status_code == 201
    again = await client.post("/api/words", json={**broad, "group": "ordinary", "code": "word"})
    assert again.json()["code"] == "words.known"
    wrong = await client.post("/api/words", json={**broad, "phrase": "(آب"}, headers={"Accept-Language": "en"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "words.brackets")
    assert "brackets" in wrong.json()["title_en"]
    dispatcher = await client_of("dispatcher")
    assert (await dispatcher.post("/api/words/test", json=broad)).status_code == 403
    items = (await dispatcher.get("/api/words?active=true")).json()["items"]
    assert [UUID(i["id"]).version for i in items] == [7]
