"""`/api/duties`: who is on duty, put on and taken off."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.http import etag, json_response
from server.messaging import duty
from server.messaging import duty_queries as queries
from server.messaging.duty_schemas import DutyChange, NewDuty

router = APIRouter(prefix="/api/duties", tags=["messaging"])
Ctx = Annotated[Context, Depends(context)]
_PRIVATE = {"Cache-Control": "no-store"}


@router.get("")
async def list_duties(
    principal: Annotated[Principal, allow("duty.read")],
    conn: Tx,
    ctx: Ctx,
    *,
    emergency: UUID | None = None,
    over: bool = False,
) -> Response:
    """The roster: {"items": […]}, who is on now first. Numbers are masked but for their own account."""
    scopes = principal.scopes_for("duty.read")
    bound = None if any(s.emergency_id is None for s in scopes) else [s.emergency_id for s in scopes if s.emergency_id]
    rows = await queries.listed(conn, within=bound, emergency=emergency, over=over)
    return json_response({"items": [duty.shown(ctx, row, principal) for row in rows], "next": None}, headers=_PRIVATE)


@router.post("")
async def add_duty(principal: Annotated[Principal, allow("duty.edit")], conn: Tx, ctx: Ctx, body: NewDuty) -> Response:
    """Put a telephone on duty."""
    row = await duty.add(conn, ctx, principal, body)
    return json_response(duty.shown(ctx, row, principal), 201, {"ETag": etag(row["version"]), **_PRIVATE})


@router.patch("/{duty_id}")
async def change_duty(
    principal: Annotated[Principal, allow("duty.edit")],
    conn: Tx,
    ctx: Ctx,
    duty_id: UUID,
    body: DutyChange,
    if_match: Annotated[str | None, Header(alias="If-Match")] = None,
) -> Response:
    """End a duty or move its end. `If-Match` guards another's change where it is given; ending twice is once."""
    version = int(digits) if if_match and (digits := if_match.strip('W/" ')).isdigit() else None
    row = await duty.change(conn, principal, duty_id, body, version)
    return json_response(duty.shown(ctx, row, principal), headers={"ETag": etag(row["version"]), **_PRIVATE})
