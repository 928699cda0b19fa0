"""Five minutes without a look at a danger to life: page, alarm, text, once; and whatever counts as a look ends it."""

from typing import Any
from uuid import UUID

import pytest

from server.access.context import Context
from server.kernel.sealer import Sealer
from server.messaging.outbox import to_hash
from server.reports import looking, watching
from server.reports.chain import process_batch
from tests.slices import chain_kit as kit
from tests.support.web import MakeClient

pytestmark = pytest.mark.slices
RUBBLE = "در پلدختر خانه خراب شده و چند نفر زیر آوار هستند"
DUTY = "+989120009999"


async def life(ctx: Context, where: UUID | None, n: int = 1) -> list[UUID]:
    """Reports of a danger to life, read and watched."""
    accepted = await kit.send(ctx, where, *[(f"+98935111{i:04d}", f"{RUBBLE} {i}") for i in range(n)])
    while await process_batch(ctx, (), 50, (watching.watch,)):
        pass
    return [a.id for a in accepted]


async def pass_minutes(ctx: Context, minutes: int) -> None:
    """Time goes by for the watches and the texts."""
    await kit.rows(ctx, "UPDATE report_watches SET due_at = due_at - %s * interval '1 minute' RETURNING 1", minutes)
    await kit.rows(
        ctx,
        "UPDATE messages SET created_at = created_at - %(m)s * interval '1 minute',"
        " not_before = not_before - %(m)s * interval '1 minute' RETURNING 1".replace("%(m)s", str(minutes)),
    )


async def alarms(ctx: Context) -> list[dict[str, Any]]:
    """The alarms that stand."""
    return await kit.rows(ctx, "SELECT subject, data->'count' AS n, seen_at FROM alarms WHERE over_at IS NULL")


async def texts(ctx: Context) -> list[dict[str, Any]]:
    """What the telephone on duty was sent."""
    return await kit.rows(
        ctx,
        "SELECT params->'count' AS n, priority, state, extract(epoch FROM not_before - created_at)::int AS wait_s"
        " FROM messages WHERE to_hash = %s AND template = 'alarm.life' ORDER BY id",
        to_hash(ctx.sealing, DUTY),
    )


async def seal(ctx: Context) -> None:
    """Let the events reach the projection, as the sealer does."""
    sealer = Sealer(ctx.db, ctx.redis, (looking.project,))
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass


async def test_what_nobody_looks_at_for_five_minutes_rings_once(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    boss = await client_of("coordinator")
    made = await boss.post("/api/duties", json={"number": "0912 000 9999", "label": "night"})
    assert made.status_code == 201
    assert "000" not in made.json()["number"]
    await life(ctx, where, 3)
    assert await watching.turn(ctx) == 0
    await pass_minutes(ctx, 4)
    assert await watching.turn(ctx) == 0
    await pass_minutes(ctx, 2)
    assert await watching.turn(ctx) == 3
    assert await watching.turn(ctx) == 0
    assert [(a["subject"], a["n"]) for a in await alarms(ctx)] == [(str(where), 3)]
    assert [(t["n"], t["priority"], t["wait_s"]) for t in await texts(ctx)] == [(3, 0, 0)]
    told = await kit.rows(ctx, "SELECT count(*) AS n FROM events_unsealed WHERE verb = 'report.escalated'")
    assert told[0]["n"] == 3
    # More within two minutes joins the text that waits; after that there is another, two minutes after the first.
    await life(ctx, where, 1)
    await pass_minutes(ctx, 6)
    await kit.rows(
        ctx, "UPDATE messages SET state = 'sent', sent_at = clock_timestamp(), created_at = now() RETURNING 1"
    )
    await kit.rows(ctx, "UPDATE alarms SET seen_at = clock_timestamp() RETURNING 1")
    assert await watching.turn(ctx) == 1
    later = await texts(ctx)
    assert [t["n"] for t in later] == [3, 4]
    assert 110 < later[1]["wait_s"] <= 120
    assert [(a["n"], a["seen_at"]) for a in await alarms(ctx)] == [(4, None)], "the newest was seen by nobody"
    # Somebody opens or presses "seen": the alarm ends with the last one.
    ids = [r["report_id"] for r in await kit.rows(ctx, "SELECT report_id FROM report_watches ORDER BY report_id")]
    assert (await boss.get(f"/api/reports/{ids[0]}")).status_code == 200
    await seal(ctx)
    for report in ids[1:]:
        assert (await boss.post(f"/api/reports/{report}/seen")).status_code == 200
    assert await watching.turn(ctx) == 0
    assert await alarms(ctx) == []
    assert len(await texts(ctx)) == 2
    duty = f"/api/duties/{made.json()['id']}"
    for until in ("2999-01-01T00:00:00", "9999-12-31T23:59:59-14:00"):
        assert (await boss.patch(duty, json={"until": until})).status_code == 422
    ended = await boss.patch(duty, json={"ended": True})
    assert (ended.status_code, ended.json()["now"]) == (200, False)


async def test_a_decision_in_time_keeps_everybody_quiet(ctx: Context, client_of: MakeClient) -> None:
    where = await kit.emergency(ctx)
    await life(ctx, where)
    path = f"/api/incidents/{(await kit.incidents_of(ctx, where))[0]['id']}"
    boss = await client_of("coordinator")
    headers = {"If-Match": (await boss.get(path)).headers["etag"]}
    assert (await boss.patch(path, json={"verification": "confirmed"}, headers=headers)).status_code == 200
    await seal(ctx)
    await pass_minutes(ctx, 10)
    assert await watching.turn(ctx) == 0
    assert await alarms(ctx) == []


async def test_what_machines_bring_is_not_watched_and_triage_is(ctx: Context) -> None:
    await kit.told(ctx, None, *[])
    await life(ctx, None)
    await pass_minutes(ctx, 6)
    assert await watching.turn(ctx) == 1
    assert [a["subject"] for a in await alarms(ctx)] == ["triage"]
