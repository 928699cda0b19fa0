"""The spool: where messages lie, safe on disk, while the database is away. One writer a process.

`put` returns when its rows are on the disk: many puts share one fdatasync, in a thread of its own. What it holds is
sealed before it comes here. Draining is `draining.py`'s, in another process; both meet in the folder alone.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from server.reports.spool_folder import RESERVE_BYTES, SUFFIX, Level, View, level, look, make_folder, sync_folder
from server.reports.spool_frames import SpoolRow, encode, frame, moment

__all__ = ["Spool", "SpoolFull", "SpoolRow"]

log = structlog.get_logger("spool")
SEGMENT_BYTES: Final = 8 * 1024 * 1024
IDLE_S: Final = 0.5
"""A writer with nothing to write lets go of its segment, so that it can be drained to its end and removed."""
LOOK_S: Final = 0.05
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class SpoolFull(Exception):
    """There is no room (or no disk) left to keep a message on: the only reason to turn one away."""


class Spool:
    """One process's way into the spool's folder."""

    def __init__(
        self,
        folder: Path,
        limit_bytes: int,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self.offset_us = 0
        """The database's clock minus this machine's, as last seen: received_at is one clock's."""
        self._segment_bytes, self._reserve = segment_bytes, reserve_bytes
        self._writer = f"{time.time_ns() // 1000:017d}-{os.getpid()}-{secrets.token_hex(3)}"
        self._number = self._fd = self._size = 0
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "spool")
        self._last_us = self._room = 0
        self._room_at = -1.0
        self._looked, self._mtime, self._view = 0.0, -1, View()
        with contextlib.suppress(OSError):
            make_folder(folder)

    async def put(self, rows: Sequence[SpoolRow]) -> None:
        """Keep rows, in this order; returns when they are on the disk. Raises SpoolFull."""
        data = b"".join(frame(encode(row), self._stamp()) for row in rows)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((data, done))
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._flush_on(), name="spool")
        await done

    def stamped(self, row: SpoolRow) -> SpoolRow:
        """The row with the time it would get now."""
        return replace(row, at=moment(self._stamp()))

    def is_open(self) -> bool:
        """Whether anything waits to be drained, of any process; a look at the folder at most 50 ms old."""
        return bool(self.view().segments)

    def is_closing(self) -> bool:
        """Whether the drainer has caught up and asks the writers to let go."""
        return self.view().closing

    def view(self) -> View:
        """The folder, looked at anew when it changed or after 50 ms: two changes may bear one time."""
        try:
            mtime = self.folder.stat().st_mtime_ns
        except OSError:
            mtime = -1
        now = time.monotonic()
        if mtime != self._mtime or now - self._looked > LOOK_S:
            self._looked, self._mtime, self._view = now, mtime, look(self.folder)
        return self._view

    def is_usable(self) -> bool:
        """Whether its folder is there (made, where it can be) and may be written: asked before it is needed."""
        try:
            make_folder(self.folder)
        except OSError:
            return False
        return os.access(self.folder, os.W_OK | os.X_OK)

    def level(self) -> Level:
        """How full it is."""
        return level(self.folder, look(self.folder).bytes, self.limit_bytes, self._reserve)

    async def release(self) -> None:
        """Let go of the segment; the next put begins another."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)

    async def close(self) -> None:
        """Write what still waits, and let go."""
        if self._task is not None:
            self._wake.set()
            await self._task
        await self.release()
        self._thread.shutdown()

    def _stamp(self) -> int:
        """Now, in µs; rising within a process, whatever the clock does."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000 + self.offset_us)
        return self._last_us

    async def _flush_on(self) -> None:
        """Write all that waits at once, again and again; end after an idle while."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    await self._wake.wait()
            except TimeoutError:
                await self.release()
            if not self._waiting:
                self._task = None
                return
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await loop.run_in_executor(self._thread, self._append, b"".join(data for data, _ in batch))
            except Exception as problem:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
                error = problem if isinstance(problem, SpoolFull) else SpoolFull(type(problem).__name__)
            for _, done in batch:
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def _append(self, data: bytes) -> None:
        """In the thread: write and sync. A segment that fails once is left; what it may hold is told apart later."""
        self._take_room(len(data))
        for last in (False, True):
            try:
                if not self._fd or self._size >= self._segment_bytes:
                    self._begin()
                self._write(data)
            except OSError as error:
                log.error("spool.write_failed", kind=errno.errorcode.get(error.errno or 0, "?"))  # noqa: TRY400 - no paths in logs
                self._let_go()
                if last or error.errno in _NO_ROOM:
                    raise
            else:
                return

    def _take_room(self, size: int) -> None:
        """Raises SpoolFull when there is no room for so many bytes. The folder is looked at again after 50 ms."""
        now = time.monotonic()
        if now - self._room_at > LOOK_S or size > self._room:
            found = level(self.folder, look(self.folder).bytes, self.limit_bytes, self._reserve)
            self._room_at, self._room = now, found.limit - found.bytes
        if size > self._room:
            raise SpoolFull("limit")
        self._room -= size

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
            os.fdatasync(self._fd)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise
        self._size += len(data)

    def _begin(self) -> None:
        """A new segment. It gets its name only when it is locked: nobody takes it for one that was left."""
        self._let_go()
        make_folder(self.folder)
        self._number += 1
        path = self.folder / f"{self._writer}-{self._number:06d}{SUFFIX}"
        early = path.with_suffix(".new")
        fd = os.open(early, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            early.rename(path)
            sync_folder(self.folder)
        except OSError:
            os.close(fd)
            raise
        self._fd, self._size = fd, 0

    def _let_go(self) -> None:
        if self._fd:
            fd, self._fd, self._size = self._fd, 0, 0
            with contextlib.suppress(OSError):
                os.close(fd)
