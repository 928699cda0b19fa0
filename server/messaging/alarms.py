"""Alarms: what a person must know now. One open alarm for each code and subject; raised, seen, over.

They are events, so every page learns of them through the stream; the table says what stands. `data` holds codes, names
of machines and numbers, never a person.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7

_COLUMNS: Final = "id, code, subject, emergency_id, centre_id, data, since, seen_at, seen_by, over_at"


async def raise_alarm(
    conn: AsyncConnection[Any],
    code: str,
    subject: str,
    *,
    emergency_id: UUID | None = None,
    centre_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Raise an alarm in the caller's transaction; False when it stood already (then only its `data` is renewed).

    `centre_id`: it is of that house alone. What hangs on a life, or on the whole instance, has none.
    """
    alarm_id = uuid7()
    done = await conn.execute(
        "INSERT INTO alarms (id, code, subject, emergency_id, centre_id, data) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (code, subject) WHERE over_at IS NULL DO NOTHING",
        (alarm_id, code, subject, emergency_id, centre_id, Jsonb(dict(data or {}))),
    )
    if done.rowcount:
        await emit(conn, NewEvent("alarm.raised", "alarm", alarm_id, emergency_id, "system", centre_id, {"code": code}))
        return True
    if data is not None:
        await conn.execute(
            "UPDATE alarms SET data = %(data)s WHERE code = %(code)s AND subject = %(subject)s AND over_at IS NULL"
            " AND data <> %(data)s",
            {"code": code, "subject": subject, "data": Jsonb(dict(data))},
        )
    return False


async def end_alarm(conn: AsyncConnection[Any], code: str, subject: str) -> bool:
    """Say that it is over; False when none stood."""
    rows = await (
        await conn.execute(
            "UPDATE alarms SET over_at = clock_timestamp() WHERE code = %s AND subject = %s AND over_at IS NULL"
            " RETURNING id, emergency_id, centre_id",
            (code, subject),
        )
    ).fetchall()
    for row in rows:
        # An ORM transaction's plain cursor gives tuples.
        alarm_id, emergency_id, centre_id = tuple(row.values()) if isinstance(row, dict) else row
        await emit(conn, NewEvent("alarm.over", "alarm", alarm_id, emergency_id, "system", centre_id, {"code": code}))
    return bool(rows)


async def open_alarms(
    conn: Conn,
    *,
    within: Sequence[UUID] | None = None,
    centres: Sequence[UUID] | None = None,
    code: str | None = None,
) -> list[DictRow]:
    """What stands, newest first. `within`, `centres`: what a reader is bound to; those of none are shown too."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + " FROM alarms WHERE over_at IS NULL"  # noqa: S608 - constants alone
            " AND (%(within)s::uuid[] IS NULL OR emergency_id IS NULL OR emergency_id = ANY(%(within)s))"
            " AND (%(centres)s::uuid[] IS NULL OR centre_id IS NULL OR centre_id = ANY(%(centres)s))"
            " AND (%(code)s::text IS NULL OR code = %(code)s) ORDER BY since DESC, id DESC LIMIT 200",
            {
                "within": list(within) if within is not None else None,
                "centres": list(centres) if centres is not None else None,
                "code": code,
            },
        )
    ).fetchall()


async def see(
    conn: Conn,
    alarm_id: UUID,
    actor: str,
    *,
    within: Sequence[UUID] | None = None,
    centres: Sequence[UUID] | None = None,
) -> DictRow:
    """Note who saw it first; it stands on until it is over. 404 when there is none, or it is not theirs to see."""
    row = await (
        await conn.execute("SELECT " + _COLUMNS + " FROM alarms WHERE id = %s FOR UPDATE", (alarm_id,))  # noqa: S608 - constants alone
    ).fetchone()
    if row is None or any(
        bound is not None and row[column] not in {None, *bound}
        for column, bound in (("emergency_id", within), ("centre_id", centres))
    ):
        raise not_found("alarm")
    if row["seen_at"] is not None:
        return row
    seen = await (
        await conn.execute(
            "UPDATE alarms SET seen_at = clock_timestamp(), seen_by = %s WHERE id = %s RETURNING " + _COLUMNS,  # noqa: S608 - constants alone
            (actor, alarm_id),
        )
    ).fetchone()
    told = {"code": row["code"]}
    await emit(conn, NewEvent("alarm.seen", "alarm", alarm_id, row["emergency_id"], actor, row["centre_id"], told))
    return seen or row


def shown(row: DictRow) -> dict[str, Any]:
    """An alarm as the API gives it."""
    return {
        "id": row["id"],
        "code": row["code"],
        "subject": row["subject"],
        "emergency": row["emergency_id"],
        "data": row["data"],
        "since": row["since"],
        "seen": row["seen_at"],
        "seen_by": row["seen_by"],
        "over": row["over_at"],
    }
