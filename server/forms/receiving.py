"""A POST of a phone read within bounds: in memory, taken apart as it comes, and refused in words that Collect shows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Self

from fastapi import Request

from field_forms import openrosa
from field_forms.openrosa import MAX_SUBMISSION_BYTES
from server.forms.multipart import Multipart, MultipartRefused, Part, boundary_of
from server.forms.taking import Sent, Upload
from server.kernel.errors import Problem

MAX_FILES: Final = 200
"""Files in one POST beside the answers; Collect splits at a hundred."""
MAX_FIELDS: Final = 50
MAX_HELD: Final = 128 * 1024 * 1024
"""Bytes of bodies that one process holds at a time; whoever would go beyond is told to come again."""
FREE: Final = 256 * 1024
"""So much of a body is always taken: what is large never stands in the way of what is small."""
SILENCE_S: Final = 60.0
"""A phone that has sent nothing for so long is gone."""
DRAINED: Final = 6 * MAX_SUBMISSION_BYTES
"""So much is read on of a body that is too large, so that the phone gets to read why instead of a broken line."""
_XML: Final = "xml_submission_file"
_MORE: Final = "*isIncomplete*"
_KIND: Final = 100


class Room:
    """The memory that bodies of one process may take."""

    def __init__(self, most: int = MAX_HELD) -> None:
        self.most, self.held = most, 0

    def take(self, count: int) -> None:
        """Room for bytes that came. Raises 503 when there is none."""
        if self.held + count > self.most:
            raise crowded()
        self.held += count

    def give(self, count: int) -> None:
        """They are done with."""
        self.held -= count


class Receiving:
    """One POST, from its first byte until it is answered. Use as a context: it gives its room back."""

    def __init__(self, request: Request, room: Room) -> None:
        self._request, self._room, self._taken = request, room, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.give(self._taken)

    async def sent(self, *, draft: bool = False) -> Sent:
        """What came: multipart, or bare XML, which simpler clients send. Raises a Problem."""
        content_type = self._request.headers.get("content-type", "")
        if not content_type.lower().startswith("multipart/"):
            return Sent(b"".join([piece async for piece in self._pieces()]), draft=draft)
        try:
            reading = Multipart(boundary_of(content_type), most_files=MAX_FILES + 1, most_fields=MAX_FIELDS)
            async for piece in self._pieces():
                reading.feed(piece)
            return _sent(reading.close(), draft=draft)
        except MultipartRefused as refused:
            raise too_many() if refused.code == "too_many" else malformed() from refused

    async def _pieces(self) -> AsyncIterator[bytes]:
        announced = self._request.headers.get("content-length", "")
        size, too_much = 0, announced.isdigit() and int(announced) > MAX_SUBMISSION_BYTES
        if too_much and int(announced) > DRAINED:
            raise too_large()
        going = True
        while going:
            try:
                async with asyncio.timeout(SILENCE_S):
                    message = await self._request.receive()
            except TimeoutError:
                raise cut() from None
            if message["type"] == "http.disconnect":
                raise cut()
            piece, going = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            too_much = too_much or size > MAX_SUBMISSION_BYTES
            if size > DRAINED:
                break
            if piece and not too_much:
                self._charge(size)
                yield piece
        if too_much:
            raise too_large()

    def _charge(self, size: int) -> None:
        if size > FREE:
            more = size - FREE - self._taken
            self._room.take(more)
            self._taken += more


def _sent(parts: list[Part], *, draft: bool) -> Sent:
    xml: bytes | None = None
    files: list[Upload] = []
    more = False
    for part in parts:
        if part.name == _XML and xml is None:
            xml = part.data
        elif part.name == _MORE:
            more = part.data.strip().lower() == b"yes"
        elif part.file_name is not None:
            files.append(Upload(part.file_name or part.name, _kind(part.content_type), part.data))
    if len(files) > MAX_FILES:
        raise too_many()
    if xml is None:
        raise malformed()
    return Sent(xml, files, more, draft)


def _kind(content_type: str) -> str:
    """A stranger's Content-Type as it may stand in a text column."""
    return "".join(sign for sign in content_type[:_KIND] if " " <= sign <= "~") or "application/octet-stream"


def malformed() -> Problem:
    """400: no submission is in the request."""
    return Problem(
        400,
        "submission.malformed_request",
        "The request holds no xml_submission_file.",
        "درخواست، پروندهٔ پاسخ‌ها (xml_submission_file) را ندارد.",
    )


def cut() -> Problem:
    """400: it ended before its end. Nobody may be there to read this."""
    return Problem(400, "body.cut", "The request ended before its body did.", "درخواست ناتمام ماند.")


def too_large() -> Problem:
    """413: beyond what every answer's X-OpenRosa-Accept-Content-Length promises."""
    most = MAX_SUBMISSION_BYTES // 1024**2
    return Problem(
        413,
        "body.too_large",
        f"More than {most} MB at once is too large: send without the film or the largest picture.",
        f"بیش از {most} مگابایت در یک بار بسیار بزرگ است: بدون فیلم یا بزرگ‌ترین عکس بفرستید.",
    )


def too_many() -> Problem:
    """413: more parts than a phone sends at once."""
    return Problem(
        413,
        "submission.too_many_files",
        f"More than {MAX_FILES} files at once.",
        f"بیش از {MAX_FILES} پرونده در یک بار است.",
    )


def crowded() -> Problem:
    """503: many large ones at the same time."""
    return Problem(
        503,
        "submission.crowded",
        "Many large forms are arriving at once; send this one again in a minute.",
        "فرم‌های بزرگ بسیاری هم‌زمان می‌رسد؛ یک دقیقهٔ دیگر دوباره بفرستید.",
        headers={"Retry-After": "30"},
    )


def refusal(problem: Problem, lang: str | None) -> bytes:
    """A problem as the phone shows it."""
    return said(problem.fa, problem.en, lang, "submit_error")


def said(fa: str, en: str, lang: str | None, nature: str = "submit_success") -> bytes:
    """An answer's XML in the phone's language; in both when it does not say which."""
    first, second = {"fa": (fa, ""), "en": ("", en)}.get(lang or "", (fa, en))
    return openrosa.render_response(first, second, nature)
