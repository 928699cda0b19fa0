"""Whole columns as one array parameter each, written out as PostgreSQL's array text.

psycopg dumps a list value by value through its adapters, in Python: for the bulk statements of the chain and the
sealer that was half of their time. Here a column is joined into one string; the statement casts it (`%s::uuid[]`).
PostgreSQL's documentation, section 8.15.2, has the syntax. NULL stands for None in every one of them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson


def numbers(values: Iterable[float | int | None]) -> str:
    """Whole numbers, floats or Decimals: `int[]`, `bigint[]`, `float8[]`, `numeric[]`."""
    return "{" + ",".join(["NULL" if v is None else str(v) for v in values]) + "}"


def truths(values: Iterable[bool | None]) -> str:
    """`bool[]`."""
    return "{" + ",".join(["NULL" if v is None else "t" if v else "f" for v in values]) + "}"


def uuids(values: Iterable[UUID | None]) -> str:
    """`uuid[]`."""
    return "{" + ",".join(["NULL" if v is None else v.hex for v in values]) + "}"


def texts(values: Iterable[str | None]) -> str:
    """`text[]`. PostgreSQL refuses a NUL or a lone surrogate, as it does everywhere."""
    return "{" + ",".join(["NULL" if v is None else _quoted(v) for v in values]) + "}"


def moments(values: Iterable[datetime | None]) -> str:
    """`timestamptz[]`, to the microsecond, of datetimes that know their zone."""
    return "{" + ",".join(["NULL" if v is None else f'"{v.isoformat()}"' for v in values]) + "}"


def blobs(values: Iterable[bytes | None]) -> str:
    """`bytea[]`."""
    return "{" + ",".join(["NULL" if v is None else f'"\\\\x{bytes(v).hex()}"' for v in values]) + "}"


def jsons(values: Iterable[Any]) -> str:
    """`jsonb[]`; None is JSON's null, not SQL's. Keys are strings; UUIDs and datetimes become strings.

    Raises TypeError for what is no JSON: a whole number beyond 64 bits, a lone surrogate.
    """
    return "{" + ",".join([_quoted(orjson.dumps(v).decode()) for v in values]) + "}"


def _quoted(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if '"' in text:
        text = text.replace('"', '\\"')
    return f'"{text}"'


OF_KIND: Final[Mapping[str, Callable[[Iterable[Any]], str]]] = {
    "uuid": uuids,
    "text": texts,
    "bool": truths,
    "int": numbers,
    "bigint": numbers,
    "numeric": numbers,
    "float8": numbers,
    "timestamptz": moments,
    "bytea": blobs,
    "jsonb": jsons,
}
"""The type of an array's elements → how it is written."""
