"""The gate at each route: `allow("task.claim")` gives the Principal or refuses.

A bearer token, a `?token=` (for gateways that can only do that) or the session cookie. Requests that change something
with a cookie must come from our own pages (Origin or Sec-Fetch-Site), as OWASP's CSRF guidance has it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from psycopg_pool import PoolTimeout

from server.access import queries
from server.access.doors import Doors
from server.access.permissions import roles_for
from server.access.principal import Principal, Scope
from server.access.secrets import COOKIE, secret_hash
from server.kernel.db import Database
from server.kernel.errors import Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CACHE_S = 5.0
"""A revoked token may live this long in a process that has just seen it."""
CACHE_SIZE = 4096
PATIENCE_S = 5.0
"""Who asks while the database is away hears of it after so long."""

Guard = Callable[[Request], Awaitable[Principal]]


def unauthenticated() -> Problem:
    """401."""
    return Problem(
        401,
        "access.unknown",
        "Sign in, or send a valid token.",
        "وارد شوید یا توکن معتبر بفرستید.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def forbidden() -> Problem:
    """403."""
    return Problem(403, "access.forbidden", "Your role may not do this.", "نقش شما اجازهٔ این کار را ندارد.")


def same_origin(request: Request) -> bool:
    """Whether an unsafe request with a cookie was made by our own page."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def presented(request: Request, *, query_token: bool) -> tuple[str, str] | None:
    """The secret that came with the request and its kind, `token` or `session`."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and value.strip():
        return "token", value.strip()
    if query_token and (value := request.query_params.get("token", "")):
        return "token", value
    if value := request.cookies.get(COOKIE, ""):
        return "session", value
    return None


def at_hand(state: Any, secret: str) -> Principal | None:
    """The principal behind a token that this process knows now, without asking anybody. `state`: the application's."""
    key = secret_hash(secret)
    known = state.principals.get(key)
    if known and known[0] > time.monotonic():
        found: Principal = known[1]
        return found
    doors: Doors | None = getattr(state, "doors", None)
    return doors.of(key) if doors else None


async def identify(request: Request, kind: str, secret: str) -> Principal | None:
    """The principal behind a secret, remembered for CACHE_S seconds; a gateway's without asking (`doors.py`)."""
    cache: dict[bytes, tuple[float, Principal]] = request.app.state.principals
    key = secret_hash(secret)
    if kind == "token" and (gateway := at_hand(request.app.state, secret)):
        return gateway
    if (known := cache.get(key)) and known[0] > time.monotonic():
        return known[1]
    try:
        async with asyncio.timeout(PATIENCE_S):
            found = await _asked(request.app.state.db, kind, key)
    except (TimeoutError, PoolTimeout):
        raise late() from None
    if found:
        remember(request.app.state, key, found)
    return found


def remember(state: Any, key: bytes, found: Principal) -> None:
    """Know who bears a secret (its hash: `key`) for CACHE_S seconds, in the application's `state`."""
    cache: dict[bytes, tuple[float, Principal]] = state.principals
    if len(cache) >= CACHE_SIZE:
        cache.clear()
    cache[key] = (time.monotonic() + CACHE_S, found)


def of_token(row: Any) -> Principal:
    """The principal of a row of `tokens`."""
    return Principal("token", row["id"], (_scope(row),))


def of_session(rows: Sequence[Any]) -> Principal:
    """The principal of the grants behind one session, in the order in which they were asked for."""
    return Principal("session", rows[0]["account_id"], tuple(map(_scope, rows)))


async def _asked(db: Database, kind: str, key: bytes) -> Principal | None:
    async with db.tx() as conn:
        if kind == "token":
            row = await queries.token_by_hash(conn, key)
            return of_token(row) if row else None
        rows = await queries.session_scopes(conn, key)
        return of_session(rows) if rows else None


def late() -> Problem:
    """503: who is asking could not be found out in time."""
    return Problem(
        503,
        "database.unavailable",
        "The database is not answering; try again.",
        "پایگاه داده پاسخ نمی‌دهد؛ دوباره بفرستید.",
        headers={"Retry-After": "2"},
    )


def remembered(request: Request) -> Principal | None:
    """Who bore these credentials when this process last asked, however long ago. Asks nobody; opens nothing."""
    came = presented(request, query_token=False)
    known = request.app.state.principals.get(secret_hash(came[1])) if came else None
    return known[1] if known else None


def _scope(row: Any) -> Scope:
    return Scope(row["role"], row["centre_id"], row["emergency_id"], row["volunteer_id"])


async def principal_of(request: Request, *, query_token: bool = False) -> Principal | None:
    """Who is asking, or None. Raises 403 for an unsafe request that another site made with our cookie."""
    came = presented(request, query_token=query_token)
    if came is None:
        return None
    kind, secret = came
    if kind == "session" and request.method not in SAFE_METHODS and not same_origin(request):
        raise Problem(
            403,
            "access.cross_site",
            "This request came from another site.",
            "این درخواست از سایت دیگری آمده است.",
        )
    return await identify(request, kind, secret)


def allow(permission: str, *, query_token: bool = False) -> Any:
    """A dependency: the Principal, if it holds `permission`; else 401 or 403."""
    roles_for(permission)

    async def guard(request: Request) -> Principal:
        principal = await principal_of(request, query_token=query_token)
        if principal is None:
            raise unauthenticated()
        if not principal.scopes_for(permission):
            raise forbidden()
        return principal

    guard.permission = permission  # type: ignore[attr-defined]
    return Depends(guard)


def public(reason: str) -> Any:
    """A dependency that marks a route as open to everybody, and says why."""

    async def guard() -> None:
        return None

    guard.public = reason  # type: ignore[attr-defined]
    return Depends(guard)
