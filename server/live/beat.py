"""The hub's time: pings, looks at how the house is, and who may go on listening. One task for all listeners."""

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

import structlog

from server.access.bearers import alive
from server.live.listeners import IN_A_ROW, Listener, framed
from server.live.pulse import EVERY_S
from server.live.queries import DATABASE_AWAY

if TYPE_CHECKING:
    from server.live.hub import Hub

log = structlog.get_logger("live")
TICK_S: Final = 1.0
PING_S = 10.0
"""How often everybody is told that the line is alive, whatever else they hear."""
PING_BEHIND_S = 5.0
"""And while this process is behind."""
RECHECK_S = 30.0
"""How long a revoked session may go on listening, at most, with a tick."""


def ping(behind_s: int, seq: int) -> bytes:
    """A comment that says how far behind the stream is, if it is, and the number from which to go on.

    An id alone shows no event; who hears little of much need not be searched from the start after a cut.
    """
    return (b": ping behind=%d\n\nid: %d\n\n" % (behind_s, seq)) if behind_s else b": ping\n\nid: %d\n\n" % seq


class Beat:
    """`run()` beats until cancelled."""

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self._look_at = 0.0
        self._was_behind = False

    async def run(self) -> None:
        """Once a tick; whatever fails, the next one comes."""
        while True:
            await asyncio.sleep(min(TICK_S, PING_S, RECHECK_S, EVERY_S))
            try:
                await self._tick()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - listeners must be pinged whatever goes wrong
                log.warning("live.beat", kind=type(error).__name__)

    async def _tick(self) -> None:
        now = time.monotonic()
        if self.hub.ready.is_set() and now >= self._look_at:
            self._look_at = now + EVERY_S
            with contextlib.suppress(*DATABASE_AWAY):
                async with asyncio.timeout(EVERY_S):
                    await self.hub.pulse.look(self.hub.db, self.hub.ring.head)
        resting = self.hub.listeners.resting()
        await self._ping(resting)
        await self._recheck([one for one in resting if one.bearer and now >= one.check_at])

    async def _ping(self, resting: list[Listener]) -> None:
        behind = self.hub.pulse.behind_s
        now = time.monotonic()
        # When it is over, all are told at once: they have all been told that it was not so.
        all_now, self._was_behind = self._was_behind and not behind, bool(behind)
        every = PING_BEHIND_S if behind else PING_S
        for number, one in enumerate(resting):
            if now < one.ping_at - PING_S + every and not all_now:
                continue
            if one.wire is None or not one.wire.write(framed(ping(behind, one.seq))):
                one.ping_at = 0.0
                self.hub.listeners.wake(one)
            else:
                one.ping_at = now + PING_S
            if number % IN_A_ROW == IN_A_ROW - 1:
                await asyncio.sleep(0)

    async def _recheck(self, due: list[Listener]) -> None:
        """Who of them may still listen, in one question for all."""
        if not due:
            return
        bearers = {one.bearer for one in due if one.bearer}
        try:
            async with asyncio.timeout(TICK_S * 5):
                known = await alive(self.hub.db, bearers)
        except DATABASE_AWAY:
            # It can't be found out now: nobody is sent away for that.
            return
        now = time.monotonic()
        for one in due:
            found = known.get(one.bearer) if one.bearer else None
            one.check_at = now + RECHECK_S
            if found is None or found.scopes != one.view.principal.scopes:
                one.revoked = True
                self.hub.listeners.wake(one)
