"""Which shapes may close a way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.closures.rules import stands
from server.kernel.shapes import geometry_problem, plain

SQUARE = [[47, 33], [48, 33], [48, 34], [47, 33]]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.integers(-200, 200),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [47.7, 33.1]},
        {"type": "LineString", "coordinates": [[47.7, 33.1, 900.5], [47.8, 33.2]]},
        {"type": "Polygon", "coordinates": [SQUARE]},
    ],
)
def test_good_shapes(geometry: dict[str, object]) -> None:
    assert geometry_problem(geometry) is None


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (None, "type"),
        ([], "type"),
        ({"type": "MultiPoint", "coordinates": [[1, 1]]}, "type"),
        ({"type": "Point"}, "coordinates"),
        ({"type": "Point", "coordinates": []}, "coordinates"),
        ({"type": "Point", "coordinates": [True, 1]}, "coordinates"),
        ({"type": "Point", "coordinates": ["x", 1]}, "coordinates"),
        ({"type": "Polygon", "coordinates": []}, "coordinates"),
        ({"type": "Polygon", "coordinates": [[1, 2]]}, "coordinates"),
        ({"type": "Point", "coordinates": [181, 0]}, "off_earth"),
        ({"type": "Point", "coordinates": [float("nan"), 0]}, "off_earth"),
        ({"type": "LineString", "coordinates": [[1, 1], [1, 1]]}, "too_short"),
        ({"type": "Polygon", "coordinates": [[*SQUARE[:-1], [47, 33.5]]]}, "open_ring"),
        ({"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [1, 1], [1, 1]]]}, "too_short"),
        ({"type": "LineString", "coordinates": [[i / 100, 0] for i in range(2001)]}, "too_many_positions"),
    ],
)
def test_bad_shapes(geometry: object, code: str) -> None:
    assert geometry_problem(geometry) == code


@given(st.sampled_from(["Point", "LineString", "Polygon"]), JSON)
def test_strangers_json_is_judged_and_never_breaks(kind: str, coordinates: object) -> None:
    geometry = {"type": kind, "coordinates": coordinates}
    if geometry_problem(geometry) is None:
        assert geometry_problem(plain(geometry)) is None


def test_heights_and_other_members_go() -> None:
    assert plain({"type": "LineString", "coordinates": [[1, 2, 3], [4, 5]], "x": "<script>"}) == {
        "type": "LineString",
        "coordinates": [[1, 2], [4, 5]],
    }


def test_a_closure_stands_while_its_incident_does() -> None:
    assert stands("open", "unverified")
    assert not stands("resolved", "confirmed")
    assert not stands("open", "refuted")
