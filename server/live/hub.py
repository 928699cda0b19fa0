"""The hub: one reader of the Redis stream in each web process, one shared buffer, many clients.

Redis only makes it quick. A gap, a wipe or an outage is mended from PostgreSQL, so the numbers that a client gets have
no hole and no double. `listeners` writes to those who have everything, `beat` keeps their time.
"""

import asyncio
import contextlib
import signal
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import structlog
from fastapi import FastAPI
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.access.principal import Principal
from server.kernel.db import Database
from server.kernel.stream import STREAM, line_of_row, lines_of
from server.kernel.tasks import end
from server.live import queries
from server.live.beat import Beat
from server.live.listeners import BATCH, NOTED, Listeners, View
from server.live.pulse import Pulse
from server.live.queries import DATABASE_AWAY
from server.live.ring import Line, Ring, line_of
from server.live.rules import EVERYTHING, Wish

log = structlog.get_logger("live")
BLOCK_MS = 1000
"""Well below the four seconds that a blocking read may take: an idle stream is compared with the table this often."""
POLL_S = 0.5
"""How often PostgreSQL is asked while Redis is away."""
ENTRIES = 8
"""Entries of the stream read at once; each holds up to a batch of the sealer's."""
FILL = 1000
"""Lines that are in the buffer from the start."""
PAGES = 48
"""Pages of the past kept, of BATCH lines each: thousands who were cut together read the same ones."""
RESET = b"event: reset\ndata: {}\n\n"
"""Numbers this client knows do not exist (any more): it must ask for everything again."""
REDIS_AWAY = (RedisError, OSError, TimeoutError)

CLIENTS = Gauge("hamyar_stream_clients", "Clients of this process's event stream")
HEAD = Gauge("hamyar_stream_head", "Number of the newest event this process has")
BACKLOG = Counter("hamyar_stream_backlog_total", "Batches read for clients beyond the shared buffer", ["source"])


