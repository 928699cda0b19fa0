"""Which reports are taken first, and that what is kept while joining is what counting anew finds."""

import random
from typing import Any

import pytest

from server.access.context import Context
from server.reports import counting, pacing
from server.reports.chain import process_batch
from server.reports.chain_queries import came_lately, take
from tests.slices.chain_kit import emergency, needs_of, rows, send

A, B = "+989121111111", "+989122222222"


async def _mark(ctx: Context, ids: list[Any], change: str) -> None:
    async with ctx.db.tx() as conn:
        await conn.execute(f"UPDATE reports SET {change} WHERE id = ANY(%s)", (ids,))  # type: ignore[arg-type]


async def _taken(ctx: Context, limit: int) -> list[Any]:
    async with ctx.db.tx() as conn:
        return [row["id"] for row in await take(conn, limit)]


async def test_storms_wait_behind_the_others_and_never_starve(ctx: Context) -> None:
    where = await emergency(ctx)
    storm = [a.id for a in await send(ctx, where, *[(A, f"NEED WATER {n} POLDOKHTAR") for n in range(30)])]
    await _mark(ctx, storm, "lane = 1")
    calm = [a.id for a in await send(ctx, where, *[(B, f"NEED FOOD {n} POLDOKHTAR") for n in range(30)])]
    # The storm came first; it has one for ten of the others and whatever they leave, each lane in its order.
    assert await _taken(ctx, 20) == calm[:20] + storm[:2]
    assert await _taken(ctx, 50) == calm + storm[:20]
    assert await _taken(ctx, 1) == calm[:1] + storm[:1]
    await _mark(ctx, calm, "read_state = 'read'")
    assert await _taken(ctx, 20) == storm[:20]


async def test_a_batch_is_full_without_a_storm(ctx: Context) -> None:
    where = await emergency(ctx)
    calm = [a.id for a in await send(ctx, where, *[(B, f"NEED FOOD {n} POLDOKHTAR") for n in range(30)])]
    assert await _taken(ctx, 20) == calm[:20]


async def test_a_report_that_waits_for_its_parts_is_let_lie(ctx: Context) -> None:
    where = await emergency(ctx)
    first, second = await send(ctx, where, (A, "NEED WATER 5 POLDOKHTAR"), (B, "NEED FOOD 5 POLDOKHTAR"))
    await _mark(ctx, [first.id], "held_until = clock_timestamp() + interval '5 minutes'")
    assert await _taken(ctx, 10) == [second.id]
    await _mark(ctx, [first.id], "held_until = clock_timestamp() - interval '1 second'")
    assert await _taken(ctx, 10) == [first.id, second.id]


async def _kept(ctx: Context) -> tuple[dict[Any, Any], dict[Any, Any]]:
    tallies = {
        row["subject_id"]: (sorted(map(str, row["counts"])), row["first_at"], row["last_at"])
        for row in await rows(ctx, "SELECT * FROM report_tallies")
    }
    voices = {(r["subject_id"], r["voice"]): r["words"] for r in await rows(ctx, "SELECT * FROM report_voices")}
    return tallies, voices


async def test_what_is_kept_while_joining_is_what_counting_anew_finds(ctx: Context) -> None:
    where = await emergency(ctx)
    dice = random.Random(7)
    senders = [None, *(f"+98912000000{n}" for n in range(4))]
    words = ("NEED WATER {n} POLDOKHTAR", "NEED FOOD {n} POLDOKHTAR", "Help! {n} people trapped in Poldokhtar", "hello")
    for _ in range(12):
        said = [(dice.choice(senders), dice.choice(words).format(n=dice.randrange(1, 4) * 10)) for _ in range(5)]
        await send(ctx, where, *(text if sender is None else (sender, text) for sender, text in said))
        while await process_batch(ctx, limit=dice.randrange(1, 5)):
            pass
    kept = await _kept(ctx)
    assert len(kept[0]) >= 3
    assert max(len(counts) for counts, _, _ in kept[0].values()) > 3
    async with ctx.db.tx() as conn:
        for kind in ("need", "incident"):
            found = await (await conn.execute(f"SELECT id FROM {kind}s")).fetchall()  # type: ignore[arg-type]
            await counting.anew(conn, kind, [row["id"] for row in found])  # type: ignore[arg-type]
    assert await _kept(ctx) == kept


async def test_a_record_from_before_counts_were_kept_is_counted_from_its_links(ctx: Context) -> None:
    where = await emergency(ctx)
    await send(ctx, where, (A, "NEED WATER 50 POLDOKHTAR"))
    assert await process_batch(ctx) == 1
    await rows(ctx, "WITH gone AS (DELETE FROM report_voices) DELETE FROM report_tallies RETURNING 1")
    await send(ctx, where, (B, "NEED WATER 70 POLDOKHTAR"), (A, "NEED WATER 70 POLDOKHTAR"))
    assert await process_batch(ctx) == 2
    [need] = await needs_of(ctx, where)
    assert (need["corroboration"], float(need["quantity"])) == (2, 70.0)


def test_the_chain_rests_the_more_the_hotter_intake_is() -> None:
    shares = [pacing.share_of(per_s) for per_s in (0, 999, 1000, 1250, 1500, 1950, 2000, 9000)]
    assert shares[:3] == [1, 1, 1]
    assert shares == sorted(shares, reverse=True)
    assert shares[-2:] == [pacing.LEAST, pacing.LEAST]
    assert pacing.rest_after(0.2, 1) == 0
    assert pacing.rest_after(0.1, 0.5) == 0.1
    assert pacing.rest_after(60, pacing.LEAST) == pacing.REST_MOST_S


async def test_how_hot_intake_is_is_seen_in_the_table(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    where = await emergency(ctx)
    await send(ctx, where, *[(A, f"NEED WATER {n} POLDOKHTAR") for n in range(1, 13)])
    async with ctx.db.tx() as conn:
        assert await came_lately(conn, 3600, 100) == 12
        assert await came_lately(conn, 3600, 5) == 5
        assert await came_lately(conn, 0, 100) == 0
    monkeypatch.setattr(pacing, "LOOK_S", 3600.0)
    assert await pacing.Pace(ctx).rest_s(1) == 0
    monkeypatch.setattr(pacing, "WARM", 0.0)
    monkeypatch.setattr(pacing, "HOT", 24 / 3600)
    assert await pacing.Pace(ctx).rest_s(0.1) == pytest.approx(0.1)
