r"""A phone's multipart body taken apart as it comes, in memory: nothing of a submission lies on a disk in the clear.

RFC 7578 as phones and browsers write it. A name may be quoted with `\"` and `\\`, raw UTF-8, percent-encoded where
HTML says so (`%22`, `%0D`, `%0A`), or as RFC 5987 has it (`filename*=UTF-8''…`). A body that ends before its last
boundary is cut, and refused: python-multipart would leave its last part out without a word.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

MAX_HEAD: Final = 8192
"""Bytes of one part's headers; Collect writes some two hundred."""
MAX_HEADERS: Final = 8
MAX_BOUNDARY: Final = 200
"""RFC 2046 allows 70."""
_SOON: Final = 1 << 16
"""So much of what is done with may stay in the buffer: to cut it off costs more."""
_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_HEADER: Final = re.compile(rb"(" + _TOKEN + rb"):[ ]*+([^\r]*+)\r\n")
_PLAIN: Final = re.compile(rb'form-data; name="([^"\\%]*)"(?:; filename="([^"\\%]*)")?')
_OPTION: Final = re.compile(rb";[ \t]*(" + _TOKEN + rb')[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))[ \t]*')
_ESCAPED: Final = re.compile(rb'\\(["\\])')
_OF_HTML: Final = re.compile(rb"%(22|0D|0A)", re.IGNORECASE)
_EXTENDED: Final = re.compile(rb"([A-Za-z0-9-]+)'[A-Za-z0-9-]*'(.*)", re.DOTALL)
_BOUNDARY: Final = re.compile(r""";\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))""", re.IGNORECASE)
_START, _HEAD, _DATA, _END = range(4)


class Part(NamedTuple):
    """One part. `file_name` None: a field and no file."""

    name: str
    file_name: str | None
    content_type: str
    data: bytes


class MultipartRefused(ValueError):
    """`code`: `malformed` (what no client writes), `cut` (no last boundary), `too_many` (files, fields)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type names. Raises `MultipartRefused` when it names none of use."""
    found = _BOUNDARY.search(content_type)
    boundary = (found[1] or found[2]).encode("latin-1", "replace") if found else b""
    if not 0 < len(boundary) <= MAX_BOUNDARY or b"\r" in boundary or b"\n" in boundary:
        raise MultipartRefused("malformed")
    return boundary


