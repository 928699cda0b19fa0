"""How a message lies in a spool's segment: framed, checked, and found again around whatever was damaged. Pure.

A frame is a header of 24 bytes (magic, length, CRC-32 of the payload, time in µs since 1970, CRC-32 of the header
itself) and its payload. The header's own check makes a length worth believing: behind damage the next magic with a
right header and a right payload is the next record. The magic begins with 0xF5, which no UTF-8 text can hold.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zlib import crc32

import orjson

MAGIC: Final = b"\xf5Hs1"
_HEAD: Final = struct.Struct("<4sIIQ")
_CHECK: Final = struct.Struct("<I")
HEADER: Final = _HEAD.size + _CHECK.size
_COUNT: Final = struct.Struct("<I")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
Buffer = bytes | memoryview


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """A message that waits: the columns of its report, all that is personal in them already sealed.

    `actor`: who sent it (`token:<id>`). `unnumbered`: its identity is its words, repeats are looked for when it is
    drained. `resolve`: which emergency is meant was not known, and is asked then. `at`: set when it is put down.
    """

    row: Mapping[str, Any]
    actor: str
    unnumbered: bool = False
    resolve: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole record at bytes [start, end) of its segment."""

    start: int
    end: int
    at_us: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes [start, end) that hold no whole record although others follow, or that no cut can explain."""

    start: int
    end: int


def frame(payload: bytes, at_us: int) -> bytes:
    """A payload with its header."""
    head = _HEAD.pack(MAGIC, len(payload), crc32(payload), at_us)
    return head + _CHECK.pack(crc32(head)) + payload


def header(data: Buffer, at: int) -> tuple[int, int, int] | None:
    """(length, check of the payload, time in µs) of the header at `at`; None when there is no right one."""
    if len(data) - at < HEADER:
        return None
    magic, length, check, moment = _HEAD.unpack_from(data, at)
    if magic != MAGIC or _CHECK.unpack_from(data, at + _HEAD.size)[0] != crc32(data[at : at + _HEAD.size]):
        return None
    return length, check, moment


def scan(data: Buffer, start: int = 0) -> Iterator[Frame | Damage]:
    """All whole records from `start` on, and what is damaged between them. Never raises.

    What a cut leaves at the end (part of a frame, or nothing but zeros) is left out silently: it was never
    acknowledged. Any other remainder is told as damage.
    """
    at = start
    while at < len(data):
        found = _whole(data, at)
        if found is not None:
            yield found
            at = found.end
            continue
        following = _next_whole(data, at + 1)
        if following is None:
            if not is_cut(data, at):
                yield Damage(at, len(data))
            return
        yield Damage(at, following.start)
        at = following.start


def is_cut(data: Buffer, at: int) -> bool:
    """Whether what stands from `at` to the end may be a frame whose writing was cut short."""
    rest = bytes(data[at:])
    if len(rest) < HEADER:
        return rest.startswith(MAGIC) or MAGIC.startswith(rest[: len(MAGIC)]) or not any(rest)
    found = header(data, at)
    if found is not None:
        # The length came to the disk before the words did: a file shorter than that, or one that ends in zeros.
        return len(rest) < HEADER + found[0] or not any(rest[-_CHECK.size :])
    return not any(rest)


def _whole(data: Buffer, at: int) -> Frame | None:
    found = header(data, at)
    if found is None:
        return None
    length, check, moment = found
    end = at + HEADER + length
    if end > len(data):
        return None
    payload = bytes(data[at + HEADER : end])
    return Frame(at, end, moment, payload) if crc32(payload) == check else None


def _next_whole(data: Buffer, at: int) -> Frame | None:
    """The first whole record from `at` on, byte by byte: behind damage nothing is believed but the checks."""
    whole = bytes(data)
    while (at := whole.find(MAGIC, at)) >= 0:
        found = _whole(data, at)
        if found is not None:
            return found
        at += 1
    return None


def encode(item: SpoolRow) -> bytes:
    """A row as bytes: JSON of what is plain, then the raw bytes of what is not."""
    plain: dict[str, Any] = {}
    uuids, times, blobs, parts = [], [], [], []
    for name, value in item.row.items():
        if isinstance(value, bytes | bytearray | memoryview):
            parts.append(bytes(value))
            blobs.append([name, len(parts[-1])])
            continue
        if isinstance(value, UUID):
            uuids.append(name)
        elif isinstance(value, datetime):
            times.append(name)
        plain[name] = value
    line = orjson.dumps(
        {"row": plain, "u": uuids, "t": times, "b": blobs, "by": item.actor, "n": item.unnumbered, "e": item.resolve}
    )
    return b"".join([_COUNT.pack(len(line)), line, *parts])


def decode(payload: bytes, at_us: int) -> SpoolRow:
    """The row again. Raises ValueError (or a kind of it) for what `encode` never made."""
    try:
        size = _COUNT.unpack_from(payload)[0]
        line = orjson.loads(payload[_COUNT.size : _COUNT.size + size])
        row = line["row"]
        for name in line["u"]:
            row[name] = UUID(row[name])
        for name in line["t"]:
            row[name] = datetime.fromisoformat(row[name])
        at = _COUNT.size + size
        for name, length in line["b"]:
            row[name] = payload[at : at + length]
            at += length
        return SpoolRow(row, line["by"], line["n"], line["e"], moment(at_us))
    except (struct.error, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError("no row of a spool") from error


def moment(at_us: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return _EPOCH + at_us * _MICROSECOND


def microseconds(at: datetime) -> int:
    """A time as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND
