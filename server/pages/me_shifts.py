"""A volunteer's shifts on her page: put down, called off, and the words from one to the next. Plain forms alone."""

from datetime import datetime, time, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from psycopg.rows import DictRow

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import Problem, not_found
from server.pages import board_queries as board
from server.pages.dates import HOME
from server.pages.gate import View, page_for
from server.pages.me_forms import back
from server.pages.me_words import config
from server.pages.parts import reader
from server.volunteers import shift_queries, shifts
from server.volunteers.schemas import NewShift, ShiftChange, Work

router = APIRouter(include_in_schema=False)
Ctx = Annotated[Context, Depends(context)]
DAYS: Final = 7
"""So far ahead a volunteer puts herself down here."""
LENGTHS: Final = (4, 6, 8, 12)
WORDS_MOST: Final = 4_000
_BEFORE: Final = timedelta(hours=24)
_MOST: Final = 20


async def of(conn: Conn, volunteer_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Her shifts from a day ago on; `state`: over, running, soon (its words may be read), ahead."""
    filters = {"volunteers": [volunteer_id], "since": now - _BEFORE, "until": now + timedelta(days=DAYS + 1)}
    rows = await shift_queries.shifts(conn, filters, None, _MOST)
    return [{**row, "state": _state(row, now)} for row in rows]


def _state(row: DictRow, now: datetime) -> str:
    if row["checked_out_at"] or row["ends_at"] <= now:
        return "over"
    if row["starts_at"] <= now or row["checked_in_at"]:
        return "running"
    return "soon" if row["starts_at"] - now <= timedelta(hours=shifts.NOTE_BEFORE_H) else "ahead"


def days(now: datetime) -> list[datetime]:
    """The days on which a shift may begin, at noon of each, so that no zone moves them."""
    today = now.astimezone(HOME).date()
    return [datetime.combine(today + timedelta(days=n), time(12), HOME) for n in range(DAYS)]


def span_of(now: datetime, day: int, hour: int, length: int) -> tuple[datetime, datetime]:
    """A shift that begins so many days from today at a full hour of the house's clock and lasts so many hours."""
    begins = datetime.combine(now.astimezone(HOME).date() + timedelta(days=day), time(hour), HOME)
    return begins, begins + timedelta(hours=length)


@router.post("/me/shifts")
async def make_form(
    who: Annotated[Principal, allow("shift.edit")],
    tx: Tx,
    work: Annotated[Work, Form()],
    day: Annotated[int, Form(ge=0, lt=DAYS)],
    hour: Annotated[int, Form(ge=0, lt=24)],
    length: Annotated[int, Form(ge=1, le=12)],
) -> Response:
    """Put herself down."""
    begins, ends = span_of(datetime.now(HOME), day, hour, length)
    try:
        async with tx.transaction():
            await shifts.make(tx, who, NewShift(work=work, starts_at=begins, ends_at=ends))
    except Problem as problem:
        return back(problem.code)
    return back()


@router.post("/me/shifts/{shift_id}/off")
async def off_form(
    who: Annotated[Principal, allow("shift.edit")], tx: Tx, shift_id: UUID, version: Annotated[int, Form()]
) -> Response:
    """Call one's shift off."""
    try:
        async with tx.transaction():
            await shifts.change(tx, who, shift_id, ShiftChange(cancelled=True), version)
    except Problem as problem:
        return back(problem.code)
    return back()


@router.post("/me/shifts/{shift_id}/note")
async def note_form(
    who: Annotated[Principal, allow("shift.edit")],
    tx: Tx,
    ctx: Ctx,
    shift_id: UUID,
    words: Annotated[str, Form(max_length=WORDS_MOST)] = "",
) -> Response:
    """What those who come after should know; sealed."""
    said = words.encode("utf-8", "replace").decode().strip()
    try:
        async with tx.transaction():
            if said:
                await shifts.write_note(tx, ctx, who, shift_id, said)
    except Problem as problem:
        return back(problem.code)
    return back()


@router.get("/me/shifts/note/{work}")
async def note_page(view: Annotated[View, page_for("shift.open")], tx: Tx, ctx: Ctx, work: Work) -> Response:
    """What was handed over last for this work; every reading is put down."""
    who = reader(view)
    me = await board.volunteer(tx, who.volunteer_id) if who.volunteer_id else None
    if me is None:
        raise not_found("volunteer")
    found = await shifts.last_note(tx, ctx, who, me["centre_id"], work)
    return view.page(
        "me_note.html",
        page="me",
        words=found["words"] if found else None,
        noted=datetime.fromisoformat(found["noted_at"]) if found else None,
        giver=found["volunteer"]["code"] if found else None,
        config=config(view),
    )
