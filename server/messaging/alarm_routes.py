"""`/api/alarms`: what stands now, and that somebody has seen it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.messaging import alarms

router = APIRouter(prefix="/api/alarms", tags=["messaging"])


def _within(principal: Principal, permission: str) -> list[UUID] | None:
    scopes = principal.scopes_for(permission)
    return None if any(s.emergency_id is None for s in scopes) else [s.emergency_id for s in scopes if s.emergency_id]


def _centres(principal: Principal, permission: str) -> list[UUID] | None:
    scopes = principal.scopes_for(permission)
    return None if any(s.centre_id is None for s in scopes) else [s.centre_id for s in scopes if s.centre_id]


@router.get("")
async def list_alarms(principal: Annotated[Principal, allow("alarm.read")], tx: Tx) -> Response:
    """Open alarms, newest first."""
    rows = await alarms.open_alarms(
        tx, within=_within(principal, "alarm.read"), centres=_centres(principal, "alarm.read")
    )
    return json_response({"items": [alarms.shown(row) for row in rows]})


@router.post("/{alarm_id}/seen")
async def see_alarm(principal: Annotated[Principal, allow("alarm.see")], alarm_id: UUID, tx: Tx) -> Response:
    """Somebody has seen it: the sound ends, the line stays until it is over. Twice is once."""
    row = await alarms.see(
        tx,
        alarm_id,
        principal.actor,
        within=_within(principal, "alarm.see"),
        centres=_centres(principal, "alarm.see"),
    )
    return json_response(alarms.shown(row))
