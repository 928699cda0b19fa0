"""The map's search over HTTP. By POST: what somebody looks for belongs in no address and no log."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.maps import finding

router = APIRouter(tags=["map"])


class Wanted(BaseModel):
    """What was typed, and in which emergency to look (all of the reader's own if none is named)."""

    model_config = ConfigDict(extra="forbid")
    q: Annotated[str, Field(min_length=1, max_length=80)]
    emergency: UUID | None = None


@router.post("/api/map/find")
async def find(conn: Tx, principal: Annotated[Principal, allow("map.read")], body: Wanted) -> Response:
    """{"items": [{layer, id, code, category, status, name, lon, lat}]}: codes first, then centres and shelters."""
    items: list[dict[str, Any]] = await finding.find(conn, principal, body.q, body.emergency)
    return json_response({"items": items})
