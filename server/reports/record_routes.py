"""One incident or need with the reports behind it, and what people decide about it.

These stand here and not in their own slices because a record's reports, its closures and its tasks follow from an edit:
`app.state.on_needs` (given by `wiring`) is called in the same transaction with the needs that changed.
"""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.closures import service as closures
from server.incidents import queries as incident_queries
from server.incidents import service as incidents
from server.incidents.listing import reader_sees_reports, visible
from server.incidents.schemas import IncidentEdit, Merge, Split
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.http import etag, if_match, json_response
from server.needs import queries as need_queries
from server.needs import service as needs
from server.needs.schemas import NeedEdit
from server.reports import chain_queries as queries
from server.reports import links, verifying
from server.reports.joining import Kind

router = APIRouter(prefix="/api")
Ctx = Annotated[Context, Depends(context)]
NeedReader = Annotated[Principal, allow("need.read")]
NeedEditor = Annotated[Principal, allow("need.edit")]
IncidentReader = Annotated[Principal, allow("incident.read")]
IncidentEditor = Annotated[Principal, allow("incident.edit")]
Version = Annotated[int, Depends(if_match)]


async def detail(conn: Conn, kind: Kind, record_id: UUID, principal: Principal) -> tuple[dict[str, Any], int]:
    """A record as GeoJSON with its history and, for those who may see reports, its links; and its version."""
    within = visible(principal, f"{kind}.read")
    if kind == "need":
        row = await needs.one(conn, record_id, within)
        feature = needs.feature(row, detail=True)
    else:
        row = await incidents.one(conn, record_id, within)
        feature = incidents.feature(row, detail=True)
    properties = feature["properties"]
    properties["history"] = await incidents.history(conn, record_id, principal)
    if reader_sees_reports(principal):
        properties["links"] = [
            {
                "report": str(r["report_id"]),
                "receipt": r["receipt"],
                "at": r["said_at"].isoformat(),
                "channel": r["channel"],
                "primary": r["role"] == "primary",
                "role": r["role"],
                "said": r["said"],
            }
            for r in await queries.links_shown(conn, kind, record_id)
        ]
        properties["verifications"] = await verifying.shown(conn, kind, record_id)
    else:
        properties.pop("decided_by", None)
    return feature, row["version"]


async def _answer(conn: Conn, kind: Kind, record_id: UUID, principal: Principal, status: int = 200) -> Response:
    feature, version = await detail(conn, kind, record_id, principal)
    return json_response(feature, status, {"ETag": etag(version)})


async def follow_needs(request: Request, conn: Conn, ctx: Context, need_ids: Sequence[UUID]) -> None:
    """Let tasks follow the needs that a person has changed, in the same transaction."""
    for hook in getattr(request.app.state, "on_needs", ()):
        await hook(conn, ctx, list(need_ids))


async def _editable(conn: Conn, kind: Kind, record_id: UUID, principal: Principal) -> None:
    within = visible(principal, f"{kind}.edit")
    one = needs.one if kind == "need" else incidents.one
    await one(conn, record_id, within)


@router.get("/needs/{need_id}")
async def need(conn: Tx, need_id: UUID, principal: NeedReader) -> Response:
    """One need at its shown point: why it ranks where it does, what happened, which reports stand behind it."""
    return await _answer(conn, "need", need_id, principal)


@router.get("/incidents/{incident_id}")
async def incident(conn: Tx, incident_id: UUID, principal: IncidentReader) -> Response:
    """One incident, what happened to it, which reports stand behind it."""
    return await _answer(conn, "incident", incident_id, principal)


@router.patch("/needs/{need_id}")
async def edit_need(
    request: Request, conn: Tx, ctx: Ctx, need_id: UUID, body: NeedEdit, principal: NeedEditor, version: Version
) -> Response:
    """Decide fields of a need: reports that come later leave these alone. 412 shows what somebody else decided."""
    before = await need_queries.one(conn, need_id)
    await needs.edit(conn, need_id, body.changes(), version, principal)
    await verifying.edited(conn, ctx, "need", before, body.changes().get("verification"), principal)
    await follow_needs(request, conn, ctx, [need_id])
    return await _answer(conn, "need", need_id, principal)


@router.patch("/incidents/{incident_id}")
async def edit_incident(
    conn: Tx, ctx: Ctx, incident_id: UUID, body: IncidentEdit, principal: IncidentEditor, version: Version
) -> Response:
    """Decide fields of an incident; its closure follows. 412 shows what somebody else decided."""
    before = await incident_queries.one(conn, incident_id)
    await incidents.edit(conn, incident_id, body.changes(), version, principal)
    await verifying.edited(conn, ctx, "incident", before, body.changes().get("verification"), principal)
    await closures.follow(conn, [incident_id], principal.actor)
    return await _answer(conn, "incident", incident_id, principal)


@router.post("/needs/{need_id}/merge")
async def merge_needs(
    request: Request, conn: Tx, ctx: Ctx, need_id: UUID, body: Merge, principal: NeedEditor
) -> Response:
    """Give the reports of `other` to this need; `other` is closed and names it."""
    for record_id in (need_id, body.other):
        await _editable(conn, "need", record_id, principal)
    await links.merge(conn, ctx, links.Subject("need", need_id), body.other, principal.actor)
    await follow_needs(request, conn, ctx, [need_id, body.other])
    return await _answer(conn, "need", need_id, principal)


@router.post("/incidents/{incident_id}/merge")
async def merge_incidents(conn: Tx, ctx: Ctx, incident_id: UUID, body: Merge, principal: IncidentEditor) -> Response:
    """Give the reports and needs of `other` to this incident; `other` is resolved and names it."""
    for record_id in (incident_id, body.other):
        await _editable(conn, "incident", record_id, principal)
    await links.merge(conn, ctx, links.Subject("incident", incident_id), body.other, principal.actor)
    return await _answer(conn, "incident", incident_id, principal)


@router.post("/needs/{need_id}/split")
async def split_need(
    request: Request, conn: Tx, ctx: Ctx, need_id: UUID, body: Split, principal: NeedEditor
) -> Response:
    """Let a report leave this need and stand as one of its own; answers with both."""
    await _editable(conn, "need", need_id, principal)
    made = await links.split(conn, ctx, links.Subject("need", need_id), body.report, principal.actor)
    await follow_needs(request, conn, ctx, [need_id, made])
    return json_response(
        {
            "kept": (await detail(conn, "need", need_id, principal))[0],
            "made": (await detail(conn, "need", made, principal))[0],
        },
        201,
    )


@router.post("/incidents/{incident_id}/split")
async def split_incident(conn: Tx, ctx: Ctx, incident_id: UUID, body: Split, principal: IncidentEditor) -> Response:
    """Let a report leave this incident and stand as one of its own; answers with both."""
    await _editable(conn, "incident", incident_id, principal)
    made = await links.split(conn, ctx, links.Subject("incident", incident_id), body.report, principal.actor)
    return json_response(
        {
            "kept": (await detail(conn, "incident", incident_id, principal))[0],
            "made": (await detail(conn, "incident", made, principal))[0],
        },
        201,
    )
