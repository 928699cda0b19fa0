"""Words, dates and numbers of the pages."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.pages import dates, extract, i18n


def test_persian_says_every_sentence_of_the_interface() -> None:
    said = extract.sentences()
    assert len(said) > 150
    assert extract.missing("fa") == []


def test_translations_keep_the_values_of_their_sentences() -> None:
    hole = re.compile(r"\{\w+\}")
    wrong = [
        one
        for one, persian in i18n.catalogue("fa").items()
        if sorted(hole.findall(one)) != sorted(hole.findall(persian))
    ]
    assert wrong == []


def test_persian_is_written_with_persian_letters() -> None:
    arabic = re.compile("[يك0-9٠-٩]")
    wrong = [
        persian
        for persian in i18n.catalogue("fa").values()
        if arabic.search(re.sub(r"CC BY 4\.0|[A-Za-z][\w-]*|\{\w+\}", "", persian))
    ]
    assert wrong == []


def test_a_sentence_is_said_with_its_values() -> None:
    assert i18n.translator("fa")("{n} people", n="۳") == "۳ نفر"
    assert i18n.translator("en")("{n} people", n=3) == "3 people"
    assert i18n.translator("fa")("nobody translated this") == "nobody translated this"


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "chosen"),
    [
        ("en", "fa", "fa", "en"),
        (None, "en", "fa", "en"),
        ("xx", None, "en-GB,en;q=0.9", "en"),
        (None, None, "de,en;q=0.5,fa;q=0.7", "fa"),
        (None, None, "en;q=nonsense", "fa"),
        (None, None, None, "fa"),
    ],
)
def test_language_is_what_was_asked_then_chosen_then_preferred(
    query: str | None, cookie: str | None, accept: str | None, chosen: str
) -> None:
    assert i18n.choose_language(query, cookie, accept) == chosen


def test_a_moment_in_both_calendars() -> None:
    new_year = datetime(2026, 3, 20, 20, 30, tzinfo=UTC)
    assert dates.date_time(new_year, "fa") == "۱ فروردین ۱۴۰۵، ۰۰:۰۰"
    assert dates.date_time(new_year, "en") == "21 Mar 2026, 00:00"
    leap_day = datetime(2025, 3, 20, 12, 0, tzinfo=UTC)
    assert dates.date(leap_day, "fa") == "۳۰ اسفند ۱۴۰۳"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        dates.date(datetime(2026, 1, 1), "fa")  # noqa: DTZ001 - the fault under test


@pytest.mark.parametrize(
    ("seconds", "persian"),
    [
        (-50, "همین حالا"),
        (59, "همین حالا"),
        (60, "۱ دقیقه پیش"),
        (7199, "۱ ساعت پیش"),
        (200_000, "۲ روز پیش"),
    ],
)
def test_how_long_ago(seconds: int, persian: str) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert dates.ago(now - timedelta(seconds=seconds), "fa", now) == persian


@given(st.integers(-(10**12), 10**12))
def test_numbers_read_back(value: int) -> None:
    shown = dates.number(value, "fa")
    assert not re.search("[0-9,.]", shown)
    assert int(shown.replace("٬", "")) == value
