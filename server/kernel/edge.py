"""A request's transaction, as a dependency of routes. Apart from `db`, whose other users load no web framework."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.db import Conn, Database


def database(request: Request) -> Database:
    """The application's database."""
    db: Database = request.app.state.db
    return db


async def _connection(request: Request) -> AsyncIterator[Conn]:
    async with database(request).tx() as conn:
        yield conn


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with database(request).session() as session:
        yield session


# scope="function": the commit comes before the answer, so that a failed commit is never answered 201.
Tx = Annotated[Conn, Depends(_connection, scope="function")]
OrmTx = Annotated[AsyncSession, Depends(_session, scope="function")]
