"""What the instance remembers on disk: whether it is a drill, who supervises it, and which processes are
its own.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ops.localstack.layout import Layout
from ops.localstack.problem import Problem
from ops.localstack.process import ProcessId, boot_id

PARTS = ("web", "worker", "jobs", "postgres", "redis")
TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off"}


@dataclass
class RunState:
    """What runs, as the supervisor last wrote it: ``phase`` is starting, ready, stopping or failed."""

    phase: str = "starting"
    boot: str = field(default_factory=boot_id)
    host: str = "127.0.0.1"
    port: int = 0
    supervisor: ProcessId | None = None
    parts: dict[str, list[ProcessId]] = field(default_factory=dict)
    problem: dict[str, str] | None = None

    def living(self, part: str) -> list[ProcessId]:
        """Return the part's processes that still run."""
        if self.boot != boot_id():
            return []
        return [process for process in self.parts.get(part, []) if process.alive]

    @property
    def supervised(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return self.supervisor is not None and self.boot == boot_id() and self.supervisor.alive

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the instance."""
        return f"http://{browse_host(self.host)}:{self.port}"


def browse_host(host: str) -> str:
    """Return the name to open for an address to listen on: ``0.0.0.0`` is no place to go to."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104


def read_state(layout: Layout) -> RunState:
    """Return the last state written, an empty one when there is none or it is damaged."""
    try:
        raw: dict[str, Any] = json.loads(layout.state.read_text(encoding="utf-8"))
        supervisor = raw.pop("supervisor")
        parts = raw.pop("parts")
        return RunState(
            **raw,
            supervisor=ProcessId(**supervisor) if supervisor else None,
            parts={name: [ProcessId(**process) for process in found] for name, found in parts.items()},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return RunState(phase="absent", boot="")


def write_state(layout: Layout, state: RunState) -> None:
    """Write the state in one step, so that a reader sees the old or the new."""
    write_whole(layout.state, json.dumps(asdict(state)))


def write_whole(path: Path, text: str) -> None:
    """Replace a small file atomically, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)


@contextmanager
def supervisor_lock(layout: Layout) -> Iterator[bool]:
    """Hold the instance's lock for the block; yields False at once when another supervisor has it."""
    descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def locked(layout: Layout) -> bool:
    """Whether a supervisor holds the lock now."""
    if not layout.lock.exists():
        return False
    with supervisor_lock(layout) as free:
        return not free


def wished_drill() -> bool | None:
    """Return what ``HAMYAR_DRILL`` says: True, False, or None when it says nothing."""
    word = os.environ.get("HAMYAR_DRILL", "").strip().lower()
    if word == "":
        return None
    if word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    raise Problem(
        "drill.word",
        fa=f"HAMYAR_DRILL باید ۰ یا ۱ باشد، نه «{word}».",
        en=f"HAMYAR_DRILL must be 0 or 1, not {word!r}.",
    )


def known_drill(layout: Layout) -> bool | None:
    """Return whether the instance was made as a drill; None before it is made."""
    try:
        raw = json.loads(layout.instance.read_text(encoding="utf-8"))
        return bool(raw["drill"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(
            "instance.unreadable",
            fa=f"پروندهٔ {layout.instance} خوانده نمی‌شود؛ معلوم نیست این سامانه تمرینی است یا واقعی.",
            en=f"{layout.instance} cannot be read; whether this instance is a drill or real is not known.",
        ) from error


def settle_drill(layout: Layout) -> bool:
    """Fix at the first start whether the instance is a drill, and refuse a later contradiction."""
    wished, known = wished_drill(), known_drill(layout)
    if known is None:
        known = bool(wished)
        write_whole(layout.instance, json.dumps({"drill": known}))
    if wished is not None and wished != known:
        is_fa, is_en = ("تمرینی", "a drill") if known else ("واقعی", "real")
        raise Problem(
            "drill.fixed",
            fa=f"سامانهٔ {layout.home} {is_fa} است و این دیگر عوض نمی‌شود. برای دیگری HAMYAR_HOME دیگری بدهید.",
            en=(f"The instance in {layout.home} is {is_en}, for good. Use another HAMYAR_HOME for another kind."),
        )
    return known
