"""PMTiles 3, a map's tiles in one file: header, directories, tiles, read with suspicion and written.

The format: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md. Every length that a file names is held
against the file before anything is read by it.
"""

import gzip
import io
import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

HEADER_BYTES: Final = 127
MAGIC: Final = b"PMTiles"
NONE, GZIP = 1, 2
FORMATS: Final = {1: "mvt", 2: "png", 3: "jpg", 4: "webp"}
"""Tile types that browsers and `tile_content` can open."""
MOST_METADATA: Final = 16 << 20
MOST_DIRECTORY: Final = 64 << 20
MOST_ENTRIES: Final = 4_000_000
MOST_TILE: Final = 16 << 20
ROOT_ROOM: Final = 16_384 - HEADER_BYTES
"""Header and root must lie in the first 16 KiB, which a browser fetches in one go."""
LEAF_ENTRIES: Final = 4096
_FIELDS: Final = struct.Struct("<7sB11Q6B4iB2i")


class Broken(Exception):
    """The file is not what it says: `code` of a reason, `detail` for the reader (a tile, a number)."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Header:
    """Where the parts lie (bytes from the file's start) and what the tiles are. Degrees for bounds."""

    root: tuple[int, int]
    metadata: tuple[int, int]
    leaves: tuple[int, int]
    tiles: tuple[int, int]
    addressed: int
    internal: int
    compression: int
    tile_type: int
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float]
    clustered: bool = True
    entries: int = 0
    contents: int = 0

    @property
    def format(self) -> str:
        """`mvt`, `png`, `jpg` or `webp`."""
        return FORMATS[self.tile_type]


@dataclass(frozen=True, slots=True)
class Entry:
    """Tiles `id` to `id + run`: bytes at `offset`; `run` 0 points to a leaf directory."""

    id: int
    offset: int
    length: int
    run: int


def tile_id(z: int, x: int, y: int) -> int:
    """The place of a tile on the Hilbert curve of its zoom, after all tiles of the zooms before."""
    at = ((1 << (z * 2)) - 1) // 3
    for level in range(z - 1, -1, -1):
        side = 1 << level
        right, low = side & x, side & y
        at += ((3 * right) ^ low) << level
        if not low:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
    return at


