"""A whole instance for tests that need one: its own home and port, driven through the command line as
people do.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.localstack.layout import REPOSITORY, Layout
from ops.localstack.state import read_state

SECONDS = 300


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


@dataclass
class Instance:
    """``hamyar`` in a home of its own; ``env`` is added to every command's environment."""

    home: Path
    port: int = field(default_factory=free_port)
    env: dict[str, str] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return Layout(self.home)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        # Beside other groups of tests a worker that gives way would hardly ever have its turn.
        ours = {"HAMYAR_HOME": str(self.home), "HAMYAR_PORT": str(self.port), "HAMYAR_GIVE_WAY": "0", **self.env}
        outer = {name: value for name, value in os.environ.items() if not name.startswith("HAMYAR_")}
        for name in ("DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE"):
            outer.pop(name, None)
        return {**outer, **ours}

    def run(self, *arguments: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "ops", *arguments],
            cwd=REPOSITORY,
            env={**self.environment, **env},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"hamyar {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done

    def status(self) -> dict[str, Any]:
        """Return ``status --json``."""
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def pids(self, part: str) -> list[int]:
        """Return the part's living processes, as `status` does, without a command: tests ask many times a second."""
        return [process.pid for process in read_state(self.layout).living(part)]

    def supervisor(self) -> int:
        """Return the supervisor's process id."""
        return int(json.loads(self.layout.state.read_text())["supervisor"]["pid"])

    def kill(self, *pids: int) -> None:
        """End processes at once, as a crash would."""
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


def wait_until(what: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait until ``what`` holds; fail the test when it never does."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] in "ZX"
    except OSError:
        return True
