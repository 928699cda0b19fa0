"""Lists of incidents over HTTP. One record with its reports, edits, merges and splits: `reports/record_routes.py`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from server.access.guard import allow
from server.access.principal import Principal
from server.incidents import service
from server.incidents.asking import Asked, asked
from server.kernel.edge import Tx
from server.kernel.http import json_response

router = APIRouter(prefix="/api")


@router.get("/incidents")
async def incidents(
    conn: Tx, query: Annotated[Asked, Depends(asked)], principal: Annotated[Principal, allow("incident.read")]
) -> Response:
    """Incidents by newest change, as GeoJSON; `next` is the cursor of the following page."""
    return json_response(await service.listed(conn, query.filters(principal, "incident.read")))
