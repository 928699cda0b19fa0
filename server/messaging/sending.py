"""The outbox's loop: claims what is due, hands it over, writes down what became of it. Never the same message twice.

A message is marked `sending` and that is committed before any gateway hears of it. A process killed between handing
over and writing down leaves it `sending` beyond its lease: then the gateway is asked whether it has it, where it can
be asked (android); one on which a life hangs is sent once more, and marked; any other is `unsure`, shown and left.
"""

import asyncio
import contextlib
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import psycopg
import structlog
from prometheus_client import Counter

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.redis import Bell
from server.messaging import claiming
from server.messaging import sending_queries as queries
from server.messaging.adapters import adapter_for
from server.messaging.adapters.shapes import Accepted, NotSent, Outcome
from server.messaging.adapters.wire import handing_over, open_client
from server.messaging.beats import beat, trouble
from server.messaging.gateways import Gateway, all_gateways
from server.messaging.kinds import LIFE
from server.messaging.lanes import Desk, Handing, Lane
from server.messaging.outbox import BELL
from server.messaging.recording import Recorder
from server.messaging.watching import tell, watch

log = structlog.get_logger("outbox")
HANDED_OVER = Counter("hamyar_messages_handed_over", "Attempts to hand a message to a gateway", ["kind", "outcome"])
SEND_S: Final = 30.0
"""The longest that one handing over may last, whatever its parts."""
LEASE_S: Final = 90.0
"""How long a message may be `sending`; longer than `SEND_S`, or a slow answer would look like a killed process."""
GATEWAYS_EVERY_S: Final = 3.0
WATCH_EVERY_S: Final = 10.0
POLL_S: Final = 1.0
TOGETHER_S: Final = 0.02
"""While messages are under way, answers are gathered for so long before the next claim."""
MOST_A_TURN: Final = 100
ENDING_S: Final = 7.0
"""What is under way when the process is told to end may finish for so long; its supervisor waits ten seconds."""


class Sender:
    """One process's sender. `run()` forever, or `drain()` until nothing more can be sent now."""

    def __init__(self, ctx: Context, *, client: httpx.AsyncClient | None = None, lease_s: float = LEASE_S) -> None:
        self.ctx = ctx
        self.desk = Desk(ctx, ZoneInfo(ctx.settings.timezone), lease_s)
        self._client = client or open_client()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._recorder = Recorder(ctx.db)
        self._read_at = self._watched_at = -1e9

    async def run(self) -> None:
        """Send until cancelled; then let what is under way end."""
        bell = Bell(self.ctx.redis, BELL)
        listener = asyncio.create_task(self._listen(bell))
        try:
            while True:
                if not await self._whole_turn():
                    await self._wake.wait()
                    self._wake.clear()
                if self._tasks:
                    await asyncio.sleep(TOGETHER_S)
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener
            await bell.close()
            await self.close()

    async def _whole_turn(self) -> int:
        """A turn that no cancellation cuts: what was claimed and not handed over would be left in doubt."""
        turn = asyncio.create_task(self.turn())
        try:
            return await asyncio.shield(turn)
        except asyncio.CancelledError:
            await asyncio.wait([turn])
            raise
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("outbox.postponed", kind=type(error).__name__)
            return 0

    async def _listen(self, bell: Bell) -> None:
        while True:
            await bell.wait(POLL_S)
            self._wake.set()

    async def drain(self) -> None:
        """Send all that is due, and wait for the answers."""
        while await self.turn() or self._tasks:
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Wait a little for what is under way; the rest is found by its lease."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=ENDING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._recorder.close()
        await self._client.aclose()

    async def turn(self) -> int:
        """Claim once and start handing over; how many messages came a step further: none, when nothing can go now."""
        if not self.ctx.sealing.can_read:
            # Numbers open where the key is; there, another worker sends.
            return 0
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= GATEWAYS_EVERY_S:
            await self._read_gateways()
            self._read_at = now
        if now - self._watched_at >= WATCH_EVERY_S:
            self._watched_at = now
            async with self.ctx.db.tx() as conn:
                await sweep(conn, self.desk.lanes)
                await watch(conn, self.desk)
        room = sum(lane.room for lane in self.desk.lanes.values() if lane.well)
        if not room:
            return 0
        async with self.ctx.db.tx() as conn:
            handings, moved = await claiming.claim(conn, self.desk, min(room, MOST_A_TURN))
        for handing in handings:
            handing.lane.took()
            task = asyncio.create_task(self._hand_over(handing))
            self._tasks.add(task)
            task.add_done_callback(self._done)
        return moved

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            log.warning("outbox.fault", kind=type(error).__name__)

    async def _read_gateways(self) -> None:
        async with self.ctx.db.tx() as conn:
            known = [g for g in await all_gateways(conn, self.ctx) if g.enabled and g.sends]
        drill = self.ctx.settings.drill
        lanes: dict[UUID | None, Lane] = {}
        wanted: list[Gateway | None] = [*known] or ([None] if drill else [])
        for gateway in wanted:
            adapter = adapter_for(gateway, drill=drill)
            if adapter is None:
                continue
            key = gateway.id if gateway else None
            lane = self.desk.lanes.get(key)
            if lane:
                lane.renewed(gateway, adapter)
            lanes[key] = lane or Lane(gateway, adapter)
        self.desk.lanes = lanes

    async def _hand_over(self, handing: Handing) -> None:
        lane, well = handing.lane, False
        try:
            outcome: Outcome
            try:
                async with asyncio.timeout(SEND_S):
                    outcome = await handing_over(lane.adapter, self._client, handing.outgoing)
            except TimeoutError:
                outcome = claiming.UNANSWERED
            well = isinstance(outcome, Accepted) or (isinstance(outcome, NotSent) and outcome.final)
            self._note(lane, outcome, well=well)
            await self._recorder.write(handing, outcome)
        finally:
            lane.gave(well=well)

    @staticmethod
    def _note(lane: Lane, outcome: Outcome, *, well: bool) -> None:
        kind = lane.gateway.kind if lane.gateway else "fake"
        HANDED_OVER.labels(kind, type(outcome).__name__.lower()).inc()
        if lane.id and well:
            beat(lane.id, "out")
        elif lane.id and not isinstance(outcome, Accepted):
            trouble(lane.id, "out", outcome.reason)


async def sweep(conn: Conn, lanes: dict[UUID | None, Lane]) -> None:
    """End what expired, and decide about what a killed sender left."""
    await queries.expire(conn, MOST_A_TURN * 10)
    lost: list[tuple[UUID, str, str]] = []
    for row in await queries.abandoned(conn, MOST_A_TURN):
        lane = lanes.get(row["gateway_id"])
        step = claiming.after_silence(lane is not None and lane.adapter.asks, row["priority"], row["reason"])
        if step:
            await queries.again(conn, row["id"], row["attempts"], 0.0, step, keep_gateway=step == "asking")
        else:
            lost.append((row["id"], "unsure", "killed"))
    ended = await queries.close(conn, lost)
    await tell(conn, [row for row in ended if row["priority"] == LIFE])


async def run(ctx: Context) -> None:
    """The worker's loop."""
    await Sender(ctx).run()
