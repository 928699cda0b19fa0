"""Needs over HTTP. One record with its reports, edits, merges and splits: `reports/record_routes.py`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.incidents.asking import Asked, asked
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.needs import service

router = APIRouter(prefix="/api")


@router.get("/needs")
async def needs(
    conn: Tx, query: Annotated[Asked, Depends(asked)], principal: Annotated[Principal, allow("need.read")]
) -> Response:
    """Needs by newest change, as GeoJSON at their shown points; `next` is the cursor of the following page."""
    return json_response(await service.listed(conn, query.filters(principal, "need.read")))


@router.get("/needs/{need_id}/exact")
async def exact(
    conn: Tx,
    need_id: UUID,
    ctx: Annotated[Context, Depends(context)],
    principal: Annotated[Principal, allow("need.locate_exactly")],
) -> Response:
    """The exact point of one need; the event `need.located_exactly` tells who looked."""
    return json_response(await service.locate_exactly(conn, ctx, need_id, principal))
