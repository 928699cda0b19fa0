"""The header of a message's part: which part of how many it is (3GPP TS 23.040, 9.2.3.24). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_SHORT: Final = 0x00
"""Concatenated short messages, 8-bit reference (9.2.3.24.1): reference, total, number."""
_LONG: Final = 0x08
"""The same with a 16-bit reference (9.2.3.24.8): two octets of reference, total, number."""
MOST: Final = 255


@dataclass(frozen=True, slots=True)
class Concat:
    """One part: the reference that its message's parts share, how many there are, and which this is (from 1)."""

    reference: int
    total: int
    number: int


def concat_of(header: bytes) -> Concat | None:
    """The concatenation that a user data header tells; None when it tells none that makes sense.

    The first octet is the length of what follows; then elements: identifier, length, data. Impossible values (number 0
    or beyond the total, a total of 0) are to be ignored; of several the last one counts (9.2.3.24). A total of 1 is a
    whole message. A cut header is read as far as it goes.
    """
    found: Concat | None = None
    data = header[1 : 1 + header[0]] if header else b""
    at = 0
    while at + 2 <= len(data):
        element, length = data[at], data[at + 1]
        value = data[at + 2 : at + 2 + length]
        at += 2 + length
        if len(value) < length:
            break
        if element == _SHORT and length == 3:  # noqa: PLR2004 - as the standard has it
            found = _sane(value[0], value[1], value[2]) or found
        elif element == _LONG and length == 4:  # noqa: PLR2004
            found = _sane(int.from_bytes(value[:2]), value[2], value[3]) or found
    return found


def _sane(reference: int, total: int, number: int) -> Concat | None:
    return Concat(reference, total, number) if total > 1 and 1 <= number <= total else None


def header_of(text: str | bytes) -> bytes:
    """A header as gateways hand it on: in hexadecimal (`050003CC0201`), or as its plain octets."""
    raw = text.encode("latin-1", "replace") if isinstance(text, str) else text
    try:
        return bytes.fromhex(raw.decode("ascii").strip())
    except (UnicodeDecodeError, ValueError):
        return raw


def as_meta(part: Concat) -> dict[str, int]:
    """A part as it is kept beside a message (`meta["part"]`)."""
    return {"ref": part.reference, "number": part.number, "total": part.total}


def from_meta(meta: Mapping[str, Any]) -> Concat | None:
    """The part that `meta` tells: noted by the door, else in the header that Kannel handed on."""
    noted = meta.get("part")
    if isinstance(noted, dict):
        values = [noted.get(name) for name in ("ref", "total", "number")]
        if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
            part = Concat(*(int(v or 0) for v in values))
            return part if 1 <= part.number <= part.total <= MOST and part.total > 1 and part.reference >= 0 else None
        return None
    for name in ("x-kannel-udh", "udh"):
        if isinstance(text := meta.get(name), str):
            return concat_of(header_of(text))
    return None
