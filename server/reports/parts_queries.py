"""SQL of the parts of longer messages."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_MEMBERS: Final = (
    "SELECT p.report_id, p.whole, p.number, p.total, p.lead_id, r.body_hash, r.received_at FROM report_parts p"
    " JOIN reports r ON r.id = p.report_id"
)


async def lock_wholes(conn: Conn, wholes: Iterable[bytes]) -> None:
    """Be the only one that puts parts of these messages together until the transaction ends; always in one order."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('whole:' || encode(w, 'hex'), 0)) FROM unnest(%s::bytea[]) AS w",
        (sorted(set(wholes)),),
    )


async def members(conn: Conn, wholes: Iterable[bytes]) -> list[DictRow]:
    """The known parts of some sender, reference and total, oldest first."""
    return await (
        await conn.execute(
            _MEMBERS + " WHERE p.whole = ANY(%s::bytea[]) ORDER BY r.received_at, p.report_id", (sorted(set(wholes)),)
        )
    ).fetchall()


async def of_leads(conn: Conn, leads: Iterable[UUID]) -> list[DictRow]:
    """All parts of the messages with these leads, with their sealed words."""
    return await (
        await conn.execute(
            "SELECT p.report_id, p.number, p.total, p.lead_id, r.body_sealed, r.data_key_wrapped, r.content_type"
            " FROM report_parts p JOIN reports r ON r.id = p.report_id WHERE p.lead_id = ANY(%s)"
            " ORDER BY p.number, r.received_at, p.report_id",
            (list(leads),),
        )
    ).fetchall()


async def add(conn: Conn, rows: Sequence[tuple[UUID, bytes, int, int, UUID]]) -> None:
    """Note parts: report, whole, number, total, lead."""
    await conn.execute(
        "INSERT INTO report_parts (report_id, whole, number, total, lead_id)"
        " SELECT * FROM unnest(%s::uuid[], %s::bytea[], %s::bigint[], %s::bigint[], %s::uuid[])"
        " ON CONFLICT (report_id) DO NOTHING",
        tuple([row[i] for row in rows] for i in range(5)),
    )


async def hold(conn: Conn, leads: Sequence[UUID], seconds: int) -> None:
    """Let leads wait for their other parts."""
    await conn.execute(
        "UPDATE reports SET held_until = clock_timestamp() + make_interval(secs => %s) WHERE id = ANY(%s)",
        (seconds, list(leads)),
    )


async def wake(conn: Conn, leads: Sequence[tuple[UUID, str, bool]]) -> set[UUID]:
    """Let leads (id, JSON of the parts there now, whether that is all) be read; those that nobody else holds.

    One that was read with these very parts is let be; one that was not read yet is let wait until it has all. In
    triage only what was never read is taken up, so one there counts as unread again. Passing over what another holds
    keeps two chains from waiting for each other in a circle.
    """
    if not leads:
        return set()
    rows = await (
        await conn.execute(
            "SELECT id FROM reports WHERE id = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED", ([one[0] for one in leads],)
        )
    ).fetchall()
    free = {row["id"] for row in rows}
    mine = [one for one in leads if one[0] in free]
    await conn.execute(
        "UPDATE reports r SET held_until = NULL, read_state = 'pending',"
        " read_at = CASE WHEN r.emergency_id IS NULL THEN NULL ELSE r.read_at END"
        " FROM unnest(%s::uuid[], %s::jsonb[], %s::bool[]) AS v(id, have, complete)"
        " WHERE r.id = v.id AND (v.complete OR r.read_at IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM readings g"
        " WHERE g.report_id = r.id AND g.current AND g.reading->'parts'->'have' = v.have)",
        tuple([one[i] for one in mine] for i in range(3)),
    )
    return free


async def settle(conn: Conn, reports: Sequence[UUID]) -> list[DictRow]:
    """Parts whose lead speaks for them are read, and follow it to its emergency."""
    return await (
        await conn.execute(
            "UPDATE reports r SET read_state = 'read', read_at = clock_timestamp(), held_until = NULL,"
            " read_error = NULL, emergency_id = coalesce(r.emergency_id, l.emergency_id) FROM report_parts p"
            " JOIN reports l ON l.id = p.lead_id WHERE p.report_id = r.id AND r.id = ANY(%s)"
            " RETURNING r.id, r.emergency_id, p.lead_id",
            (list(reports),),
        )
    ).fetchall()


async def follow(conn: Conn, leads: Sequence[UUID]) -> list[DictRow]:
    """Parts that still wait in triage get the emergency that their lead was given."""
    return await (
        await conn.execute(
            "UPDATE reports r SET emergency_id = l.emergency_id FROM report_parts p JOIN reports l ON l.id = p.lead_id"
            " WHERE p.report_id = r.id AND p.lead_id = ANY(%s) AND r.emergency_id IS NULL"
            " AND l.emergency_id IS NOT NULL RETURNING r.id, r.emergency_id",
            (list(leads),),
        )
    ).fetchall()


async def part_of(conn: Conn, report_id: UUID) -> DictRow | None:
    """The lead, number and total of a report that is a part."""
    return await (
        await conn.execute("SELECT lead_id, number, total FROM report_parts WHERE report_id = %s", (report_id,))
    ).fetchone()


async def chain_links(conn: Conn, reports: Sequence[UUID], made_by: str) -> list[DictRow]:
    """The live links that the chain itself made of some reports, with what people have done to their records since."""
    return await (
        await conn.execute(
            "SELECT l.id, l.report_id, l.need_id, l.incident_id,"
            " coalesce(n.emergency_id, i.emergency_id) AS emergency_id, coalesce(n.status, i.status) AS status,"
            " coalesce(n.decided, i.decided) AS decided"
            " FROM report_links l LEFT JOIN needs n ON n.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id"
            " WHERE l.report_id = ANY(%s) AND l.made_by = %s AND l.undone_at IS NULL AND l.said ? 'voice'",
            (list(reports), made_by),
        )
    ).fetchall()


async def linked(conn: Conn, reports: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """(report, record) of the live links of some reports."""
    rows = await (
        await conn.execute(
            "SELECT report_id, coalesce(need_id, incident_id) AS subject FROM report_links"
            " WHERE report_id = ANY(%s) AND undone_at IS NULL",
            (list(reports),),
        )
    ).fetchall()
    return {(row["report_id"], row["subject"]) for row in rows}


async def close_empty(conn: Conn, needs: Sequence[UUID], incidents: Sequence[UUID]) -> list[DictRow]:
    """Close those of the records that no report speaks of any more: (kind, id, emergency_id)."""
    closed: list[dict[str, Any]] = []
    for kind, ids, status in (("need", needs, "closed"), ("incident", incidents, "resolved")):
        if not ids:
            continue
        done = await conn.execute(
            f"UPDATE {kind}s t SET status = '{status}' WHERE id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM report_links l"  # noqa: S608 - two fixed words
            f" WHERE l.{kind}_id = t.id AND l.undone_at IS NULL AND l.said ? 'voice') RETURNING id, emergency_id",
            (list(ids),),
        )
        closed += [{"kind": kind, "status": status, **row} for row in await done.fetchall()]
    return closed
