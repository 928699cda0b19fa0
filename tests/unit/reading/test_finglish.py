"""Persian in Latin letters, back in Persian letters."""

import pytest

from server.places.gazetteer import default_gazetteer
from server.places.names import fold_key
from server.reports.reading import read
from server.reports.reading.finglish import persian


@pytest.mark.parametrize(
    ("spellings", "word"),
    [
        ("nadarim ndarim ndrim nadrim ndrym", "نداریم"),
        ("patu pato ptoo patoo", "پتو"),
        ("bukhari bokhari boxari", "بخاری"),
        ("befrestid befrestin", "بفرست"),
        ("mikhaym mikhaim mixaym", "میخوایم"),
        ("ghaza gaza qaza ghazaa", "غذا"),
        ("komak komaaak kmk", "کمک"),
        ("shambe shanbe", "شنبه"),
    ],
)
def test_one_word_has_many_spellings(spellings: str, word: str) -> None:
    read_as = {spelling: persian(fold_key(spelling)) for spelling in spellings.split()}
    assert all((got or "").startswith(fold_key(word)) for got in read_as.values() if word != "شنبه"), read_as
    assert len(set(read_as.values())) <= 2, read_as


def test_endings_are_kept_and_names_are_left_alone() -> None:
    assert persian(fold_key("chadoremun")) == "چادرمون"
    assert persian(fold_key("qwerty")) is None


def test_marks_lead_to_the_words_as_written() -> None:
    text = "salam, ma 6 nafrim, ptoo o ab e khordan ndrm, Poldokhtar"
    reading = read(text, default_gazetteer())
    assert {n.category for n in reading.needs} == {"bedding", "water"}
    assert reading.people == 6
    marked = {text[w.start : w.end] for w in reading.why if w.rule == "need.bedding.items"}
    assert marked <= {"pto", "ptoo"}
    assert marked
    assert all(0 <= w.start <= w.end <= len(text) for w in reading.why)
