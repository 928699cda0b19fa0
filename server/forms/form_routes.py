"""The forms of the house: what is published, and publishing."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from field_forms.xlsform import MAX_BYTES, compile_form
from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.forms import builtin, publishing, queries
from server.forms.errors import not_publishable
from server.kernel.http import json_response, read_body
from server.standards.taxonomy import INCIDENTS, NEEDS

router = APIRouter(tags=["forms"])
Ctx = Annotated[Context, Depends(context)]


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
