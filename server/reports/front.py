"""The front of intake: concurrent requests of a process share one transaction, each is answered after its commit.

Whoever comes while a group commits goes with the next one, so the groups grow with the load and one message alone waits
for nobody. With the database away or slow, messages go to the shelter, which answers from there.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.redis import ring
from server.reports.intake import Accepted, Incoming, row_of
from server.reports.keeping import UNFIT, Pending, write_apart, write_group
from server.reports.lanes import Lanes

log = structlog.get_logger("front")
BATCH: Final = 256
LAST_RESORT_S: Final = 5.0
CROWD: Final = 8
STEP_S, STEPS = 0.004, 5
"""A group costs the database as much as twenty messages in it do: after a group of CROWD or more the next one waits, in
steps and 20 ms at most, for as long as others keep coming. One message alone waits for nobody."""
SOON_S: Final = 0.02
"""A message that comes so soon after the last group waits as long for company: from a hundred a second on, two or three
share what a transaction costs web process and database."""
PATIENCE_S: Final = 2.0
"""A group that the database has not kept by then goes to the shelter: a gateway would soon ask again."""


class Shelter(Protocol):
    """Where messages wait for a database that is away. What it answers must be the same in every process."""

    async def direct(self) -> bool:
        """Whether a group may go to the database: not while something waits here, so that a sender's order holds."""
        ...

    async def put(self, pending: Sequence[Pending]) -> list[Accepted]:
        """Keep them durably; the answers, in order. Raises when it cannot: then the gateway is told to come again."""
        ...


Waiting = tuple[Pending, "asyncio.Future[Accepted]"]


