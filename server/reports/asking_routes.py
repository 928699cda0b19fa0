"""Joins that a person is asked about: the list, and the two answers."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.reports import asking
from server.reports.joining import Kind
from server.reports.record_routes import follow_needs

router = APIRouter(prefix="/api/join-proposals", tags=["join proposals"])
Ctx = Annotated[Context, Depends(context)]
Editor = Annotated[Principal, allow("need.edit")]


@router.get("")
async def open_proposals(
    conn: Tx,
    principal: Annotated[Principal, allow("report.list")],
    emergency: UUID | None = None,
    kind: Literal["need", "incident"] | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Pairs of records that may be one happening, newest first: {"items": [...], "next"}; `reasons` sum to `score`."""
    kinds: list[Kind] = [kind] if kind else []
    return json_response(await asking.listed(conn, principal, emergency, kinds, cursor, limit))


@router.post("/{proposal_id}/join")
async def join(request: Request, conn: Tx, ctx: Ctx, proposal_id: UUID, principal: Editor) -> Response:
    """They are one: the newer record's reports go to the older; `split` takes them apart again."""
    return await _answer(request, conn, ctx, proposal_id, principal, joined=True)


@router.post("/{proposal_id}/apart")
async def apart(request: Request, conn: Tx, ctx: Ctx, proposal_id: UUID, principal: Editor) -> Response:
    """They are two: neither this pair nor a report that says the same is asked about again."""
    return await _answer(request, conn, ctx, proposal_id, principal, joined=False)


async def _answer(
    request: Request, conn: Conn, ctx: Context, proposal_id: UUID, principal: Principal, *, joined: bool
) -> Response:
    found, changed = await asking.answer(conn, ctx, principal, proposal_id, joined=joined)
    await follow_needs(request, conn, ctx, changed)
    return json_response(found)
