"""SQL of the own lexicon: its entries with their versions, and the recent messages that an entry is tried on."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.ids import uuid7

_ENTRY: Final = (
    'e.entry_id AS id, e.number, e.seq, e.active, e.emergency_id, e.phrase, e."group", e.code, e.target_id,'
    " e.made_at, e.made_by"
)
_PLACE: Final = (
    " p.source, p.source_id, p.name_en, p.name_fa, p.country, p.admin1_code, p.province_en, p.province_fa,"
    " ST_Y(p.geom) AS lat, ST_X(p.geom) AS lon, p.population, p.kind, p.accuracy_m"
)


async def lock(conn: Conn) -> None:
    """Be the only one who changes the lexicon: versions become visible in the order of their numbers."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('lexicon', 0))")


async def mark(conn: Conn) -> int:
    """The number of the newest version of any entry; 0 when there is none."""
    row = await (await conn.execute("SELECT coalesce(max(seq), 0) AS seq FROM lexicon_entries")).fetchone()
    return int(row["seq"]) if row else 0


async def standing(conn: Conn) -> list[DictRow]:
    """All entries that hold now, with the places that aliases mean, oldest first."""
    return await (
        await conn.execute(
            f"SELECT {_ENTRY},{_PLACE} FROM lexicon_entries e LEFT JOIN places p ON p.id = e.target_id"  # noqa: S608 - constants
            " WHERE e.current AND e.active ORDER BY e.seq"
        )
    ).fetchall()


async def page(
    conn: Conn, *, limit: int, before: int | None, within: Sequence[UUID] | None, active: bool | None
) -> list[DictRow]:
    """Entries as they are now, newest change first; `within`: also those of these emergencies only (None: of all)."""
    return await (
        await conn.execute(
            f"SELECT {_ENTRY}, p.name_en, p.name_fa FROM lexicon_entries e LEFT JOIN places p ON p.id = e.target_id"  # noqa: S608 - constants
            " WHERE e.current AND (%(before)s::bigint IS NULL OR e.seq < %(before)s)"
            " AND (%(active)s::bool IS NULL OR e.active = %(active)s)"
            " AND (%(within)s::uuid[] IS NULL OR e.emergency_id IS NULL OR e.emergency_id = ANY(%(within)s))"
            " ORDER BY e.seq DESC LIMIT %(limit)s",
            {"limit": limit, "before": before, "active": active, "within": None if within is None else list(within)},
        )
    ).fetchall()


async def versions(conn: Conn, entry_id: UUID, limit: int = 100) -> list[DictRow]:
    """All versions of an entry, newest first."""
    return await (
        await conn.execute(
            f"SELECT {_ENTRY}, p.name_en, p.name_fa FROM lexicon_entries e LEFT JOIN places p ON p.id = e.target_id"  # noqa: S608 - constants
            " WHERE e.entry_id = %s ORDER BY e.number DESC LIMIT %s",
            (entry_id, limit),
        )
    ).fetchall()


async def count(conn: Conn) -> int:
    """How many entries hold now."""
    row = await (await conn.execute("SELECT count(*) AS n FROM lexicon_entries WHERE current AND active")).fetchone()
    return int(row["n"]) if row else 0


async def alike(conn: Conn, values: Mapping[str, Any], but: UUID | None) -> UUID | None:
    """An entry that says the very same and holds."""
    row = await (
        await conn.execute(
            'SELECT entry_id FROM lexicon_entries WHERE current AND active AND phrase = %(phrase)s AND "group" ='
            " %(group)s AND code = %(code)s AND emergency_id IS NOT DISTINCT FROM %(emergency_id)s"
            " AND target_id IS NOT DISTINCT FROM %(target_id)s AND entry_id IS DISTINCT FROM %(but)s LIMIT 1",
            {**values, "but": but},
        )
    ).fetchone()
    return row["entry_id"] if row else None


async def insert(conn: Conn, values: Mapping[str, Any]) -> None:
    """A version of an entry becomes the current one: entry_id, number, active, emergency_id, phrase, group, code,
    target_id, made_by.
    """
    await conn.execute(
        "UPDATE lexicon_entries SET current = false WHERE entry_id = %s AND current", (values["entry_id"],)
    )
    await conn.execute(
        'INSERT INTO lexicon_entries (id, entry_id, number, active, emergency_id, phrase, "group", code, target_id,'
        " made_by) VALUES (%(id)s, %(entry_id)s, %(number)s, %(active)s, %(emergency_id)s, %(phrase)s, %(group)s,"
        " %(code)s, %(target_id)s, %(made_by)s)",
        {**values, "id": uuid7()},
    )


async def place(conn: Conn, place_id: UUID) -> DictRow | None:
    """A place as the gazetteer has it."""
    return await (
        await conn.execute(f"SELECT p.id AS target_id,{_PLACE} FROM places p WHERE p.id = %s", (place_id,))  # noqa: S608 - constants
    ).fetchone()


async def recent_reports(
    conn: Conn, *, limit: int, emergency: UUID | None, within: Sequence[UUID] | None
) -> list[DictRow]:
    """The newest reports that were written as words: with their sealed words."""
    return await (
        await conn.execute(
            "SELECT id, receipt, emergency_id, channel, content_type, received_at, body_sealed, data_key_wrapped"
            " FROM reports WHERE channel <> 'form'"
            " AND (%(emergency)s::uuid IS NULL OR emergency_id = %(emergency)s)"
            " AND (%(within)s::uuid[] IS NULL OR emergency_id = ANY(%(within)s))"
            " ORDER BY received_at DESC, id DESC LIMIT %(limit)s",
            {"limit": limit, "emergency": emergency, "within": None if within is None else list(within)},
        )
    ).fetchall()
