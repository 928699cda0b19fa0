"""Sheets: what lies where on the paper, what a square is called, which sheet lies beside which."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.paper.atlas import District, pages
from mapping.paper.frame import MOST_LAT, dms, frame_of, graticule, scale_bar
from mapping.paper.sheet import Named, Numbered, Sheet, svg

KM = {"0": "۰", "half": "۵", "whole": "۱۰ کیلومتر", "north": "شمال"}
lons, lats = st.floats(-179, 179), st.floats(-MOST_LAT + 6, MOST_LAT - 6)


@given(lons, lats, st.floats(0, 4), st.floats(0, 4))
def test_a_frame_holds_its_box_and_names_every_square(lon: float, lat: float, wide: float, tall: float) -> None:
    east, north = min(180.0, lon + wide), min(MOST_LAT, lat + tall)
    frame = frame_of((lon, lat, east, north), 260, 160)
    for x, y in ((lon, lat), (east, north), (lon, north)):
        at = frame.at(x, y)
        assert -1e-6 <= at[0] <= 260 + 1e-6
        assert -1e-6 <= at[1] <= 160 + 1e-6
        assert re.fullmatch(r"[A-HJ-NP-Z]\d{1,2}", frame.square(x, y))
    metres, long = scale_bar(frame)
    assert 0 < long <= 50
    assert str(int(metres)).rstrip("0") in {"1", "2", "5"}
    step, meridians, parallels = graticule(frame)
    assert len(meridians) <= 16
    assert all(frame.box[0] < m < frame.box[2] for m in meridians)
    assert all(abs(p / step - round(p / step)) < 1e-6 for p in parallels)


def test_squares_go_from_the_upper_left() -> None:
    frame = frame_of((48, 33, 49, 34), 200, 200, pad=0)
    west, south, east, north = frame.box
    assert frame.square(west + 1e-6, north - 1e-6) == "A1"
    assert frame.square(east - 1e-6, south + 1e-6) == "E5"
    assert frame.square(west - 1, south) == ""
    with pytest.raises(ValueError, match="west"):
        frame_of((49, 33, 48, 34), 200, 200)


def test_degrees_are_written_as_maps_write_them() -> None:
    assert dms(48.0, 1, "EW") == "48°E"
    assert dms(-33.5, 0.5, "NS") == "33°30′S"
    assert dms(48 + 1 / 120, 1 / 120, "EW") == "48°00.5′E"


def test_a_sheet_writes_no_word_as_markup_and_leaves_out_what_is_not_on_it() -> None:
    frame = frame_of((48, 33, 49, 34), 200, 150)
    sheet = Sheet(
        frame,
        [Numbered(1, "needs", 48.5, 33.5, "life"), Numbered(2, "tasks", 58.5, 33.5, "none")],
        [Named(48.2, 33.8, "<b>پل</b>"), Named(48.2, 33.8, "همان جا")],
        digits=dict(zip("0123456789", "۰۱۲۳۴۵۶۷۸۹", strict=True)),
        beside={"e": "2"},
    )
    made = svg(sheet, 'نقشهٔ "یک"', KM)
    assert "<b>" not in made
    assert "&lt;b&gt;پل" in made
    assert "همان جا" not in made, "no name over another"
    assert made.count('class="mark') == 1
    assert ">۱</text>" in made
    assert "→ ۲" in made


def test_an_atlas_has_each_record_once_the_most_pressing_district_first() -> None:
    dice = random.Random(4)
    districts = [District(name, lon, 33.0) for name, lon in (("a", 47.0), ("b", 48.0), ("c", 49.0))]
    records = [
        {"lon": lon + dice.gauss(0, 0.1), "lat": 33 + dice.gauss(0, 0.1), "urgency": "normal", "n": i}
        for i, lon in enumerate([47.0] * 5 + [48.0] * 30 + [49.0] * 3 + [60.0])
    ]
    records[36]["urgency"] = "life"
    made = pages(records, districts)
    assert [page.district.name if page.district else None for page in made] == ["c", "b", "a", None]
    assert sorted(r["n"] for page in made for r in page.records) == list(range(len(records)))
    assert made[0].beside == {"w": "2"}
    assert made[1].beside == {"e": "1", "w": "3"}
    few = pages(records, districts, most=2)
    assert len(few) == 2
    assert sum(len(page.records) for page in few) == len(records)
