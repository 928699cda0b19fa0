"""SQL of corrections: a report as the chain takes it, its readings, its standing links, what was corrected."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn
from server.kernel.ids import uuid7

_HELD: Final = "('claimed', 'accepted', 'en_route', 'escalated')"
_STANDING: Final = f"""
SELECT l.id, l.need_id, l.incident_id, l.role, l.sender_hash, l.said, l.said_at, l.made_by,
  coalesce(n.category, i.category) AS category, coalesce(n.status, i.status) AS status,
  coalesce(n.decided, i.decided) AS decided,
  EXISTS (SELECT 1 FROM tasks t WHERE t.need_id = l.need_id AND t.state IN {_HELD})
    OR EXISTS (SELECT 1 FROM tasks t WHERE t.incident_id = l.incident_id AND t.state IN {_HELD}) AS held,
  NOT EXISTS (SELECT 1 FROM report_links o WHERE o.need_id = l.need_id AND o.undone_at IS NULL
      AND o.report_id <> l.report_id AND o.said ? 'voice')
    AND NOT EXISTS (SELECT 1 FROM report_links o WHERE o.incident_id = l.incident_id AND o.undone_at IS NULL
      AND o.report_id <> l.report_id AND o.said ? 'voice') AS sole
FROM report_links l LEFT JOIN needs n ON n.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id
WHERE l.report_id = %s AND l.undone_at IS NULL AND l.said ? 'voice' ORDER BY l.made_at, l.id
"""  # noqa: S608 - fixed words


async def take(conn: Conn, report_id: UUID) -> DictRow | None:
    """A report as the chain takes it, locked; waits for a chain that is reading it."""
    return await (
        await conn.execute(
            "SELECT r.*, clock_timestamp() AS now FROM reports r WHERE r.id = %s FOR UPDATE", (report_id,)
        )
    ).fetchone()


async def current(conn: Conn, report_id: UUID) -> DictRow | None:
    """The current reading of a report: id, rules_version, reading."""
    return await (
        await conn.execute(
            "SELECT id, rules_version, reading FROM readings WHERE report_id = %s AND current", (report_id,)
        )
    ).fetchone()


async def version(conn: Conn, report_id: UUID) -> int:
    """How many readings a report has had: it grows with each, so it serves as the version of the current one."""
    row = await (await conn.execute("SELECT count(*) AS n FROM readings WHERE report_id = %s", (report_id,))).fetchone()
    return int(row["n"]) if row else 0


async def state(conn: Conn, report_id: UUID) -> DictRow | None:
    """How far a report has come, and its current reading if it has one, with its version."""
    return await (
        await conn.execute(
            "SELECT r.read_state, g.rules_version, g.reading,"
            " (SELECT count(*) FROM readings v WHERE v.report_id = r.id) AS version FROM reports r"
            " LEFT JOIN readings g ON g.report_id = r.id AND g.current WHERE r.id = %s",
            (report_id,),
        )
    ).fetchone()


async def by_person(conn: Conn, reports: Sequence[UUID], rules_version: str) -> dict[UUID, dict[str, Any]]:
    """Those of the reports whose current reading a person has set, with it."""
    rows = await (
        await conn.execute(
            "SELECT report_id, reading FROM readings WHERE report_id = ANY(%s) AND current AND rules_version = %s",
            (list(reports), rules_version),
        )
    ).fetchall()
    return {row["report_id"]: row["reading"] for row in rows}


async def with_decisions(conn: Conn, rows: Sequence[DictRow], rules_version: str) -> list[DictRow]:
    """A batch of reports; those that were read before and whose reading a person has set carry it as `by_person`."""
    again = [row["id"] for row in rows if row["read_at"] is not None]
    decided = await by_person(conn, again, rules_version) if again else {}
    return [{**row, "by_person": decided[row["id"]]} if row["id"] in decided else row for row in rows]


async def put_reading(conn: Conn, report_id: UUID, reading: Mapping[str, Any], rules_version: str) -> UUID:
    """Make a reading the current one of its report; its id. Earlier ones are kept."""
    made = uuid7()
    await conn.execute("UPDATE readings SET current = false WHERE report_id = %s AND current", (report_id,))
    await conn.execute(
        "INSERT INTO readings (id, report_id, rules_version, reading) VALUES (%s, %s, %s, %s)",
        (made, report_id, rules_version, Jsonb(dict(reading))),
    )
    return made


async def add_correction(conn: Conn, row: Mapping[str, Any]) -> None:
    """Keep a correction: report_id, reading_id, before_id, made_by, fields, before, after."""
    await conn.execute(
        "INSERT INTO reading_corrections (id, report_id, reading_id, before_id, made_by, fields, before, after)"
        " VALUES (%(id)s, %(report_id)s, %(reading_id)s, %(before_id)s, %(made_by)s, %(fields)s, %(before)s,"
        " %(after)s)",
        {**row, "id": uuid7(), **{k: Jsonb(row[k]) for k in ("fields", "before", "after")}},
    )


async def last_correction(conn: Conn, report_id: UUID, reading_id: UUID) -> DictRow | None:
    """The correction that made a reading, unless it was taken back."""
    return await (
        await conn.execute(
            "SELECT id, reading_id, before_id FROM reading_corrections"
            " WHERE report_id = %s AND reading_id = %s AND undone_at IS NULL",
            (report_id, reading_id),
        )
    ).fetchone()


async def taken_proposal(conn: Conn, report_id: UUID, reading_id: UUID) -> DictRow | None:
    """The proposal of reading anew that a person took and that made this reading: id, before_id."""
    return await (
        await conn.execute(
            "SELECT p.id, p.from_reading_id AS before_id FROM reading_proposals p JOIN readings r ON r.id = %s"
            " WHERE p.report_id = %s AND p.state = 'taken' AND r.reading = p.after"
            " AND r.rules_version = p.rules_version ORDER BY p.decided_at DESC LIMIT 1",
            (reading_id, report_id),
        )
    ).fetchone()


async def leave_proposal(conn: Conn, proposal_id: UUID, actor: str) -> None:
    """A proposal that was taken is left after all."""
    await conn.execute(
        "UPDATE reading_proposals SET state = 'left', decided_at = clock_timestamp(), decided_by = %s WHERE id = %s",
        (actor, proposal_id),
    )


async def reading(conn: Conn, reading_id: UUID) -> DictRow | None:
    """One reading: rules_version, reading."""
    return await (
        await conn.execute("SELECT rules_version, reading FROM readings WHERE id = %s", (reading_id,))
    ).fetchone()


async def restand(conn: Conn, reading_id: UUID, copy_id: UUID) -> None:
    """Let a correction that made a reading also stand for the copy that took its place again."""
    await conn.execute("UPDATE reading_corrections SET reading_id = %s WHERE reading_id = %s", (copy_id, reading_id))


async def take_back(conn: Conn, correction_id: UUID, actor: str) -> None:
    """Mark a correction as taken back."""
    await conn.execute(
        "UPDATE reading_corrections SET undone_at = clock_timestamp(), undone_by = %s WHERE id = %s",
        (actor, correction_id),
    )


async def standing(conn: Conn, report_id: UUID) -> list[DictRow]:
    """The live links by which a report speaks of records, with what people have made of these since."""
    return await (await conn.execute(_STANDING, (report_id,))).fetchall()


async def show_at(conn: Conn, report_id: UUID, lon: float | None, lat: float | None) -> None:
    """Where a report is shown that brought no point of its own: at the place it names, nowhere when it names none."""
    await conn.execute(
        "UPDATE reports SET geom_shown = ST_SetSRID(ST_MakePoint(%s::float8, %s::float8), 4326)"
        " WHERE id = %s AND geom_exact_sealed IS NULL",
        (lon, lat, report_id),
    )
