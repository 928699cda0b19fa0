"""OpenRosa as phones read it: form list, forms and manifests, at `/openrosa/…` and `/openrosa/{token}/…`."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from field_forms import openrosa
from server.access.context import Context, context
from server.access.principal import Principal
from server.forms import builtin, queries
from server.forms.replies import PREFIXES, xml_response
from server.forms.ways_in import allow_phone
from server.kernel.errors import not_found
from server.kernel.http import language

router = APIRouter(tags=["openrosa"])
Ctx = Annotated[Context, Depends(context)]


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
    return xml_response(openrosa.render_form_list(forms))


async def form(
    ctx: Ctx, form_id: str, _who: Annotated[Principal, allow_phone("form.read")], version: str | None = None
) -> Response:
    """The XForm: the published version, or the one asked for."""
    async with ctx.db.tx() as conn:
        row = await queries.form_xml(conn, form_id, version)
    if row is None:
        raise not_found("form")
    answer = xml_response(bytes(row["xml"]))
    answer.headers["ETag"] = f'"{row["md5"]}"'
    return answer


async def manifest(ctx: Ctx, form_id: str, _who: Annotated[Principal, allow_phone("form.read")]) -> Response:
    """The files that a form needs: none, since a form with files is not published."""
    async with ctx.db.tx() as conn:
        known = await queries.published_forms(conn, form_id)
    if not known:
        raise not_found("form")
    return xml_response(openrosa.render_manifest([]))


for _prefix in PREFIXES:
    router.add_api_route(f"{_prefix}/formList", form_list, methods=["GET"])
    router.add_api_route(f"{_prefix}/forms/{{form_id:path}}.xml", form, methods=["GET"])
    router.add_api_route(f"{_prefix}/manifest/{{form_id:path}}", manifest, methods=["GET"])
