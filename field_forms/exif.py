"""What a picture's file says beside the picture: its kind, where it was taken, and the same file without that. Pure.

JPEG, PNG and WebP are taken apart by their own framing and put together again from the pieces that the picture
needs, so not one point of it changes. Kept beside the picture itself are colours (ICC, gamma), the size of a point
and which way is up; dropped is all else, also what stands behind the picture's end, where phones hide films.

Sources: EXIF 2.32 (CIPA DC-008), ITU-T T.81 annex B, PNG 3rd edition, the WebP container specification (RFC 9649).
"""

import math
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
MAX_ENTRIES = 512
"""Entries read of one directory of EXIF."""
_HEADS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (8, b"WEBP", WEBP),
    (0, b"GIF8", "image/gif"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftyp3gp", "video/3gpp"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
)
_MAX_LAT, _MAX_LON = 90, 180
_SIXTY = 60
_PART = 3
_SEGMENT = 2
_CHUNK_HEAD = 8
_ORIENTATIONS = range(1, 9)
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs"}
)
_SOS, _EOI, _APP0, _APP1, _APP2, _APP14 = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE
_NEEDED = frozenset({*range(0xC0, 0xE0)})
"""Frames, tables, scans and restarts; not the applications' segments and comments."""
_LONE = frozenset({0x01, *range(0xD0, 0xD9)})
_ORIENTATION, _EXIF_IFD, _GPS_IFD, _TAKEN = 0x0112, 0x8769, 0x8825, 0x9003
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}


class BadPicture(ValueError):
    """The file's framing is not that of its kind."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a camera says that it was: WGS 84 degrees, metres above the sea (None: not said)."""

    lat: float
    lon: float
    altitude_m: float | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What EXIF says: position, when (as written: `2012:04:30 10:58:37`), which way is up (1 to 8)."""

    position: Position | None = None
    taken: str | None = None
    orientation: int = 1


def sniff(data: bytes) -> str | None:
    """The media type by the first bytes, or None. A sender's own word for it is not looked at."""
    return next((kind for at, head, kind in _HEADS if data[at : at + len(head)] == head), None)


def beside(data: bytes) -> Beside:
    """What a picture's EXIF says; nothing for what cannot be read. Never raises."""
    try:
        for block in _exif_blocks(data):
            found = _read_tiff(block)
            if found != Beside():
                return found
    except (BadPicture, struct.error, IndexError):
        pass
    return Beside()


def strip(data: bytes) -> bytes:
    """The same picture without all that is said beside it but colours and which way is up.

    Raises `BadPicture` when the file is no well-framed JPEG, PNG or WebP.
    """
    kind = sniff(data)
    try:
        if kind == JPEG:
            return _strip_jpeg(data, beside(data).orientation)
        if kind == PNG:
            return _strip_png(data, beside(data).orientation)
        if kind == WEBP:
            return _strip_webp(data, beside(data).orientation)
    except (struct.error, IndexError) as error:
        raise BadPicture("cut off") from error
    raise BadPicture("not a kind that can be taken apart")


def _exif_blocks(data: bytes) -> Iterator[bytes]:
    kind = sniff(data)
    if kind == JPEG:
        for marker, start, end in _segments(data):
            if marker == _APP1 and data[start + 4 : start + 10] == b"Exif\x00\x00":
                yield data[start + 10 : end]
    elif kind == PNG:
        yield from (data[start + 8 : end - 4] for name, start, end in _png_chunks(data) if name == b"eXIf")
    elif kind == WEBP:
        for name, start, end in _webp_chunks(data):
            if name == b"EXIF":
                yield data[start + 8 : end].removeprefix(b"Exif\x00\x00")


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment of a JPEG up to its end mark; a scan's data belong to its segment."""
    at = 2
    while True:
        match = _MARKER.match(data, at)
        if match is None:
            raise BadPicture("no marker where one belongs")
        marker, start = match.group(1)[0], match.end() - 2
        if marker == _EOI:
            yield marker, start, match.end()
            return
        if marker in _LONE:
            at = match.end()
        else:
            length = struct.unpack_from(">H", data, match.end())[0]
            at = match.end() + length
            if length < _SEGMENT or at > len(data):
                raise BadPicture("a segment that is cut off")
            if marker == _SOS:
                following = _AFTER_SCAN.search(data, at)
                if following is None:
                    raise BadPicture("no end")
                at = following.start()
        yield marker, start, at


def _strip_jpeg(data: bytes, orientation: int) -> bytes:
    kept = [b"\xff\xd8"]
    placed = orientation == 1
    for marker, start, end in _segments(data):
        if not placed and not (marker == _APP0 and data[start + 4 : start + 9] == b"JFIF\x00"):
            tiff = _orientation_block(orientation)
            kept.append(b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\x00\x00" + tiff)
            placed = True
        if _kept(marker, data[start + 4 : start + 16]):
            kept.append(data[start:end])
    return b"".join(kept)


def _kept(marker: int, head: bytes) -> bool:
    """Whether the picture needs a segment of JPEG."""
    if marker == _APP0:
        return head.startswith(b"JFIF\x00")
    if marker == _APP2:
        return head.startswith(b"ICC_PROFILE\x00")
    return marker == _APP14 or marker in _NEEDED


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 8
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + length + 12
        if end > len(data):
            raise BadPicture("a chunk that is cut off")
        yield name, at, end
        if name == b"IEND":
            return
        at = end


def _strip_png(data: bytes, orientation: int) -> bytes:
    kept = [data[:8]]
    for name, start, end in _png_chunks(data):
        if name in _PNG_KEPT:
            kept.append(data[start:end])
        if name == b"IHDR" and orientation != 1:
            body = b"eXIf" + _orientation_block(orientation)
            kept.append(struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)))
    return b"".join(kept)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    whole = struct.unpack_from("<I", data, 4)[0] + 8
    at = 12
    if whole > len(data):
        raise BadPicture("cut off")
    while at + _CHUNK_HEAD <= whole:
        name, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length
        if end > whole:
            raise BadPicture("a chunk that is cut off")
        yield name, at, end
        at = end + length % 2


