"""Whether one volunteer may do one task, and how well it fits: every point with its reason, every bar with its code.

Pure. The points are the house's own choice and stand in docs/dispatch.md; one point is worth two kilometres of way.
What is not known (a place, a language, a vehicle) neither helps nor harms.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from server.dispatch.rules import CLAIM_CAP, WOMEN_FIRST_S
from server.kernel.geo import distance_m
from server.volunteers.duty_rules import DUTY_LONG_H
from server.volunteers.skills import HELPFUL, covered

Entry = dict[str, Any]
"""A reason, a bar or a shortfall: {"code", …figures}; its words are in `reasons`. Never a name, a number, a place."""

REACH_KM: Final = 60.0
"""From farther away nobody is sent."""
REACH_LIFE_KM: Final = 150.0
"""Where a life hangs on it."""
KM: Final = -0.5
KM_LIFE: Final = -1.0
MINUTE: Final = -0.4
"""A minute on the road, for planners that know the roads; a kilometre at seventy-five an hour costs the same."""
HELPS: Final = 2.0
SCARCE_POINTS: Final = -2.0
SCARCE_MOST: Final = -4.0
SPEAKS: Final = 2.0
SPEAKS_TALKING: Final = 4.0
SPEAKS_NOT: Final = -3.0
VEHICLE: Final = 3.0
CAPACITY: Final = -3.0
ON_FOOT: Final = -3.0
ON_FOOT_KM: Final = 5.0
OWN_CENTRE: Final = 1.0
WOMAN: Final = 5.0
LOAD: Final = -4.0
WAITED: Final = 1.0
WAITED_MOST: Final = 4.0
WAITED_FROM_H: Final = 0.5
TIRED: Final = -1.0
TIRED_MOST: Final = -6.0
DECLINED: Final = -8.0
IN_TEAM: Final = -2.0
TEAM: Final = 2.0
WAITING_HOUR: Final = 0.5
"""What an hour of waiting adds to a task's priority, as `tasks.rank` has it."""
SCARCE: Final = frozenset({"midwifery", "nursing", "rescue", "boat", "loader", "psychosocial"})
"""Skills that are kept for the tasks that ask for them, as long as no life hangs on another."""
TALKING: Final = frozenset({"medical", "protection", "information", "evacuation"})
"""Kinds of task that live by being understood."""
_CARRIERS: Final[Mapping[str, frozenset[str]]] = {
    "delivery": frozenset({"car", "pickup", "van", "truck"}),
    "transport": frozenset({"car", "pickup", "van", "truck", "bus", "ambulance"}),
    "evacuation": frozenset({"car", "van", "bus", "ambulance", "boat"}),
    "medical": frozenset({"ambulance", "car"}),
    "works": frozenset({"loader", "truck", "pickup"}),
}
"""Kind of task → vehicles that serve it."""
_SLOW: Final = frozenset({None, "bicycle"})


@dataclass(frozen=True, slots=True)
class Squad:
    """The team somebody is in: how many of it may be sent now, how many women, and what they can do together."""

    id: UUID
    code: str
    leader_id: UUID
    people: int
    women: int
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could go. Moments know their zone.

    `lon`, `lat`: degrees, her coarse position (`position_age_s` old) or, where that is None, her centre's point.
    `held`: open tasks in her hands or her team's; `claimed`: those of hers that she has not accepted.
    `idle_since`: since when she is on duty without a task.
    """

    volunteer_id: UUID
    code: str
    centre_id: UUID
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    woman: bool = False
    vehicle: str | None = None
    capacity_kg: float | None = None
    status: str = "active"
    vetting: str = "vetted"
    rest_until: datetime | None = None
    on_duty_since: datetime | None = None
    silent_at: datetime | None = None
    idle_since: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    position_age_s: int | None = None
    held: int = 0
    claimed: int = 0
    squad: Squad | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A task as matching sees it. `load_kg`: what is to be carried, where that is known. `declined`: who said no."""

    task_id: UUID
    code: str
    centre_id: UUID
    kind: str
    created_at: datetime
    urgency: str = "normal"
    priority: float = 0.0
    skills: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    women_required: bool = False
    women_preferred: bool = False
    crew_min: int = 1
    women_min: int = 0
    lon: float | None = None
    lat: float | None = None
    load_kg: float | None = None
    declined: frozenset[UUID] = frozenset()
    emergency_id: UUID | None = None
    queue_id: UUID | None = None
    state: str = "queued"

    @property
    def life(self) -> bool:
        """Whether a life hangs on it."""
        return self.urgency == "life"

    @property
    def reach_km(self) -> float:
        """From how far away somebody is sent."""
        return REACH_LIFE_KM if self.life else REACH_KM


