"""The queue of messages to look at, over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.incidents.listing import visible
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.kernel.redis import ring
from server.reports import amending, inbox, inbox_checks
from server.reports import inbox_queries as queries
from server.reports.amending_schemas import ReadingEdit

router = APIRouter(prefix="/api/inbox", tags=["inbox"])
Ctx = Annotated[Context, Depends(context)]
Opener = Annotated[Principal, allow("report.open")]
Corrector = Annotated[Principal, allow("report.correct")]
UNKEPT = {"Cache-Control": "no-store"}


class Wanted(BaseModel):
    """`desk`: a random name of the open page. `have`: what it still holds."""

    model_config = ConfigDict(extra="forbid")
    desk: UUID
    emergency: UUID | None = None
    have: list[UUID] = Field(default_factory=list, max_length=20)
    most: int = Field(default=4, ge=0, le=10)

    def of(self) -> inbox_checks.Desk:
        """The desk that asks."""
        return inbox_checks.Desk(self.desk, self.emergency, frozenset(self.have), self.most)


class Answer(BaseModel):
    """What a look says: nothing (it is right), or `changes` to the reading seen at `version`.

    `look` false: a correction of something that still waits.
    """

    model_config = ConfigDict(extra="forbid")
    version: int = Field(default=0, ge=0)
    changes: ReadingEdit | None = None
    look: bool = True


class TakenBack(BaseModel):
    """`version`: of the reading that the answer made; 0 when it changed nothing."""

    model_config = ConfigDict(extra="forbid")
    desk: UUID
    version: int = Field(default=0, ge=0)


class Released(BaseModel):
    """Without `reports`: everything that the desk holds. `later`: nobody knows yet; it is offered again in a while."""

    model_config = ConfigDict(extra="forbid")
    desk: UUID
    reports: list[UUID] | None = Field(default=None, max_length=20)
    later: bool = False


@router.post("/take")
async def take(conn: Tx, ctx: Ctx, principal: Opener, body: Wanted) -> Response:
    """The next messages that nobody else looks at: {"items", "kept", "waits", "life", "some"}; on record as opened."""
    within = visible(principal, "report.open", body.emergency)
    found = await inbox.take(
        conn,
        ctx,
        principal,
        desk=body.desk,
        emergency=body.emergency,
        within=within,
        have=body.have,
        most=body.most,
    )
    return json_response(found, headers=UNKEPT)


@router.post("/checks")
async def take_checks(conn: Tx, ctx: Ctx, principal: Opener, body: Wanted) -> Response:
    """The next records to check that nobody else looks at, each with its newest report: {"items"}."""
    return json_response(await inbox_checks.take_checks(conn, ctx, principal, body.of()), headers=UNKEPT)


@router.post("/joins")
async def take_joins(conn: Tx, ctx: Ctx, principal: Opener, body: Wanted) -> Response:
    """The next unsure joins that nobody else looks at, with a voice of each side: {"items"}."""
    return json_response(await inbox_checks.take_joins(conn, ctx, principal, body.of()), headers=UNKEPT)


@router.post("/release")
async def release(conn: Tx, _principal: Opener, body: Released) -> Response:
    """Give messages back to the queue."""
    await queries.release(conn, body.desk, body.reports, inbox.LATER_S if body.later else 0)
    return Response(status_code=204)


@router.get("/{report_id}")
async def one(conn: Tx, ctx: Ctx, principal: Opener, report_id: UUID) -> Response:
    """One message as the queue shows it; on record as opened."""
    return json_response(await inbox.one(conn, ctx, principal, report_id), headers=UNKEPT)


@router.post("/{report_id}/answer")
async def answer(principal: Corrector, request: Request, ctx: Ctx, report_id: UUID, body: Answer) -> Response:
    """Somebody has looked, and maybe set the reading right. Again: no effect. 412 shows what others made of it."""
    changes: dict[str, Any] = body.changes.changes() if body.changes else {}
    async with ctx.db.tx() as conn:
        done = await inbox.answer(
            conn, ctx, _wish(principal, request, report_id, body.version), changes, look=body.look
        )
    await _tell(ctx)
    return json_response(done)


@router.post("/{report_id}/undo")
async def undo(principal: Corrector, request: Request, ctx: Ctx, report_id: UUID, body: TakenBack) -> Response:
    """Take the look back, with its correction; the message as it stands then, held by the desk."""
    async with ctx.db.tx() as conn:
        done = await inbox.undo(conn, ctx, _wish(principal, request, report_id, body.version), body.desk)
    await _tell(ctx)
    return json_response(done, headers=UNKEPT)


def _wish(principal: Principal, request: Request, report_id: UUID, version: int) -> amending.Wish:
    return amending.Wish(principal, report_id, version, tuple(getattr(request.app.state, "on_needs", ())))


async def _tell(ctx: Context) -> None:
    await ring(ctx.redis, "events")
    await ring(ctx.redis, "queues")
