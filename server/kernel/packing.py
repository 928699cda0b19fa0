"""Whole columns as one array parameter each, in PostgreSQL's binary form: for the hottest statement there is.

As `kernel.arrays`, which writes text: here sealed bytes go as they are, neither doubled into hex nor read back from it.
Give them to `%b::bytea[]`. The form is that of `array_send` and of each type's own `…_send` function in PostgreSQL.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD: Final = struct.Struct(">iiIii")
_LENGTH: Final = struct.Struct(">i").pack
_NULL: Final = _LENGTH(-1)
_SHORT, _INT, _LONG, _DOUBLE = (struct.Struct(f">{kind}").pack for kind in "hiqd")
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Packed(bytes):
    """An array in binary form."""

    __slots__ = ()


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> Buffer:
        return bytes(obj)


psycopg.adapters.register_dumper(Packed, _PackedDumper)

_KINDS: Final[Mapping[str, tuple[int, Callable[[Any], bytes] | None]]] = {
    "bytea": (17, None),
    "int8": (20, _LONG),
    "int2": (21, _SHORT),
    "int4": (23, _INT),
    "text": (25, str.encode),
    "float8": (701, _DOUBLE),
    "timestamptz": (1184, lambda moment: _LONG((moment - _EPOCH) // _MICROSECOND)),
    "uuid": (2950, lambda value: value.bytes),
}
"""The element's type → its id in `pg_type`, and its bytes."""


def packed(kind: str, values: Sequence[Any]) -> Packed:
    """A column as an array of `kind`; None is NULL. Raises for what the type cannot hold."""
    oid, form = _KINDS[kind]
    if not values:
        return Packed(_HEAD.pack(0, 0, oid, 0, 1)[:12])
    head = _HEAD.pack(1, 1, oid, len(values), 1)
    if values.count(None) == len(values):
        return Packed(head + _NULL * len(values))
    given: Iterable[bytes | None] = values if form is None else [None if v is None else form(v) for v in values]
    return Packed(head + b"".join([_NULL if v is None else _LENGTH(len(v)) + v for v in given]))
