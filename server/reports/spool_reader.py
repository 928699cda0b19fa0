"""The spool read back: the records of all writers, living and dead, merged by the time they were put down.

Files alone, no database. What is damaged is copied aside before anything behind it is read.
"""

import contextlib
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from server.reports.spool_folder import DAMAGED, Cursor, is_final, look, make_folder, sync_folder, writer_of
from server.reports.spool_frames import Damage, Frame, scan

log = structlog.get_logger("spool")
_LEFT_S: Final = 60.0


@dataclass(slots=True)
class Segment:
    """One file on its way out. `loaded`: up to where it was read; `drained`: up to where the database has it."""

    path: Path
    fd: int
    drained: int
    records: int
    loaded: int
    final: bool = False
    size: int = 0
    found: deque[Frame | Damage] = field(default_factory=deque)
    last_us: int = 0

    @property
    def over(self) -> bool:
        """Nothing is left in it, and nothing will come."""
        return self.final and not self.found and self.loaded >= self.size

    def load(self) -> None:
        """Read what came since. Whether it may still grow is asked before its size: nothing slips between."""
        if self.found:
            return
        self.final = is_final(self.fd)
        self.size = os.fstat(self.fd).st_size
        data = os.pread(self.fd, self.size - self.loaded, self.loaded)
        end = 0
        for piece in scan(data):
            if isinstance(piece, Damage) and not self.final:
                # Its writer lives: this may be half a write. What stands behind it waits too, or order would break.
                break
            at = self.loaded + piece.start
            end = piece.end
            if isinstance(piece, Damage):
                self._keep_damage(at, data[piece.start : piece.end])
                self.found.append(Damage(at, self.loaded + piece.end))
            else:
                self.found.append(Frame(at, self.loaded + piece.end, piece.at_us, piece.payload))
        self.loaded = self.size if self.final else self.loaded + end

    def head_us(self) -> int:
        """The time of its next record; damage counts as the record before it."""
        head = self.found[0]
        return head.at_us if isinstance(head, Frame) else self.last_us

    def damaged_file(self, start: int) -> Path:
        """Where the damaged bytes from `start` on are kept."""
        return self.path.parent / DAMAGED / f"{self.path.stem}@{start}"

    def _keep_damage(self, start: int, data: bytes) -> None:
        copy = self.damaged_file(start)
        log.error("spool.damaged", segment=self.path.name, start=start, bytes=len(data))
        make_folder(copy.parent)
        fd = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(copy.parent)


@dataclass(frozen=True, slots=True)
class Piece:
    """A record, or damaged bytes, of a segment."""

    segment: Segment
    what: Frame | Damage


class Reader:
    """All segments of a folder. Its methods read files: call them in a thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._segments: dict[str, Segment] = {}

    def gather(self, most: int) -> list[Piece]:
        """The next records, at most so many, earliest first; each writer's own in the order it wrote them."""
        queues = self._queues()
        taken: list[Piece] = []
        while len(taken) < most:
            heads = [queue[0] for queue in queues if queue[0].found]
            if not heads:
                break
            segment = min(heads, key=Segment.head_us)
            what = segment.found.popleft()
            if isinstance(what, Frame):
                segment.last_us = what.at_us
            taken.append(Piece(segment, what))
            if not segment.found and any(queue[0] is segment and len(queue) > 1 for queue in queues):
                # Its writer goes on in another file: what stands there may come before the others' next ones.
                break
        return taken

    def done(self, pieces: Sequence[Piece]) -> None:
        """The database has them: move the cursors, remove what is empty."""
        for piece in pieces:
            piece.segment.drained = piece.what.end
            piece.segment.records += isinstance(piece.what, Frame)
        for segment in {id(piece.segment): piece.segment for piece in pieces}.values():
            if not segment.over:
                Cursor(segment.path).write(segment.drained, segment.records)

    def drained(self) -> int:
        """Bytes of the files that are still there which the database has already."""
        return sum(segment.drained for segment in self._segments.values())

    def again(self) -> None:
        """Forget what was read and not drained."""
        for segment in self._segments.values():
            os.close(segment.fd)
        self._segments.clear()

    def _queues(self) -> list[list[Segment]]:
        """For each writer its segments that are left, the first one loaded."""
        names = look(self.folder).segments
        for name in [name for name in self._segments if name not in names]:
            os.close(self._segments.pop(name).fd)
        queues: dict[str, list[Segment]] = {}
        for name in names:
            segment = self._segments.get(name) or self._open(name)
            if segment is None:
                continue
            writer = queues.setdefault(writer_of(name), [])
            if not writer:
                segment.load()
                if segment.over:
                    self._remove(segment)
                    continue
            writer.append(segment)
        return [queue for queue in queues.values() if queue]

    def _open(self, name: str) -> Segment | None:
        path = self.folder / name
        drained, records = Cursor(path).read()
        try:
            fd = os.open(path, os.O_RDONLY)
        except OSError as error:
            log.error("spool.unreadable", segment=name, kind=type(error).__name__)  # noqa: TRY400 - a path may be private
            return None
        segment = self._segments[name] = Segment(path, fd, drained, records, drained)
        return segment

    def _remove(self, segment: Segment) -> None:
        """All of it is in the database."""
        with contextlib.suppress(FileNotFoundError):
            segment.path.unlink()
        Cursor(segment.path).remove()
        os.close(segment.fd)
        del self._segments[segment.path.name]
