"""What pages can say while the database is away: that messages are kept, and how many."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from server.access.guard import public, remembered
from server.kernel.http import json_response
from server.reports.sheltering import Shelter

router = APIRouter(prefix="/api", tags=["intake"])


@router.get("/spool")
async def spool(
    _open: Annotated[None, public("while the database is away nobody can be recognised, and pages must say so")],
    request: Request,
) -> Response:
    """{"open", "share", "filling", "usable"}; and {"records", "bytes", "limit", "oldest", "damaged"} for whoever this
    process has seen signed in: counts tell a stranger how an operation goes.
    """
    shelter: Shelter = request.app.state.shelter
    told = shelter.state() | (shelter.details() if remembered(request) else {})
    return json_response(told, headers={"Cache-Control": "no-store"})
