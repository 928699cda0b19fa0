"""The only file that knows every slice: which routers, which loops, and what follows from what."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec

from fastapi import APIRouter, FastAPI

from server.access.context import Context
from server.kernel.sealer import Projection, Sealer

ROUTES = (
    "server.access.routes",
    "server.emergencies.routes",
    "server.places.routes",
    "server.reports.routes",
    "server.reports.sms_routes",
    "server.reports.record_routes",
    "server.forms.routes",
    "server.incidents.routes",
    "server.needs.routes",
    "server.closures.routes",
    "server.volunteers.routes",
    "server.supplies.routes",
    "server.dispatch.routes",
    "server.maps.routes",
    "server.live.routes",
    "server.pages.routes",
)
Loop = Callable[[Context], Awaitable[None]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def routers() -> list[APIRouter]:
    """Every slice's router."""
    return [import_module(name).router for name in ROUTES if find_spec(name)]


def projections() -> Sequence[Projection]:
    """What is brought up to date in each sealing transaction."""
    if not find_spec("server.maps.projection"):
        return ()
    from server.maps.projection import project

    return (project,)


def loops() -> Sequence[tuple[str, Loop]]:
    """The worker's loops, by name."""
    found: list[tuple[str, Loop]] = [("sealer", _seal)]
    if find_spec("server.reports.chain"):
        found.append(("chain", _chain))
    if find_spec("server.dispatch.sweep"):
        found.append(("leases", import_module("server.dispatch.sweep").run))
    return found


async def _seal(ctx: Context) -> None:
    await Sealer(ctx.db, ctx.redis, projections()).run()


def on_needs() -> Sequence[Callable[..., Awaitable[None]]]:
    """What follows, in the same transaction, when needs change: by the chain or by a person's edit."""
    if not find_spec("server.dispatch.making"):
        return ()
    return (import_module("server.dispatch.making").tasks_for_needs,)


async def _chain(ctx: Context) -> None:
    from server.reports.chain import run

    await run(ctx, on_needs=on_needs())


@asynccontextmanager
async def background(app: FastAPI) -> AsyncIterator[None]:
    """What runs inside each web process beside the requests: the stream's reader."""
    app.state.on_needs = on_needs()
    if not find_spec("server.live.hub"):
        yield
        return
    async with import_module("server.live.hub").running(app):
        yield
