"""Choose for yourself: what is open near her that she can do, and the best next task of her centre, with reasons."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.access.context import Context
from server.access.principal import Principal
from server.dispatch import candidates, matching, offer_queries, problems, scope, views
from server.dispatch import choosing_queries as queries
from server.dispatch.choosing_queries import Does
from server.dispatch.claim_rules import ClaimRequest
from server.dispatch.claiming import Claims
from server.dispatch.matching import Candidate, Fit, Job
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.volunteers.skills import HELPFUL, covered

HEADS: Final = 10
"""Tasks of each queue that the next one is chosen from."""
TRIES: Final = 5
"""Who is a moment late gets the next best, so often."""
SHOWN_BARS: Final = 6
Choice = tuple[Job, Fit]


async def herself(conn: Conn, ctx: Context, who: Principal, asked: UUID | None, permission: str) -> Candidate:
    """The volunteer who asks, or one whom a dispatcher of her centre asks for."""
    volunteer_id = asked or who.volunteer_id
    if volunteer_id is None:
        raise Problem(422, "claim.who", "Say for which volunteer.", "بگویید برای کدام داوطلب.")
    if volunteer_id != who.volunteer_id:
        row = await queries.volunteer(conn, volunteer_id)
        if row is None or not who.may("task.reassign", centre_id=row["centre_id"]) or not who.may(permission):
            raise problems.not_this_volunteer()
    found = await candidates.of_people(conn, ctx, [volunteer_id])
    if volunteer_id not in found:
        raise not_found("volunteer")
    return found[volunteer_id]


def does(person: Candidate) -> Does:
    """What she can do, with the team that she leads."""
    team = person.squad if person.squad and person.squad.leader_id == person.volunteer_id else None
    skills = covered(person.skills | (team.skills if team else frozenset())) | HELPFUL
    return Does(skills, team.people if team else 1, person.woman or bool(team and team.women))


async def near(
    conn: Conn, who: Principal, person: Candidate, at: tuple[float, float] | None, radius_km: float, limit: int = 30
) -> list[dict[str, Any]]:
    """Open tasks around a point (lon, lat), else around where she was last, or her centre: the best first.

    Each a feature with `points`, `reasons` and `km`. Only what she may claim now is listed.
    """
    if at is not None:
        person = replace(person, lon=round(at[0], 2), lat=round(at[1], 2), position_age_s=0)
    if person.lon is None or person.lat is None:
        return []
    limits = scope.limits(who, "task.read")
    found = await queries.near(conn, (person.lon, person.lat), radius_km * 1000, does(person), limits)
    metres = dict(found)
    chosen = (await _chosen(conn, person, list(metres), await offer_queries.now(conn)))[:limit]
    rows = await queries.shown(conn, [job.task_id for job, _ in chosen])
    return [
        _feature(who, rows[job.task_id], fit, metres[job.task_id])
        for job, fit in chosen
        if job.task_id in rows and rows[job.task_id]["state"] == "queued"
    ]


def _feature(who: Principal, row: dict[str, Any], fit: Fit, metres: float) -> dict[str, Any]:
    feature = views.feature(row, show_holder=scope.sees_holder(who, row))
    feature["properties"] |= {"points": fit.points, "reasons": fit.reasons, "km": round(metres / 1000, 1)}
    return feature


async def _chosen(conn: Conn, person: Candidate, task_ids: Sequence[UUID], now: datetime) -> list[Choice]:
    jobs = await candidates.jobs(conn, task_ids)
    return matching.next_for(person, jobs, now)


async def next_task(
    ctx: Context, claims: Claims, who: Principal, asked: UUID | None, key: str | None
) -> dict[str, Any]:
    """Claim the task that suits her best over all queues of her centre: {"tasks", "points", "reasons"}; none, and
    `why_not`, where there is none. `key`: the same answer again.
    """
    async with ctx.db.tx() as conn:
        person = await herself(conn, ctx, who, asked, "task.claim")
        emergencies = scope.limits(who, "task.claim")[1]
        now = await offer_queries.now(conn)
        heads = await queries.heads(conn, person.centre_id, emergencies, HEADS, does(person))
        chosen = await _chosen(conn, person, heads, now)
        base = _request(who, person, key)
        before = await queries.answered_before(conn, base.scope, key) if key else None
        if before is None and not chosen:
            return {"tasks": [], "why_not": await _why_not(conn, person, emergencies, now)}
    if before is not None and before["answer"].get("tasks"):
        if bytes(before["request_hash"]) != base.request_hash:
            raise problems.key_reused()
        return _told(before["answer"], chosen)
    for job, _ in chosen[:TRIES]:
        team = matching.squad_for(job, person)
        wanted = replace(
            base, queue_id=job.queue_id or base.queue_id, task_id=job.task_id, team_id=team.id if team else None
        )
        try:
            return _told(await claims.claim(wanted), chosen)
        except Problem as problem:
            if problem.code not in {"task.taken", "task.state"}:
                raise
    return {"tasks": [], "why_not": [{"code": "taken", "n": min(TRIES, len(chosen))}]}


def _request(who: Principal, person: Candidate, key: str | None) -> ClaimRequest:
    return ClaimRequest(
        person.volunteer_id,
        person.volunteer_id,
        1,
        who.actor,
        scope=f"next:{who.actor}",
        key=key,
        request_hash=hashlib.sha256(f"next\0{person.volunteer_id}".encode()).digest() if key else b"",
        for_another=person.volunteer_id != who.volunteer_id,
        by_skill=True,
    )


def _told(answer: dict[str, Any], chosen: Sequence[Choice]) -> dict[str, Any]:
    ids = {t["id"] for t in answer["tasks"]}
    fit = next((fit for job, fit in chosen if str(job.task_id) in ids), None)
    return {**answer, "points": fit.points if fit else None, "reasons": fit.reasons if fit else ()}


async def _why_not(
    conn: Conn, person: Candidate, emergencies: Sequence[UUID] | None, now: datetime
) -> list[dict[str, Any]]:
    """What keeps her from the first tasks of her centre, the most frequent first: [{code, n}]. Empty: none waits."""
    heads = await queries.heads(conn, person.centre_id, emergencies, SHOWN_BARS, None)
    jobs = await candidates.jobs(conn, heads)
    found: Counter[str] = Counter()
    for job in jobs:
        judged = matching.judge(job, person, now, asking=True)
        if isinstance(judged, matching.Bar):
            found.update({entry["code"] for entry in judged.codes})
    return [{"code": code, "n": n} for code, n in found.most_common(SHOWN_BARS)]
