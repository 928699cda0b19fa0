"""Closures over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from server.access.guard import allow
from server.access.principal import Principal
from server.closures import service
from server.closures.schemas import ClosureEdit, NewClosure
from server.incidents.asking import Asked, asked
from server.incidents.listing import visible
from server.kernel.edge import Tx
from server.kernel.http import etag, if_match, json_response

router = APIRouter(prefix="/api")
Reader = Annotated[Principal, allow("closure.read")]
Editor = Annotated[Principal, allow("closure.edit")]


@router.get("/closures")
async def closures(conn: Tx, query: Annotated[Asked, Depends(asked)], principal: Reader) -> Response:
    """Closures by newest change, as GeoJSON; `category` filters by kind."""
    return json_response(await service.listed(conn, query.filters(principal, "closure.read")))


@router.get("/closures/{closure_id}")
async def closure(conn: Tx, closure_id: UUID, principal: Reader) -> Response:
    """One closure."""
    row = await service.one(conn, closure_id, visible(principal, "closure.read"))
    return json_response(service.feature(row), headers={"ETag": etag(row["version"])})


@router.post("/closures")
async def create(conn: Tx, body: NewClosure, principal: Editor) -> Response:
    """Draw a closure: a point, a line or an area."""
    row = await service.create(conn, body.model_dump(), principal)
    return json_response(
        service.feature(row), 201, {"ETag": etag(row["version"]), "Location": f"/api/closures/{row['id']}"}
    )


@router.patch("/closures/{closure_id}")
async def edit(
    conn: Tx, closure_id: UUID, body: ClosureEdit, principal: Editor, version: Annotated[int, Depends(if_match)]
) -> Response:
    """Change or lift a closure; 412 shows what somebody else has made of it."""
    row = await service.edit(conn, closure_id, body.changes(), version, principal)
    return json_response(service.feature(row), headers={"ETag": etag(row["version"])})
