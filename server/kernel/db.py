"""PostgreSQL: one pool of psycopg connections for plain SQL, one SQLAlchemy engine for the ORM."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Conn = AsyncConnection[DictRow]
"""A psycopg connection inside a transaction; rows are dicts."""


def _dumps(data: Any) -> str | bytes:
    """JSON by orjson, several times as fast; numbers beyond 64 bits and odd keys by the standard library."""
    try:
        return orjson.dumps(data)
    except TypeError:
        return json.dumps(data)


set_json_dumps(_dumps)
set_json_loads(orjson.loads)


def sqlalchemy_url(dsn: str) -> str:
    """The libpq URL with SQLAlchemy's name of the driver."""
    scheme, _, rest = dsn.partition("://")
    if scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError(f"DATABASE_URL must start with postgresql://, not {scheme}://")
    return f"postgresql+psycopg://{rest}"


class Connection(AsyncConnection[DictRow]):
    """psycopg's, but a cancelled query asks its server to stop for half a second only, then leaves the connection.

    The library asks and waits for ten: with a server that is stopped or unreachable each timeout would last so long.
    """

    async def _try_cancel(self, *, timeout: float = 0.5) -> None:  # noqa: ASYNC109 - the library's own signature
        await self.cancel_safe(timeout=min(timeout, 0.5))


class Database:
    """The process's way to PostgreSQL. `open()` first, `close()` last."""

    def __init__(self, dsn: str, *, min_size: int = 1, max_size: int = 16) -> None:
        self.dsn = dsn
        self.pool: AsyncConnectionPool[Conn] = AsyncConnectionPool(
            dsn,
            connection_class=Connection,
            kwargs={"row_factory": dict_row},
            min_size=min_size,
            max_size=max_size,
            open=False,
            timeout=10,
            check=AsyncConnectionPool.check_connection,
        )
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(dsn),
            pool_size=4,
            max_overflow=12,
            pool_pre_ping=True,
        )
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    async def open(self) -> None:
        """Open the pool without waiting for the server: a web process starts although the database is down."""
        await self.pool.open(wait=False)

    async def close(self) -> None:
        """Give every connection back."""
        # A pool worker that is still connecting when close() gives up swallows its cancellation and never ends;
        # on a busy machine five seconds, the default, were too few.
        await self.pool.close(timeout=30)
        await self.engine.dispose()

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[Conn]:
        """A transaction on a pooled connection: committed at the end, rolled back on any exception."""
        async with self.pool.connection() as conn:
            yield conn

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """An ORM session: committed at the end, rolled back on any exception."""
        async with self.sessions.begin() as session:
            yield session


async def raw(session: AsyncSession) -> Conn:
    """The psycopg connection under an ORM session, in the same transaction. Its plain cursors give tuples."""
    fairy = await (await session.connection()).get_raw_connection()
    conn: Conn = fairy.driver_connection  # type: ignore[assignment]
    return conn
