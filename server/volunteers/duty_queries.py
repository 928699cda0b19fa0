"""SQL of duty: a volunteer's own card, check-ins, rests, and what the watch over silence finds."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

HOLDS: Final = "('claimed', 'accepted', 'en_route', 'escalated')"
_TEAM: Final = (
    "(SELECT t.code FROM team_members m JOIN teams t ON t.id = m.team_id"
    " WHERE m.volunteer_id = v.id AND m.left_at IS NULL AND t.status = 'active')"
)
_HOLDING: Final = f"EXISTS (SELECT 1 FROM tasks t WHERE t.holder_id = v.id AND t.state IN {HOLDS})"
_WRITTEN: Final = frozenset(
    {
        "status",
        "rest_until",
        "rest_why",
        "on_duty_since",
        "duty_began_at",
        "duty_ended_at",
        "heard_at",
        "check_every_s",
        "check_due_at",
        "silent_at",
    }
)


async def card(conn: Conn, volunteer_id: UUID, *, lock: bool = False) -> DictRow | None:
    """What a volunteer is told of herself, and `now` by the database's clock; None when there is no such row."""
    return await (
        await conn.execute(
            "SELECT v.id, v.code, v.centre_id, v.skills, v.languages, v.gender, v.vehicle, v.capacity_kg, v.status,"
            " v.vetting, v.rest_until, v.rest_why, v.on_duty_since, v.duty_began_at, v.duty_ended_at, v.heard_at,"
            " v.check_every_s, v.check_due_at, v.silent_at, v.version, c.code AS centre, c.name_fa, c.name_en,"
            f" clock_timestamp() AS now, {_TEAM} AS team, (SELECT count(*) FROM tasks t WHERE t.holder_id = v.id"
            f" AND t.state IN {HOLDS}) AS holds"
            " FROM volunteers v JOIN centres c ON c.id = v.centre_id WHERE v.id = %s"
            + (" FOR NO KEY UPDATE OF v" if lock else ""),
            (volunteer_id,),
        )
    ).fetchone()


async def write(conn: Conn, volunteer_id: UUID, changes: Mapping[str, Any]) -> None:
    """Write some columns of duty, rest and timer; other names are passed over."""
    sets = ", ".join(f"{name} = %({name})s" for name in changes if name in _WRITTEN)
    await conn.execute(f"UPDATE volunteers v SET {sets} WHERE v.id = %(id)s", {**changes, "id": volunteer_id})


async def enter_shift(conn: Conn, volunteer_id: UUID, early_h: int) -> None:
    """Mark the shift that she begins."""
    await conn.execute(
        "UPDATE shifts SET checked_in_at = clock_timestamp() WHERE volunteer_id = %s AND checked_in_at IS NULL"
        " AND cancelled_at IS NULL AND ends_at > clock_timestamp()"
        " AND starts_at - %s * interval '1 hour' <= clock_timestamp()",
        (volunteer_id, early_h),
    )


async def leave_shifts(conn: Conn, volunteer_id: UUID) -> None:
    """Mark the end of the shifts that she was in."""
    await conn.execute(
        "UPDATE shifts SET checked_out_at = clock_timestamp() WHERE volunteer_id = %s"
        " AND checked_in_at IS NOT NULL AND checked_out_at IS NULL",
        (volunteer_id,),
    )


async def fall_silent(conn: Conn, limit: int) -> list[DictRow]:
    """Mark those whose sign of life is overdue; {id, code, centre_id, team, emergency_id}, longest due first.

    `now()`, the beginning of this short transaction: an index is not searched by the volatile clock_timestamp().
    """
    return await (
        await conn.execute(
            "WITH due AS MATERIALIZED (SELECT id FROM volunteers WHERE check_due_at < now()"
            " AND silent_at IS NULL ORDER BY check_due_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)"
            " UPDATE volunteers v SET silent_at = clock_timestamp() FROM due WHERE v.id = due.id"
            f" RETURNING v.id, v.code, v.centre_id, {_TEAM} AS team, (SELECT t.emergency_id FROM tasks t"
            f" WHERE t.holder_id = v.id AND t.state IN {HOLDS} ORDER BY t.updated_at DESC LIMIT 1) AS emergency_id",
            (limit,),
        )
    ).fetchall()


async def too_long_on_duty(conn: Conn, most_h: int, limit: int) -> list[DictRow]:
    """Who has served for `most_h` hours and does not rest yet, locked.

    {id, code, centre_id, duty_began_at, silent, holds, now}; who is told to rest and still holds a task, or is silent,
    is not named again.
    """
    return await (
        await conn.execute(
            "SELECT v.id, v.code, v.centre_id, v.duty_began_at, v.silent_at IS NOT NULL AS silent,"
            f" clock_timestamp() AS now, {_HOLDING} AS holds FROM volunteers v WHERE v.on_duty_since IS NOT NULL"
            " AND v.duty_began_at <= now() - %s * interval '1 hour'"
            " AND (coalesce(v.rest_until, '-infinity') < clock_timestamp()"
            f" OR (v.silent_at IS NULL AND NOT {_HOLDING}))"
            " ORDER BY v.duty_began_at LIMIT %s FOR NO KEY UPDATE OF v SKIP LOCKED",
            (most_h, limit),
        )
    ).fetchall()


async def end_duty(conn: Conn, volunteer_id: UUID, rest_until: datetime) -> None:
    """The rest begins and nobody waits for a sign of life any more."""
    await conn.execute(
        "UPDATE volunteers SET rest_until = greatest(rest_until, %s), rest_why = 'duty', on_duty_since = NULL,"
        " duty_ended_at = clock_timestamp(), check_every_s = NULL, check_due_at = NULL WHERE id = %s",
        (rest_until, volunteer_id),
    )
