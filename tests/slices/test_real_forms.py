"""Forms and tools from outside: real XLSForms get their known verdict, ODK's own judge accepts ours."""

import csv
from pathlib import Path

import pytest

from field_forms.builtin import BUILTIN, WITH_LISTS, compiled
from field_forms.validate import available, odk_validate
from field_forms.xlsform import compile_form

REAL = Path(__file__).parents[3] / "shared" / "data" / "xlsforms"


@pytest.mark.skipif(not (REAL / "index.csv").exists(), reason="the collection of real forms is not on this machine")
def test_real_forms_get_the_verdict_of_the_index() -> None:
    with (REAL / "index.csv").open(encoding="utf-8", newline="") as source:
        rows = [row for row in csv.DictReader(source) if (REAL / row["file"]).exists()]
    assert len(rows) >= 60
    for row in rows:
        path = REAL / row["file"]
        form = compile_form(path.read_bytes(), path.suffix, stem=path.stem)
        assert form.ok == (row["pyxform"] == "ok"), row["file"]
        assert form.ok == bool(form.xml)
        if not form.ok:
            assert all(p.message_fa and p.message_en and p.code for p in form.problems), row["file"]
            assert any(p.row is not None for p in form.problems), f"{row['file']}: refused without a row"


@pytest.mark.skipif(not available(), reason="no java on this machine: ODK Validate cannot run")
@pytest.mark.parametrize("form_id", BUILTIN + WITH_LISTS)
def test_odk_validate_accepts_our_forms(form_id: str) -> None:
    assert odk_validate(compiled(form_id).xml) == []


@pytest.mark.skipif(not available(), reason="no java on this machine: ODK Validate cannot run")
def test_odk_validate_can_say_no() -> None:
    xml = compiled("rapid_needs").xml
    assert odk_validate(xml.replace(b"selected(", b"no_such_function(", 1))
