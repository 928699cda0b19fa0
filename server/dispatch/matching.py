"""Who should go: people against a task and tasks against a person, with the reasons. Pure; the tables stand in
docs/dispatch.md.

A ranking proposes; rules of women, teams and vetting bar, the rest is weighed. Distances are as the crow flies
unless a `Travel` of roads is given: later planners bring theirs.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.kernel.geo import distance_m
from server.volunteers.skills import HELPFUL, covered, lacking

Point = tuple[float, float]
"""Longitude, latitude in degrees."""
Travel = Callable[[Point, Point], float]
"""Metres from one point to another."""
Entry = dict[str, Any]
"""{"code": …} with its numbers; a reason also bears `points`. Words: `reasons`."""

BASE: Final = 50.0
REACH_KM: Final = 60.0
"""From farther off nobody is proposed without a vehicle."""
REACH_DRIVING_KM: Final = 150.0
KM_POINTS: Final = 0.4
KM_MOST: Final = 40.0
UNPLACED_POINTS: Final = -6.0
"""Neither her place nor her centre's is known."""
FRESH_S: Final = 1800
FRESH_POINTS: Final = 3.0
HELD_POINTS: Final = -12.0
HELD_MOST: Final = 3
"""With so many open tasks in hand nobody is proposed for another."""
DUTY_FROM_H: Final = 6.0
DUTY_POINTS: Final = -2.0
"""For each hour on duty beyond that."""
HELPFUL_POINTS: Final = 6.0
LANGUAGE_POINTS: Final = 8.0
VEHICLE_POINTS: Final = 5.0
CAPACITY_POINTS: Final = 4.0
WOMAN_POINTS: Final = 10.0
KINDS_THAT_CARRY: Final = frozenset({"delivery", "evacuation", "transport"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A volunteer as the matching sees her. `at`: her coarse place, else her centre's; `position_age_s` is None then.

    `held`: open tasks in hand; `duty_h`: hours on duty without a rest; `answered_no`: she declined this task.
    """

    volunteer_id: UUID
    code: str
    centre_id: UUID
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    gender: str | None = None
    vehicle: str | None = None
    capacity_kg: float | None = None
    at: Point | None = None
    position_age_s: int | None = None
    held: int = 0
    duty_h: float = 0.0
    rest_until: datetime | None = None
    status: str = "active"
    vetting: str = "vetted"
    silent: bool = False
    team_id: UUID | None = None
    answered_no: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A task as the matching sees it. `women_first`: it prefers a woman and is still young enough to wait for one."""

    task_id: UUID
    centre_id: UUID
    kind: str
    skills: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    women_required: bool = False
    women_preferred: bool = False
    women_first: bool = False
    crew_min: int = 1
    women_min: int = 0
    urgency: str = "normal"
    rank: float = 0.0
    load_kg: float | None = None
    at: Point | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """How well somebody suits: the points of `reasons` add up to `points`."""

    points: float
    reasons: tuple[Entry, ...]
    km: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """Why somebody is not proposed."""

    codes: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best first; and who is barred, with why."""

    fits: tuple[tuple[Candidate, Fit], ...]
    bars: tuple[tuple[Candidate, Bar], ...]


@dataclass(frozen=True, slots=True)
class Crew:
    """Who go together; the leader is the first of them. `reasons`: why these."""

    leader: Candidate
    members: tuple[Candidate, ...]
    reasons: tuple[Entry, ...]


def crow(one: Point, other: Point) -> float:
    """Metres over the sphere."""
    return distance_m(one[0], one[1], other[0], other[1])


def absent(person: Candidate, now: datetime) -> list[Entry]:
    """Why a person can be sent nowhere at all just now; empty when she can."""
    why: list[Entry] = []
    if person.vetting != "vetted":
        why.append({"code": "not_vetted"})
    if person.status != "active":
        why.append({"code": "away", "status": person.status})
    if person.rest_until is not None and person.rest_until > now:
        why.append({"code": "resting", "until": person.rest_until.isoformat()})
    if person.silent:
        why.append({"code": "silent"})
    return why


def judge(job: Job, person: Candidate, now: datetime, travel: Travel = crow, *, alone: bool = True) -> Fit | Bar:
    """Whether a person suits a task, and how well. `alone=False`: as one of a team, where others bring the skills."""
    bars = absent(person, now)
    if person.held >= HELD_MOST:
        bars.append({"code": "full", "held": person.held})
    if person.answered_no:
        bars.append({"code": "declined"})
    woman = person.gender == "woman"
    if alone:
        if job.crew_min > 1:
            bars.append({"code": "needs_team", "people": job.crew_min, "women": job.women_min})
        bars += [{"code": "lacks", "skill": skill} for skill in lacking(person.skills, job.skills)]
    if not woman and (job.women_required or job.women_first):
        bars.append({"code": "women_only" if job.women_required else "women_first"})
    km = travel(person.at, job.at) / 1000 if person.at and job.at else None
    reach = REACH_DRIVING_KM if person.vehicle or "driving" in person.skills else REACH_KM
    if km is not None and km > reach:
        bars.append({"code": "far", "km": round(km, 1), "reach_km": reach})
    if bars:
        return Bar(tuple(bars))
    reasons = _weighed(job, person, km, woman=woman)
    return Fit(round(sum(r["points"] for r in reasons), 1), tuple(reasons), km)


def _weighed(job: Job, person: Candidate, km: float | None, *, woman: bool) -> list[Entry]:
    can = covered(person.skills)
    why: list[Entry] = []
    has = [skill for skill in job.skills if skill in can and skill not in HELPFUL]
    why.append({"code": "skills" if has else "no_skill_needed", "points": BASE} | ({"skills": has} if has else {}))
    why += [{"code": "helpful", "points": HELPFUL_POINTS, "skill": s} for s in job.skills if s in HELPFUL and s in can]
    if km is None:
        why.append({"code": "unplaced", "points": UNPLACED_POINTS})
    else:
        why.append({"code": "distance", "points": -round(min(KM_MOST, KM_POINTS * km), 1), "km": round(km, 1)})
    if person.position_age_s is not None and person.position_age_s <= FRESH_S:
        why.append({"code": "seen", "points": FRESH_POINTS, "age_s": person.position_age_s})
    if spoken := sorted(job.languages & person.languages):
        why.append({"code": "language", "points": LANGUAGE_POINTS, "languages": spoken})
    if job.kind in KINDS_THAT_CARRY and person.vehicle:
        why.append({"code": "vehicle", "points": VEHICLE_POINTS, "vehicle": person.vehicle})
        if job.load_kg and person.capacity_kg is not None and person.capacity_kg >= job.load_kg:
            why.append({"code": "carries", "points": CAPACITY_POINTS, "kg": person.capacity_kg})
    if woman and job.women_preferred:
        why.append({"code": "woman", "points": WOMAN_POINTS})
    if person.held:
        why.append({"code": "load", "points": HELD_POINTS * person.held, "held": person.held})
    if person.duty_h > DUTY_FROM_H:
        tired = round(DUTY_POINTS * (person.duty_h - DUTY_FROM_H), 1)
        why.append({"code": "duty", "points": tired, "hours": round(person.duty_h, 1)})
    return why


def rank(job: Job, people: Sequence[Candidate], now: datetime, travel: Travel = crow) -> Ranking:
    """Everybody against one task, the best first; equals by code, so that the same question has one answer."""
    judged = [(person, judge(job, person, now, travel)) for person in people]
    fits = [(person, found) for person, found in judged if isinstance(found, Fit)]
    bars = [(person, found) for person, found in judged if isinstance(found, Bar)]
    fits.sort(key=lambda one: (-one[1].points, one[0].code))
    bars.sort(key=lambda one: (len(one[1].codes), one[0].code))
    return Ranking(tuple(fits), tuple(bars))


def next_for(person: Candidate, jobs: Sequence[Job], now: datetime, travel: Travel = crow) -> list[tuple[Job, Fit]]:
    """The tasks that a person could take now, the best first: what is pressing, weighed with how well she suits it."""
    judged = [(job, judge(job, person, now, travel)) for job in jobs]
    found = [(job, fit) for job, fit in judged if isinstance(fit, Fit)]
    return sorted(found, key=lambda one: (-(one[0].rank + one[1].points), one[0].task_id))


def crew(job: Job, people: Sequence[Candidate], now: datetime, travel: Travel = crow) -> Crew | None:
    """A team for a task: the fewest who bring its skills, number and women; None when there are not enough.

    Greedy: first whoever brings a missing skill, then women until there are enough, then the nearest. Exact cover of a
    handful of skills by people changes nothing that a dispatcher would see.
    """
    judged = [(person, judge(job, person, now, travel, alone=False)) for person in people if person.team_id is None]
    pool = sorted(
        ((person, fit) for person, fit in judged if isinstance(fit, Fit)),
        key=lambda one: (-one[1].points, one[0].code),
    )
    chosen: list[Candidate] = []
    for skill in job.skills:
        if skill in HELPFUL or any(skill in covered(one.skills) for one in chosen):
            continue
        bringer = next((p for p, _ in pool if p not in chosen and skill in covered(p.skills)), None)
        if bringer is None:
            return None
        chosen.append(bringer)
    women = sum(one.gender == "woman" for one in chosen)
    for person, _ in pool:
        if women >= job.women_min:
            break
        if person.gender == "woman" and person not in chosen:
            chosen.append(person)
            women += 1
    chosen += [person for person, _ in pool if person not in chosen][: max(0, job.crew_min - len(chosen))]
    if len(chosen) < job.crew_min or women < job.women_min:
        return None
    reasons: list[Entry] = [{"code": "people", "people": len(chosen), "women": women}]
    reasons += [
        {"code": "brings", "skill": skill, "volunteer": next(p.code for p in chosen if skill in covered(p.skills))}
        for skill in job.skills
        if skill not in HELPFUL
    ]
    return Crew(chosen[0], tuple(chosen), tuple(reasons))


def shortfalls(job: Job, people: Collection[Candidate], now: datetime, travel: Travel = crow) -> list[Entry]:
    """Why nobody takes a task: what is lacking within reach, and when it comes back. Empty when somebody could go.

    `people`: those of the centres around. Each entry says one thing that would help if it were otherwise.
    """
    if not people:
        return [{"code": "nobody"}]
    if job.crew_min > 1:
        if crew(job, list(people), now, travel):
            return []
    elif any(isinstance(judge(job, person, now, travel), Fit) for person in people):
        return []
    near = [p for p in people if _km(job, p, travel) is None or (_km(job, p, travel) or 0.0) <= REACH_KM]
    found = [{"code": "none_near", "km": REACH_KM}] if not near else []
    for skill in lacking((), job.skills):
        able = [p for p in near if skill in covered(p.skills)]
        if not able:
            found.append({"code": "no_skill", "skill": skill, "km": REACH_KM})
        else:
            found += _away(able, now, {"skill": skill})
    if (job.women_required or job.women_first or job.women_min) and not [p for p in near if p.gender == "woman"]:
        found.append({"code": "no_woman", "km": REACH_KM})
    if not found:
        found += _away(near, now, {})
    if job.crew_min > 1:
        free = [p for p in near if not absent(p, now) and p.team_id is None and p.held < HELD_MOST]
        if len(free) < job.crew_min:
            found.append({"code": "too_few", "have": len(free), "need": job.crew_min})
        women = sum(p.gender == "woman" for p in free)
        if women < job.women_min:
            found.append({"code": "too_few_women", "have": women, "need": job.women_min})
    return found or [{"code": "all_barred", "people": len(near)}]


def _km(job: Job, person: Candidate, travel: Travel) -> float | None:
    return travel(person.at, job.at) / 1000 if person.at and job.at else None


def _away(people: Sequence[Candidate], now: datetime, more: Entry) -> list[Entry]:
    """What keeps those who could: rest (until the first is back), absence, hands full, silence, vetting."""
    found: list[Entry] = []
    resting = sorted(p.rest_until for p in people if p.rest_until is not None and p.rest_until > now)
    if resting:
        found.append({"code": "resting", "people": len(resting), "until": resting[0].isoformat(), **more})
    for code, n in (
        ("away", sum(p.status != "active" for p in people)),
        ("unvetted", sum(p.vetting == "pending" for p in people)),
        ("full", sum(p.held >= HELD_MOST for p in people)),
        ("silent", sum(p.silent for p in people)),
        ("declined", sum(p.answered_no for p in people)),
    ):
        if n:
            found.append({"code": code, "people": n, **more})
    return found
