"""Every code that matching gives has words in both languages, and every figure in them is read as people read it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.dispatch import fitting, matching, shortfall_rules
from server.dispatch.reasons import BARS, REASONS, SHORTFALLS, say

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_every_code_has_words() -> None:
    sources = [Path(module.__file__ or "").read_text() for module in (fitting, matching, shortfall_rules)]
    given = {code for text in sources for code in re.findall(r'(?:"code": |tally\.add\()"(\w+)"', text)}
    assert len(given) > 25
    assert given <= REASONS.keys() | BARS.keys() | SHORTFALLS.keys()


@pytest.mark.parametrize("table", [REASONS, BARS, SHORTFALLS])
def test_both_languages_say_the_same_figures(table: dict[str, tuple[str, str]]) -> None:
    for fa, en in table.values():
        assert sorted(re.findall(r"{(\w+)}", fa)) == sorted(re.findall(r"{(\w+)}", en))
        assert not re.search("[كي]", fa)


@pytest.mark.parametrize(
    ("entry", "fa", "en"),
    [
        ({"code": "distance", "points": -3.2, "km": 6.4}, "۶٫۴ کیلومتر فاصله", "6.4 km away"),
        (
            {"code": "no_skill", "skill": "midwifery", "km": 60.0},
            "تا ۶۰ کیلومتری کسی نیست با مهارت مامایی",
            "Nobody with Midwifery within 60 km",
        ),
        (
            {"code": "teams_resting", "n": 2, "until": "2026-11-23T10:30:00+00:00"},
            "۲ گروه تا ۱۴:۰۰ در استراحت",
            "2 teams resting until 14:00",
        ),
        (
            {"code": "resting", "until": "2026-11-24T02:30:00+00:00"},
            "تا فردا ۰۶:۰۰ در استراحت",
            "Rests until tomorrow 06:00",
        ),
        (
            {"code": "resting", "n": 1, "until": "2026-11-23T10:30:00+00:00", "skills": ["midwifery"]},
            "۱ نفر در استراحت، نخستین تا ۱۴:۰۰ (مامایی)",
            "1 resting, the first until 14:00 (Midwifery)",
        ),
        (
            {"code": "skills", "lacking": ["boat", "own"]},
            "این مهارت ثبت نشده است: قایق‌رانی، own",
            "Skills not named: Boat, own",
        ),
        ({"code": "in_team", "points": -2.0, "team": "G-4K7"}, "عضو گروه G-4K7", "Is in team G-4K7"),
        ({"code": "of_another_house"}, "of_another_house", "of_another_house"),
    ],
)
def test_said(entry: dict[str, object], fa: str, en: str) -> None:
    assert say(entry, "fa", now=NOW) == fa
    assert say(entry, "en", now=NOW) == en
