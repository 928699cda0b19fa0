"""Hazard areas over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from server.access.guard import allow
from server.access.principal import Principal
from server.hazards import service
from server.hazards.queries import Wanted
from server.hazards.schemas import HazardEdit, NewHazard
from server.kernel import cursor as cursors
from server.kernel.edge import Tx
from server.kernel.geo import parse_bbox
from server.kernel.http import etag, if_match, json_response

router = APIRouter(prefix="/api/hazards", tags=["map"])
Reader = Annotated[Principal, allow("hazard.read")]
Editor = Annotated[Principal, allow("hazard.edit")]


@router.get("")
async def hazards(
    conn: Tx,
    principal: Reader,
    emergency: UUID | None = None,
    bbox: str | None = None,
    status: str = "",
    category: str = "",
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Areas of danger that touch the box, newest change first, as GeoJSON; `category` filters by kind."""
    wanted = Wanted(
        within=service.visible(principal, emergency),
        limit=limit,
        box=parse_bbox(bbox) if bbox else None,
        statuses=tuple(filter(None, status.split(","))),
        kinds=tuple(filter(None, category.split(","))),
        after=cursors.moment(cursor),
    )
    return json_response(await service.listed(conn, wanted))


@router.get("/{hazard_id}")
async def hazard(conn: Tx, hazard_id: UUID, principal: Reader) -> Response:
    """One area."""
    row = await service.one(conn, hazard_id, service.visible(principal))
    return json_response(service.feature(row), headers={"ETag": etag(row["version"])})


@router.post("")
async def create(conn: Tx, body: NewHazard, principal: Editor) -> Response:
    """Draw an area of danger: 201 with the feature."""
    row = await service.create(conn, body.model_dump(), principal)
    return json_response(
        service.feature(row), 201, {"ETag": etag(row["version"]), "Location": f"/api/hazards/{row['id']}"}
    )


@router.patch("/{hazard_id}")
async def edit(
    conn: Tx, hazard_id: UUID, body: HazardEdit, principal: Editor, version: Annotated[int, Depends(if_match)]
) -> Response:
    """Change an area or end it; 412 shows what somebody else has made of it."""
    row = await service.edit(conn, hazard_id, body.changes(), version, principal)
    return json_response(service.feature(row), headers={"ETag": etag(row["version"])})
