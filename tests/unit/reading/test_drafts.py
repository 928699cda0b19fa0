"""What is shown of a call while it is typed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.places.gazetteer import default_gazetteer
from server.reports.hotline import CANDIDATES, begun, draft


def test_all_places_of_a_name_are_offered_and_the_one_that_would_be_taken_comes_first() -> None:
    shown = draft("نورآباد ۲۰ خانواده آب ندارند", default_gazetteer())
    assert shown["households"] == 20
    assert len({p["province"] for p in shown["places"]}) > 1
    assert [p["read"] for p in shown["places"]] == [True] + [False] * (len(shown["places"]) - 1)


def test_what_was_searched_for_comes_before_what_was_read() -> None:
    row = {"name_en": "Ab Anbar", "name_fa": None, "kind": "village", "province_en": "", "province_fa": "", "lat": 33.0}
    shown = draft("پلدختر", default_gazetteer(), [row | {"lon": 48.0, "accuracy_m": 2000}])
    assert [p["name"] for p in shown["places"]][:2] == ["Ab Anbar", "Poldokhtar"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("در روستای نور", "نور"),
        ("village of mam", "mam"),
        ("نزدیک شهر پلد", "پلد"),
        ("آب نداریم", None),
        ("روستای", None),
        ("", None),
    ],
)
def test_a_name_begun_after_a_word_that_announces_it(text: str, name: str | None) -> None:
    assert begun(text, default_gazetteer()) == name


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_draft_is_shown(text: str) -> None:
    shown = draft(text, default_gazetteer())
    assert len(shown["places"]) <= CANDIDATES
    begun(text, default_gazetteer())
