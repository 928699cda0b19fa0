"""A reading set right by a person, and taken back, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.http import etag, if_match, json_response
from server.kernel.redis import ring
from server.reports import amending
from server.reports.amending_schemas import ReadingEdit

router = APIRouter(prefix="/api", tags=["reports"])
Ctx = Annotated[Context, Depends(context)]
Corrector = Annotated[Principal, allow("report.correct")]
Version = Annotated[int, Depends(if_match)]


def _wish(principal: Principal, request: Request, report_id: UUID, version: int) -> amending.Wish:
    return amending.Wish(principal, report_id, version, tuple(getattr(request.app.state, "on_needs", ())))


@router.patch("/reports/{report_id}/reading")
async def correct_reading(
    principal: Corrector, request: Request, report_id: UUID, body: ReadingEdit, version: Version, ctx: Ctx
) -> Response:
    """Set a reading right: what is sent replaces what was read, and the report is joined anew.

    `If-Match`: the version of the reading that was seen (the `ETag` of GET); 412 shows what somebody else made of it.
    """
    async with ctx.db.tx() as conn:
        said, version = await amending.correct(conn, ctx, _wish(principal, request, report_id, version), body.changes())
    await _tell(ctx)
    return json_response(said, headers={"ETag": etag(version)})


@router.post("/reports/{report_id}/reading/undo")
async def undo_correction(
    principal: Corrector, request: Request, report_id: UUID, version: Version, ctx: Ctx
) -> Response:
    """Take the last correction back: the reading before it holds again."""
    async with ctx.db.tx() as conn:
        said, version = await amending.undo(conn, ctx, _wish(principal, request, report_id, version))
    await _tell(ctx)
    return json_response(said, headers={"ETag": etag(version)})


async def _tell(ctx: Context) -> None:
    await ring(ctx.redis, "events")
    await ring(ctx.redis, "queues")