def zxy(at: int) -> tuple[int, int, int]:
    """The tile at a place of the curve."""
    z = ((3 * at + 1).bit_length() - 1) // 2
    rest, x, y, side = at - ((1 << (z * 2)) - 1) // 3, 0, 0, 1
    while side < 1 << z:
        right = (rest // 2) & side
        low = (rest ^ right) & side
        if not low:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        x, y, rest, side = x + right, y + low, rest >> 1, side << 1
    return z, x, y


def unpacked(data: bytes, how: int, most: int) -> bytes:
    """Bytes as they were before compression, at most `most` of them (a few kilobytes may hide gigabytes)."""
    if how == NONE:
        return data
    try:
        work = zlib.decompressobj(31)
        out = work.decompress(data, most)
        if work.unconsumed_tail or not work.eof:
            raise Broken("compressed")
    except zlib.error:
        raise Broken("compressed") from None
    return out


def read_header(raw: bytes, size: int) -> Header:
    """The header of a file of `size` bytes; Broken for anything whose parts would not lie inside the file."""
    if raw[:7] != MAGIC:
        raise Broken("not_pmtiles")
    if len(raw) < HEADER_BYTES or raw[7] != 3:  # noqa: PLR2004 - version 3
        raise Broken("version" if len(raw) > len(MAGIC) and raw[7] != 3 else "cut")  # noqa: PLR2004
    f = _FIELDS.unpack(raw[:HEADER_BYTES])
    parts = [(f[2 + 2 * i], f[3 + 2 * i]) for i in range(4)]
    west, south, east, north = (value / 1e7 for value in f[19:23])
    head = Header(
        parts[0], parts[1], parts[2], parts[3], f[10], f[14], f[15], f[16], f[17], f[18], (west, south, east, north),
        f[13] == 1, f[11], f[12],
    )  # fmt: skip
    if any(start + length > size for start, length in parts):
        raise Broken("cut")
    if head.internal not in (NONE, GZIP) or head.compression not in (0, NONE, GZIP):
        raise Broken("compression")
    if head.tile_type not in FORMATS:
        raise Broken("tile_type")
    if not head.root[1] or not head.tiles[1]:
        raise Broken("empty")
    if head.min_zoom > head.max_zoom or head.max_zoom > 26:  # noqa: PLR2004 - deeper than any map goes
        raise Broken("zooms")
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 - degrees
        raise Broken("bounds")
    return head


def _varints(data: bytes, count: int, at: int) -> tuple[list[int], int]:
    out: list[int] = []
    for _ in range(count):
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last byte has no high bit
                break
            shift += 7
            if shift > 63:  # noqa: PLR2004 - numbers have 64 bits
                raise Broken("directory")
        out.append(value)
    return out, at


def read_directory(raw: bytes) -> list[Entry]:
    """The entries of a directory (unpacked); Broken unless they go up and every number is there."""
    try:
        (count,), at = _varints(raw, 1, 0)
        if not count or count > min(MOST_ENTRIES, len(raw)):
            raise Broken("directory")
        steps, at = _varints(raw, count, at)
        runs, at = _varints(raw, count, at)
        lengths, at = _varints(raw, count, at)
        offsets, at = _varints(raw, count, at)
    except IndexError:
        raise Broken("directory") from None
    out: list[Entry] = []
    last, end = 0, 0
    for index in range(count):
        if index and not steps[index]:
            raise Broken("directory")
        last += steps[index]
        if offsets[index]:
            start = offsets[index] - 1
        elif index:
            start = end
        else:
            raise Broken("directory")
        out.append(Entry(last, start, lengths[index], runs[index]))
        end = start + lengths[index]
        if not lengths[index]:
            raise Broken("directory")
    return out


class Archive:
    """An open file of tiles. Raises Broken for whatever in it is not so."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self.header = read_header(file.read(HEADER_BYTES), self.size)

    def _read(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        data = self._file.read(length)
        if len(data) != length:
            raise Broken("cut")
        return data

    def metadata(self) -> dict[str, Any]:
        """What the file says of itself; {} when it says nothing."""
        start, length = self.header.metadata
        if not length:
            return {}
        if length > MOST_METADATA:
            raise Broken("metadata")
        try:
            found = json.loads(unpacked(self._read(start, length), self.header.internal, MOST_METADATA))
        except (ValueError, RecursionError):
            raise Broken("metadata") from None
        if not isinstance(found, dict):
            raise Broken("metadata")
        return found

    def _directory(self, start: int, length: int, end: int) -> list[Entry]:
        if start + length > end or length > MOST_DIRECTORY:
            raise Broken("directory")
        return read_directory(unpacked(self._read(start, length), self.header.internal, MOST_DIRECTORY))

    def entries(self, leaves_most: int) -> Iterator[Entry]:
        """Entries of tiles, in order. Of more than `leaves_most` leaf directories so many are read, evenly spread."""
        head = self.header
        root = self._directory(*head.root, self.size)
        leaves = [one for one in root if not one.run]
        step = max(1, -(-len(leaves) // leaves_most)) if leaves else 1
        wanted = {one.id for index, one in enumerate(leaves) if index % step == 0 or index == len(leaves) - 1}
        for one in root:
            yield from self._below(one, wanted, 0)

    def _below(self, one: Entry, wanted: set[int] | None, depth: int) -> Iterator[Entry]:
        head = self.header
        if one.run:
            if one.offset + one.length > head.tiles[1]:
                raise Broken("directory")
            yield one
        elif wanted is None or one.id in wanted:
            if depth > 2:  # noqa: PLR2004 - no writer makes more levels
                raise Broken("directory")
            start = head.leaves[0] + one.offset
            for inner in self._directory(start, one.length, head.leaves[0] + head.leaves[1]):
                yield from self._below(inner, None, depth + 1)

    def tile(self, entry: Entry) -> bytes:
        """The unpacked bytes of a tile."""
        if entry.length > MOST_TILE:
            raise Broken("tile", "/".join(map(str, zxy(entry.id))))
        data = self._read(self.header.tiles[0] + entry.offset, entry.length)
        if data[:2] == b"\x1f\x8b" and self.header.compression == 0:
            return unpacked(data, GZIP, MOST_TILE)
        return unpacked(data, self.header.compression or NONE, MOST_TILE)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_directory(entries: Sequence[Entry]) -> bytes:
    """A directory, compressed."""
    out = bytearray(_varint(len(entries)))
    last = 0
    for one in entries:
        out += _varint(one.id - last)
        last = one.id
    for one in entries:
        out += _varint(one.run)
    for one in entries:
        out += _varint(one.length)
    end = -1
    for one in entries:
        out += _varint(0 if one.offset == end else one.offset + 1)
        end = one.offset + one.length
    return gzip.compress(bytes(out), mtime=0)


def _directories(entries: Sequence[Entry]) -> tuple[bytes, bytes]:
    """The root that fits into its room, and the leaves that it points to, if one directory cannot hold all."""
    if len(entries) <= LEAF_ENTRIES and len(root := write_directory(entries)) <= ROOT_ROOM:
        return root, b""
    size = LEAF_ENTRIES
    while True:
        leaves: list[bytes] = []
        tops: list[Entry] = []
        at = 0
        for first in range(0, len(entries), size):
            leaf = write_directory(entries[first : first + size])
            tops.append(Entry(entries[first].id, at, len(leaf), 0))
            leaves.append(leaf)
            at += len(leaf)
        root = write_directory(tops)
        if len(root) <= ROOT_ROOM:
            return root, b"".join(leaves)
        size *= 2


def finish(
    file: IO[bytes], tiles: IO[bytes], entries: Sequence[Entry], *, tile_type: int, compression: int,
    bounds: tuple[float, float, float, float], metadata: dict[str, Any],
) -> None:  # fmt: skip
    """Write header, directories, metadata and the tiles' bytes (`tiles`, from its start) into `file`."""
    root, leaves = _directories(entries)
    said = gzip.compress(json.dumps(metadata, ensure_ascii=False).encode(), mtime=0)
    length = tiles.seek(0, io.SEEK_END)
    starts = [HEADER_BYTES]
    for part in (root, said, leaves):
        starts.append(starts[-1] + len(part))
    low, high = zxy(entries[0].id)[0], zxy(entries[-1].id + entries[-1].run - 1)[0]
    west, south, east, north = (round(value * 1e7) for value in bounds)
    file.write(
        _FIELDS.pack(
            MAGIC, 3, starts[0], len(root), starts[1], len(said), starts[2], len(leaves), starts[3], length,
            sum(one.run for one in entries), len(entries), len({one.offset for one in entries}),
            1, GZIP, compression, tile_type, low, high, west, south, east, north,
            low, (west + east) // 2, (south + north) // 2,
        )
    )  # fmt: skip
    file.write(root + said + leaves)
    tiles.seek(0)
    while block := tiles.read(1 << 20):
        file.write(block)
