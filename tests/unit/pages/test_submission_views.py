"""Answers as pages show them."""

import pytest

from field_forms.builtin import compiled
from field_forms.tables import plan
from field_forms.wording import wording
from server.forms.tabling import Form
from server.pages.submission_views import MOST, NEAR, changes, columns, in_words, said_of, sections

RAPID = compiled("rapid_needs")
FORM = Form("rapid_needs", [], [(RAPID.bindings.questions, RAPID.bindings.repeats)], {})


def test_what_matters_comes_first_in_the_forms_order() -> None:
    shown = columns(FORM, plan(FORM.questions), 0, wording(RAPID.xml), "en")
    last = [column.path.rpartition("/")[2] for column in shown]
    assert last == ["what_happened", "urgency", "place_name", "people", "needs", "note"]
    assert (len(shown), sum(column.near for column in shown)) == (MOST, NEAR)
    assert [column.path for column in shown if column.near][-1] == "/data/lacking/needs"
    assert shown[1].label == "How urgent is it?"


@pytest.mark.parametrize(
    ("value", "kind", "shown", "lang", "said"),
    [
        (1200, "integer", None, "fa", "۱٬۲۰۰"),
        ("2026-11-22", "date", None, "fa", "۱ آذر ۱۴۰۵"),
        ("2026-11-22", "date", None, "en", "22 Nov 2026"),
        ("2026-11-22T08:00:00.000+03:30", "start", None, "en", "22 Nov 2026, 08:00"),
        ("soon", "date", None, "en", "soon"),
        ("water", "select one", {"fa": "آب", "en": "Water"}, "fa", "آب"),
        (None, "text", None, "en", ""),
    ],
)
def test_one_answer(value: object, kind: str, shown: dict[str, str] | None, lang: str, said: str) -> None:
    assert said_of(value, kind, shown, lang) == said  # type: ignore[arg-type]


def test_the_language_of_a_label() -> None:
    assert in_words({"english": "Who", "french": "Qui"}, "fa") == "Who"
    assert in_words({"فارسی": "چه کسی", "en": "Who"}, "fa") == "چه کسی"
    assert in_words({"ig": "Onye"}, "fa") == "Onye"
    assert in_words({}, "fa") == ""


def test_rounds_stand_under_their_own_headings() -> None:
    def answer(path: str, number: int) -> dict[str, object]:
        group = [{"path": f"/d/kid[{number}]", "label": {"": "Kid"}, "round": number}]
        return {"path": path, "group": group, "label": {"": "Age"}, "kind": "integer", "value": "7", "shown": None}

    made = sections([answer("/d/kid[1]/age", 1), answer("/d/kid[1]/old", 1), answer("/d/kid[2]/age", 2)], "fa")
    assert [part["heads"] for part in made] == [[("Kid", 1)], [("Kid", 2)]]
    assert [one["words"] for one in made[0]["answers"]] == ["۷", "۷"]


def test_changes_are_told_newest_first_without_what_the_phone_notes() -> None:
    def change(kind: str, before: str | None, after: str, *, asked: bool = True) -> dict[str, object]:
        shown = {"before_shown": None, "after_shown": None}
        return {"label": {"": "Q"}, "asked": asked, "kind": kind, "before": before, "after": after, **shown}

    edits = [
        {"id": 1, "changes": []},
        {"id": 2, "changes": [change("geopoint", None, "33.1 47.7 0 5"), change("start", "a", "b", asked=False)]},
    ]
    made = changes(edits, "en")
    assert [edit["id"] for edit in made] == [2, 1]
    assert made[0]["changes"] == [{"label": "Q", "before": "–", "after": "33.10000, 47.70000"}]
