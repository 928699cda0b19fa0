"""`GET /api/stream`: server-sent events, written raw from the hub's shared buffer."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.types import Receive, Scope, Send

from server.access.guard import allow, principal_of
from server.access.principal import Principal
from server.kernel.errors import Problem, bad_request
from server.live.hub import CLIENTS, DATABASE_AWAY, Hub
from server.live.rules import Wish, wish_of

router = APIRouter(tags=["live"])
PING_S = 10.0
RECHECK_S = 30.0
"""How long a revoked session may go on listening, at most (with the guard's cache of five seconds)."""
READY_S = 5.0
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
BEGIN = b"retry: 1500\n\n"
PING = b": ping\n\n"
PERMISSION = "stream.read"


class EventStream(Response):
    """An answer that lasts until the client goes, the session ends or the process stops."""

    def __init__(self, request: Request, hub: Hub, principal: Principal, seq: int | None, wish: Wish) -> None:
        super().__init__()
        self.request, self.hub, self.principal, self.seq, self.wish = request, hub, principal, seq, wish

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's shape
        """Serve it."""
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        self.hub.clients += 1
        CLIENTS.inc()
        gone = asyncio.create_task(_gone(receive))
        try:
            await self._serve(send, gone)
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self.hub.clients -= 1
            CLIENTS.dec()

    async def _serve(self, send: Send, gone: "asyncio.Task[None]") -> None:
        hub, view = self.hub, self.hub.view(self.principal, self.wish)
        seq = hub.ring.head if self.seq is None else self.seq
        # A client that hears nothing before it is cut must know from where to go on: an id alone shows no event.
        await _write(send, BEGIN + (b"id: %d\n\n" % seq if self.seq is None else b""))
        told = seq
        ping_at = time.monotonic() + PING_S
        check_at = time.monotonic() + RECHECK_S
        while not hub.closing and not gone.done():
            now = time.monotonic()
            if now >= check_at:
                if not await self._still_allowed():
                    return
                check_at = now + RECHECK_S
            before = seq
            try:
                body, seq = await hub.read(view, seq)
            except DATABASE_AWAY:
                body = b""
            if not body and seq == before < hub.ring.head:
                # What is missing can't be had now; it is asked for again, not left out.
                await asyncio.sleep(0.5)
            if body:
                await _write(send, body)
                told, ping_at = seq, time.monotonic() + PING_S
            elif hub.ring.head <= seq and not await hub.wait(seq, max(0.0, ping_at - time.monotonic())):
                # Who hears little of much is told how far it is: cut off, they need not be searched from the start.
                await _write(send, PING + (b"id: %d\n\n" % seq if seq > told else b""))
                told, ping_at = seq, time.monotonic() + PING_S

    async def _still_allowed(self) -> bool:
        try:
            found = await principal_of(self.request)
        except DATABASE_AWAY:
            return True
        return found is not None and found.scopes == self.principal.scopes and found.may(PERMISSION)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def last_event_id(request: Request) -> int | None:
    """Where the client goes on: the header of a reconnecting browser, or a first `?last_event_id=`."""
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 - fits a bigint


@router.get("/api/stream")
async def stream(
    request: Request,
    principal: Annotated[Principal, allow(PERMISSION)],
    of: Annotated[str, Query(max_length=400)] = "",
    centres: Annotated[str, Query(max_length=2000)] = "",
) -> Response:
    """Every change as it is sealed: `id` its number, `event` its verb, `data` {seq, at, type, id, emergency}.

    `of` (nouns, by commas) and `centres` (ids) narrow it: the numbers of what was left out are simply not there.
    """
    wish = wish_of(of, centres)
    if wish is None:
        raise bad_request(
            "stream.wish",
            "`of` takes nouns and `centres` ids, by commas, forty at most.",
            "`of` نام‌ها و `centres` شناسه‌ها را با ویرگول می‌گیرد، هر کدام تا چهل تا.",
        )
    hub: Hub = request.app.state.hub
    try:
        async with asyncio.timeout(READY_S):
            await hub.ready.wait()
    except TimeoutError:
        raise Problem(
            503,
            "stream.not_ready",
            "The stream is not ready yet; try again.",
            "جریان زنده هنوز آماده نیست؛ دوباره بفرستید.",
            headers={"Retry-After": "2"},
        ) from None
    return EventStream(request, hub, principal, last_event_id(request), wish)
