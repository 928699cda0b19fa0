"""What became of each attempt, written down: together where answers come together, and until it stands."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
import structlog

from server.kernel.db import Conn, Database
from server.messaging import rules
from server.messaging import sending_queries as queries
from server.messaging.adapters.shapes import Accepted, NotSent, Outcome
from server.messaging.claiming import ASKING, after_silence
from server.messaging.kinds import LIFE
from server.messaging.lanes import Handing
from server.messaging.watching import tell

log = structlog.get_logger("outbox")
MOST_TOGETHER: Final = 200
AWAY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Written:
    """One attempt's end, and who waits for it to be written down."""

    handing: Handing
    outcome: Outcome
    stands: "asyncio.Future[None]"


class Recorder:
    """Writes outcomes down in the order in which they come, many in one transaction.

    The database may be away: what became of a message is known here alone, so it is tried until it stands. Meanwhile
    the lane's place stays taken, which keeps a sender from sending what it cannot write down.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._pending: list[Written] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, handing: Handing, outcome: Outcome) -> None:
        """Return when it stands."""
        one = Written(handing, outcome, asyncio.get_running_loop().create_future())
        self._pending.append(one)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush())
        await one.stands

    async def close(self) -> None:
        """Stop trying; what does not stand is found by its lease."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _flush(self) -> None:
        while self._pending:
            taken, self._pending = self._pending[:MOST_TOGETHER], self._pending[MOST_TOGETHER:]
            if not await self._stood(taken):
                for one in taken:
                    # A gateway that gives two messages one name: its reports can then tell neither.
                    if not await self._stood([one]) and not await self._stood([one], references=False):
                        log.warning("outbox.unwritable")
            for one in taken:
                if not one.stands.done():
                    one.stands.set_result(None)

    async def _stood(self, taken: Sequence[Written], *, references: bool = True) -> bool:
        """Whether they are written down; False when one of them cannot be."""
        while True:
            try:
                async with self._db.tx() as conn:
                    await record(conn, [(one.handing, one.outcome) for one in taken], references=references)
            except (psycopg.OperationalError, TimeoutError) as error:
                log.warning("outbox.unwritten", kind=type(error).__name__)
                await asyncio.sleep(AWAY_S)
            except psycopg.Error as error:
                log.warning("outbox.refused", kind=type(error).__name__)
                return False
            else:
                return True


async def record(conn: Conn, ends: Sequence[tuple[Handing, Outcome]], *, references: bool = True) -> None:
    """Write down what became of attempts, in the caller's transaction."""
    taken = [(handing, outcome) for handing, outcome in ends if isinstance(outcome, Accepted)]
    rows = [
        (
            handing.outgoing.id,
            handing.attempt,
            "delivered" if outcome.delivered else "sent",
            outcome.reference if references else None,
        )
        for handing, outcome in taken
    ]
    await queries.accepted(conn, rows)
    for handing, outcome in ends:
        if not isinstance(outcome, Accepted):
            await _not_accepted(conn, handing, outcome)


async def _not_accepted(conn: Conn, handing: Handing, outcome: Outcome) -> None:
    message_id, attempt = handing.outgoing.id, handing.attempt
    pause = rules.backoff_s(attempt, random.random())  # noqa: S311 - spreads attempts, keeps no secret
    if isinstance(outcome, NotSent):
        if handing.lane.id:
            await queries.charge(conn, handing.day, {handing.lane.id: (-handing.segments, -1)})
        if outcome.final or attempt >= rules.MOST_ATTEMPTS:
            reason = outcome.reason if outcome.final else "gave_up"
            row = await queries.ended(conn, message_id, attempt, "failed", reason)
            await tell(conn, [row] if row else [])
            return
        # An earlier attempt without an answer is still to be asked about, at the same gateway.
        asking = handing.outgoing.again
        mark = ASKING if asking else outcome.reason
        await queries.again(conn, message_id, attempt, pause, mark, keep_gateway=asking)
        return
    step = after_silence(handing.lane.adapter.asks, handing.priority, handing.reason)
    if step is not None and attempt < rules.MOST_ATTEMPTS:
        await queries.again(conn, message_id, attempt, pause, step, keep_gateway=step == ASKING)
        return
    reason = outcome.reason if not isinstance(outcome, Accepted) else ""
    row = await queries.ended(conn, message_id, attempt, "unsure", reason)
    await tell(conn, [row] if row and row["priority"] == LIFE else [])
