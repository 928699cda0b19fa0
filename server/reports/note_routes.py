"""POST `/api/messages`: words that a coordinator writes to somebody of whom only an id is known to her."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.http import json_response
from server.kernel.redis import ring
from server.messaging.outbox import BELL
from server.reports import noting

router = APIRouter(prefix="/api", tags=["messaging"])


@router.post("/messages")
async def write_message(
    principal: Annotated[Principal, allow("message.write")],
    note: noting.Note,
    ctx: Annotated[Context, Depends(context)],
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
) -> Response:
    """{words, report | volunteer, life?} → 201 {id, segments}. With `Idempotency-Key` the same again is one message."""
    async with ctx.db.tx() as conn:
        done = await noting.write(conn, ctx, principal, note, key)
    await ring(ctx.redis, BELL)
    return json_response(done, 201)
