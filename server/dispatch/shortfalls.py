"""The watch over tasks that nobody can take: why is kept in `task_shortfalls`, and gone when somebody can.

Tasks that ask for the same at the same centre share their answer, so a hundred thousand of them are a few hundred
questions; what is far is measured from the centre, whose tasks are the near ones. Only differences are written.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog

from server.access.context import Context
from server.dispatch import candidate_queries, candidates
from server.dispatch import shortfall_queries as queries
from server.dispatch.fitting import Candidate, Entry, Job, Trip, can
from server.dispatch.shortfall_rules import needed, shortfalls
from server.kernel.events import NewEvent, emit_many
from server.kernel.geo import distance_m

log = structlog.get_logger("shortfalls")
EVERY_S: Final = 15.0
SHARE: Final = 20
"""A look takes at most one part in so many of the time: the longer it takes, the longer the pause after it."""
AFTER_S: Final = 60
"""A task that waits for less is not looked at, unless a life hangs on it."""
PEOPLE: Final = 20_000
WRITTEN_MOST: Final = 20_000
"""So many answers are written at a look; the rest at the next."""
TOLD_MOST: Final = 200


async def run(ctx: Context) -> None:
    """Look until cancelled; a database that is away is asked again at the next turn."""
    while True:
        began = time.monotonic()
        try:
            await look(ctx)
        except psycopg.OperationalError as error:
            log.warning("shortfalls.postponed", kind=type(error).__name__)
        await asyncio.sleep(max(EVERY_S, SHARE * (time.monotonic() - began)))


async def look(ctx: Context) -> int:
    """One look at all that waits; returns how many tasks have an answer that is new. Of those on which a life hangs an
    event tells.
    """
    async with ctx.db.tx() as conn:
        asked = await queries.questions(conn, AFTER_S)
        people = await candidates.of_centres(conn, ctx, None, most=PEOPLE) if asked else []
        now = await candidate_queries.now(conn)
    answers: dict[str, list[Entry]] = {}
    house: House | None = None
    for row in asked:
        if house is None or house.centre_id != row["centre"]:
            house = House(row["centre"], row["lon"], row["lat"], people)
        job = question(row)
        found = shortfalls(job, house.pool(job), now, house.trip)
        if found:
            answers[row["sort"]] = found
        # The leases are watched by the same process.
        await asyncio.sleep(0)
    async with ctx.db.tx() as conn:
        if not await queries.alone(conn):
            return 0
        await queries.drop(conn, answers)
        new = await queries.keep(conn, answers, AFTER_S, WRITTEN_MOST)
        await emit_many(
            conn,
            [
                NewEvent(
                    "task.changed", "task", r["id"], r["emergency_id"], "system", r["centre_id"], {"cause": "shortfall"}
                )
                for r in [r for r in new if r["life"]][:TOLD_MOST]
            ],
        )
    return len(new)


class House:
    """A centre from which ways are measured, with everybody by their way to it; most people stand at few points."""

    def __init__(self, centre_id: UUID, lon: float, lat: float, people: Sequence[Candidate]) -> None:
        self.centre_id, self.lon, self.lat = centre_id, lon, lat
        self._km: dict[tuple[float, float], float] = {}
        # Where somebody can take it, she is found soon: the nearest first.
        self._people = sorted(people, key=self._way)
        self._ways = [self._way(who) for who in self._people]
        self._pools: dict[tuple[float, frozenset[str]], list[Candidate]] = {}

    def _way(self, who: Candidate) -> float:
        if who.lon is None or who.lat is None:
            return 0.0
        point = (who.lon, who.lat)
        km = self._km.get(point)
        if km is None:
            km = self._km[point] = distance_m(*point, self.lon, self.lat) / 1000
        return km

    def trip(self, who: Candidate, _job: Job) -> Trip | None:
        """As the crow flies, from this centre whatever the task."""
        return None if who.lon is None else Trip(self._way(who))

    def pool(self, job: Job) -> list[Candidate]:
        """All who matter to the answer: who is within reach and has one of the skills (or all within reach, where no
        skill is asked or several go), and of a skill that is not there the nearest who has it.
        """
        near = self._people[: bisect_right(self._ways, job.reach_km)]
        wanted = frozenset(needed(job))
        if job.crew_min > 1:
            return [*near, *self._far(near, wanted)]
        if not wanted:
            return near
        key = (job.reach_km, wanted)
        if key not in self._pools:
            able = [who for who in near if can(who.skills) & wanted]
            # One of those near stands for all: there is somebody, only not with the skill.
            self._pools[key] = [*(able or near[:1]), *self._far(able, wanted)]
        return self._pools[key]

    def _far(self, near: Sequence[Candidate], wanted: frozenset[str]) -> list[Candidate]:
        missing = wanted.difference(*(can(who.skills) for who in near))
        first = (next((who for who in self._people if skill in can(who.skills)), None) for skill in sorted(missing))
        return [who for who in first if who is not None]


def question(row: Mapping[str, Any]) -> Job:
    """A sort of task as a job of its own, at its centre."""
    return Job(
        task_id=row["centre"],
        code="",
        centre_id=row["centre"],
        kind="",
        created_at=row["oldest"],
        urgency="life" if row["life"] else "normal",
        skills=tuple(row["skills"]),
        women_required=row["women_required"],
        women_preferred=row["women_first"],
        crew_min=row["crew_min"],
        women_min=row["women_min"],
        lon=row["lon"],
        lat=row["lat"],
    )
