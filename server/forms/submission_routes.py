"""OpenRosa as phones send it: submissions, at `/openrosa/submission` and `/openrosa/{token}/submission`.

ODK Collect takes any 2xx but 204 to `HEAD submission` for a captive portal, and any but 201 or 202 to a POST
for a login failure; it shows the message of the answer's XML to the person, whatever the status.
"""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from field_forms import openrosa
from server.access.context import Context, context
from server.access.principal import Principal
from server.forms import service
from server.forms.replies import HEADERS, PREFIXES, xml_response
from server.forms.schemas import Submission, Taken, Upload
from server.forms.ways_in import allow_phone
from server.kernel.errors import Problem
from server.kernel.http import read_body
from server.kernel.redis import ring

router = APIRouter(tags=["openrosa"])
MAX_FILES = 200
"""Files in one POST; Collect splits at a hundred."""
_XML_PART = "xml_submission_file"
_MORE_PART = "*isIncomplete*"

Ctx = Annotated[Context, Depends(context)]


async def before_submission(_who: Annotated[Principal, allow_phone("form.submit")]) -> Response:
    """`HEAD`: what Collect asks before it sends."""
    return Response(status_code=204, headers=HEADERS)


async def submission(request: Request, ctx: Ctx, who: Annotated[Principal, allow_phone("form.submit")]) -> Response:
    """`POST`: answered 201 after the commit, with the receipt."""
    try:
        sent = await _read(request)
        async with ctx.db.tx() as conn:
            taken = await service.submit(conn, ctx, who, sent)
    except openrosa.InstanceRefused as refused:
        return xml_response(openrosa.render_response(refused.message_fa, refused.message_en, "submit_error"), 400)
    except Problem as problem:
        return xml_response(openrosa.render_response(problem.fa, problem.en, "submit_error"), problem.status)
    await ring(ctx.redis, "reports")
    return xml_response(_answer(taken), 201)


def _answer(taken: Taken) -> bytes:
    fa, en = f"رسید شد. کد پیگیری: {taken.receipt}", f"Received. Receipt: {taken.receipt}"
    if taken.conflict:
        fa += "\nاین فرم پیش‌تر با پاسخ‌های دیگری رسیده بود؛ هر دو نگه داشته شد."
        en += "\nThis form had come before with other answers; both are kept."
    return openrosa.render_response(fa, en)


async def _read(request: Request) -> Submission:
    """The submission out of a multipart body, or out of bare XML, which simpler clients send."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        return Submission(await read_body(request, openrosa.MAX_SUBMISSION_BYTES))
    parser = MultiPartParser(request.headers, _bounded(request), max_files=MAX_FILES, max_fields=50)
    # Nothing of a submission is written to a temporary file in the clear: it is bounded, so memory holds it.
    parser.spool_max_size = openrosa.MAX_SUBMISSION_BYTES + 1
    try:
        parts = await parser.parse()
    except (MultiPartException, KeyError, ValueError, UnicodeError) as error:
        raise _malformed() from error
    xml: bytes | None = None
    files: list[Upload] = []
    incomplete = False
    for name, part in parts.multi_items():
        data = await part.read() if isinstance(part, UploadFile) else part.encode("utf-8", "surrogateescape")
        if name == _XML_PART and xml is None:
            xml = data
        elif name == _MORE_PART:
            incomplete = data.strip().lower() == b"yes"
        elif isinstance(part, UploadFile):
            files.append(Upload(_file_name(part.filename or name), _kind(part), data))
    await parts.close()
    if xml is None:
        raise _malformed()
    return Submission(xml, tuple(files), incomplete)


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > openrosa.MAX_SUBMISSION_BYTES:
            raise Problem(413, "body.too_large", "The submission is too large.", "پاسخ‌های فرم بسیار بزرگ است.")
        yield chunk


def _file_name(name: str) -> str:
    """The last step of a file's name, without signs that a database or a file system cannot hold."""
    tidy = "".join(sign for sign in name.replace("\\", "/").rpartition("/")[2] if sign.isprintable())
    return tidy[:200].encode("utf-8", "replace").decode() or "file"


def _kind(part: UploadFile) -> str:
    kind = (part.content_type or "application/octet-stream")[:100]
    return "".join(sign for sign in kind if sign.isprintable()).encode("utf-8", "replace").decode()


def _malformed() -> Problem:
    return Problem(
        400,
        "submission.malformed_request",
        "The request holds no xml_submission_file.",
        "درخواست، پروندهٔ پاسخ‌ها (xml_submission_file) را ندارد.",
    )


for _prefix in PREFIXES:
    router.add_api_route(f"{_prefix}/submission", before_submission, methods=["HEAD"])
    router.add_api_route(f"{_prefix}/submission", submission, methods=["POST"])