def _strip_webp(data: bytes, orientation: int) -> bytes:
    kept: list[bytes] = []
    wide = False
    for name, start, end in _webp_chunks(data):
        body = bytearray(data[start:end])
        if name == b"VP8X":
            wide = True
            body[8] &= ~0x0C & 0xFF  # neither EXIF nor XMP
            body[8] |= 0x08 if orientation != 1 else 0
        if name in {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}:
            kept.append(bytes(body) + b"\x00" * (len(body) % 2))
    if wide and orientation != 1:
        tiff = _orientation_block(orientation)
        kept.append(b"EXIF" + struct.pack("<I", len(tiff)) + tiff)
    inner = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def _orientation_block(orientation: int) -> bytes:
    """EXIF that says only which way is up."""
    return b"MM\x00\x2a\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHHI", _ORIENTATION, 3, 1, orientation, 0, 0)


class _Tiff:
    def __init__(self, block: bytes) -> None:
        order = {b"MM": ">", b"II": "<"}.get(block[:2])
        if order is None:
            raise BadPicture("no EXIF")
        self.block, self.order = block, order

    def directory(self, at: int) -> dict[int, tuple[int, bytes]]:
        """Tag → (type, value's bytes) of the directory at an offset."""
        count = struct.unpack_from(f"{self.order}H", self.block, at)[0]
        found: dict[int, tuple[int, bytes]] = {}
        for number in range(min(count, MAX_ENTRIES)):
            place = at + 2 + 12 * number
            tag, kind, length = struct.unpack_from(f"{self.order}HHI", self.block, place)
            size = _SIZES.get(kind, 0) * length
            where = place + 8 if size <= struct.calcsize("I") else self.number(self.block[place + 8 : place + 12])
            value = self.block[where : where + size]
            if size and len(value) == size:
                found.setdefault(tag, (kind, value))
        return found

    def number(self, value: bytes) -> int:
        return int(struct.unpack_from(f"{self.order}I", value)[0])

    def whole(self, entry: tuple[int, bytes] | None) -> int | None:
        if entry is None or entry[0] not in {3, 4}:
            return None
        return int(struct.unpack_from(f"{self.order}{'H' if entry[0] == _PART else 'I'}", entry[1])[0])

    def ratios(self, entry: tuple[int, bytes] | None) -> list[float]:
        if entry is None or entry[0] not in {5, 10}:
            return []
        letter = "I" if entry[0] == 5 else "i"  # noqa: PLR2004 - EXIF's number for an unsigned ratio
        numbers = struct.unpack(f"{self.order}{len(entry[1]) // 4}{letter}", entry[1])
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        return [] if any(below == 0 for _, below in pairs) else [above / below for above, below in pairs]


def _read_tiff(block: bytes) -> Beside:
    tiff = _Tiff(block)
    first = tiff.directory(tiff.number(block[4:8]))
    orientation = tiff.whole(first.get(_ORIENTATION))
    position, taken = None, None
    if (at := tiff.whole(first.get(_GPS_IFD))) is not None:
        position = _position(tiff, tiff.directory(at))
    if (at := tiff.whole(first.get(_EXIF_IFD))) is not None and at < len(block) - 2:
        said = tiff.directory(at).get(_TAKEN, (0, b""))[1].rstrip(b"\x00 ").decode("ascii", "replace")
        taken = said if re.fullmatch(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d", said) else None
    return Beside(position, taken, orientation if orientation in _ORIENTATIONS and orientation else 1)


def _position(tiff: _Tiff, gps: dict[int, tuple[int, bytes]]) -> Position | None:
    lat = _degrees(tiff.ratios(gps.get(2)), gps.get(1), b"S", _MAX_LAT)
    lon = _degrees(tiff.ratios(gps.get(4)), gps.get(3), b"W", _MAX_LON)
    if lat is None or lon is None or (lat == 0 and lon == 0):
        return None
    height = tiff.ratios(gps.get(6))
    below = gps.get(5, (1, b"\x00"))[1][:1] == b"\x01"
    return Position(lat, lon, (-height[0] if below else height[0]) if height else None)


def _degrees(parts: list[float], side: tuple[int, bytes] | None, negative: bytes, limit: int) -> float | None:
    if not 1 <= len(parts) <= _PART or side is None:
        return None
    value = math.fsum(part / float(_SIXTY**number) for number, part in enumerate(parts))
    if not 0 <= value <= limit:
        return None
    return -value if side[1][:1].upper() == negative else value
