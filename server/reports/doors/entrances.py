"""Entrances that every kind of gateway shares: the secret path and the beat."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from server.access.guard import public
from server.kernel.http import json_response
from server.messaging.beats import beat
from server.reports import sms_routes
from server.reports.doors import android, panel, twilio
from server.reports.doors.caller import ByToken, Caller, Services, by_path

router = APIRouter(prefix="/intake/sms", tags=["intake"])
Open = Annotated[None, public("the secret in the path is the gateway's way in; 256 random bits, kept as a hash")]
ByPath = Annotated[Caller, Depends(by_path)]


@router.get("/beat")
@router.post("/beat")
async def beat_by_token(caller: ByToken) -> Response:
    """A gateway, or something that watches it, says that it is there."""
    return _noted(caller)


@router.get("/p/{secret}/beat")  # noqa: FAST003 - `by_path` takes it
@router.post("/p/{secret}/beat")
async def beat_by_path(_: Open, caller: ByPath) -> Response:
    """As `/beat`, for a gateway with a secret path."""
    return _noted(caller)


def _noted(caller: Caller) -> Response:
    if caller.gateway:
        beat(caller.gateway.id, "beat")
    return json_response({"ok": True, "watched": bool(caller.gateway and caller.gateway.beat_s)})


@router.get("/p/{secret}")  # noqa: FAST003 - `by_path` takes it
async def get_by_path(_: Open, caller: ByPath, request: Request, ctx: Services) -> Response:
    """A message in an address: Kannel's `get-url`, or a panel."""
    if caller.gateway and caller.gateway.kind == "kannel":
        return await sms_routes.kannel_get(caller, request)
    return await panel.handed_over(caller, request, ctx)


@router.post("/p/{secret}")  # noqa: FAST003 - `by_path` takes it
async def post_by_path(_: Open, caller: ByPath, request: Request, ctx: Services) -> Response:
    """A message in the shape of the gateway's kind."""
    kind = caller.gateway.kind if caller.gateway else "generic"
    if kind == "android":
        return await android.webhook(caller, request, ctx)
    if kind == "twilio":
        return await twilio.posted(caller, request, ctx)
    if kind == "kannel":
        return await sms_routes.kannel_post(caller, request, ctx)
    return await panel.handed_over(caller, request, ctx)
