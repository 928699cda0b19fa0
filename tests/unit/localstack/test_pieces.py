import errno
import os
import socket
from pathlib import Path

import pytest

from ops.localstack import disk
from ops.localstack.durability import weak_settings
from ops.localstack.logs import rotate, tail
from ops.localstack.migrated import heads
from ops.localstack.parts import BACKOFF_SECONDS, Child
from ops.localstack.port import holder, listen, wished_number
from ops.localstack.postgres import settings_text
from ops.localstack.problem import Problem

ON = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


def test_only_settings_that_lose_nothing_pass() -> None:
    assert weak_settings(ON) == {}
    for name in ON:
        assert weak_settings({**ON, name: "off"}) == {name: "off"}
    assert weak_settings({**ON, "synchronous_commit": "local"}) == {"synchronous_commit": "local"}
    assert weak_settings({**ON, "synchronous_commit": "remote_apply"}) == {}
    assert set(weak_settings({})) == set(ON)


def test_our_settings_are_durable_and_keep_words_out_of_the_log() -> None:
    lines = dict(line.split(" = ", 1) for line in settings_text().splitlines() if " = " in line)
    assert weak_settings(lines) == {}
    assert lines["log_min_error_statement"] == "panic"
    assert lines["log_error_verbosity"] == "terse"


def test_a_long_log_is_copied_and_emptied(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    with path.open("ab") as writer:
        for turn in range(4):
            writer.write(f"turn {turn}\n".encode() * 10)
            writer.flush()
            assert rotate(path, limit=50, keep=2)
        writer.write(b"after\n")
        writer.flush()
    assert path.read_text() == "after\n"
    assert (tmp_path / "web.log.1").read_text().startswith("turn 3")
    assert (tmp_path / "web.log.2").read_text().startswith("turn 2")
    assert not (tmp_path / "web.log.3").exists()
    assert not rotate(path, limit=50)
    assert tail(path) == "after"
    assert tail(tmp_path / "none.log") == ""


def test_a_taken_port_names_its_holder() -> None:
    with listen("127.0.0.1", 0) as server:
        port = server.getsockname()[1]
        found = holder(port)
        assert found is not None
        assert found[0] == os.getpid()
        with pytest.raises(Problem) as caught:
            listen("127.0.0.1", port)
    assert caught.value.code == "port.taken"
    assert str(os.getpid()) in caught.value.en
    assert str(os.getpid()) in caught.value.fa


def test_a_free_port_has_no_holder() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        assert holder(server.getsockname()[1]) is None


@pytest.mark.parametrize("text", ["0", "-1", "65536", "80.5", "eight", "1e3", "۸۰۰۰", "99999999999999999999"])
def test_a_port_is_a_number_in_range(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HAMYAR_PORT", text)
    with pytest.raises(Problem, match="HAMYAR_PORT"):
        wished_number("HAMYAR_PORT", 8000, 65535)


def test_too_little_room_is_a_problem(tmp_path: Path) -> None:
    disk.require(tmp_path / "not" / "yet", 0)
    with pytest.raises(Problem) as caught:
        disk.require(tmp_path, 10**9)
    assert caught.value.code == "disk.full"
    assert disk.is_full(OSError(errno.ENOSPC, "full"))
    assert not disk.is_full(OSError(errno.EACCES, "no"))
    assert disk.speaks_of_full("FATAL:  could not write: No space left on device")


def test_pauses_between_restarts_grow() -> None:
    def never() -> None:
        raise AssertionError

    child = Child("web", never, ())  # type: ignore[arg-type]
    child.started = float("inf")
    pauses = [child.plan_restart() for _ in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == BACKOFF_SECONDS[-1]
    child.started = -1e9
    assert child.plan_restart() == BACKOFF_SECONDS[0]


def test_the_newest_migration_is_read_from_the_files(tmp_path: Path) -> None:
    assert len(heads()) == 1
    (tmp_path / "a.py").write_text('revision = "a"\ndown_revision = None\n')
    (tmp_path / "b.py").write_text('revision: str = "b"\ndown_revision: str | None = "a"\n')
    assert heads(tmp_path) == {"b"}
    (tmp_path / "c.py").write_text('revision = "c"\ndown_revision = "a"\n')
    assert heads(tmp_path) == {"b", "c"}
