"""What matching is given: people as they stand now, tasks as they ask."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from server.access.context import Context
from server.dispatch import candidate_queries as queries
from server.dispatch.fitting import REACH_KM, Candidate, Job, Squad
from server.kernel.db import Conn
from server.volunteers import positions
from server.volunteers.positions import Position

MOST: Final = 3000
"""So many people of a neighbourhood are looked at; those who may be sent and are on duty before the others."""
_WEIGHED: Final[Mapping[str, float]] = {"kg": 1.0, "litre": 1.0, "l": 1.0}
"""Unit → kilograms; what is counted in pieces has no weight here."""


async def of_centres(
    conn: Conn,
    ctx: Context,
    centre_ids: Sequence[UUID] | None,
    near: tuple[float, float] | None = None,
    *,
    within_km: float = REACH_KM,
    most: int = MOST,
) -> list[Candidate]:
    """The people of these centres, whether they may be sent or not; None: of every centre.

    With `near` (lon, lat in degrees) only of those centres that lie within `within_km` of it. Where somebody's coarse
    position is known it counts, else her centre's point.
    """
    if near is not None:
        close = await queries.centres_within(conn, *near, within_km)
        centre_ids = close if centre_ids is None else [c for c in close if c in set(centre_ids)]
    if centre_ids is not None and not centre_ids:
        return []
    return await _made(conn, ctx, await queries.people(conn, centre_ids=centre_ids, most=most))


async def of_people(conn: Conn, ctx: Context, volunteer_ids: Sequence[UUID]) -> dict[UUID, Candidate]:
    """These volunteers; whoever left or was refused is not among them."""
    if not volunteer_ids:
        return {}
    found = await _made(conn, ctx, await queries.people(conn, volunteer_ids=volunteer_ids))
    return {who.volunteer_id: who for who in found}


async def jobs(conn: Conn, task_ids: Sequence[UUID]) -> list[Job]:
    """These tasks as matching sees them, in the order asked for; unknown ones are left out."""
    if not task_ids:
        return []
    rows = {row["id"]: row for row in await queries.jobs(conn, task_ids)}
    return [job_of(rows[i]) for i in task_ids if i in rows]


async def _made(conn: Conn, ctx: Context, rows: Sequence[Mapping[str, Any]]) -> list[Candidate]:
    teams = await squads(conn, {row["team_id"] for row in rows if row["team_id"]})
    where = await positions.of(ctx, [row["id"] for row in rows])
    return [candidate_of(row, where.get(row["id"]), teams.get(row["team_id"])) for row in rows]


async def squads(conn: Conn, team_ids: Iterable[UUID]) -> dict[UUID, Squad]:
    """These teams, as far as they stand, with those members who may be sent now."""
    ids = sorted(set(team_ids))
    return {row["id"]: squad_of(row) for row in await queries.squads(conn, ids)} if ids else {}


def squad_of(row: Mapping[str, Any]) -> Squad:
    """A row of `queries.squads`."""
    skills = frozenset[str]().union(*row["skills"])
    languages = frozenset[str]().union(*row["languages"])
    return Squad(row["id"], row["code"], row["leader_id"], row["people"], row["women"], skills, languages)


def candidate_of(row: Mapping[str, Any], where: Position | None = None, squad: Squad | None = None) -> Candidate:
    """A row of `queries.people`, at her coarse position if it is known, else at her centre."""
    return Candidate(
        volunteer_id=row["id"],
        code=row["code"],
        centre_id=row["centre_id"],
        skills=frozenset(row["skills"]),
        languages=frozenset(row["languages"]),
        woman=row["gender"] == "woman",
        vehicle=row["vehicle"],
        capacity_kg=row["capacity_kg"],
        status=row["status"],
        vetting=row["vetting"],
        rest_until=row["rest_until"],
        on_duty_since=row["on_duty_since"],
        silent_at=row["silent_at"],
        idle_since=row["idle_since"],
        lon=where.lon if where else row["lon"],
        lat=where.lat if where else row["lat"],
        position_age_s=where.age_s if where else None,
        held=row["held"],
        claimed=row["claimed"],
        squad=squad,
    )


def job_of(row: Mapping[str, Any]) -> Job:
    """A row with the columns of `queries.TASK`; `declined` may be left out."""
    return Job(
        task_id=row["id"],
        code=row["code"],
        centre_id=row["centre_id"],
        kind=row["kind"],
        created_at=row["created_at"],
        urgency=row["urgency"],
        priority=row["priority"],
        skills=tuple(row["skills"]),
        languages=frozenset(row["languages"]),
        women_required=row["women_required"],
        women_preferred=row["women_preferred"],
        crew_min=row["crew_min"],
        women_min=row["women_min"],
        lon=row["lon"],
        lat=row["lat"],
        load_kg=load_kg(row["bring"]),
        declined=frozenset(row.get("declined") or ()),
        emergency_id=row["emergency_id"],
        queue_id=row["queue_id"],
        state=row["state"],
    )


def load_kg(bring: Sequence[Any]) -> float | None:
    """What the weighed lines of a load come to; None when nothing in it is weighed."""
    weights = [
        float(line["quantity"]) * _WEIGHED[line["unit"]]
        for line in bring
        if isinstance(line, dict) and line.get("unit") in _WEIGHED and line.get("quantity") is not None
    ]
    return sum(weights) if weights else None