class Multipart:
    """A body on its way: `feed` each piece, `close` at its end. Cut anywhere, it comes to the same parts.

    Whoever feeds bounds the bytes in all. Raises `MultipartRefused`.
    """

    def __init__(self, boundary: bytes, *, most_files: int, most_fields: int) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._most = [most_fields, most_files]
        self._buffer = bytearray()
        self._state = _START
        self._at = 0
        """Where the next thing to read begins."""
        self._looked = 0
        """Up to here there is no delimiter's first sign of interest."""
        self._head: tuple[str, str | None, str] = "", None, ""
        self.parts: list[Part] = []

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        if self._state == _END:
            return
        self._buffer += piece
        steps = (self._start, self._headers, self._data)
        while self._state != _END and steps[self._state]():
            pass
        if self._at > _SOON:
            del self._buffer[: self._at]
            self._looked -= self._at
            self._at = 0

    def close(self) -> list[Part]:
        """The parts, when the last boundary came."""
        if self._state != _END:
            raise MultipartRefused("cut")
        self._buffer.clear()
        return self.parts

    def _start(self) -> bool:
        """To the first boundary; before it may stand lines that begin with an empty one."""
        buffer, at, opening = self._buffer, self._at, self._delimiter[2:]
        if at < len(buffer) and buffer[at] in b"\r\n":
            at = buffer.find(b"-", at)
        self._at = at = len(buffer) if at < 0 else at
        if len(buffer) - at < len(opening) + 2:
            if not opening.startswith(buffer[at : at + len(opening)]):
                raise MultipartRefused("malformed")
            return False
        if not buffer.startswith(opening, at):
            raise MultipartRefused("malformed")
        return self._after(at + len(opening)) or self._refuse()

    def _refuse(self) -> bool:
        raise MultipartRefused("malformed")

    def _after(self, end: int) -> bool:
        """What follows a delimiter that ends at `end`: headers, or the end of all; False when it was none."""
        follows = self._buffer[end : end + 2]
        if follows == b"\r\n":
            self._state, self._at = _HEAD, end + 2
        elif follows == b"--":
            self._state, self._at = _END, end + 2
        else:
            return False
        self._looked = self._at
        return True

    def _headers(self) -> bool:
        """A part's headers, once their empty line is here."""
        buffer, at = self._buffer, self._at
        if buffer.startswith(b"\r\n", at):
            self._refuse()
        end = buffer.find(b"\r\n\r\n", max(at, self._looked - 3), at + MAX_HEAD + 4)
        if end < 0:
            self._looked = len(buffer)
            return len(buffer) - at > MAX_HEAD and self._refuse()
        self._head = _read_head(bytes(buffer[at : end + 2]))
        is_file = self._head[1] is not None
        self._most[is_file] -= 1
        if self._most[is_file] < 0:
            raise MultipartRefused("too_many")
        self._state, self._at, self._looked = _DATA, end + 4, end + 4
        return True

    def _data(self) -> bool:
        """A part's bytes, once the delimiter behind them is here."""
        buffer, delimiter = self._buffer, self._delimiter
        found = buffer.find(delimiter, self._looked)
        if found < 0:
            self._looked = max(self._looked, len(buffer) - len(delimiter) + 1)
            return False
        end = found + len(delimiter)
        if len(buffer) < end + 2:
            self._looked = found
            return False
        start = self._at
        if not self._after(end):
            self._looked = found + 1
            return True
        self.parts.append(Part(*self._head, bytes(memoryview(buffer)[start:found])))
        return True


def take_apart(pieces: Iterable[bytes], boundary: bytes, *, most_files: int, most_fields: int) -> list[Part]:
    """A whole body in pieces."""
    reading = Multipart(boundary, most_files=most_files, most_fields=most_fields)
    for piece in pieces:
        reading.feed(piece)
    return reading.close()


def _read_head(head: bytes) -> tuple[str, str | None, str]:
    """(name, file name, content type) of a part's headers, each line with its end."""
    disposition, kind, at, count = b"", b"", 0, 0
    while at < len(head):
        line = _HEADER.match(head, at)
        count += 1
        if line is None or count > MAX_HEADERS:
            raise MultipartRefused("malformed")
        at, field = line.end(), line[1].lower()
        if field == b"content-disposition":
            disposition = line[2]
        elif field == b"content-type":
            kind = line[2]
    if plain := _PLAIN.fullmatch(disposition):
        name, file_name = _text(plain[1]), None if plain[2] is None else _text(plain[2])
    else:
        name, file_name = _names(disposition)
    return name, file_name, kind.decode("latin-1")


def _names(disposition: bytes) -> tuple[str, str | None]:
    """Name and file name of a Content-Disposition that is not written in the plain way."""
    options: dict[bytes, str] = {}
    at = len(disposition.partition(b";")[0])
    while option := _OPTION.match(disposition, at):
        at, key, value = option.end(), option[1].lower(), option[3]
        if value is None:
            value = _ESCAPED.sub(rb"\1", option[2])
        if key.endswith(b"*"):
            if (extended := _extended(value)) is not None:
                options[key] = extended
        else:
            options.setdefault(key, _text(_OF_HTML.sub(lambda sign: bytes([int(sign[1], 16)]), value.rstrip())))
    name = options.get(b"name*", options.get(b"name"))
    if name is None or disposition[at:].strip(b"; \t"):
        raise MultipartRefused("malformed")
    return name, options.get(b"filename*", options.get(b"filename"))


def _extended(value: bytes) -> str | None:
    """RFC 5987's `charset'language'percent-encoded`; None when it is not that."""
    found = _EXTENDED.fullmatch(value.strip())
    if found is None:
        return None
    try:
        return unquote_to_bytes(found[2]).decode(found[1].decode())
    except (LookupError, UnicodeError):
        return None


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")
