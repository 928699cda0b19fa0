"""The chain: from accepted reports to incidents, needs and what follows, one transaction a batch.

Take (SKIP LOCKED) → open and read (in a thread) → lock the emergencies → weave → commit. Killed at any moment it leaves
either nothing of a batch or all of it. A report that breaks is tried alone, three times, and then shown to a person.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
import structlog
from psycopg.rows import DictRow

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.redis import Bell, ring
from server.messaging.outbox import BELL as OUTBOX
from server.needs import service as needs
from server.places import service as places
from server.reports import chain_queries as queries
from server.reports import own_words, parts
from server.reports.amending_queries import with_decisions
from server.reports.amending_rules import PERSON
from server.reports.form_answers import with_forms
from server.reports.hearing import OnHeard
from server.reports.hinting import with_hints
from server.reports.learning.speaking import helper
from server.reports.pacing import Pace
from server.reports.reading import read
from server.reports.understanding import Atlas, Batch, Understood, understand_all
from server.reports.weaving import OnNeeds, Weaver

log = structlog.get_logger("chain")
BATCH: Final = 50
BATCH_MOST: Final = 200
"""A full batch is followed by one twice as large, up to this: whatever a batch costs as such is shared by more."""
BATCH_HOT: Final = 20
"""While intake is hot, so that a rest in proportion is short: nobody may wait long for the one message that matters."""
LANES: Final = 2
"""While one batch waits for the database the next is read: the two halves of the work lie on different cores."""
WAIT_S: Final = 0.15
"""A lost ring costs no more than this."""
BUSY: Final = 5
GATHER_S: Final = 0.2
"""So many reports in one batch are load: then the next ones are let gather for so long."""
SWITCH_S: Final = 0.0005
"""Whoever weaves holds the emergency's lock and asks for the interpreter at each of some 45 statements: the thread that
reads the next batch hands it over after this, not after Python's 5 ms."""
RERANK_S: Final = 60.0
_RERANK_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('needs.rerank', 0)) AS ok"
_FIRST: Final = UUID(int=0)


async def run(ctx: Context, on_needs: Sequence[OnNeeds] = (), on_heard: Sequence[OnHeard] = ()) -> None:
    """Read reports as they come until cancelled; every minute score ageing needs anew. Any number may run."""
    sys.setswitchinterval(SWITCH_S)
    await _settle_in(ctx)
    bell, weaver, pace = Bell(ctx.redis, "reports"), Weaver(ctx, on_needs, on_heard), Pace(ctx)
    try:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(_lane(ctx, weaver, bell, pace))
            lanes.create_task(_rerank_each_minute(ctx, on_needs))
    finally:
        await bell.close()


async def _settle_in(ctx: Context) -> None:
    """Load what reading needs before the first report comes, and leave it out of the collector's rounds.

    It lives as long as the process; walking over its million objects took a tenth of a storm's first minute.
    """
    model, gazetteer = helper(ctx.settings.home), await places.gazetteer(ctx)
    await asyncio.to_thread(read, "", gazetteer)
    if model is not None:
        await asyncio.to_thread(model.helped, [""], [read("", gazetteer)])
    gc.collect()
    gc.freeze()


async def _lane(ctx: Context, weaver: Weaver, bell: Bell, pace: Pace) -> None:
    limit = BATCH
    while True:
        began = time.monotonic()
        taken = await _one_batch(ctx, weaver, limit)
        more = min(limit * 2, BATCH_MOST) if taken >= limit else BATCH
        if not taken:
            await bell.wait(WAIT_S)
        elif rest_s := await pace.rest_s(time.monotonic() - began):
            more = BATCH_HOT
            await asyncio.sleep(rest_s)
        elif BUSY <= taken < limit:
            await asyncio.sleep(GATHER_S)
        limit = more


async def _rerank_each_minute(ctx: Context, on_needs: Sequence[OnNeeds]) -> None:
    while True:
        await asyncio.sleep(RERANK_S)
        await rerank(ctx, on_needs)


async def process_batch(
    ctx: Context, on_needs: Sequence[OnNeeds] = (), limit: int = BATCH, on_heard: Sequence[OnHeard] = ()
) -> int:
    """Take and work one batch; how many reports it held. 0: there was nothing to do."""
    return await _one_batch(ctx, Weaver(ctx, on_needs, on_heard), limit)


async def _one_batch(ctx: Context, weaver: Weaver, limit: int) -> int:
    model = helper(ctx.settings.home)
    atlas = Atlas(await places.gazetteer(ctx), await places.place_ids(ctx), await own_words.shelf(ctx), model)
    async with ctx.db.tx() as conn:
        rows = await queries.take(conn, limit)
        ready = await with_decisions(conn, await parts.gather(conn, ctx, rows), PERSON)
        ready = await with_forms(conn, await with_hints(conn, ready)) if ready else ready
        if ready:
            batch = await asyncio.to_thread(understand_all, ctx.sealing, atlas, ready, ctx.settings.country)
            await _weave(conn, weaver, batch, ready)
    if rows:
        await ring(ctx.redis, "events")
        await ring(ctx.redis, "queues")
        if weaver.on_heard:
            await ring(ctx.redis, OUTBOX)
    return len(rows)


async def _weave(conn: Conn, weaver: Weaver, batch: Batch, rows: Sequence[DictRow]) -> None:
    """The batch at once; if that breaks, each report alone, so that one cannot hold up the others."""
    at = rows[0]["now"]
    emergencies: dict[UUID, UUID | None] = {row["id"]: row["emergency_id"] for row in rows}
    await queries.lock_emergencies(conn, [r.emergency_id for r in batch.good if r.emergency_id])
    if batch.good and await _attempt(conn, weaver, batch.good, at):
        for report in batch.good:
            error = await _attempt(conn, weaver, [report], at)
            if error:
                batch.bad.append((report.id, error))
    for report_id, code in batch.bad:
        log.warning("report.unread", report=str(report_id), code=code)
        if await queries.mark_failed(conn, report_id, code):
            await emit(
                conn, NewEvent("report.failed", "report", report_id, emergencies[report_id], data={"code": code})
            )


async def _attempt(conn: Conn, weaver: Weaver, reports: Sequence[Understood], at: datetime) -> str | None:
    """Weave in a savepoint. None when it held, else the kind of error; a lost server ends the whole batch."""
    try:
        async with conn.transaction():
            back = await parts.take_back(conn, [r.id for r in reports if r.heard.again and "parts" in r.reading])
            await weaver.weave(conn, reports, at)
            await weaver.follow(conn, await parts.settle(conn, weaver.ctx, back))
    except Exception as error:
        if _is_server_trouble(error):
            raise
        return type(error).__name__
    return None


def _is_server_trouble(error: Exception) -> bool:
    """Whether the database, not the report, is at fault (gone, full, deadlocked): then all is tried again."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate[:2] in {"08", "40", "53", "55", "57", "58"}


async def rerank(ctx: Context, on_needs: Sequence[OnNeeds] = ()) -> int:
    """Score all ageing open needs anew, a thousand a transaction; how many moved. One process at a time does it."""
    after: UUID | None = _FIRST
    moved_all = 0
    while after is not None:
        async with ctx.db.tx() as conn:
            row = await (await conn.execute(_RERANK_LOCK)).fetchone()
            if not row or not row["ok"]:
                return moved_all
            moved, after = await needs.rerank(conn, after)
            for hook in on_needs if moved else ():
                await hook(conn, ctx, moved)
            moved_all += len(moved)
    return moved_all
