"""The grid: no point falls between two cells, none into both, whatever the box."""

import math

from hypothesis import given
from hypothesis import strategies as st

from server.kernel.geo import Box
from server.maps.grid import (
    FINEST,
    LEVELS,
    Rect,
    box_of,
    cell_of,
    cut_at_date_line,
    display_level,
    frame,
    stored_level,
    touching,
    within,
)

LONS = (
    st.floats(-180, 180)
    | st.integers(-8, 8).map(lambda i: i * 22.5)
    | st.sampled_from([-1e-20, 1e-20, -5e-324, 179.99999999999997])
)
LATS = st.floats(-90, 90) | st.integers(-4, 4).map(lambda i: i * 22.5)
GRID_LEVELS = st.integers(1, FINEST)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    west, east = sorted((draw(LONS), draw(LONS)))
    south, north = sorted((draw(LATS), draw(LATS)))
    return Box(west, south, math.nextafter(east, math.inf), math.nextafter(north, math.inf))


def covers(rect: Rect, level: int, lon: float, lat: float) -> bool:
    gx, gy = cell_of(lon, lat)
    x, y = gx >> (FINEST - level), gy >> (FINEST - level)
    return rect.x0 <= x < rect.x1 and rect.y0 <= y < rect.y1


@given(LONS, LATS, GRID_LEVELS)
def test_a_point_lies_in_the_half_open_cell_that_its_number_says(lon: float, lat: float, level: int) -> None:
    gx, gy = cell_of(lon, lat)
    x, y = gx >> (FINEST - level), gy >> (FINEST - level)
    assert box_of(Rect(x, y, x + 1, y + 1), level).holds(lon, lat)


@given(boxes(), LONS, LATS, GRID_LEVELS)
def test_cells_within_a_box_hold_only_its_points_and_cells_touching_it_hold_them_all(
    box: Box, lon: float, lat: float, level: int
) -> None:
    if covers(within(box, level), level, lon, lat):
        assert box.holds(lon, lat)
    if box.holds(lon, lat):
        assert covers(touching(box, level), level, lon, lat)


@given(boxes(), LONS, LATS, GRID_LEVELS)
def test_the_frame_of_a_box_and_its_inside_share_no_point_and_miss_none(
    box: Box, lon: float, lat: float, level: int
) -> None:
    rect = within(box, level)
    inner = None if rect.empty else box_of(rect, level)
    parts = [*frame(box, inner), *([inner] if inner else [])]
    assert sum(part.holds(lon, lat) for part in parts) == box.holds(lon, lat)


@given(boxes(), st.integers(0, 24))
def test_a_view_never_has_more_cells_than_allowed(box: Box, zoom: int) -> None:
    level = display_level(box, zoom, 1200)
    rect = touching(box, level)
    assert (rect.x1 - rect.x0) * (rect.y1 - rect.y0) <= 1200
    assert level > LEVELS[0] or stored_level(level) in LEVELS


@given(st.floats(-180, 180), st.floats(-180, 180), LONS)
def test_a_box_across_the_date_line_is_two(west: float, east: float, lon: float) -> None:
    inside = sum(box.holds(lon, 0) for box in cut_at_date_line(west, -1, east, 1))
    assert inside == ((west <= lon < east) if west < east else (lon >= west or lon < east))
