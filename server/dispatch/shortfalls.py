"""The watch over tasks that nobody can take: why is kept in `task_shortfalls`, and gone when somebody can.

Tasks that ask for the same at the same centre share their answer, so a hundred thousand of them are a few hundred
questions; what is far is measured from the centre, whose tasks are the near ones. Only differences are written.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog

from server.access.context import Context
from server.dispatch import candidate_queries, candidates
from server.dispatch import shortfall_queries as queries
from server.dispatch.fitting import Candidate, Entry, Job, Trip
from server.dispatch.shortfall_rules import shortfalls
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
_ASKED: Final = ("life", "skills", "women_required", "women_first", "crew_min", "women_min")


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
    answers: list[dict[str, Any]] = []
    houses: dict[UUID, House] = {}
    for row in asked:
        house = houses.setdefault(row["centre"], House(row["lon"], row["lat"]))
        found = shortfalls(question(row), house.nearest(people), now, house.trip)
        if found:
            answers.append(_answer(row, found))
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
    """A centre from which ways are measured; most people stand at one of few points."""

    def __init__(self, lon: float, lat: float) -> None:
        self.lon, self.lat = lon, lat
        self._km: dict[tuple[float, float], float] = {}
        self._nearest: list[Candidate] | None = None

    def trip(self, who: Candidate, _job: Job | None = None) -> Trip | None:
        """As the crow flies, from this centre whatever the task."""
        if who.lon is None or who.lat is None:
            return None
        point = (who.lon, who.lat)
        km = self._km.get(point)
        if km is None:
            km = self._km[point] = distance_m(*point, self.lon, self.lat) / 1000
        return Trip(km)

    def nearest(self, people: Sequence[Candidate]) -> list[Candidate]:
        """All of them, the nearest first: where somebody can take it, she is found soon."""
        if self._nearest is None:
            far = Trip(float("inf"))
            self._nearest = sorted(people, key=lambda who: (self.trip(who) or far).km)
        return self._nearest


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


def _answer(row: Mapping[str, Any], found: Sequence[Entry]) -> dict[str, Any]:
    return {"centre": str(row["centre"]), **{name: row[name] for name in _ASKED}, "found": list(found)}
