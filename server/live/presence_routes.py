"""`POST /api/presence`: a page of the map says where it looks, and hears who else does."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.http import json_response
from server.live import presence, queries

router = APIRouter(tags=["live"])


class Open(BaseModel):
    """A record in the side panel."""

    layer: Annotated[str, Field(pattern="^[a-z_]{1,20}$")]
    id: UUID


class Looking(BaseModel):
    """Where a page looks. `tab`: random, told anew by each page; `gone`: it is being closed."""

    model_config = ConfigDict(extra="forbid")
    tab: Annotated[str, Field(pattern="^[a-z0-9]{8,24}$")]
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    zoom: Annotated[int, Field(ge=0, le=24)]
    open: Open | None = None
    emergency: UUID | None = None
    gone: bool = False


@router.post("/api/presence")
async def tell(
    looking: Looking,
    ctx: Annotated[Context, Depends(context)],
    principal: Annotated[Principal, allow(presence.PERMISSION)],
) -> Response:
    """{"others": [{key, colour, role, centre, lon, lat, zoom, open}], "seen"}: colleagues at the map in the last half
    minute. `seen` is false while nobody can be seen, because Redis is away. 429 for more than forty in twenty seconds.
    """
    told = looking.model_dump()
    told["open"] = (looking.open.layer, looking.open.id) if looking.open else None
    mark = presence.mark_of(ctx, principal, told)
    if looking.gone:
        await presence.leave(ctx, mark)
        return json_response({"others": [], "seen": True})
    marks = await presence.tell(ctx, mark)
    names = await queries.names_of_centres(ctx.db, {one.centre for one in marks or () if one.centre})
    others = presence.shown(principal, mark, looking.emergency, marks or (), names)
    return json_response({"others": others, "seen": marks is not None})
