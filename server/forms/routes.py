"""OpenRosa: form list, forms, manifests and submissions, at `/openrosa/…` and `/openrosa/{token}/…`.

ODK Collect takes any 2xx but 204 to `HEAD submission` for a captive portal, and any but 201 or 202 to a POST
for a login failure; it shows the message of the answer's XML to the person, whatever the status.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from field_forms import openrosa
from field_forms.xlsform import MAX_BYTES, compile_form
from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.forms import builtin, publishing, queries, service
from server.forms.errors import not_publishable
from server.forms.schemas import Submission, Taken, Upload
from server.forms.ways_in import allow_phone
from server.kernel.errors import Problem, not_found
from server.kernel.http import json_response, language, read_body
from server.kernel.redis import ring
from server.standards.taxonomy import INCIDENTS, NEEDS

router = APIRouter(tags=["openrosa"])
PREFIXES = ("/openrosa", "/openrosa/{token}")
HEADERS = {
    "X-OpenRosa-Version": "1.0",
    "X-OpenRosa-Accept-Content-Length": str(openrosa.MAX_SUBMISSION_BYTES),
}
MAX_FILES = 200
"""Files in one POST; Collect splits at a hundred."""
_XML_PART = "xml_submission_file"
_MORE_PART = "*isIncomplete*"

Ctx = Annotated[Context, Depends(context)]


def _xml(body: bytes, status: int = 200) -> Response:
    return Response(body, status, headers={**HEADERS, "Content-Type": openrosa.CONTENT_TYPE})


def _base(request: Request, ctx: Context) -> str:
    """The address that the phone used, up to and with its token."""
    host = ctx.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    token = request.path_params.get("token")
    return f"{host}/openrosa/{quote(token, safe='')}" if token else f"{host}/openrosa"


def _title(titles: dict[str, str], lang: str, form_id: str) -> str:
    return titles.get(lang) or titles.get("") or form_id


async def form_list(
    request: Request,
    ctx: Ctx,
    _who: Annotated[Principal, allow_phone("form.read")],
    form_id: Annotated[str | None, Query(alias="formID")] = None,
) -> Response:
    """Every published form."""
    async with ctx.db.tx() as conn:
        await builtin.publish(conn)
        rows = await queries.published_forms(conn, form_id)
    base, lang = _base(request, ctx), language(request)
    forms = [
        openrosa.ListedForm(
            form_id=row["form_id"],
            name=_title(row["title"], lang, row["form_id"]),
            version=row["version"],
            hash=f"md5:{row['md5']}",
            download_url=f"{base}/forms/{quote(row['form_id'])}.xml?version={quote(row['version'], safe='')}",
        )
        for row in rows
    ]
    return _xml(openrosa.render_form_list(forms))


async def form(
    ctx: Ctx, form_id: str, _who: Annotated[Principal, allow_phone("form.read")], version: str | None = None
) -> Response:
    """The XForm: the published version, or the one asked for."""
    async with ctx.db.tx() as conn:
        row = await queries.form_xml(conn, form_id, version)
    if row is None:
        raise not_found("form")
    answer = _xml(bytes(row["xml"]))
    answer.headers["ETag"] = f'"{row["md5"]}"'
    return answer


async def manifest(ctx: Ctx, form_id: str, _who: Annotated[Principal, allow_phone("form.read")]) -> Response:
    """The files that a form needs: none, since a form with files is not published."""
    async with ctx.db.tx() as conn:
        known = await queries.published_forms(conn, form_id)
    if not known:
        raise not_found("form")
    return _xml(openrosa.render_manifest([]))


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
        return _xml(openrosa.render_response(refused.message_fa, refused.message_en, "submit_error"), 400)
    except Problem as problem:
        return _xml(openrosa.render_response(problem.fa, problem.en, "submit_error"), problem.status)
    await ring(ctx.redis, "reports")
    return _xml(_answer(taken), 201)


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


@router.get("/api/forms")
async def forms(ctx: Ctx, _who: Annotated[Principal, allow("form.read")]) -> Response:
    """The published forms: id, version, titles by language."""
    async with ctx.db.tx() as conn:
        await builtin.publish(conn)
        rows = await queries.published_forms(conn, None)
    items = [{"form_id": row["form_id"], "version": row["version"], "title": row["title"]} for row in rows]
    return json_response({"items": items, "next": None})


@router.post("/api/forms")
async def publish(
    request: Request,
    ctx: Ctx,
    _who: Annotated[Principal, allow("form.publish")],
    file_type: Annotated[str, Query(max_length=10)] = ".xlsx",
) -> Response:
    """Publish the XLSForm in the body: 201, or 422 with every problem in its place. The same again is 200."""
    source = await read_body(request, MAX_BYTES)
    known = {"need": frozenset(NEEDS), "incident": frozenset(INCIDENTS)}
    compiled = await asyncio.to_thread(compile_form, source, file_type, known)
    if not compiled.ok:
        raise not_publishable(compiled.problems)
    async with ctx.db.tx() as conn:
        done = await publishing.publish(conn, compiled, source)
    answer = {"form_id": done.form_id, "version": done.version, "known": done.known}
    return json_response(answer, 200 if done.known else 201)


for _prefix in PREFIXES:
    router.add_api_route(f"{_prefix}/formList", form_list, methods=["GET"])
    router.add_api_route(f"{_prefix}/forms/{{form_id:path}}.xml", form, methods=["GET"])
    router.add_api_route(f"{_prefix}/manifest/{{form_id:path}}", manifest, methods=["GET"])
    router.add_api_route(f"{_prefix}/submission", before_submission, methods=["HEAD"])
    router.add_api_route(f"{_prefix}/submission", submission, methods=["POST"])