@dataclass(frozen=True, slots=True)
class Trip:
    """A way: kilometres, and minutes where somebody knows the roads."""

    km: float
    minutes: float | None = None


Travel = Callable[[Candidate, Job], Trip | None]
"""The way from somebody to a task; None: one of the two places is not known. What knows the roads is put in here."""


@dataclass(frozen=True, slots=True)
class Fit:
    """May go. `points` is the sum of the reasons' points, higher is better; `km`: the way, where it is known."""

    points: float
    reasons: tuple[Entry, ...]
    km: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """May not go now: [{"code", …}], every one that holds."""

    codes: tuple[Entry, ...]


@dataclass(slots=True)
class _Tally:
    reasons: list[Entry] = field(default_factory=list)

    def add(self, code: str, points: float, **figures: Any) -> None:
        self.reasons.append({"code": code, "points": round(points, 1), **figures})

    def fit(self, trip: Trip | None) -> Fit:
        # Zero points explain (she is a woman, and one was asked for); they stand after what moved the score.
        told = sorted(self.reasons, key=lambda r: -abs(r["points"]))
        return Fit(round(sum(r["points"] for r in told), 1), tuple(told), trip.km if trip else None)


def straight(who: Candidate, job: Job) -> Trip | None:
    """As the crow flies."""
    if who.lon is None or who.lat is None or job.lon is None or job.lat is None:
        return None
    return Trip(distance_m(who.lon, who.lat, job.lon, job.lat) / 1000)


def judge(
    job: Job,
    who: Candidate,
    now: datetime,
    travel: Travel = straight,
    *,
    asking: bool = False,
    alone: bool = True,
) -> Fit | Bar:
    """Whether she may take this task, and how well it fits.

    `asking`: she asks herself, so she is not silent. `alone` False: as one of several who are put together for it; what
    the several need together (their number, women, skills) is not asked of her alone.
    """
    trip = travel(who, job)
    if found := bars(job, who, now, trip, asking=asking, alone=alone):
        return Bar(tuple(found))
    tally = _Tally()
    _way(tally, job, who, trip)
    _able(tally, job, who)
    _person(tally, job, who, now, alone=alone)
    return tally.fit(trip)


def bars(
    job: Job, who: Candidate, now: datetime, trip: Trip | None, *, asking: bool = False, alone: bool = True
) -> list[Entry]:
    """Why she may not take this task now, as `judge` has it; empty when she may."""
    found = herself(who, now, asking=asking)
    if alone:
        found += _task_bars(job, who, now)
    if trip is not None and trip.km > job.reach_km:
        found.append({"code": "too_far", "km": round(trip.km, 1), "reach_km": job.reach_km})
    return found


@lru_cache(maxsize=4096)
def can(skills: frozenset[str]) -> frozenset[str]:
    """All that somebody with these skills can do; many have the same."""
    return covered(skills)


def without(skills: frozenset[str], wanted: Iterable[str]) -> list[str]:
    """Which of the skills that a task cannot be done without are not among these."""
    able = can(skills)
    return [skill for skill in wanted if skill not in able and skill not in HELPFUL]


def squad_for(job: Job, who: Candidate) -> Squad | None:
    """Her team, when she leads it, the task takes several, and the team has them."""
    team = who.squad
    if team is None or job.crew_min <= 1 or team.leader_id != who.volunteer_id:
        return None
    return team if team.people >= job.crew_min and team.women >= job.women_min else None


def needs_woman(job: Job) -> bool:
    """Whether one who goes alone has to be a woman."""
    return job.women_required or (job.crew_min <= 1 and job.women_min > 0)


def women_first_until(job: Job, now: datetime) -> datetime | None:
    """Until when the task is kept for women; None when it is not."""
    until = job.created_at + timedelta(seconds=WOMEN_FIRST_S)
    return until if job.women_preferred and now < until else None


def herself(who: Candidate, now: datetime, *, asking: bool) -> list[Entry]:
    """What keeps her from any task now; `asking`: she is before us, so she is not silent."""
    bars: list[Entry] = []
    if who.vetting != "vetted":
        bars.append({"code": "not_vetted"})
    resting = who.rest_until is not None and who.rest_until >= now
    if resting and who.rest_until is not None:
        bars.append({"code": "resting", "until": who.rest_until.isoformat()})
    if who.status == "resting" and not resting:
        bars.append({"code": "rests"})
    elif who.status in {"away", "inactive"}:
        bars.append({"code": who.status})
    if who.silent_at is not None and not asking:
        bars.append({"code": "silent", "since": who.silent_at.isoformat()})
    if who.claimed >= CLAIM_CAP:
        bars.append({"code": "cap", "held": who.claimed})
    return bars


