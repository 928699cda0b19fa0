"""Tables of any form: every answer in one place, and no sheet that does what a stranger wrote."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from field_forms import sheets
from field_forms.bindings import Binding
from field_forms.openrosa import parse_instance
from field_forms.sheets import guard, sheet_names, unguard, write_csv, write_geojson, write_xlsx
from field_forms.tables import Row, features, geometry, plan, rows
from field_forms.xlsform import compile_form
from tests.unit.field_forms.samples import markdown_form

REAL = Path(__file__).parents[4] / "shared" / "data" / "openrosa" / "submissions"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["=1+1", "+989121234567", "-1", "@x", "\t=1", "\r=1", "'=1", "_x0041_", "a\x0bb", "＝1", "سلام", "\n", "''"]
)


def questions(*listed: tuple[str, str, str | None]) -> list[Binding]:
    return [Binding(path=path, kind=kind, role=None, repeat=repeat) for path, kind, repeat in listed]


FORM = plan(
    [
        (
            questions(
                ("/d/name", "text", None),
                ("/d/at", "geopoint", None),
                ("/d/kid/age", "integer", "/d/kid"),
                ("/d/kid/toy/what", "text", "/d/kid/toy"),
                ("/d/way", "geotrace", None),
                ("/d/hint", "note", None),
            ),
            ["/d/kid", "/d/kid/toy"],
        ),
        (questions(("/d/old", "text", None), ("/d/name", "text", None)), []),
    ]
)
XML = (
    "<d id='f'><name>=cmd</name><at>33.5 48.25 0 0</at><way>33 48;34 49 0 0</way>"
    "<kid><age>۵</age><toy><what>a</what></toy><toy><what>b</what></toy></kid>"
    "<kid><age>many</age><toy><what>c</what></toy></kid><strange>x</strange></d>"
).encode()


def test_repeats_are_tables_tied_to_their_parents() -> None:
    assert [table.name for table in FORM.tables] == ["submissions", "kid", "toy"]
    assert FORM.tables[0].headers == (
        "_submission", "name", "at-latitude", "at-longitude", "at-altitude", "at-accuracy", "way", "old", "_other",
    )  # fmt: skip
    found = list(rows(parse_instance(XML), "k", FORM))
    assert found[0].cells == ("k", "=cmd", 33.5, 48.25, 0.0, None, "33 48;34 49 0 0", None, "/d/strange=x")
    assert [row.cells for row in found if row.table == 1] == [
        ("k", "/d/kid[1]", None, 5),
        ("k", "/d/kid[2]", None, "many"),
    ]
    assert [row.cells for row in found if row.table == 2] == [
        ("k", "/d/kid[1]/toy[1]", "/d/kid[1]", "a"),
        ("k", "/d/kid[1]/toy[2]", "/d/kid[1]", "b"),
        ("k", "/d/kid[2]/toy", "/d/kid[2]", "c"),
    ]
    assert all(len(row.cells) == len(FORM.tables[row.table].headers) for row in found)


@pytest.mark.skipif(not REAL.exists(), reason="the collection of real submissions is not on this machine")
def test_every_answer_of_real_submissions_stands_somewhere_even_without_their_form() -> None:
    seen = 0
    for path in sorted(REAL.rglob("*.xml")):
        instance = parse_instance(path.read_bytes())
        own = plan([(questions(*((p, "text", None) for p in instance.fields if "[" not in p)), [])])
        cells = "\n".join(str(cell) for row in rows(instance, "k", own) for cell in row.cells)
        for value in filter(str.strip, instance.fields.values()):
            assert value in cells, path.name
            seen += 1
    assert seen > 100


def test_a_compiled_form_gives_its_tables() -> None:
    survey = (
        "| survey |\n| | type | name | label::فارسی (fa) |\n| | begin repeat | kid | کودک |\n"
        "| | integer | age | سن |\n| | end repeat | | |\n| | geopoint | at | کجا |"
    )
    bindings = compile_form(markdown_form(survey), ".md").bindings
    made = plan([(bindings.questions, bindings.repeats)])
    assert [table.name for table in made.tables] == ["submissions", "kid"]
    assert next(c for c in made.tables[1].columns if c.name == "age").label == "سن"


def test_places_become_geometries() -> None:
    assert geometry("33 48", "geopoint") == {"type": "Point", "coordinates": [48.0, 33.0]}
    assert geometry("33 48;34 48;34 49", "geoshape") == {
        "type": "Polygon",
        "coordinates": [[[48.0, 33.0], [48.0, 34.0], [49.0, 34.0], [48.0, 33.0]]],
    }
    for value, kind in [("0 0", "geopoint"), ("33 48", "geotrace"), ("33 48;x y", "geotrace"), ("33 48", "text"),
                        ("33 48;34 49", "geoshape"), ("99 48", "geopoint")]:  # fmt: skip
        assert geometry(value, kind) is None
    found = list(features(parse_instance(XML), "k", FORM))
    read = json.loads(b"".join(write_geojson(found)))
    assert [feature["geometry"]["type"] for feature in read["features"]] == ["Point", "LineString"]
    assert read["features"][0]["properties"]["name"] == "=cmd"
    assert json.loads(b"".join(write_geojson([])))["features"] == []


@given(TEXTS)
def test_a_guarded_text_is_no_formula_and_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in set("=+-@\t\r\n＝＋－＠")


@given(st.lists(st.lists(TEXTS | st.integers(-9, 9) | st.none(), min_size=2, max_size=2), max_size=5))
def test_csv_holds_what_was_answered(cells: list[list[Any]]) -> None:
    data = b"".join(write_csv(["=a", "ب"], cells))
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read[0] == ["'=a", "ب"]
    for line, row in zip(read[1:], cells, strict=True):
        for got, cell in zip(line, row, strict=True):
            if isinstance(cell, str):
                assert unguard(got) == cell.replace("\x00", "")
            else:
                assert got == ("" if cell is None else str(cell))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1), st.tuples(TEXTS, TEXTS | st.integers() | st.floats(-9, 9))), max_size=8))
def test_xlsx_is_read_by_others_and_has_no_formula(cells: list[tuple[int, tuple[Any, Any]]]) -> None:
    wanted = [("submissions", ("_a", "=b")), ("کودک/ها", ("_a", "b"))]
    data = b"".join(write_xlsx(wanted, [Row(*row) for row in cells]))
    book = load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["submissions", "کودک_ها"]
    for number, sheet in enumerate(book.worksheets):
        assert sheet.sheet_view.rightToLeft is True
        mine = [row for table, row in cells if table == number]
        read = list(sheet.iter_rows(min_row=2))
        assert len(read) == len(mine)
        for line, row in zip(read, mine, strict=True):
            for cell, value in zip(line, row, strict=True):
                assert cell.data_type != "f"
                if not isinstance(value, str):
                    assert cell.value == pytest.approx(value)
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


def test_xlsx_texts_come_back_as_excel_writes_them() -> None:
    texts = ["=1", "_x0041_", "a\x0bb", "a\r\nb", "<&>", " edge ", "x" * 40_000, "😀" * 20_000]
    data = b"".join(write_xlsx([("s", ("a",))], [Row(0, (text,)) for text in texts], rtl=False))
    xml = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml
    assert 's="2"><is><t xml:space="preserve">=1<' in xml
    assert "_x005F_x0041_" in xml
    assert "a_x000B_b" in xml
    assert "rightToLeft" not in xml
    read = [row[0].value for row in load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(min_row=2)]
    assert [len(str(text).encode("utf-16-le")) // 2 for text in read[-2:]] == [32_767, 32_767]
    assert read[4:6] == ["<&>", " edge "]


def test_a_full_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    monkeypatch.setattr(sheets, "MAX_COLUMNS", 2)
    data = b"".join(write_xlsx([("s", ("a", "b", "c"))], [Row(0, (number, "x", "y")) for number in range(5)]))
    book = load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["s", "s (2)", "s (3)"]
    assert [row[0] for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)] == [0, 1, 2, 3, 4]
    assert [cell.value for cell in book["s"][2]] == [0, "b=x\nc=y"]


@given(st.lists(st.text(max_size=40), max_size=6))
def test_sheet_names_are_what_a_workbook_accepts(names: list[str]) -> None:
    found = sheet_names([*names, *names])
    assert len({name.lower() for name in found}) == len(found)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in found)


def test_the_first_sheet_goes_out_as_it_comes() -> None:
    made = 0

    def many() -> Any:
        nonlocal made
        for number in range(20_000):
            made += 1
            yield Row(0, (f"{number * 7919 % 10_007} نام", number))

    out = write_xlsx([("s", ("a", "b"))], many())
    got = 0
    for block in out:
        got += len(block)
        if got > 20_000:
            break
    assert made < 15_000
