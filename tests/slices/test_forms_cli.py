"""`hamyar forms publish`, `archive`, `list`: one JSON line each, and what they do."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ops.commands import forms
from server.kernel.settings import Settings

FORM = """| survey |
| | type | name | label | hamyar |
| | select_one_from_file items.csv | thing | What | item |
| | integer | many | How many | item.quantity |
| | note | kind | Received | movement receipt |
| | select_one_from_file brands.csv | brand | Brand | |
| settings |
| | form_id | form_title | version |
| | a truck/1 | Truck | 1 |
"""


@pytest.fixture(autouse=True)
def instance(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAMYAR_HOME", str(config.home))
    monkeypatch.setenv("DATABASE_URL", config.database_url)
    monkeypatch.setenv("REDIS_URL", config.redis_url)
    monkeypatch.setattr("field_forms.validate.odk_validate", lambda _xml: None)


def said(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    app = typer.Typer()
    forms.register(app)
    done = CliRunner().invoke(app, ["forms", *arguments])
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def test_from_a_draft_to_the_archive(tmp_path: Path) -> None:
    form, brands = tmp_path / "truck.md", tmp_path / "brands.csv"
    form.write_text(FORM)
    brands.write_text("name,label\na,A\n")
    code, [line] = said("publish", str(form))
    assert (code, line["ok"], line["errors"][0]["code"]) == (1, False, "form.needs_media")
    assert "brands.csv" in line["errors"][0]["message"]
    code, [line] = said("publish", "--draft", str(form))
    assert (code, line["missing_files"]) == (0, ["brands.csv"])
    assert said("publish", "--centre", "NOPE", "--media", str(brands), str(form))[0] == 1
    code, [line] = said("publish", "--media", str(brands), str(form))
    assert (code, line["published"], line["known"]) == (0, True, False)
    assert said("publish", str(form))[1][0]["known"]
    form.write_text(FORM.replace("What", "Which"))
    code, [line] = said("publish", str(form))
    assert (code, line["errors"][0]["code"], line["errors"][0]["column"]) == (1, "form.version_taken", "version")
    [listed] = [line for line in said("list", "--state", "published")[1] if line["form_id"] == "a truck/1"]
    assert (listed["media"], listed["published"][0]["centre"]) == (["brands.csv"], None)
    assert said("archive", "a truck/1", "1")[1][0]["archived"]
    assert not said("archive", "a truck/1", "1")[1][0]["archived"]
    assert said("archive", "a truck/1", "2")[0] == 1
