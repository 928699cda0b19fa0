"""Places and centres over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.errors import bad_request
from server.kernel.geo import on_earth, parse_bbox
from server.kernel.http import etag, if_match, json_response
from server.places import searching, service
from server.places.schemas import CentreEdit, NewCentre, PlaceSearch

router = APIRouter(prefix="/api")
Limit = Annotated[int, Query(ge=1, le=200)]
Edit = Annotated[Principal, allow("centre.edit")]


@router.get("/places", dependencies=[allow("place.read")])
async def places(
    conn: Tx,
    q: str | None = None,
    bbox: str | None = None,
    kind: str | None = None,
    within: UUID | None = None,
    near: str | None = None,
    limit: Limit = 20,
) -> Response:
    """Search by name (`q`: either script, "name, province"), or list the biggest places.

    `kind` is comma-separated; `within` is a province's, county's or town's id; `near` is lon,lat and only ranks.
    A point (coordinates, a plus code) may be somebody's home and is refused here: addresses are kept in logs.
    """
    if q and searching.tells_point(q):
        raise bad_request(
            "place.point_in_address",
            "A point is asked for by POST /api/places/search.",
            "مختصات را با POST /api/places/search بپرسید.",
        )
    box = parse_bbox(bbox) if bbox else None
    kinds = [k for k in (kind or "").split(",") if k] or None
    found = await searching.search(
        conn, (q or "")[:300], box=box, kinds=kinds, within=within, near=_lon_lat(near), limit=limit
    )
    return json_response(found)


@router.post("/places/search", dependencies=[allow("place.read")])
async def search(conn: Tx, body: PlaceSearch) -> Response:
    """As `GET /api/places?q=`, for what may stand in no address: {q, near?, limit?}; coordinates and plus codes too."""
    found = await searching.search(conn, body.q, near=_lon_lat(body.near), limit=body.limit)
    return json_response(found, headers={"Cache-Control": "no-store"})


def _lon_lat(text: str | None) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        lon = lat = float("nan")
    if not on_earth(lon, lat):
        raise bad_request("near.invalid", "near is lon,lat in degrees.", "near باید طول،عرض به درجه باشد.")
    return lon, lat


@router.get("/places/{place_id}", dependencies=[allow("place.read")])
async def place(conn: Tx, place_id: UUID) -> Response:
    """One place: its outline where one is known, else its point with `accuracy_m`."""
    return json_response(await service.place(conn, place_id))


@router.get("/centres", dependencies=[allow("centre.read")])
async def centres(
    conn: Tx, bbox: str | None = None, active: Annotated[bool | None, Query()] = None, limit: Limit = 200
) -> Response:
    """The centres, as GeoJSON."""
    box = parse_bbox(bbox) if bbox else None
    return json_response(await service.centres(conn, box=box, active=active, limit=limit))


@router.get("/centres/{centre_id}", dependencies=[allow("centre.read")])
async def centre(conn: Tx, centre_id: UUID) -> Response:
    """One centre."""
    row = await service.centre(conn, centre_id)
    return json_response(service.centre_feature(row), headers={"ETag": etag(row["version"])})


@router.post("/centres")
async def create(conn: Tx, body: NewCentre, principal: Edit) -> Response:
    """A new centre: for those whose right is not limited to one."""
    if principal.centre_bound("centre.edit"):
        raise forbidden()
    row = await service.create_centre(conn, body.model_dump(exclude_none=True), principal.actor)
    return json_response(
        service.centre_feature(row), 201, {"ETag": etag(row["version"]), "Location": f"/api/centres/{row['id']}"}
    )


@router.patch("/centres/{centre_id}")
async def edit(
    conn: Tx, centre_id: UUID, body: CentreEdit, principal: Edit, version: Annotated[int, Depends(if_match)]
) -> Response:
    """Change a centre; 412 shows what somebody else has made of it."""
    if not principal.may("centre.edit", centre_id=centre_id):
        raise forbidden()
    row = await service.edit_centre(conn, centre_id, body.changes(), version, principal.actor)
    return json_response(service.centre_feature(row), headers={"ETag": etag(row["version"])})
