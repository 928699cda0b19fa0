"""Who is asked next: tasks that nobody takes are offered in waves to those whom the matching puts first.

An offer takes nothing from the queue. A wave is as large as the task is urgent; when its time is over, or all have
said no, the next are asked. Nobody gets two offers at once, none while a task is in her hands, and who does not
answer is left alone for a while. A task that takes several is offered to leaders of teams that suffice, to nobody
else.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import structlog
from prometheus_client import Counter
from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.dispatch import candidates, matching, offer_presence, problems
from server.dispatch import offer_queries as queries
from server.dispatch import offer_rules as rules
from server.dispatch.matching import Bar, Candidate, Fit, Job
from server.dispatch.offer_making import Proposal, answered_event, make
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import emit_many
from server.kernel.redis import ring
from server.messaging.outbox import BELL
from server.messaging.rules import quiet_end
from server.volunteers.skills import HELPFUL, covered

log = structlog.get_logger("offers")
EVERY_S: Final = 2.0
SHARE: Final = 0.1
"""Of its time the loop works no more than this: with a hundred thousand tasks waiting a turn costs half a second."""
EACH: Final = 4
BATCH: Final = 24
"""Tasks of a queue, and of all, that one turn looks at."""
NEAR_CENTRES: Final = 3
CLOSING: Final = 500
ACTOR: Final = "system"
MADE = Counter("hamyar_offers_made", "Offers made by the matching", ["channel"])


async def run(ctx: Context) -> None:
    """Offer until cancelled; a database that is away is asked again at the next turn."""
    clock = asyncio.get_running_loop().time
    while True:
        began, spent = clock(), 0.0
        try:
            asked = await turn(ctx)
            spent = clock() - began
            if asked >= BATCH // 2:
                # Many are free and much waits: the next turn finds as many.
                continue
        except psycopg.OperationalError as error:
            log.warning("offers.postponed", kind=type(error).__name__)
        await asyncio.sleep(max(EVERY_S, spent / SHARE))


async def turn(ctx: Context) -> int:
    """Close what is over, ask the next; returns how many were asked."""
    async with ctx.db.tx() as conn:
        await close_over(conn)
    pages = await offer_presence.open_pages(ctx)
    async with ctx.db.tx() as conn:
        if not await queries.alone(conn):
            return 0
        made = await _wave(conn, ctx, pages)
    for one in made:
        MADE.labels(one["channel"]).inc()
    if any(one["channel"] == "sms" for one in made):
        await ring(ctx.redis, BELL)
    return len(made)


async def close_over(conn: Conn) -> int:
    """Offers that nobody can take any more are closed; where all have answered, the next wave comes at once."""
    rows = await queries.over(conn, CLOSING)
    if rows:
        await queries.sooner(conn, sorted({r["task_id"] for r in rows}))
        await emit_many(conn, [answered_event(row, row["answer"]) for row in rows])
    return len(rows)


class Desk:
    """What one turn knows: who of which centre is there, how each can be asked, who was asked before."""

    def __init__(self, ctx: Context, now: datetime, pages: Mapping[UUID, float]) -> None:
        self.ctx, self.now, self.pages = ctx, now, pages
        quiet = quiet_end(now.astimezone(ZoneInfo(ctx.settings.timezone)), ctx.settings.quiet_hours)
        self.quiet = quiet is not None
        self.people: dict[UUID, list[Candidate]] = defaultdict(list)
        self.everyone: dict[UUID, Candidate] = {}
        self.reach: dict[UUID, rules.Reach] = {}
        self.before: set[tuple[UUID, UUID]] = set()

    async def learn(self, conn: Conn, volunteer_ids: Sequence[UUID]) -> None:
        """Load people who are not known yet."""
        fresh = [i for i in dict.fromkeys(volunteer_ids) if i not in self.everyone]
        if not fresh:
            return
        rows = await queries.reach(conn, fresh)
        for one in (await candidates.of_people(conn, self.ctx, fresh)).values():
            self.everyone[one.volunteer_id] = one
            self.people[one.centre_id].append(one)
            if row := rows.get(one.volunteer_id):
                self.reach[one.volunteer_id] = reach_of(row, self.pages.get(one.volunteer_id))

    def askable(self, task: DictRow, centre_ids: Sequence[UUID]) -> list[Candidate]:
        """Whom of these centres this task may be offered to by ourselves."""
        return [
            one
            for centre in centre_ids
            for one in self.people[centre]
            if one.volunteer_id in self.reach
            and (task["id"], one.volunteer_id) not in self.before
            and rules.may_ask(self.reach[one.volunteer_id], task["urgency"])
            and rules.way(self.reach[one.volunteer_id], task["urgency"], quiet=self.quiet)
        ]

    def proposal(self, task: DictRow, job: Job, one: Candidate, fit: Fit, made_by: str = ACTOR) -> Proposal:
        """The task for her, by the way on which she hears of it; without one it waits on her page."""
        reach = self.reach.get(one.volunteer_id, rules.Reach())
        channel = rules.way(reach, task["urgency"], quiet=self.quiet) or "app"
        team = matching.squad_for(job, one)
        return Proposal(
            task,
            one.volunteer_id,
            channel,
            rules.answer_s(channel, task["urgency"]),
            made_by,
            fit.points,
            fit.reasons,
            team_id=team.id if team else None,
        )

    def taken(self, volunteer_id: UUID) -> None:
        """She has her offer."""
        self.reach[volunteer_id] = replace(self.reach[volunteer_id], live=True)


def reach_of(row: DictRow, page_s: float | None) -> rules.Reach:
    """From a row of `queries.reach`."""
    return rules.Reach(row["number"], page_s, row["live"], row["unanswered"], row["silent_s"], row["busy"])


async def _wave(conn: Conn, ctx: Context, pages: Mapping[UUID, float]) -> list[dict[str, Any]]:
    """Offer the most pressing tasks that somebody who is free could do."""
    free: dict[UUID, list[DictRow]] = defaultdict(list)
    for row in await queries.free(conn, list(pages)):
        free[row["centre_id"]].append(row)
    if not free:
        return []
    near = await queries.neighbours(conn, NEAR_CENTRES)
    due = await queries.due(conn, ctx.settings.offer_after_s, _able(free, near), EACH, BATCH)
    if not due:
        return []
    desk = Desk(ctx, await queries.now(conn), pages)
    desk.before = await queries.asked_before(conn, [t["id"] for t in due], rules.SAME_TASK_S)
    jobs = {job.task_id: job for job in await candidates.jobs(conn, [t["id"] for t in due])}
    proposals: list[Proposal] = []
    seen: list[tuple[UUID, int]] = []
    for task in due:
        job = jobs.get(task["id"])
        if job is None:
            continue
        new: list[Proposal] = []
        # Her own centre's people first; where it has nobody, those of the nearest ones.
        for centres in ([task["centre_id"]], near.get(task["centre_id"], [])):
            if not new:
                await desk.learn(conn, [row["id"] for centre in centres for row in free.get(centre, ())])
                new = _best(desk, task, job, centres)
        proposals += new
        again = rules.again_s(task["urgency"], task["wave"])
        seen.append((task["id"], max((p.answer_s for p in new), default=again)))
    await queries.waves(conn, seen)
    return await make(conn, ctx, proposals)


def _able(free: Mapping[UUID, Sequence[DictRow]], near: Mapping[UUID, Sequence[UUID]]) -> dict[UUID, frozenset[str]]:
    """Centre → all that the free people there and at its neighbours can do; where nobody is free, it is left out."""
    own = {centre: covered({s for row in rows for s in row["skills"]}) for centre, rows in free.items()}
    able = {}
    for centre in {*near, *own}:
        reached = [own[c] for c in (centre, *near.get(centre, ())) if c in own]
        if reached:
            able[centre] = HELPFUL.union(*reached)
    return able


def _best(desk: Desk, task: DictRow, job: Job, centres: Sequence[UUID]) -> list[Proposal]:
    """The best of these centres; teams are asked by their leaders. Whoever is asked is free no more."""
    fits = matching.rank(job, desk.askable(task, centres), desk.now).fits
    new = [desk.proposal(task, job, one, fit) for one, fit in fits[: rules.wave_size(task["urgency"])]]
    for proposal in new:
        desk.taken(proposal.volunteer_id)
    return new


async def by_hand(
    conn: Conn, ctx: Context, who: Principal, task_id: UUID, volunteer_ids: Sequence[UUID]
) -> dict[str, Any]:
    """A dispatcher proposes a task to these people: {"offers": made, "left_out": [{volunteer, codes}]}.

    Nobody is left out for being busy or for a pause, a person has decided that; the rules of women, skills, teams and
    rest stand. Who is neither on her page nor has a number finds the offer when she looks.
    """
    task = await queries.task(conn, task_id)
    if task is None or not who.may("offer.make", centre_id=task["centre_id"], emergency_id=task["emergency_id"]):
        raise not_found("task")
    if task["state"] != "queued":
        raise problems.not_open(task["state"])
    rows = {r["id"]: r for r in await queries.people(conn, volunteer_ids)}
    strange = [i for i in volunteer_ids if i not in rows or not who.may("offer.make", centre_id=rows[i]["centre_id"])]
    if strange:
        raise not_found("volunteer")
    desk = Desk(ctx, await queries.now(conn), await offer_presence.open_pages(ctx))
    await desk.learn(conn, volunteer_ids)
    (job,) = await candidates.jobs(conn, [task_id])
    proposals, left_out = [], []
    for volunteer_id in dict.fromkeys(volunteer_ids):
        person = desk.everyone.get(volunteer_id)
        found = matching.judge(job, person, desk.now) if person else Bar(({"code": "inactive"},))
        if person is None or isinstance(found, Bar):
            left_out.append({"volunteer": volunteer_id, "codes": found.codes if isinstance(found, Bar) else ()})
        else:
            fit = Fit(found.points, ({"code": "by_hand", "points": 0}, *found.reasons))
            proposals.append(desk.proposal(task, job, person, fit, who.actor))
    made = await make(conn, ctx, proposals)
    if made:
        longest = max(p.answer_s for p in proposals)
        await queries.waves(conn, [(task_id, longest)])
    return {"offers": made, "left_out": left_out}
