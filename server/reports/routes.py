"""Reports over HTTP: sent, listed, opened, read, given an emergency; and what was set aside."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.emergencies.routes import GEOJSON, within
from server.kernel.edge import Tx
from server.kernel.geo import parse_bbox
from server.kernel.http import etag, json_response, read_body
from server.kernel.redis import ring
from server.reports import queries, schemas, service, watching

router = APIRouter(prefix="/api", tags=["reports"])
Services = Annotated[Context, Depends(context)]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.post("/reports")
async def send_report(
    principal: Annotated[Principal, allow("report.send")], request: Request, ctx: Services
) -> Response:
    """Take a report in. `Idempotency-Key`: the same again has no effect and gets the same answer."""
    posted = schemas.posted_report(await read_body(request, ctx.settings.max_body_bytes))
    async with ctx.db.tx() as conn:
        done = await service.take(conn, ctx, principal, posted, request.headers.get("idempotency-key") or None)
    await ring(ctx.redis, "reports")
    return json_response({"id": done.id, "receipt": done.receipt}, 201, {"Location": f"/api/reports/{done.id}"})


@router.get("/reports")
async def list_reports(  # noqa: PLR0913 - one argument a filter
    principal: Annotated[Principal, allow("report.list")],
    tx: Tx,
    *,
    emergency: UUID | None = None,
    channel: str | None = None,
    state: Literal["pending", "read", "failed"] | None = None,
    status: Literal["pending", "read", "failed"] | None = None,
    flagged: bool | None = None,
    triage: bool | None = None,
    conflict: bool | None = None,
    since: datetime | None = None,
    bbox: str | None = None,
    cursor: UUID | None = None,
    limit: Limit = 100,
) -> Response:
    """Reports, newest first, as a FeatureCollection without anybody's words."""
    rows = await queries.reports_page(
        tx,
        limit=limit + 1,
        before=cursor,
        within=within(principal, "report.list"),
        emergency=emergency,
        channel=channel,
        state=state or status,
        flagged=flagged,
        triage=triage,
        conflict=conflict,
        since=since,
        box=parse_bbox(bbox) if bbox else None,
    )
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return json_response(
        {
            "type": "FeatureCollection",
            "features": [schemas.feature(row) for row in rows[:limit]],
            "next": more,
        },
        media_type=GEOJSON,
    )


@router.get("/reports/{report_id}")
async def get_report(
    principal: Annotated[Principal, allow("report.read")], report_id: UUID, tx: Tx, ctx: Services
) -> Response:
    """One report; its words and sender only for who may open them, and that goes on record."""
    return json_response(
        await service.show(tx, ctx, principal, report_id),
        headers={"Cache-Control": "no-store"},
        media_type=GEOJSON,
    )


@router.get("/reports/{report_id}/reading")
async def get_reading(principal: Annotated[Principal, allow("report.read")], report_id: UUID, tx: Tx) -> Response:
    """How it was understood: `state` says whether it has been read yet."""
    said, version = await service.reading(tx, principal, report_id)
    return json_response(said, headers={"ETag": etag(version)})


@router.post("/reports/{report_id}/assign")
async def assign_report(
    principal: Annotated[Principal, allow("report.assign")], report_id: UUID, request: Request, ctx: Services
) -> Response:
    """Give a report in triage its emergency: {"emergency": id or code}."""
    asked = schemas.assignment(await read_body(request, ctx.settings.max_body_bytes))
    async with ctx.db.tx() as conn:
        done = await service.assign(conn, principal, report_id, asked)
    await ring(ctx.redis, "reports")
    return json_response(done, media_type=GEOJSON)


@router.post("/reports/{report_id}/seen")
async def see_report(principal: Annotated[Principal, allow("report.see")], report_id: UUID, tx: Tx) -> Response:
    """Somebody has looked at a report on which a life may hang: nobody is called for it any more. Twice is once."""
    return json_response(await watching.see(tx, principal, report_id))


@router.get("/set-aside")
async def list_set_aside(
    _principal: Annotated[Principal, allow("set_aside.read")],
    tx: Tx,
    *,
    cursor: UUID | None = None,
    limit: Limit = 100,
    resolved: bool = False,
) -> Response:
    """Input that could not become a report, newest first, with its reason."""
    rows = await queries.set_aside_page(tx, limit=limit + 1, before=cursor, resolved=resolved)
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return json_response({"items": [service.aside_item(row) for row in rows[:limit]], "next": more})


@router.get("/set-aside/{aside_id}")
async def get_set_aside(
    principal: Annotated[Principal, allow("set_aside.read")], aside_id: UUID, tx: Tx, ctx: Services
) -> Response:
    """One of them with what came; that goes on record."""
    return json_response(
        await service.show_set_aside(tx, ctx, principal, aside_id), headers={"Cache-Control": "no-store"}
    )


@router.post("/set-aside/{aside_id}/resolve")
async def resolve_set_aside(
    principal: Annotated[Principal, allow("set_aside.resolve")], aside_id: UUID, tx: Tx
) -> Response:
    """Somebody has looked at it."""
    await service.resolve_set_aside(tx, principal, aside_id)
    return Response(status_code=204)
