"""Parts of one message apart, late, missing, twice: read together, shown partial, mended; each kept as it came."""

import asyncio
import os
import random
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from server.access.context import Context
from server.dispatch.making import tasks_for_needs
from server.reports.chain import process_batch
from server.reports.intake import Incoming
from tests.slices.chain_kit import POLDOKHTAR, centre, emergency, needs_of, rows, send, told
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
NUMBER = "+989121234567"
WIDE = 'text/plain; charset="UTF-16BE"'


def part(number: int, total: int, words: str, *, ref: int = 7, sender: str | None = NUMBER, key: str = "") -> Incoming:
    meta: dict[str, Any] = {"part": {"ref": ref, "number": number, "total": total}}
    body = words.encode("utf-16-be")
    name = key or f"{ref}-{number}-{sender}"
    return Incoming("sms", "sms:kannel", name, body, sender, "3000", WIDE, meta, flags=["part"])


async def time_passes(ctx: Context, *, work: bool = True) -> None:
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE reports SET held_until = clock_timestamp() WHERE held_until IS NOT NULL")
    if work:
        await told(ctx, None)


async def states(ctx: Context) -> list[tuple[str, bool]]:
    found = await rows(ctx, "SELECT read_state, held_until IS NOT NULL AS held FROM reports ORDER BY received_at, id")
    return [(row["read_state"], row["held"]) for row in found]


async def readings(ctx: Context) -> list[dict[str, Any]]:
    found = await rows(ctx, "SELECT reading FROM readings WHERE current ORDER BY id")
    return [row["reading"] for row in found]


async def with_emergency(ctx: Context) -> UUID:
    where = await emergency(ctx)
    await centre(ctx, "C-1", *POLDOKHTAR)
    return where


def of(where: UUID, *parts: Incoming) -> list[Incoming]:
    return [p._replace(emergency_id=where) for p in parts]


async def test_parts_in_any_order_are_one_message(ctx: Context, client_of: MakeClient) -> None:
    where = await with_emergency(ctx)
    first, second, third = of(
        where, part(1, 3, "در پلدختر سیل آمده، ۲۰ خا"), part(2, 3, "نوار چادر لا"), part(3, 3, "زم دارند")
    )
    [lead] = await told(ctx, None, third)
    assert await states(ctx) == [("pending", True)]
    others = await told(ctx, None, first, second)
    assert [s for s, _ in await states(ctx)] == ["read"] * 3
    [reading] = await readings(ctx)
    assert (reading["parts"], reading["partial"]) == ({"have": [1, 2, 3], "total": 3}, False)
    [need] = await needs_of(ctx, where, "shelter")
    assert need["corroboration"] == 1
    # Each part is a report with its own bytes; whoever asks for one is led to the whole.
    coordinator = await client_of("coordinator")
    said = (await coordinator.get(f"/api/reports/{others[0].id}/reading")).json()
    assert (said["part_of"], said["joined_to"]) == (str(lead.id), {"type": "need", "id": str(need["id"])})
    shown = (await coordinator.get(f"/api/reports/{others[0].id}")).json()["properties"]
    assert shown["text"] == "در پلدختر سیل آمده، ۲۰ خا"
    assert shown["whole"]["text"] == "در پلدختر سیل آمده، ۲۰ خانوار چادر لازم دارند"
    assert not shown["whole"]["partial"]
    # Who goes there reads all of it too.
    async with ctx.db.tx() as conn:
        await tasks_for_needs(conn, ctx, [need["id"]])
    [task] = await rows(ctx, "SELECT id FROM tasks")
    voices = (await coordinator.get(f"/api/tasks/{task['id']}/voices")).json()["items"]
    assert [voice["text"] for voice in voices] == [shown["whole"]["text"]]


