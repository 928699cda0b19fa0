"""Processes told apart by id and start time, started so that they die with us, and stopped in order."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from ops.localstack.owner import Owner

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Running(Protocol):
    """A child that was started, as `subprocess.Popen` shows one; `nursery.Forked` is the other kind."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def poll(self) -> int | None:
        """Return the exit status once it ended (negative: killed by that signal)."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, unless it has ended."""


@dataclass(frozen=True)
class ProcessId:
    """A process for certain: ids are reused, an id together with its start time (clock ticks since boot) is
    not.
    """

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        return started_at(self.pid) == self.started


def started_at(pid: int) -> int | None:
    """Return the start time of a living process in clock ticks since boot, None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in parentheses may hold spaces and parentheses; fields count from behind the last one
    # (proc(5)).
    fields = text[text.rfind(")") + 2 :].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])


def boot_id() -> str:
    """Return the running kernel's boot id: start times mean nothing across a reboot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def spawn(
    command: Sequence[str],
    *,
    log: IO[bytes] | int,
    err: IO[bytes] | int | None = None,
    owner: Owner | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    death_signal: int = signal.SIGTERM,
    pass_fds: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own; the kernel sends it ``death_signal`` when this thread ends.

    Call it from the main thread: the signal follows the thread that forked (prctl(2)).
    """
    parent = os.getpid()
    user = owner.popen if owner is not None else {}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log if err is None else err,
        env=dict(env) if env is not None else None,
        cwd=str(cwd),
        start_new_session=True,
        # Runs after the change of user, which would clear the setting again.
        preexec_fn=lambda: die_with_parent(parent, death_signal),  # noqa: PLW1509 - the supervisor has one thread
        pass_fds=pass_fds,
        umask=0o077,
        **user,
    )


def die_with_parent(parent: int, death_signal: int) -> None:
    """In a child: let the kernel send us `death_signal` when the thread that forked us ends (prctl(2))."""
    _LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def identify(pid: int) -> ProcessId | None:
    """Return the living process ``pid`` with its start time."""
    started = started_at(pid)
    return None if started is None else ProcessId(pid, started)


def stop(process: ProcessId, signals: Sequence[tuple[int, float]]) -> bool:
    """Send each signal in turn, waiting up to its seconds, until the process is gone; True when it is."""
    for number, seconds in signals:
        if not process.alive:
            return True
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not process.alive:
                return True
            time.sleep(0.02)
    return not process.alive
