"""What forms say and could not be carried out: listed, tried again or let be by a person."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.forms import deciding
from server.forms import effect_queries as queries
from server.incidents.listing import visible
from server.kernel import cursor as cursors
from server.kernel.edge import Tx
from server.kernel.http import json_response

router = APIRouter(tags=["forms"])
Ctx = Annotated[Context, Depends(context)]
State = Literal["refused", "done", "reversed", "dismissed"]


@router.get("/api/submission-effects")
async def effects(
    conn: Tx,
    who: Annotated[Principal, allow("submission.list")],
    state: State = "refused",
    emergency: UUID | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What became of what forms say, the newest first: what is refused waits for a person."""
    after: tuple[datetime, UUID] | None = cursors.moment(cursor)
    visible(who, "submission.list", emergency)
    scopes = who.scopes_for("submission.list")
    asked = {
        "state": state,
        "emergency": emergency,
        "emergencies": [scope.emergency_id for scope in scopes],
        "centres": [scope.centre_id for scope in scopes],
        "at": after[0] if after else None,
        "id": after[1] if after else None,
        "limit": limit + 1,
    }
    rows = await queries.effects(conn, asked)
    page = rows[:limit]
    more = cursors.encode(page[-1]["at"], page[-1]["id"]) if len(rows) > limit else None
    return json_response({"items": [_item(row) for row in page], "next": more})


def _item(row: dict[str, Any]) -> dict[str, Any]:
    subject = {"type": row["subject_type"], "id": row["subject_id"]} if row["subject_id"] else None
    names = ("id", "kind", "nth", "state", "reason", "data", "at")
    return {
        **{name: row[name] for name in names},
        "subject": subject,
        "submission": row["submission_id"],
        "form_id": row["form_id"],
        "report": row["report_id"],
        "emergency": row["emergency_id"],
    }


@router.post("/api/submissions/{submission_id}/effects/{effect_id}/{act}")
async def decide(
    request: Request,
    conn: Tx,
    ctx: Ctx,
    who: Annotated[Principal, allow("submission.settle")],
    submission_id: UUID,
    effect_id: UUID,
    act: Literal["retry", "dismiss"],
) -> Response:
    """Try what was refused once more, or let it be. Refused again, it stays in the list with its reason: 200."""
    wish = deciding.Wish(who, submission_id, effect_id, request.app.state.on_needs)
    row = await (deciding.retry if act == "retry" else deciding.dismiss)(conn, ctx, wish)
    return json_response(_item(row))
