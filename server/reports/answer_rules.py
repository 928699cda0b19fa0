"""What a sender is answered, and what one answer stands for. Pure; docs/two-way.md tells it in words."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from server.messaging.models import HIGH, LIFE, NORMAL

WINDOW_S: Final = 600.0
"""One receipt at once, one more for all that comes within this time after it."""
SAME_S: Final = 120.0
"""The same question is not answered with the same words twice within this time."""
HOUR_S: Final = 3600.0
CAP: Final = 20
"""Most answers a number gets in an hour: two machines that answer each other fall silent."""
STRANGERS: Final = 10
"""Codes of other people's reports that a number may ask about in an hour. Codes have 31^7 (2.7e10) values and more:
who tries them out finds none."""
_MOBILE: Final = re.compile(r"\+989\d{9}")
_ABROAD: Final = re.compile(r"\+(?!98)\d{8,15}")
_DIGITS: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_BARE: Final = re.compile(r"\d{1,6}")

_HELD: Final = frozenset({"claimed", "accepted", "escalated"})
_OPEN: Final = frozenset({"open", "tasked"})


def answered_in(lang: str, default: str) -> str:
    """The language of an answer: the message's own; Persian in Latin letters is Persian; else the country's."""
    return {"fa": "fa", "finglish": "fa", "en": "en"}.get(lang, default)


def is_person(number: str | None, own: Collection[str] = ()) -> bool:
    """Whether somebody holds this telephone: no name, no short number, no line of a panel (+98 3000…), not our own."""
    if number is None or number in own:
        return False
    return bool(_MOBILE.fullmatch(number) or _ABROAD.fullmatch(number))


def priority_of(urgency: str) -> int:
    """Who reports a danger to life is answered first."""
    return {"life": LIFE, "high": HIGH}.get(urgency, NORMAL)


@dataclass(frozen=True, slots=True)
class Recent:
    """What a number was told within the last hour: `opened_s` ago the last receipt of its own, None: no such.

    `waiting`: that one has not left yet. `gathering`: a receipt for many waits for its time. `told`: how many in all.
    """

    opened_s: float | None = None
    waiting: bool = False
    gathering: bool = False
    told: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """`at_once`: the first of the new reports gets a receipt now. `joined`: how many go into the one for many, which
    leaves in `wait_s` seconds; `adds`: it is there already and only grows.
    """

    at_once: bool
    joined: int
    wait_s: float = 0.0
    adds: bool = False


def collapse(recent: Recent, new: int) -> Plan:
    """How `new` further reports (at least one) of one number are acknowledged."""
    if recent.gathering:
        return Plan(at_once=False, joined=new, adds=True)
    if recent.told >= CAP:
        return Plan(at_once=False, joined=new, wait_s=HOUR_S)
    if recent.opened_s is not None and (recent.opened_s < WINDOW_S or recent.waiting):
        return Plan(at_once=False, joined=new, wait_s=max(0.0, WINDOW_S - recent.opened_s))
    return Plan(at_once=True, joined=new - 1, wait_s=WINDOW_S)


@dataclass(frozen=True, slots=True)
class Part:
    """A need or an incident that a report is part of: its status, and its latest task's state if it has one."""

    status: str
    task: str | None


def state_of(read_state: str, *, triage: bool, seen: bool, parts: Sequence[Part]) -> str:
    """What became of a report, as a name of `messaging.templates.STATES`: the best that can be said of it."""
    live = [p for p in parts if p.status in _OPEN]
    met = any(p.status in {"met", "resolved"} or p.task == "done" for p in parts if p.status not in _OPEN)
    read = read_state == "read" and not triage
    found = (
        ("on_way", any(p.task == "en_route" for p in live)),
        ("assigned", any(p.task in _HELD for p in live)),
        ("done", met and not live),
        ("closed", bool(parts) and not live),
        ("part", met),
        ("queued", any(p.task == "queued" for p in live)),
        ("seen", seen),
        ("person", read_state == "failed"),
        ("read", read),
    )
    return next((state for state, holds in found if holds), "received")


def bare_number(tail: str) -> int | None:
    """The number that is all a correction says: `FIX K7P2 15`."""
    text = tail.translate(_DIGITS).strip()
    return int(text) if _BARE.fullmatch(text) else None


def correction_of(said: dict[str, Any], category: str, read: dict[str, Any], number: int | None) -> dict[str, Any]:
    """What a correction changes of what its sender `said` of one record: fields of `said`; empty: nothing.

    `read`: the correction's reading. A bare `number` corrects the one number that was said: how much, else how many.
    """
    changed: dict[str, Any] = {}
    for need in read["needs"]:
        if need["category"] == category and need["quantity"] is not None:
            unit = need["unit"] or (said.get("quantity") or [None, None])[1]
            changed["quantity"] = [need["quantity"], unit]
    for field in ("people", "households"):
        if read[field] is not None:
            changed[field] = read[field]
    if number is not None:
        known = [f for f in ("quantity", "people", "households") if f in said]
        if known and known[0] == "quantity":
            changed["quantity"] = [number, said["quantity"][1]]
        elif len(known) == 1:
            changed[known[0]] = number
    return changed
