"""The sealer: the one process that numbers events, chains their hashes, updates projections and publishes.

Number, hash and projections are one transaction; publishing follows the commit and is mended from a cursor,
so Redis may be wiped or away at any time.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import orjson
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from server.kernel.db import Conn, Database
from server.kernel.events import GENESIS, SealedEvent, chain_hash

log = structlog.get_logger("sealer")
STREAM = "hamyar:events"
STREAM_LENGTH = 50_000
LOCK = 0x68616D79
"""The advisory lock that only one sealer holds ("hamy")."""

Projection = Callable[[Conn, Sequence[SealedEvent]], Awaitable[None]]


class Sealer:
    """`run()` seals until cancelled. `projections` see each batch inside its transaction."""

    def __init__(self, db: Database, redis: "Redis", projections: Sequence[Projection], *, batch: int = 500,
                 idle_s: float = 0.05) -> None:
        self.db, self.redis, self.projections = db, redis, tuple(projections)
        self.batch, self.idle_s = batch, idle_s
        self.published = -1

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
        async with await AsyncConnection[DictRow].connect(
                self.db.dsn, autocommit=True, row_factory=self.db.pool.kwargs["row_factory"]) as lock:
            while not (row := await (await lock.execute("SELECT pg_try_advisory_lock(%s) AS ok", (LOCK,))).fetchone()) \
                    or not row["ok"]:
                await asyncio.sleep(1)
            self.published = -1
            while True:
                sealed = await self.seal_batch(lock)
                await self.publish(lock)
                if len(sealed) < self.batch:
                    await asyncio.sleep(self.idle_s)

    async def seal_batch(self, conn: Conn) -> list[SealedEvent]:
        """Move up to `batch` events from `events_unsealed` to `events`, in one transaction with the projections."""
        async with conn.transaction():
            rows = await (await conn.execute(
                "DELETE FROM events_unsealed WHERE id IN (SELECT id FROM events_unsealed ORDER BY id LIMIT %s)"
                " RETURNING *", (self.batch,))).fetchall()
            if not rows:
                return []
            last = await (await conn.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")).fetchone()
            seq, head = (last["seq"], bytes(last["hash"])) if last else (0, GENESIS)
            sealed = []
            for row in sorted(rows, key=lambda r: int(r["id"])):
                seq += 1
                head = chain_hash(head, seq, row)
                sealed.append(SealedEvent(seq, row["at"], row["verb"], row["subject_type"], row["subject_id"],
                                          row["emergency_id"], row["centre_id"], row["actor"], row["data"], head))
            await _insert(conn, sealed)
            for project in self.projections:
                await project(conn, sealed)
        return sealed

    async def publish(self, conn: Conn) -> None:
        """Bring the Redis stream up to the table. Its ids are `seq-0`, so a line can never stand in it twice."""
        with contextlib.suppress(RedisError, OSError):
            if self.published < 0:
                self.published = await self._cursor(conn)
            while rows := await (await conn.execute(
                    "SELECT * FROM events WHERE seq > %s ORDER BY seq LIMIT %s", (self.published, self.batch))).fetchall():
                pipe = self.redis.pipeline(transaction=False)
                for row in rows:
                    pipe.xadd(STREAM, stream_fields(row), id=f"{row['seq']}-0", maxlen=STREAM_LENGTH, approximate=True)
                for answer in await pipe.execute(raise_on_error=False):
                    if isinstance(answer, Exception) and not _known(answer):
                        self.published = -1
                        return
                self.published = rows[-1]["seq"]
            return
        if self.published >= 0:
            self.published = -1

    async def _cursor(self, conn: Conn) -> int:
        """The last number in the stream; for an empty stream, far enough back to refill its memory."""
        newest = await self.redis.xrevrange(STREAM, count=1)
        if newest:
            return int(newest[0][0].split(b"-")[0] if isinstance(newest[0][0], bytes) else newest[0][0].split("-")[0])
        row = await (await conn.execute("SELECT coalesce(max(seq), 0) AS top FROM events")).fetchone()
        return max(0, (row["top"] if row else 0) - STREAM_LENGTH // 10)


def _known(answer: Exception) -> bool:
    return isinstance(answer, ResponseError) and "equal or smaller" in str(answer)


def stream_fields(row: DictRow) -> dict[str | bytes, str | bytes]:
    """An event's line in the Redis stream: what a client gets, and what decides who may."""
    public = {"seq": row["seq"], "at": row["at"].isoformat(), "type": row["subject_type"], "id": str(row["subject_id"]),
              "emergency": str(row["emergency_id"]) if row["emergency_id"] else None}
    return {"verb": row["verb"], "centre": str(row["centre_id"] or ""), "data": orjson.dumps(public)}


async def _insert(conn: Conn, sealed: Sequence[SealedEvent]) -> None:
    await conn.execute(
        "INSERT INTO events (seq, at, verb, subject_type, subject_id, emergency_id, centre_id, actor, data, hash)"
        " SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::uuid[], %s::uuid[],"
        " %s::uuid[], %s::text[], %s::jsonb[], %s::bytea[])",
        ([e.seq for e in sealed], [e.at for e in sealed], [e.verb for e in sealed], [e.subject_type for e in sealed],
         [e.subject_id for e in sealed], [e.emergency_id for e in sealed], [e.centre_id for e in sealed],
         [e.actor for e in sealed], [Jsonb(e.data) for e in sealed], [e.hash for e in sealed]))
