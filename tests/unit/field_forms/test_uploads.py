"""Names of files: a phone's stay as they are, tricks lead nowhere; answers say which files must come."""

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from field_forms.openrosa import parse_instance
from field_forms.uploads import MAX_NAME, file_name, uploads_of, wanted
from field_forms.xlsform import compile_form
from tests.unit.field_forms.samples import markdown_form

REAL = Path(__file__).parents[4] / "shared" / "data" / "openrosa" / "collect_xforms"


@pytest.mark.parametrize("name", ["1335783522563.jpg", "صدای‌من.m4a", "audit.csv", "a b (2).JPG", "submission.xml.enc"])
def test_a_phones_name_stays_as_it_is(name: str) -> None:
    assert file_name(name) == name


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.jpg", "b.jpg"),
        ("..", "file"),
        ("", "file"),
        ("a/", "a"),
        (".htaccess", "htaccess"),
        ("nul.jpg", "_nul.jpg"),
        ("a\x00b\r\n.jpg", "ab.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a.jpg::$DATA", "a.jpg$DATA"),
        ("ن" * 300 + ".jpg", "ن" * 98 + ".jpg"),
    ],
)
def test_tricks_lead_nowhere(name: str, tidy: str) -> None:
    assert file_name(name) == tidy


@given(st.text(max_size=300) | st.text("./\\: \u200cنa\x00", max_size=300))
def test_any_name_is_one_step_and_stays_so(name: str) -> None:
    tidy = file_name(name)
    assert file_name(tidy) == tidy
    assert 0 < len(tidy.encode()) <= MAX_NAME
    assert PurePosixPath(tidy).name == tidy == PureWindowsPath(tidy).name
    assert tidy not in {".", ".."}


def test_a_form_says_which_answers_are_files() -> None:
    survey = (
        "| survey |\n| | type | name | label |\n| | image | photo | P |\n| | text | note | N |\n"
        "| | begin repeat | kid | K |\n| | audio | voice | V |\n| | end repeat | | |\n| | audit | audit | |"
    )
    uploads = uploads_of(compile_form(markdown_form(survey), ".md").xml)
    assert {path.rpartition("/")[2] for path in uploads} == {"photo", "voice", "audit"}
    root = next(iter(uploads)).split("/")[1]
    xml = (
        f"<{root} id='f'><photo>../1.jpg</photo><note>2.jpg</note><kid><voice>v1.m4a</voice></kid><kid><voice/></kid>"
        f"<meta><audit>audit.csv</audit></meta></{root}>"
    )
    assert wanted(parse_instance(xml.encode()), uploads) == {"1.jpg", "v1.m4a", "audit.csv"}
    assert uploads_of(b"<!DOCTYPE a><a/>") == frozenset()


@pytest.mark.skipif(not REAL.exists(), reason="the collection of real forms is not on this machine")
def test_real_forms_with_files() -> None:
    found = [path.stem for path in REAL.glob("*.xml") if uploads_of(path.read_bytes())]
    named = [path.stem for path in REAL.glob("*.xml") if b'type="binary"' in path.read_bytes()]
    assert found == named
    assert len(found) >= 5
