"""Volunteers over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.kernel import cursor as cursors
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.kernel.http import etag, if_match, json_response
from server.volunteers import positions, queries, service, vetting
from server.volunteers.hearing import heard
from server.volunteers.own_routes import volunteer_of
from server.volunteers.schemas import NewVolunteer, PositionReport, Vetting, VettingMany, VolunteerChange

router = APIRouter(prefix="/api/volunteers")
Ctx = Annotated[Context, Depends(context)]


class Filters(BaseModel):
    """The query of the list."""

    model_config = ConfigDict(extra="ignore")

    centre: UUID | None = None
    status: str | None = None
    skill: str | None = None
    gender: str | None = None
    vetting: str | None = None
    since: datetime | None = None
    cursor: str | None = None
    limit: int = Field(default=200, ge=1, le=1000)


def _feature(row: DictRow, position: positions.Position | None) -> dict[str, Any]:
    point = (position.lon, position.lat) if position else (row["centre_lon"], row["centre_lat"])
    where = (
        {"source": "position", "age_s": position.age_s, "accuracy_m": position.accuracy_m}
        if position
        else {"source": "centre", "age_s": None, "accuracy_m": None}
    )
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": {"type": "Point", "coordinates": list(point)},
        "properties": {**service.shown(row), "where": where},
    }


async def _one(conn: Conn, who: Principal, permission: str, volunteer_id: UUID) -> DictRow:
    row = await queries.volunteer(conn, volunteer_id)
    if row is None or not who.may(permission, centre_id=row["centre_id"]):
        raise not_found("volunteer")
    return row


@router.get("")
async def volunteers(
    who: Annotated[Principal, allow("volunteer.read")], conn: Tx, ctx: Ctx, asked: Annotated[Filters, Query()]
) -> Response:
    """Codes, skills and coarse places; never a name or a number."""
    scopes = who.scopes_for("volunteer.read")
    mine = None if any(s.centre_id is None for s in scopes) else [s.centre_id for s in scopes if s.centre_id]
    wanted = [asked.centre] if asked.centre and (mine is None or asked.centre in mine) else mine
    if asked.centre and mine is not None and asked.centre not in mine:
        wanted = []
    filters = {
        "centres": wanted,
        "status": asked.status,
        "skill": asked.skill,
        "gender": asked.gender,
        "vetting": asked.vetting,
        "since": asked.since,
    }
    after = cursors.text(asked.cursor)
    rows = await queries.volunteers(conn, filters, after[0] if after else "", asked.limit + 1)
    page = rows[: asked.limit]
    seen = [r["id"] for r in page if who.may("volunteer.locate", centre_id=r["centre_id"])]
    where = await positions.of(ctx, seen)
    more = cursors.encode(page[-1]["code"], page[-1]["id"]) if len(rows) > asked.limit else None
    return json_response(
        {"type": "FeatureCollection", "next": more, "features": [_feature(row, where.get(row["id"])) for row in page]}
    )


@router.post("")
async def add(who: Annotated[Principal, allow("volunteer.edit")], conn: Tx, ctx: Ctx, asked: NewVolunteer) -> Response:
    """A new volunteer."""
    if not who.may("volunteer.edit", centre_id=asked.centre):
        raise forbidden()
    volunteer_id = await service.create(conn, ctx, asked, who.actor)
    row = await _one(conn, who, "volunteer.edit", volunteer_id)
    return json_response(_feature(row, None), 201, {"ETag": etag(row["version"])})


@router.post("/me/position")
async def my_position(
    who: Annotated[Principal, allow("volunteer.report_position")], ctx: Ctx, asked: PositionReport
) -> Response:
    """Where I am, kept coarse and for two hours; a sign of life too."""
    volunteer_id = volunteer_of(who)
    async with ctx.db.tx() as conn:  # of its own: a sign of life counts even when Redis is away
        await heard(conn, [volunteer_id])
    await positions.keep(ctx, volunteer_id, asked.lon, asked.lat, asked.accuracy_m)
    return Response(status_code=204)


@router.get("/{volunteer_id}")
async def one(who: Annotated[Principal, allow("volunteer.read")], conn: Tx, ctx: Ctx, volunteer_id: UUID) -> Response:
    """One volunteer; with name and number for those who may edit them, and that look is put on record."""
    row = await _one(conn, who, "volunteer.read", volunteer_id)
    where = await positions.of(ctx, [row["id"]] if who.may("volunteer.locate", centre_id=row["centre_id"]) else [])
    feature = _feature(row, where.get(row["id"]))
    if who.may("volunteer.edit", centre_id=row["centre_id"]):
        feature["properties"] |= await service.open_one(conn, ctx, row, who.actor)
    return json_response(feature, headers={"ETag": etag(row["version"]), "Cache-Control": "no-store"})


@router.patch("/{volunteer_id}")
async def change(
    who: Annotated[Principal, allow("volunteer.edit")],
    conn: Tx,
    ctx: Ctx,
    volunteer_id: UUID,
    asked: VolunteerChange,
    version: Annotated[int, Depends(if_match)],
) -> Response:
    """Change some fields; `If-Match` names the version that the editor saw."""
    await _one(conn, who, "volunteer.edit", volunteer_id)
    if asked.centre and not who.may("volunteer.edit", centre_id=asked.centre):
        raise forbidden()
    row = await service.change(conn, ctx, volunteer_id, asked, version, who.actor)
    return json_response(_feature(row, None), headers={"ETag": etag(row["version"])})


@router.post("/vet")
async def vet_many(who: Annotated[Principal, allow("volunteer.vet")], conn: Tx, asked: VettingMany) -> Response:
    """One word on many who wait: {volunteers, decision, reason?} → {"decided"}. 404 when one is another centre's."""
    for volunteer_id in asked.volunteers:
        await _one(conn, who, "volunteer.vet", volunteer_id)
    done = await vetting.decide_many(conn, asked.volunteers, asked.decision, who.actor, asked.reason)
    return json_response({"decided": done})


@router.post("/{volunteer_id}/vet")
async def vet(
    who: Annotated[Principal, allow("volunteer.vet")], conn: Tx, volunteer_id: UUID, asked: Vetting
) -> Response:
    """A centre's word on somebody who registered: {decision: vetted | refused}. Refusal forgets name and number."""
    await _one(conn, who, "volunteer.vet", volunteer_id)
    await vetting.decide(conn, volunteer_id, asked.decision, who.actor)
    row = await _one(conn, who, "volunteer.vet", volunteer_id)
    return json_response(_feature(row, None), headers={"ETag": etag(row["version"])})
