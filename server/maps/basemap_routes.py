"""The archives of the ground, by ranges, to whoever may see the map."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import FileResponse

from mapping import basemaps
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.errors import not_found

router = APIRouter(tags=["map"])
Reader = Annotated[Principal, allow("map.read")]
YEAR = 31_536_000


@router.get("/api/basemap")
async def grounds(request: Request, _principal: Reader) -> dict[str, Any]:
    """What lies under the map besides the outlines: `basemap` and `relief`, each with its address, or null."""
    kept = await asyncio.to_thread(basemaps.archives, request.app.state.settings.home)
    return {slot: kept[slot].page() if slot in kept else None for slot in basemaps.SLOTS}


@router.api_route("/api/basemap/{key}.pmtiles", methods=["GET", "HEAD"], response_class=Response)
async def archive(
    request: Request, _principal: Reader, key: Annotated[str, Path(pattern=f"^{basemaps.KEY.pattern}$")]
) -> Response:
    """An archive of tiles (PMTiles 3), whole or by ranges. Its address is of its content, so it never changes."""
    home = request.app.state.settings.home
    path = basemaps.archive_path(home, key)
    kept = await asyncio.to_thread(basemaps.archives, home)
    if all(one.key != key for one in kept.values()) or not await asyncio.to_thread(path.is_file):
        raise not_found("basemap")
    headers = {
        "ETag": f'"{key}"',
        "Cache-Control": f"private, max-age={YEAR}, immutable",
        "Vary": "Authorization, Cookie",
        "X-Content-Type-Options": "nosniff",
    }
    seen = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if "range" not in request.headers and headers["ETag"] in seen:
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type="application/vnd.pmtiles")
