"""Emergencies over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.emergencies import queries, service
from server.emergencies.schemas import EmergencyChange, NewEmergency, feature
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.kernel.geo import parse_bbox
from server.kernel.http import etag, if_match, json_response

router = APIRouter(prefix="/api/emergencies", tags=["emergencies"])
GEOJSON = "application/geo+json"


def within(principal: Principal, permission: str) -> list[UUID] | None:
    """The emergencies that a permission is limited to, None when it holds in all."""
    scopes = principal.scopes_for(permission)
    if any(scope.emergency_id is None for scope in scopes):
        return None
    return [scope.emergency_id for scope in scopes if scope.emergency_id]


@router.get("")
async def list_emergencies(
    principal: Annotated[Principal, allow("emergency.read")],
    tx: Tx,
    status: Literal["open", "closed"] | None = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    since: datetime | None = None,
    bbox: str | None = None,
) -> Response:
    """Emergencies, newest first."""
    rows = await queries.page(
        tx,
        limit=limit + 1,
        before=cursor,
        within=within(principal, "emergency.read"),
        status=status,
        since=since,
        box=parse_bbox(bbox) if bbox else None,
    )
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return json_response(
        {"type": "FeatureCollection", "features": [feature(row) for row in rows[:limit]], "next": more},
        media_type=GEOJSON,
    )


@router.get("/{emergency_id}")
async def get_emergency(
    principal: Annotated[Principal, allow("emergency.read")], emergency_id: UUID, tx: Tx
) -> Response:
    """One emergency and its version."""
    if not principal.may("emergency.read", emergency_id=emergency_id):
        raise not_found("emergency")
    row = await service.seen(tx, emergency_id)
    return json_response(feature(row), headers={"ETag": etag(row["version"])}, media_type=GEOJSON)


@router.post("")
async def create_emergency(
    principal: Annotated[Principal, allow("emergency.edit")],
    body: NewEmergency,
    tx: Tx,
    ctx: Annotated[Context, Depends(context)],
) -> Response:
    """Open an emergency; its code is its natural key."""
    row = await service.create(tx, body, drill=ctx.settings.drill, actor=principal.actor)
    return json_response(
        feature(row),
        201,
        {"ETag": etag(row["version"]), "Location": f"/api/emergencies/{row['id']}"},
        GEOJSON,
    )


@router.patch("/{emergency_id}")
async def change_emergency(
    principal: Annotated[Principal, allow("emergency.edit")],
    emergency_id: UUID,
    body: EmergencyChange,
    tx: Tx,
    version: Annotated[int, Depends(if_match)],
) -> Response:
    """Change or close it, as of the version that the editor saw."""
    if not principal.may("emergency.edit", emergency_id=emergency_id):
        raise not_found("emergency")
    row = await service.change(tx, emergency_id, version, body, actor=principal.actor)
    return json_response(feature(row), headers={"ETag": etag(row["version"])}, media_type=GEOJSON)
