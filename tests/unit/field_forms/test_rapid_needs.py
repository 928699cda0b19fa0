"""The built-in form: in step with the taxonomy, whole in both languages, read back as what was said."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from field_forms.bindings import VULNERABLE
from field_forms.builtin import compiled, workbook
from field_forms.forms.build import EN, FA, TAXONOMY, build
from field_forms.mapping import FormNeed, FormReport, to_report
from field_forms.openrosa import parse_instance
from field_forms.xlsform import compile_form
from tests.unit.field_forms.samples import markdown_form, rapid_needs

PATHS = [question.path for question in compiled("rapid_needs").bindings.questions]


def _codes(kind: str) -> dict[str, tuple[str, str]]:
    with TAXONOMY.open(encoding="utf-8", newline="") as source:
        return {r["code"]: (r["label_fa"], r["label_en"]) for r in csv.DictReader(source) if r["kind"] == kind}


def _report(body: str) -> FormReport:
    return to_report(parse_instance(rapid_needs(body)), compiled("rapid_needs").bindings)


def test_it_compiles_without_a_word_in_both_languages() -> None:
    form = compiled("rapid_needs")
    assert form.ok
    assert form.warnings == ()
    assert form.languages == (FA, EN)
    assert (form.form_id, form.title("fa"), form.title("en")) == (
        "rapid_needs",
        "نیازهای فوری",
        "Rapid needs",
    )
    assert "<value>-</value>" not in form.xml.decode(), "a text lacks its translation"


@pytest.mark.parametrize(("role", "kind"), [("need.category", "need"), ("incident.category", "incident")])
def test_its_choices_are_the_taxonomy(role: str, kind: str) -> None:
    question = next(q for q in compiled("rapid_needs").bindings.questions if q.role == role)
    assert {c: (t["fa"], t["en"]) for c, t in question.choices.items()} == _codes(kind)
    known = {"need": frozenset(_codes("need")), "incident": frozenset(_codes("incident"))}
    assert compile_form(workbook("rapid_needs"), ".xlsx", known=known).ok


def test_the_workbook_is_what_the_script_writes(tmp_path: Path) -> None:
    build("rapid_needs").save(tmp_path / "again.xlsx")
    assert compile_form((tmp_path / "again.xlsx").read_bytes(), ".xlsx").xml == compiled("rapid_needs").xml


def test_a_whole_submission() -> None:
    report = _report(
        "<situation><what_happened>flooding trapped_people</what_happened><urgency>life</urgency></situation>"
        "<where><location>33.15 47.72 640 8</location><place_name>پلدختر، کنار پل</place_name></where>"
        "<affected><people>۴۰</people><households>9</households><women>12</women><children>15</children>"
        "<infants>0</infants><conditions>woman_headed</conditions></affected>"
        "<lacking><needs>water information evacuation</needs></lacking>"
        "<amounts><amount_water>200</amount_water><amount_evacuation>40</amount_evacuation></amounts>"
        "<more><note>راه از شمال باز است</note><photo>a.jpg</photo></more>"
    )
    assert report.incidents == ("flooding", "trapped_people")
    assert set(report.needs) == {
        FormNeed("information"), FormNeed("water", 200.0, "litre"), FormNeed("evacuation", 40.0, "person"),
    }  # fmt: skip
    assert (report.people, report.households, report.urgency) == (40, 9, "life")
    assert report.counts == {"women": 12, "child": 15, "infant": 0}
    assert report.vulnerable == ("child", "woman_headed")
    assert (report.lat, report.lon, report.accuracy_m) == (33.15, 47.72, 8.0)
    assert report.place_name == "پلدختر، کنار پل"
    assert report.notes == ("راه از شمال باز است",)
    assert report.photos == ("a.jpg",)
    assert report.problems == ()
    assert "آب آشامیدنی، اطلاع‌رسانی" in report.summary["fa"]
    assert "Drinking water" in report.summary["en"]
    assert set(report.vulnerable) <= set(VULNERABLE)


def test_an_empty_submission_says_nothing() -> None:
    report = _report("")
    assert report.answers() == FormReport().answers()
    assert report.summary == {"fa": "", "en": ""}


def test_answers_that_cannot_be_used_are_named_and_the_rest_is_kept() -> None:
    report = _report(
        "<situation><what_happened>flooding martians</what_happened><urgency>huge</urgency></situation>"
        "<where><location>133.15 47.72 0 0</location></where>"
        "<affected><people>-3</people><households>2.5</households><women>many</women></affected>"
        "<lacking><needs>food</needs></lacking><amounts><amount_food>1e999</amount_food></amounts>"
    )
    assert report.incidents == ("flooding",)
    assert report.needs == (FormNeed("food"),)
    assert (report.people, report.households, report.urgency, report.lat) == (None, None, None, None)
    assert {path.rpartition("/")[2]: code for path, code in report.problems} == {
        "what_happened": "choice.unknown",
        "urgency": "choice.unknown",
        "location": "location.out_of_range",
        "people": "number.unusable",
        "households": "number.unusable",
        "women": "number.unusable",
        "amount_food": "number.unusable",
    }


@given(st.dictionaries(st.sampled_from(PATHS), st.text(max_size=30) | st.sampled_from(["9", "-1", "water food"])))
def test_any_answers_give_a_report_within_its_bounds(fields: dict[str, str]) -> None:
    instance = replace(parse_instance(rapid_needs("")), fields=fields)
    report = to_report(instance, compiled("rapid_needs").bindings)
    assert {need.category for need in report.needs} <= set(_codes("need"))
    assert all(need.quantity is None or need.quantity > 0 for need in report.needs)
    assert report.people is None or report.people >= 0
    assert (report.lat is None) == (report.lon is None)
    assert len(json.dumps(report.answers())) > 0


def test_needs_in_a_repeat_keep_category_amount_and_unit_together() -> None:
    form = compile_form(
        markdown_form(
            "| | type | name | label | hamyar |\n| | begin repeat | r | R | |\n"
            "| | select_one n | c | C | need.category |\n"
            "| | integer | q | Q | need.quantity |\n| | text | u | U | need.unit |\n| | end repeat | | | |\n"
            "| | integer | people | P | people |",
            "| | list_name | name | label |\n| | n | water | W |\n| | n | food | F |",
        ),
        ".md",
    )
    report = to_report(
        parse_instance(
            b"<data id='test_form'><r><c>water</c><q>20</q><u>litre</u></r><r><c>food</c><q/><u/></r>"
            b"<r><c>water</c><q>5</q><u>litre</u></r><r><c/><q>9</q></r><people>4</people></data>"
        ),
        form.bindings,
    )
    assert report.needs == (FormNeed("water", 25.0, "litre"), FormNeed("food"))
    assert report.people == 4
