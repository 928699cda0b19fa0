"""Which place a message means: points in its words, stretches, hints, candidates, street words."""

import pytest

from server.kernel.geo import distance_m
from server.places.gazetteer import default_gazetteer
from server.reports.reading import Reading, read
from server.reports.reading.hints import Hints

GAZETTEER = default_gazetteer()
FARS = (51.54, 30.11)
AMBIGUOUS = "نورآباد سیل اومده چادر لازم داریم"


def told(text: str, hints: Hints | None = None) -> Reading:
    return read(text, GAZETTEER, hints=hints)


def details(text: str) -> list[str]:
    return [text[w.start : w.end] for w in told(text).why if w.rule == "place.detail"]


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ("سه نفر زیر آوار 33.15249, 47.71014", "Poldokhtar", 3),
        ("۵ نفر روی پشت بام https://maps.google.com/?q=33.15249,47.71014", "Poldokhtar", 5),
        ("we are 4 people on a roof, 8H595P26+X3", "Poldokhtar", 4),
        ("۲ نفر زیر آوار ۵P26+X3 پلدختر", "Poldokhtar", 2),
    ],
)
def test_a_point_in_the_words_is_where_and_counts_nobody(text: str, name: str, count: int) -> None:
    reading = told(text)
    assert reading.place is not None
    assert (reading.place.name, reading.people) == (name, count)
    assert distance_m(reading.place.lon, reading.place.lat, 47.71014, 33.15249) < 30
    assert reading.place.accuracy_m <= 30


def test_words_that_name_another_place_than_the_point_stay_a_candidate() -> None:
    reading = told("سیل خونه‌های آق‌قلا رو برده، من الان 35.70000, 51.40000 هستم")
    assert reading.place is not None
    assert [c.name for c in reading.candidates] == ["Aq Qala"]
    assert "candidates" not in reading.as_dict()


def test_a_short_code_without_any_place_is_completed_by_hints_or_not_at_all() -> None:
    assert told("trapped at 5P26+X3 help").place is None
    place = told("trapped at 5P26+X3 help", Hints(sender=((47.8, 33.1),))).place
    assert place is not None
    assert distance_m(place.lon, place.lat, 47.71014, 33.15249) < 30


@pytest.mark.parametrize(
    "text",
    [
        "جاده خرم‌آباد به پلدختر بسته است",
        "جاده خرم آباد پلدختر رو سیل برده",
        "the road between Khorramabad and Poldokhtar is cut",
        "پل بین پلدختر و خرم‌آباد خراب شده",
    ],
)
def test_between_two_places_is_the_middle_and_half_as_inexact(text: str) -> None:
    place = told(text).place
    assert place is not None
    ends = [distance_m(place.lon, place.lat, lon, lat) for lon, lat in ((48.35583, 33.48778), (47.71014, 33.15249))]
    assert max(ends) == pytest.approx(place.accuracy_m, rel=0.02)
    assert min(ends) > 0.9 * max(ends)


def test_hints_choose_among_places_of_one_name_and_doubt_is_shown() -> None:
    unsure = told(AMBIGUOUS)
    assert unsure.place is not None
    assert (unsure.place.province, [c.province for c in unsure.candidates]) == ("Lorestan", ["Fars"])
    for hints in (Hints(area=(*FARS, 80_000)), Hints(sender=(FARS,)), Hints(others=(FARS, (51.9, 30.2)))):
        chosen = told(AMBIGUOUS, hints)
        assert chosen.place is not None
        assert chosen.place.province == "Fars", hints
    said = told("نورآباد لرستان سیل اومده چادر لازم داریم", Hints(area=(*FARS, 80_000), sender=(FARS,)))
    assert said.place is not None
    assert (said.place.province, said.candidates) == ("Lorestan", ())


def test_hints_make_no_place_of_nothing() -> None:
    assert told("آب نداریم، کمک کنید", Hints(area=(*FARS, 80_000), sender=(FARS,))).place is None


def test_a_town_is_not_taken_for_one_that_is_also_called_so() -> None:
    place = told("ساوه شهر صنعتی، انبار آتیش گرفته").place
    assert place is not None
    assert place.name == "Saveh"


def test_street_words_are_marked() -> None:
    assert details("بم، خیابان امام کوچه ۴ پلاک ۱۲، زیر آواریم") == ["خیابان امام", "کوچه ۴", "پلاک ۱۲"]
    assert details("trapped in Bam, behind the school") == ["behind the school"]
    assert details("آب و نان نداریم") == []
