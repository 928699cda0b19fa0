"""Places and centres over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.kernel.db import Tx
from server.kernel.geo import parse_bbox
from server.kernel.http import etag, if_match, json_response
from server.places import service
from server.places.schemas import CentreEdit, NewCentre

router = APIRouter(prefix="/api")
Limit = Annotated[int, Query(ge=1, le=200)]
Edit = Annotated[Principal, allow("centre.edit")]


@router.get("/places", dependencies=[allow("place.read")])
async def places(
    conn: Tx, q: str | None = None, bbox: str | None = None, kind: str | None = None, limit: Limit = 20
) -> Response:
    """Search by name (`q`, either script), or the most populous places of `bbox`; `kind` is comma-separated."""
    box = parse_bbox(bbox) if bbox else None
    kinds = [k for k in (kind or "").split(",") if k] or None
    return json_response(await service.search(conn, (q or "")[:100] or None, box=box, kinds=kinds, limit=limit))


@router.get("/centres", dependencies=[allow("centre.read")])
async def centres(
    conn: Tx, bbox: str | None = None, active: Annotated[bool | None, Query()] = None, limit: Limit = 200
) -> Response:
    """The centres, as GeoJSON."""
    box = parse_bbox(bbox) if bbox else None
    return json_response(await service.centres(conn, box=box, active=active, limit=limit))


@router.get("/centres/{centre_id}", dependencies=[allow("centre.read")])
async def centre(conn: Tx, centre_id: UUID) -> Response:
    """One centre."""
    row = await service.centre(conn, centre_id)
    return json_response(service.centre_feature(row), headers={"ETag": etag(row["version"])})


@router.post("/centres")
async def create(conn: Tx, body: NewCentre, principal: Edit) -> Response:
    """A new centre: for those whose right is not limited to one."""
    if principal.centre_bound("centre.edit"):
        raise forbidden()
    row = await service.create_centre(conn, body.model_dump(exclude_none=True), principal.actor)
    return json_response(
        service.centre_feature(row), 201, {"ETag": etag(row["version"]), "Location": f"/api/centres/{row['id']}"}
    )


@router.patch("/centres/{centre_id}")
async def edit(
    conn: Tx, centre_id: UUID, body: CentreEdit, principal: Edit, version: Annotated[int, Depends(if_match)]
) -> Response:
    """Change a centre; 412 shows what somebody else has made of it."""
    if not principal.may("centre.edit", centre_id=centre_id):
        raise forbidden()
    row = await service.edit_centre(conn, centre_id, body.changes(), version, principal.actor)
    return json_response(service.centre_feature(row), headers={"ETag": etag(row["version"])})
