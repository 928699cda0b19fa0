"""The map's routes: cells or records of a box, records by id, vector tiles."""

import hashlib
import zlib
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.http import json_response
from server.maps import asking, service, teams, volunteers
from server.maps.reading_queries import sealed_seq

router = APIRouter(tags=["map"])
NO_STORE = {"Cache-Control": "no-store"}
PACKED_FROM = 2048
"""Shorter answers go out as they are: packing them saves no packet."""
Ctx = Annotated[Context, Depends(context)]
Reader = Annotated[Principal, allow("map.read")]


def _cache(request: Request) -> service.ByteCache:
    state = request.app.state
    if not hasattr(state, "map_answers"):
        state.map_answers = service.ByteCache()
    kept: service.ByteCache = state.map_answers
    return kept


def _etag(seq: int, key: str) -> str:
    return f'"{seq}-{hashlib.blake2b(key.encode(), digest_size=9).hexdigest()}"'


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept-Encoding"}


def _seen(request: Request, tag: str) -> bool:
    return tag in [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]


async def _of_the_moment(ctx: Context, conn: Conn, principal: Principal, layer: str) -> list[dict[str, Any]]:
    centre = principal.centre_bound("volunteer.locate")
    if layer == "teams":
        return await teams.found(ctx, conn, centre, principal.emergency_id)
    return await volunteers.found(ctx, conn, centre)


def _answer(request: Request, body: bytes, media: str, tag: str) -> Response:
    """The answer, packed where the client takes it; its tag is then a weak one (RFC 9110, 8.8.1)."""
    headers = _headers(tag)
    if len(body) >= PACKED_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        kept = _cache(request)
        packed = kept.get(f"{tag}gz")
        if packed is None:
            packed = _gzip(body)
            kept.put(f"{tag}gz", packed)
        body = packed
        headers |= {"Content-Encoding": "gzip", "ETag": f"W/{tag}"}
    return Response(body, media_type=media, headers=headers)


def _gzip(body: bytes) -> bytes:
    # The quickest level: the next ones save a tenth and take three times as long.
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(body) + packer.flush()


@router.get("/api/map/cells")
async def cells(request: Request, ctx: Ctx, principal: Reader) -> Response:
    """What a box holds, as cells or as records, with its exact total.

    `bbox=w,s,e,n` (degrees, half-open), `zoom`, `layer`, and `emergency`, `status`, `category` (codes parted by
    commas), `since` (ISO 8601).
    """
    ask = asking.parse(principal, request.query_params)
    async with ctx.db.tx() as conn:
        await service.steady(conn)
        seq = await sealed_seq(conn)
        if ask.layer in asking.OF_THE_MOMENT:
            near = await _of_the_moment(ctx, conn, principal, ask.layer)
            return Response(volunteers.answer(near, ask, seq), media_type="application/json", headers=NO_STORE)
        emergency = await asking.emergency_of(conn, principal, ask.emergency, ask.layer)
        key = f"{emergency}{ask.key}"
        tag = _etag(seq, key)
        if _seen(request, tag):
            return Response(status_code=304, headers=_headers(tag))
        body = _cache(request).get(tag)
        if body is None:
            body = await service.cells(conn, ask, emergency, seq)
            _cache(request).put(tag, body)
    return _answer(request, body, "application/json", tag)


@router.get("/api/map/features")
async def features(
    ctx: Ctx,
    principal: Reader,
    layer: str,
    ids: Annotated[str, Query(max_length=8000)] = "",
    zoom: Annotated[float | None, Query(ge=0, le=asking.ZOOM_MOST)] = None,
) -> Response:
    """Up to 200 records of a layer by id; those that are not on the map (any more) are left out.

    `zoom`: how close they are looked at, which spares corners of shapes that nobody could see.
    """
    layer, wanted = asking.layer_for(principal, layer), asking.ids_of(ids)
    async with ctx.db.tx() as conn:
        await service.steady(conn)
        if layer in asking.OF_THE_MOMENT:
            near = await _of_the_moment(ctx, conn, principal, layer)
            body = volunteers.by_ids(near, {str(one) for one in wanted})
            return Response(body, media_type="application/geo+json", headers=NO_STORE)
        body = await service.by_ids(conn, layer, wanted, principal.emergency_id, zoom)
    return Response(body, media_type="application/geo+json", headers={"Cache-Control": "private, no-cache"})


@router.get("/tiles/{layer}.json")
async def tilejson(request: Request, principal: Reader, layer: str, emergency: str = "") -> Response:
    """TileJSON 3.0 of a layer's vector tiles, for GIS programs; `emergency` goes on into the tiles' address."""
    asking.layer_for(principal, layer)
    if layer == "volunteers":
        raise not_found("tiles")
    base = str(request.base_url).rstrip("/")
    query = f"?emergency={quote(emergency, safe='')}" if emergency else ""
    fields = {
        "id": "id of the record, where it stands alone",
        "code": "its code",
        "category": "taxonomy code",
        "status": "state",
        "urgency": "life, high, normal, none",
        "n": "how many",
        "life": "how many of them with a life in danger",
    }
    body = {
        "tilejson": "3.0.0",
        "name": f"Hamyar: {layer}",
        "tiles": [f"{base}/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt{query}"],
        "minzoom": 0,
        "maxzoom": 22,
        "vector_layers": [{"id": layer, "fields": fields}],
    }
    return json_response(body, headers={"Cache-Control": "private, no-cache"})


@router.get("/tiles/{layer}/{z}/{x}/{y}.mvt")
async def tile(
    request: Request,
    ctx: Ctx,
    principal: Reader,
    layer: str,
    z: Annotated[int, Path(ge=0, le=22)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
    emergency: str = "",
) -> Response:
    """A vector tile of a layer: records where they are few, else counts (`n`, `life`)."""
    asking.layer_for(principal, layer)
    if layer in asking.OF_THE_MOMENT or x >= 1 << z or y >= 1 << z:
        raise not_found("tile")
    async with ctx.db.tx() as conn:
        await service.steady(conn)
        seq = await sealed_seq(conn)
        whose = await asking.emergency_of(conn, principal, emergency, layer)
        tag = _etag(seq, f"{layer}/{z}/{x}/{y}@{whose}")
        if _seen(request, tag):
            return Response(status_code=304, headers=_headers(tag))
        body = _cache(request).get(tag)
        if body is None:
            body = await service.tile(conn, layer, whose, z, x, y)
            _cache(request).put(tag, body)
    return _answer(request, body, "application/vnd.mapbox-vector-tile", tag)
