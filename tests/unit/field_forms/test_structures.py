"""A stranger's form, tied by the `hamyar` column: what belongs together, and what is wrong with a cell."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from field_forms.bindings import Bindings
from field_forms.lists import both, write_list
from field_forms.mapping import FormReport, to_report
from field_forms.openrosa import parse_instance
from field_forms.roles import ROLES, family, parse_cell
from field_forms.shapes import MAX_POSITIONS, parse_shape
from field_forms.structures import FormClosure, FormEntity, FormLine, FormMovement, FormReference
from field_forms.xlsform import compile_form
from tests.unit.field_forms.samples import markdown_form

HEAD = "| | type | name | label | hamyar | save_to |\n"


def _form(rows: str, choices: str = "", more: str = "") -> Bindings:
    form = compile_form(markdown_form(HEAD + rows, choices) + more.encode(), ".md")
    assert form.ok, form.problems
    return Bindings.from_json(json.loads(json.dumps(form.bindings.to_json())))


def _said(bindings: Bindings, body: str) -> FormReport:
    return to_report(parse_instance(f"<data id='test_form'>{body}</data>".encode()), bindings)


def test_the_kind_of_a_movement_may_be_chosen_and_items_may_be_fixed() -> None:
    bindings = _form(
        "| | select_one k | kind | K | movement | |\n| | text | store | S | centre | |\n"
        "| | text | other | O | centre.to | |\n"
        "| | integer | blankets | B | item.quantity blanket piece | |\n"
        "| | integer | tents | T | item.quantity tent | |",
        "| | list_name | name | label |\n| | k | issue | I |\n| | k | receipt | R |",
    )
    report = _said(bindings, "<kind>issue</kind><store>A</store><other>B</other><blankets>۳۰</blankets><tents/>")
    assert report.movements == (FormMovement("issue", (FormLine("blanket", 30.0, "piece"),), "A", "B"),)
    silent = _said(bindings, "<kind/><blankets>30</blankets>")
    assert (silent.movements, silent.problems) == ((), (("/data/blankets", "movement.kind_missing"),))


def test_what_is_said_in_one_round_of_a_repeat_is_not_true_of_the_next() -> None:
    bindings = _form(
        "| | begin repeat | family | F | movement distribution | |\n"
        "| | select_one_from_file families.csv | who | W | entity families | |\n"
        "| | begin repeat | thing | T | | |\n| | text | what | W | item | |\n"
        "| | integer | much | M | item.quantity | |\n"
        "| | end repeat | | | | |\n| | end repeat | | | | |"
    )
    report = _said(
        bindings,
        "<family><who>f1</who><thing><what>soap</what><much>2</much></thing>"
        "<thing><what>rice</what><much>5</much></thing></family><family><who/><thing><what>soap</what><much>1</much></thing></family>",
    )
    assert report.movements == (
        FormMovement(
            "distribution", (FormLine("soap", 2.0), FormLine("rice", 5.0)), recipient=FormReference("families", "f1")
        ),
        FormMovement("distribution", (FormLine("soap", 1.0),)),
    )  # fmt: skip


def test_groups_one_below_the_other_keep_item_and_amount_together() -> None:
    rows = "".join(
        f"| | begin group | g{i} | G | | |\n| | text | what{i} | W | item | |\n"
        f"| | integer | much{i} | M | item.quantity | |\n| | end group | | | | |\n"
        for i in (1, 2)
    )
    bindings = _form("| | note | kind | Came in | movement receipt | |\n" + rows.rstrip("\n"))
    body = "<g1><what1>soap</what1><much1>2</much1></g1><g2><what2>{}</what2><much2>5</much2></g2>"
    assert _said(bindings, body.format("rice")).movements[0].lines == (FormLine("soap", 2.0), FormLine("rice", 5.0))
    nameless = _said(bindings, body.format(""))
    assert nameless.movements[0].lines == (FormLine("soap", 2.0),)
    assert nameless.problems == (("/data/g2/much2", "movement.item_missing"),)


def test_an_entity_is_changed_by_its_id() -> None:
    bindings = _form(
        "| | text | card | C | | card |\n| | begin repeat | kid | K | | |\n"
        "| | text | age | A | | |\n| | end repeat | | | | |",
        more="| entities |\n| | list_name | label |\n| | things | ${card} |\n",
    )
    report = _said(
        bindings,
        "<card>7</card><meta><entity dataset='things' update='1' baseVersion='3'"
        " id='UUID:0B2F7C54-5D1E-4C50-9D7A-3D8F1F4A9C11'/></meta>",
    )
    entity_id = "0b2f7c54-5d1e-4c50-9d7a-3d8f1f4a9c11"
    assert report.entities == (FormEntity("things", entity_id, "update"),)
    nameless = _said(bindings, "<card>7</card><meta><entity dataset='things' create='1' id='7'/></meta>")
    assert (nameless.entities, nameless.problems) == ((), (("/data/meta/entity", "entity.no_id"),))


@pytest.mark.parametrize(
    ("cell", "kind", "code", "column"),
    [
        ("movement gift", "note", "hamyar.unknown_kind", "hamyar"),
        ("closure river", "geotrace", "hamyar.unknown_kind", "hamyar"),
        ("followup.missing barrel", "integer", "hamyar.unknown_unit", "hamyar"),
        ("entity", "text", "hamyar.bad_words", "hamyar"),
        ("closure", "text", "hamyar.wrong_type", "type"),
        ("signature", "integer", "hamyar.wrong_type", "type"),
        ("consent", "geopoint", "hamyar.wrong_type", "type"),
        ("item.quantity", "integer", "hamyar.alone", "hamyar"),
        ("checkin.state", "text", "hamyar.alone", "hamyar"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_place_in_both_languages(cell: str, kind: str, code: str, column: str) -> None:
    form = compile_form(markdown_form(f"| | type | name | label | hamyar |\n| | {kind} | a | A | {cell} |"), ".md")
    assert [(p.code, p.sheet, p.row, p.column) for p in form.problems] == [(code, "survey", 2, column)]
    assert cell.split(maxsplit=1)[0] in form.problems[0].message_fa
    assert cell.split(maxsplit=1)[0] in form.problems[0].message_en


def test_a_choice_that_means_nothing_is_refused_with_what_would() -> None:
    form = compile_form(
        markdown_form(
            "| | type | name | label | hamyar |\n| | text | n | N | followup |\n"
            "| | select_one r | a | A | followup.result |",
            "| | list_name | name | label |\n| | r | met | M |\n| | r | maybe | P |",
        ),
        ".md",
    )
    assert [(p.code, p.sheet, p.row, p.column) for p in form.problems] == [
        ("hamyar.unknown_choice", "choices", 3, "name")
    ]
    assert "met، partly، not" in form.problems[0].message_fa


def test_latin_digits_made_of_persian_ones_are_no_mistake() -> None:
    rows = "| | type | name | label | calculation |\n| | text | a | A | |\n"
    right = rows + "| | calculate | b | | translate(${a}, '۰۱۲۳۴۵۶۷۸۹', '0123456789') |"
    assert compile_form(markdown_form(right), ".md").ok
    wrong = rows + "| | calculate | b | | translate(${a}, 'x', 'y') + ۱ |"
    assert [p.code for p in compile_form(markdown_form(wrong), ".md").problems] == ["xpath.persian_digits"]


@pytest.mark.parametrize(
    ("text", "kind", "positions", "wrong"),
    [
        ("33 47", "Point", 1, ()),
        ("33 47 0 0;33 47 0 0", "Point", 1, ()),
        ("33 47;34 48;133 48;", "LineString", 2, ("location.out_of_range",)),
        ("33 47;34 48;34 47;33 47", "Polygon", 4, ()),
        ("33 47;34 48;33 47", "LineString", 3, ()),
        ("x;0 0", None, 0, ("location.unreadable", "location.zero")),
    ],
)
def test_shapes(text: str, kind: str | None, positions: int, wrong: tuple[str, ...]) -> None:
    geometry, said = parse_shape(text)
    assert said == wrong
    if kind is None or geometry is None:
        assert (geometry, kind) == (None, None)
        return
    found = geometry["coordinates"]
    assert geometry["type"] == kind
    assert len({"Point": [found], "Polygon": found[0]}.get(kind, found)) == positions


def test_a_very_long_line_keeps_its_ends() -> None:
    geometry, wrong = parse_shape(";".join(f"{30 + i / 10_000:.4f} 50" for i in range(9_000)))
    assert geometry is not None
    assert wrong == ("location.thinned",)
    assert len(geometry["coordinates"]) == MAX_POSITIONS
    assert (geometry["coordinates"][0], geometry["coordinates"][-1]) == ([50.0, 30.0], [50.0, 30.8999])


PARTS = st.sampled_from(
    ["33 47", "33 47 1 2;34 48", "met", "yes", "blanket", "5", "-1", "۷", "2026-11-25", "", "x" * 300]
)


@given(st.lists(st.tuples(st.sampled_from(sorted(ROLES)), PARTS), max_size=12))
def test_any_answers_give_structures_that_can_be_kept(answers: list[tuple[str, str]]) -> None:
    bindings = Bindings.from_json({
        "languages": [], "repeats": [],
        "questions": [
            {"path": f"/data/q{i}", "kind": "text", "role": role, "args": ["x"] if role in {"entity", "count"} else [],
             "repeat": None, "multiple": False, "label": {}, "choices": {}}
            for i, (role, _) in enumerate(answers)
        ],
    })  # fmt: skip
    report = _said(bindings, "".join(f"<q{i}>{value}</q{i}>" for i, (_, value) in enumerate(answers)))
    json.dumps(report.answers(), allow_nan=False)
    assert all(movement.lines for movement in report.movements)
    assert len(report.closures) <= sum(role == "closure" for role, _ in answers)


def test_every_role_is_documented_where_people_look(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "forms-columns.md").read_text(encoding="utf-8")
    assert [role for role in ROLES if f"`{role}" not in page] == []


@pytest.mark.parametrize(
    ("kind", "sort"),
    [
        ("select_one x", "select"), ("select one x", "select"), ("select_multiple_from_file a.csv", "select"),
        ("begin repeat", "group"), ("begin_group", "group"), ("Integer", "number"), ("geotrace", "geo"), ("what", None),
    ],
)  # fmt: skip
def test_families_of_questions(kind: str, sort: str | None) -> None:
    assert family(kind) == sort


def test_codes_of_items_may_be_written_freely() -> None:
    assert parse_cell("item.quantity Water-1.5L litre") == ("item.quantity", ("Water-1.5L", "litre"))
    assert parse_cell("need.quantity Water-1.5L") == "hamyar.bad_words"


def test_lists_are_written_as_collect_reads_them() -> None:
    rows = [{"name": "blanket", "label": both("پتو", "Blanket"), "unit": None}]
    assert write_list(("name", "label", "unit"), rows).decode() == "name,label,unit\nblanket,پتو | Blanket,\n"


def test_the_worked_example_of_the_page_gives_what_the_page_says(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "forms-columns.md").read_text(encoding="utf-8")
    table = page.partition("The sheet `survey`:\n\n")[2].partition("\n\n")[0].replace("`", "").splitlines()
    rows = "\n".join("| " + line for line in [table[0], *table[2:]])
    lists = "| | list_name | name | label |\n| | store | C-1 | S |\n| | yn | y | Y |\n| | yn | n | N |"
    form = compile_form(markdown_form(rows, lists), ".md")
    assert form.ok, form.problems
    report = _said(
        form.bindings,
        "<to_store>C-1</to_store><load><thing>blanket</thing><many>40</many></load><load><thing>tent</thing><many>6</many>"
        "</load><water_l>300</water_l><met_closure>y</met_closure><spot>33 47 0 0</spot><remark>r</remark>",
    )
    lines = (FormLine("blanket", 40.0), FormLine("tent", 6.0), FormLine("water_bulk", 300.0, "litre"))
    assert report.movements == (FormMovement("receipt", lines, "C-1"),)
    assert report.closures == (FormClosure("bridge", {"type": "Point", "coordinates": [47.0, 33.0]}),)
    assert (report.lat, report.lon, report.notes, report.problems) == (33.0, 47.0, ("r",), ())
    wrong = compile_form(markdown_form(rows.replace("| item.quantity |", "| item.quantiti |"), lists), ".md")
    assert [(p.code, p.sheet, p.row, p.column) for p in wrong.problems][:1] == [
        ("hamyar.unknown_role", "survey", 5, "hamyar")
    ]
    assert wrong.problems[0].message_en == "The role 'item.quantiti' is not known."
