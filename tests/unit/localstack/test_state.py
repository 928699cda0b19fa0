import json
import os
from pathlib import Path

import pytest

from ops.localstack.layout import Layout
from ops.localstack.problem import Problem
from ops.localstack.process import ProcessId, identify, started_at
from ops.localstack.state import (
    RunState,
    browse_host,
    known_drill,
    locked,
    read_state,
    settle_drill,
    supervisor_lock,
    write_state,
)


def test_a_process_is_known_by_its_start_too() -> None:
    ours = identify(os.getpid())
    assert ours is not None
    assert ours.alive
    assert not ProcessId(ours.pid, ours.started + 1).alive
    assert started_at(2**22 + 1) is None


def test_state_survives_a_round_trip(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    ours = identify(os.getpid())
    state = RunState(phase="ready", port=8000, supervisor=ours, parts={"web": [ProcessId(1, -5)]})
    write_state(layout, state)
    found = read_state(layout)
    assert found == state
    assert found.supervised
    assert found.living("web") == []
    assert layout.state.stat().st_mode & 0o077 == 0


def test_nothing_of_another_boot_is_alive(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    ours = identify(os.getpid())
    assert ours is not None
    write_state(layout, RunState(boot="another", supervisor=ours, parts={"web": [ours]}))
    found = read_state(layout)
    assert not found.supervised
    assert found.living("web") == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"parts": 3}', '{"supervisor": {"pid": 1}, "parts": {}}'])
def test_a_damaged_state_reads_as_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    found = read_state(Layout(tmp_path))
    assert (found.phase, found.parts, found.supervised) == ("absent", {}, False)


def test_one_supervisor_at_a_time(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert not locked(layout)
    with supervisor_lock(layout) as first:
        assert first
        with supervisor_lock(layout) as second:
            assert not second
        assert locked(layout)
    assert not locked(layout)


@pytest.mark.parametrize(
    ("first", "later", "refused"),
    [
        (None, None, False),
        (None, "0", False),
        (None, "1", True),
        ("1", None, False),
        ("1", "1", False),
        ("1", "0", True),
        ("0", "1", True),
        ("0", None, False),
        ("yes", "true", False),
    ],
)
def test_drill_or_real_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str | None, later: str | None, refused: bool
) -> None:
    layout = Layout(tmp_path)
    assert known_drill(layout) is None
    _say(monkeypatch, first)
    made = settle_drill(layout)
    assert known_drill(layout) is made
    _say(monkeypatch, later)
    if refused:
        with pytest.raises(Problem) as caught:
            settle_drill(layout)
        assert caught.value.code == "drill.fixed"
    else:
        assert settle_drill(layout) is made


def _say(monkeypatch: pytest.MonkeyPatch, word: str | None) -> None:
    if word is None:
        monkeypatch.delenv("HAMYAR_DRILL", raising=False)
    else:
        monkeypatch.setenv("HAMYAR_DRILL", word)


def test_a_word_that_is_no_answer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAMYAR_DRILL", "maybe")
    with pytest.raises(Problem, match="HAMYAR_DRILL"):
        settle_drill(Layout(tmp_path))


def test_a_damaged_flag_is_never_taken_for_real(tmp_path: Path) -> None:
    (tmp_path / "instance.json").write_text("{}")
    with pytest.raises(Problem):
        settle_drill(Layout(tmp_path))
    assert json.loads((tmp_path / "instance.json").read_text()) == {}


def test_nobody_browses_to_every_address() -> None:
    assert browse_host("0.0.0.0") == "127.0.0.1"
    assert browse_host("192.0.2.7") == "192.0.2.7"
