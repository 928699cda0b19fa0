"""How phones say who they are: a token in the address, a Bearer token, or Basic with the token as password.

Collect can be given an address with the token in it (which works over plain HTTP in a field network), or a
user name and a password; the user name is for people and is not looked at.
"""

import base64
import binascii
from typing import Any

from fastapi import Depends, Request

from server.access.guard import forbidden, identify, principal_of
from server.access.permissions import roles_for
from server.access.principal import Principal
from server.kernel.errors import Problem


def _unknown() -> Problem:
    """401 in the way that makes Collect ask for a name and a password."""
    return Problem(
        401,
        "access.unknown",
        "Send a valid token.",
        "توکن معتبر بفرستید.",
        headers={"WWW-Authenticate": 'Basic realm="Hamyar", charset="UTF-8"', "X-OpenRosa-Version": "1.0"},
    )


def _basic(header: str) -> str:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


async def _principal(request: Request) -> Principal | None:
    """The first of the ways that leads to somebody: address, Basic, then what every route takes."""
    for token in (request.path_params.get("token"), _basic(request.headers.get("authorization", ""))):
        if token and (found := await identify(request, "token", token)):
            return found
    return await principal_of(request)


def allow_phone(permission: str) -> Any:
    """As `access.guard.allow`, for the addresses that phones use."""
    roles_for(permission)

    async def guard(request: Request) -> Principal:
        principal = await _principal(request)
        if principal is None:
            raise _unknown()
        if not principal.scopes_for(permission):
            raise forbidden()
        return principal

    guard.permission = permission  # type: ignore[attr-defined]
    return Depends(guard)
