"""Which report to check next, and what a person answers: so, not so, I do not know, ask the sender, take it back.

A record's details with `verifications`: `record_routes`.
"""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.incidents.rules import Verification
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.geo import parse_bbox
from server.kernel.http import etag, if_match, json_response
from server.kernel.redis import ring
from server.messaging.outbox import BELL
from server.reports import checks, verifying
from server.reports.checking_words import Reason
from server.reports.joining import Kind
from server.reports.record_routes import detail, follow_needs

router = APIRouter(prefix="/api", tags=["checks"])
Ctx = Annotated[Context, Depends(context)]
NeedEditor = Annotated[Principal, allow("need.edit")]
IncidentEditor = Annotated[Principal, allow("incident.edit")]
Seer = Annotated[Principal, allow("report.see")]
Writer = Annotated[Principal, allow("message.write")]
Version = Annotated[int, Depends(if_match)]


class Said(BaseModel):
    """What a record is, and why. `note`: words for colleagues, kept sealed."""

    model_config = ConfigDict(extra="forbid")
    verification: Verification
    reason: Reason | None = None
    note: str | None = Field(default=None, max_length=verifying.NOTE_CHARS)


class Asked(BaseModel):
    """`report`: whose sender is asked; without it the newest that can be."""

    model_config = ConfigDict(extra="forbid")
    report: UUID | None = None


@router.get("/checks")
async def next_checks(
    principal: Annotated[Principal, allow("report.list")],
    conn: Tx,
    emergency: UUID | None = None,
    centre: UUID | None = None,
    bbox: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Response:
    """What to check next, most worth first: {"items": [...], "next"}; `reasons` multiplied are the `score`."""
    box = parse_bbox(bbox) if bbox else None
    found = await checks.listed(conn, principal, emergency=emergency, centre=centre, box=box, page=cursor, limit=limit)
    return json_response(found)


async def _answer(
    conn: Conn, kind: Kind, record_id: UUID, principal: Principal, recall: Sequence[dict[str, Any]]
) -> Response:
    feature, version = await detail(conn, kind, record_id, principal)
    feature["properties"]["recall"] = list(recall)
    return json_response(feature, 200, {"ETag": etag(version)})


@router.post("/needs/{need_id}/verify")
async def verify_need(
    principal: NeedEditor, request: Request, conn: Tx, ctx: Ctx, need_id: UUID, body: Said, version: Version
) -> Response:
    """Say whether a need is so. Refuted: its score is 0, a task that waits is taken back, held ones are `recall`."""
    word = verifying.Word(body.verification, body.reason, body.note)
    recall = await verifying.verify(conn, ctx, "need", need_id, word, version, principal)
    await follow_needs(request, conn, ctx, [need_id])
    return await _answer(conn, "need", need_id, principal, recall)


@router.post("/incidents/{incident_id}/verify")
async def verify_incident(
    principal: IncidentEditor, conn: Tx, ctx: Ctx, incident_id: UUID, body: Said, version: Version
) -> Response:
    """Say whether an incident is so. Its closure follows; its live tasks are `recall`, a person's to decide about."""
    word = verifying.Word(body.verification, body.reason, body.note)
    recall = await verifying.verify(conn, ctx, "incident", incident_id, word, version, principal)
    return await _answer(conn, "incident", incident_id, principal, recall)


@router.post("/needs/{need_id}/verify/undo")
async def undo_need(
    principal: NeedEditor, request: Request, conn: Tx, ctx: Ctx, need_id: UUID, version: Version
) -> Response:
    """Take the last word about a need back, by another line."""
    recall = await verifying.undo(conn, ctx, "need", need_id, version, principal)
    await follow_needs(request, conn, ctx, [need_id])
    return await _answer(conn, "need", need_id, principal, recall)


@router.post("/incidents/{incident_id}/verify/undo")
async def undo_incident(principal: IncidentEditor, conn: Tx, ctx: Ctx, incident_id: UUID, version: Version) -> Response:
    """Take the last word about an incident back, by another line."""
    recall = await verifying.undo(conn, ctx, "incident", incident_id, version, principal)
    return await _answer(conn, "incident", incident_id, principal, recall)


@router.get("/verifications/{line_id}")
async def note(principal: Annotated[Principal, allow("report.open")], conn: Tx, ctx: Ctx, line_id: UUID) -> Response:
    """The note of one line, opened; the look is put on record as `note.opened`."""
    return json_response(await verifying.note_of(conn, ctx, line_id, principal))


@router.post("/needs/{need_id}/skip")
async def skip_need(principal: Seer, conn: Tx, need_id: UUID) -> Response:
    """Not sure: others are offered this need, you again in half an hour. {type, id, until}."""
    return json_response(await checks.skip(conn, "need", need_id, principal))


@router.post("/incidents/{incident_id}/skip")
async def skip_incident(principal: Seer, conn: Tx, incident_id: UUID) -> Response:
    """Not sure: others are offered this incident, you again in half an hour. {type, id, until}."""
    return json_response(await checks.skip(conn, "incident", incident_id, principal))


async def _ask(ctx: Context, kind: Kind, record_id: UUID, principal: Principal, body: Asked | None) -> Response:
    async with ctx.db.tx() as conn:
        done = await checks.ask(conn, ctx, kind, record_id, principal, body.report if body else None)
    await ring(ctx.redis, BELL)
    return json_response(done, 201)


@router.post("/needs/{need_id}/ask")
async def ask_need(principal: Writer, ctx: Ctx, need_id: UUID, body: Asked | None = None) -> Response:
    """Ask a sender of this need by text how it is now; once a report. 201 {message, report, until}."""
    return await _ask(ctx, "need", need_id, principal, body)


@router.post("/incidents/{incident_id}/ask")
async def ask_incident(principal: Writer, ctx: Ctx, incident_id: UUID, body: Asked | None = None) -> Response:
    """Ask a sender of this incident by text how it is now; once a report. 201 {message, report, until}."""
    return await _ask(ctx, "incident", incident_id, principal, body)
