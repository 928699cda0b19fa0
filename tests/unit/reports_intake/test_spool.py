"""The spool on a disk: what was acknowledged is read back once, in order, past dead writers, damage and full disks."""

import asyncio
import fcntl
import os
from pathlib import Path
from uuid import UUID

import pytest

from server.access.sealing import create_keys
from server.kernel.ids import is_code
from server.reports.intake import promise
from server.reports.spool import Spool, SpoolFull, SpoolRow
from server.reports.spool_folder import DAMAGED, Census
from server.reports.spool_frames import Frame, decode
from server.reports.spool_reader import Reader

PLENTY = 10_000_000


def _row(number: int, size: int = 10) -> SpoolRow:
    return SpoolRow({"n": number, "body_sealed": bytes(size)}, "token:x")


def _spool(folder: Path, limit: int = PLENTY, segment: int = 4096) -> Spool:
    return Spool(folder, limit, segment_bytes=segment, reserve_bytes=0)


def _segment(folder: Path) -> Path:
    return next(folder.glob("*.spool"))


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _drain(reader: Reader, most: int = 7) -> list[int]:
    numbers = []
    while pieces := reader.gather(most):
        for piece in pieces:
            assert isinstance(piece.what, Frame)
            numbers.append(decode(piece.what.payload, piece.what.at_us).row["n"])
        reader.done(pieces)
    return numbers


async def test_writers_are_merged_in_order_and_leave_nothing_behind(tmp_path: Path) -> None:
    writers = [_spool(tmp_path) for _ in range(3)]
    for number in range(200):
        await writers[number * 7 % 3].put([_row(number)])
    assert (await asyncio.to_thread(Census(tmp_path).count)).records == 200
    assert writers[0].is_open()
    reader = Reader(tmp_path)
    assert _drain(reader) == list(range(200))
    assert writers[0].is_open(), "its writers hold their last segments"
    for writer in writers:
        await writer.close()
    assert _drain(reader) == []
    assert not writers[0].is_open()
    assert _names(tmp_path) == set()


async def test_many_puts_share_a_sync_and_files_are_their_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, syncs, real = _spool(tmp_path / "spool", segment=PLENTY), [], os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (syncs.append(fd), real(fd))[1])
    await asyncio.gather(*(spool.put([_row(number)]) for number in range(300)))
    assert 1 <= len(syncs) <= 30
    assert _drain(Reader(tmp_path / "spool")) == list(range(300))
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert {(tmp_path / "spool" / name).stat().st_mode & 0o777 for name in _names(tmp_path / "spool")} == {0o600}
    await spool.close()


async def test_a_reader_that_died_begins_at_its_cursor(tmp_path: Path) -> None:
    spool = _spool(tmp_path, segment=PLENTY)
    await spool.put([_row(number) for number in range(20)])
    first = Reader(tmp_path)
    taken = first.gather(8)
    first.done(taken)
    first.gather(8)  # in the database or not: nobody knows
    first.again()
    assert (await asyncio.to_thread(Census(tmp_path).count)).records == 12
    assert _drain(Reader(tmp_path)) == list(range(8, 20))
    await spool.close()


async def test_damage_is_kept_aside_and_what_follows_is_found(tmp_path: Path) -> None:
    spool = _spool(tmp_path, segment=PLENTY)
    for number in range(5):
        await spool.put([_row(number, 100)])
    segment = _segment(tmp_path)
    data = bytearray(segment.read_bytes())
    size = len(data) // 5
    data[2 * size + 60] ^= 1
    segment.write_bytes(bytes(data))
    reader = Reader(tmp_path)
    assert _drain(reader) == [0, 1], "what stands behind it waits while its writer may still be writing"
    await spool.close()
    pieces = reader.gather(10)
    kept = pieces[0].segment.damaged_file(pieces[0].what.start)
    assert kept.parent == tmp_path / DAMAGED
    assert kept.read_bytes() == bytes(data[2 * size : 3 * size])
    assert [isinstance(piece.what, Frame) for piece in pieces] == [False, True, True]
    reader.done(pieces)
    assert _drain(reader) == []
    assert _names(tmp_path) == {DAMAGED}
    assert kept.exists()


async def test_full_is_said_and_nothing_acknowledged_suffers(tmp_path: Path) -> None:
    spool, kept = _spool(tmp_path, limit=5_000), 0
    while not spool.level().filling:
        await spool.put([_row(kept)])
        kept += 1
    assert kept > 10
    with pytest.raises(SpoolFull):
        await spool.put([_row(0, 2_000)])
    await spool.put([_row(kept)])
    kept += 1
    assert _drain(Reader(tmp_path)) == list(range(kept))
    await spool.close()


async def test_a_disk_without_room_is_a_full_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool, real = _spool(tmp_path), os.write
    await spool.put([_row(0)])

    def half(fd: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return real(fd, bytes(data)[: len(data) // 2])

    monkeypatch.setattr("server.reports.spool.os.write", half)
    with pytest.raises(SpoolFull):
        await spool.put([_row(1)])
    monkeypatch.undo()
    await spool.put([_row(2)])
    assert _drain(Reader(tmp_path)) == [0, 2]
    await spool.close()


async def test_the_segment_of_a_dead_writer_is_finished(tmp_path: Path) -> None:
    spool = _spool(tmp_path, segment=PLENTY)
    await spool.put([_row(0)])
    segment = _segment(tmp_path)
    fd = os.open(segment, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(fd)
    await spool.release()  # as the kernel does for a killed one
    with segment.open("ab") as torn:
        torn.write(segment.read_bytes()[:30])
    assert _drain(Reader(tmp_path)) == [0]
    assert _names(tmp_path) == set()
    await spool.close()


def test_a_promise_is_the_same_for_ever_and_another_for_each_message(tmp_path: Path) -> None:
    sealing, again = create_keys(tmp_path), create_keys(tmp_path)
    report_id, receipt = promise(sealing, "sms:generic:x", "17", b"\1" * 32)
    assert (report_id, receipt) == promise(again, "sms:generic:x", "17", b"\1" * 32)
    assert isinstance(report_id, UUID)
    assert report_id.version == 8
    assert is_code(receipt, 10)
    others = {promise(sealing, "sms:generic:x", str(number), b"\1" * 32) for number in range(500)}
    assert len({one for one, _ in others}) == len({code for _, code in others}) == 500
