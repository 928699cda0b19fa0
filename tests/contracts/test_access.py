"""Every route × every role: nothing is open by accident, nothing closed to those it is for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from server.access.permissions import PERMISSIONS
from server.access.roles import ROLES
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
NOBODY = "00000000-0000-7000-8000-000000000000"
OPEN_PATHS = {
    "/healthz",
    "/readyz",
    "/api/spool",
    "/metrics",
    "/api/openapi.json",
    "/",
    "/login",
    "/logout",
    "/join/{secret}",
    # whoever wants to help may register; a centre looks at each
    "/api/volunteers/register",
    "/register",
    # pages without a record: who fills in says so by the link's token, to the addresses of phones
    "/field",
    "/field/{form_id:path}",
}
"""What a stranger may knock at. A new one is added here on purpose or not at all."""


@dataclass(frozen=True)
class Knock:
    """One method of one route, and what guards it."""

    method: str
    path: str
    permission: str | None
    public: str | None


def _guards(dependant: Any) -> Iterator[Any]:
    for part in dependant.dependencies:
        yield part.call
        yield from _guards(part)


def _routes(routes: list[Any], prefix: str = "") -> Iterator[tuple[str, APIRoute]]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield prefix + route.path, route
        elif (inner := getattr(route, "original_router", None) or getattr(route, "router", None)) is not None:
            yield from _routes(inner.routes, prefix)


def knocks(app: FastAPI) -> list[Knock]:
    """Every method of every route of the application."""
    found = []
    for path, route in _routes(app.routes):
        calls = list(_guards(route.dependant))
        permission = next((c.permission for c in calls if hasattr(c, "permission")), None)
        public = next((c.public for c in calls if hasattr(c, "public")), None)
        found += [Knock(m, path, permission, public) for m in sorted(route.methods or ()) if m != "HEAD"]
    return found


def _address(path: str) -> str:
    return re.sub(r"\{[^}]*\}", NOBODY, path)


async def test_every_route_says_who_may(app: FastAPI) -> None:
    all_knocks = knocks(app)
    assert len(all_knocks) > 20
    silent = [k for k in all_knocks if k.permission is None and k.public is None and k.path not in OPEN_PATHS]
    assert silent == []
    assert {
        k.path for k in all_knocks if k.public and not k.permission
    } <= OPEN_PATHS | PUBLIC_BY_TOKEN_IN_PATH | PUBLIC_BY_SIGNED_ADDRESS


PUBLIC_BY_TOKEN_IN_PATH = {"/intake/sms/p/{secret}", "/intake/sms/p/{secret}/beat"}
PUBLIC_BY_SIGNED_ADDRESS = {"/intake/sms/kannel/dlr", "/intake/sms/twilio/dlr"}


async def test_a_stranger_is_refused_everywhere(app: FastAPI, client_of: MakeClient) -> None:
    stranger = await client_of(None)
    for knock in knocks(app):
        if knock.permission is None:
            continue
        answer = await stranger.request(knock.method, _address(knock.path))
        led_to_the_door = answer.status_code == 303 and answer.headers["location"].startswith("/login")
        assert answer.status_code == 401 or led_to_the_door, knock


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_at_each_route(role: Any, app: FastAPI, client_of: MakeClient) -> None:
    client = await client_of(role)
    for knock in knocks(app):
        if knock.permission is None or knock.path == "/api/stream":
            continue
        answer = await client.request(knock.method, _address(knock.path))
        allowed = role in PERMISSIONS[knock.permission]
        code = answer.json().get("code") if "json" in answer.headers.get("content-type", "") else None
        if allowed:
            assert answer.status_code != 401, knock
            assert code != "access.forbidden", (knock, answer.text)
        else:
            assert (answer.status_code, code) == (403, "access.forbidden"), (knock, answer.status_code)


WITHIN_A_ROUTE = {"report.open", "volunteer.locate"}
"""Asked for inside a route: who lacks it gets the record without its words or its position."""


async def test_every_permission_guards_something(app: FastAPI) -> None:
    used = {k.permission for k in knocks(app)}
    assert set(PERMISSIONS) - used - WITHIN_A_ROUTE == set(), "permissions that no route asks for"
