"""The short way through the generic door: the same message, kept in the same way, without the web framework's detour.

Matching the routes of all slices, reading the dependencies and making the request's objects cost five times what
keeping a message does. So the plain case (a POST with a bearer token that this process knows at the moment and that may
`sms.receive`, a gateway without a parameter map and without bounds on its address) is answered here. Whatever is not
plain goes to the route, `sms_routes.generic`, which decides alone who is refused.
"""

from dataclasses import dataclass
from typing import Final

import structlog
from fastapi import FastAPI
from starlette.datastructures import State
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from server.access.guard import at_hand
from server.access.principal import Principal
from server.kernel.errors import Problem
from server.kernel.http import internal, problem_response, whole_body
from server.messaging.gateways import Gateway
from server.reports.doors.caller import Caller, heard
from server.reports.doors.forms import is_form
from server.reports.front import Front
from server.reports.sms_routes import generic_message

log = structlog.get_logger("http")
PATH: Final = "/intake/sms/generic"
_BEARER: Final = b"bearer "
_SIZE: Final = 100_000
"""Larger bodies take the route: it counts the bytes as they come."""
_DIGITS: Final = 6
_MOST: Final = 1024


@dataclass(frozen=True, slots=True)
class _Known:
    """What follows from a token and its gateway as this process has read them. `plain`: may come in this way."""

    principal: Principal
    gateway: Gateway | None
    plain: bool
    source: str
    caller: Caller


_known: dict[int, _Known] = {}
"""By the identity of the principal's object: it is another one whenever the token is read anew."""


async def shortcut(app: FastAPI, scope: Scope, receive: Receive, send: Send) -> bool:
    """Answer the plain case; False when the request is another, of which nothing was read then."""
    if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
        return False
    known, content_type = _plain(app.state, scope)
    if known is None:
        return False
    try:
        await _take(app.state.front, known, content_type, (scope, receive, send))
    except Problem as problem:
        await problem_response(Request(scope), problem)(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - no trace of it: it may quote the message
        log.error("request.failed", route=["intake", "sms"], kind=type(error).__name__)  # noqa: TRY400
        await problem_response(Request(scope), internal())(scope, receive, send)
    return True


def _plain(state: State, scope: Scope) -> tuple[_Known | None, str]:
    """Who is asking, if it is a plain case; nothing of the body is read yet."""
    secret, content_type, length = b"", b"application/octet-stream", b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            secret = value
        elif name == b"content-type":
            content_type = value
        elif name == b"content-length":
            length = value
    if is_form(content_type.decode("latin-1")):
        return None, ""
    # Without a length the body may be of any size.
    if not length.isdigit() or len(length) > _DIGITS or int(length) > _SIZE or secret[:7].lower() != _BEARER:
        return None, ""
    principal = at_hand(state, secret[7:].decode("latin-1").strip())
    if principal is None:
        return None, ""
    enough, gateway = state.gateways.at_hand(principal.id)
    known = _known.get(id(principal))
    if known is None or known.principal is not principal or known.gateway is not gateway:
        known = _remember(principal, gateway)
    return (known if enough and known.plain else None), content_type.decode("latin-1")


def _remember(principal: Principal, gateway: Gateway | None) -> _Known:
    """Work out what holds for a token as long as neither it nor its gateway is read anew."""
    bound = gateway is not None and (not gateway.enabled or gateway.allow_from or gateway.settings.get("map"))
    emergency = (gateway.emergency_id if gateway else None) or principal.emergency_id
    known = _Known(
        principal,
        gateway,
        bool(principal.scopes_for("sms.receive")) and not bound,
        f"sms:generic:{principal.id}",
        Caller(principal.id, principal.actor, emergency, gateway),
    )
    if len(_known) >= _MOST:
        _known.clear()
    _known[id(principal)] = known
    return known


async def _take(front: Front, known: _Known, content_type: str, asgi: tuple[Scope, Receive, Send]) -> None:
    """Keep the message and answer."""
    _, receive, send = asgi
    raw = await whole_body(receive)
    if raw is None:
        return
    caller = known.caller
    item, numbered = generic_message(raw, content_type, known.source)
    heard(caller)
    done = await front.keep(item, actor=caller.actor, emergency=caller.emergency_id, unnumbered=not numbered)
    body = f'{{"receipt":"{done.receipt}","report":"{done.id}"}}'.encode()
    await send(_start(len(body)))
    await send({"type": "http.response.body", "body": body})


def _start(length: int) -> Message:
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-length", str(length).encode()), (b"content-type", b"application/json")],
    }
