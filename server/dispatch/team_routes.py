"""Who could go and why, and teams, over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.dispatch import queries, scope, team_queries, teams, views, weighing
from server.dispatch.schemas import Strict, TaskCall
from server.dispatch.service import Order
from server.dispatch.team_rules import PEOPLE_MOST
from server.kernel import cursor as cursors
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.kernel.http import etag, if_match, json_response
from server.kernel.redis import ring
from server.volunteers import skills as words

router = APIRouter()
Ctx = Annotated[Context, Depends(context)]
People = Annotated[list[UUID], Field(max_length=PEOPLE_MOST)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class NewTeam(Strict):
    """Who goes together. The leader is one of them; `centre` is hers, when no other is named."""

    leader: UUID
    members: People
    centre: UUID | None = None


class TeamChange(Strict):
    """`members`: all who are to be in it. `anyway`: also when the task that it holds misses who leaves."""

    leader: UUID | None = None
    members: People | None = None
    anyway: bool = False


class TeamForTask(TaskCall):
    """A reassignment to a team that is put together for it."""

    leader: UUID
    members: People


class TaskAsks(Strict):
    """What a queued task takes."""

    crew_min: int | None = Field(default=None, ge=1, le=PEOPLE_MOST)
    women_min: int | None = Field(default=None, ge=0, le=PEOPLE_MOST)
    skills: list[Code] | None = Field(default=None, max_length=20)


@router.get("/api/tasks/{task_id}/candidates")
async def task_candidates(
    who: Annotated[Principal, allow("task.match")],
    conn: Tx,
    ctx: Ctx,
    task_id: UUID,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Response:
    """{candidates, barred, team, shortfalls}: who could go, the best first, and why not the others."""
    row = await queries.task(conn, task_id)
    if row is None or not who.may("task.match", centre_id=row["centre_id"], emergency_id=row["emergency_id"]):
        raise not_found("task")
    centres, _ = scope.limits(who, "task.match")
    return json_response(await weighing.weigh(conn, ctx, row["id"], centres, limit))


@router.get("/api/teams")
async def list_teams(
    who: Annotated[Principal, allow("team.read")],
    conn: Tx,
    centre: UUID | None = None,
    status: Annotated[str, Query(pattern="^(active|all)$")] = "active",
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Teams of the reader's centres, the newest first; `status=all` with those that were stood down."""
    centres, _ = scope.limits(who, "team.read")
    if centre is not None:
        centres = [centre] if who.may("team.read", centre_id=centre) else []
    after = cursors.text(cursor)
    rows = await team_queries.teams(
        conn, centres=centres, standing=status == "active", after=after[1] if after else None, limit=limit + 1
    )
    more = cursors.encode("", rows[limit - 1]["id"]) if len(rows) > limit else None
    return json_response({"items": await teams.shown(conn, rows[:limit]), "next": more})


@router.post("/api/teams")
async def form_team(who: Annotated[Principal, allow("team.edit")], conn: Tx, ctx: Ctx, body: NewTeam) -> Response:
    """201 with the team; 409 `team.unfit` names who cannot go and why."""
    team_id = await teams.form(conn, ctx, who, body.leader, body.members, body.centre)
    return await _team(conn, team_id, made=True)


@router.get("/api/teams/{team_id}")
async def one_team(who: Annotated[Principal, allow("team.read")], conn: Tx, team_id: UUID) -> Response:
    """One team and its version."""
    await teams.seen(conn, who, team_id, "team.read")
    return await _team(conn, team_id)


@router.patch("/api/teams/{team_id}")
async def change_team(
    who: Annotated[Principal, allow("team.edit")],
    conn: Tx,
    ctx: Ctx,
    team_id: UUID,
    body: TeamChange,
    version: Annotated[int, Depends(if_match)],
) -> Response:
    """Who is in it and who leads, as of the version that the editor saw."""
    await teams.change(conn, ctx, who, team_id, version, leader=body.leader, members=body.members, anyway=body.anyway)
    return await _team(conn, team_id)


@router.post("/api/teams/{team_id}/stand_down")
async def stand_down(who: Annotated[Principal, allow("team.edit")], conn: Tx, team_id: UUID) -> Response:
    """It is together no more; 409 `team.holds` while it has a task."""
    await teams.stand_down(conn, who, team_id)
    return await _team(conn, team_id)


@router.post("/api/tasks/{task_id}/team")
async def give_to_team(
    who: Annotated[Principal, allow("task.reassign")], conn: Tx, ctx: Ctx, task_id: UUID, body: TeamForTask
) -> Response:
    """{fence, leader, members}: a team is formed and holds the task, or neither."""
    order: Order = body.order()
    done = await teams.assign(conn, ctx, who, task_id, order, body.leader, body.members)
    if done.problem:
        raise done.problem
    await ring(ctx.redis, "queues")
    return json_response(done.body)


@router.patch("/api/tasks/{task_id}")
async def change_asks(
    who: Annotated[Principal, allow("task.edit")],
    conn: Tx,
    ctx: Ctx,
    task_id: UUID,
    body: TaskAsks,
    version: Annotated[int, Depends(if_match)],
) -> Response:
    """What a queued task takes: how many people and women, which skills; the rules leave it alone from then on."""
    skills = None if body.skills is None else words.known(body.skills)
    await teams.set_asks(conn, who, task_id, version, teams.Asks(body.crew_min, body.women_min, skills))
    row = await queries.task(conn, task_id)
    if row is None:
        raise not_found("task")
    await ring(ctx.redis, "queues")
    return json_response(
        views.feature(row, show_holder=scope.sees_holder(who, row)), headers={"ETag": etag(row["version"])}
    )


async def _team(conn: Tx, team_id: UUID, *, made: bool = False) -> Response:
    row = await team_queries.team(conn, team_id)
    if row is None:
        raise not_found("team")
    (view,) = await teams.shown(conn, [row])
    headers: dict[str, Any] = {"ETag": etag(row["version"])}
    if made:
        headers["Location"] = f"/api/teams/{team_id}"
    return json_response(view, 201 if made else 200, headers)
