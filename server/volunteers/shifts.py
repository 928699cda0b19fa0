"""Shifts: who is there when, and what each hands over to those who come after."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.guard import forbidden
from server.access.principal import Principal
from server.access.problems import sealing_closed
from server.access.sealing import SealedError
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.volunteers import duty
from server.volunteers import duty_rules as rules
from server.volunteers import shift_queries as queries
from server.volunteers.schemas import NewShift, ShiftChange

TABLE: Final = "shifts"
NOTE_BEFORE_H: Final = 4
"""So long before her shift a volunteer may read what was handed over."""
Span = tuple[datetime, datetime]


def mine_or_of(who: Principal, permission: str, centre_id: UUID, volunteer_id: UUID) -> bool:
    """Whether it is the asker's own, or she is staff of the centre."""
    return volunteer_id == who.volunteer_id or is_staff(who, permission, centre_id)


def is_staff(who: Principal, permission: str, centre_id: UUID) -> bool:
    """Whether she holds the permission at the centre by another role than a volunteer's."""
    return any(s.role != "volunteer" and s.centre_id in {None, centre_id} for s in who.scopes_for(permission))


async def one(conn: Conn, who: Principal, permission: str, shift_id: UUID, *, lock: bool = False) -> DictRow:
    """A shift that the asker may see. Raises 404."""
    row = await queries.shift(conn, shift_id, lock=lock)
    if row is None or not mine_or_of(who, permission, row["centre_id"], row["volunteer_id"]):
        raise not_found("shift")
    return row


async def make(conn: Conn, who: Principal, asked: NewShift) -> UUID:
    """A new shift of somebody of the asker's centre, or of her own.

    Raises 404 for a stranger, 409 for whom no centre has confirmed, for an overlap and for too little rest between, 422
    for one that is too long.
    """
    volunteer_id = asked.volunteer or who.volunteer_id
    person = await queries.lock_volunteer(conn, volunteer_id) if volunteer_id else None
    if volunteer_id is None or person is None:
        raise not_found("volunteer")
    if not mine_or_of(who, "shift.edit", person["centre_id"], volunteer_id):
        raise not_found("volunteer")
    if problem := duty.not_there(person):
        raise problem
    await _fits(conn, volunteer_id, (asked.starts_at, asked.ends_at), None)
    shift_id = uuid7()
    await queries.add(
        conn,
        {
            "id": shift_id,
            "centre_id": person["centre_id"],
            "volunteer_id": volunteer_id,
            "work": asked.work,
            "starts_at": asked.starts_at,
            "ends_at": asked.ends_at,
            "made_by": who.actor,
            "by_herself": who.volunteer_id == volunteer_id,
        },
    )
    await _tell(conn, "shift.made", shift_id, who, person["centre_id"], {"volunteer": str(volunteer_id)})
    return shift_id


async def change(conn: Conn, who: Principal, shift_id: UUID, asked: ShiftChange, version: int) -> DictRow:
    """Move a shift or call it off. Raises 412 when another has changed it, 409 when it is over."""
    seen = await one(conn, who, "shift.edit", shift_id)
    await queries.lock_volunteer(conn, seen["volunteer_id"])
    row = await one(conn, who, "shift.edit", shift_id, lock=True)
    if row["version"] != version:
        raise stale({**shown(row), "version": row["version"]})
    if row["cancelled_at"] or row["checked_out_at"]:
        raise Problem(409, "shift.over", "This shift is over.", "این نوبت به پایان رسیده است.")
    given = {k: v for k, v in asked.model_dump(exclude_unset=True).items() if v is not None}
    changes: dict[str, Any] = {k: v for k, v in given.items() if k != "cancelled"}
    if given.get("cancelled"):
        changes = {"cancelled_at": (await duty.card(conn, row["volunteer_id"]))["now"]}
    elif {"starts_at", "ends_at"} & set(changes):
        span = (asked.starts_at or row["starts_at"], asked.ends_at or row["ends_at"])
        await _fits(conn, row["volunteer_id"], span, shift_id)
    if changes:
        await queries.change(conn, shift_id, changes)
        await _tell(conn, "shift.changed", shift_id, who, row["centre_id"], {"fields": sorted(given)})
    return await one(conn, who, "shift.edit", shift_id)


