"""android-sms-gateway: a phone with a SIM that posts its webhooks here."""

from fastapi import APIRouter, Request, Response

from server.kernel.http import json_response, read_body
from server.messaging.delivering import reported
from server.reports.doors.android_shape import Delivery, Ping, event_of
from server.reports.doors.caller import ByToken, Caller, Services, heard, keep, refusal
from server.reports.doors.signatures import android_signed, is_time

router = APIRouter(prefix="/intake/sms", tags=["intake"])


@router.post("/android")
async def android(caller: ByToken, request: Request, ctx: Services) -> Response:
    """A webhook of the app: a message that came, what became of one of ours, or a ping."""
    return await webhook(caller, request, ctx)


async def webhook(caller: Caller, request: Request, ctx: Services) -> Response:
    """Check the signature where the gateway has a signing key, then keep, pass on or note."""
    raw = await read_body(request, ctx.settings.max_body_bytes)
    gateway = caller.gateway
    if gateway and (key := gateway.secrets.get("signing_key")):
        timestamp = request.headers.get("x-timestamp", "")
        if not android_signed(key, raw, timestamp, request.headers.get("x-signature", "")):
            raise refusal(gateway, "signature")
        if not is_time(timestamp):
            raise refusal(gateway, "timestamp")
    event = event_of(raw, request.headers.get("content-type", "application/json"), caller.id)
    if isinstance(event, Ping):
        heard(caller)
        return json_response({"ok": True})
    if isinstance(event, Delivery):
        heard(caller)
        if gateway:
            async with ctx.db.tx() as conn:
                await reported(conn, gateway.id, event.reference, event.state)
        return json_response({"ok": True})
    # Unnumbered too: a double of which the app gives another time is one message all the same.
    done = await keep(request, caller, event, unnumbered=True)
    return json_response({"receipt": done.receipt, "report": done.id})
