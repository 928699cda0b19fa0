"""The spool's folder as every process sees it: segments, how much lies there, how many records, and how far drained.

<writer>-<number>.spool    a segment; its writer holds a lock on it (flock) for as long as it may still grow
<writer>-<number>.cursor   how far it is drained
closing                    the drainer has caught up: writers let go, wait for the last ones, and go direct again
damaged/                   bytes that hold no whole record, kept until a person has looked
"""

import contextlib
import fcntl
import os
import struct
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from zlib import crc32

from server.reports.spool_frames import HEADER, header, moment

SUFFIX: Final = ".spool"
CURSOR_SUFFIX: Final = ".cursor"
CLOSING: Final = "closing"
DAMAGED: Final = "damaged"
CLOSING_S: Final = 3.0
"""An older mark was left by a drainer that died: nobody heeds it."""
RESERVE_BYTES: Final = 16 * 1024 * 1024
"""What is left free on the spool's disk: other processes of the machine need a little room to fail in order."""
FILLING: Final = 0.7
_CURSOR: Final = struct.Struct("<QQ")
_CHECK: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Level:
    """How full it is. `limit`: what may lie there, by the setting and by the room on the disk; bytes."""

    bytes: int
    limit: int

    @property
    def share(self) -> float:
        """0 empty, 1 full."""
        return 1.0 if self.limit <= 0 else min(1.0, self.bytes / self.limit)

    @property
    def filling(self) -> bool:
        """Somebody must be told now."""
        return self.share >= FILLING


@dataclass(slots=True)
class View:
    """The folder at one moment: sizes of the segments by name, in the order of their names."""

    segments: dict[str, int] = field(default_factory=dict)
    closing: bool = False
    damaged: bool = False

    @property
    def bytes(self) -> int:
        """What lies in the segments."""
        return sum(self.segments.values())


def make_folder(folder: Path) -> None:
    """Make it, for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def sync_folder(folder: Path) -> None:
    """Bring the folder's names to the disk: a file whose name is lost is lost."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def look(folder: Path) -> View:
    """Read the folder. One that is not there (or not mounted) is empty."""
    view = View()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    with contextlib.suppress(FileNotFoundError):
                        view.segments[entry.name] = entry.stat().st_size
                elif entry.name == CLOSING:
                    with contextlib.suppress(FileNotFoundError):
                        view.closing = abs(time.time() - entry.stat().st_mtime) < CLOSING_S
                elif entry.name == DAMAGED:
                    view.damaged = True
    except FileNotFoundError:
        return View()
    view.segments = dict(sorted(view.segments.items()))
    return view


def level(folder: Path, used: int, limit_bytes: int, reserve: int = RESERVE_BYTES) -> Level:
    """How full it is, by the setting and by the room that its disk has left."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return Level(used, limit_bytes)
    return Level(used, min(limit_bytes, used + disk.f_bavail * disk.f_frsize - reserve))


def is_final(fd: int) -> bool:
    """Whether the segment's writer let go of it (or died): it will not grow any more."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return True


def writer_of(name: str) -> str:
    """Whose segment it is."""
    return name.rpartition("-")[0]


class Cursor:
    """How far one segment is drained: bytes and records, on disk. A torn or missing one means: from the start."""

    def __init__(self, segment: Path) -> None:
        self._path = segment.with_suffix(CURSOR_SUFFIX)

    def read(self) -> tuple[int, int]:
        """(bytes, records) drained."""
        try:
            data = self._path.read_bytes()
        except OSError:
            return 0, 0
        if len(data) != _CURSOR.size + _CHECK.size or _CHECK.unpack_from(data, _CURSOR.size)[0] != crc32(
            data[: _CURSOR.size]
        ):
            return 0, 0
        done, records = _CURSOR.unpack_from(data)
        return done, records

    def write(self, done: int, records: int) -> None:
        """Move it, durably. On a full disk it stays behind: what is drained again is known by then."""
        data = _CURSOR.pack(done, records)
        with contextlib.suppress(OSError):
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(fd, data + _CHECK.pack(crc32(data)), 0)
                os.fdatasync(fd)
            finally:
                os.close(fd)

    def remove(self) -> None:
        """Its segment is gone."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be drained: how many records, since when."""

    records: int
    oldest: datetime | None


class Census:
    """Counts the records that wait by their headers alone; what was counted once is not counted again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counted: dict[str, tuple[int, int]] = {}

    def count(self) -> Waiting:
        """Reads files: call it in a thread."""
        view = look(self._folder)
        self._counted = {name: found for name, found in self._counted.items() if name in view.segments}
        records, oldest = 0, None
        for name, size in view.segments.items():
            path = self._folder / name
            drained, done = Cursor(path).read()
            try:
                total, first = self._walk(path, name, size, drained)
            except OSError:
                continue
            records += max(0, total - done)
            if first is not None and (oldest is None or first < oldest):
                oldest = first
        return Waiting(records, moment(oldest) if oldest is not None else None)

    def _walk(self, path: Path, name: str, size: int, drained: int) -> tuple[int, int | None]:
        at, total = self._counted.get(name, (0, 0))
        fd = os.open(path, os.O_RDONLY)
        try:
            while at < size and (found := header(os.pread(fd, HEADER, at), 0)) is not None:
                at, total = at + HEADER + found[0], total + 1
            first = header(os.pread(fd, HEADER, drained), 0) if drained < size else None
        finally:
            os.close(fd)
        self._counted[name] = at, total
        return total, first[2] if first else None