async def test_after_five_minutes_it_is_read_partial_and_mended_when_the_part_comes(ctx: Context) -> None:
    where = await with_emergency(ctx)
    first, second = of(
        where, part(1, 2, "در پلدختر چادر لازم داریم، نان نمی"), part(2, 2, "‌خواهیم. آب آشامیدنی هم لازم داریم")
    )
    await told(ctx, None, first)
    assert await readings(ctx) == []
    await time_passes(ctx)
    [reading] = await readings(ctx)
    assert (reading["parts"]["have"], reading["partial"]) == ([1], True)
    before = {n["category"] for n in await needs_of(ctx, where)}
    assert "shelter" in before
    await told(ctx, None, second)
    [reading] = await readings(ctx)
    assert not reading["partial"]
    after = {n["category"]: n for n in await needs_of(ctx, where) if n["status"] in {"open", "tasked"}}
    assert {"shelter", "water"} <= set(after)
    assert {n["category"] for n in reading["needs"]} == set(after)
    assert {n["corroboration"] for n in after.values()} == {1}
    assert [s for s, _ in await states(ctx)] == ["read", "read"]


async def test_what_only_cut_words_had_told_is_taken_back(ctx: Context) -> None:
    where = await with_emergency(ctx)
    first, second = of(where, part(1, 2, "در پلدختر به چادر نیاز"), part(2, 2, "ی نداریم، فقط آب آشامیدنی می‌خواهیم"))
    for one in (first, second):
        await send(ctx, None, one)
        await process_batch(ctx, (tasks_for_needs,))
        await time_passes(ctx, work=False)
        while await process_batch(ctx, (tasks_for_needs,)):
            pass
    found = await rows(
        ctx,
        "SELECT n.category, n.status, n.corroboration, t.state FROM needs n JOIN tasks t ON t.need_id = n.id"
        " ORDER BY n.category",
    )
    assert [tuple(row.values()) for row in found] == [
        ("shelter", "closed", 0, "cancelled"),
        ("water", "tasked", 1, "queued"),
    ]


async def test_a_persons_decision_and_a_held_task_stand(ctx: Context) -> None:
    where = await with_emergency(ctx)
    first, second = of(where, part(1, 2, "در پلدختر چادر لازم داریم"), part(2, 2, " و آب آشامیدنی"))
    await told(ctx, None, first)
    await time_passes(ctx)
    [tents] = await needs_of(ctx, where, "shelter")
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE needs SET decided = '{quantity}', quantity = 5 WHERE id = %s", (tents["id"],))
    await told(ctx, None, second)
    [still] = await needs_of(ctx, where, "shelter")
    assert (still["id"], still["quantity"], still["corroboration"]) == (tents["id"], 5, 1)
    links = await rows(ctx, "SELECT 1 FROM report_links WHERE need_id = %s", tents["id"])
    assert len(links) == 1
    asked = await rows(ctx, "SELECT data FROM events_unsealed WHERE data->>'proposal' = 'reread'")
    assert len(asked) == 1


async def test_twice_delivered_reused_and_unknown(ctx: Context) -> None:
    where = await with_emergency(ctx)
    once, again = of(where, part(1, 2, "در پلدختر آب "), part(1, 2, "در پلدختر آب ", key="copy"))
    other = of(where, part(1, 2, "در خرم‌آباد "), part(2, 2, "چادر لازم داریم", sender="+989129999999"))
    [rest] = of(where, part(2, 2, "لازم داریم"))
    await told(ctx, None, once, again)
    await told(ctx, None, *other)
    assert len(await rows(ctx, "SELECT DISTINCT lead_id FROM report_parts")) == 3
    await told(ctx, None, rest)
    found = await rows(ctx, "SELECT count(*) AS n, lead_id FROM report_parts GROUP BY lead_id ORDER BY n")
    assert [row["n"] for row in found] == [1, 2, 2]
    nobody = of(where, part(1, 2, "کمک", sender=None))
    await told(ctx, None, *nobody)
    assert len(await rows(ctx, "SELECT 1 FROM report_parts")) == 5


