"""The sealer: the one process that numbers events, chains their hashes, updates projections and publishes.

Number, hash and projections are one transaction; publishing follows the commit and is mended from a cursor,
so Redis may be wiped or away at any time, and sealing never waits for it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.kernel import arrays
from server.kernel.db import Conn, Database
from server.kernel.events import GENESIS, SealedEvent, chain_hash
from server.kernel.stream import STREAM, STREAM_LENGTH, StreamLine, StreamWriter, line_of_event, line_of_row
from server.kernel.tasks import end

log = structlog.get_logger("sealer")
BUSY = 20
"""So many events within one pause are load."""
STORM = 60
"""So many are a storm: a map that is a third of a second behind sees more of it than one that stands."""
FRESH = 20
"""Batches kept in memory until they are published; what falls out is read from the table again."""
LOCK = 0x68616D79
"""The advisory lock that only one sealer holds ("hamy")."""

Projection = Callable[[Conn, Sequence[SealedEvent]], Awaitable[None]]


class Sealer:
    """`run()` seals until cancelled. `projections` see each batch inside its transaction."""

    def __init__(
        self,
        db: Database,
        redis: "Redis",
        projections: Sequence[Projection],
        *,
        batch: int = 1000,
        idle_s: float = 0.05,
        busy_s: float = 0.15,
        storm_s: float = 0.35,
    ) -> None:
        self.db, self.redis, self.projections = db, redis, tuple(projections)
        self.batch, self.idle_s, self.busy_s, self.storm_s = batch, idle_s, busy_s, storm_s
        self.published = -1
        self._sealed = asyncio.Event()
        self._fresh: deque[list[SealedEvent]] = deque(maxlen=FRESH)
        self._stream = StreamWriter(redis)

    async def run(self) -> None:
        """Hold the lock on a connection of its own; seal and publish; start over after any failure."""
        while True:
            try:
                await self._run_locked()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the sealer must outlive every failure of a server
                log.warning("sealer.restarts", kind=type(error).__name__)
                await asyncio.sleep(1)

    async def _run_locked(self) -> None:
        async with await AsyncConnection[DictRow].connect(self.db.dsn, autocommit=True, row_factory=dict_row) as lock:
            while not await _take_lock(lock):  # noqa: ASYNC110 - it waits for another process
                await asyncio.sleep(1)
            self.published = -1
            self._fresh.clear()
            self._sealed.set()
            publishing = asyncio.create_task(self._publish_on(), name="sealer.publish")
            try:
                while not publishing.done():
                    sealed = await self.seal_batch(lock)
                    if sealed:
                        self._fresh.append(sealed)
                        self._sealed.set()
                    if len(sealed) < self.batch:
                        await asyncio.sleep(self._pause(len(sealed)))
                publishing.result()
            finally:
                await end(publishing)

    def _pause(self, sealed: int) -> float:
        """Under load, larger batches: what several events of a batch touch is written once."""
        return self.storm_s if sealed >= STORM else self.busy_s if sealed >= BUSY else self.idle_s

    async def seal_batch(self, conn: Conn) -> list[SealedEvent]:
        """Move up to `batch` events from `events_unsealed` to `events`, with the projections in one transaction."""
        async with conn.transaction():
            rows = await (
                await conn.execute(
                    # By the key, one by one: a join would read the whole table, dead rows and all, at every batch.
                    "DELETE FROM events_unsealed WHERE id = ANY"
                    " (ARRAY(SELECT id FROM events_unsealed ORDER BY id LIMIT %s)) RETURNING *",
                    (self.batch,),
                )
            ).fetchall()
            if not rows:
                return []
            last = await (await conn.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")).fetchone()
            seq, head = (last["seq"], bytes(last["hash"])) if last else (0, GENESIS)
            sealed = []
            for row in sorted(rows, key=lambda r: int(r["id"])):
                seq += 1
                head = chain_hash(head, seq, row)
                sealed.append(_sealed(seq, row, head))
            await _insert(conn, sealed)
            for project in self.projections:
                await _project(conn, project, sealed)
        return sealed

    async def _publish_on(self) -> None:
        """Publish whenever something was sealed; every second look whether a failed try is to be made good."""
        while True:
            try:
                async with asyncio.timeout(1):
                    await self._sealed.wait()
            except TimeoutError:
                if self.published >= 0:
                    continue
            self._sealed.clear()
            try:
                async with self.db.tx() as conn:
                    await self.publish(conn)
            except psycopg.Error as error:
                log.warning("sealer.publish_waits", kind=type(error).__name__)
                self.published = -1
            if self.published < 0:
                await asyncio.sleep(1)

    async def publish(self, conn: Conn) -> None:
        """Bring the Redis stream up to the table. Its ids are `seq-0`, so a line can never stand in it twice."""
        try:
            if self.published < 0:
                self.published = await self._cursor(conn)
            while lines := self._next_fresh() or await self._next_stored(conn):
                # Refused when somebody else has added to it: where it ends is then asked anew.
                self.published = lines[-1].seq if await self._stream.add(lines) else await self._cursor(conn)
        except (RedisError, OSError, TimeoutError):
            # Whoever listens reads PostgreSQL meanwhile; the cursor is found anew when Redis answers.
            self.published = -1

    def _next_fresh(self) -> list[StreamLine]:
        """The batch that follows what was published, if this sealer has just committed it."""
        while self._fresh and self._fresh[0][-1].seq <= self.published:
            self._fresh.popleft()
        if not self._fresh or self._fresh[0][0].seq != self.published + 1:
            return []
        return [line_of_event(event) for event in self._fresh.popleft()]

    async def _next_stored(self, conn: Conn) -> list[StreamLine]:
        rows = await conn.execute(
            "SELECT * FROM events WHERE seq > %s ORDER BY seq LIMIT %s", (self.published, self.batch)
        )
        return [line_of_row(row) for row in await rows.fetchall()]

    async def _cursor(self, conn: Conn) -> int:
        """The last number in the stream; for an empty stream, far enough back to refill its memory.

        A stream that is ahead of the table belongs to another past (a restored backup) and is thrown away.
        """
        row = await (await conn.execute("SELECT coalesce(max(seq), 0) AS top FROM events")).fetchone()
        top = int(row["top"]) if row else 0
        newest: Any = await self.redis.xrevrange(STREAM, count=1)
        if newest:
            last = int(newest[0][0].partition(b"-")[0])
            if last <= top:
                return last
            await self.redis.delete(STREAM)
        return max(0, top - STREAM_LENGTH // 10)


async def _take_lock(conn: Conn) -> bool:
    row = await (await conn.execute("SELECT pg_try_advisory_lock(%s) AS ok", (LOCK,))).fetchone()
    return bool(row and row["ok"])


async def _project(conn: Conn, project: Projection, events: Sequence[SealedEvent]) -> None:
    """Run a projection; when it fails, halve the batch until the bad event stands alone, and go on without it.

    What it left undone is found by `hamyar verify` and mended by `hamyar rebuild`.
    """
    try:
        async with conn.transaction():
            await project(conn, events)
    except psycopg.OperationalError:
        # The server's trouble, not an event's: the whole batch is sealed again later.
        raise
    except Exception as error:  # noqa: BLE001 - one bad event must not block all others
        if len(events) == 1:
            # No traceback: a message of the database may quote a row.
            log.error(  # noqa: TRY400
                "sealer.set_aside", seq=events[0].seq, verb=events[0].verb, kind=type(error).__name__
            )
            return
        middle = len(events) // 2
        await _project(conn, project, events[:middle])
        await _project(conn, project, events[middle:])


def _sealed(seq: int, row: DictRow, head: bytes) -> SealedEvent:
    return SealedEvent(
        seq, row["at"], row["verb"], row["subject_type"], row["subject_id"], row["emergency_id"],
        row["centre_id"], row["actor"], row["data"], head,
    )  # fmt: skip


async def _insert(conn: Conn, sealed: Sequence[SealedEvent]) -> None:
    await conn.execute(
        "INSERT INTO events (seq, at, verb, subject_type, subject_id, emergency_id, centre_id, actor, data, hash)"
        " SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::uuid[], %s::uuid[],"
        " %s::uuid[], %s::text[], %s::jsonb[], %s::bytea[])",
        (
            arrays.numbers(e.seq for e in sealed), arrays.moments(e.at for e in sealed),
            arrays.texts(e.verb for e in sealed), arrays.texts(e.subject_type for e in sealed),
            arrays.uuids(e.subject_id for e in sealed), arrays.uuids(e.emergency_id for e in sealed),
            arrays.uuids(e.centre_id for e in sealed), arrays.texts(e.actor for e in sealed),
            arrays.jsons(e.data for e in sealed), arrays.blobs(e.hash for e in sealed),
        ),
    )  # fmt: skip
