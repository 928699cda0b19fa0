"""The application over a test's own database and Redis, and clients with a role."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import State

from server.access.context import Context, make_context
from server.access.roles import Role
from server.access.service import Bounds, create_token
from server.app import create_app
from server.kernel.settings import Settings
from tests.support.stack import Stack

MakeClient = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
def config(db_dsn: str, redis_url: str, stack: Stack, tmp_path: Path) -> Settings:
    """Settings of an instance over the test's own database; its keys are the stack's, its spool is the test's own."""
    return Settings(
        home=Path(stack.home), spool=tmp_path / "spool", database_url=db_dsn, redis_url=redis_url, drill=True
    )


@pytest.fixture
async def ctx(config: Settings) -> AsyncIterator[Context]:
    """A process's services."""
    made = await make_context(config, max_connections=8)
    yield made
    await made.close()


@cache
def _routes() -> FastAPI:
    """Its routes are worked out at its first requests, which takes longer than most tests: they share them."""
    return create_app(Settings())


@pytest.fixture
async def app(config: Settings) -> AsyncIterator[FastAPI]:
    """The web application, started; nothing of the last test is left on it."""
    made = _routes()
    made.state, made.dependency_overrides = State({"settings": config}), {}
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client_of(app: FastAPI, ctx: Context) -> AsyncIterator[MakeClient]:
    """`await client_of("coordinator")`: a client with a token of that role; `None` for a stranger."""
    async with AsyncExitStack() as open_clients:

        async def make(
            role: Role | None,
            *,
            centre: UUID | None = None,
            emergency: UUID | None = None,
            volunteer: UUID | None = None,
            **options: Any,
        ) -> httpx.AsyncClient:
            headers = {}
            if role:
                async with ctx.db.tx() as conn:
                    _, secret = await create_token(conn, role, "test", Bounds(centre, emergency, volunteer))
                headers["Authorization"] = f"Bearer {secret}"
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, **options)
            return await open_clients.enter_async_context(client)

        yield make
