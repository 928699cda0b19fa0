"""The server's code loaded once, by the supervisor, and children that begin with it: forked instead of started anew.

Importing takes each of an instance's processes seconds of CPU; a forked one is at work at once and shares the pages.
Nothing may be open before the fork (no thread, no connection, no event loop): `preload` only imports.
docs/decisions/0011-processes-are-forked.md says what was weighed.
"""

import contextlib
import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import IO, Never

from ops.localstack.process import die_with_parent

MODULES = ("ops.localstack.web", "server.app", "server.worker", "server.jobs", "ops.prepare")
"""What the processes of an instance consist of."""
POLL_SECONDS = 0.01
FIRST_FD = 3
STAT_ARGUMENTS = (45, 46)
"""Where the words of the command line begin and end in memory: fields 48 and 49 of proc(5), counted from the state."""


class Forked:
    """A forked child, with what the supervisor uses of a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status once it ended (negative: killed by that signal)."""
        return self._reap(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, at most `timeout` seconds. Raises subprocess.TimeoutExpired."""
        if timeout is None:
            status = self._reap(0)
        else:
            deadline = time.monotonic() + timeout
            while (status := self.poll()) is None and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return status

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended: its id may be another's by then."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid == self.pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def preload() -> None:
    """Import what the children will run, once, and keep it out of the collector's rounds.

    A round would write into every page that holds an object, and so give each child a copy of its own (gc.freeze in
    Python's documentation).
    """
    sys.dont_write_bytecode = False
    gc.disable()
    # shapely brings NumPy, whose OpenBLAS starts a thread a core when it is loaded; what has threads must not fork.
    names = {name: os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        for module in MODULES:
            import_module(module)
    finally:
        for name, value in names.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        gc.freeze()
        gc.enable()


def fork(
    run: Callable[[], object],
    title: str,
    *,
    log: IO[bytes] | int,
    err: IO[bytes] | int | None = None,
    env: Mapping[str, str],
    cwd: Path | str = "/",
    pass_fds: tuple[int, ...] = (),
) -> Forked:
    """Run `run` in a child: as `process.spawn` starts one (own session, dies with us, nothing open but what is passed).

    Call it from the main thread of a process that has no other.
    """
    parent = os.getpid()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # No signal may reach our own handlers in the child: it waits until the child has put them back.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _live(parent, run, title, lambda: _settle(log, log if err is None else err, env, cwd, pass_fds, mask))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return Forked(pid)


def _live(parent: int, run: Callable[[], object], title: str, settle: Callable[[], None]) -> Never:
    """The child's whole life. It never returns into the supervisor's stack, whose blocks would end its servers."""
    status = 1
    try:
        die_with_parent(parent, signal.SIGTERM)
        settle()
        call_it(title)
        run()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it was, this is where the process ends
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _settle(
    log: IO[bytes] | int,
    err: IO[bytes] | int,
    env: Mapping[str, str],
    cwd: Path | str,
    pass_fds: tuple[int, ...],
    mask: set[signal.Signals] | set[int],
) -> None:
    # The supervisor's own objects stay as they are: one that was collected here would close a file of ours.
    gc.freeze()
    os.setsid()
    os.umask(0o077)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for fd, source in enumerate((nothing, log, err)):
        os.dup2(source if isinstance(source, int) else source.fileno(), fd)
    # The instance's lock among them: it must not outlive its supervisor.
    _close_all_but(pass_fds)
    sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _close_all_but(kept: tuple[int, ...]) -> None:
    start = FIRST_FD
    for fd in sorted(kept):
        os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))


def call_it(title: str) -> None:
    """Show `title` as the process's name and command line, as far as the supervisor's own line gives room."""
    with contextlib.suppress(OSError, ValueError):
        Path("/proc/self/comm").write_text(title[:15], encoding="ascii")
        text = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
        fields = text[text.rfind(")") + 2 :].split()
        begin, end = (int(fields[at]) for at in STAT_ARGUMENTS)
        if 0 < begin < end:
            ctypes.memmove(begin, title.encode()[: end - begin - 1].ljust(end - begin, b"\0"), end - begin)
