"""Where messages go while the database is away: into the spool, and answered from there.

What is promised there comes from the message's own identity, so that every process, and a repeat after any restart,
gives the same answer; the drained report stands under that id and receipt (or an alias leads from them to the one that
stood before).
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any, Final

import psycopg
import structlog
from prometheus_client import Counter, Gauge
from psycopg_pool import PoolTimeout

from server.access.context import Context
from server.kernel.errors import Problem
from server.reports.intake import Accepted, promise, safe_key
from server.reports.keeping import Pending
from server.reports.spool import Spool, SpoolFull, SpoolRow
from server.reports.spool_folder import Census, Waiting

log = structlog.get_logger("spool")
HOLD_S: Final = 1.0
"""How long a group waits, at most, for the last messages of the spool to be drained before it goes direct again."""
NO_HOLD_S: Final = 5.0
RETRY_S: Final = 5
SAY_EVERY_S: Final = 60.0
CLOCK_S: Final = 60.0

PUT: Final = Counter("hamyar_spool_put", "Messages put into the spool by this process")
REFUSED: Final = Counter("hamyar_spool_refused", "Messages turned away because the spool was full")
BYTES: Final = Gauge("hamyar_spool_bytes", "Bytes in the spool's folder, of all processes")
LIMIT: Final = Gauge("hamyar_spool_limit_bytes", "Bytes that may lie there, by the setting and the disk's room")
RECORDS: Final = Gauge("hamyar_spool_records", "Messages that wait to be drained, of all processes")


class Shelter:
    """One process's way into the spool. `direct()` says where the next group goes."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.spool = Spool(ctx.settings.spool_dir, ctx.settings.spool_bytes)
        self.waiting = Waiting(0, None)
        self._census = Census(self.spool.folder)
        self._no_hold_until = 0.0
        self._said: dict[str, float] = {}

    def is_open(self) -> bool:
        """Whether anything waits to be drained, of any process."""
        return self.spool.is_open()

    async def direct(self) -> bool:
        """Whether the next group may go to the database.

        Not while anything waits to be drained. When the drainer has caught up it asks the writers to let go: then the
        group waits a moment for the last messages, so that nobody's later message is written before her earlier one.
        """
        if not self.spool.is_open():
            return True
        if not self.spool.is_closing() or time.monotonic() < self._no_hold_until:
            return False
        await self.spool.release()
        until = time.monotonic() + HOLD_S
        while self.spool.is_open():
            if time.monotonic() > until or not self.spool.is_closing():
                self._no_hold_until = time.monotonic() + NO_HOLD_S
                return False
            await asyncio.sleep(0.02)
        return True

    async def put(self, pending: Sequence[Pending]) -> list[Accepted]:
        """Keep them on the disk; the promised answers, in order. Raises 503 `spool.full`: the only refusal there is."""
        rows = [self._row(one) for one in pending]
        try:
            await self.spool.put(rows)
        except SpoolFull as reason:
            REFUSED.inc(len(rows))
            self._say("spool.full", reason=str(reason))
            raise full() from None
        PUT.inc(len(rows))
        return [Accepted(row.row["id"], row.row["receipt"], known=False, conflict=False) for row in rows]

    def _row(self, one: Pending) -> SpoolRow:
        """Its columns as they came: a try at the database may have lent it another's key or receipt."""
        key = safe_key(self.ctx.sealing, one.item.source_key)
        _, receipt = promise(self.ctx.sealing, one.row["source"], key, one.row["body_hash"])
        row = {**one.row, "source_key": key, "receipt": receipt, "emergency_id": one.emergency}
        return SpoolRow(row, one.actor, one.unnumbered, resolve=one.emergency is None)

    def state(self) -> dict[str, Any]:
        """What anybody may know of it, without the database: open or not, how full (0 to 1), whether it can be used."""
        level = self.spool.level()
        return {
            "open": self.is_open(),
            "share": round(level.share, 3),
            "filling": level.filling,
            "usable": self.spool.is_usable(),
        }

    def details(self) -> dict[str, Any]:
        """The figures: how much waits since when."""
        level, view = self.spool.level(), self.spool.view()
        return {
            "records": self.waiting.records,
            "bytes": level.bytes,
            "limit": level.limit,
            "oldest": self.waiting.oldest,
            "damaged": view.damaged,
        }

    async def watch(self) -> None:
        """Once a second: count what waits, set the gauges, say loudly when it fills. Until cancelled."""
        measured = -CLOCK_S
        while True:
            try:
                if self.is_open() or self.waiting.records:
                    self.waiting = await asyncio.to_thread(self._census.count)
                level = self.spool.level()
                BYTES.set(level.bytes)
                LIMIT.set(level.limit)
                RECORDS.set(self.waiting.records)
                if level.filling:
                    self._say("spool.filling", share=round(level.share, 3), bytes=level.bytes, limit=level.limit)
                if not self.spool.is_usable():
                    self._say("spool.unusable")
                if time.monotonic() > measured + CLOCK_S and not self.is_open():
                    measured = time.monotonic()
                    await self._compare_clocks()
            except OSError as error:
                self._say("spool.unreadable", kind=type(error).__name__)
            await asyncio.sleep(1)

    async def _compare_clocks(self) -> None:
        """`received_at` is the database's clock for every report: what is spooled here is told by that clock too."""
        with contextlib.suppress(psycopg.Error, PoolTimeout, OSError, TimeoutError):
            async with asyncio.timeout(2), self.ctx.db.tx() as conn:
                before = time.time()
                row = await (
                    await conn.execute("SELECT extract(epoch FROM clock_timestamp())::float8 AS at")
                ).fetchone()
                after = time.time()
            if row:
                offset = row["at"] - (before + after) / 2
                # Within what the question itself took, the clocks may be one.
                self.spool.offset_us = round(offset * 1e6) if abs(offset) > after - before else 0

    async def close(self) -> None:
        """Let go of the segment."""
        await self.spool.close()

    def _say(self, what: str, **figures: Any) -> None:
        """One line a minute for each thing: a full spool must not fill the log's disk as well."""
        now = time.monotonic()
        if now - self._said.get(what, -SAY_EVERY_S) >= SAY_EVERY_S:
            self._said[what] = now
            log.error(what, **figures)


def full() -> Problem:
    """503: the database is away and the spool has no room; come again."""
    return Problem(
        503,
        "spool.full",
        "The database is away and the room for waiting messages is used up; send this again later.",
        "پایگاه داده در دسترس نیست و جای پیام‌های در انتظار پر است؛ کمی بعد دوباره بفرستید.",
        headers={"Retry-After": str(RETRY_S)},
    )
