"""Volunteers: written, changed, opened one at a time."""

from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.problems import sealing_closed
from server.access.sealing import Record, SealedError
from server.kernel.db import Conn
from server.kernel.errors import CONSTRAINTS, Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.messaging.alarms import end_alarm
from server.messaging.numbers import phone_number
from server.volunteers import queries, skills
from server.volunteers.hearing import ALARM
from server.volunteers.schemas import NewVolunteer, VolunteerChange

TABLE: Final = "volunteers"
_MOMENTS: Final = ("rest_until", "on_duty_since", "heard_at", "check_due_at", "silent_at")
_PLAIN: Final = ("skills", "languages", "gender", "vehicle", "capacity_kg", "status")

CONSTRAINTS["uq_volunteers_code"] = lambda: Problem(
    409, "volunteer.code_taken", "Another volunteer has this code.", "این کد از داوطلب دیگری است."
)
CONSTRAINTS["uq_volunteers_phone_hash"] = lambda: Problem(
    409, "volunteer.phone_known", "A volunteer with this number is there already.", "داوطلبی با این شماره هست."
)


def sealed_columns(
    ctx: Context, volunteer_id: UUID, name: str | None, phone: str | None, record: Record | None = None
) -> dict[str, Any]:
    """The personal columns of a row. `phone` is a normal number; its keyed hash meets a report's sender."""
    key = record or ctx.sealing.new(TABLE, volunteer_id)
    return {
        "name_sealed": key.seal("name_sealed", name),
        "phone_sealed": key.seal("phone_sealed", phone),
        "phone_hash": ctx.sealing.keyed_hash("sender", phone) if phone else None,
        "data_key_wrapped": key.wrapped,
        "sealing_key_id": key.key_id,
    }


def claimed(columns: dict[str, Any]) -> dict[str, Any]:
    """The same columns for whom nobody has confirmed: her number is hers, and known as hers, only after vetting."""
    return columns | {"phone_hash": None, "phone_claim": columns["phone_hash"]}


def normal_phone(ctx: Context, raw: str | None) -> str | None:
    """The number in one spelling. Raises a 422 problem when it is none."""
    if not raw:
        return None
    number = phone_number(raw, ctx.settings.country)
    if number is None:
        raise Problem(
            422,
            "volunteer.phone",
            "This is no phone number.",
            "این شمارهٔ تلفن نیست.",
            fields=[{"field": "phone", "code": "invalid", "message": "phone"}],
        )
    return number


async def create(conn: Conn, ctx: Context, asked: NewVolunteer, actor: str) -> UUID:
    """Write a new volunteer down."""
    if not await queries.centre_exists(conn, asked.centre):
        raise not_found("centre")
    volunteer_id = uuid7()
    await queries.add(
        conn,
        {
            "id": volunteer_id,
            "code": asked.code or new_code(8, "V-"),
            "centre_id": asked.centre,
            "gender": asked.gender,
            "skills": skills.known(asked.skills or []),
            "languages": asked.languages or [],
            "vehicle": asked.vehicle,
            "capacity_kg": asked.capacity_kg,
            "status": asked.status or "active",
            **sealed_columns(ctx, volunteer_id, asked.name, normal_phone(ctx, asked.phone)),
        },
    )
    await _changed(conn, volunteer_id, asked.centre, actor, ["created"])
    return volunteer_id


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """The columns that take what was given as it is, or nearly."""
    changes: dict[str, Any] = {k: given[k] for k in _PLAIN if k in given}
    for field in ("skills", "languages", "status"):
        if field in changes and changes[field] is None:
            changes[field] = "active" if field == "status" else []
    if "skills" in changes:
        changes["skills"] = skills.known(changes["skills"])
    if "rest_until" in given:
        changes |= {"rest_until": given["rest_until"], "rest_why": "person" if given["rest_until"] else None}
    if "check_every_s" in given or changes.get("status") == "inactive":
        changes["check_every_s"] = given.get("check_every_s")
    return changes


async def change(
    conn: Conn, ctx: Context, volunteer_id: UUID, asked: VolunteerChange, version: int, actor: str
) -> DictRow:
    """Change some fields of the version that the editor saw; another's change in between is shown, not
    overwritten.
    """
    row = await queries.volunteer(conn, volunteer_id, lock=True)
    if row is None:
        raise not_found("volunteer")
    if row["version"] != version:
        raise stale({**shown(row), "version": row["version"]})
    given = asked.model_dump(exclude_unset=True)
    changes = _plain(given)
    if given.get("centre"):
        if not await queries.centre_exists(conn, given["centre"]):
            raise not_found("centre")
        changes["centre_id"] = given["centre"]
    if {"name", "phone"} & set(given):
        old = opened(ctx, row)
        name = given.get("name", old["name"])
        phone = normal_phone(ctx, given["phone"]) if "phone" in given else old["phone"]
        columns = sealed_columns(ctx, volunteer_id, name, phone)
        changes |= columns if row["vetting"] == "vetted" else claimed(columns)
    if changes:
        await queries.change(conn, volunteer_id, changes)
        if "check_every_s" in changes:
            await queries.restart_timer(conn, volunteer_id)
            if changes["check_every_s"] is None:
                await end_alarm(conn, ALARM, row["code"])
        await _changed(conn, volunteer_id, changes.get("centre_id") or row["centre_id"], actor, sorted(given))
    return await queries.volunteer(conn, volunteer_id) or row


def opened(ctx: Context, row: DictRow) -> dict[str, str | None]:
    """Name and number in plain words. Raises a 503 problem without the opening key."""
    if row["data_key_wrapped"] is None:
        return {"name": None, "phone": None}
    try:
        record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
        return {
            field: plain.decode("utf-8", "replace")
            if (plain := record.open(f"{field}_sealed", row[f"{field}_sealed"]))
            else None
            for field in ("name", "phone")
        }
    except SealedError:
        raise sealing_closed() from None


async def open_one(conn: Conn, ctx: Context, row: DictRow, actor: str) -> dict[str, str | None]:
    """Name and number of one volunteer; the look is put on record."""
    found = opened(ctx, row)
    await emit(conn, NewEvent("volunteer.opened", "volunteer", row["id"], None, actor, row["centre_id"], {}))
    return found


async def _changed(conn: Conn, volunteer_id: UUID, centre_id: UUID, actor: str, fields: list[str]) -> None:
    await emit(
        conn, NewEvent("volunteer.changed", "volunteer", volunteer_id, None, actor, centre_id, {"fields": fields})
    )


def shown(row: DictRow) -> dict[str, Any]:
    """What lists say of a volunteer: a code and what they can do; no name, no number."""
    return {
        "id": str(row["id"]),
        "code": row["code"],
        "centre": str(row["centre_id"]),
        **{k: row[k] for k in _PLAIN},
        "vetting": row["vetting"],
        **{k: row[k].isoformat() if row[k] else None for k in _MOMENTS},
        "rest_why": row["rest_why"],
        "check_every_s": row["check_every_s"],
        "updated_at": row["updated_at"].isoformat(),
    } | ({"holds": row["holds"]} if "holds" in row else {})
