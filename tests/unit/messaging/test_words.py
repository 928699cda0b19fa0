"""Segments, and the words that Hamyar sends by itself."""

import re
import unicodedata
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.messaging import segments, templates

pytestmark = pytest.mark.unit
GSM = "@£ΔΩÆß!#0Aaäñü\n€[]{}~^|\\"


@given(st.one_of(st.text(max_size=700), st.text(GSM, max_size=700), st.text("سلام۱‌😀a", max_size=300)))
def test_parts_are_whole_and_as_long_as_they_may_be(text: str) -> None:
    parts = segments.split(text)
    assert "".join(parts) == text
    assert segments.count(text) == len(parts)
    gsm = segments.is_gsm7(text)
    cost = [
        sum(2 if c in "\f^{}\\[~]|€" else 1 for c in p) if gsm else len(p.encode("utf-16-be", "surrogatepass")) // 2
        for p in parts
    ]
    one, part = (160, 153) if gsm else (70, 67)
    assert cost[0] <= one if len(parts) == 1 else max(cost) <= part
    if len(parts) > 1:
        assert sum(cost) > one
        # A part is left short for the sake of a sign of two alone.
        assert min(cost[:-1]) >= part - 1


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" * 10, 2),
        ("س" * 70, 1),
        ("س" * 71, 2),
        ("س" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("س" * 66 + "😀" + "س" * 65, 2),
        ("س" * 66 + "😀" + "س" * 66, 3),
        ("ESC \x1b is no letter", 1),
        ("`", 1),
    ],
)
def test_known_counts(text: str, n: int) -> None:
    assert segments.count(text) == n


def test_a_pair_and_an_escape_are_never_cut() -> None:
    assert [len(p) for p in segments.split("س" * 66 + "😀" + "س" * 30)] == [66, 31]
    assert [len(p) for p in segments.split("a" * 152 + "€" + "a" * 20)] == [152, 21]


@pytest.mark.parametrize("name", sorted(templates.TEMPLATES))
@pytest.mark.parametrize("lang", templates.LANGUAGES)
def test_a_template_is_short_and_tells_an_onlooker_nothing(name: str, lang: str) -> None:
    texts = [templates.TEMPLATES[name][templates.LANGUAGES.index(lang)]]
    slots = {slot for text in templates.TEMPLATES[name] for _, slot, _, _ in Formatter().parse(text) if slot}
    assert slots <= {"code", "state", "count"}, "codes, state words and counts alone"
    longest = [templates.LONGEST | {"state": state} for state in templates.STATES]
    rendered = [templates.render(name, lang, params) for params in longest]
    assert max(segments.count(text) for text in rendered) <= 2
    assert all(segments.is_gsm7(text) for text in rendered if lang == "en")
    for text in [*texts, *rendered]:
        assert not re.search(
            r"\b(hamyar|همیار|سیل|زلزله|آب|غذا|flood|quake|water|food|medic|dead|rescue)", text, re.IGNORECASE
        )
        marks = {c for c in text if unicodedata.category(c) in {"Cf", "Cc"}} - {"\n", "\u200c"}
        assert not marks, "no control characters: each costs, and phones differ over them"
    if lang == "fa":
        for line in "\n".join(rendered).split("\n"):
            strong = next(c for c in line if unicodedata.bidirectional(c) in {"L", "R", "AL"})
            assert unicodedata.bidirectional(strong) == "AL", f"a phone sets this line from left to right: {line}"
            assert not re.search(r"(?<![A-Z0-9])[0-9]+(?![A-Z0-9])", line), "counts in Persian numerals"


def test_most_fit_one_segment_with_codes_as_they_are() -> None:
    params = {"code": "K7MP2QRSTU", "count": 12, "state": "assigned"}
    two = {
        f"{name}.{lang}"
        for name in templates.TEMPLATES
        for lang in templates.LANGUAGES
        if segments.count(templates.render(name, lang, params)) > 1
    }
    assert "receipt.fa" not in two
    assert len(two) <= len(templates.TEMPLATES) / 3, two


def test_counts_and_states_speak_the_readers_language() -> None:
    assert templates.render("receipt.many", "fa", {"count": 12, "code": "K7"}).startswith("۱۲ پیام")
    assert templates.render("status", "en", {"code": "K7", "state": "done"}) == "Code K7: done"
    assert templates.render("status", "fa", {"code": "K7", "state": "done"}) == "کد K7: انجام شد"
    with pytest.raises(KeyError):
        templates.render("receipt", "fa", {})
    with pytest.raises(KeyError):
        templates.render("status", "fa", {"code": "K7", "state": "what"})
