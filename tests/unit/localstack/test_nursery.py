"""A forked child is what a started one would be: nothing of its parent's but what was passed, and it dies with it."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ops.localstack.layout import REPOSITORY
from tests.support.instance import gone, wait_until

BEFORE = """
import fcntl, gc, json, os, signal, subprocess, sys, time
from ops.localstack.nursery import fork
log = open(sys.argv[1], "ab", buffering=0)
lock = open(sys.argv[2], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
passed = os.open(os.devnull, os.O_RDONLY)
def child(run, **more):
    return fork(run, "hamyar child", log=log, env={"ONLY": "this"}, cwd="/usr", **more)
"""


def _run(tmp_path: Path, code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BEFORE + textwrap.dedent(code), str(tmp_path / "log"), str(tmp_path / "lock")]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)


def test_nothing_of_the_parent_is_left_in_a_child(tmp_path: Path) -> None:
    done = _run(
        tmp_path,
        """
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        def run():
            print(json.dumps({
                "leads": os.getsid(0) == os.getpid(), "env": dict(os.environ), "cwd": os.getcwd(),
                "fds": sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")),
                "handlers": [signal.getsignal(n) == signal.SIG_DFL for n in (signal.SIGTERM, signal.SIGCHLD)],
                "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "umask": os.umask(0),
                "title": open("/proc/self/cmdline").read().rstrip(chr(0)), "comm": open("/proc/self/comm").read()}))
        assert child(run, pass_fds=(passed,)).wait() == 0
        print(passed)
        """,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "log").read_text())
    assert said.pop("fds") == [0, 1, 2, int(done.stdout)]
    assert said == {
        "leads": True,
        "env": {"ONLY": "this"},
        "cwd": "/usr",
        "handlers": [True, True],
        "blocked": 0,
        "umask": 0o077,
        "title": "hamyar child",
        "comm": "hamyar child\n",
    }


@pytest.mark.parametrize(
    ("life", "status"),
    [
        ("None", 0),
        ("sys.exit(3)", 3),
        ("sys.exit('words')", 1),
        ("1 / 0", 1),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9),
    ],
)
def test_the_supervisor_knows_how_a_child_ended(tmp_path: Path, life: str, status: int) -> None:
    done = _run(tmp_path, f"one = child(lambda: {life}); print(one.wait(30), one.poll(), one.wait())")
    assert done.stdout.split() == [str(status)] * 3, done.stderr
    assert ("ZeroDivisionError" in (tmp_path / "log").read_text()) == (life == "1 / 0")


def test_waiting_for_a_child_has_an_end(tmp_path: Path) -> None:
    done = _run(
        tmp_path,
        """
        one = child(lambda: time.sleep(60))
        try:
            one.wait(0.02)
        except subprocess.TimeoutExpired:
            print(one.poll())
        one.send_signal(signal.SIGTERM)
        print(one.wait(30))
        one.send_signal(signal.SIGTERM)
        """,
    )
    assert done.stdout.split() == ["None", str(-15)], done.stderr


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    done = _run(
        tmp_path,
        """
        def run():
            print("here")
            time.sleep(60)
        one = child(run)
        while not os.path.getsize(log.name):
            time.sleep(0.01)
        print(one.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    pid = int(done.stdout)
    wait_until(lambda: gone(pid), 30)
