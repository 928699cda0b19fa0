"""SQL of shifts and of the notes that are handed over."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_SHOWN: Final = (
    "s.id, s.centre_id, s.volunteer_id, v.code AS volunteer, s.work, s.starts_at, s.ends_at, s.checked_in_at,"
    " s.checked_out_at, s.cancelled_at, s.noted_at, s.version"
)
_FROM: Final = " FROM shifts s JOIN volunteers v ON v.id = s.volunteer_id"
_FILTERS: Final = {
    "centres": "s.centre_id = ANY(%(centres)s)",
    "volunteers": "s.volunteer_id = ANY(%(volunteers)s)",
    "work": "s.work = %(work)s",
    "since": "s.ends_at > %(since)s",
    "until": "s.starts_at < %(until)s",
}
_CHANGED: Final = frozenset({"work", "starts_at", "ends_at", "cancelled_at"})


async def shifts(
    conn: Conn, filters: Mapping[str, Any], after: tuple[datetime, UUID] | None, limit: int
) -> list[DictRow]:
    """Shifts by their beginning, cancelled ones left out."""
    where = ["s.cancelled_at IS NULL"] + [_FILTERS[name] for name, value in filters.items() if value is not None]
    if after:
        where.append("(s.starts_at, s.id) > (%(after_at)s, %(after_id)s)")
    values = {
        **filters,
        "limit": limit,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
    }
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}{_FROM} WHERE {' AND '.join(where)} ORDER BY s.starts_at, s.id LIMIT %(limit)s", values
        )
    ).fetchall()


async def shift(conn: Conn, shift_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One shift with its sealed note."""
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}, s.note_sealed, s.data_key_wrapped{_FROM} WHERE s.id = %s"
            + (" FOR NO KEY UPDATE OF s" if lock else ""),
            (shift_id,),
        )
    ).fetchone()


async def lock_volunteer(conn: Conn, volunteer_id: UUID) -> DictRow | None:
    """{centre_id, vetting, status} of who is to serve; her shifts are made one after the other."""
    return await (
        await conn.execute(
            "SELECT centre_id, vetting, status FROM volunteers WHERE id = %s FOR NO KEY UPDATE", (volunteer_id,)
        )
    ).fetchone()


async def around(
    conn: Conn, volunteer_id: UUID, span: tuple[datetime, datetime], hours: int, but: UUID | None
) -> list[tuple[datetime, datetime]]:
    """Her other shifts within so many hours of a span."""
    rows = await (
        await conn.execute(
            "SELECT starts_at, ends_at FROM shifts WHERE volunteer_id = %(who)s AND cancelled_at IS NULL"
            " AND id IS DISTINCT FROM %(but)s AND ends_at > %(from)s - %(hours)s * interval '1 hour'"
            " AND starts_at < %(to)s + %(hours)s * interval '1 hour'",
            {"who": volunteer_id, "but": but, "from": span[0], "to": span[1], "hours": hours},
        )
    ).fetchall()
    return [(r["starts_at"], r["ends_at"]) for r in rows]


async def add(conn: Conn, row: Mapping[str, Any]) -> None:
    """A new shift."""
    await conn.execute(
        "INSERT INTO shifts (id, centre_id, volunteer_id, work, starts_at, ends_at, made_by, by_herself) VALUES"
        " (%(id)s, %(centre_id)s, %(volunteer_id)s, %(work)s, %(starts_at)s, %(ends_at)s, %(made_by)s, %(by_herself)s)",
        row,
    )


async def change(conn: Conn, shift_id: UUID, changes: Mapping[str, Any]) -> None:
    """Write some of the columns that people change."""
    sets = ", ".join(f"{name} = %({name})s" for name in changes if name in _CHANGED)
    await conn.execute(f"UPDATE shifts SET {sets} WHERE id = %(id)s", {**changes, "id": shift_id})


async def note(conn: Conn, shift_id: UUID, columns: Mapping[str, Any]) -> None:
    """Keep the sealed words."""
    await conn.execute(
        "UPDATE shifts SET note_sealed = %(note_sealed)s, data_key_wrapped = %(data_key_wrapped)s,"
        " sealing_key_id = %(sealing_key_id)s, noted_at = clock_timestamp() WHERE id = %(id)s",
        {**columns, "id": shift_id},
    )


async def last_noted(conn: Conn, centre_id: UUID, work: str) -> DictRow | None:
    """The shift whose note is the latest of this kind of work at a centre, with the sealed words."""
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}, s.note_sealed, s.data_key_wrapped{_FROM} WHERE s.centre_id = %s AND s.work = %s"
            " AND s.noted_at IS NOT NULL AND s.cancelled_at IS NULL"
            " AND s.starts_at > clock_timestamp() - interval '7 days' ORDER BY s.noted_at DESC LIMIT 1",
            (centre_id, work),
        )
    ).fetchone()


async def serves_about_now(conn: Conn, volunteer_id: UUID, centre_id: UUID, work: str, hours: int) -> bool:
    """Whether she has a shift of this work at this centre that runs, or begins within so many hours, and the centre
    knows of it: it put her down, or she has checked in. To write oneself down opens nobody's words.
    """
    found = await conn.execute(
        "SELECT 1 FROM shifts WHERE volunteer_id = %s AND centre_id = %s AND work = %s AND cancelled_at IS NULL"
        " AND starts_at < clock_timestamp() + %s * interval '1 hour' AND ends_at > clock_timestamp()"
        " AND (checked_in_at IS NOT NULL OR NOT by_herself) LIMIT 1",
        (volunteer_id, centre_id, work, hours),
    )
    return await found.fetchone() is not None
