"""OpenRosa as phones read it: form list, forms, manifests and files, at `/openrosa/…` and `/openrosa/{token}/…`.

The same below `draft/` is for forms that are only tried. What a phone gets is by its emergency and centre.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from field_forms import openrosa
from field_forms.xlsform import md5_hash
from server.access.context import Context, context
from server.access.principal import Principal
from server.forms import builtin, form_queries, lists, manifests, publishing
from server.forms.ranges import Unsatisfiable, part_of
from server.forms.replies import HEADERS, PREFIXES, xml_response
from server.forms.ways_in import allow_phone
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.http import language

router = APIRouter(tags=["openrosa"])
Ctx = Annotated[Context, Depends(context)]
Phone = Annotated[Principal, allow_phone("form.read")]
_DRAFT = "/draft"
_PROXY = ("127.0.0.1", "localhost", "::1")
"""No phone asks these: a proxy on the same machine does that puts its own name into `Host`."""
_FREELY_SHOWN = frozenset({"text/csv", "image/png", "image/jpeg", "image/gif", "image/webp", "audio/mpeg", "video/mp4"})


def _is_draft(request: Request) -> bool:
    route: Any = request.scope.get("route")
    return f"{_DRAFT}/" in route.path


def _base(request: Request, ctx: Context) -> str:
    """The address that the phone used, up to and with its token and `draft`."""
    host = str(request.base_url).rstrip("/")
    public = ctx.settings.public_url.rstrip("/")
    # A phone in a field network without internet must be sent nowhere but to where it came from; behind a proxy the
    # public address says what the proxy has taken away (https).
    if public and request.url.hostname in {urlsplit(public).hostname, *_PROXY}:
        host = public
    token = request.path_params.get("token")
    below = _DRAFT if _is_draft(request) else ""
    return f"{host}/openrosa/{quote(token, safe='')}{below}" if token else f"{host}/openrosa{below}"


def _title(titles: dict[str, str], lang: str, form_id: str) -> str:
    return titles.get(lang) or titles.get("") or next(iter(titles.values()), "") or form_id


async def _listed(conn: Conn, request: Request, who: Principal, form_id: str | None) -> list[Any]:
    if form_id and "\0" in form_id:  # no text column can hold it
        return []
    if _is_draft(request):
        return await publishing.drafts_for(conn, who, form_id)
    await builtin.ensure(conn)
    return await publishing.published_for(conn, who, form_id)


async def form_list(
    request: Request,
    ctx: Ctx,
    who: Phone,
    form_id: Annotated[str | None, Query(alias="formID", max_length=300)] = None,
) -> Response:
    """Every form that this phone gets, in its language."""
    async with ctx.db.tx() as conn:
        rows = await _listed(conn, request, who, form_id)
    base, lang = _base(request, ctx), language(request)
    return xml_response(openrosa.render_form_list([_entry(row, base, lang) for row in rows]))


def _entry(row: Mapping[str, Any], base: str, lang: str) -> openrosa.ListedForm:
    name, version = quote(row["form_id"], safe=""), quote(row["version"], safe="")
    return openrosa.ListedForm(
        form_id=row["form_id"],
        name=_title(row["title"], lang, row["form_id"]),
        version=row["version"],
        hash=f"md5:{row['md5']}",
        download_url=f"{base}/forms/{name}.xml?version={version}",
        manifest_url=f"{base}/manifest/{name}?version={version}" if row["files"] else None,
    )


async def _found(conn: Conn, request: Request, who: Principal, form_id: str, version: str | None) -> Mapping[str, Any]:
    """A version (id, files, xml, md5): the one asked for, else the one that this phone gets. Raises 404."""
    if "\0" in form_id or "\0" in (version or ""):
        raise not_found("form")
    if version is None:
        rows = await _listed(conn, request, who, form_id)
        version = rows[0]["version"] if rows else None
    draft = _is_draft(request)
    row = await form_queries.xml_of(conn, form_id, version, draft=draft) if version is not None else None
    if row is None or await _of_others(conn, who, form_id):
        raise not_found("form")
    return row


async def _of_others(conn: Conn, who: Principal, form_id: str) -> bool:
    """Whether a form is only for other emergencies or centres: it and the files it brings are not this phone's."""
    bounds = [(scope.emergency_id, scope.centre_id) for scope in who.scopes_for("form.read")]
    return await form_queries.elsewhere(conn, form_id, bounds)


