"""The hotline over HTTP: how a draft reads while it is typed, and what became of the calls that were kept.

The call itself goes in by `POST /api/reports` with the channel `hotline`.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.http import json_response, read_body
from server.places import searching
from server.places import service as gazetteers
from server.reports import hotline
from server.reports import hotline_queries as queries
from server.reports.errors import not_json
from server.reports.schemas import parse_object

router = APIRouter(prefix="/api/hotline", tags=["hotline"])
Services = Annotated[Context, Depends(context)]
SHOWN_CALLS: Final = 10
DRAFT_BYTES: Final = 64_000
NAME_CHARS: Final = 100
KINDS: Final = ("village", "town", "city", "county", "province")

# Reading is all processor: one draft at a time in a process leaves the rest of it to the reports that come in.
_one_at_a_time = asyncio.Semaphore(1)


@router.post("/read")
async def read_draft(
    _principal: Annotated[Principal, allow("hotline.type")], request: Request, ctx: Services
) -> Response:
    """{text, place?} → how it reads so far and which places it may mean. Nothing is kept."""
    asked = parse_object(await read_body(request, DRAFT_BYTES)).data
    if asked is None:
        raise not_json()
    text, name = (value if isinstance(value := asked.get(key), str) else "" for key in ("text", "place"))
    known = await gazetteers.gazetteer(ctx)
    sought = name.strip() or hotline.begun(text, known) or ""
    found = await _search(ctx, sought) if sought else []
    async with _one_at_a_time:
        return json_response(await asyncio.to_thread(hotline.draft, text, known, found), headers=_UNKEPT)


_UNKEPT: Final = {"Cache-Control": "no-store"}


async def _search(ctx: Context, name: str) -> list[Mapping[str, Any]]:
    """Places whose names begin like what was typed, or are like it."""
    async with ctx.db.tx() as conn:
        return await searching.find(conn, name[:NAME_CHARS], kinds=KINDS, limit=hotline.CANDIDATES)


@router.get("/calls")
async def own_calls(principal: Annotated[Principal, allow("hotline.type")], tx: Tx) -> Response:
    """The newest calls that the asking person typed and what became of them; nobody's words."""
    rows = await queries.calls(tx, principal.id, SHOWN_CALLS)
    return json_response({"items": [_call(row) for row in rows]}, headers=_UNKEPT)


def _call(row: Mapping[str, Any]) -> dict[str, Any]:
    reading = row["reading"] or {}
    return {
        "id": row["id"],
        "receipt": row["receipt"],
        "at": row["received_at"],
        "state": row["state"],
        "triage": row["triage"],
        **{key: reading.get(key) for key in ("kind", "urgency", "place")},
        "links": row["links"] or [],
    }