class Front:
    """One process's way into `reports`: `keep` returns when the message is durable.

    One connection of its own: it is never taken by slow readers, and a sender's messages are committed in order.
    """

    def __init__(self, ctx: Context, shelter: Shelter | None = None) -> None:
        self.ctx, self.shelter = ctx, shelter
        self._lanes = Lanes()
        self._last = 0
        """How many went together last."""
        self._ended_at = float("-inf")
        self._waiting: list[Waiting] = []
        self._flusher: asyncio.Task[None] | None = None
        self._ringing: asyncio.Task[None] | None = None
        self._conn: Conn | None = None
        self._last_resort_at = -LAST_RESORT_S
        self._tries = 0
        """Raised at each try that was given up: what still goes on of it must touch nothing any more."""

    async def keep(
        self, item: Incoming, *, actor: str, emergency: UUID | None = None, unnumbered: bool = False
    ) -> Accepted:
        """Keep one message. `emergency`: the gateway's own, else the sole open one is meant. Answers after the commit.

        Raises 503 when neither the database nor the shelter could keep it.
        """
        row = row_of(self.ctx, item, actor=actor, promised=True)
        row["lane"] = self._lanes.of(row["sender_hash"], time.monotonic())
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._waiting.append((Pending(item, actor, emergency, unnumbered, row), future))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="front.flush")
        return await future

    async def close(self) -> None:
        """Let what is under way end, and give the connection back."""
        while self._flusher is not None:
            await asyncio.wait([self._flusher])
        if self._ringing:
            await asyncio.wait([self._ringing])
        self._drop()

    async def _flush(self) -> None:
        # Once round the loop: all requests that were read from their sockets by now go together.
        await asyncio.sleep(0)
        if self._last < CROWD and time.monotonic() - self._ended_at < SOON_S:
            await asyncio.sleep(SOON_S)
        try:
            while self._waiting:
                if self._last >= CROWD:
                    await self._gather()
                group, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                self._last = len(group)
                await self._settle(group)
        finally:
            self._flusher = None
            self._ended_at = time.monotonic()

    async def _gather(self) -> None:
        """Wait for company as long as it keeps coming."""
        for _ in range(STEPS):
            before = len(self._waiting)
            if before >= BATCH:
                return
            await asyncio.sleep(STEP_S)
            if len(self._waiting) - before < CROWD // 4:
                return

    async def _settle(self, group: Sequence[Waiting]) -> None:
        """Answer each of a group, whatever happens."""
        pending = [one for one, _ in group]
        try:
            if self.shelter is None or await self.shelter.direct():
                answers = await self._commit_or_shelter(pending)
            else:
                answers = await self._shelter_or_commit(self.shelter, pending)
        except Exception as error:  # noqa: BLE001 - whatever it was, each waiter must hear of it
            if not isinstance(error, Problem):
                log.error("front.failed", kind=type(error).__name__, messages=len(group))  # noqa: TRY400 - it may quote a row
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _shelter_or_commit(self, shelter: Shelter, pending: Sequence[Pending]) -> list[Accepted]:
        """Into the shelter. When that can take no more (full, its disk dead), the database is asked after all.

        Once in a while only: each try may cost all that wait here its two seconds.
        """
        try:
            return await shelter.put(pending)
        except Problem:
            if time.monotonic() < self._last_resort_at + LAST_RESORT_S:
                raise
            self._last_resort_at = time.monotonic()
            answers = await self._commit_or_shelter(pending)
            self._last_resort_at = -LAST_RESORT_S
            return answers

    async def _commit_or_shelter(self, pending: Sequence[Pending]) -> list[Accepted]:
        writing = asyncio.create_task(self._commit(pending, self._tries), name="front.commit")
        done, _ = await asyncio.wait({writing}, timeout=PATIENCE_S)
        try:
            if not done:
                raise TimeoutError  # noqa: TRY301 - late is one more way of being away
            answers = writing.result()
        except Exception as error:  # noqa: BLE001 - whatever it was, the message can still be kept
            # The commit may have come through all the same: kept twice it is still one, by its identity. COMMIT is a
            # statement of its own, so nothing that we gave up on is written much later, after the sender's next ones.
            self._give_up(writing)
            log.warning("front.database_away", kind=type(error).__name__, messages=len(pending))
            if self.shelter is None:
                raise away() from None
            return await self.shelter.put(pending)
        self._ring()
        return answers

    async def _commit(self, pending: Sequence[Pending], try_number: int) -> list[Accepted]:
        conn, fresh = await self._connection(try_number)
        try:
            return await self._write(conn, pending)
        except psycopg.OperationalError:
            if fresh or try_number != self._tries:
                raise
            self._drop()
        # The server may only have been started anew since the last group.
        conn, _ = await self._connection(try_number)
        return await self._write(conn, pending)

    async def _write(self, conn: Conn, pending: Sequence[Pending]) -> list[Accepted]:
        try:
            return await write_group(conn, pending)
        except psycopg.OperationalError:
            raise
        except UNFIT as error:
            log.warning("front.refused", kind=type(error).__name__, messages=len(pending))
        async with conn.transaction():
            return await write_apart(conn, self.ctx, pending)

    async def _connection(self, try_number: int) -> tuple[Conn, bool]:
        """The connection, and whether it was just made."""
        if self._conn is not None and not self._conn.closed:
            return self._conn, False
        conn = await AsyncConnection[DictRow].connect(
            self.ctx.db.dsn, autocommit=True, row_factory=dict_row, connect_timeout=2
        )
        if try_number != self._tries:
            conn.pgconn.finish()
            raise psycopg.OperationalError("given up on meanwhile")
        self._conn = conn
        return conn, True

    def _give_up(self, writing: "asyncio.Task[list[Accepted]]") -> None:
        """Leave a try behind. Not by cancelling: psycopg would ask a server that does not answer, for ten seconds."""
        self._tries += 1
        writing.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._drop()

    def _drop(self) -> None:
        """Cut the connection: whoever waits on it hears of it at once."""
        conn, self._conn = self._conn, None
        if conn is None or conn.closed:
            return
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)
        if conn.pgconn.transaction_status != psycopg.pq.TransactionStatus.ACTIVE:
            conn.pgconn.finish()

    def _ring(self) -> None:
        """Wake the chain, without waiting for Redis; one ring at a time, since a lost one costs a poll only."""
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(ring(self.ctx.redis, "reports"), name="front.ring")


def away() -> Problem:
    """503: not kept; come again."""
    return Problem(
        503,
        "database.unavailable",
        "The database is not answering; try again.",
        "پایگاه داده پاسخ نمی‌دهد؛ دوباره بفرستید.",
        headers={"Retry-After": "2"},
    )
