"""The short way for phones' submissions: the same taking in, without the web framework's detour.

Matching the routes of all slices and reading the dependencies cost more than taking a form does. So the plain case (a
POST to `/openrosa/{token}/submission` with a token that may `form.submit`) is answered here. Whatever is not plain goes
to the route, which decides alone who is refused.
"""

import asyncio
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from server.access.guard import at_hand, identify
from server.access.principal import Principal
from server.forms.submission_routes import take

_BEFORE: Final = "/openrosa/"
_BEHIND: Final = "/submission"
_DRAFT: Final = "/draft"
_asked: dict[tuple[int, str], asyncio.Task[Principal | None]] = {}
"""Who is being found out, by application and token: a token is asked for every five seconds, by one of its phones."""


async def shortcut(app: FastAPI, scope: Scope, receive: Receive, send: Send) -> bool:
    """Answer the plain case; False when the request is another, of which nothing was read then."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    path: str = scope["path"]
    if not path.startswith(_BEFORE) or not path.endswith(_BEHIND):
        return False
    token = path[len(_BEFORE) : -len(_BEHIND)]
    draft = token.endswith(_DRAFT)
    who = await _who(app, scope, token.removesuffix(_DRAFT)) if token else None
    if who is None or not who.scopes_for("form.submit"):
        return False
    scope["app"] = app
    answer = await take(Request(scope, receive), app.state.context, who, draft=draft)
    await answer(scope, receive, send)
    return True


async def _who(app: FastAPI, scope: Scope, token: str) -> Principal | None:
    """Who bears a token; None also when that cannot be found out now."""
    if (known := at_hand(app.state, token)) is not None:
        return known
    key = id(app), token
    asking = _asked.get(key)
    if asking is None:
        asking = _asked[key] = asyncio.create_task(identify(Request({**scope, "app": app}), "token", token))
        asking.add_done_callback(lambda done: (_asked.pop(key, None), done.cancelled() or done.exception()))
    await asyncio.wait({asking})
    return None if asking.cancelled() or asking.exception() else asking.result()
