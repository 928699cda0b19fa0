"""The own lexicon over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.http import etag, if_match, json_response
from server.kernel.redis import ring
from server.reports import lexicon_service as service
from server.reports import own_words
from server.reports.lexicon_schemas import EntryEdit, EntryIn

router = APIRouter(prefix="/api/words", tags=["words"])
Ctx = Annotated[Context, Depends(context)]
Reader = Annotated[Principal, allow("words.read")]
Editor = Annotated[Principal, allow("words.edit")]
Version = Annotated[int, Depends(if_match)]


def _answer(entry: dict[str, Any], status: int = 200) -> Response:
    return json_response(entry, status, {"ETag": etag(entry["version"])})


@router.get("")
async def list_words(
    principal: Reader,
    tx: Tx,
    *,
    active: bool | None = None,
    cursor: int | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Entries as they are now, newest change first."""
    return json_response(await service.listed(tx, principal, limit=limit, before=cursor, active=active))


@router.get("/{entry_id}/history")
async def word_history(principal: Reader, tx: Tx, entry_id: UUID) -> Response:
    """All versions of an entry, newest first."""
    return json_response(await service.history(tx, principal, entry_id))


@router.post("/test")
async def test_words(principal: Editor, tx: Tx, ctx: Ctx, body: EntryIn) -> Response:
    """What an entry would change in the newest messages, with examples; nothing is saved."""
    return json_response(await service.try_out(tx, ctx, principal, body), headers={"Cache-Control": "no-store"})


@router.post("")
async def add_words(principal: Editor, ctx: Ctx, body: EntryIn) -> Response:
    """Save an entry: it holds for what is read from now on."""
    async with ctx.db.tx() as conn:
        made = await service.add(conn, ctx, principal, body)
    await _changed(ctx)
    return _answer(made, 201)


@router.patch("/{entry_id}")
async def change_words(principal: Editor, entry_id: UUID, body: EntryEdit, version: Version, ctx: Ctx) -> Response:
    """Change an entry, take it out (`active` false) or put it back; 412 shows somebody else's version."""
    async with ctx.db.tx() as conn:
        edit = body.model_copy(update={"version": version})
        made = await service.change(conn, ctx, principal, entry_id, edit)
    await _changed(ctx)
    return _answer(made)


@router.post("/{entry_id}/undo")
async def undo_words(principal: Editor, entry_id: UUID, version: Version, ctx: Ctx) -> Response:
    """Go back to the version before the last; a new entry is taken out."""
    async with ctx.db.tx() as conn:
        made = await service.undo(conn, principal, entry_id, version)
    await _changed(ctx)
    return _answer(made)


async def _changed(ctx: Context) -> None:
    own_words.forget(ctx)
    await ring(ctx.redis, "events")
