"""One task weighed for a person who decides: who could go, who may not and why, which team, what is missing."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from server.access.context import Context
from server.dispatch import candidate_queries, candidates, matching
from server.dispatch.fitting import Candidate, Entry
from server.dispatch.matching import Bar, Crew, Fit
from server.dispatch.reasons import in_words
from server.dispatch.shortfall_rules import not_taken
from server.kernel.db import Conn
from server.kernel.errors import not_found

BARRED_MOST: Final = 50


async def weigh(
    conn: Conn, ctx: Context, task_id: UUID, centre_ids: Sequence[UUID] | None, limit: int
) -> dict[str, Any]:
    """{candidates, barred, team, shortfalls}, each with reasons in data and in words.

    `centre_ids`: whose people the asker may see; None: everybody's. A task that takes several has its leaders of teams
    that suffice under `candidates`, and under `team` who could be put together.
    """
    found_jobs = await candidates.jobs(conn, [task_id])
    if not found_jobs:
        raise not_found("task")
    job = found_jobs[0]
    now = await candidate_queries.now(conn)
    near = None if job.lon is None or job.lat is None else (job.lon, job.lat)
    people = await candidates.of_centres(conn, ctx, centre_ids, near, within_km=job.reach_km)
    found = matching.rank(job, people, now)
    crew = matching.crew(job, people, now) if job.crew_min > 1 else None
    # Those who lack nothing but a team are told of as its members, not one by one.
    barred = [(who, bar) for who, bar in found.bars if job.crew_min == 1 or _own(bar)]
    lacks = matching.shortfalls(job, people, now) or [not_taken(len(found.fits), job, now)]
    return {
        "task": str(job.task_id),
        "candidates": [_fit(who, fit) for who, fit in found.fits[:limit]],
        "barred": [_barred(who, bar) for who, bar in barred[:BARRED_MOST]],
        "team": _crew(crew) if crew else None,
        "shortfalls": in_words(lacks),
        "able": len(found.fits),
        "seen": len(people),
    }


def _own(bar: Bar) -> list[Entry]:
    return [code for code in bar.codes if code["code"] not in {"team_required", "woman_required", "skills"}]


def person(who: Candidate) -> dict[str, Any]:
    """Somebody in answers to staff: codes and figures, no name."""
    return {
        "volunteer": str(who.volunteer_id),
        "code": who.code,
        "centre": str(who.centre_id),
        "woman": who.woman,
        "skills": sorted(who.skills),
        "languages": sorted(who.languages),
        "vehicle": who.vehicle,
        "held": who.held,
        "position_age_s": who.position_age_s,
        "team": str(who.squad.id) if who.squad else None,
    }


def _fit(who: Candidate, fit: Fit) -> dict[str, Any]:
    km = None if fit.km is None else round(fit.km, 1)
    return {**person(who), "points": fit.points, "km": km, "reasons": in_words(fit.reasons)}


def _barred(who: Candidate, bar: Bar) -> dict[str, Any]:
    return {**person(who), "why": in_words(bar.codes)}


def _crew(crew: Crew) -> dict[str, Any]:
    return {
        "leader": str(crew.leader.volunteer_id),
        "members": [person(who) for who in crew.members],
        "points": crew.points,
        "reasons": in_words(crew.reasons),
    }
