"""`GET /api/stream`: server-sent events, written raw from the hub's shared buffer."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.types import Receive, Scope, Send

from server.access.guard import allow, presented
from server.access.principal import Principal
from server.access.secrets import secret_hash
from server.kernel.errors import Problem, bad_request
from server.live import beat
from server.live.hub import CLIENTS, Hub
from server.live.listeners import Listener
from server.live.queries import DATABASE_AWAY
from server.live.rules import wish_of

router = APIRouter(tags=["live"])
READY_S = 5.0
AGAIN_S = 0.5
WIRE = "hamyar.wire"
"""The extension of ASGI by which our web server lends the connection (`ops.localstack.heads`)."""
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
BEGIN = b"retry: 1500\n\n"
PERMISSION = "stream.read"


class EventStream(Response):
    """An answer that lasts until the client goes, the session ends or the process stops."""

    def __init__(self, hub: Hub, listener: Listener) -> None:
        super().__init__()
        self.hub, self.listener = hub, listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it."""
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        self.hub.clients += 1
        CLIENTS.inc()
        wire = self.listener.wire = scope.get("extensions", {}).get(WIRE, {}).get("wire")
        # A lent connection says itself that it is gone; else somebody has to listen for it.
        gone = None if wire else asyncio.create_task(_gone(receive, self.listener))
        if wire:
            wire.when_lost(self.listener.lost)
        try:
            await self._serve(send)
            if not self.listener.gone:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if wire:
                wire.when_lost(None)
            if gone:
                gone.cancel()
            self.hub.listeners.leave(self.listener)
            self.hub.clients -= 1
            CLIENTS.dec()

    async def _serve(self, send: Send) -> None:
        hub, one = self.hub, self.listener
        # Who hears nothing before it is cut must know from where to go on, and at once how true the house's word is.
        await _write(send, BEGIN + beat.ping(hub.pulse.behind_s, one.seq))
        now = time.monotonic()
        one.ping_at, one.check_at = now + beat.PING_S, now + beat.RECHECK_S
        while not self._over():
            try:
                body, seq = await hub.read(one.view, one.seq)
            except DATABASE_AWAY:
                body, seq = b"", one.seq
            moved, one.seq = seq != one.seq, seq
            if body:
                await _write(send, body)
            elif not moved and seq < hub.listeners.told:
                # What is missing can't be had now; it is asked for again, not left out.
                await asyncio.sleep(AGAIN_S)
            if one.seq < hub.listeners.told or self._over():
                continue
            if time.monotonic() >= one.ping_at:
                one.ping_at = time.monotonic() + beat.PING_S
                await _write(send, beat.ping(hub.pulse.behind_s, one.seq))
                continue
            hub.listeners.join(one)
            await one.resting()
            hub.listeners.leave(one)

    def _over(self) -> bool:
        return self.hub.closing or self.listener.gone or self.listener.revoked


async def _gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.lost()


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
    seq, came = last_event_id(request), presented(request, query_token=False)
    bearer = (came[0], secret_hash(came[1])) if came else None
    listener = Listener(hub.view(principal, wish), hub.ring.head if seq is None else seq, bearer)
    return EventStream(hub, listener)
