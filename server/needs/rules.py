"""How urgent a need is against the others: a score with its reasons. Pure; the table stands in docs/chain.md."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

HOUSEHOLD: Final = 3.3
"""People in a household where only households are told: Statistical Centre of Iran, census of 2016."""
URGENCY_POINTS: Final = {"life": 100.0, "high": 35.0, "normal": 15.0, "none": 0.0}
"""`life` stands above everything the other points can add up to."""
VULNERABLE_POINTS: Final = {
    "infant": 5.0,
    "pregnant": 5.0,
    "disabled": 4.0,
    "chronic_illness": 4.0,
    "child": 3.0,
    "woman_headed": 3.0,
    "elderly": 3.0,
}
VULNERABLE_MOST: Final = 12.0
WOMEN_AND_CHILDREN: Final = frozenset({"infant_care", "protection", "hygiene", "psychosocial"})
CATEGORY_POINTS: Final = 3.0
PEOPLE_MOST: Final = 15.0
AGE_PER_HOUR: Final = 0.5
AGE_MOST: Final = 12.0
VOICE_POINTS: Final = 2.0
VOICES_MOST: Final = 6.0
VERIFICATION_POINTS: Final = {"confirmed": 5.0, "likely": 2.0, "unverified": 0.0}
RERANK_STEP: Final = 2.0
"""A score that has drifted by less is left: nobody is told, nothing is written."""
LIVE: Final = frozenset({"open", "tasked"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the score is made from. `age_h`: hours since it was first reported, while it is unmet."""

    category: str
    urgency: str = "normal"
    people: int | None = None
    households: int | None = None
    vulnerable: Sequence[str] = ()
    corroboration: int = 1
    verification: str = "unverified"
    age_h: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """The value and its reasons, [{code, points, …}]; the points add up to the value."""

    value: float
    why: tuple[dict[str, Any], ...]


def priority(facts: Facts) -> Score:
    """The score of a need, higher is more pressing. A refuted need scores 0."""
    if facts.verification == "refuted":
        return Score(0.0, ({"code": "refuted", "points": 0.0},))
    why: list[dict[str, Any]] = [
        {"code": "urgency", "points": URGENCY_POINTS.get(facts.urgency, 0.0), "urgency": facts.urgency}
    ]
    people = affected(facts.people, facts.households)
    if people:
        # The logarithm: a hundred people weigh twice as much as ten, not ten times; nobody is outvoted for being few.
        why.append(
            {"code": "people", "points": min(PEOPLE_MOST, round(5 * math.log10(1 + people), 1)), "people": people}
        )
    groups = sorted({g for g in facts.vulnerable if g in VULNERABLE_POINTS})
    if groups:
        points = min(VULNERABLE_MOST, sum(VULNERABLE_POINTS[g] for g in groups))
        why.append({"code": "vulnerable", "points": points, "groups": groups})
    if facts.category in WOMEN_AND_CHILDREN:
        why.append({"code": "women_and_children", "points": CATEGORY_POINTS, "category": facts.category})
    age = round(min(AGE_MOST, AGE_PER_HOUR * max(0.0, facts.age_h)), 1)
    if age:
        why.append({"code": "age", "points": age, "hours": round(facts.age_h, 1)})
    voices = min(VOICES_MOST, VOICE_POINTS * max(0, facts.corroboration - 1))
    if voices:
        why.append({"code": "corroboration", "points": voices, "voices": facts.corroboration})
    if believed := VERIFICATION_POINTS.get(facts.verification, 0.0):
        why.append({"code": "verification", "points": believed, "verification": facts.verification})
    return Score(round(sum(w["points"] for w in why), 1), tuple(why))


def affected(people: int | None, households: int | None) -> int | None:
    """People as told, else households in people."""
    if people is not None:
        return people
    return round(households * HOUSEHOLD) if households is not None else None


def drifted(before: float, after: float) -> bool:
    """Whether a score has moved far enough to be told."""
    return abs(after - before) >= RERANK_STEP