async def _fits(conn: Conn, volunteer_id: UUID, span: Span, but: UUID | None) -> None:
    if span[1] <= span[0]:
        raise Problem(422, "shift.ends", "A shift ends after it begins.", "پایان نوبت پس از آغاز آن است.")
    if rules.too_long(*span):
        raise Problem(
            422,
            "shift.too_long",
            f"Nobody serves longer than {rules.DUTY_MOST_H} hours.",
            "هیچ نوبتی از دوازده ساعت بیشتر نیست.",
        )
    others = await queries.around(conn, volunteer_id, span, rules.REST_H, but)
    if any(a < span[1] and b > span[0] for a, b in others):
        raise Problem(409, "shift.overlaps", "She has another shift at that time.", "در آن زمان نوبت دیگری دارد.")
    if any(rules.too_close(span, other) for other in others):
        raise Problem(
            409,
            "shift.rest",
            "There is too little rest between this shift and another.",
            "میان این نوبت و نوبت دیگر استراحت کافی نیست.",
        )


async def write_note(conn: Conn, ctx: Context, who: Principal, shift_id: UUID, words: str) -> DictRow:
    """What is handed over, sealed; a later one takes the place of the earlier."""
    row = await one(conn, who, "shift.edit", shift_id, lock=True)
    if row["cancelled_at"]:
        raise Problem(409, "shift.over", "This shift was called off.", "این نوبت لغو شده است.")
    record = ctx.sealing.new(TABLE, shift_id)
    await queries.note(
        conn,
        shift_id,
        {
            "note_sealed": record.seal("note_sealed", words),
            "data_key_wrapped": record.wrapped,
            "sealing_key_id": record.key_id,
        },
    )
    await _tell(conn, "shift.noted", shift_id, who, row["centre_id"], {"work": row["work"]})
    return await one(conn, who, "shift.edit", shift_id)


async def last_note(conn: Conn, ctx: Context, who: Principal, centre_id: UUID, work: str) -> dict[str, Any] | None:
    """What was handed over last for this work at this centre; None when nothing was. The look is put on record.

    For staff of the centre, and for a volunteer whose own shift of this work runs or is about to begin.
    """
    if not is_staff(who, "shift.open", centre_id) and not (
        who.volunteer_id and await queries.serves_about_now(conn, who.volunteer_id, centre_id, work, NOTE_BEFORE_H)
    ):
        raise forbidden()
    row = await queries.last_noted(conn, centre_id, work)
    return await opened(conn, ctx, who, row) if row else None


async def note(conn: Conn, ctx: Context, who: Principal, shift_id: UUID) -> dict[str, Any]:
    """The note of one shift: for who wrote it, and for staff. The look is put on record. Raises 404."""
    row = await one(conn, who, "shift.open", shift_id)
    if row["noted_at"] is None:
        raise not_found("note")
    return await opened(conn, ctx, who, row)


async def opened(conn: Conn, ctx: Context, who: Principal, row: DictRow) -> dict[str, Any]:
    """A shift with its words in plain; an event says who looked. Raises 503 without the opening key."""
    try:
        record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
        plain = record.open("note_sealed", bytes(row["note_sealed"])) or b""
    except SealedError:
        raise sealing_closed() from None
    await _tell(conn, "shift.opened", row["id"], who, row["centre_id"], {})
    return {**shown(row), "words": plain.decode("utf-8", "replace")}


async def _tell(conn: Conn, verb: str, shift_id: UUID, who: Principal, centre_id: UUID, data: dict[str, Any]) -> None:
    await emit(conn, NewEvent(verb, "shift", shift_id, None, who.actor, centre_id, data))


def shown(row: DictRow) -> dict[str, Any]:
    """A shift as the API gives it: whose by code, when, whether she came; never the words."""
    moments = ("starts_at", "ends_at", "checked_in_at", "checked_out_at", "cancelled_at", "noted_at")
    return {
        "id": str(row["id"]),
        "centre": str(row["centre_id"]),
        "volunteer": {"id": str(row["volunteer_id"]), "code": row["volunteer"]},
        "work": row["work"],
        **{k: row[k].isoformat() if row[k] else None for k in moments},
        "version": row["version"],
    }
