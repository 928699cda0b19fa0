"""Choosing for oneself over HTTP: what is near, the next one, and what came of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.dispatch import aftermath, choosing, offer_presence
from server.dispatch.claim_routes import KEY_LENGTH, claims
from server.dispatch.schemas import Strict
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.volunteers.hearing import heard

router = APIRouter()
Ctx = Annotated[Context, Depends(context)]
RADIUS_KM = 30.0
RADIUS_MOST_KM = 150.0


class NextCall(Strict):
    """For whom; left out: for oneself."""

    volunteer: UUID | None = None


class NearCall(Strict):
    """Where one is, for what is near: in a body, so that no address of a request tells it."""

    lat: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    lon: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    radius_km: float = Field(default=RADIUS_KM, gt=0, le=RADIUS_MOST_KM, allow_inf_nan=False)
    volunteer: UUID | None = None
    limit: int = Field(default=30, ge=1, le=100)


@router.post("/api/tasks/near")
async def near_me(who: Annotated[Principal, allow("task.read")], conn: Tx, ctx: Ctx, asked: NearCall) -> Response:
    """As GET, with the point in the body: the way for programs that know where somebody stands."""
    return await near(who, conn, ctx, asked.lat, asked.lon, asked.radius_km, asked.volunteer, asked.limit)


@router.get("/api/tasks/near")
async def near(
    who: Annotated[Principal, allow("task.read")],
    conn: Tx,
    ctx: Ctx,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
    radius_km: Annotated[float, Query(gt=0, le=RADIUS_MOST_KM)] = RADIUS_KM,
    volunteer: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 30,
) -> Response:
    """Open tasks near a point that she can do, the best first, with reasons. Without a point: near where she was last,
    else near her centre. The point is taken to about a kilometre; who knows it better than that sends it by POST.
    """
    person = await choosing.herself(conn, ctx, who, volunteer, "task.read")
    if who.volunteer_id is not None:
        await heard(conn, [who.volunteer_id])
        await offer_presence.seen(ctx, who.volunteer_id)
    at = (lon, lat) if lon is not None and lat is not None else None
    features = await choosing.near(conn, who, person, at, radius_km, limit)
    return json_response({"type": "FeatureCollection", "next": None, "features": features})


@router.post("/api/dispatch/next")
async def next_task(
    who: Annotated[Principal, allow("task.claim")],
    request: Request,
    ctx: Ctx,
    call: NextCall | None = None,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=KEY_LENGTH)] = None,
) -> Response:
    """Claim what suits her best of all queues of her centre: {"tasks": [one], "points", "reasons"}."""
    asked = call.volunteer if call else None
    done = await choosing.next_task(ctx, claims(request), who, asked, key)
    if who.volunteer_id is not None:
        await offer_presence.seen(ctx, who.volunteer_id)
    return json_response(done)


@router.get("/api/tasks/{task_id}/after")
async def after(who: Annotated[Principal, allow("task.read")], conn: Tx, task_id: UUID) -> Response:
    """What a task has changed, for those who held it and their dispatchers."""
    return json_response(await aftermath.after(conn, who, task_id))
