"""The front of submissions: concurrent POSTs of a process share one transaction, each is answered after its commit.

There is no spool behind it: a phone keeps its copy until it is told 201, and comes again after a 503.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import psycopg
import structlog

from server.access.context import Context
from server.forms.storing import UNFIT, write_group, write_together
from server.forms.taking import Pending, Taken
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.grouping import BATCH, Grouping
from server.kernel.redis import ring

log = structlog.get_logger("submissions")
PATIENCE_S: Final = 10.0
"""Beyond that a phone is told to come again; the largest group takes a second."""
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of files in one group: what is larger goes alone."""


class SubmittingFront(Grouping[Pending, "Taken | Problem"]):
    """One process's way in for forms."""

    def __init__(self, ctx: Context) -> None:
        super().__init__("submissions", ctx.db.dsn, patience_s=PATIENCE_S)
        self.ctx = ctx
        self._ringing: asyncio.Task[None] | None = None

    async def keep(self, one: Pending) -> Taken:
        """Keep one POST. Raises 503 when the database cannot be had, 500 when it will not have this one."""
        answer = await self.put(one)
        if isinstance(answer, Problem):
            raise answer
        return answer

    async def close(self) -> None:
        """Let what is under way end, and give the connection back."""
        await super().close()
        if self._ringing:
            await asyncio.wait([self._ringing])

    def fits(self, group: Sequence[Pending]) -> int:
        """As many as have little to carry together."""
        room, most = MOST_BYTES, min(len(group), BATCH)
        for nth, one in enumerate(group[:most]):
            room -= one.size if one.files else 0
            if room < 0:
                return max(1, nth)
        return most

    async def write(self, conn: Conn, group: Sequence[Pending]) -> "Sequence[Taken | Problem]":
        """All in one transaction; when one of them is refused, each in its own."""
        answers: list[Taken | Problem] = []
        try:
            answers = list(await write_together(conn, self.ctx, group))
        except UNFIT as error:
            if conn.closed:
                raise
            log.warning("submissions.refused", kind=type(error).__name__, submissions=len(group))
            answers = [await self._alone(conn, one) for one in group]
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(ring(self.ctx.redis, "reports"), name="submissions.ring")
        return answers

    async def _alone(self, conn: Conn, one: Pending) -> "Taken | Problem":
        try:
            return (await write_group(conn, self.ctx, [one]))[0]
        except psycopg.OperationalError:
            raise
        except UNFIT as error:
            log.error("submissions.unfit", kind=type(error).__name__)  # noqa: TRY400 - it may quote a row
            return unfit()


def unfit() -> Problem:
    """500: this one cannot be kept; the phone keeps it, and the log says what was wrong."""
    return Problem(
        500,
        "submission.unfit",
        "The server could not keep this form. Keep it on the phone and tell the centre.",
        "سرور نتوانست این فرم را نگه دارد. آن را در گوشی نگه دارید و به مرکز خبر دهید.",
    )