def _task_bars(job: Job, who: Candidate, now: datetime) -> list[Entry]:
    bars: list[Entry] = []
    team = squad_for(job, who)
    if job.crew_min > 1 and team is None:
        bars.append({"code": "team_required", "people": job.crew_min, "women": job.women_min})
    woman = team.women > 0 if team else who.woman
    if not woman and needs_woman(job):
        bars.append({"code": "woman_required"})
    elif not woman and (until := women_first_until(job, now)):
        bars.append({"code": "women_first", "until": until.isoformat()})
    if missing := without(who.skills | team.skills if team else who.skills, job.skills):
        bars.append({"code": "skills", "lacking": missing})
    return bars


def _way(tally: _Tally, job: Job, who: Candidate, trip: Trip | None) -> None:
    if trip is None:
        tally.add("place_unknown", 0)
    elif trip.minutes is not None:
        tally.add("road", MINUTE * (2 if job.life else 1) * trip.minutes, km=round(trip.km, 1), min=round(trip.minutes))
    else:
        code = "distance_centre" if who.position_age_s is None else "distance"
        tally.add(code, (KM_LIFE if job.life else KM) * trip.km, km=round(trip.km, 1))
    if trip is not None and trip.km > ON_FOOT_KM and who.vehicle in _SLOW:
        tally.add("on_foot", ON_FOOT)
    if who.vehicle in _CARRIERS.get(job.kind, ()):
        tally.add("vehicle", VEHICLE, vehicle=who.vehicle)
    if job.load_kg is not None and who.capacity_kg is not None and who.capacity_kg < job.load_kg:
        tally.add("capacity", CAPACITY, kg=round(who.capacity_kg), load_kg=round(job.load_kg))
    if who.centre_id == job.centre_id:
        tally.add("own_centre", OWN_CENTRE)


def _able(tally: _Tally, job: Job, who: Candidate) -> None:
    able = can(who.skills)
    wanted = frozenset(job.skills)
    if asked := [skill for skill in job.skills if skill in able and skill not in HELPFUL]:
        tally.add("skills", 0, skills=asked)
    if help_ := [skill for skill in job.skills if skill in able and skill in HELPFUL]:
        tally.add("helps", HELPS, skills=help_)
    # A nurse who is asked for first aid is no waste of a nurse.
    spared = sorted(s for s in who.skills & SCARCE if s not in wanted and not can(frozenset((s,))) & wanted)
    if spared and not job.life:
        tally.add("scarce", max(SCARCE_MOST, SCARCE_POINTS * len(spared)), skills=spared)
    if spoken := sorted(who.languages & job.languages):
        tally.add("language", SPEAKS_TALKING if job.kind in TALKING else SPEAKS, languages=spoken)
    elif job.languages and job.kind in TALKING:
        tally.add("language_lacking", SPEAKS_NOT, languages=sorted(job.languages))


def _person(tally: _Tally, job: Job, who: Candidate, now: datetime, *, alone: bool) -> None:
    if who.woman and needs_woman(job):
        tally.add("woman", 0)
    elif who.woman and job.women_preferred:
        tally.add("woman_preferred", WOMAN)
    if who.held:
        tally.add("load", LOAD * who.held, n=who.held)
    elif who.idle_since is not None and (hours := _hours(now - who.idle_since)) >= WAITED_FROM_H:
        tally.add("waited", min(WAITED_MOST, WAITED * hours), hours=round(hours, 1))
    if who.on_duty_since is not None and (hours := _hours(now - who.on_duty_since)) > DUTY_LONG_H:
        tally.add("tired", max(TIRED_MOST, TIRED * (hours - DUTY_LONG_H)), hours=round(hours, 1))
    if who.volunteer_id in job.declined:
        tally.add("declined", DECLINED)
    if team := squad_for(job, who):
        tally.add("team", TEAM, team=team.code, people=team.people, women=team.women)
    elif who.squad is not None and alone:
        tally.add("in_team", IN_TEAM, team=who.squad.code)


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def priority_reason(job: Job, now: datetime) -> Entry:
    """What the task's own weight adds when somebody chooses among tasks: priority, and half a point an hour."""
    waited = max(0.0, _hours(now - job.created_at))
    points = round(job.priority + WAITING_HOUR * waited, 1)
    return {"code": "priority", "points": points, "hours": round(waited, 1), "urgency": job.urgency}