def _unchanged(request: Request, tag: str) -> bool:
    asked = request.headers.get("if-none-match", "")
    return tag in {part.strip().removeprefix("W/") for part in asked.split(",")}


def _part(request: Request, body: bytes, kind: str, tag: str, **headers: str) -> Response:
    """As `_answer`, or the part of it that is asked for, unless the phone holds a part of something else."""
    headers["Accept-Ranges"] = "bytes"
    asked = request.headers.get("range", "") if request.method == "GET" and not _unchanged(request, tag) else ""
    try:
        part = part_of(asked, len(body)) if request.headers.get("if-range", tag) == tag else None
    except Unsatisfiable:
        return Response(status_code=416, headers={**HEADERS, **headers, "Content-Range": f"bytes */{len(body)}"})
    if part is None:
        return _answer(request, body, kind, tag, **headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(body)}"
    answer = _answer(request, body[part.start : part.stop], kind, tag, **headers)
    answer.status_code = 206
    return answer


def _answer(request: Request, body: bytes, kind: str, tag: str, **headers: str) -> Response:
    told = {**HEADERS, "ETag": tag, "Cache-Control": "private, no-cache", **headers}
    if _unchanged(request, tag):
        return Response(status_code=304, headers=told)
    return Response(body, headers={**told, "Content-Type": kind})


async def form(request: Request, ctx: Ctx, form_id: str, who: Phone, version: str | None = None) -> Response:
    """The XForm, byte for byte: the version asked for, else the one that this phone gets. Old versions stay."""
    async with ctx.db.tx() as conn:
        row = await _found(conn, request, who, form_id, version)
    return _answer(request, bytes(row["xml"]), openrosa.CONTENT_TYPE, f'"{row["md5"]}"')


async def manifest(request: Request, ctx: Ctx, form_id: str, who: Phone, version: str | None = None) -> Response:
    """The files that a version needs, with their hashes; none for a form without files."""
    async with ctx.db.tx() as conn:
        row = await _found(conn, request, who, form_id, version)
        address = f"{_base(request, ctx)}/media/{row['id']}"
        found = await manifests.files(conn, ctx, who, row, address)
    return xml_response(openrosa.render_manifest(found))


async def media(
    request: Request,
    ctx: Ctx,
    version_id: UUID,
    name: str,
    who: Phone,
    md5: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """A file that a version names: its own, or a list of the server as this phone gets it."""
    async with ctx.db.tx() as conn:
        row = await form_queries.files_of(conn, version_id)
        hidden = row is None or name not in row["files"] or (row["state"] == "draft" and not _is_draft(request))
        if row is None or hidden or await _of_others(conn, who, row["form_id"]):
            raise not_found("file")
        own = await form_queries.media_file(conn, row["id"], name)
        made = None if own else await lists.content(conn, ctx, who, name, md5)
    body = bytes(own["content"]) if own else made
    if body is None:
        raise not_found("file")
    kind = own["content_type"] if own else "text/csv"
    kind = f"{kind}; charset=utf-8" if kind == "text/csv" else kind
    shown = kind.partition(";")[0] in _FREELY_SHOWN
    safe = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    return _part(request, body, kind if shown else "application/octet-stream", f'"{md5_hash(body)}"', **safe)


for _prefix in PREFIXES:
    # `draft` first: without a token in the address it would be taken for one.
    for _below in (_DRAFT, ""):
        for _path, _serve in (
            ("formList", form_list),
            ("forms/{form_id:path}.xml", form),
            ("manifest/{form_id:path}", manifest),
            ("media/{version_id}/{name}", media),
        ):
            router.add_api_route(f"{_prefix}{_below}/{_path}", _serve, methods=["GET", "HEAD"])
