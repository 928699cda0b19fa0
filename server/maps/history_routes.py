"""The past of the map over HTTP."""

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Request, Response

from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.errors import bad_request
from server.maps import asking, history
from server.maps.history_models import LAYERS_KEPT

router = APIRouter(tags=["map"])


@router.get("/api/map/history")
async def past(
    request: Request,
    conn: Tx,
    principal: Annotated[Principal, allow("map.read")],
    layers: str = "needs,incidents,tasks",
) -> Response:
    """What the map showed from the first change to the last, to be played at any speed (`history.replay`).

    `bbox=w,s,e,n`, `zoom`, `emergency` as `/api/map/cells` takes them; `layers` parted by commas.
    """
    wanted = [layer for layer in LAYERS_KEPT if layer in asking.codes(layers)]
    if not wanted:
        raise bad_request(
            "map.history_layer",
            f"A past have {', '.join(LAYERS_KEPT)}.",
            "گذشتهٔ این لایه‌ها نگه داشته نمی‌شود.",
            layers=list(LAYERS_KEPT),
        )
    for layer in wanted:
        asking.layer_for(principal, layer)
    ask = asking.parse(principal, {**request.query_params, "layer": wanted[0]})
    emergency = await asking.emergency_of(conn, principal, ask.emergency, wanted[0])
    found = await history.replay(conn, emergency, wanted, ask.boxes, ask.zoom)
    body = await asyncio.to_thread(orjson.dumps, found)
    return Response(body, media_type="application/json", headers={"Cache-Control": "private, no-store"})
