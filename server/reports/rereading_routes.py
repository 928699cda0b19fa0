"""Reading all reports anew, and what it proposes, over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.emergencies.routes import within
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.kernel.redis import ring
from server.reports import proposing, rereading
from server.reports import rereading_queries as queries

router = APIRouter(prefix="/api", tags=["reports"])
Ctx = Annotated[Context, Depends(context)]
Reader = Annotated[Principal, allow(proposing.PERMISSION)]


class Wish(BaseModel):
    """Which reports are read anew: of an emergency, since a moment; all of them without."""

    model_config = ConfigDict(extra="forbid")
    emergency: UUID | None = None
    since: AwareDatetime | None = None


class Alike(BaseModel):
    """Which proposals: all open ones with this difference."""

    model_config = ConfigDict(extra="forbid")
    difference: str = Field(min_length=1, max_length=2000)
    emergency: UUID | None = None

    def rule(self) -> proposing.Alike:
        """As the use cases take it."""
        return proposing.Alike(self.difference, self.emergency)


@router.post("/rereads")
async def start_reread(principal: Reader, ctx: Ctx, body: Wish | None = None) -> Response:
    """Read all reports anew with the rules and words of now; what differs is proposed, nothing is changed."""
    wish = body or Wish()
    since: datetime | None = wish.since
    async with ctx.db.tx() as conn:
        made = await proposing.start(conn, principal, wish.emergency, since)
    await ring(ctx.redis, rereading.BELL)
    return json_response(made, 201)


@router.get("/rereads")
async def list_rereads(principal: Reader, tx: Tx, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
    """The newest ones with how far they have come."""
    rows = await queries.page(tx, limit, within(principal, proposing.PERMISSION))
    return json_response({"items": [proposing.reread(row) for row in rows], "next": None})


@router.post("/rereads/{reread_id}/stop")
async def stop_reread(principal: Reader, tx: Tx, reread_id: UUID) -> Response:
    """End one; what it has proposed stays."""
    return json_response(await proposing.stop(tx, principal, reread_id))


@router.get("/reading-proposals")
async def list_proposals(
    principal: Reader,
    tx: Tx,
    *,
    difference: str | None = None,
    emergency: UUID | None = None,
    state: Literal["open", "taken", "left", "over"] = "open",
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Proposals, oldest first."""
    filters = {"difference": difference, "state": state, "after": cursor, "limit": limit + 1}
    rows = await queries.proposals(tx, filters | proposing.bounds(principal, emergency))
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return json_response({"items": [proposing.item(row) for row in rows[:limit]], "next": more})


@router.get("/reading-proposals/groups")
async def list_groups(
    principal: Reader, tx: Tx, emergency: UUID | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Response:
    """Open proposals that are alike: {difference, n}, most first."""
    rows = await queries.groups(tx, proposing.bounds(principal, emergency), limit)
    return json_response({"items": [dict(row) for row in rows], "next": None})


@router.post("/reading-proposals/take")
async def take_alike(principal: Reader, request: Request, ctx: Ctx, body: Alike) -> Response:
    """Take up to 25 of those that are alike: {"taken", "refused", "left_over"}; ask again until nothing is left."""
    done = await proposing.take_alike(ctx, principal, body.rule(), tuple(getattr(request.app.state, "on_needs", ())))
    await _tell(ctx)
    return json_response(done)


@router.post("/reading-proposals/leave")
async def leave_alike(principal: Reader, tx: Tx, body: Alike) -> Response:
    """Leave all that are alike as they are: {"left"}."""
    filters = {**proposing.bounds(principal, body.emergency), "difference": body.difference}
    return json_response({"left": await queries.leave_alike(tx, filters, principal.actor)})


@router.post("/reading-proposals/{proposal_id}/take")
async def take_proposal(principal: Reader, request: Request, ctx: Ctx, proposal_id: UUID) -> Response:
    """The proposed reading holds; 409 when the report or its records have changed meanwhile."""
    async with ctx.db.tx() as conn:
        await proposing.take(conn, ctx, principal, proposal_id, tuple(getattr(request.app.state, "on_needs", ())))
    await _tell(ctx)
    return Response(status_code=204)


@router.post("/reading-proposals/{proposal_id}/leave")
async def leave_proposal(principal: Reader, tx: Tx, proposal_id: UUID) -> Response:
    """The reading stays as it is."""
    await proposing.leave(tx, principal, proposal_id)
    return Response(status_code=204)


async def _tell(ctx: Context) -> None:
    await ring(ctx.redis, "events")
    await ring(ctx.redis, "queues")
