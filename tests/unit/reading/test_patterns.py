"""The matcher of the pattern language agrees with the language's plain translation into regular expressions."""

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.places.gazetteer import Gazetteer, Token
from server.places.names import fold
from server.reports.reading import read
from server.reports.reading.lexicon import Hit, Lexicon
from tests.support.pattern_regex import Line, Regexes, lexicon_lines

_WORD = re.compile(r"\d+(?:[.,٬]\d+)*|[^\W\d_]+")


def tokens_of(text: str) -> list[Token]:
    return [Token(m.group(), m.start(), m.end()) for m in _WORD.finditer(text)]


def both(lines: Sequence[Line], text: str) -> tuple[list[Hit], list[Hit]]:
    folded = fold(text).text
    words = tokens_of(folded)
    return Lexicon(lines).scan(folded, words), Regexes(lines).scan(folded, words)


def line(pattern: str, part: str = "patterns") -> Line:
    return ("signal", "x", part, pattern)


_WORDS = st.sampled_from(
    ["اب", "ابی", "نان", "نا", "بی‌اب", "ما", "ها", "ab", "aba", "ba", "s", "12", "2", "a1", "نیست"]
)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """A pattern of up to five pieces: words and choices with their endings, joined by spaces, gaps or nothing."""
    pieces: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        ways = draw(
            st.lists(st.tuples(_WORDS, st.sampled_from(["", "", "*", "+", " نان", " ab", " .. اب"])), max_size=3)
        )
        ways = ways or [(draw(_WORDS), "")]
        choice = "|".join(a + b for a, b in ways)
        whole = f"({choice})" if len(ways) > 1 or draw(st.booleans()) else choice
        if draw(st.integers(0, 9)) == 0:
            whole = f"({whole}|{draw(_WORDS)})"
        if draw(st.integers(0, 19)) == 0:
            whole = f"( {whole}|)"
        pieces += whole, draw(st.sampled_from(["", "*", "+"])), draw(st.sampled_from([" ", " ", " .. ", " ... ", ""]))
    return "".join(pieces).rstrip(" .")


_TEXTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["اب", "ابی", "نان", "نا", "نانها", "ما", "ها", "ندارم", "ab", "aba", "abs", "ba", "12", "2", "but"]
        ),
        st.sampled_from([" ", " ", " ", "", "، ", ".", " - "]),
    ),
    max_size=14,
).map(lambda pairs: "".join(a + b for a, b in pairs))


@settings(max_examples=150, deadline=None)
@given(st.lists(patterns(), min_size=1, max_size=4), _TEXTS)
def test_random_patterns_match_as_their_translation_does(several: list[str], text: str) -> None:
    found, meant = both([line(p, str(i % 2)) for i, p in enumerate(several)], text)
    assert found == meant


@pytest.mark.parametrize(
    ("pattern", "text", "ends"),
    [
        ("آب .. نان", "آب و نان و نان", [8]),
        ("آب .. نان", "آب نداریم نان", []),
        ("آب .. نان", "آب یک دو سه چهار نان", [20]),
        ("آب .. نان", "آب یک دو سه چهار پنج نان", []),
        ("آب ... نان", "آب یک دو سه چهار پنج نان", [24]),
        ("(نا|نان) خشک*", "نانخشکه", [7]),
        ("پشت بام+", "پشتبامشون", [9]),
        ("water (a|a b)", "vater a b", [7]),
        ("roof+", "roofs roofing", [4]),
        ("(خانه|خانه ما) (ما|ما نیست)", "خانه ما نیست", [7]),
    ],
)
def test_how_patterns_are_meant(pattern: str, text: str, ends: list[int]) -> None:
    found, meant = both([line(pattern)], text)
    assert [hit.end for hit in found] == ends
    assert found == meant


def _said(rng: random.Random, pattern: str) -> str:
    """One way to say a pattern, with words between, endings, and now and then what does not fit."""
    while "(" in pattern:
        pattern = re.sub(r"\(([^()]*)\)", lambda m: rng.choice(m[1].split("|")), pattern)
    pattern = re.sub(
        r"\.{2,3}", lambda _: " ".join(rng.choice(["آن", "و", "the", "نیست", ","]) for _ in range(3)), pattern
    )
    pattern = re.sub(r"\*|\+", lambda _: rng.choice(["", "", "ها", "م", "s", "ش"]), pattern.replace(r"\w+", "چیز"))
    return pattern.replace(" ", rng.choice([" ", " ", ""]), 1)


def test_the_lexicon_matches_as_its_translation_does() -> None:
    rng = random.Random(5)
    lines = rng.sample(lexicon_lines(), 150)
    ours, theirs = Lexicon(lines), Regexes(lines)
    hits = 0
    for pattern in [p for *_, p in lines]:
        folded = fold(f"{rng.choice(['', 'و ', 'ما '])}{_said(rng, pattern)} {_said(rng, rng.choice(lines)[3])}").text
        words = tokens_of(folded)
        found = ours.scan(folded, words)
        assert found == theirs.scan(folded, words)
        hits += len(found)
    assert hits > 150


@pytest.mark.parametrize("pattern", ["(آب|نان", "آب (نان", "آب) نان", "آب | نان"])
def test_brackets_that_do_not_fit_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        Lexicon([line(pattern)]).compile()


def test_no_expression_is_compiled_for_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    gazetteer = Gazetteer.from_rows(())
    read("آب نداریم", gazetteer)
    compiled: list[object] = []
    monkeypatch.setattr("re._compiler.compile", lambda *args: compiled.append(args))
    for number, (*_, pattern) in enumerate(lexicon_lines()[::20]):
        read(_said(random.Random(number), pattern), gazetteer)
    read("salam ma niaz be patoo va ghazaye bachche darim, khunamun kharab shode", gazetteer)
    assert not compiled
