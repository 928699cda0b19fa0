"""Which record to check next: what an answer would change, and why. Pure; docs/verification.md tells it in words.

The value is a product of three terms, each a product of plain factors: who is at risk, how much doubt there is, and
what hangs on it. Every factor that is not 1 is a reason {code, term, times, …}: multiplied they are the value.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

Term = Literal["risk", "doubt", "hangs"]
URGENCY: Final = {"life": 8.0, "high": 3.0, "normal": 1.0, "none": 0.25}
UNKNOWN_PEOPLE: Final = 3.3
"""Where nobody says how many: one household (Statistical Centre of Iran, census of 2016)."""
PEOPLE_MOST: Final = 10_000
GROUP: Final = 0.25
GROUPS_MOST: Final = 4
BELIEVED: Final = {"unverified": 1.0, "likely": 0.7}
VOICE: Final = 0.5
"""Each voice after the first counts for half a first one: doubt is 1, 1/1.5, 1/2, …"""
TRUST: Final = {"form": 0.4, "hotline": 0.8, "feed": 0.8, "api": 0.9, "sms": 1.0, "import": 1.0}
"""How much doubt is left where the most trusted of its channels says so; our own people in the field send forms."""
TWO_CHANNELS: Final = 0.85
NAMELESS: Final = 1.2
SILENCE: Final = ((24.0, 1.5), (12.0, 1.35), (3.0, 1.2), (1.0, 1.1))
"""(hours since anybody spoke of it, factor), longest first: what was so yesterday may not be so now."""
SPREAD: Final = ((5.0, 1.6), (2.0, 1.3))
"""(largest number told over the smallest, factor)."""
IMPOSSIBLE: Final = 1.5
ONE_STORM: Final = 1.5
NEAR_REFUTED: Final = 1.6
NOWHERE: Final = 1.3
NEW_DETAILS: Final = 1.5
QUEUED: Final = 0.5
HELD: Final = 1.0
TASKS_MOST: Final = 2.0
NEED: Final = 0.25
NEEDS_MOST: Final = 1.5
CLOSES: Final = 1.5
PERSISTS: Final = 5
"""So many independent new senders within an hour ask for a second look at what was refuted."""
PERSISTS_IN: Final = timedelta(hours=1)
PERSISTS_MOST: Final = 4.0
_NUMBERS: Final = frozenset({"people", "households", "quantity"})
_STAY: Final = frozenset({"alone", "rumour_persists"})
"""Reasons that are told even where their factor is 1."""

ASKS: Final[Mapping[str, tuple[str, str]]] = {
    "still_refuted": ("هنوز شایعه است؟", "Is it still a rumour?"),
    "how_many": ("واقعا چند نفرند؟", "How many people are there really?"),
    "where": ("دقیقا کجاست؟", "Where is it exactly?"),
    "same_rumour": ("همان شایعهٔ رد شده است؟", "Is it the rumour that was refuted?"),
    "still_so": ("هنوز همین‌طور است؟", "Is it still so?"),
    "is_it_so": ("درست است؟", "Is it so?"),
}
"""What to ask whoever is called: code → (Persian, English)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the value is made from.

    `people`: households counted in. `voices`: independent senders. `known`: how many of the latest reports have a
    sender. `silent_h`: hours since it was last spoken of. `spread`: the largest number told over the smallest.
    `queued`, `held`: tasks that wait or that somebody holds. `needs`: open needs that follow from an incident.
    `doubters`: most independent new senders within an hour since it was refuted.
    """

    urgency: str = "normal"
    people: int | None = None
    groups: int = 0
    verification: str = "unverified"
    voices: int = 1
    known: int = 1
    channels: Sequence[str] = ("sms",)
    silent_h: float = 0.0
    spread: float = 1.0
    impossible: bool = False
    storm: bool = False
    near_refuted: bool = False
    located: bool = True
    queued: int = 0
    held: int = 0
    needs: int = 0
    closes: bool = False
    doubters: int = 0
    new_details: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """What checking is worth; 0: nothing to check. `asks`: a name of ASKS."""

    value: float
    reasons: tuple[dict[str, Any], ...]
    asks: str = "is_it_so"


def worth(facts: Facts) -> Worth:
    """What an answer about a record would change. Confirmed ones, and rumours that nobody repeats, are worth 0."""
    doubt = _doubt_of_refuted(facts) if facts.verification == "refuted" else _doubt(facts)
    if not doubt:
        return Worth(0.0, ())
    reasons = [*_risk(facts), *doubt, *_hangs(facts)]
    value = math.prod(r["times"] for r in reasons)
    return Worth(round(value, 6), tuple(r for r in reasons if r["times"] != 1 or r["code"] in _STAY), _asks(facts))


def _why(code: str, term: Term, times: float, **more: Any) -> dict[str, Any]:
    return {"code": code, "term": term, "times": round(times, 4), **more}


def _risk(facts: Facts) -> list[dict[str, Any]]:
    told = facts.people is not None
    crowd = max(1.0, float(min(PEOPLE_MOST, facts.people or 0))) if told else UNKNOWN_PEOPLE
    # Numbers are claims: a hundred times as many people weigh ten times as much.
    why = [_why("people", "risk", math.sqrt(crowd), people=facts.people)]
    why.append(_why("urgency", "risk", URGENCY.get(facts.urgency, 1.0), urgency=facts.urgency))
    why.append(_why("vulnerable", "risk", 1 + GROUP * min(GROUPS_MOST, facts.groups), groups=facts.groups))
    return why


def _doubt(facts: Facts) -> list[dict[str, Any]]:
    believed = BELIEVED.get(facts.verification)
    if believed is None:
        return []
    voices = max(1, facts.voices)
    why = [_why("verification", "doubt", believed, verification=facts.verification)]
    why.append(_why("alone" if voices == 1 else "voices", "doubt", 1 / (1 + VOICE * (voices - 1)), voices=voices))
    if facts.channels:
        best = min(facts.channels, key=lambda c: (TRUST.get(c, 1.0), c))
        why.append(_why("channel", "doubt", TRUST.get(best, 1.0), channel=best))
    if len(set(facts.channels)) > 1:
        why.append(_why("channels", "doubt", TWO_CHANNELS, channels=len(set(facts.channels))))
    if facts.known == 0:
        why.append(_why("nameless", "doubt", NAMELESS))
    why.append(_why("silence", "doubt", _step(SILENCE, facts.silent_h), hours=math.floor(facts.silent_h)))
    why.append(_why("numbers_differ", "doubt", _step(SPREAD, facts.spread)))
    for code, holds, times in (
        ("impossible_place", facts.impossible, IMPOSSIBLE),
        ("one_storm", facts.storm, ONE_STORM),
        ("near_rumour", facts.near_refuted, NEAR_REFUTED),
        ("unlocated", not facts.located, NOWHERE),
    ):
        if holds:
            why.append(_why(code, "doubt", times))
    return why


def _doubt_of_refuted(facts: Facts) -> list[dict[str, Any]]:
    why = []
    if facts.doubters >= PERSISTS:
        times = min(PERSISTS_MOST, facts.doubters / PERSISTS)
        why.append(_why("rumour_persists", "doubt", times, voices=facts.doubters))
    if facts.new_details:
        why.append(_why("new_details", "doubt", NEW_DETAILS))
    return why


def _hangs(facts: Facts) -> list[dict[str, Any]]:
    tasks = min(TASKS_MOST, QUEUED * facts.queued + HELD * facts.held)
    why = [_why("tasks", "hangs", 1 + tasks, queued=facts.queued, held=facts.held)]
    why.append(_why("needs", "hangs", 1 + min(NEEDS_MOST, NEED * facts.needs), needs=facts.needs))
    if facts.closes:
        why.append(_why("closes_way", "hangs", CLOSES))
    return why


def _step(steps: Sequence[tuple[float, float]], value: float) -> float:
    return next((times for bound, times in steps if value >= bound), 1.0)


def _asks(facts: Facts) -> str:
    """The one question that would settle most."""
    if facts.verification == "refuted":
        return "still_refuted"
    found = (
        ("same_rumour", facts.near_refuted),
        ("where", facts.impossible or not facts.located),
        ("how_many", facts.spread >= SPREAD[-1][0]),
        ("still_so", facts.silent_h >= SILENCE[1][0]),
    )
    return next((code for code, holds in found if holds), "is_it_so")


def hours_to_next(silent_h: float) -> float | None:
    """After how many hours silence weighs more, so that the value has to be made again; None: never."""
    later = [bound for bound, _ in SILENCE if bound > silent_h]
    return min(later) - silent_h if later else None


def spread_of(counts: Iterable[Sequence[Any]]) -> float:
    """How far the numbers that voices tell lie apart: the largest over the smallest of people, households, or how much
    is needed in one unit, whichever differ most.

    `counts` is [[field, value, voices], …] as `report_tallies` keeps it.
    """
    told: dict[Any, list[float]] = {}
    for field, value, voices in counts:
        if voices > 0 and field in _NUMBERS and value is not None:
            number, unit = value if isinstance(value, list | tuple) else (value, None)
            told.setdefault((field, unit), []).append(max(1.0, float(number)))
    return max((max(numbers) / min(numbers) for numbers in told.values()), default=1.0)


def most_within(moments: Iterable[datetime], span: timedelta = PERSISTS_IN) -> int:
    """The most of some moments that lie within one `span`."""
    ordered = sorted(moments)
    most, start = 0, 0
    for end, at in enumerate(ordered):
        while at - ordered[start] > span:
            start += 1
        most = max(most, end - start + 1)
    return most


def new_details(said: Mapping[str, Any], before: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a report tells of a danger to life, and something that nobody had said when the record was refuted.

    New are: that a life is in danger, a vulnerable group, people where none were counted, more people than anybody
    told. The same rumour with a smaller number is the same rumour.
    """
    if "urgency:life" not in said:
        return False
    earlier = list(before)
    known = {field for one in earlier for field in one}
    if any(f not in known for f in said if f.startswith(("urgency:life", "group:"))):
        return True
    most = max((int(one["people"]) for one in earlier if one.get("people") is not None), default=0)
    return said.get("people") is not None and int(said["people"]) > most
