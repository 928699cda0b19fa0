"""SMS gateways: each in its own shape, thin, answered after the commit. A person's message is never refused."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Depends, Request, Response

from server.access.context import Context, context
from server.kernel.http import json_response, read_body
from server.kernel.ids import uuid7
from server.reports.doors import panel, panel_shape
from server.reports.doors.caller import ByToken, Caller, keep
from server.reports.doors.forms import body_pairs, first, is_form
from server.reports.intake import Incoming
from server.reports.rules import in_order
from server.reports.schemas import claim, parse_object
from server.reports.udh import as_meta, from_meta, header_of

router = APIRouter(prefix="/intake/sms", tags=["intake"])
Services = Annotated[Context, Depends(context)]
_KANNEL_META: Final = (
    "x-kannel-time",
    "x-kannel-udh",
    "x-kannel-coding",
    "x-kannel-smsc",
    "x-kannel-service",
)
_UCS2: Final = "2"


@router.post("/kannel")
async def kannel_post(gateway: ByToken, request: Request, ctx: Services) -> Response:
    """Kannel's `post-url` with `accept-x-kannel-headers`: the body is the text; `id=%I&smsc=%i` in the address."""
    body = await read_body(request, ctx.settings.max_body_bytes)
    query, headers = _query(request), request.headers
    content_type = headers.get("content-type", "text/plain; charset=utf-8")
    sender = headers.get("x-kannel-from") or _text(query.get("from"))
    recipient = headers.get("x-kannel-to") or _text(query.get("to"))
    meta = {name: headers[name] for name in _KANNEL_META if headers.get(name)}
    return await _kannel(request, gateway, query, (body, content_type), (_wide(sender), _wide(recipient)), meta)


@router.get("/kannel")
async def kannel_get(gateway: ByToken, request: Request) -> Response:
    """Kannel's `get-url`: `id=%I&smsc=%i&from=%p&to=%P&text=%b&charset=%C&coding=%c`.

    Prefer POST: addresses are logged.
    """
    query = _query(request)
    charset = _text(query.get("charset")) or ("utf-16be" if _text(query.get("coding")) == _UCS2 else "utf-8")
    meta: dict[str, Any] = {name: _text(query[name]) for name in ("coding", "time") if name in query}
    if query.get("udh"):
        meta["udh"] = header_of(query["udh"]).hex()
    people = _text(query.get("from")), _text(query.get("to"))
    return await _kannel(
        request, gateway, query, (query.get("text", b""), f"text/plain; charset={charset}"), people, meta
    )


async def _kannel(
    request: Request,
    gateway: Caller,
    query: Mapping[str, bytes],
    content: tuple[bytes, str],
    people: tuple[str | None, str | None],
    meta: Mapping[str, Any],
) -> Response:
    """Keep it. 200 with an empty body: whatever stood there could be texted back to the sender.

    Kannel repeats an unanswered request with the same id; of a message that the network delivers twice, each copy
    gets an id of its own, so the same words from the same sender within the window count as one as well.
    """
    key, smsc = _text(query.get("id")), _text(query.get("smsc")) or ""
    flags = [] if key else ["no_id"]
    if not people[0]:
        flags.append("no_sender")
    if part := from_meta(meta):
        flags.append("part")
        meta = {**meta, "part": as_meta(part)}
    item = Incoming(
        "sms",
        "sms:kannel",
        key or str(uuid7()),
        content[0],
        people[0] or None,
        people[1] or None,
        content[1],
        {**meta, "smsc": smsc},
        flags=in_order(flags),
    )
    await keep(request, gateway, item, unnumbered=True)
    return Response(status_code=200, media_type="text/plain")


@router.post("/generic")
async def generic(gateway: ByToken, request: Request, ctx: Services) -> Response:
    """{id, from, to, text, received_at} → 200 {"receipt", "report"}; whatever else comes is kept, flagged."""
    if gateway.gateway and gateway.gateway.settings.get("map"):
        return await panel.handed_over(gateway, request, ctx)
    raw = await read_body(request, ctx.settings.max_body_bytes)
    content_type = request.headers.get("content-type", "application/octet-stream")
    if is_form(content_type) and parse_object(raw).data is None:
        return await panel.handed_over(gateway, request, ctx, raw)
    item, numbered = generic_message(raw, content_type, f"sms:generic:{gateway.id}")
    done = await keep(request, gateway, item, unnumbered=not numbered)
    return json_response({"receipt": done.receipt, "report": done.id})


@router.get("/generic")
async def generic_get(gateway: ByToken, request: Request, ctx: Services) -> Response:
    """A panel that can only call an address: its parameters under the names of the gateway's map, or the usual ones."""
    return await panel.handed_over(gateway, request, ctx)


def generic_message(raw: bytes, content_type: str, source: str) -> tuple[Incoming, bool]:
    """The message in a generic gateway's request, and whether it bears an id of its own."""
    parsed = parse_object(raw)
    data = parsed.data or {}
    key, sender, recipient = _scalar(data.get("id")), _scalar(data.get("from")), _scalar(data.get("to"))
    text, flags = data.get("text"), []
    if text is None and data and (found := _otherwise_named(raw, content_type, source)):
        return found
    meta = {name: value for name, value in data.items() if name not in {"id", "from", "to", "text"}}
    if isinstance(text, str):
        body, kind = parsed.bytes_of(text), "text/plain; charset=utf-8"
    else:
        flags.append("malformed")
        body, kind, meta = raw, content_type, {}
    if key is None:
        flags.append("no_id")
    if sender is None:
        flags.append("no_sender")
    if "part" in meta and (
        part := panel_shape.part_of(*(_scalar(meta.get(name)) for name in ("ref", "part", "total")))
    ):
        flags.append("part")
        meta["part"] = as_meta(part)
    item = Incoming(
        "sms",
        source,
        key or str(uuid7()),
        body,
        sender,
        recipient,
        kind,
        meta,
        occurred_at=claim(data.get("received_at")),
        flags=in_order(flags),
    )
    return item, key is not None


def _otherwise_named(raw: bytes, content_type: str, source: str) -> tuple[Incoming, bool] | None:
    """The message in a JSON object that calls its words `message` or `body`, as the other ways in read it."""
    pairs = body_pairs(raw, content_type)
    if first(pairs, panel_shape.DEFAULT_MAP["text"]) is None:
        return None
    return panel_shape.message_of(raw, content_type, pairs, {}, source.removeprefix("sms:generic:"))


def _scalar(value: Any) -> str | None:
    """A string or a whole number as a string; empty, or anything else, is as good as missing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if -(10**40) < value < 10**40 else None
    return value if isinstance(value, str) and value.strip() else None


def _query(request: Request) -> dict[str, bytes]:
    """The query as bytes: Kannel percent-encodes the text in the message's own charset."""
    pairs = (part.partition(b"=") for part in request.scope.get("query_string", b"").split(b"&") if part)
    return {name.decode("latin-1"): unquote_to_bytes(value.replace(b"+", b" ")) for name, _, value in pairs}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace").strip()


def _wide(value: str | None) -> str | None:
    """A header's value: bytes that HTTP gave us as Latin-1, as UTF-8 where they are that (a sender's name)."""
    if value is None:
        return None
    try:
        return value.encode("latin-1").decode("utf-8").strip()
    except UnicodeError:
        return value.strip()
