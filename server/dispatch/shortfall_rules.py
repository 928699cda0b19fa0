"""Why nobody can take a task: who is missing within reach, and who is there but cannot go now. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from server.dispatch.fitting import (
    Candidate,
    Entry,
    Job,
    Travel,
    bars,
    can,
    needs_woman,
    squad_for,
    straight,
    without,
    women_first_until,
)
from server.volunteers.skills import HELPFUL

_LATER: Final = ("resting", "rests", "silent", "cap", "busy", "away", "not_vetted")
"""Why somebody who could do it cannot go now, in the order in which it is told."""


def shortfalls(job: Job, candidates: Iterable[Candidate], now: datetime, travel: Travel = straight) -> list[Entry]:
    """Why nobody can take a task now; empty when somebody, or a team that stands, can.

    Candidates are all whom the place knows, whether they may be sent or not: who rests is told of as resting, not as
    missing.
    """
    known = [who for who in candidates if who.status != "inactive" and who.vetting != "refused"]
    # Of a task that takes several only leaders can be the answer; the others need not be asked.
    asked = known if job.crew_min == 1 else [who for who in known if who.squad is not None]
    if any(not bars(job, who, now, travel(who, job)) for who in asked):
        return []
    near = [who for who in known if _within(job, who, travel)]
    if not near:
        return [{"code": "nobody", "km": job.reach_km}]
    missing = _missing_skills(job, known, near, travel)
    return _several(job, near, missing, now, travel) if job.crew_min > 1 else _alone(job, near, missing, now, travel)


def not_taken(n: int, job: Job, now: datetime) -> Entry:
    """So many could take it, and nobody has yet."""
    return {"code": "not_taken", "n": n, "min": max(0, int((now - job.created_at).total_seconds() // 60))}


def needed(job: Job) -> list[str]:
    """The skills without which the task cannot be done."""
    return [skill for skill in job.skills if skill not in HELPFUL]


def _within(job: Job, who: Candidate, travel: Travel) -> bool:
    trip = travel(who, job)
    return trip is None or trip.km <= job.reach_km


def _missing_skills(job: Job, known: Sequence[Candidate], near: Sequence[Candidate], travel: Travel) -> list[Entry]:
    entries: list[Entry] = []
    for skill in needed(job):
        if any(skill in can(who.skills) for who in near):
            continue
        entry: Entry = {"code": "no_skill", "skill": skill, "km": job.reach_km}
        trips = [travel(who, job) for who in known if skill in can(who.skills)]
        if far := [trip.km for trip in trips if trip is not None]:
            entry |= {"code": "skill_far", "nearest_km": round(min(far))}
        entries.append(entry)
    return entries


def _alone(job: Job, near: Sequence[Candidate], missing: list[Entry], now: datetime, travel: Travel) -> list[Entry]:
    if missing:
        return missing
    skilled = [who for who in near if not without(who.skills, job.skills)]
    if not skilled:
        return [{"code": "not_in_one", "skills": needed(job), "km": job.reach_km}]
    able = [who for who in skilled if who.woman] if needs_woman(job) else skilled
    if not able:
        return [{"code": "no_woman", "skills": needed(job), "km": job.reach_km}]
    found = _why_not(job, able, now, travel)
    if not found and (until := women_first_until(job, now)):
        found.append({"code": "women_first", "until": until.isoformat()})
    return found


def _several(job: Job, near: Sequence[Candidate], missing: list[Entry], now: datetime, travel: Travel) -> list[Entry]:
    """There is no team that suffices: can one be put together, and if not, who is missing?"""
    found = [*missing, *_too_few(job, near, job.reach_km)]
    if found:
        return found
    free: list[Candidate] = []
    for who in near:
        if who.squad is None and not who.held and not bars(job, who, now, travel(who, job), alone=False):
            free.append(who)
            if len(free) >= job.crew_min and _suffice(job, free):
                return [{"code": "team_to_form", "people": job.crew_min, "women": job.women_min}]
    return [*_too_few(job, free, None), *_why_not(job, near, now, travel)]


def _suffice(job: Job, people: Sequence[Candidate]) -> bool:
    together = frozenset[str]().union(*(who.skills for who in people))
    return not without(together, job.skills) and not _too_few(job, people, None)


def _too_few(job: Job, people: Sequence[Candidate], km: float | None) -> list[Entry]:
    entries: list[Entry] = []
    within = {} if km is None else {"km": km}
    women = sum(who.woman for who in people)
    wanted = max(job.women_min, int(job.women_required))
    if len(people) < job.crew_min:
        entries.append({"code": "too_few", "need": job.crew_min, "have": len(people), **within})
    if women < wanted:
        entries.append({"code": "too_few_women", "need": wanted, "have": women, **within})
    return entries


def _why_not(job: Job, able: Sequence[Candidate], now: datetime, travel: Travel) -> list[Entry]:
    """Those who could do it, counted by what keeps them; of those who rest, teams are counted as teams."""
    kept: dict[str, list[tuple[Candidate, Entry]]] = defaultdict(list)
    for who in able:
        codes = bars(job, who, now, travel(who, job), alone=job.crew_min == 1)
        first = next((c for code in _LATER for c in codes if c["code"] == code), None)
        if first is not None:
            kept[first["code"]].append((who, first))
        elif not codes and (who.held or (who.squad is not None and not squad_for(job, who))):
            kept["busy"].append((who, {"code": "busy"}))
    entries: list[Entry] = []
    for code in _LATER:
        if code == "resting" and kept[code]:
            entries += _resting(kept[code])
        elif kept[code]:
            entries.append({"code": code, "n": len(kept[code])})
    skills = needed(job)
    return [entry | {"skills": skills} for entry in entries] if skills else entries


def _resting(people: Sequence[tuple[Candidate, Entry]]) -> list[Entry]:
    teams: dict[UUID, list[str]] = defaultdict(list)
    single: list[str] = []
    for who, entry in people:
        (teams[who.squad.id] if who.squad else single).append(entry["until"])
    entries: list[Entry] = []
    if teams:
        # A team is back when the last of those who are needed is; the first team to be back is told.
        entries.append({"code": "teams_resting", "n": len(teams), "until": min(max(times) for times in teams.values())})
    if single:
        entries.append({"code": "resting", "n": len(single), "until": min(single)})
    return entries
