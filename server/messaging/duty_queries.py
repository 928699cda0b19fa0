"""SQL of the duty roster."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_NOW: Final = (
    "(ended_at IS NULL AND from_at <= clock_timestamp() AND (until_at IS NULL OR until_at > clock_timestamp()))"
)
_COLUMNS: Final = (
    "id, emergency_id, account_id, label, number_sealed, lang, from_at, until_at, ended_at, version, data_key_wrapped, "
    + _NOW
    + " AS now"
)


async def on_duty(conn: Conn, emergency_id: UUID | None) -> list[DictRow]:
    """Who is on duty now for an emergency, or for all; None: only those for all."""
    query = f"SELECT {_COLUMNS} FROM duties WHERE {_NOW} AND (emergency_id IS NULL OR emergency_id = %s) ORDER BY id"  # noqa: S608
    return await (await conn.execute(query, (emergency_id,))).fetchall()


async def listed(conn: Conn, *, within: Sequence[UUID] | None, emergency: UUID | None, over: bool) -> list[DictRow]:
    """The roster, who is on now first. `within`: the reader's emergencies (None: any); `over`: with ended ones."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + " FROM duties"  # noqa: S608 - constants alone
            " WHERE (%(within)s::uuid[] IS NULL OR emergency_id IS NULL OR emergency_id = ANY(%(within)s))"
            " AND (%(emergency)s::uuid IS NULL OR emergency_id IS NULL OR emergency_id = %(emergency)s)"
            " AND (%(over)s OR (ended_at IS NULL AND (until_at IS NULL OR until_at > clock_timestamp())))"
            " ORDER BY now DESC, from_at DESC, id DESC LIMIT 200",
            {"within": list(within) if within is not None else None, "emergency": emergency, "over": over},
        )
    ).fetchall()


async def one(conn: Conn, duty_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One duty with its sealed number."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + " FROM duties WHERE id = %s" + (" FOR UPDATE" if lock else ""),  # noqa: S608 - constants alone
            (duty_id,),
        )
    ).fetchone()


async def add(conn: Conn, row: Mapping[str, Any]) -> None:
    """Insert a duty; without `from_at` it begins now."""
    await conn.execute(
        "INSERT INTO duties (id, emergency_id, account_id, label, number_sealed, number_hash, lang, from_at, until_at,"
        " sealing_key_id, data_key_wrapped) VALUES (%(id)s, %(emergency_id)s, %(account_id)s, %(label)s,"
        " %(number_sealed)s, %(number_hash)s, %(lang)s, coalesce(%(from_at)s, clock_timestamp()), %(until_at)s,"
        " %(sealing_key_id)s, %(data_key_wrapped)s)",
        row,
    )


async def end(conn: Conn, duty_id: UUID) -> None:
    """It is over now."""
    await conn.execute("UPDATE duties SET ended_at = clock_timestamp() WHERE id = %s", (duty_id,))


async def change(conn: Conn, duty_id: UUID, until: datetime | None, label: str) -> None:
    """Another end, another label."""
    await conn.execute("UPDATE duties SET until_at = %s, label = %s WHERE id = %s", (until, label, duty_id))