async def test_in_triage_a_whole_waits_and_its_parts_follow(ctx: Context, client_of: MakeClient) -> None:
    where = await with_emergency(ctx)
    await emergency(ctx, "E-TEST2")
    [lead] = await told(ctx, None, part(1, 2, "در پلدختر چادر "))
    await time_passes(ctx)
    [late] = await told(ctx, None, part(2, 2, "لازم داریم"))
    assert [r["partial"] for r in await readings(ctx)] == [False]
    coordinator = await client_of("coordinator")
    assert (await coordinator.post(f"/api/reports/{lead.id}/assign", json={"emergency": str(where)})).status_code == 200
    await told(ctx, None)
    assert len(await needs_of(ctx, where, "shelter")) == 1
    [row] = await rows(ctx, "SELECT emergency_id FROM reports WHERE id = %s", late.id)
    assert row["emergency_id"] == where


async def test_kannels_header_and_a_panels_numbers_make_parts(ctx: Context, client_of: MakeClient) -> None:
    await with_emergency(ctx)
    kannel = await client_of("gateway")
    for number, words in ((1, "در پلدختر "), (2, "چادر لازم داریم")):
        headers = {"X-Kannel-From": NUMBER, "X-Kannel-UDH": f"0500034402{number:02x}", "Content-Type": WIDE}
        answer = await kannel.post(
            f"/intake/sms/kannel?id=k{number}", content=words.encode("utf-16-be"), headers=headers
        )
        assert answer.status_code == 200
    names = {"map": {"text": "m", "from": "f", "ref": "r", "part": "p", "total": "n"}}
    made = await (await client_of("coordinator")).post(
        "/api/gateways", json={"kind": "generic", "name": "P", "settings": names}
    )
    panel = await client_of(None)
    for number, words in ((2, "لازم داریم"), (1, "در خرم‌آباد آب ")):
        said = {"m": words, "f": "09123334444", "r": "5", "p": str(number), "n": "2", "token": made.json()["secret"]}
        assert (await panel.post("/intake/sms/generic", params=said)).status_code == 200
    await told(ctx, None)
    assert [(r["parts"]["have"], r["partial"]) for r in await readings(ctx)] == [([1, 2], False)] * 2


async def test_many_chains_and_any_order_read_each_message_whole_and_once(ctx: Context) -> None:
    where = await with_emergency(ctx)
    dice = random.Random(7)
    messages = int(os.environ.get("HAMYAR_ROUNDS", "12"))
    texts = [f"در پلدختر به {n} چادر نیاز داریم، خانهٔ شمارهٔ {n} آب گرفته است" for n in range(1, messages + 1)]
    parts = []
    for n, text in enumerate(texts):
        total = dice.randint(2, 4)
        cuts = [0, *sorted(dice.sample(range(1, len(text)), total - 1)), len(text)]
        pieces = [text[a:b] for a, b in pairwise(cuts)]
        parts += of(
            where, *(part(i + 1, total, words, ref=n, sender=f"+98912000{n:04}") for i, words in enumerate(pieces))
        )
    dice.shuffle(parts)
    for at in range(0, len(parts), 9):
        await send(ctx, None, *parts[at : at + 9])
        await asyncio.gather(*(process_batch(ctx, limit=4) for _ in range(3)))
    while any(await asyncio.gather(*(process_batch(ctx, limit=4) for _ in range(3)))):
        pass
    current = await readings(ctx)
    assert len(current) == len(texts)
    assert not any(r["partial"] for r in current)
    assert len(await rows(ctx, "SELECT 1 FROM readings")) == len(texts)
    assert {state for state, _ in await states(ctx)} == {"read"}
    [tents] = await rows(ctx, "SELECT sum(corroboration) AS n FROM needs WHERE category = 'shelter'")
    assert tents["n"] == len(texts)
