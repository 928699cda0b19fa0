"""The gateways on disk, as the table has them: a web process that starts while the database is away knows them too.

Secrets stay sealed, paths are hashes; the file says no more than the table.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.rows import DictRow

NAME: Final = "gateways.json"
_IDS: Final = ("id", "emergency_id", "token_id")
_BYTES: Final = ("path_hash", "secrets_sealed", "data_key_wrapped")


def to_bytes(rows: Sequence[DictRow]) -> bytes:
    """The file's content."""
    return orjson.dumps([dict(row) for row in rows], default=lambda value: bytes(value).hex())


def from_bytes(content: bytes) -> list[DictRow]:
    """The rows again. Raises ValueError, TypeError or KeyError for what is no such file."""
    rows: list[dict[str, Any]] = orjson.loads(content)
    for row in rows:
        for name in _IDS:
            row[name] = UUID(row[name]) if row[name] else None
        for name in _BYTES:
            row[name] = bytes.fromhex(row[name]) if row[name] else None
    return rows


def write(path: Path, content: bytes) -> None:
    """Replace the file whole, readable by its owner alone."""
    early = path.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}")
    fd = os.open(early, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, content)
        os.fsync(fd)
    finally:
        os.close(fd)
    early.rename(path)
