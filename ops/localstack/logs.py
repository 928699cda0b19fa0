"""Log files that children write to directly and the supervisor keeps short."""

import shutil
from pathlib import Path
from typing import IO

LIMIT_BYTES = 20 * 1024 * 1024
KEEP = 4


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("ab", buffering=0)
    path.chmod(0o600)
    return handle


def rotate(path: Path, limit: int = LIMIT_BYTES, keep: int = KEEP) -> bool:
    """Copy a log that outgrew ``limit`` bytes to ``.1`` (shifting older ones) and empty it; True when it did.

    Copy and truncate, since the writer holds the file open in append mode: a few lines may fall between,
    which a log
    may lose and a pipe through the supervisor would not survive the supervisor.
    """
    try:
        if path.stat().st_size <= limit:
            return False
        for number in range(keep - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                older.rename(path.with_name(f"{path.name}.{number + 1}"))
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        path.with_name(f"{path.name}.1").chmod(0o600)
        with path.open("rb+") as handle:
            handle.truncate(0)
    except OSError:
        # A disk without room cannot keep an old copy, and logs are the first thing to give up.
        return False
    return True


def tail(path: Path, lines: int = 20) -> str:
    """Return the last lines of a log, empty when there is none."""
    try:
        with path.open("rb") as handle:
            handle.seek(0, 2)
            handle.seek(max(0, handle.tell() - 64 * 1024))
            text = handle.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
