"""What a file of a submission is by its bytes, and whether it may be handed on. Pure.

A sender's own word for a file is a claim. Pictures are decoded elsewhere (`pictures`); what stands in `PLAIN` is
handed on as a download, never shown in a page; all else is refused and stays sealed.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from field_forms.exif import JPEG, PNG, WEBP, sniff

PICTURES: Final = frozenset({JPEG, PNG, WEBP})
CSV: Final = "text/csv"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
XLSX: Final = f"{_OFFICE}spreadsheetml.sheet"
DOCX: Final = f"{_OFFICE}wordprocessingml.document"
PLAIN: Final[dict[str, str]] = {
    "image/gif": ".gif",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/aac": ".aac",
    "audio/wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/amr": ".amr",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    XLSX: ".xlsx",
    DOCX: ".docx",
    CSV: ".csv",
}
"""Kinds that may be downloaded, and the end of a name that tells a computer so."""
ENDINGS: Final = PLAIN | {JPEG: ".jpg", PNG: ".png", WEBP: ".webp"}
Reason = Literal["empty", "executable", "active_content", "not_allowed", "type_differs"]

_PROGRAMS: Final = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"dex\n",
    b"L\x00\x00\x00\x01\x14\x02\x00",
    b"#!/",
    b"#! /",
)
_IN_ZIP: Final = (b"AndroidManifest.xml", b"classes.dex", b"META-INF/MANIFEST.MF", b"vbaProject.bin")
"""Members by which a zip is a program or a workbook with macros; their names stand in it uncompressed."""
_ACTIVE: Final = re.compile(
    rb"<\s*(?:!doctype|html|head|body|script|svg|iframe|object|embed|\?xml|\?php)", re.IGNORECASE
)
_ACTIVE_TYPES: Final = ("text/html", "image/svg", "application/xhtml", "text/xml", "application/xml", "javascript")
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_HEAD: Final = 4_096
_MP3_SYNC: Final = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_AAC_SYNC: Final = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")
_NOT_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SOUNDS_AND_FILMS: Final = frozenset({"audio", "video"})
_UNSAID: Final = frozenset({"", "application/octet-stream", "binary/octet-stream", "*/*"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind`: the media type by content. `reason`: why it is refused, None when it is not."""

    kind: str
    reason: Reason | None = None


def is_picture(data: bytes) -> bool:
    """Whether it has to be decoded before anything is said of it."""
    return sniff(data) in PICTURES


def judge(data: bytes, declared: str = "", name: str = "") -> Verdict:
    """What a file that is no picture is; `declared` is its sender's media type, `name` its name as sent."""
    said = declared.partition(";")[0].strip().lower()
    kind = kind_of(data, said, name)
    return Verdict(kind, _refused(data, said, kind))


def kind_of(data: bytes, said: str, name: str) -> str:
    """The media type by content; text is CSV when sender or name say so. `application/octet-stream`: unknown."""
    kind = sniff(data)
    if kind == "application/zip":
        return XLSX if b"xl/workbook" in data else DOCX if b"word/document" in data else kind
    if kind is not None:
        return kind
    if _MP3_SYNC.match(data):
        return "audio/mpeg"
    if _AAC_SYNC.match(data):
        return "audio/aac"
    if (said == CSV or name.lower().endswith(".csv")) and _is_text(data):
        return CSV
    return "application/octet-stream"


def _refused(data: bytes, said: str, kind: str) -> Reason | None:
    if not data:
        return "empty"
    if data.startswith(_PROGRAMS) or (data[:2] == b"PK" and any(member in data for member in _IN_ZIP)):
        return "executable"
    if _is_active(data, said, kind):
        return "active_content"
    if kind not in PLAIN:
        return "not_allowed"
    return "type_differs" if _differs(said, kind) else None


def _is_active(data: bytes, said: str, kind: str) -> bool:
    """Whether a browser or a shell may be led to run it: markup at its head, or a sender that calls it so."""
    if any(word in said for word in _ACTIVE_TYPES):
        return True
    if kind not in {CSV, "application/octet-stream"}:
        return False
    head = data[:_HEAD].replace(b"\x00", b"")
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return head.lstrip().startswith(b"<") or _ACTIVE.search(head) is not None


def _is_text(data: bytes) -> bool:
    if data.startswith(_MARKS[1:]):
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return _NOT_TEXT.search(data) is None


def _differs(said: str, kind: str) -> bool:
    """Whether the sender claims another family than the bytes show; sounds and films share their containers."""
    family, real = said.partition("/")[0], kind.partition("/")[0]
    if said in _UNSAID or family == real or {family, real} <= _SOUNDS_AND_FILMS:
        return False
    return family in {"image", "audio", "video"}
