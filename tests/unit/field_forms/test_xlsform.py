"""Compiling XLSForms: right ones compile, wrong ones say where and why, hostile ones do no harm."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from field_forms import xlsform
from field_forms.checks import xpath_problem
from field_forms.problems import from_pyxform
from field_forms.xlsform import compile_form, md5_hash
from tests.unit.field_forms.samples import markdown_form


def test_a_form_compiles_with_hash_languages_titles_and_bindings() -> None:
    form = compile_form(
        markdown_form(
            "| | type | name | label::فارسی (fa) | label::English (en) | hamyar |\n"
            "| | begin repeat | things | چیزها | Things | |\n"
            "| | select_one n | what | چه | What | need.category |\n"
            "| | integer | much | چند | How much | need.quantity |\n"
            "| | end repeat | | | | |",
            "| | list_name | name | label::فارسی (fa) | label::English (en) |\n| | n | water | آب | Water |",
            "| settings |\n"
            "| | form_title::فارسی (fa) | form_title::English (en) | form_id | version | default_language |\n"
            "| | آزمون | Test | t1 | 7 | فارسی (fa) |",
        ),
        "md",
    )
    assert form.ok, form.problems
    assert (form.form_id, form.version, form.title("fa"), form.title("en")) == ("t1", "7", "آزمون", "Test")
    assert form.languages == ("فارسی (fa)", "English (en)")
    assert form.hash == md5_hash(form.xml)
    assert form.bindings.repeats == ("/data/things",)
    bound = {q.role: q for q in form.bindings.questions if q.role}
    assert bound["need.quantity"].repeat == bound["need.category"].repeat == "/data/things"
    assert bound["need.category"].choices == {"water": {"fa": "آب", "en": "Water"}}
    assert type(form.bindings).from_json(form.bindings.to_json()) == form.bindings


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("relevant", "${age} > ۱۸"),
        ("constraint", ". <= ٥"),
        ("calculation", "${age} * ۲"),
        ("repeat_count", "۳"),
        ("bind::relevant", "${age} = '۱'"),
    ],
)
def test_persian_digits_in_an_expression_are_refused_with_their_place(column: str, cell: str) -> None:
    form = compile_form(
        markdown_form(
            f"| | type | name | label | {column} |\n| | integer | age | سن | |\n| | text | b | نام | {cell} |"
        ),
        ".md",
    )
    assert not form.ok
    assert form.xml == b""
    assert [(p.sheet, p.row, p.column) for p in form.problems if p.code == "xpath.persian_digits"] == [
        ("survey", 3, column)
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "${سن_۲} > 18",
        "regex(., '^[0-9۰-۹]+$')",
        'regex( ${a} , "[۰-۹]" ) and . > 1',
        ". = 'تهران، کرج'",
        ". > 5",
    ],
)
def test_expressions_that_are_right_pass(cell: str) -> None:
    assert xpath_problem(cell) is None


def test_persian_comma_between_arguments_is_refused() -> None:
    assert xpath_problem("if(${a} > 1، 2، 3)") == "xpath.persian_mark"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("need.kategory", "hamyar.unknown_role"),
        ("need.quantity water barrel", "hamyar.unknown_unit"),
        ("people many", "hamyar.bad_words"),
        ("count", "hamyar.bad_words"),
    ],
)
def test_a_wrong_role_is_refused_with_its_place(cell: str, code: str) -> None:
    form = compile_form(markdown_form(f"| | type | name | label | hamyar |\n| | integer | a | A | {cell} |"), ".md")
    assert [(p.code, p.sheet, p.row, p.column) for p in form.problems] == [(code, "survey", 2, "hamyar")]


def test_choices_outside_the_taxonomy_are_refused_when_it_is_given() -> None:
    source = markdown_form(
        "| | type | name | label | hamyar |\n| | select_one n | a | A | need.category |",
        "| | list_name | name | label |\n| | n | water | W |\n| | n | gold | G |",
    )
    assert compile_form(source, ".md").ok
    form = compile_form(source, ".md", known={"need": frozenset({"water"})})
    assert [(p.code, p.sheet, p.row, p.column) for p in form.problems] == [
        ("hamyar.unknown_code", "choices", 3, "name")
    ]


def test_several_problems_are_told_at_once() -> None:
    form = compile_form(
        markdown_form(
            "| | type | name | label | relevant | hamyar |\n"
            "| | integer | a | A | 1 > ۲ | x.y |\n"
            "| | select_one nowhere | b | B | | |",
            "| | list_name | name | label |\n| | n | a | A |",
        ),
        ".md",
    )
    assert [(p.code, p.row) for p in form.problems] == [
        ("xpath.persian_digits", 2),
        ("hamyar.unknown_role", 2),
        ("list.missing", 3),
    ]


def test_a_message_keeps_place_code_and_speaks_persian() -> None:
    problem = from_pyxform(
        "[row : 9] On the 'choices' sheet, the 'name' value is invalid. Choices must have a name. "
        "Learn more: https://xlsform.org/en/#setting-up-your-worksheets"
    )
    assert (problem.sheet, problem.row, problem.column, problem.code) == (
        "choices",
        9,
        "name",
        "pyxform.names_006",
    )
    assert "سطر 9" in problem.message_fa


@pytest.mark.parametrize("file_type", [".xlsx", ".xlsm", ".xls", ".csv", ".md", ".pdf", ""])
@given(data=st.binary(max_size=300))
def test_no_bytes_make_it_raise(file_type: str, data: bytes) -> None:
    form = compile_form(data, file_type)
    assert not form.ok
    assert form.problems


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(3):
            archive.writestr(f"xl/worksheets/sheet{index}.xml", b" " * 400_000)
    monkeypatch.setattr(xlsform, "MAX_UNPACKED", 1_000_000)
    assert [p.code for p in compile_form(out.getvalue(), ".xlsx").problems] == ["file.too_large"]


@given(st.text(max_size=200))
def test_no_table_makes_it_raise(text: str) -> None:
    form = compile_form(markdown_form("| | type | name | label |\n| | text | a | " + text), ".md")
    assert form.ok or form.problems


def test_a_missing_sheet_and_a_header_twice_are_told_where_they_are() -> None:
    lacking = compile_form(markdown_form("| | type | name | label |\n| | select_one none | a | A |"), ".md")
    assert [(one.sheet, one.code) for one in lacking.problems] == [("choices", "choices.missing")]
    assert "choices" in lacking.problems[0].message_fa
    book = Workbook()
    survey = book.create_sheet("survey", 0)
    for line in (["type", "name", "label", "label"], ["text", "a", "A", "B"]):
        survey.append(line)
    out = io.BytesIO()
    book.save(out)
    [twice] = compile_form(out.getvalue(), ".xlsx").problems
    assert (twice.sheet, twice.row, twice.column, twice.code) == ("survey", 1, "label", "header.duplicate")
    assert twice.message_fa.startswith("برگهٔ survey، سطر 1، ستون label: ")
