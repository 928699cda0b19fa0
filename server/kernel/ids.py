"""Ids: UUIDv7 for records (RFC 9562), short codes with a check character for people."""

import operator
import os
import time
import uuid

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 signs, a prime number of them, without 0/O, 1/I/L: the weighted sum below finds every single wrong sign
and every swap of neighbours (as ISBN-10 does with 11)."""
BASE = len(ALPHABET)
_REMAINDER = bytes(value % BASE for value in range(256))
_UNEVEN = bytes(range(256 // BASE * BASE, 256))
_SIGN = (ALPHABET + "?" * (256 - BASE)).encode()
_VALUE = {sign: i for i, sign in enumerate(ALPHABET)}
_DIGITS = {ord(sign): str(i % 10) for i, sign in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
_AS_TYPED = _DIGITS | dict.fromkeys(map(ord, " -\u200c\u200e\u200f"))


_TAIL = (1 << 62) - 1
_DRAW = 1024
_last = uuid.UUID(int=0)


_drawn = bytearray()


def _random(count: int) -> bytes:
    """Random bytes of the system's, drawn many at a time: a call for each id took longer than the id."""
    if len(_drawn) < count:
        _drawn.extend(os.urandom(_DRAW))
    taken = bytes(_drawn[-count:])
    del _drawn[-count:]
    return taken


# A child must not give out what its parent gives out.
os.register_at_fork(after_in_child=_drawn.clear)


def uuid7(now_ms: int | None = None) -> uuid.UUID:
    """A time-ordered UUID, version 7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 random bits.

    Ids that one process makes within a millisecond rise too (RFC 9562, 6.2, method 2): what was made first sorts first.
    """
    global _last  # noqa: PLW0603 - the last id is what the next one must exceed
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    if now_ms is None and ms <= _last.int >> 80 and _last.int & _TAIL < _TAIL - (1 << 32):
        _last = uuid.UUID(int=_last.int + 1 + int.from_bytes(_random(4)))
        return _last
    value = (ms & ((1 << 48) - 1)) << 80 | int.from_bytes(_random(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    made = uuid.UUID(int=value)
    if now_ms is None:
        _last = made
    return made


def check_sign(body: str) -> str:
    """The check character of `body` (signs of ALPHABET): weighted sum modulo 31."""
    total = sum((i + 2) * _VALUE[sign] for i, sign in enumerate(body))
    return ALPHABET[-total % BASE]


def uuid8(data: bytes) -> uuid.UUID:
    """A UUID, version 8 (RFC 9562, 5.8), from the first 16 of the given bytes: the same bytes, the same id."""
    value = int.from_bytes(data[:16], "big")
    return uuid.UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62)


def new_code(length: int = 8, prefix: str = "") -> str:
    """A random code of `length` signs, the last one its check; `prefix` is put before it as it stands."""
    values = b""
    while len(values) < length - 1:
        # Of the 256 values of a byte, 248 give each of the 31 signs eight times; the others are thrown away.
        values += os.urandom(length + 8).translate(_REMAINDER, _UNEVEN)
    values = values[: length - 1]
    total = sum(map(operator.mul, values, range(2, length + 1)))
    return prefix + values.translate(_SIGN).decode() + ALPHABET[-total % BASE]


def code_of(data: bytes) -> str:
    """The code that bytes stand for: as many signs as there are bytes less eight, the last one its check.

    Those eight bytes more than the signs hold make the remainder even: no sign is likelier by more than 1 in 2^64.
    """
    # Only the lowest digits are used: of them a small number is made first, which divides faster.
    value, total, signs = int.from_bytes(data, "big") % BASE ** (len(data) - 9), 0, []
    for place in range(2, len(data) - 7):
        value, sign = divmod(value, BASE)
        total += place * sign
        signs.append(ALPHABET[sign])
    return "".join(signs) + ALPHABET[-total % BASE]


def clean_code(text: str) -> str:
    """What a person typed, as a code: upper case, Latin digits, without blanks, dashes, ZWNJ and direction marks."""
    return text.translate(_AS_TYPED).upper()


def is_code(text: str, length: int = 8) -> bool:
    """Whether `text` (already cleaned, without prefix) is a well-formed code with a right check character."""
    return len(text) == length and all(s in _VALUE for s in text) and check_sign(text[:-1]) == text[-1]
