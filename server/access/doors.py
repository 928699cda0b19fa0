"""The tokens of gateways, known to every web process without asking: their messages come in while the database is away.

Read anew every few seconds, and kept in a file, so that a process that starts meanwhile knows them too. The file holds
hashes of random secrets (SHA-256) and ids. A revoked token is out with the next reading that the database answers.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

import orjson
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from server.access import queries
from server.access.principal import Principal, Scope
from server.access.roles import Role
from server.kernel.db import Database

log = structlog.get_logger("doors")
EVERY_S: Final = 4.0
SOONEST_S: Final = 0.5
"""Between two readings, when somebody comes whom the list does not know: a gateway made a moment ago, most often."""
PATIENCE_S: Final = 2.0
NAME: Final = "doors.json"


class Doors:
    """One process's list. `of` never waits."""

    def __init__(self, db: Database, home: Path) -> None:
        self._db, self._file = db, home / NAME
        self._known: dict[bytes, Principal] = {}
        self._missed = asyncio.Event()
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            self._known = _read(orjson.loads(self._file.read_bytes()))

    def of(self, secret_hash: bytes) -> Principal | None:
        """The gateway's token behind a hash; None for any other, and then the list is soon read again."""
        known = self._known.get(secret_hash)
        if known is None:
            self._missed.set()
        return known

    async def keep_fresh(self) -> None:
        """Read them every few seconds, and soon after a stranger came, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self.refresh()
            except (psycopg.Error, PoolTimeout, OSError, TimeoutError) as error:
                log.warning("doors.as_before", kind=type(error).__name__, known=len(self._known))
            await asyncio.sleep(SOONEST_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S - SOONEST_S):
                    await self._missed.wait()
            self._missed.clear()

    async def refresh(self) -> None:
        """Read them now. Raises what the database raises; the old list then stands."""
        async with self._db.tx() as conn:
            rows = await queries.gateway_tokens(conn)
        known = {bytes(row["hash"]): _principal(row) for row in rows}
        if known != self._known or not self._file.exists():
            self._known = known
            with contextlib.suppress(OSError):
                await asyncio.to_thread(_write, self._file, known)


def _principal(row: Mapping[str, Any]) -> Principal:
    scope = Scope(cast("Role", row["role"]), row["centre_id"], row["emergency_id"], row["volunteer_id"])
    return Principal("token", row["id"], (scope,))


def _read(data: list[dict[str, str | None]]) -> dict[bytes, Principal]:
    known = {}
    for row in data:
        ids = {name: UUID(value) if value else None for name, value in row.items() if name.endswith("id")}
        known[bytes.fromhex(str(row["hash"]))] = _principal({"role": row["role"], **ids})
    return known


def _write(path: Path, known: Mapping[bytes, Principal]) -> None:
    lines = [
        {
            "hash": key.hex(),
            "id": str(one.id),
            "role": scope.role,
            "centre_id": scope.centre_id,
            "emergency_id": scope.emergency_id,
            "volunteer_id": scope.volunteer_id,
        }
        for key, one in known.items()
        for scope in one.scopes
    ]
    early = path.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}")
    fd = os.open(early, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, orjson.dumps(lines))
        os.fsync(fd)
    finally:
        os.close(fd)
    early.rename(path)
