"""Many small writes of a process in few transactions: whoever comes while a group commits goes with the next one.

So the groups grow with the load and one item alone waits for nobody. Each is answered after its commit.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from server.kernel.db import Conn
from server.kernel.errors import Problem

BATCH: Final = 256
CROWD: Final = 8
STEP_S, STEPS = 0.004, 5
"""A group costs the database as much as twenty items in it do: after a group of CROWD or more the next one waits, in
steps and 20 ms at most, for as long as others keep coming. One item alone waits for nobody."""
SOON_S: Final = 0.02
"""An item that comes so soon after the last group waits as long for company: from a hundred a second on, two or three
share what a transaction costs web process and database."""
PATIENCE_S: Final = 2.0

P = TypeVar("P")
A = TypeVar("A")


class Grouping(Generic[P, A]):
    """One process's way into the database for one kind of thing, over one connection of its own.

    That connection is never taken by slow readers, and what goes in is committed in order. Subclasses `write`.
    """

    def __init__(self, name: str, dsn: str, *, patience_s: float = PATIENCE_S) -> None:
        self.name, self.dsn, self.patience_s = name, dsn, patience_s
        self._log = structlog.get_logger(name)
        self._last = 0
        """How many went together last."""
        self._ended_at = float("-inf")
        self._waiting: list[tuple[P, asyncio.Future[A]]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._conn: Conn | None = None
        self._tries = 0
        """Raised at each try that was given up: what still goes on of it must touch nothing any more."""

    async def write(self, conn: Conn, group: Sequence[P]) -> Sequence[A]:
        """Write them in transactions of one's own; answers in order. `conn` is in autocommit mode."""
        raise NotImplementedError

    async def keep_group(self, group: Sequence[P]) -> Sequence[A]:
        """Keep a group, whatever it takes; answers in order. Raises what each of them shall hear."""
        try:
            return await self.commit(group)
        except (psycopg.OperationalError, TimeoutError, OSError):
            raise away() from None

    def fits(self, group: Sequence[P]) -> int:
        """How many of those that wait, at least one, may go together."""
        return min(len(group), BATCH)

    async def put(self, one: P) -> A:
        """Keep one, with others. Answers after the commit."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name=f"{self.name}.flush")
        return await future

    async def close(self) -> None:
        """Let what is under way end, and give the connection back."""
        while self._flusher is not None:
            await asyncio.wait([self._flusher])
        self._drop()

    async def commit(self, group: Sequence[P]) -> Sequence[A]:
        """Write a group within one's patience. Raises what the database says, or TimeoutError."""
        writing = asyncio.create_task(self._commit(group, self._tries), name=f"{self.name}.commit")
        done, _ = await asyncio.wait({writing}, timeout=self.patience_s)
        try:
            if not done:
                raise TimeoutError  # noqa: TRY301 - late is one more way of being away
            return writing.result()
        except Exception as error:
            # The commit may have come through all the same: kept twice it is still one, by its identity. COMMIT is a
            # statement of its own, so nothing that we gave up on is written much later, after the sender's next ones.
            self._give_up(writing)
            self._log.warning(f"{self.name}.database_away", kind=type(error).__name__, items=len(group))
            raise

    async def _flush(self) -> None:
        # Once round the loop: all requests that were read from their sockets by now go together.
        await asyncio.sleep(0)
        if self._last < CROWD and time.monotonic() - self._ended_at < SOON_S:
            await asyncio.sleep(SOON_S)
        try:
            while self._waiting:
                if self._last >= CROWD:
                    await self._gather()
                most = self.fits([one for one, _ in self._waiting[:BATCH]])
                group, self._waiting = self._waiting[:most], self._waiting[most:]
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

    async def _settle(self, group: "Sequence[tuple[P, asyncio.Future[A]]]") -> None:
        """Answer each of a group, whatever happens."""
        try:
            answers = await self.keep_group([one for one, _ in group])
        except Exception as error:  # noqa: BLE001 - whatever it was, each waiter must hear of it
            if not isinstance(error, Problem):
                self._log.error(f"{self.name}.failed", kind=type(error).__name__, items=len(group))
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _commit(self, group: Sequence[P], try_number: int) -> Sequence[A]:
        conn, fresh = await self._connection(try_number)
        try:
            return await self.write(conn, group)
        except psycopg.OperationalError:
            if fresh or try_number != self._tries:
                raise
            self._drop()
        # The server may only have been started anew since the last group.
        conn, _ = await self._connection(try_number)
        return await self.write(conn, group)

    async def _connection(self, try_number: int) -> tuple[Conn, bool]:
        """The connection, and whether it was just made."""
        if self._conn is not None and not self._conn.closed:
            return self._conn, False
        conn = await AsyncConnection[DictRow].connect(
            self.dsn, autocommit=True, row_factory=dict_row, connect_timeout=2
        )
        if try_number != self._tries:
            conn.pgconn.finish()
            raise psycopg.OperationalError("given up on meanwhile")
        self._conn = conn
        return conn, True

    def _give_up(self, writing: "asyncio.Task[Sequence[A]]") -> None:
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


def away() -> Problem:
    """503: not kept; come again."""
    return Problem(
        503,
        "database.unavailable",
        "The database is not answering; try again.",
        "پایگاه داده پاسخ نمی‌دهد؛ دوباره بفرستید.",
        headers={"Retry-After": "2"},
    )
