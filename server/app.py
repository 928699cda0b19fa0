"""The web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from server import wiring
from server.access.context import make_context
from server.dispatch.claim_shortcut import shortcut as claims
from server.forms.shortcut import shortcut as submissions
from server.kernel.health import router as health
from server.kernel.http import install_problem_handlers
from server.kernel.logs import configure
from server.kernel.settings import Settings, settings
from server.pages.handlers import install as install_pages
from server.reports.doors.shortcut import shortcut


class Application(FastAPI):
    """FastAPI with shortcuts before its middleware and routes, for the plain case of the hottest of them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        for short in (shortcut, submissions, claims):
            if await short(self, scope, receive, send):
                return
        await super().__call__(scope, receive, send)


def create_app(config: Settings | None = None) -> FastAPI:
    """The application over the servers that the settings name. uvicorn calls this as a factory."""
    chosen = config or settings()
    configure()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ctx = await make_context(app.state.settings)
        app.state.context, app.state.db, app.state.redis = ctx, ctx.db, ctx.redis
        app.state.sealing, app.state.principals = ctx.sealing, {}
        async with wiring.background(app):
            yield
        await ctx.close()

    app = Application(title="Hamyar", lifespan=lifespan, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    app.state.settings = chosen
    install_problem_handlers(app)
    install_pages(app)
    app.include_router(health)
    for router in wiring.ROUTERS:
        app.include_router(router)
    return app
