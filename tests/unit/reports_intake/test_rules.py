"""Keys, numbers, times, positions: intake's decisions."""
# ruff: noqa: DTZ001, DTZ901 - devices send times without a zone

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.emergencies.rules import area_problem, is_code
from server.reports.importing.geojson import position
from server.reports.importing.rows import ENOUGH, Around, coordinate
from server.reports.rules import claimed_time, in_order, is_plain_key
from server.reports.schemas import claim, parse_object


@pytest.mark.parametrize(
    ("key", "plain"),
    [
        ("4025", True),
        ("3f0c1a52-9d4b-4a53-8c6b-123456789012", True),
        ("m-1", True),
        ("2026-11-22T10:48", True),
        ("09121234567", False),
        ("sms-0912-123-4567", False),
        ("", False),
        ("a b", False),
        ("ک", False),
        ("h:abc", False),
        ("x" * 81, False),
        ("\0", False),
    ],
)
def test_a_key_stands_open_only_when_it_names_nobody(key: str, plain: bool) -> None:
    assert is_plain_key(key) is plain


def test_times_that_cannot_be_are_told() -> None:
    there = datetime(2026, 11, 22, 10, tzinfo=timezone(timedelta(hours=3, minutes=30)))
    assert claimed_time(there) == (datetime(2026, 11, 22, 6, 30, tzinfo=UTC), False)
    assert claimed_time(datetime(2026, 1, 1)) == (datetime(2026, 1, 1, tzinfo=UTC), False)
    assert claimed_time(None) == (None, False)
    for odd in (
        datetime.min,
        datetime.max,
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    ):
        assert claimed_time(odd) == (None, True)


@pytest.mark.parametrize("odd", ["", "x", [], {}, True, None, float("nan"), float("inf"), 1e300, -(10**400), 10**400])
def test_a_claim_that_is_no_time_is_none(odd: object) -> None:
    assert claim(odd) is None


def test_a_claim_in_seconds_or_milliseconds() -> None:
    assert claim(1_700_000_000) == claim(1_700_000_000_000) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@given(st.binary(max_size=200))
def test_json_of_strangers_never_raises(raw: bytes) -> None:
    parse_object(raw)


@given(st.binary(max_size=60).filter(lambda b: b'"' not in b and b"\\" not in b))
def test_a_text_in_json_comes_back_byte_for_byte(raw: bytes) -> None:
    parsed = parse_object(b'{"text": "' + raw + b'"}')
    assert parsed.data is not None
    assert parsed.bytes_of(parsed.data["text"]) == raw


def test_flags_have_one_order() -> None:
    assert in_order(["x", "nul", "not_utf8", "nul"]) == ["not_utf8", "nul", "x"]


def test_few_points_tell_nothing() -> None:
    assert Around.of([(51.0, 35.0)] * (ENOUGH - 1)) is None
    assert Around.of([(None, 1.0), (200.0, 1.0)] * ENOUGH) is None


@given(st.floats(-179, 179), st.floats(-80, 80))
def test_points_together_are_never_far(lon: float, lat: float) -> None:
    around = Around.of([(lon, lat)] * ENOUGH)
    assert around is not None
    assert not around.is_far(lon, lat)
    assert around.is_far(lon - 180 if lon > 0 else lon + 180, -lat) or abs(lat) > 60


@pytest.mark.parametrize(("cell", "value"), [("۳۳٫۱۵", 33.15), (" 5 ", 5.0), ("", None), (None, None), (3, 3.0)])
def test_degrees(cell: object, value: float | None) -> None:
    assert coordinate(cell) == value


@pytest.mark.parametrize("cell", ["north", "1,2", True, [], {}, "NaN"])
def test_what_is_no_number_is_nan(cell: object) -> None:
    found = coordinate(cell)
    assert found is not None
    assert found != found  # noqa: PLR0124 - NaN alone differs from itself


@given(st.recursive(st.none() | st.floats() | st.text(max_size=3), lambda x: st.lists(x, max_size=3), max_leaves=12))
def test_any_geometry_has_a_position_or_none(coordinates: object) -> None:
    for kind in ("Point", "Polygon", "x"):
        position({"type": kind, "coordinates": coordinates})


@pytest.mark.parametrize(
    ("area", "why"),
    [
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, None),
        ({"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]}, None),
        ({"type": "Point", "coordinates": [0, 0]}, "type"),
        (None, "type"),
        ({"type": "Polygon"}, "coordinates"),
        ({"type": "Polygon", "coordinates": []}, "coordinates"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "ring"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 91], [0, 0]]]}, "ring"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, float("nan")], [1, 1], [0, 0]]]}, "ring"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]] * 9000 + [[0, 0]]]}, "too_fine"),
    ],
)
def test_areas(area: object, why: str | None) -> None:
    assert area_problem(area) == why


def test_codes_of_emergencies() -> None:
    assert is_code("lorestan-flood-1405")
    assert not any(map(is_code, ("", "-", "a--b", "A", "سیل", "a" * 61, "a\n")))
