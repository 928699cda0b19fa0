"""What is decided about outgoing messages without a database: when, by which gateway, what a report of delivery means.

Pure. States are those of `models.STATES`; reasons are short codes that stand in `messages.reason`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.messaging.kinds import ANSWERING, HIGH, LIFE

FIRST_BACKOFF_S: Final = 5.0
LONGEST_BACKOFF_S: Final = 600.0
MOST_ATTEMPTS: Final = 20
"""With the longest back-off between them, some two and a half hours; most messages expire before."""
PHONE_TRIES: Final = 6
"""After so many attempts, a phone's word that it could not send is the last one."""
TRIES_A_GATEWAY: Final = 3
"""After so many failed attempts a message turns to the next gateway in `send_order`."""
BREAK_AFTER: Final = 3
"""A gateway that failed so often in a row is left alone for a while, then tried with one message."""
LONGEST_BREAK_S: Final = 60.0
MOST_SEGMENTS: Final = 2
"""What Hamyar's own messages take at most; with fewer left of a day's cap, an alarm stands."""
CAP_WAIT_S: Final = 300.0
LIMIT_WAIT_S: Final = 600.0
BUSY_WAIT_S: Final = 1.0
NO_GATEWAY_WAIT_S: Final = 15.0
RANK: Final = {"sent": 1, "failed": 2, "delivered": 3}
"""What gateways report; the highest that was ever reported stands, in whatever order and how often they come."""
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def merged(state: str, reported: str) -> str:
    """A message's state after a report of delivery. Never back from delivered; a late `sent` changes nothing final.

    A report is proof that the gateway had the message, so it also ends `sending`, `unsure` and a repetition that is
    still queued. Only a failure of what is queued or dropped is passed over: it speaks of an earlier attempt.
    """
    if state in RANK:
        return reported if RANK[reported] > RANK[state] else state
    if reported == "failed" and state in {"queued", "dropped"}:
        return state
    return reported


def backoff_s(attempts: int, chance: float) -> float:
    """Seconds until the next attempt after `attempts` of them; `chance` in [0, 1) spreads them by half each way."""
    return min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(attempts - 1, 10)) * (0.5 + chance)


def break_s(failures: int) -> float:
    """How long a gateway is left alone after `failures` in a row, in seconds."""
    return 0.0 if failures < BREAK_AFTER else min(LONGEST_BREAK_S, 2.0 ** (failures - BREAK_AFTER + 1))


def hours_wrong(quiet: str) -> bool:
    """Whether quiet hours are neither empty nor `22:00-07:00`."""
    return bool(quiet) and not _HOURS.fullmatch(quiet)


def quiet_end(local: datetime, quiet: str) -> datetime | None:
    """When the quiet hours end in which a local moment lies; None when it lies in none. `quiet`: `22:00-07:00`."""
    found = _HOURS.fullmatch(quiet)
    if not found:
        return None
    start_h, start_m, end_h, end_m = map(int, found.groups())
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    minute = local.hour * 60 + local.minute
    start, end = start_h * 60 + start_m, end_h * 60 + end_m
    if start <= end:
        return midnight.replace(hour=end_h, minute=end_m) if start <= minute < end else None
    if minute >= start:
        return (midnight + timedelta(days=1)).replace(hour=end_h, minute=end_m)
    return midnight.replace(hour=end_h, minute=end_m) if minute < end else None


def keeps_quiet(kind: str, priority: int) -> bool:
    """Whether a message waits for the morning: all but what saves a life, answers her own message, or is an alarm.

    An urgent task does not wait either: it would be dropped, late, before she ever read it, and nobody would know.
    """
    urgent_task = kind == "task" and priority <= HIGH
    return priority != LIFE and kind not in ANSWERING and kind != "alarm" and not urgent_task


@dataclass(slots=True)
class Way:
    """A gateway as the choice sees it, in the order of sending. `room`: how many messages it takes now.

    `well`: not left alone after failures. `left`: segments that today still allows; None: any number.
    """

    id: UUID | None
    room: int
    well: bool
    left: int | None = None
    emergency_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the choice needs to know of a message. `only`: the gateway that may already have it and must be asked."""

    priority: int
    attempts: int
    segments: int
    emergency_id: UUID | None = None
    only: UUID | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: look again in so many seconds."""

    reason: str
    seconds: float


def choose(asked: Asked, ways: Sequence[Way], left: int | None) -> Way | Wait:
    """The gateway for a message, or how long to wait. `left`: segments that today allows to all gateways together.

    A message on which a life hangs takes any gateway with room, whatever it costs; any other keeps to the order.
    """
    life = asked.priority == LIFE
    able = [
        way
        for way in ways
        if (asked.only is None or way.id == asked.only)
        and (way.emergency_id is None or asked.emergency_id in {None, way.emergency_id})
    ]
    if not able:
        return Wait("no_gateway", NO_GATEWAY_WAIT_S)
    if not life:
        if left is not None and asked.segments > left:
            return Wait("cap", CAP_WAIT_S)
        able = [way for way in able if way.left is None or asked.segments <= way.left]
        if not able:
            return Wait("cap", CAP_WAIT_S)
    well = [way for way in able if way.well]
    if not well:
        return Wait("gateway_down", BUSY_WAIT_S * 2)
    first = asked.attempts // TRIES_A_GATEWAY % len(well)
    ordered = [*well[first:], *well[:first]]
    for way in ordered if life else ordered[:1]:
        if way.room > 0:
            return way
    return Wait("busy", BUSY_WAIT_S)
