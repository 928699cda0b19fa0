"""The claim's routes alone in a web process, for the bench."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from server.access.context import make_context
from server.dispatch.routes import router
from server.kernel.http import install_problem_handlers
from server.kernel.settings import settings


def make() -> FastAPI:
    """uvicorn's factory."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ctx = await make_context(settings())
        app.state.context, app.state.db, app.state.redis = ctx, ctx.db, ctx.redis
        app.state.sealing, app.state.settings, app.state.principals = ctx.sealing, ctx.settings, {}
        yield
        await ctx.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    install_problem_handlers(app)
    app.include_router(router)
    return app
