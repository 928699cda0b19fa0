"""The sender's memory of its gateways: what is under way, their pace, and which are left alone for a while."""

import time
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from server.access.context import Context
from server.messaging import rules
from server.messaging.adapters.shapes import Adapter, Outgoing
from server.messaging.gateways import Gateway

PARALLEL: Final = 16
PHONES_PARALLEL: Final = 4
"""How many messages are handed to one gateway at once, where its settings (`parallel`) say nothing."""
MOST_PARALLEL: Final = 32


class Lane:
    """One gateway while this process sends. `settings["rate"]`: messages a second; without it, as fast as it answers.

    A gateway that hangs fills its own lane and nothing else.
    """

    def __init__(self, gateway: Gateway | None, adapter: Adapter) -> None:
        self.gateway, self.adapter = gateway, adapter
        self.under_way = 0
        self._failures = 0
        self._rest_until = 0.0
        self._tokens, self._filled_at = 1.0, time.monotonic()

    @property
    def id(self) -> UUID | None:
        """The gateway's; None for a drill without one."""
        return self.gateway.id if self.gateway else None

    def renewed(self, gateway: Gateway | None, adapter: Adapter) -> None:
        """Its settings were read again."""
        self.gateway, self.adapter = gateway, adapter

    @property
    def well(self) -> bool:
        """Whether it may be tried."""
        return time.monotonic() >= self._rest_until

    @property
    def room(self) -> int:
        """How many messages it takes now; one alone after it failed, to see whether it is back."""
        usual = PHONES_PARALLEL if self.gateway and self.gateway.kind == "android" else PARALLEL
        parallel = _number(self.gateway, "parallel") or usual
        slots = 1 if self._failures >= rules.BREAK_AFTER else int(min(parallel, MOST_PARALLEL))
        free = max(0, slots - self.under_way)
        rate = _number(self.gateway, "rate")
        if not rate:
            return free
        now = time.monotonic()
        self._tokens = min(max(1.0, rate), self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        return min(free, int(self._tokens))

    def took(self) -> None:
        """A message was given to it."""
        self.under_way += 1
        self._tokens -= 1.0

    def gave(self, *, well: bool) -> None:
        """The handing over ended, well or not."""
        self.under_way -= 1
        self._failures = 0 if well else self._failures + 1
        self._rest_until = 0.0 if well else time.monotonic() + rules.break_s(self._failures)


@dataclass(slots=True)
class Desk:
    """What one process's sender has before it."""

    ctx: Context
    zone: ZoneInfo
    lease_s: float
    lanes: dict[UUID | None, Lane] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handing:
    """One message on its way to a gateway, in memory only. `day`: the one its segments were charged to."""

    outgoing: Outgoing
    lane: Lane
    attempt: int
    segments: int
    priority: int
    reason: str | None
    day: date


def _number(gateway: Gateway | None, name: str) -> float | None:
    value = gateway.settings.get(name) if gateway else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
