"""Room on the disk: asked before we start, and recognised when it runs out."""

import errno
import os
from pathlib import Path

from ops.localstack.problem import Problem

MEBIBYTE = 1024 * 1024
# A fresh cluster with PostGIS, its WAL and the gazetteer take about 350 MB; a running one needs room for a
# checkpoint.
NEW_CLUSTER_MB = 400
RUNNING_MB = 100
COMFORT_MB = 2000


def free_mb(path: Path) -> int:
    """Return what an unprivileged user may still write at ``path``, in mebibytes."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize // MEBIBYTE


def require(path: Path, needed_mb: int) -> None:
    """Raise a problem when less than ``needed_mb`` is free."""
    free = free_mb(path)
    if free < needed_mb:
        raise full(path, free, needed_mb)


def full(path: Path, free: int | None = None, needed_mb: int = RUNNING_MB) -> Problem:
    """Return the problem of a full disk."""
    have = free_mb(path) if free is None else free
    return Problem(
        "disk.full",
        fa=(
            f"دیسک {path} پر است: {have} مگابایت آزاد، دست‌کم {needed_mb} "
            "لازم است. جا باز کنید یا HAMYAR_HOME را عوض کنید."
        ),
        en=(
            f"The disk at {path} is full: {have} MB free, {needed_mb} needed. Make room or choose another HAMYAR_HOME."
        ),
    )


def is_full(error: OSError) -> bool:
    """Whether an error means that no room (or quota) is left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def speaks_of_full(text: str) -> bool:
    """Whether a server's log says that the disk is full."""
    return "No space left on device" in text or "Disk quota exceeded" in text
