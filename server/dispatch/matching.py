"""Who for which task, and which task for whom: choices over many, each explained. Pure.

Callers give the moment and the way (`travel`); what knows roads, or plans for all tasks at once, puts itself in there
or reads `fitting.judge` as its cost, and nothing else changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Final
from uuid import UUID

from server.dispatch.fitting import (
    Bar,
    Candidate,
    Entry,
    Fit,
    Job,
    Squad,
    Travel,
    Trip,
    judge,
    needs_woman,
    priority_reason,
    squad_for,
    straight,
)
from server.dispatch.shortfall_rules import shortfalls
from server.volunteers.skills import HELPFUL, covered, lacking

__all__ = [
    "Bar",
    "Candidate",
    "Crew",
    "Entry",
    "Fit",
    "Job",
    "Ranking",
    "Squad",
    "Travel",
    "Trip",
    "crew",
    "crew_lacks",
    "judge",
    "members",
    "needs_woman",
    "next_for",
    "rank",
    "shortfalls",
    "squad_for",
    "straight",
]

POOL: Final = 8
"""Of the best so many all combinations are looked at, beside the best women and the best of each skill."""
POOL_EACH: Final = 3
SEARCHED_MOST: Final = 3
"""Crews of up to so many are searched for the best; larger ones are filled up, the best first."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Those who may go, the best first, and those who may not, the nearest to being able first."""

    fits: list[tuple[Candidate, Fit]]
    bars: list[tuple[Candidate, Bar]]


@dataclass(frozen=True, slots=True)
class Crew:
    """Several who would go together: the leader first among the members. `points`: the sum of the members'."""

    leader: Candidate
    members: tuple[Candidate, ...]
    points: float
    reasons: tuple[Entry, ...]


def rank(
    job: Job, candidates: Iterable[Candidate], now: datetime, travel: Travel = straight, *, alone: bool = True
) -> Ranking:
    """All of them, judged. For a task that takes several only leaders of a team that suffices may go; the others are
    barred by `team_required`, and `crew` proposes who could be put together.
    """
    fits: list[tuple[Candidate, Fit]] = []
    bars: list[tuple[Candidate, Bar]] = []
    for who in candidates:
        found = judge(job, who, now, travel, alone=alone)
        if isinstance(found, Fit):
            fits.append((who, found))
        else:
            bars.append((who, found))
    # The code last, so that the same people always stand in the same order.
    fits.sort(key=lambda x: (-x[1].points, x[0].code))
    bars.sort(key=lambda x: (len(x[1].codes), _far(x[1]), x[0].code))
    return Ranking(fits, bars)


def _far(bar: Bar) -> float:
    return max((c.get("km", 0.0) for c in bar.codes), default=0.0)


def members(job: Job, candidates: Iterable[Candidate], now: datetime, travel: Travel = straight) -> Ranking:
    """As `rank`, each as one of several: their number, women and skills are asked of the several together."""
    return rank(job, candidates, now, travel, alone=False)


def next_for(who: Candidate, jobs: Iterable[Job], now: datetime, travel: Travel = straight) -> list[tuple[Job, Fit]]:
    """The tasks that she may take now, the best first: the task's own priority, and how well it fits her."""
    found: list[tuple[Job, Fit]] = []
    for job in jobs:
        fit = judge(job, who, now, travel, asking=True)
        if isinstance(fit, Fit):
            weight = priority_reason(job, now)
            found.append((job, Fit(round(fit.points + weight["points"], 1), (weight, *fit.reasons), fit.km)))
    # A life before everything else, however far down the points put it.
    found.sort(key=lambda x: (not x[0].life, -x[1].points, x[0].created_at, x[0].code))
    return found


def crew_lacks(job: Job, people: Sequence[Candidate]) -> list[Entry]:
    """What several together lack for a task: people, women, skills; empty when they suffice."""
    lacks: list[Entry] = []
    women = sum(who.woman for who in people)
    if len(people) < job.crew_min:
        lacks.append({"code": "too_few", "need": job.crew_min, "have": len(people)})
    needed = max(job.women_min, int(job.women_required))
    if women < needed:
        lacks.append({"code": "too_few_women", "need": needed, "have": women})
    if missing := lacking(frozenset[str]().union(*(who.skills for who in people)), job.skills):
        lacks.append({"code": "skills", "lacking": missing})
    return lacks


def crew(job: Job, candidates: Iterable[Candidate], now: datetime, travel: Travel = straight) -> Crew | None:
    """The best who could be put together for a task; None when those who may go do not suffice.

    Who is in a team already stays in it, and who has a task finishes that first.
    """
    free = [x for x in members(job, candidates, now, travel).fits if x[0].squad is None and not x[0].held]
    points = {who.volunteer_id: fit.points for who, fit in free}
    chosen = _best(job, [who for who, _ in free], points)
    if chosen is None:
        return None
    wanted = set(job.skills)
    # Who can do most of what it takes leads; among equals, who fits best.
    led = sorted(chosen, key=lambda who: (-len(covered(who.skills) & wanted), -points[who.volunteer_id], who.code))
    total = round(sum(points[who.volunteer_id] for who in led), 1)
    return Crew(led[0], tuple(led), total, tuple(_together(job, led)))


def _together(job: Job, people: Sequence[Candidate]) -> Iterator[Entry]:
    yield {"code": "crew", "points": 0, "people": len(people), "women": sum(who.woman for who in people)}
    can = covered(frozenset[str]().union(*(who.skills for who in people)))
    if skills := [skill for skill in job.skills if skill in can]:
        yield {"code": "skills", "points": 0, "skills": skills}
    spoken = frozenset[str]().union(*(who.languages for who in people)) & job.languages
    if spoken:
        yield {"code": "language", "points": 0, "languages": sorted(spoken)}


def _best(job: Job, free: Sequence[Candidate], points: dict[UUID, float]) -> list[Candidate] | None:
    size = max(1, job.crew_min)
    if crew_lacks(job, free):
        return None
    if size <= SEARCHED_MOST:
        enough = (c for c in combinations(_pool(job, free), size) if not crew_lacks(job, c))
        best = max(enough, key=lambda c: sum(points[who.volunteer_id] for who in c), default=None)
        if best is not None:
            return list(best)
    return _filled(job, free, size)


def _pool(job: Job, free: Sequence[Candidate]) -> list[Candidate]:
    """The best by points, the best women, the best of each skill; `free` has the best first."""
    pool = {who.volunteer_id: who for who in free[:POOL]}
    women = [who for who in free if who.woman][: max(POOL_EACH, job.women_min)]
    skilled = [[who for who in free if skill in covered(who.skills)][:POOL_EACH] for skill in job.skills]
    return list((pool | {who.volunteer_id: who for some in (women, *skilled) for who in some}).values())


def _filled(job: Job, free: Sequence[Candidate], size: int) -> list[Candidate]:
    """Skills first, then women, then the best until they are enough. There are enough: the caller has looked."""
    chosen: list[Candidate] = []

    def take(some: Iterable[Candidate]) -> None:
        found = next((who for who in some if who not in chosen), None)
        if found is not None:
            chosen.append(found)

    for skill in job.skills:
        if skill not in HELPFUL and all(skill not in covered(who.skills) for who in chosen):
            able = [who for who in free if skill in covered(who.skills)]
            short = sum(who.woman for who in chosen) < job.women_min
            take(sorted(able, key=lambda who: not who.woman) if short else able)
    needed = max(job.women_min, int(job.women_required))
    while sum(who.woman for who in chosen) < needed:
        take(who for who in free if who.woman)
    while len(chosen) < size:
        take(free)
    return chosen
