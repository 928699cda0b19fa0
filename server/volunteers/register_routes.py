"""Registration over HTTP, open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from server.access.context import Context, context
from server.access.guard import public
from server.kernel.edge import Tx
from server.kernel.http import json_response, language
from server.volunteers import registering
from server.volunteers.schemas import Registration

router = APIRouter(prefix="/api/volunteers")


@router.post("/register", dependencies=[public("whoever wants to help may say so; a centre looks at each")])
async def register(
    request: Request, conn: Tx, ctx: Annotated[Context, Depends(context)], asked: Registration
) -> Response:
    """201 {id, code, vetting: "pending"}; she signs in with her handle and sees when her centre has answered."""
    address = request.client.host if request.client else None
    done = await registering.register(conn, ctx, asked, address, language(request))
    return json_response(
        {"id": str(done.volunteer_id), "code": done.code, "vetting": done.vetting}, 201, {"Cache-Control": "no-store"}
    )
