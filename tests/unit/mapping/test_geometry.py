"""Boxes and zooms."""

from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.geometry import TILE_PX, centre_of, parse_box, zoom_for
from mapping.layers import BY_CODE, LAYERS, layers_for


@given(st.tuples(st.floats(-180, 179), st.floats(-85, 84)), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_box_reads_back(corner: tuple[float, float], wide: float, tall: float) -> None:
    west, south = corner
    box = (west, south, west + wide, south + tall)
    assert parse_box(",".join(map(repr, box))) == box


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,b,c,d",
        "10,0,5,5",
        "0,10,5,5",
        "0,0,181,5",
        "0,-91,5,5",
        "nan,0,1,1",
        "0,0,inf,1",
    ],
)
def test_what_is_no_box_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_box(text)


@given(st.floats(44, 62), st.floats(25, 39), st.floats(0.05, 10))
def test_a_box_fits_at_its_zoom_and_not_much_below(lon: float, lat: float, side: float) -> None:
    box = (lon, lat, lon + side, lat + side)
    zoom = zoom_for(box, 900, 700, most=22)
    degree = TILE_PX * 2**zoom / 360
    down = side * degree / cos(radians(centre_of(box)[0]))
    assert side * degree <= 900.001
    assert down <= 700.001
    assert max(side * degree * 2 / 900, down * 2 / 700) > 0.999


def test_layers_are_named_once_and_the_restricted_ones_are_kept_back() -> None:
    assert len(BY_CODE) == len(LAYERS) == len({layer.shape for layer in LAYERS})
    everyone = {layer["code"] for layer in layers_for(restricted=False)}
    assert set(BY_CODE) - everyone == {"reports", "volunteers", "teams"}
    assert [layer.group for layer in LAYERS] == sorted(
        (layer.group for layer in LAYERS), key=["missing", "going", "places"].index
    )
    assert {layer["code"] for layer in layers_for(restricted=True)} == set(BY_CODE)
