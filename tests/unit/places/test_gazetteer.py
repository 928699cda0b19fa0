"""Names and the gazetteer: one key for every spelling, ordinary words left alone, provinces and counties whole."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.places.gazetteer import default_gazetteer
from server.places.names import digits_to_ascii, fold, normalise, squash

GAZETTEER = default_gazetteer()
SHARED = Path(__file__).parents[4] / "shared/data/iran_geography"


def found(text: str) -> list[str]:
    return [m.candidates[0].name_en for m in GAZETTEER.find(fold(text))]


@pytest.mark.parametrize("name", ["پل دختر", "پل‌دختر", "پلدختر", "پـلدختر", "پَلدُختَر"])
def test_one_key_for_persian_spellings(name: str) -> None:
    assert squash(name) == "پلدختر"


def test_one_key_for_latin_spellings() -> None:
    assert squash("Pol-e Dokhtar") == squash("Poldokhtar") == squash("POL DOKHTAR")
    assert normalise("  كرمانشاه ۱۲ ") == "کرمانشاه 12"
    assert digits_to_ascii("۱۲٣") == "123"


@given(st.text())
def test_keys_are_total_and_stable(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    folded = fold(text)
    assert len(folded.offsets) == len(folded.text)
    assert list(folded.offsets) == sorted(folded.offsets)
    assert all(0 <= o < len(text) for o in folded.offsets)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("پل دختر", "Poldokhtar"),
        ("پلدخترم", "Poldokhtar"),
        ("ازپلدختر", "Poldokhtar"),
        ("Pol-e Dokhtar", "Poldokhtar"),
        ("خرم آباد", "Khorramabad"),
        ("khoramabad", "Khorramabad"),
        ("سر پل ذهاب", "Sarpol-e Zahab"),
        ("آق قلا", "Aq Qala"),
        ("agh ghala", "Aq Qala"),
        ("in Khoramabat", "Khorramabad"),
        ("كوهدشت", "Kuhdasht"),
        ("استان مرکزی", "Markazi"),
    ],
)
def test_spellings_are_found(text: str, name: str) -> None:
    assert found(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "آب",
        "در آب",
        "دو نفر",
        "برق و گاز",
        "شب سرد",
        "the dam is full of mud",
        "two men and a bank",
        "نور نداریم",
        "راه باز است",
    ],
)
def test_ordinary_words_are_no_places(text: str) -> None:
    assert found(text) == []


def test_ordinary_words_with_a_noun_of_place_are() -> None:
    assert found("شهر نور") == ["Nur"]
    assert "county" in {row.kind for row in GAZETTEER.find(fold("شهرستان دیر"))[0].candidates}


def test_provinces_and_counties() -> None:
    kinds = [r.kind for r in GAZETTEER.rows]
    assert kinds.count("province") == 31
    assert kinds.count("county") > 450
    assert all(25 <= r.lat <= 40 and 44 <= r.lon <= 63.5 and r.accuracy_m > 0 for r in GAZETTEER.rows)
    assert len({(r.source, r.source_id) for r in GAZETTEER.rows}) == len(GAZETTEER.rows)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared geography data is not on this machine")
def test_persian_names_are_mostly_the_official_ones() -> None:
    with (SHARED / "admin_tables_fa/cities.csv").open(encoding="utf-8") as file:
        official = {squash(row["name"]) for row in csv.DictReader(file)}
    towns = [r for r in GAZETTEER.rows if r.source == "geonames" and any(squash(n) in official for n in r.names)]
    good = sum(squash(r.name_fa or "") in official for r in towns)
    assert len(towns) > 900
    assert good / len(towns) > 0.92
