"""`/api/submissions/{id}/files`: what came with a submission, and each file of it."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.forms import files
from server.kernel.edge import Tx
from server.kernel.http import json_response

router = APIRouter(prefix="/api/submissions/{submission_id}/files", tags=["submissions"])
Ctx = Annotated[Context, Depends(context)]
Reader = Annotated[Principal, allow("submission.read")]
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@router.get("")
async def list_files(principal: Reader, submission_id: UUID, conn: Tx, ctx: Ctx) -> Response:
    """{"items": [{id, name, kind, size, state, reason, opened, received_at, about}]}: on record.

    `about` of a picture: {width, height, position?, taken?}, read from the file before it was removed.
    """
    items = await files.listed(conn, ctx, principal, submission_id)
    return json_response({"items": items, "next": None}, headers={"Cache-Control": "no-store"})


@router.get("/{attachment_id}")
async def get_file(
    principal: Reader,
    submission_id: UUID,
    attachment_id: UUID,
    conn: Tx,
    ctx: Ctx,
    *,
    copy: files.Copy = "safe",
    why: files.Why | None = None,
) -> Response:
    """The file without its position; `copy=shown` a small JPEG; `copy=original` as it came, with `why`. On record."""
    found = await files.content(conn, ctx, principal, submission_id, attachment_id, copy, why)
    headers = {**HEADERS, "Content-Disposition": found.disposition}
    return Response(found.data, media_type=found.kind, headers=headers)
