"""Shifts over HTTP."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel import cursor as cursors
from server.kernel.clock import now
from server.kernel.edge import Tx
from server.kernel.http import etag, if_match, json_response
from server.volunteers import shift_queries as queries
from server.volunteers import shifts
from server.volunteers.schemas import NewShift, Note, ShiftChange, Work

router = APIRouter(prefix="/api/shifts")
Ctx = Annotated[Context, Depends(context)]
_BACK = timedelta(hours=24)


class Filters(BaseModel):
    """The query of the list; without `since` it begins a day ago."""

    model_config = ConfigDict(extra="ignore")

    centre: UUID | None = None
    volunteer: UUID | None = None
    work: Work | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    cursor: str | None = None
    limit: int = Field(default=200, ge=1, le=1000)


def _bounds(who: Principal, asked: Filters) -> dict[str, Any]:
    """Whose shifts the asker sees: a volunteer her own, staff their centre's."""
    staff = [s for s in who.scopes_for("shift.read") if s.role != "volunteer"]
    if not staff:
        mine = [who.volunteer_id] if who.volunteer_id and asked.volunteer in {None, who.volunteer_id} else []
        return {"volunteers": mine, "centres": [asked.centre] if asked.centre else None}
    centres = None if any(s.centre_id is None for s in staff) else [s.centre_id for s in staff if s.centre_id]
    if asked.centre:
        centres = [asked.centre] if centres is None or asked.centre in centres else []
    return {"volunteers": [asked.volunteer] if asked.volunteer else None, "centres": centres}


@router.get("")
async def listed(
    who: Annotated[Principal, allow("shift.read")], conn: Tx, asked: Annotated[Filters, Query()]
) -> Response:
    """Shifts by their beginning: whose (a code), when, whether they came and whether they left a note."""
    filters = {
        **_bounds(who, asked),
        "work": asked.work,
        "since": asked.since or now() - _BACK,
        "until": asked.until,
    }
    rows = await queries.shifts(conn, filters, cursors.moment(asked.cursor), asked.limit + 1)
    page = rows[: asked.limit]
    more = cursors.encode(page[-1]["starts_at"], page[-1]["id"]) if len(rows) > asked.limit else None
    return json_response({"items": [shifts.shown(row) for row in page], "next": more})


@router.post("")
async def make(who: Annotated[Principal, allow("shift.edit")], conn: Tx, asked: NewShift) -> Response:
    """{volunteer?, work, starts_at, ends_at} → 201. A volunteer puts herself down; staff anyone of their centre."""
    row = await shifts.one(conn, who, "shift.edit", await shifts.make(conn, who, asked))
    return json_response(shifts.shown(row), 201, {"ETag": etag(row["version"])})


@router.get("/note")
async def last_note(
    who: Annotated[Principal, allow("shift.open")], conn: Tx, ctx: Ctx, centre: UUID, work: Work
) -> Response:
    """What was handed over last for this work: 200 with `words`, 204 when nothing was. Reading is put on record."""
    found = await shifts.last_note(conn, ctx, who, centre, work)
    headers = {"Cache-Control": "no-store"}
    return json_response(found, headers=headers) if found else Response(status_code=204, headers=headers)


@router.patch("/{shift_id}")
async def change(
    who: Annotated[Principal, allow("shift.edit")],
    conn: Tx,
    shift_id: UUID,
    asked: ShiftChange,
    version: Annotated[int, Depends(if_match)],
) -> Response:
    """{work?, starts_at?, ends_at?, cancelled?}; `If-Match` names the version that the editor saw."""
    row = await shifts.change(conn, who, shift_id, asked, version)
    return json_response(shifts.shown(row), headers={"ETag": etag(row["version"])})


@router.post("/{shift_id}/note")
async def write_note(
    who: Annotated[Principal, allow("shift.edit")], conn: Tx, ctx: Ctx, shift_id: UUID, asked: Note
) -> Response:
    """{words}: what those who come after should know; sealed."""
    row = await shifts.write_note(conn, ctx, who, shift_id, asked.words)
    return json_response(shifts.shown(row), headers={"ETag": etag(row["version"])})


@router.get("/{shift_id}/note")
async def note(who: Annotated[Principal, allow("shift.open")], conn: Tx, ctx: Ctx, shift_id: UUID) -> Response:
    """The words of one shift; reading is put on record."""
    return json_response(await shifts.note(conn, ctx, who, shift_id), headers={"Cache-Control": "no-store"})