class Hub:
    """A process's reader. `run()` reads until cancelled; a client calls `read` until it has everything, then rests."""

    def __init__(self, db: Database, redis: "Redis") -> None:
        self.db, self.redis = db, redis
        self.ring = Ring(0)
        self.listeners = Listeners(self.ring)
        self.pulse = Pulse()
        self.ready = asyncio.Event()
        self.closing = False
        self.clients = 0
        self._views: dict[Any, View] = {}
        self._joined: dict[tuple[View, int, int], bytes] = {}
        self._pages: OrderedDict[int, list[Line]] = OrderedDict()
        self._mending = asyncio.Semaphore(4)

    async def run(self) -> None:
        """Read the stream for ever; while Redis is away, the table."""
        while not self.ready.is_set():
            try:
                async with self.db.tx() as conn:
                    # Whoever resumes after a restart of this process finds what it missed here.
                    self.ring.restart(max(0, await queries.newest_seq(conn) - FILL))
                    rows = await queries.events_after(conn, self.ring.head, FILL)
                    self.ring.append([line_of(line_of_row(row)) for row in rows])
                self.listeners.told = self.ring.head
                self.ready.set()
            except DATABASE_AWAY:
                await asyncio.sleep(POLL_S)
        answers = True
        while True:
            added = 0
            if answers:
                try:
                    async with asyncio.timeout(2 * BLOCK_MS / 1000):
                        added = await self._read_redis()
                except REDIS_AWAY:
                    answers = False
            added = added or await self._read_postgres()
            if added:
                await self._tell()
            if not answers and not (answers := await self._redis_answers()):
                await asyncio.sleep(POLL_S)

    async def _read_redis(self) -> int:
        """Lines that follow the head, or none after BLOCK_MS, or at once none when the next one is not there."""
        found: Any = await self.redis.xread({STREAM: f"{self.ring.head}-0"}, count=ENTRIES, block=BLOCK_MS)
        head = self.ring.head
        lines = [
            line_of(line)
            for _, entries in found or []
            for _, fields in entries
            for line in lines_of(fields)
            if line.seq > head
        ]
        added = self.ring.append(lines)
        if found and not added:
            # The stream goes on beyond a hole; the table has what is missing.
            if not await self._read_postgres():
                await asyncio.sleep(POLL_S)
            return self.ring.append(lines) or 1
        return added

    async def _read_postgres(self) -> int:
        """Lines that follow the head, from the table."""
        try:
            async with self.db.tx() as conn:
                rows = await queries.events_after(conn, self.ring.head, BATCH)
                if not rows and (newest := await queries.newest_seq(conn)) < self.ring.head:
                    log.warning("live.numbers_went_back")
                    self.ring.restart(newest)
                    self._pages.clear()
                    self.listeners.told = newest
                    self.listeners.wake_all()
                    return 1
        except DATABASE_AWAY:
            return 0
        return self.ring.append([line_of(line_of_row(row)) for row in rows])

    async def _redis_answers(self) -> bool:
        try:
            async with asyncio.timeout(POLL_S):
                return bool(await self.redis.ping())
        except REDIS_AWAY:
            return False

    async def _tell(self) -> None:
        HEAD.set(self.ring.head)
        self._joined.clear()
        await self.listeners.tell(self.ring)

    def view(self, principal: Principal, wish: Wish = EVERYTHING) -> View:
        """The view that everybody with the same scopes and the same wish shares."""
        if len(self._views) > NOTED:
            self._views.clear()
        return self._views.setdefault((principal.scopes, wish), View(principal, wish))

    async def read(self, view: View, seq: int) -> tuple[bytes, int]:
        """Bytes for a client that has everything up to `seq`, and the number it then has."""
        if self.ring.holds_after(seq):
            return self._from_ring(view, seq)
        if seq > self.ring.head:
            # Another process may simply be ahead of this one; only the table knows.
            async with self.db.tx() as conn:
                newest = await queries.newest_seq(conn)
            return (b"", seq) if newest >= seq else (RESET, min(newest, self.ring.head))
        async with self._mending:
            lines = await self._backlog(seq)
        return b"".join(line.chunk for line in lines if view.sees(line)), lines[-1].seq if lines else seq

    def _from_ring(self, view: View, seq: int) -> tuple[bytes, int]:
        head = min(self.ring.head, seq + BATCH)
        key = (view, seq, head)
        joined = self._joined.get(key)
        if joined is None:
            joined = b"".join(line.chunk for line in self.ring.after(seq, head - seq) if view.sees(line))
            self._joined[key] = joined
        return joined, head

    async def _backlog(self, seq: int) -> Sequence[Line]:
        """Gapless lines after `seq`, up to the ring's head and to the end of a page."""
        page = seq // BATCH
        lines = self._pages.get(page)
        if lines is None:
            lines = await self._page(page * BATCH)
            if len(lines) == BATCH and lines[-1].seq <= self.ring.head:
                self._pages[page] = lines
                while len(self._pages) > PAGES:
                    self._pages.popitem(last=False)
        return [line for line in lines if seq < line.seq <= self.ring.head]

    async def _page(self, since: int) -> list[Line]:
        """Up to BATCH lines after a number: from Redis if it has the very next one, else from the table."""
        lines: list[Line] = []
        try:
            found: Any = await self.redis.xrange(STREAM, min=f"({since}-0", count=ENTRIES)
            held = (line for _, fields in found for line in lines_of(fields) if line.seq > since)
            # A hole in the stream ends what may be taken from it.
            lines = [line_of(line) for number, line in enumerate(islice(held, BATCH), since + 1) if line.seq == number]
        except REDIS_AWAY:
            lines = []
        source = "redis" if lines else "postgres"
        if not lines:
            async with self.db.tx() as conn:
                lines = [line_of(line_of_row(row)) for row in await queries.events_after(conn, since, BATCH)]
        BACKLOG.labels(source).inc()
        return lines

    def close(self) -> None:
        """End every client's stream now: the process is to stop."""
        self.closing = True
        self.listeners.wake_all()


def _on_stop(close: Callable[[], None]) -> Callable[[], None]:
    """Call `close` as soon as the web server is told to stop: it waits for open answers, and a stream never ends.

    Returns what undoes it. Only a server's own handler is wrapped (a method of an object that has `should_exit`).
    """
    undo: list[tuple[signal.Signals, Any, Any]] = []
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        handler = signal.getsignal(number)
        if not callable(handler) or not hasattr(getattr(handler, "__self__", None), "should_exit"):
            continue

        def wrapped(received: int, frame: Any, handler: Callable[[int, Any], Any] = handler) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(close)
            handler(received, frame)

        signal.signal(number, wrapped)
        undo.append((number, wrapped, handler))

    def back() -> None:
        for number, mine, handler in undo:
            if signal.getsignal(number) is mine:
                signal.signal(number, handler)

    return back


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """The hub of a web process, for the length of its life; `app.state.hub`."""
    hub = Hub(app.state.db, app.state.redis)
    app.state.hub = hub
    reader = asyncio.create_task(_keep(hub), name="live.hub")
    beating = asyncio.create_task(Beat(hub).run(), name="live.beat")
    back = _on_stop(hub.close)
    try:
        yield
    finally:
        back()
        hub.close()
        await end(reader, beating)


async def _keep(hub: Hub) -> None:
    while True:
        try:
            await hub.run()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the stream must outlive one bad line
            log.warning("live.restarts", kind=type(error).__name__)
            hub.ready.clear()
            await asyncio.sleep(1)
