"""Twilio-shaped gateways: form posts signed over the public URL; an empty TwiML answer, so nothing is texted back."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from server.kernel.http import read_body
from server.kernel.ids import uuid7
from server.messaging.adapters.twilio import REPORTS
from server.messaging.delivering import reported
from server.reports.doors.caller import ByToken, Caller, Services, heard, keep, refusal
from server.reports.doors.forms import first, pairs_of
from server.reports.doors.signatures import twilio_signed
from server.reports.intake import Incoming
from server.reports.rules import in_order

router = APIRouter(prefix="/intake/sms", tags=["intake"])
EMPTY: Final = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
_OWN: Final = frozenset({"Body", "From", "To"})


@router.post("/twilio")
async def twilio(caller: ByToken, request: Request, ctx: Services) -> Response:
    """An incoming message, or the state of one of ours."""
    return await posted(caller, request, ctx)


async def posted(caller: Caller, request: Request, ctx: Services) -> Response:
    """Check the signature where the gateway has an auth token, then keep or pass on."""
    raw = await read_body(request, ctx.settings.max_body_bytes)
    pairs = [(name, value.decode("utf-8", "replace")) for name, value in pairs_of(raw)]
    gateway = caller.gateway
    if gateway and (auth_token := gateway.secrets.get("auth_token")):
        query = request.scope.get("query_string", b"").decode("latin-1")
        url = ctx.settings.url + request.url.path + (f"?{query}" if query else "")
        if not twilio_signed(auth_token, url, pairs, request.headers.get("x-twilio-signature", "")):
            raise refusal(gateway, "signature")
    values = dict(pairs)
    said = values.get("MessageStatus", values.get("SmsStatus", "")).lower()
    if "Body" not in values and (state := REPORTS.get(said)):
        heard(caller)
        reference = values.get("MessageSid") or values.get("SmsSid")
        if gateway and reference:
            async with ctx.db.tx() as conn:
                await reported(conn, gateway.id, reference, state)
    else:
        item, numbered = message_of(raw, pairs, caller.id)
        await keep(request, caller, item, unnumbered=not numbered)
    return Response(EMPTY, media_type="text/xml")


def message_of(raw: bytes, pairs: Sequence[tuple[str, str]], caller_id: UUID) -> tuple[Incoming, bool]:
    """The message in a post, and whether it bears an id of its own. Pictures stay with Twilio; their links are kept."""
    values = dict(pairs)
    key = values.get("MessageSid") or values.get("SmsMessageSid") or values.get("SmsSid")
    body = first(pairs_of(raw), ("Body",)) if "Body" in values else None
    media = values.get("NumMedia", "0").strip()
    flags = [] if key else ["no_id"]
    if not values.get("From"):
        flags.append("no_sender")
    if media not in {"", "0"}:
        flags.append("media")
    if "Body" not in values:
        flags.append("malformed")
        body = raw
    item = Incoming(
        "sms",
        f"sms:twilio:{caller_id}",
        key or str(uuid7()),
        body or b"",
        values.get("From") or None,
        values.get("To") or None,
        "text/plain; charset=utf-8",
        {name: value for name, value in pairs if name not in _OWN},
        flags=in_order(flags),
    )
    return item, bool(key)
