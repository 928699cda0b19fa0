"""Reading all reports anew: a job in batches that proposes what would be read differently, and changes nothing.

It goes on where it was killed, gives way to the chain while reports wait, and waits for people when very many
proposals are open, so that a million reports cost bounded room. What a person has decided is not even proposed.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import structlog
from psycopg.rows import DictRow

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.redis import Bell, ring
from server.places import service as places
from server.reports import own_words, parts
from server.reports import rereading_queries as queries
from server.reports.amending_rules import PERSON, labels
from server.reports.form_answers import with_forms
from server.reports.hinting import with_hints
from server.reports.learning.speaking import helper
from server.reports.reading import RULES_VERSION
from server.reports.rereading_rules import difference
from server.reports.understanding import Atlas, Understood, understand_all

log = structlog.get_logger("rereading")
BELL: Final = "rereads"
BATCH: Final = 100
OPEN_MOST: Final = 20_000
"""So many proposals nobody looks through: then it waits until people have taken or left some."""
BUSY: Final = 20
"""So many reports that wait for the chain are work that comes first."""
IDLE_S: Final = 5.0
GIVE_WAY_S: Final = 1.0
_TOLD_EACH: Final = 10
"""Pages hear of the progress every so many batches."""


async def run(ctx: Context) -> None:
    """Work at what runs until cancelled; any number of processes may, one at a time does."""
    bell, batches = Bell(ctx.redis, BELL), 0
    try:
        while True:
            begun = time.monotonic()
            worked = await step(ctx, tell=batches % _TOLD_EACH == 0)
            batches = batches + 1 if worked else 0
            if worked is None:
                await bell.wait(IDLE_S)
            elif not worked:
                await asyncio.sleep(GIVE_WAY_S)
            else:
                await ring(ctx.redis, "events")
                # Half of one core at most: whoever reads for a person now has the other half.
                await asyncio.sleep(time.monotonic() - begun)
    finally:
        await bell.close()


async def step(ctx: Context, limit: int = BATCH, *, tell: bool = True) -> int | None:
    """One batch: how many reports were looked at; 0 when others come first; None when nothing runs."""
    async with ctx.db.tx() as conn:
        work = await queries.at_work(conn)
        if work is None:
            return None
        if await queries.waiting(conn, BUSY) >= BUSY or await queries.open_proposals(conn, OPEN_MOST) >= OPEN_MOST:
            return 0
        total = work["total"] if work["total"] is not None else await queries.total(conn, work)
        rows = await queries.next_reports(conn, work, limit)
        if not rows:
            await queries.finish(conn, work["id"])
            await _tell(conn, work, "done")
            return 1
        counts = await _compare(conn, ctx, work, rows)
        last = rows[-1]
        await queries.advance(
            conn,
            {
                "id": work["id"],
                "at_received": last["received_at"],
                "at_id": last["id"],
                "total": total,
                "rules_version": RULES_VERSION,
                "seen": len(rows),
                **counts,
            },
        )
        if tell:
            await _tell(conn, work, "running")
    return len(rows)


async def _tell(conn: Conn, work: DictRow, state: str) -> None:
    event = NewEvent("reread.changed", "reread", work["id"], work["emergency_id"], data={"state": state})
    await emit(conn, event)


async def _compare(conn: Conn, ctx: Context, work: DictRow, rows: Sequence[DictRow]) -> dict[str, int]:
    """Read a batch again and put down what differs; how many differ, were kept as they are, could not be read."""
    readable = [await _whole(conn, ctx, row) for row in rows if _may_differ(row)]
    model = helper(ctx.settings.home)
    atlas = Atlas(await places.gazetteer(ctx), await places.place_ids(ctx), await own_words.shelf(ctx), model)
    hinted = await with_forms(conn, await with_hints(conn, readable)) if readable else []
    batch = await asyncio.to_thread(understand_all, ctx.sealing, atlas, hinted, ctx.settings.country)
    by_id = {row["id"]: row for row in readable}
    differing = {r.id: _proposal(by_id[r.id], r) for r in batch.good}
    found = {i: p for i, p in differing.items() if p["difference"]}
    decided = await queries.decided(conn, list(found))
    await queries.propose(conn, work["id"], RULES_VERSION, [p for i, p in found.items() if i not in decided])
    await queries.outdate(conn, [row["id"] for row in rows if row["id"] not in found or row["id"] in decided])
    return {"differing": len(found) - len(decided), "kept": len(decided), "failed": len(batch.bad)}


def _may_differ(row: Mapping[str, Any]) -> bool:
    """Reports that were read, by rules: no person's word, and no part whose lead speaks for it."""
    lead: UUID | None = row["lead_id"]
    read: bool = row["read_state"] == "read" and row["reading"] is not None and row["rules_version"] != PERSON
    return read and lead in {None, row["id"]}


async def _whole(conn: Conn, ctx: Context, row: DictRow) -> DictRow:
    """A lead with the words of all its parts; others as they are."""
    if row["lead_id"] is None:
        return row
    whole = await parts.whole_of(conn, ctx, row["id"]) or {}
    return {**row, "whole": {k: v for k, v in whole.items() if k not in {"lead", "number"}}}


def _proposal(row: Mapping[str, Any], report: Understood) -> dict[str, Any]:
    return {
        "report_id": report.id,
        "emergency_id": report.emergency_id,
        "reading_id": row["reading_id"],
        "difference": difference(row["reading"], report.reading),
        "before": labels(row["reading"]),
        "after": report.reading,
    }
