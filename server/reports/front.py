"""The front of intake: concurrent requests of a process share one transaction, each is answered after its commit.

With the database away or slow, messages go to the shelter, which answers from there.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import psycopg
import structlog

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.grouping import Grouping, away
from server.kernel.redis import ring
from server.reports.intake import Accepted, Incoming, row_of
from server.reports.keeping import UNFIT, Pending, write_apart, write_group
from server.reports.lanes import Lanes

log = structlog.get_logger("front")
LAST_RESORT_S: Final = 5.0


class Shelter(Protocol):
    """Where messages wait for a database that is away. What it answers must be the same in every process."""

    async def direct(self) -> bool:
        """Whether a group may go to the database: not while something waits here, so that a sender's order holds."""
        ...

    async def put(self, pending: Sequence[Pending]) -> list[Accepted]:
        """Keep them durably; the answers, in order. Raises when it cannot: then the gateway is told to come again."""
        ...


class Front(Grouping[Pending, Accepted]):
    """One process's way into `reports`: `keep` returns when the message is durable.

    A group that the database has not kept within two seconds goes to the shelter: a gateway would soon ask again.
    """

    def __init__(self, ctx: Context, shelter: Shelter | None = None) -> None:
        super().__init__("front", ctx.db.dsn)
        self.ctx, self.shelter = ctx, shelter
        self._lanes = Lanes()
        self._ringing: asyncio.Task[None] | None = None
        self._last_resort_at = -LAST_RESORT_S

    async def keep(
        self, item: Incoming, *, actor: str, emergency: UUID | None = None, unnumbered: bool = False
    ) -> Accepted:
        """Keep one message. `emergency`: the gateway's own, else the sole open one is meant. Answers after the commit.

        Raises 503 when neither the database nor the shelter could keep it.
        """
        row = row_of(self.ctx, item, actor=actor, promised=True)
        row["lane"] = self._lanes.of(row["sender_hash"], time.monotonic())
        return await self.put(Pending(item, actor, emergency, unnumbered, row))

    async def close(self) -> None:
        """Let what is under way end, and give the connection back."""
        await super().close()
        if self._ringing:
            await asyncio.wait([self._ringing])

    async def keep_group(self, group: Sequence[Pending]) -> Sequence[Accepted]:
        """In the database or in the shelter."""
        if self.shelter is None or await self.shelter.direct():
            return await self._commit_or_shelter(group)
        return await self._shelter_or_commit(self.shelter, group)

    async def _shelter_or_commit(self, shelter: Shelter, pending: Sequence[Pending]) -> Sequence[Accepted]:
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

    async def _commit_or_shelter(self, pending: Sequence[Pending]) -> Sequence[Accepted]:
        try:
            answers = await self.commit(pending)
        except Exception:  # noqa: BLE001 - whatever it was, the message can still be kept
            if self.shelter is None:
                raise away() from None
            return await self.shelter.put(pending)
        self._ring()
        return answers

    async def write(self, conn: Conn, group: Sequence[Pending]) -> Sequence[Accepted]:
        """All in one transaction; one that is refused stands apart."""
        try:
            return await write_group(conn, group)
        except psycopg.OperationalError:
            raise
        except UNFIT as error:
            log.warning("front.refused", kind=type(error).__name__, messages=len(group))
        async with conn.transaction():
            return await write_apart(conn, self.ctx, group)

    def _ring(self) -> None:
        """Wake the chain, without waiting for Redis; one ring at a time, since a lost one costs a poll only."""
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(ring(self.ctx.redis, "reports"), name="front.ring")
