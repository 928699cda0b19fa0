"""The duty roster: whose telephone rings when nobody looks at the page. Numbers are sealed.

Somebody is on duty for one emergency or for all, from a moment until another or until it is ended.
"""

from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.kernel.db import Conn
from server.kernel.errors import CONSTRAINTS, Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.messaging import duty_queries as queries
from server.messaging.duty_schemas import DutyChange, NewDuty
from server.messaging.numbers import phone_number
from server.messaging.outbox import to_hash

TABLE: Final = "duties"
_SHOWN_DIGITS: Final = 2

CONSTRAINTS["ck_duties_span"] = lambda: Problem(
    422, "duty.span", "The duty must end after it begins.", "پایان کشیک باید پس از آغاز آن باشد."
)


async def on_duty(conn: Conn, ctx: Context, emergency_id: UUID | None) -> list[tuple[str, str]]:
    """(number, language) of everybody on duty for an emergency now (None: reports in triage), each number once.

    Without the opening key on this machine nobody can be called: then the list is empty.
    """
    found: dict[str, str] = {}
    for row in await queries.on_duty(conn, emergency_id):
        number = opened(ctx, row)
        if number:
            found.setdefault(number, row["lang"])
    return list(found.items())


def opened(ctx: Context, row: DictRow) -> str | None:
    """The number of a row of `duties`; None without the key."""
    try:
        record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
        plain = record.open("number_sealed", bytes(row["number_sealed"]))
    except SealedError:
        return None
    return plain.decode() if plain else None


def masked(number: str | None) -> str | None:
    """A number as others than its owner see it: `+98•••••••67`."""
    if number is None:
        return None
    return number[:3] + "•" * max(0, len(number) - 3 - _SHOWN_DIGITS) + number[-_SHOWN_DIGITS:]


def shown(ctx: Context, row: DictRow, principal: Principal) -> dict[str, Any]:
    """A duty as the API gives it; the number in full for its own account alone."""
    number = opened(ctx, row)
    mine = principal.kind == "session" and row["account_id"] == principal.id
    return {
        "id": row["id"],
        "label": row["label"],
        "emergency": row["emergency_id"],
        "account": row["account_id"],
        "number": number if mine else masked(number),
        "lang": row["lang"],
        "from": row["from_at"],
        "until": row["until_at"],
        "ended": row["ended_at"],
        "now": row["now"],
        "version": row["version"],
    }


async def add(conn: Conn, ctx: Context, principal: Principal, asked: NewDuty) -> DictRow:
    """Put somebody on duty. Raises 422 when the number is none."""
    number = phone_number(asked.number, ctx.settings.country)
    if number is None:
        raise Problem(
            422,
            "duty.number",
            "This is no phone number.",
            "این شمارهٔ تلفن نیست.",
            fields=[{"field": "number", "code": "invalid", "message": "number"}],
        )
    _bounded(principal, asked.emergency)
    duty_id = uuid7()
    record = ctx.sealing.new(TABLE, duty_id)
    await queries.add(
        conn,
        {
            "id": duty_id,
            "emergency_id": asked.emergency,
            "account_id": principal.id if asked.mine and principal.kind == "session" else None,
            "label": asked.label,
            "number_sealed": record.seal("number_sealed", number),
            "number_hash": to_hash(ctx.sealing, number),
            "lang": asked.lang or ctx.settings.language,
            "from_at": asked.from_at,
            "until_at": asked.until_at,
            "sealing_key_id": record.key_id,
            "data_key_wrapped": record.wrapped,
        },
    )
    await _changed(conn, duty_id, asked.emergency, principal, "added")
    return await one(conn, duty_id)


async def change(conn: Conn, principal: Principal, duty_id: UUID, asked: DutyChange, version: int | None) -> DictRow:
    """End a duty, or move its end. 412 shows what somebody else has made of it."""
    row = await queries.one(conn, duty_id, lock=True)
    if row is None:
        raise not_found("duty")
    _bounded(principal, row["emergency_id"])
    if version is not None and row["version"] != version:
        raise stale({"id": str(duty_id), "version": row["version"]})
    fields = asked.model_dump(exclude_unset=True)
    if asked.ended and row["ended_at"] is None:
        await queries.end(conn, duty_id)
    if {"until_at", "label"} & set(fields):
        await queries.change(
            conn, duty_id, fields.get("until_at", row["until_at"]), fields.get("label") or row["label"]
        )
    await _changed(conn, duty_id, row["emergency_id"], principal, "ended" if asked.ended else "changed")
    return await one(conn, duty_id)


async def one(conn: Conn, duty_id: UUID) -> DictRow:
    """One duty, or 404."""
    row = await queries.one(conn, duty_id)
    if row is None:
        raise not_found("duty")
    return row


def _bounded(principal: Principal, emergency_id: UUID | None) -> None:
    """Who is bound to one emergency rings telephones for that one alone."""
    scopes = principal.scopes_for("duty.edit")
    if not any(s.emergency_id is None or s.emergency_id == emergency_id for s in scopes):
        raise Problem(
            403,
            "duty.elsewhere",
            "This duty belongs to another emergency.",
            "این کشیک از رویداد دیگری است.",
        )


async def _changed(conn: Conn, duty_id: UUID, emergency: UUID | None, principal: Principal, what: str) -> None:
    await emit(conn, NewEvent("duty.changed", "duty", duty_id, emergency, principal.actor, data={"change": what}))
