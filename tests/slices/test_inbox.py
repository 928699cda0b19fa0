"""Messages to look at: no two desks get the same, life first; a look and a correction are one answer, undone as one."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.access.context import Context
from server.kernel.ids import uuid7
from server.kernel.sealer import Sealer
from server.reports import check_keeping, inbox, looking, watching
from server.reports.chain import process_batch
from tests.slices import chain_kit as kit
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
WATER = "پلدختر، ۲۰ نفر آب نداریم"
RUBBLE = "در پلدختر خانه خراب شده و چند نفر زیر آوار هستند"


async def come(ctx: Context, *texts: str, where: UUID | None = None) -> list[UUID]:
    """Messages, read and queued for a look, in this order."""
    accepted = await kit.send(ctx, where, *[(f"+98935222{i:04d}", text) for i, text in enumerate(texts)])
    while await process_batch(ctx, (), 50, (watching.watch, inbox.queue)):
        pass
    return [a.id for a in accepted]


async def take(client: httpx.AsyncClient, desk: UUID, most: int = 4, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/inbox/take", json={"desk": str(desk), "most": most, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [item["id"] for item in found["items"]]


async def test_life_first_and_no_message_on_two_desks(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    sent = await come(ctx, *[f"{WATER} {i}" for i in range(11)], RUBBLE, "STATUS ABCD2345", where=where)
    client, desks = await client_of("coordinator"), [uuid7(), uuid7(), uuid7()]
    found = await asyncio.gather(*[take(client, desk) for desk in desks])
    given = [i for one in found for i in ids(one)]
    assert len(given) == len(set(given)) == 12
    # The roof before everything, whichever desk was first; what answers itself is in nobody's way.
    assert sum(ids(one)[0] == str(sent[11]) for one in found) == 1
    assert ids(await take(client, uuid7())) == []
    first = ids(found[0])
    again = await take(client, desks[0], have=first)
    assert (ids(again), sorted(again["kept"]), again["waits"]) == ([], sorted(first), 12)
    await client.post("/api/inbox/release", json={"desk": str(desks[1])})
    await client.post("/api/inbox/release", json={"desk": str(desks[2]), "later": True})
    # Given back is offered at once; left for later only later.
    assert sorted(ids(await take(client, desks[0], 10, have=first))) == sorted(ids(found[1]))
    # A desk that is gone gives its messages back by its silence.
    await kit.rows(ctx, "UPDATE report_looks SET held_until = held_until - interval '3 minutes' RETURNING 1")
    lost = await take(client, uuid7(), 10)
    assert set(first) & set(ids(lost))


async def test_one_more_of_many_voices_waits_for_what_is_new(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    many = await come(ctx, *[WATER] * 6, where=where)
    (fresh,) = await come(ctx, "معمولان، ۳۰ پتو نیاز داریم", where=where)
    (need,) = await kit.needs_of(ctx, where, "water")
    assert need["corroboration"] == 6
    found = ids(await take(await client_of("coordinator"), uuid7(), 3))
    assert found == [str(many[0]), str(fresh), str(many[1])]


async def test_what_is_shown_is_opened_on_record_and_no_look(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    (sent,) = await come(ctx, RUBBLE, where=where)
    client, desk = await client_of("coordinator"), uuid7()
    (item,) = (await take(client, desk))["items"]
    assert (item["text"], item["watched"], item["reading"]["urgency"]) == (RUBBLE, True, "life")
    assert {(r["type"], r["category"], r["voices"]) for r in item["records"]} >= {("need", "search_rescue", 1)}
    assert all(r["place"]["en"] == "Poldokhtar" for r in item["records"])
    (opened,) = await kit.rows(ctx, "SELECT actor, data FROM events_unsealed WHERE verb = 'report.opened'")
    assert opened["data"] == {"inbox": True}
    unseen = "SELECT 1 FROM report_watches WHERE seen_at IS NULL"
    sealer = Sealer(ctx.db, ctx.redis, (looking.project, inbox.project))
    async with ctx.db.tx() as conn:
        await sealer.seal_batch(conn)
    assert len(await kit.rows(ctx, unseen)) == 1
    for _ in range(2):
        answer = await client.post(f"/api/inbox/{sent}/answer", json={})
        assert answer.status_code == 200
    assert await kit.rows(ctx, unseen) == []
    assert len(await kit.rows(ctx, "SELECT 1 FROM events_unsealed WHERE verb = 'report.looked'")) == 1
    assert ids(await take(client, desk)) == []
    # Entered by mistake and taken back: nobody has looked, and the watch over a life goes on.
    back = await client.post(f"/api/inbox/{sent}/undo", json={"desk": str(desk)})
    assert (back.json()["looked"], back.json()["watched"]) == (False, True)
    assert len(await kit.rows(ctx, unseen + " AND due_at > clock_timestamp()")) == 1
    dispatcher = await client_of("dispatcher")
    assert (await dispatcher.post("/api/inbox/take", json={"desk": str(desk)})).status_code == 403


async def test_a_correction_is_part_of_the_look_and_taken_back_with_it(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    (sent,) = await come(ctx, WATER, where=where)
    client, desk = await client_of("coordinator"), uuid7()
    (item,) = (await take(client, desk))["items"]
    said = {"version": item["reading"]["version"], "changes": {"needs": [{"category": "food"}], "people": 7}}
    answers = [await client.post(f"/api/inbox/{sent}/answer", json=said) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json()["version"] == 2
    assert [(n["category"], n["people"]) for n in await kit.needs_of(ctx, where) if n["status"] == "open"] == [
        ("food", 7)
    ]
    stale = await client.post(f"/api/inbox/{sent}/answer", json=said | {"changes": {"people": 9}})
    assert (stale.status_code, stale.json()["current"]["people"]) == (412, 7)
    back = await client.post(f"/api/inbox/{sent}/undo", json={"desk": str(desk), "version": 2})
    assert (back.status_code, back.json()["reading"]["people"], back.json()["looked"]) == (200, 20, False)
    assert [n["category"] for n in await kit.needs_of(ctx, where) if n["status"] == "open"] == ["water"]
    # A lost answer to "take it back" does not take back more.
    again = await client.post(f"/api/inbox/{sent}/undo", json={"desk": str(desk), "version": 2})
    assert (again.status_code, again.json()["reading"]["people"]) == (200, 20)
    assert ids(await take(client, desk)) == [str(sent)]


async def test_a_correction_elsewhere_is_a_look_too(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    (sent,) = await come(ctx, WATER, where=where)
    client = await client_of("coordinator")
    await client.patch(f"/api/reports/{sent}/reading", json={"people": 3}, headers={"If-Match": '"1"'})
    async with ctx.db.tx() as conn:
        await Sealer(ctx.db, ctx.redis, (inbox.project,)).seal_batch(conn)
    assert ids(await take(client, uuid7())) == []


async def test_unsure_joins_and_checks_are_shared_out(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    # A house and its town: the chain asks a person.
    texts = ["پلدختر، خیابان امام، ۲۰ نفر زیر آوار مانده‌اند", "پلدختر، خیابان شهدا کنار مدرسه، چند نفر زیر آوار هستند"]
    await come(ctx, *texts, where=where)
    await kit.rows(
        ctx,
        "INSERT INTO join_proposals (id, emergency_id, kind, subject_id, other_id, report_id, score, reasons, alike)"
        " SELECT gen_random_uuid(), a.emergency_id, 'incident', a.id, b.id, l.report_id, 1, '[[\"place.town\", 1]]', ''"
        " FROM incidents a JOIN incidents b ON b.category = a.category AND b.id < a.id"
        " JOIN report_links l ON l.incident_id = a.id ON CONFLICT DO NOTHING RETURNING 1",
    )
    async with ctx.db.tx() as conn:
        await Sealer(ctx.db, ctx.redis, (check_keeping.project,)).seal_batch(conn)
    await check_keeping.turn(ctx)
    client, desks = await client_of("coordinator"), [uuid7(), uuid7()]
    asked = (await kit.rows(ctx, "SELECT count(*) AS n FROM join_proposals WHERE state = 'open'"))[0]["n"]
    for path, many in (("joins", asked), ("checks", 2)):
        assert many
        found = [(await client.post(f"/api/inbox/{path}", json={"desk": str(d), "most": 10})).json() for d in desks]
        assert len(found[0]["items"]) >= many
        assert all(item["said"]["text"] in texts for item in found[0]["items"])
        # What one desk was given the other is not offered.
        assert found[1]["items"] == []
    item = (await take(client, desks[0]))["items"]
    assert any(one["unsure"] for one in item)
