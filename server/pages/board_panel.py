"""Who can be sent, for one task: the ranking with its reasons, who may not and why, several who would go together."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from server.access.context import Context, context
from server.dispatch import candidates, matching, reasons, scope, shortfall_rules
from server.dispatch.fitting import Bar, Candidate, Entry, Fit, Job, Squad, squad_for
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.pages import board_facts as facts
from server.pages import board_facts_queries as beside
from server.pages import board_queries as board
from server.pages.gate import View, page_for
from server.pages.parts import reader
from server.pages.queue_page import may_with

router = APIRouter(include_in_schema=False)
FITS: Final = 20
BARRED: Final = 15
ASKED_AT_ONCE: Final = 3
"""So many of the best are asked by one press."""
A_PERSON_MAY: Final = frozenset({"skills", "too_far", "silent", "busy", "cap", "in_team", "women_first"})
"""Bars that a dispatcher may pass over, who knows more than the books do; the others the server refuses."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody in the list: what speaks for them, or why not (`barred`); `team`: they go with it."""

    who: Candidate
    points: float | None
    said: Sequence[Entry]
    team: Squad | None = None
    barred: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """All that the list shows."""

    fits: Sequence[Choice]
    barred: Sequence[Choice]
    crew: matching.Crew | None
    shortfalls: Sequence[Entry]


def panel_of(job: Job, people: Sequence[Candidate], holder: UUID | None, now: datetime) -> Panel:
    """The best of those who may go, the nearest to it of those who may not. Pure."""
    ranking = matching.rank(job, (who for who in people if who.volunteer_id != holder), now)
    fits = [_fit(job, who, fit) for who, fit in ranking.fits[:FITS]]
    crew = matching.crew(job, people, now) if job.crew_min > 1 else None
    lacks = [] if fits else shortfall_rules.shortfalls(job, people, now)
    return Panel(fits, [_barred(who, bar) for who, bar in ranking.bars[:BARRED]], crew, lacks)


def _fit(job: Job, who: Candidate, fit: Fit) -> Choice:
    return Choice(who, fit.points, fit.reasons, squad_for(job, who))


def _barred(who: Candidate, bar: Bar) -> Choice:
    return Choice(who, None, bar.codes, barred=True, forced={e["code"] for e in bar.codes} <= A_PERSON_MAY)


@router.get("/queue/tasks/{task_id}/people")
async def people(
    view: Annotated[View, page_for("task.reassign")],
    tx: Tx,
    ctx: Annotated[Context, Depends(context)],
    task_id: UUID,
) -> Response:
    """Who can be sent: codes, skills and reasons, never a name. One bound to a centre sees only its people."""
    task = await board.card(tx, task_id)
    may = may_with(view)
    jobs = await candidates.jobs(tx, [task_id])
    if task is None or not jobs or not may("task.reassign", task):
        raise not_found("task")
    job, (mine, _) = jobs[0], scope.limits(reader(view), "volunteer.read")
    near = None if job.lon is None or job.lat is None else (job.lon, job.lat)
    around = await candidates.of_centres(tx, ctx, mine if near else [job.centre_id], near, within_km=job.reach_km)
    now = datetime.now(UTC)
    found = await asyncio.to_thread(panel_of, job, around, task["holder_id"], now)
    return view.page(
        "part_people.html",
        page="queue",
        task=task,
        panel=found,
        offers={row["code"]: row for row in await beside.offers(tx, [task_id])},
        may=may,
        asks=task["state"] == "queued" and may("offer.make", task),
        at_once=ASKED_AT_ONCE,
        facts=facts,
        tell=partial(reasons.say, lang=view.lang),
        now=now,
    )
