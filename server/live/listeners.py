"""Who listens in this process, and how one change reaches thousands of them: raw, from one buffer, in one sweep.

A listener that has everything needs no task of its own to be woken: its bytes are put on its connection's wire by the
hub. Who is slow, new or without a wire is woken, catches up at its own pace and comes back.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol
from uuid import UUID

from server.access.principal import Principal
from server.live.ring import Line, Ring
from server.live.rules import EVERYTHING, Wish, may_see

BATCH: Final = 500
"""Lines in one piece of writing."""
IN_A_ROW: Final = 100
"""Listeners written to before others of this process have their turn: some two milliseconds."""
NOTED: Final = 500
"""Decisions and views remembered."""


class Wire(Protocol):
    """A connection that bytes may be put on without waiting (`ops.localstack.heads` lends it)."""

    def write(self, data: bytes) -> bool:
        """Put bytes on it as they are; False, and nothing is written, when it is slow or gone."""

    def when_lost(self, call: Callable[[], None] | None) -> None:
        """Call this once the connection is gone."""


class View:
    """What principals with the same scopes see of what they want; each decision is made once."""

    def __init__(self, principal: Principal, wish: Wish = EVERYTHING) -> None:
        self.principal, self.wish = principal, wish
        self._decided: dict[tuple[str, UUID | None, UUID | None], bool] = {}

    def sees(self, line: Line) -> bool:
        """Whether this line is for them."""
        key = (line.verb, line.centre, line.emergency)
        seen = self._decided.get(key)
        if seen is None:
            if len(self._decided) > NOTED:
                self._decided.clear()
            seen = self._decided[key] = self.wish.wants(line.verb, line.centre) and may_see(self.principal, *key)
        return seen


class Listener:
    """One open stream. `seq`: it has everything of its view up to there."""

    __slots__ = ("_waiting", "bearer", "check_at", "gone", "ping_at", "revoked", "seq", "view", "wire")

    def __init__(self, view: View, seq: int, bearer: tuple[str, bytes] | None) -> None:
        self.view, self.seq, self.bearer = view, seq, bearer
        self.wire: Wire | None = None
        self.ping_at = self.check_at = 0.0
        self.gone = self.revoked = False
        self._waiting: asyncio.Future[None] | None = None

    async def resting(self) -> None:
        """Until it is woken."""
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def wake(self) -> None:
        """Give its task a turn."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def lost(self) -> None:
        """Its connection is gone."""
        self.gone = True
        self.wake()


def framed(body: bytes) -> bytes:
    """A body as one chunk of HTTP/1.1 (RFC 9112, section 7.1), as a wire takes it."""
    return b"%x\r\n%b\r\n" % (len(body), body)


class Listeners:
    """Those of this process that rest, by their view. `told`: what was written, or is being written, to all of them."""

    def __init__(self, ring: Ring) -> None:
        self.told = ring.head
        self._by_view: dict[View, dict[Listener, None]] = {}

    def join(self, one: Listener) -> None:
        """Rest until there is news. The listener has everything up to `told`."""
        self._by_view.setdefault(one.view, {})[one] = None

    def leave(self, one: Listener) -> None:
        """Not written to any more."""
        group = self._by_view.get(one.view)
        if group is not None and group.pop(one, self) is None and not group:
            del self._by_view[one.view]

    def resting(self) -> list[Listener]:
        """All that rest now."""
        return [one for group in self._by_view.values() for one in group]

    def wake(self, one: Listener) -> None:
        """It has something to do of its own."""
        self.leave(one)
        one.wake()

    def wake_all(self) -> None:
        """All of them."""
        for one in self.resting():
            self.wake(one)

    async def tell(self, ring: Ring) -> None:
        """Bring all that rest up to the ring's head."""
        while self.told < ring.head:
            since, upto = self.told, min(ring.head, self.told + BATCH)
            if not ring.holds_after(since):
                self.told = ring.head
                self.wake_all()
                return
            lines = list(ring.after(since, upto - since))
            self.told = upto
            done = 0
            for view, group in list(self._by_view.items()):
                body = b"".join(line.chunk for line in lines if view.sees(line))
                chunk = framed(body) if body else b""
                for one in list(group):
                    self._give(one, group, since, upto, chunk)
                    done += 1
                    if done % IN_A_ROW == 0:
                        await asyncio.sleep(0)

    def _give(self, one: Listener, group: dict[Listener, None], since: int, upto: int, chunk: bytes) -> None:
        if one not in group or one.seq >= upto:
            # It left meanwhile, or came with more than this.
            return
        if one.seq != since or one.wire is None:
            self.wake(one)
        elif not chunk or one.wire.write(chunk):
            one.seq = upto
        else:
            self.wake(one)
