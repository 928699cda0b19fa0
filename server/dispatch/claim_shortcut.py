"""The short way for claims: the same batch, the same answer, without the web framework's detour.

Matching the routes of all slices, reading the dependencies and making the request's objects cost more than a claim's
share of its batch. So the plain case (a POST with a bearer token that may `task.claim`, and a short body of known
length) is answered here. Whatever is not plain goes to the route, which decides alone who is refused.
"""

from typing import Final
from uuid import UUID

import orjson
import psycopg
import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from server.access.bearers import bearer
from server.access.principal import Principal
from server.dispatch.claim_routes import KEY_LENGTH, MAX_BODY, claim_from
from server.kernel.errors import Problem, constraint_problem
from server.kernel.grouping import away
from server.kernel.http import internal, problem_response, whole_body

log = structlog.get_logger("http")
_BEFORE: Final = "/api/queues/"
_BEHIND: Final = "/claim"
_ID: Final = slice(len(_BEFORE), -len(_BEHIND))
_LENGTH: Final = len(_BEFORE) + 36 + len(_BEHIND)
_BEARER: Final = b"bearer "
_DIGITS: Final = len(str(MAX_BODY))


async def shortcut(app: FastAPI, scope: Scope, receive: Receive, send: Send) -> bool:
    """Answer the plain case; False when the request is another, of which nothing was read then."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    path: str = scope["path"]
    if len(path) != _LENGTH or not path.startswith(_BEFORE) or not path.endswith(_BEHIND):
        return False
    secret, key = _plain(scope)
    who = await bearer(app.state, secret) if secret else None
    if who is None or not who.scopes_for("task.claim"):
        return False
    try:
        queue_id = UUID(path[_ID])
    except ValueError:
        return False
    try:
        await _take(app, who, queue_id, key, (receive, send))
    except Problem as problem:
        await problem_response(Request(scope), problem)(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - answered as the application answers it elsewhere
        await problem_response(Request(scope), _translated(error))(scope, receive, send)
    return True


def _plain(scope: Scope) -> tuple[str, str | None]:
    """The token and the idempotency key of a plain request; no token when it is not plain."""
    secret, length, key = b"", b"0", None
    for name, value in scope["headers"]:
        if name == b"authorization":
            secret = value
        elif name == b"content-length":
            length = value
        elif name == b"idempotency-key":
            key = value.decode("latin-1")
        elif name == b"transfer-encoding":
            return "", None
    short = length.isdigit() and len(length) <= _DIGITS and int(length) <= MAX_BODY
    if not short or secret[:7].lower() != _BEARER or (key is not None and len(key) > KEY_LENGTH):
        return "", None
    return secret[7:].decode("latin-1").strip(), key


async def _take(app: FastAPI, who: Principal, queue_id: UUID, key: str | None, asgi: tuple[Receive, Send]) -> None:
    receive, send = asgi
    raw = await whole_body(receive)
    if raw is None:
        return
    body = orjson.dumps(await claim_from(app.state, who, queue_id, raw, key))
    await send(_start(len(body)))
    await send({"type": "http.response.body", "body": body})


def _translated(error: Exception) -> Problem:
    """As the application's handlers have it."""
    if isinstance(error, psycopg.IntegrityError):
        return constraint_problem(error.diag.constraint_name)
    log.error("request.failed", route=["api", "queues"], kind=type(error).__name__)
    return away() if isinstance(error, psycopg.OperationalError) else internal()


def _start(length: int) -> Message:
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-length", str(length).encode()), (b"content-type", b"application/json")],
    }
