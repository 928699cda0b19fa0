"""`GET /api/events`: the audit trail, newest first, for auditors. Codes and ids; nobody's words stand in events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.live import queries

router = APIRouter(tags=["live"])


@router.get("/api/events")
async def events(
    conn: Tx,
    principal: Annotated[Principal, allow("audit.read")],
    subject: UUID | None = None,
    cursor: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Sealed events, of one `subject` or all, below the number `cursor`; each with its hash in hexadecimal."""
    rows = await queries.trail(conn, subject=subject, below=cursor, limit=limit + 1)
    more = rows[limit - 1]["seq"] if len(rows) > limit else None
    bound = principal.emergency_id
    shown = [row for row in rows[:limit] if bound is None or row["emergency_id"] == bound]
    items = [
        {
            "seq": row["seq"],
            "at": row["at"],
            "verb": row["verb"],
            "type": row["subject_type"],
            "id": row["subject_id"],
            "emergency": row["emergency_id"],
            "centre": row["centre_id"],
            "actor": row["actor"],
            "data": row["data"],
            "hash": bytes(row["hash"]).hex(),
        }
        for row in shown
    ]
    return json_response({"items": items, "next": more})
