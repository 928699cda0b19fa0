"""The parts of an instance and how each is started: what `hamyar up` runs and docker-compose.yml mirrors."""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import IO

from ops.localstack.layout import REPOSITORY, Layout, database_url, redis_url
from ops.localstack.logs import open_log
from ops.localstack.nursery import fork
from ops.localstack.port import wished_number
from ops.localstack.process import ProcessId, Running, identify

APP_SIGNALS = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
PYTHON_PARTS = {"web": "ops.localstack.web", "worker": "server.worker", "jobs": "server.jobs"}
"""The module of each part: `python -m` runs it, and its `main(arguments)` is what a forked child calls."""
MOST_WEB = 64
BACKOFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
STEADY_SECONDS = 30.0


@dataclass
class Child:
    """One process that the supervisor keeps alive, restarting it with growing pauses.

    ``tend`` is called at every tick; ``group``: what it leaves behind in its session ends with it; ``follows``: it is
    ended some seconds (``grace_s``) after that part ended.
    """

    part: str
    start: Callable[[], Running]
    signals: tuple[tuple[int, float], ...]
    popen: Running | None = None
    process: ProcessId | None = None
    failures: int = 0
    started: float = 0.0
    due: float = 0.0
    once: bool = False
    after: Callable[[Running], None] | None = field(default=None)
    tend: Callable[[], None] | None = None
    group: bool = False
    follows: str = ""
    grace_s: float = 1.0
    condemned: float | None = None
    most_pause: float = BACKOFF_SECONDS[-1]

    def launch(self) -> None:
        """Start the process and, for a store, wait until it answers."""
        self.started = time.monotonic()
        self.popen = self.start()
        self.process = identify(self.popen.pid)
        if self.after is not None:
            self.after(self.popen)

    def ended(self) -> int | None:
        """Return the exit status once the process is gone (negative: killed by that signal)."""
        return self.popen.poll() if self.popen is not None else None

    def end_group(self) -> None:
        """End at once whatever of its session is left."""
        if self.group and self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def heed(self, ended: str) -> None:
        """Another part ended: if this one follows it, its time runs."""
        if self.follows == ended and self.popen is not None and self.condemned is None:
            self.condemned = time.monotonic() + self.grace_s

    def end_if_condemned(self) -> None:
        """End it once its time is up."""
        if self.condemned is not None and time.monotonic() >= self.condemned:
            self.condemned = None
            self.end_group()

    def plan_restart(self) -> float:
        """Note a death and return the seconds to wait: a long steady life clears the count."""
        if time.monotonic() - self.started > STEADY_SECONDS:
            self.failures = 0
        pause = min(self.most_pause, BACKOFF_SECONDS[min(self.failures, len(BACKOFF_SECONDS) - 1)])
        self.failures += 1
        self.popen = None
        self.process = None
        self.condemned = None
        self.due = time.monotonic() + pause
        return pause


def child_environment(layout: Layout, port: int, *, drill: bool) -> dict[str, str]:
    """Return the environment of the instance's Python processes."""
    environment = {
        **os.environ,
        "HAMYAR_HOME": str(layout.home),
        "HAMYAR_PORT": str(port),
        "HAMYAR_DRILL": "1" if drill else "0",
        "DATABASE_URL": database_url(layout)[0],
        "REDIS_URL": redis_url(layout)[0],
        "PYTHONUNBUFFERED": "1",
    }
    # Without byte code on disk every start compiles the whole server again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def web_count() -> int:
    """Return ``HAMYAR_WORKERS``; by default two, or one on a single core."""
    return wished_number("HAMYAR_WORKERS", min(2, os.cpu_count() or 1), MOST_WEB)


WORKERS = (
    ("sealer", "leases", "offers", "silence", "pulse", "kannel", "spool", "outbox", "watches", "checks", "forms"),
    ("chain",),
    ("opening", "pictures", "shortfalls"),
)
"""The loops of each worker process."""


def app_children(layout: Layout, listener: socket.socket, environment: dict[str, str]) -> list[Child]:
    """Return web, worker and rare jobs, not yet started."""
    fd = listener.fileno()
    children = [_python(layout, environment, "web", ("--fd", str(fd)), (fd,)) for _ in range(web_count())]
    # The sealer gives every change its number; beside the chain's reading, which is all CPU, it would wait its turn.
    workers = [_python(layout, environment, "worker", loops) for loops in WORKERS]
    return [*children, *workers, _python(layout, environment, "jobs")]


def _python(
    layout: Layout,
    environment: dict[str, str],
    part: str,
    arguments: tuple[str, ...] = (),
    pass_fds: tuple[int, ...] = (),
) -> Child:
    def run() -> None:
        import_module(PYTHON_PARTS[part]).main(arguments)

    def start() -> Running:
        with open_log(layout.logs / f"{part}.log") as log:
            title = " ".join(("hamyar", part, *arguments))
            return fork(run, title, log=log, env=environment, cwd=REPOSITORY, pass_fds=pass_fds)

    return Child(part, start, APP_SIGNALS)


def one_shot(layout: Layout, environment: dict[str, str], name: str, arguments: list[str]) -> Child:
    """Return a ``hamyar`` command that runs once beside the instance, such as a drill."""

    def start() -> Running:
        with open_log(layout.logs / f"{name}.log") as log:
            return _command(arguments, environment, log, log)

    return Child(name, start, APP_SIGNALS, once=True)


def herald(environment: dict[str, str], kind: str) -> Child:
    """Return the process that prints the ways in at the supervisor's own terminal: it may have to wait for them."""

    def start() -> Running:
        return _command(["announce", kind], environment, sys.stdout.fileno(), sys.stderr.fileno())

    return Child("announce", start, APP_SIGNALS, once=True)


def _command(arguments: list[str], environment: dict[str, str], log: IO[bytes] | int, err: IO[bytes] | int) -> Running:
    """A ``hamyar`` command in a process of its own."""

    def run() -> None:
        from ops.cli import main

        sys.argv = ["hamyar", *arguments]
        main()

    return fork(run, " ".join(("hamyar", *arguments)), log=log, err=err, env=environment, cwd=REPOSITORY)
