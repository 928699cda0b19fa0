"""Who bears a token, for the shortcuts past the routes: whoever is asked for at one moment is asked for together.

A storm of volunteers after a quiet hour would otherwise be a statement each, before the first of them is served.
"""

import asyncio
from collections.abc import Collection
from itertools import groupby
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from server.access import queries
from server.access.guard import PATIENCE_S, at_hand, of_session, of_token, remember
from server.access.principal import Principal
from server.access.secrets import secret_hash
from server.kernel.db import Database

log = structlog.get_logger("access")
MOST = 256


class Bearers:
    """One application's questions under way. `state`: the application's, with `db` and `principals`."""

    def __init__(self, state: Any) -> None:
        self._state = state
        self._asked: dict[bytes, asyncio.Future[Principal | None]] = {}
        self._waiting: list[bytes] = []
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, key: bytes) -> Principal | None:
        """Who bears the token of this hash; None for a stranger, and when it cannot be found out now."""
        future = self._asked.get(key)
        if future is None:
            future = self._asked[key] = asyncio.get_running_loop().create_future()
            self._waiting.append(key)
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask_all(), name="bearers")
        return await asyncio.shield(future)

    async def _ask_all(self) -> None:
        # Once round the loop: all that were read from their sockets by now are asked for together.
        await asyncio.sleep(0)
        try:
            while self._waiting:
                keys, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                found = await self._found(keys)
                for key in keys:
                    self._asked.pop(key).set_result(found.get(key))
        finally:
            self._asking = None
            # Whatever broke: nobody waits for an answer that never comes.
            for future in self._asked.values():
                future.set_result(None)
            self._asked.clear()
            self._waiting.clear()

    async def _found(self, keys: list[bytes]) -> dict[bytes, Principal]:
        db: Database = self._state.db
        try:
            async with asyncio.timeout(PATIENCE_S), db.tx() as conn:
                rows = await queries.tokens_by_hash(conn, keys)
        except (psycopg.Error, PoolTimeout, TimeoutError, OSError) as error:
            log.warning("bearers.unknown", kind=type(error).__name__, asked=len(keys))
            return {}
        found = {bytes(row["hash"]): of_token(row) for row in rows}
        for key, principal in found.items():
            remember(self._state, key, principal)
        return found


async def bearer(state: Any, secret: str) -> Principal | None:
    """Who bears a token; None also when that cannot be found out now (the route then says why)."""
    known = at_hand(state, secret)
    if known is not None:
        return known
    if not hasattr(state, "bearers"):
        state.bearers = Bearers(state)
    asking: Bearers = state.bearers
    return await asking.ask(secret_hash(secret))


async def alive(db: Database, bearers: Collection[tuple[str, bytes]]) -> dict[tuple[str, bytes], Principal]:
    """Who stands behind each of these (kind, hash of the secret) now, asked for together; strangers are not in it.

    Raises when the database is away.
    """
    hashes: dict[str, list[bytes]] = {"token": [], "session": []}
    for kind, key in bearers:
        hashes[kind].append(key)
    async with db.tx() as conn:
        tokens = await queries.tokens_by_hash(conn, hashes["token"]) if hashes["token"] else []
        grants = await queries.scopes_of_sessions(conn, hashes["session"]) if hashes["session"] else []
    found = {("token", bytes(row["hash"])): of_token(row) for row in tokens}
    for key, rows in groupby(grants, lambda row: bytes(row["hash"])):
        found["session", key] = of_session(list(rows))
    return found
