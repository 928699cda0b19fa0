"""Drawings over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.drawings import service
from server.drawings.schemas import DrawingEdit, NewDrawing
from server.incidents.asking import Asked, asked
from server.incidents.listing import visible
from server.kernel.edge import Tx
from server.kernel.http import etag, if_match, json_response

router = APIRouter(prefix="/api/drawings", tags=["map"])
Ctx = Annotated[Context, Depends(context)]
Reader = Annotated[Principal, allow("drawing.read")]
Editor = Annotated[Principal, allow("drawing.edit")]


@router.get("")
async def drawings(conn: Tx, query: Annotated[Asked, Depends(asked)], principal: Reader) -> Response:
    """Notes, areas and routes by newest change, as GeoJSON without their words; `category` filters by kind."""
    return json_response(await service.listed(conn, query.filters(principal, "drawing.read")))


@router.get("/{drawing_id}")
async def drawing(conn: Tx, drawing_id: UUID, principal: Reader) -> Response:
    """One drawing, without its words."""
    row = await service.one(conn, drawing_id, visible(principal, "drawing.read"))
    return json_response(service.feature(row), headers={"ETag": etag(row["version"])})


@router.get("/{drawing_id}/words")
async def words(
    conn: Tx, ctx: Ctx, drawing_id: UUID, principal: Annotated[Principal, allow("drawing.open")]
) -> Response:
    """What is written on it; put down in the audit."""
    return json_response(await service.words(conn, ctx, drawing_id, principal), headers={"Cache-Control": "no-store"})


@router.post("")
async def create(conn: Tx, ctx: Ctx, body: NewDrawing, principal: Editor) -> Response:
    """Draw: 201 with the feature."""
    row = await service.create(conn, ctx, body.model_dump(), principal)
    return json_response(
        service.feature(row), 201, {"ETag": etag(row["version"]), "Location": f"/api/drawings/{row['id']}"}
    )


@router.patch("/{drawing_id}")
async def edit(
    conn: Tx,
    ctx: Ctx,
    drawing_id: UUID,
    body: DrawingEdit,
    principal: Editor,
    version: Annotated[int, Depends(if_match)],
) -> Response:
    """Change a drawing, or take it off the map; 412 shows what somebody else has made of it."""
    row = await service.edit(conn, ctx, drawing_id, body.changes(), version, principal)
    return json_response(service.feature(row), headers={"ETag": etag(row["version"])})
