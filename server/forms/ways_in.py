"""How phones say who they are: a token in the address, a Bearer token, Digest, or Basic with the token as password.

Collect can be given an address with the token in it (which works over plain HTTP in a field network), or a user name
and a password. Over plain HTTP a password is proved by Digest and never asked for in the clear: Basic is taken over
HTTPS and from this machine. Basic's user name is for people and is not looked at; Digest's is the token's id.
"""

import base64
import binascii
import ipaddress
from typing import Any

from fastapi import Depends, Request

from server.access.context import Context
from server.access.guard import forbidden, identify, principal_of
from server.access.permissions import roles_for
from server.access.principal import Principal
from server.access.secrets import REALM
from server.forms import digest
from server.kernel.errors import Problem


def _unknown(request: Request, *, stale: bool) -> Problem:
    """401 in the way that makes Collect ask for a name and a password, or prove them with a new nonce."""
    ctx: Context = request.app.state.context
    headers = {"X-OpenRosa-Version": "1.0", "Cache-Control": "no-store"}
    if "sec-fetch-mode" in request.headers or request.headers.get("authorization", "")[:7].lower() == "bearer ":
        # A page of ours, or a script: a browser would put a window of its own for a name and a password before it.
        return _said({**headers, "WWW-Authenticate": "Bearer"})
    if _private(request):
        headers["WWW-Authenticate"] = f'Basic realm="{REALM}", charset="UTF-8"'
    if request.url.scheme != "https" and ctx.sealing.can_read:
        # Another case, another key: a header line for each scheme, which every reader of challenges understands.
        headers["www-authenticate"] = digest.challenge(ctx.sealing, stale=stale)
    return _said(headers)


def _said(headers: dict[str, str]) -> Problem:
    return Problem(401, "access.unknown", "Send a valid token.", "توکن معتبر بفرستید.", headers=headers)


def _private(request: Request) -> bool:
    """Whether nobody between can read along: HTTPS, or this very machine."""
    if request.url.scheme == "https" or request.client is None:
        return True
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _basic(header: str) -> str:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


async def _principal(request: Request) -> digest.Outcome:
    """The first of the ways that leads to somebody: address, Basic, Digest, then what every route takes."""
    said = request.headers.get("authorization", "")
    for token in (request.path_params.get("token"), _basic(said) if _private(request) else ""):
        if token and (found := await identify(request, "token", token)):
            return digest.Outcome(found)
    if said[:7].lower() == "digest ":
        return await digest.identify(request, request.app.state.context)
    return digest.Outcome(await principal_of(request))


def allow_phone(permission: str) -> Any:
    """As `access.guard.allow`, for the addresses that phones use."""
    roles_for(permission)

    async def guard(request: Request) -> Principal:
        principal, stale = await _principal(request)
        if principal is None:
            raise _unknown(request, stale=stale)
        if not principal.scopes_for(permission):
            raise forbidden()
        return principal

    guard.permission = permission  # type: ignore[attr-defined]
    return Depends(guard)
