"""What many voices add up to, and how far they are believed. Pure; needs use the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Urgency = Literal["life", "high", "normal", "none"]
Verification = Literal["unverified", "likely", "confirmed", "refuted"]
URGENCIES: Final[tuple[str, ...]] = ("life", "high", "normal", "none")
VERIFICATIONS: Final[tuple[str, ...]] = ("unverified", "likely", "confirmed", "refuted")
LIKELY_FROM: Final = 3
"""So many independent senders make a thing likely; only a person confirms or refutes."""
CLOSURE_KINDS: Final[Mapping[str, str]] = {"bridge_out": "bridge", "road_blocked": "road"}
"""Incident category → the kind of closure it makes."""
_SEVERITY: Final = {"life": 100.0, "high": 35.0, "normal": 15.0, "none": 0.0}


@dataclass(frozen=True, slots=True)
class Tally:
    """What the reports of one incident or need say together. Numbers are corroborated ones, never sums."""

    corroboration: int = 0
    people: int | None = None
    households: int | None = None
    quantity: float | None = None
    unit: str | None = None
    urgency: str = "none"
    vulnerable: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None


def higher(one: str, other: str) -> str:
    """The more urgent of two urgencies."""
    return min(one, other, key=URGENCIES.index)


def believed(corroboration: int) -> Verification:
    """How far a thing is believed before any person has looked at it."""
    return "likely" if corroboration >= LIKELY_FROM else "unverified"


def severity(urgency: str, people: int | None, corroboration: int, verification: str) -> float:
    """A simple rank of incidents for lists: urgency first, then people (log), then voices. Refuted ones come last."""
    if verification == "refuted":
        return 0.0
    crowd = min(15, len(str(people)) * 5) if people else 0
    return (
        _SEVERITY.get(urgency, 0.0)
        + crowd
        + min(6, 2 * max(0, corroboration - 1))
        + {"confirmed": 5, "likely": 2}.get(verification, 0)
    )
