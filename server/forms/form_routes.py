"""The forms of the house: what there is, drafts, publishing, archiving, files of a version."""

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from field_forms.uploads import file_name
from field_forms.validate import odk_validate
from field_forms.xlsform import MAX_BYTES
from server.access.guard import allow
from server.access.principal import Principal
from server.forms import builtin, errors, form_queries, keys, publishing
from server.forms.form_shapes import listed, whole
from server.forms.reaching import PUBLISH, READ, bounds, changeable, may_change, scope_of, visible
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.kernel.http import json_response, read_body

router = APIRouter(tags=["forms"])
Reader = Annotated[Principal, allow("form.read")]
Publisher = Annotated[Principal, allow("form.publish")]
State = Literal["draft", "published", "archived"]
_PAGE = 200
_SERVED = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/csv", "audio/mpeg", "audio/wav", "video/mp4"}


class StateChange(BaseModel):
    """What is asked of a version; without `emergency` and `centre` it is meant for all (archiving: everywhere)."""

    state: Literal["published", "archived"]
    emergency: UUID | None = None
    centre: UUID | None = None


@router.get("/api/forms")
async def forms(
    tx: Tx,
    who: Reader,
    state: State | None = "published",
    form_id: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE,
    cursor: UUID | None = None,
) -> Response:
    """Versions, newest first: id, version, titles by language, state, where they are published, files, submissions."""
    await builtin.ensure(tx)
    within = form_queries.Within(bounds(who, READ), bounds(who, PUBLISH))
    rows = await form_queries.versions(tx, state, form_id, limit, cursor, within)
    counts = await form_queries.counts(tx, [row["form_id"] for row in rows])
    items = [listed(row, counts) for row in rows]
    return json_response({"items": items, "next": str(rows[-1]["id"]) if len(rows) == limit else None})


@router.get("/api/form-versions/{version_id}")
async def one(tx: Tx, who: Reader, version_id: UUID) -> Response:
    """One version: its questions, what each is tied to, warnings, files here and absent."""
    await visible(tx, who, version_id)
    row = await form_queries.whole(tx, version_id)
    if row is None:
        raise not_found("form")
    media = await form_queries.media_of(tx, row["id"])
    shown = whole(row, media, await publishing.missing_files(tx, row))
    shown["warnings"] = [*shown["warnings"], *(told.as_dict() for told in await keys.warnings(tx, row["public_key"]))]
    return json_response(shown)


@router.get("/api/form-versions/{version_id}/source")
async def source(tx: Tx, who: Publisher, version_id: UUID) -> Response:
    """The file that the version was made from, as it was given."""
    await visible(tx, who, version_id)
    row = await form_queries.source_of(tx, version_id)
    if row is None:
        raise not_found("form")
    name = file_name(f"{row['form_id']}{row['file_type']}").encode("ascii", "ignore").decode() or "form"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(bytes(row["source"]), media_type="application/octet-stream", headers=headers)


@router.post("/api/forms")
async def upload(
    request: Request,
    tx: Tx,
    who: Publisher,
    file_type: Annotated[str, Query(max_length=10)] = ".xlsx",
    stem: Annotated[str | None, Query(max_length=100)] = None,
    *,
    draft: bool = False,
    emergency: UUID | None = None,
    centre: UUID | None = None,
) -> Response:
    """Take the XLSForm (or XForm, `.xml`) in the body and publish it, or with `draft` only keep it.

    201, or 200 when nothing is new; 422 with every problem in its place.
    """
    scope = scope_of(who, emergency, centre)
    content = await read_body(request, MAX_BYTES)
    new = await asyncio.to_thread(publishing.prepare, content, file_type, stem)
    if not new.form.ok:
        raise errors.not_publishable(new.form.problems)
    if not draft:
        await _validated(new.form.xml)
    before = await form_queries.version_of(tx, new.form.form_id, new.form.version)
    if before is not None and before["state"] == "draft" and before["md5"] != _md5(new) and not may_change(who, before):
        raise errors.out_of_reach()
    row = await publishing.save(tx, new, who.actor, scope)
    known = before is not None and before["md5"] == row["md5"]
    if not draft:
        known = (await publishing.release(tx, row["form_id"], row["version"], scope, who.actor)).known
    answer: dict[str, Any] = {
        "id": str(row["id"]),
        "form_id": row["form_id"],
        "version": row["version"],
        "known": known,
    }
    now = await form_queries.whole(tx, row["id"])
    if now is not None:
        answer["state"] = now["state"]
    told = (*new.form.warnings, *await keys.warnings(tx, new.traits.public_key))
    answer["warnings"] = [problem.as_dict() for problem in told]
    answer["missing_files"] = await publishing.missing_files(tx, row)
    return json_response(answer, 200 if known else 201)


def _md5(new: publishing.Ready) -> str:
    return new.form.hash.removeprefix("md5:")


async def _validated(xml: bytes | None) -> None:
    """Ask ODK Validate, where java is. Raises 422 with what it says; None was judged when it left the draft."""
    said = await asyncio.to_thread(odk_validate, xml) if xml else None
    if said:
        raise errors.not_valid(said)


@router.patch("/api/form-versions/{version_id}")
async def change(tx: Tx, who: Publisher, version_id: UUID, asked: StateChange) -> Response:
    """Publish a version (a draft, or an older one again) to a scope, or archive it."""
    scope = scope_of(who, asked.emergency, asked.centre)
    row = await changeable(tx, who, version_id)
    form_id, version = row["form_id"], row["version"]
    if asked.state == "published":
        if row["state"] == "draft":
            await _validated(await form_queries.xml_by_id(tx, version_id))
        known = (await publishing.release(tx, form_id, version, scope, who.actor)).known
    else:
        where = None if scope == form_queries.ALL else scope
        known = not await publishing.archive(tx, form_id, version, where, who.actor)
    now = await form_queries.version_by_id(tx, version_id)
    answer = {"id": str(version_id), "form_id": form_id, "version": version, "known": known}
    return json_response(answer | {"state": now["state"] if now else None})


@router.delete("/api/form-versions/{version_id}")
async def discard(tx: Tx, who: Publisher, version_id: UUID) -> Response:
    """Throw a draft away that nobody has filled in; anything else is archived, never deleted."""
    row = await changeable(tx, who, version_id)
    if not await form_queries.drop_draft(tx, row["id"]):
        raise errors.not_a_draft()
    return Response(status_code=204)


@router.put("/api/form-versions/{version_id}/media/{name}")
async def add_media(request: Request, tx: Tx, who: Publisher, version_id: UUID, name: str) -> Response:
    """Give a draft one of the files that it names (10 MB at most)."""
    row = await changeable(tx, who, version_id)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    content = await read_body(request, publishing.MAX_MEDIA_BYTES)
    kept = await publishing.add_file(tx, row, name, kind or "application/octet-stream", content)
    return json_response({"name": kept, "missing_files": await publishing.missing_files(tx, row)}, 201)


@router.get("/api/form-versions/{version_id}/media/{name}")
async def get_media(tx: Tx, who: Reader, version_id: UUID, name: str) -> Response:
    """One of a version's files."""
    row = await visible(tx, who, version_id)
    file = await form_queries.media_file(tx, row["id"], name)
    if file is None:
        raise not_found("file")
    kind = file["content_type"] if file["content_type"] in _SERVED else "application/octet-stream"
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox", "ETag": f'"{file["md5"]}"'}
    return Response(bytes(file["content"]), media_type=kind, headers=headers)
