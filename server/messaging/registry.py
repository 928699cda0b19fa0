"""The gateways as a web process knows them: in memory, read anew every few seconds and after each change.

A door must know its gateway while the database is away, and must not ask it for each message. So the last list read
stands until a newer one is there. A secret path that is unknown is looked for once more before it is refused.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import psycopg
import structlog
from fastapi import FastAPI
from psycopg.rows import DictRow
from psycopg_pool import PoolTimeout

from server.access.context import Context
from server.access.secrets import secret_hash
from server.kernel.errors import Problem
from server.kernel.tasks import end
from server.messaging import gateway_queries as queries
from server.messaging import pulse, registry_file
from server.messaging.beats import FLUSH_S
from server.messaging.gateways import Gateway, gateway_of

log = structlog.get_logger("gateways")
_STRANGERS: Final = 4096
_AGAIN_S: Final = 1.0
"""An unknown path makes a process read the table at most this often."""
_AWAY_S: Final = 2.0
"""A door does not wait longer than this for a database that hangs."""
DATABASE_AWAY: Final = (psycopg.Error, PoolTimeout, OSError, TimeoutError)


class Registry:
    """All gateways of the instance, as last read."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._tokens: dict[UUID, Gateway] = {}
        self._paths: dict[bytes, Gateway] = {}
        self._read_at: float | None = None
        self._tried_at = -math.inf
        self._changed_at = -math.inf
        self._flight: asyncio.Task[bool] | None = None
        self._without: set[UUID] = set()
        """Tokens that were looked for in the table and bear no gateway; one that gets one is found by `refresh`."""
        self._well = True
        self._file, self._content = ctx.settings.home / registry_file.NAME, b""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            self._know(registry_file.from_bytes(self._file.read_bytes()))
            self._read_at = time.monotonic()

    async def by_token(self, token_id: UUID) -> Gateway | None:
        """The gateway that bears a token; None for a token without one. Reads the table only for a token never seen,
        or when somebody here has just changed it: most tokens have no gateway, and their doors are the hot ones.
        """
        enough, found = self.at_hand(token_id)
        if not enough and await self._again(at_once=self._well):
            found = self._tokens.get(token_id)
            if found is None:
                if len(self._without) >= _STRANGERS:
                    self._without.clear()
                self._without.add(token_id)
        return found

    def at_hand(self, token_id: UUID) -> tuple[bool, Gateway | None]:
        """The gateway that bears a token; False when `by_token` would first have to read the table."""
        found = self._tokens.get(token_id)
        known = found is not None or token_id in self._without or not self._well
        return known and (found is not None or (self._read_at is not None and not self._changed)), found

    async def by_path(self, secret: str) -> Gateway | None:
        """The gateway behind a secret path. Raises 503 when the list could never be read: better late than refused."""
        wanted = secret_hash(secret)
        found = self._paths.get(wanted)
        if found is None and await self._again():
            found = self._paths.get(wanted)
        if found is None and self._read_at is None:
            raise Problem(
                503,
                "gateway.list_away",
                "The list of gateways cannot be read yet; try again.",
                "فهرست درگاه‌ها هنوز خوانده نشده است؛ دوباره بفرستید.",
                headers={"Retry-After": "2"},
            )
        return found

    async def _again(self, *, at_once: bool = False) -> bool:
        """Read the table once more, at most once a second for strangers; whether it was read."""
        if self._flight is None or self._flight.done():
            if time.monotonic() - self._tried_at < _AGAIN_S and not self._changed and not at_once:
                return False
            self._tried_at = time.monotonic()
            self._flight = asyncio.create_task(self._try(), name="gateways.again")
        return await asyncio.shield(self._flight)

    async def _try(self) -> bool:
        try:
            async with asyncio.timeout(_AWAY_S):
                await self.refresh()
        except DATABASE_AWAY:
            self._well = False
            return False
        return True

    async def refresh(self) -> None:
        """Read the table. Raises what the database raises; the old list then stands."""
        async with self._ctx.db.tx() as conn:
            rows = await queries.all_gateways(conn)
        content = registry_file.to_bytes(rows)
        if content != self._content:
            self._know(rows)
            self._content = content
            with contextlib.suppress(OSError):
                await asyncio.to_thread(registry_file.write, self._file, content)
        self._read_at, self._well = time.monotonic(), True

    def _know(self, rows: Sequence[DictRow]) -> None:
        found = [gateway_of(self._ctx, row) for row in rows]
        self._tokens = {g.token_id: g for g in found if g.token_id}
        self._paths = {g.path_hash: g for g in found if g.path_hash}

    def forget(self) -> None:
        """Somebody is changing a gateway here: for two seconds, until that is committed, strangers are looked for."""
        self._changed_at = time.monotonic()

    @property
    def _changed(self) -> bool:
        return time.monotonic() - self._changed_at < _AWAY_S


async def _keep_fresh(ctx: Context, registry: Registry) -> None:
    """Every few seconds: beats written down, the list read anew."""
    while True:
        try:
            await pulse.write_down(ctx)
            await registry.refresh()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round may go well
            log.warning("gateways.stale", kind=type(error).__name__)
        await asyncio.sleep(FLUSH_S)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """`app.state.gateways`, kept fresh while the web process runs; last beats are written at its end."""
    ctx: Context = app.state.context
    registry = app.state.gateways = Registry(ctx)
    keeping = asyncio.create_task(_keep_fresh(ctx, registry), name="gateways")
    try:
        yield
    finally:
        await end(keeping)
        with contextlib.suppress(*DATABASE_AWAY):
            async with asyncio.timeout(_AWAY_S):
                await pulse.write_down(ctx)
