"""Columns written as PostgreSQL's array text come back as they were."""

from datetime import UTC
from typing import Any

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.kernel import arrays

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "uuid": st.none() | st.uuids(),
    "text": st.none() | _TEXT | st.sampled_from(["NULL", "null", "", " ", "{}", '"', "\\", "a,b", "\\\\x00"]),
    "bool": st.none() | st.booleans(),
    "bigint": st.none() | st.integers(-(2**63), 2**63 - 1),
    "float8": st.none() | st.floats(allow_nan=False),
    "numeric": st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1e9, max_value=1e9),
    "timestamptz": st.none() | st.datetimes(timezones=st.just(UTC)),
    "bytea": st.none() | st.binary(max_size=12),
}


@pytest.mark.parametrize("kind", _KINDS)
def test_a_column_comes_back_as_it_was(db_dsn: str, kind: str) -> None:
    with psycopg.connect(db_dsn) as conn:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(_KINDS[kind], max_size=6))
        def holds(column: list[Any]) -> None:
            query = f"SELECT coalesce(array_agg(v), '{{}}') FROM unnest(%s::{kind}[]) AS v"
            row = conn.execute(query, (arrays.OF_KIND[kind](column),)).fetchone()  # type: ignore[arg-type]
            assert row is not None
            assert row[0] == column

        holds()


def test_json_comes_back_as_it_was(db_dsn: str) -> None:
    with psycopg.connect(db_dsn) as conn:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(_JSON, max_size=5))
        def holds(column: list[Any]) -> None:
            rows = conn.execute("SELECT v::text FROM unnest(%s::jsonb[]) AS v", (arrays.jsons(column),)).fetchall()
            assert [orjson.loads(r[0]) for r in rows] == column

        holds()
