"""`read`: one answer a line, in order; a bad line spoils no other."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ops.commands.read import readings, register


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return app


LINES = [
    b'{"id": "a", "text": "\xd9\xbe\xd9\x84\xd8\xaf\xd8\xae\xd8\xaa\xd8\xb1 20 \xd9\xbe\xd8\xaa\xd9\x88"}',
    b"not json",
    b'{"id": 7}',
    b'{"text": "no id"}',
    b"\xff\xfe",
    b'{"id": "b", "text": "\\ud800 water"}',
    b"[" * 100_000,
    b"",
    b'{"id": "c", "text": ""}',
]


def test_bad_lines_are_answered_in_their_place() -> None:
    answers = list(readings(iter(LINES)))
    assert [a["id"] for a in answers] == ["a", None, 7, None, None, "b", None, "c"]
    assert ["error" in a for a in answers] == [False, True, True, True, True, False, True, False]
    assert next(iter(answers[0])) == "id"


def test_command_prints_readings_only(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\n".join(LINES))
    result = CliRunner().invoke(app, ["read", str(file)])
    assert result.exit_code == 0
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a", None, 7, None, None, "b", None, "c"]


def test_the_base_model_speaks_unless_told_not_to(app: typer.Typer) -> None:
    line = json.dumps({"id": "a", "text": "شیر آب را که باز می‌کنی فقط هوا می‌آید، سه روز است"}, ensure_ascii=False)
    said = {}
    for model in ("base", "none"):
        answer = CliRunner().invoke(app, ["read", "-", "--model", model], input=line.encode())
        said[model] = json.loads(answer.stdout)
    assert said["base"] == json.loads(CliRunner().invoke(app, ["read", "-"], input=line.encode()).stdout)
    assert set(said["base"]) == set(said["none"])
    assert not any(why["rule"].startswith("model.") for why in said["none"]["why"])


def test_stdin_and_unknown_model(app: typer.Typer) -> None:
    assert json.loads(CliRunner().invoke(app, ["read", "-"], input=LINES[0]).stdout)["id"] == "a"
    assert CliRunner().invoke(app, ["read", "-", "--model", "magic"]).exit_code == 2
