"""Columns in PostgreSQL's binary form come back as they went."""

import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from server.access.context import Context
from server.kernel.packing import packed

CASES: list[tuple[str, list[Any]]] = [
    ("bytea", [b"", b"\0\xff", None, b"x" * 5000]),
    ("text", ["", "کمک", None, 'a"b\\c,{}', "NULL"]),
    ("uuid", [uuid.UUID(int=7), None]),
    ("int2", [0, -1, 32767, None]),
    ("int4", [0, -(2**31), None]),
    ("int8", [0, 2**63 - 1, None]),
    ("float8", [0.0, -1.5, float("inf"), None]),
    ("timestamptz", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC), None]),
    ("text", []),
]


async def test_what_is_packed_comes_back(ctx: Context) -> None:
    async with ctx.db.tx() as conn:
        for kind, values in CASES:
            row = await (await conn.execute(f"SELECT %b::{kind}[] AS a", (packed(kind, values),))).fetchone()
            assert row is not None
            assert row["a"] == values


async def test_what_a_type_cannot_hold_is_refused(ctx: Context) -> None:
    with pytest.raises(UnicodeEncodeError):
        packed("text", ["\ud800"])
    with pytest.raises(psycopg.DataError):
        async with ctx.db.tx() as conn:
            await conn.execute("SELECT %b::text[]", (packed("text", ["a\0b"]),))
