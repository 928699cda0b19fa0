"""The small map: always one well-formed picture of bounded size, and what must be seen is inside it."""

import re
from itertools import pairwise
from math import hypot

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.cutting import clip_line, clip_ring
from mapping.sketch import HEIGHT, MOST_BYTES, WIDTH, Ground, Mark, Spot, draw, view_of

pytestmark = pytest.mark.unit
lons, lats = st.floats(-180, 180), st.floats(-85, 85)
words = st.text(max_size=40).filter(lambda text: all(sign.isprintable() for sign in text))
near = st.tuples(lons, lats, st.lists(st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)), min_size=1, max_size=12))
lines = st.lists(st.tuples(lons, lats), min_size=2, max_size=60).map(tuple)


def km(length: float) -> str:
    return f"{length:g} km"


@given(
    near,
    st.lists(st.builds(Spot, lons, lats, words, st.floats(0, 1e7)), max_size=40),
    st.builds(Ground, land=st.lists(lines, max_size=6).map(tuple), inner=st.lists(lines, max_size=6).map(tuple)),
    words,
)
@settings(max_examples=60, deadline=None)
def test_a_map_is_one_small_picture_with_every_mark_in_it(
    around: tuple[float, float, list[tuple[float, float]]], spots: list[Spot], ground: Ground, word: str
) -> None:
    lon, lat, offsets = around
    points = [((lon + x + 180) % 360 - 180, lat + y) for x, y in offsets]
    marks = [Mark("task" if at == 0 else "other", *point, label=word, text="۱") for at, point in enumerate(points)]
    view = view_of(marks)
    svg = draw(view, marks, label=word, say_km=km, spots=spots, closed=[((lon, lat),)], ground=ground).svg
    assert len(svg.encode()) <= MOST_BYTES
    root = fromstring(svg)
    pins = [one for one in root if one.tag == "g"]
    assert len(pins) == len(marks)
    for pin in pins:
        x, y = (float(n) for n in re.findall(r"-?[\d.]+", pin.get("transform") or ""))
        assert 0 <= x <= WIDTH
        assert 20 <= y <= HEIGHT


def test_a_blurred_point_is_drawn_as_an_area_and_never_on_a_finer_map() -> None:
    mark = Mark("task", 47.7, 33.1, radius_m=1000)
    view = view_of([mark])
    assert view.m_px * HEIGHT >= 5000
    found = re.search(r'<circle class="sketch__about"[^>]* r="(\d+)"', draw(view, [mark], label="", say_km=km).svg)
    assert found
    assert abs(int(found[1]) * view.m_px - 1000) <= view.m_px


def test_names_stand_apart_and_the_larger_place_is_named() -> None:
    mark = Mark("task", 47.7, 33.1)
    crowd = [Spot(47.72 + n / 1e5, 33.11, f"Village {n}", n) for n in range(60)]
    svg = draw(view_of([mark]), [mark], label="", say_km=km, spots=crowd).svg
    assert "Village 59" in svg
    assert svg.count("sketch__name") < 8


def test_pins_at_one_place_stand_beside_one_another() -> None:
    marks = [Mark("other", 47.7, 33.1, text=str(number)) for number in range(1, 6)]
    svg = draw(view_of(marks), marks, label="", say_km=km).svg
    xs = sorted(float(x) for x in re.findall(r'sketch__other" transform="translate\((\S+) ', svg))
    assert len(xs) == 5
    assert min(b - a for a, b in pairwise(xs)) >= 18


def test_towns_beyond_the_rim_are_signposts() -> None:
    mark = Mark("task", 47.7, 33.1)
    towns = [Spot(48.2, 33.1, "East"), Spot(48.3, 33.1, "Behind it"), Spot(47.7, 33.9, "North")]
    svg = draw(view_of([mark]), [mark], label="", say_km=km, beyond=towns).svg
    assert re.findall(r"\u2068([A-Z][^\u2069]*)\u2069", svg) == ["East 47 km", "North 89 km"]


def test_what_lies_outside_is_cut_away() -> None:
    ring = ((-1.0, -1.0), (9.0, -1.0), (9.0, 9.0), (-1.0, 9.0))
    assert set(clip_ring(ring, (0, 0, 4, 4))) == {(0, 0), (4, 0), (4, 4), (0, 4)}
    assert clip_ring(ring, (20, 20, 24, 24)) == ()
    (piece,) = clip_line(((-2.0, 2.0), (6.0, 2.0)), (0, 0, 4, 4))
    assert [round(hypot(*point), 6) for point in piece] == [2, round(hypot(4, 2), 6)]
    # Out and in again: two pieces.
    assert len(list(clip_line(((1.0, 1.0), (1.0, 9.0), (2.0, 9.0), (2.0, 1.0)), (0, 0, 4, 4)))) == 2


def test_squares_of_the_build_are_understood() -> None:
    square = {"scale": 10, "land": [[470, 330, 10, 0, 0, 10]], "coast": [], "border": [], "inner": [[475, 333, 2, 2]]}
    ground = Ground.of([square])
    assert ground.land == (((47.0, 33.0), (48.0, 33.0), (48.0, 34.0)),)
    assert ground.inner == (((47.5, 33.3), (47.7, 33.5)),)
