"""The way of a task: accept, set out, deliver; lose it, be late, hand it over."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.dispatch import rules, sweep
from server.dispatch.claiming import ClaimRequest, Claims
from server.dispatch.count_queries import recount
from server.dispatch.making import tasks_for_needs
from server.dispatch.routes import router
from server.kernel.ids import uuid7
from server.reports.intake import Incoming, accept
from server.supplies import queries as supplies
from server.supplies import service as ledger
from tests.support.dispatch_world import KHORRAMABAD, POLDOKHTAR, World, a_client, an_app

WORDS = "زن بارداری زیر آوار خیابان نمونه است"


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(an_app(world.ctx, router)) as client:
        yield client


async def claimed(world: World, queue: UUID, person: UUID) -> dict[str, Any]:
    answer = await Claims(world.ctx).claim(ClaimRequest(queue, person, 1, "test"))
    task: dict[str, Any] = answer["tasks"][0]
    return task


async def call(
    http: httpx.AsyncClient, way_in: dict[str, str], task: dict[str, Any], verb: str, **body: Any
) -> httpx.Response:
    return await http.post(f"/api/tasks/{task['id']}/{verb}", json={"fence": task["fence"], **body}, headers=way_in)


async def expire(world: World, task: dict[str, Any]) -> None:
    await world.run("UPDATE tasks SET lease_until = clock_timestamp() - interval '1 second' WHERE id = %s", task["id"])
    await sweep.sweep(world.ctx)


async def make(world: World, *needs: UUID) -> list[dict[str, Any]]:
    async with world.ctx.db.tx() as conn:
        await tasks_for_needs(conn, world.ctx, needs)
    return await world.run(
        "SELECT t.*, q.centre_id FROM tasks t JOIN queues q ON q.id = t.queue_id"
        " WHERE t.need_id = ANY(%s) ORDER BY t.created_at, t.id",
        list(needs),
    )


async def test_every_step_and_every_step_again(world: World, http: httpx.AsyncClient) -> None:
    queue = await world.queue()
    (task_id,) = await world.tasks(1, queue=queue)
    (me,) = await world.volunteers(1)
    mine = await world.token("volunteer", volunteer=me)
    task = await claimed(world, queue, me)
    early = await call(http, mine, task, "en_route")
    assert (early.status_code, early.json()["code"]) == (409, "task.state")
    for verb, state in (
        ("accept", "accepted"),
        ("heartbeat", "accepted"),
        ("en_route", "en_route"),
        ("complete", "done"),
    ):
        first = await call(http, mine, task, verb, **({"note": WORDS} if verb == "complete" else {}))
        again = await call(http, mine, task, verb)
        assert (first.status_code, again.status_code) == (200, 200), verb
        assert first.json()["state"] == again.json()["state"] == state
        if verb != "heartbeat":
            assert first.json() == again.json()
    for verb in ("accept", "release", "heartbeat"):
        late = await call(http, mine, task, verb)
        assert (late.status_code, late.json()["code"]) == (409, "lease.lost")
    assert (
        await world.one("SELECT n.status FROM needs n JOIN tasks t ON t.need_id = n.id WHERE t.id = %s", task_id)
        == "met"
    )
    assert [v for v in await world.verbs(task_id) if v.startswith("task.")] == [
        "task.claimed",
        "task.accepted",
        "task.en_route",
        "task.completed",
    ]
    (evidence,) = await world.run("SELECT * FROM evidence")
    assert WORDS.encode() not in evidence["note_sealed"]
    record = world.ctx.sealing.of("evidence", evidence["id"], evidence["data_key_wrapped"])
    assert (record.open("note_sealed", evidence["note_sealed"]) or b"").decode() == WORDS
    assert WORDS not in str(await world.run("SELECT data FROM events_unsealed"))


async def test_a_released_task_is_free_and_its_release_may_be_repeated(world: World, http: httpx.AsyncClient) -> None:
    queue = await world.queue()
    await world.tasks(1, queue=queue)
    me, other = await world.volunteers(2)
    mine, theirs = await world.token("volunteer", volunteer=me), await world.token("volunteer", volunteer=other)
    task = await claimed(world, queue, me)
    assert (await call(http, mine, task, "release")).json()["state"] == "queued"
    again = await claimed(world, queue, other)
    assert (again["id"], again["fence"]) == (task["id"], task["fence"] + 1)
    repeated = await call(http, mine, task, "release")
    assert (repeated.status_code, repeated.json()["state"]) == (200, "queued")
    assert (await call(http, theirs, again, "accept")).status_code == 200
    assert (await call(http, mine, again, "complete")).json()["code"] == "task.not_holder"
    third = await world.token("volunteer", volunteer=(await world.volunteers(1))[0])
    assert (await call(http, third, again, "heartbeat")).status_code == 403


async def test_a_claim_that_runs_out_returns_and_a_late_finish_is_kept(world: World, http: httpx.AsyncClient) -> None:
    queue = await world.queue()
    (task_id,) = await world.tasks(1, queue=queue)
    me, other = await world.volunteers(2)
    mine = await world.token("volunteer", volunteer=me)
    task = await claimed(world, queue, me)
    await expire(world, task)
    assert await world.one("SELECT state FROM tasks WHERE id = %s", task_id) == "queued"
    now = await claimed(world, queue, other)
    for _ in range(2):
        late = await call(http, mine, task, "complete", note=WORDS)
        assert (late.status_code, late.json()["code"], late.json()["kept"]) == (409, "lease.lost", True)
    beat = await call(http, mine, task, "heartbeat")
    assert (beat.status_code, beat.json()["kept"]) == (409, False)
    (evidence,) = await world.run("SELECT fence, verb, late FROM evidence")
    assert evidence == {"fence": task["fence"], "verb": "complete", "late": True}
    (row,) = await world.run("SELECT state, fence, holder_id FROM tasks WHERE id = %s", task_id)
    assert row == {"state": "claimed", "fence": now["fence"], "holder_id": other}


async def test_an_accepted_task_goes_to_a_person_and_keeps_its_holder(world: World, http: httpx.AsyncClient) -> None:
    queue = await world.queue()
    (task_id,) = await world.tasks(1, queue=queue)
    me, other = await world.volunteers(2)
    mine = await world.token("volunteer", volunteer=me)
    staff = await world.token("dispatcher", centre=world.centres[0])
    task = await claimed(world, queue, me)
    await call(http, mine, task, "accept")
    await expire(world, task)
    (row,) = await world.run("SELECT state, fence, holder_id FROM tasks WHERE id = %s", task_id)
    assert row == {"state": "escalated", "fence": task["fence"], "holder_id": me}
    assert (await Claims(world.ctx).claim(ClaimRequest(queue, other, 1, "t")))["tasks"] == []
    # Heard again: the task is theirs as before.
    assert (await call(http, mine, task, "heartbeat")).json()["state"] == "accepted"
    await expire(world, task)
    (theirs,) = await world.volunteers(1, centre=1)
    assert (await call(http, staff, task, "reassign", volunteer=str(theirs))).status_code == 404, "another centre's"
    given = await call(http, staff, task, "reassign", volunteer=str(other))
    assert (given.status_code, given.json()["state"], given.json()["fence"]) == (200, "claimed", task["fence"] + 1)
    assert (await call(http, staff, task, "reassign", volunteer=str(other))).json() == given.json()
    assert (await call(http, mine, task, "complete")).json()["code"] == "lease.lost"
    stranger = await world.token("dispatcher", centre=world.centres[1])
    assert (await call(http, stranger, given.json(), "reassign")).status_code == 403
    back = await call(http, staff, given.json(), "reassign")
    assert (back.json()["state"], back.json()["fence"]) == ("queued", task["fence"] + 2)
    assert (await call(http, staff, given.json(), "reassign")).json() == back.json()
    assert (await call(http, mine, task, "reassign")).status_code == 403
    live = await world.one("SELECT count(*) FROM leases WHERE task_id = %s AND ended_at IS NULL", task_id)
    assert live == 0


async def test_fail_needs_a_reason_and_the_need_is_open_again(world: World, http: httpx.AsyncClient) -> None:
    queue = await world.queue()
    (task_id,) = await world.tasks(1, queue=queue)
    need = await world.one("SELECT need_id FROM tasks WHERE id = %s", task_id)
    (me,) = await world.volunteers(1)
    mine, staff = await world.token("volunteer", volunteer=me), await world.token("coordinator")
    task = await claimed(world, queue, me)
    assert (await call(http, mine, task, "fail")).status_code == 400
    assert (await call(http, mine, task, "fail", reason="tired")).status_code == 400
    assert (await call(http, mine, task, "fail", reason="unreachable")).json()["state"] == "failed"
    assert await world.one("SELECT status FROM needs WHERE id = %s", need) == "open"
    # A person decides what follows, unless somebody calls again.
    assert len(await make(world, need)) == 1
    again = await call(http, staff, task, "reassign")
    assert again.json()["state"] == "queued"
    assert await world.one("SELECT status FROM needs WHERE id = %s", need) == "tasked"


async def test_a_delivery_moves_its_goods(world: World, http: httpx.AsyncClient) -> None:
    water = await world.item("water-1l", "water", "litre")
    async with world.ctx.db.tx() as conn:
        for centre, quantity in zip(world.centres, (40, 500), strict=True):
            await ledger.receive(conn, centre, {water: ledger.Decimal(quantity)}, natural_key=str(centre), actor="t")
    need = await world.need("water", KHORRAMABAD, people=4, vulnerable=["pregnant"])
    (task,) = await make(world, need)
    assert [(b["code"], b["quantity"], b["centre"]) for b in task["bring"]] == [
        ("water-1l", 40, str(world.centres[0])),
        ("water-1l", 20, str(world.centres[1])),
    ]
    assert (task["kind"], task["centre_id"], task["women_preferred"]) == ("delivery", world.centres[0], True)
    (me,) = await world.volunteers(1, gender="woman")
    mine = await world.token("volunteer", volunteer=me)
    held = await claimed(world, task["queue_id"], me)
    await call(http, mine, held, "accept")
    for _ in range(2):
        assert (await call(http, mine, held, "en_route")).status_code == 200
    async with world.ctx.db.tx() as conn:
        assert sum(m["quantity"] for m in await supplies.in_motion(conn, world.emergency)) == 60
    part = {"delivered": [{"item": str(water), "quantity": 45}]}
    assert (await call(http, mine, held, "complete", **part)).json()["code"] == "delivery.rest_unsaid"
    for _ in range(2):
        assert (await call(http, mine, held, "complete", **part, rest="returned")).json()["state"] == "done"
    async with world.ctx.db.tx() as conn:
        assert await supplies.in_motion(conn, None) == []
        assert await supplies.drift(conn) == 0
        assert (await supplies.delivered_for(conn, [need]))[need] == 45
    tasks = await make(world, need)
    assert [t["state"] for t in tasks] == ["done", "queued"]
    assert sum(b["quantity"] for b in tasks[1]["bring"]) == 15
    second = await claimed(world, tasks[1]["queue_id"], me)
    await call(http, mine, second, "accept")
    assert (await call(http, mine, second, "complete")).json()["state"] == "done"
    assert await world.one("SELECT status FROM needs WHERE id = %s", need) == "met"
    assert (
        await world.one(
            "SELECT sum(quantity) FROM stock s JOIN stock_accounts a ON a.id = s.account_id WHERE a.kind = 'received'"
        )
        == 60
    )


@pytest.mark.parametrize(
    ("verb", "body", "left"),
    [("release", {}, 10), ("fail", {"reason": "unsafe"}, 10), ("fail", {"reason": "unsafe", "rest": "lost"}, 4)],
)
async def test_goods_of_a_task_given_up(
    world: World, http: httpx.AsyncClient, verb: str, body: dict[str, str], left: int
) -> None:
    tent = await world.item("tent", "shelter", "piece")
    async with world.ctx.db.tx() as conn:
        await ledger.receive(conn, world.centres[0], {tent: ledger.Decimal(10)}, natural_key="r", actor="t")
    (task,) = await make(world, await world.need("shelter", households=6))
    (me,) = await world.volunteers(1)
    mine = await world.token("volunteer", volunteer=me)
    held = await claimed(world, task["queue_id"], me)
    await call(http, mine, held, "accept")
    await call(http, mine, held, "en_route")
    assert (await call(http, mine, held, verb, **body)).status_code == 200
    shelf = await world.one(
        "SELECT quantity FROM stock s JOIN stock_accounts a ON a.id = s.account_id WHERE a.kind = 'centre'"
    )
    assert shelf == left
    async with world.ctx.db.tx() as conn:
        assert await supplies.in_motion(conn, None) == []
        assert await supplies.drift(conn) == 0


async def test_setting_out_without_stock_is_refused_and_what_was_loaded_counts(
    world: World, http: httpx.AsyncClient
) -> None:
    tent = await world.item("tent", "shelter", "piece")
    async with world.ctx.db.tx() as conn:
        await ledger.receive(conn, world.centres[0], {tent: ledger.Decimal(6)}, natural_key="r", actor="t")
    (task,) = await make(world, await world.need("shelter", households=6))
    async with world.ctx.db.tx() as conn:
        await ledger.adjust(conn, world.centres[0], {tent: ledger.Decimal(-4)}, natural_key="a", actor="t")
    (me,) = await world.volunteers(1)
    mine = await world.token("volunteer", volunteer=me)
    held = await claimed(world, task["queue_id"], me)
    await call(http, mine, held, "accept")
    assert (await call(http, mine, held, "en_route")).json()["code"] == "stock.short"
    loaded = [{"item": str(tent), "quantity": 2, "centre": str(world.centres[0])}]
    assert (await call(http, mine, held, "en_route", loaded=loaded)).json()["state"] == "en_route"


async def test_needs_make_change_and_cancel_tasks(world: World) -> None:
    near, far, lost = (
        await world.need("search_rescue", KHORRAMABAD, urgency="life"),
        await world.need("hygiene", POLDOKHTAR),
        await world.need("water", None),
    )
    rows = {t["need_id"]: t for t in await make(world, near, far, lost)}
    assert set(rows) == {near, far}
    assert [(rows[n]["kind"], rows[n]["centre_id"], rows[n]["women_required"]) for n in (near, far)] == [
        ("rescue", world.centres[0], False),
        ("delivery", world.centres[1], True),
    ]
    assert await world.one("SELECT status FROM needs WHERE id = %s", lost) == "open"
    assert await world.one("SELECT status FROM needs WHERE id = %s", near) == "tasked"
    before = await world.one("SELECT count(*) FROM events_unsealed")
    await make(world, near, far, lost)
    assert await world.one("SELECT count(*) FROM events_unsealed") == before
    await world.run("UPDATE needs SET priority = 99 WHERE id = %s", near)
    assert (await make(world, near))[0]["priority"] == 99
    assert (await world.verbs(rows[near]["id"])) == ["task.queued", "task.changed"]
    await world.run("UPDATE needs SET verification = 'refuted' WHERE id = ANY(%s)", [near, far])
    (person,) = await world.volunteers(1)
    await claimed(world, rows[near]["queue_id"], person)
    states = {t["need_id"]: t["state"] for t in await make(world, near, far)}
    assert states == {near: "claimed", far: "cancelled"}
    assert (await world.verbs(rows[near]["id"]))[-1] == "task.changed"
    await world.run("UPDATE needs SET verification = 'likely' WHERE id = %s", far)
    assert [t["state"] for t in await make(world, far)] == ["cancelled", "queued"]


async def test_an_unclaimed_life_is_shown_once(world: World) -> None:
    queue = await world.queue()
    (life, calm) = (*await world.tasks(1, queue=queue, urgency="life"), *await world.tasks(1, queue=queue))
    await sweep.sweep(world.ctx)
    assert await world.verbs(life) == []
    await world.run("UPDATE tasks SET created_at = created_at - make_interval(secs => %s)", rules.UNCLAIMED_LIFE_S)
    for _ in range(3):
        await sweep.sweep(world.ctx)
    assert (await world.verbs(life), await world.verbs(calm)) == (["task.escalated"], [])
    assert await world.one("SELECT state FROM tasks WHERE id = %s", life) == "queued"


async def test_voices_are_for_coordinators_and_the_holder(world: World, http: httpx.AsyncClient) -> None:
    queue = await world.queue()
    (task_id,) = await world.tasks(1, queue=queue)
    need = await world.one("SELECT need_id FROM tasks WHERE id = %s", task_id)
    async with world.ctx.db.tx() as conn:
        (report,) = await accept(
            conn, world.ctx, [Incoming("api", "test", "1", WORDS.encode(), sender="+989120000000")]
        )
        await conn.execute(
            "INSERT INTO report_links (id, report_id, need_id, made_by) VALUES (%s, %s, %s, 'test')",
            (uuid7(), report.id, need),
        )
    me, other = await world.volunteers(2)
    ways = {
        "me": await world.token("volunteer", volunteer=me),
        "other": await world.token("volunteer", volunteer=other),
        "coordinator": await world.token("coordinator"),
        "dispatcher": await world.token("dispatcher"),
        "auditor": await world.token("auditor"),
    }
    url = f"/api/tasks/{task_id}"

    async def who_reads() -> set[str]:
        seen = set()
        for name, way in ways.items():
            answer = await http.get(url + "/voices", headers=way)
            assert (answer.status_code == 200) == (WORDS in answer.text)
            detail = (await http.get(url, headers=way)).json()["properties"]
            assert WORDS not in str(detail)
            assert ("voices" in detail) == (answer.status_code == 200)
            if answer.status_code == 200:
                seen.add(name)
        return seen

    assert await who_reads() == {"coordinator"}
    task = await claimed(world, queue, me)
    assert await who_reads() == {"coordinator", "me"}
    assert (await world.verbs(report.id)).count("report.opened") == 3
    await call(http, ways["me"], task, "complete")
    assert await who_reads() == {"coordinator"}
    listed = (await http.get("/api/tasks", headers=ways["other"])).json()["features"][0]["properties"]
    assert (listed["holder"], listed["held"]) == (None, True)


async def test_lists(world: World, http: httpx.AsyncClient) -> None:
    queue = await world.queue()
    ids = await world.tasks(5, queue=queue, geom_shown="SRID=4326;POINT(48.3 33.4)")
    other = await world.queue("medical", centre=1)
    await world.tasks(2, queue=other, kind="medical", urgency="life")
    staff, bound = await world.token("dispatcher"), await world.token("dispatcher", centre=world.centres[1])
    async with world.ctx.db.tx() as conn:
        await recount(conn)
    queues = (await http.get("/api/queues", headers=staff)).json()["items"]
    assert [(q["kind"], q["open"], q["life"]) for q in queues] == [("medical", 2, 2), ("rescue", 5, 0)]
    assert queues[0]["centre"]["fa"]
    assert [q["kind"] for q in (await http.get("/api/queues", headers=bound)).json()["items"]] == ["medical"]
    served = (await http.get(f"/api/queues/{queue}/tasks", headers=staff)).json()["features"]
    assert [f["id"] for f in served] == [str(i) for i in ids]
    assert (await http.get(f"/api/queues/{queue}/tasks", headers=bound)).status_code == 404
    found, cursor = [], ""
    while True:
        page = (await http.get(f"/api/tasks?limit=3&cursor={cursor}", headers=staff)).json()
        found += [f["id"] for f in page["features"]]
        if not (cursor := page["next"]):
            break
    assert len(found) == len(set(found)) == 7
    inside = (await http.get("/api/tasks?bbox=48.3,33.4,48.4,33.5", headers=staff)).json()["features"]
    outside = (await http.get("/api/tasks?bbox=48.2,33.3,48.3,33.4", headers=staff)).json()["features"]
    assert (len(inside), len(outside)) == (5, 0)
    assert len((await http.get("/api/tasks?state=open&category=search_rescue", headers=staff)).json()["features"]) == 7
    assert len((await http.get("/api/tasks?state=done,failed", headers=staff)).json()["features"]) == 0
    assert (await http.get("/api/tasks?cursor=zzz", headers=staff)).status_code == 400
    assert (await http.get(f"/api/tasks/{ids[0]}", headers=bound)).status_code == 404
