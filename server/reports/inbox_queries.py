"""SQL of the queue of reports to look at: what it costs follows from what is asked for, not from what is stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn

_WHERE: Final = {
    "all": "true",
    "one": "q.emergency_id = %(emergency)s",
    "some": "q.emergency_id = ANY(%(within)s)",
}
_TAKE: Final = """
WITH next AS MATERIALIZED (
  SELECT q.report_id FROM report_looks q WHERE q.looked_at IS NULL AND {where}
    AND (q.held_until IS NULL OR q.held_until < clock_timestamp() OR q.held_by = %(desk)s)
    AND q.report_id <> ALL(%(have)s::uuid[])
  ORDER BY q.rank, q.received_at, q.report_id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
UPDATE report_looks l SET held_by = %(desk)s, held_until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM next WHERE l.report_id = next.report_id RETURNING l.report_id, l.rank, l.received_at
"""
_ITEMS: Final = """
SELECT r.*, ST_X(r.geom_shown) AS lon, ST_Y(r.geom_shown) AS lat, EXISTS (SELECT 1 FROM reports o
    WHERE o.source = r.source AND o.source_key = r.source_key AND o.body_hash <> r.body_hash) AS conflict,
  e.name_fa AS emergency_fa, e.name_en AS emergency_en, g.reading, g.rules_version,
  (SELECT count(*) FROM readings v WHERE v.report_id = r.id) AS version,
  EXISTS (SELECT 1 FROM report_watches w WHERE w.report_id = r.id AND w.seen_at IS NULL) AS watched, l.looked_at
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS a(id, nth) JOIN reports r ON r.id = a.id
LEFT JOIN emergencies e ON e.id = r.emergency_id LEFT JOIN readings g ON g.report_id = r.id AND g.current
LEFT JOIN report_looks l ON l.report_id = r.id
ORDER BY a.nth
"""
_RECORDS: Final = """
SELECT l.report_id, l.role, l.made_by, 'need' AS type, s.id, s.code, s.category, s.status, s.verification, s.urgency,
  s.people, s.households, s.quantity::float8 AS quantity, s.unit, s.corroboration AS voices, s.accuracy_m, s.version,
  s.last_reported_at, p.name_fa AS place_fa, p.name_en AS place_en, l.made_at
FROM report_links l JOIN needs s ON s.id = l.need_id LEFT JOIN places p ON p.id = s.place_id
WHERE l.report_id = ANY(%(ids)s) AND l.undone_at IS NULL
UNION ALL
SELECT l.report_id, l.role, l.made_by, 'incident', s.id, s.code, s.category, s.status, s.verification, s.urgency,
  s.people, NULL, NULL, NULL, s.corroboration, s.accuracy_m, s.version,
  s.last_reported_at, p.name_fa, p.name_en, l.made_at
FROM report_links l JOIN incidents s ON s.id = l.incident_id LEFT JOIN places p ON p.id = s.place_id
WHERE l.report_id = ANY(%(ids)s) AND l.undone_at IS NULL
"""
COUNT_MOST: Final = 1000


def _where(emergency: UUID | None, within: Sequence[UUID] | None) -> str:
    if emergency is not None:
        return _WHERE["one"]
    return _WHERE["all" if within is None else "some"]


async def add(conn: Conn, rows: Sequence[tuple[UUID, UUID | None, int, Any]]) -> None:
    """Let reports (id, emergency, rank, when it came) wait for a look; one that waits already gets its emergency.

    What somebody has looked at stays looked at.
    """
    await conn.execute(
        "INSERT INTO report_looks (report_id, emergency_id, rank, received_at)"
        " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int2[], %s::timestamptz[])"
        " ON CONFLICT (report_id) DO UPDATE SET emergency_id = excluded.emergency_id, rank = excluded.rank"
        " WHERE report_looks.looked_at IS NULL",
        (
            arrays.uuids(r[0] for r in rows),
            arrays.uuids(r[1] for r in rows),
            arrays.numbers(r[2] for r in rows),
            [r[3] for r in rows],
        ),
    )


async def known(conn: Conn, reports: Sequence[UUID]) -> dict[UUID, int]:
    """Of reports that are the first voice of nothing: how many voices the least known of their records has."""
    rows = await (
        await conn.execute(
            "SELECT l.report_id, min(coalesce(n.corroboration, i.corroboration)) AS voices FROM report_links l"
            " LEFT JOIN needs n ON n.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id"
            " WHERE l.report_id = ANY(%s::uuid[]) AND l.undone_at IS NULL GROUP BY l.report_id"
            " HAVING bool_and(coalesce(n.first_reported_at, i.first_reported_at) < l.said_at)",
            (arrays.uuids(reports),),
        )
    ).fetchall()
    return {row["report_id"]: row["voices"] for row in rows}


async def take(
    conn: Conn, *, desk: UUID, emergency: UUID | None, within: Sequence[UUID] | None, have: Sequence[UUID], most: int,
    seconds: float,
) -> list[UUID]:  # fmt: skip
    """Give a desk the next reports that nobody else holds, for so long; those it lost hold of are its own again."""
    values = {"desk": desk, "emergency": emergency, "within": list(within or ()), "have": list(have), "most": most}
    query = _TAKE.format(where=_where(emergency, within))
    rows = await (await conn.execute(query.encode(), values | {"seconds": seconds})).fetchall()
    return [r["report_id"] for r in sorted(rows, key=lambda r: (r["rank"], r["received_at"], r["report_id"]))]


async def keep(conn: Conn, desk: UUID, reports: Sequence[UUID], seconds: float) -> list[UUID]:
    """Hold on to what a desk has: which of these are still its own and wait for its look."""
    rows = await (
        await conn.execute(
            "UPDATE report_looks l SET held_until = clock_timestamp() + make_interval(secs => %s) FROM"
            " (SELECT report_id FROM report_looks WHERE report_id = ANY(%s) AND held_by = %s AND looked_at IS NULL"
            "  ORDER BY report_id FOR UPDATE) h WHERE l.report_id = h.report_id RETURNING l.report_id",
            (seconds, list(reports), desk),
        )
    ).fetchall()
    return [row["report_id"] for row in rows]


async def release(conn: Conn, desk: UUID, reports: Sequence[UUID] | None, later_s: float) -> None:
    """Give back what a desk holds (None: all of it); `later_s` above 0: nobody is offered it for so long."""
    await conn.execute(
        "UPDATE report_looks SET held_by = NULL, held_until = CASE WHEN %(later)s > 0 THEN"
        " clock_timestamp() + make_interval(secs => %(later)s) END"
        " WHERE held_by = %(desk)s AND looked_at IS NULL AND (%(all)s OR report_id = ANY(%(reports)s))",
        {"later": later_s, "desk": desk, "all": reports is None, "reports": list(reports or ())},
    )


async def items(conn: Conn, ids: Sequence[UUID]) -> list[DictRow]:
    """Reports with their sealed columns, current reading and its version, in the order asked for."""
    return await (await conn.execute(_ITEMS, {"ids": list(ids)})).fetchall()


async def records(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, list[DictRow]]:
    """What reports were joined to, by report, the primary first."""
    found: dict[UUID, list[DictRow]] = {}
    rows = await (await conn.execute(_RECORDS, {"ids": list(ids)})).fetchall()
    for row in sorted(rows, key=lambda r: (r["role"] != "primary", r["type"] != "need", r["made_at"], r["id"])):
        found.setdefault(row["report_id"], []).append(row)
    return found


async def proposals(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """What reading anew would make of reports, where that is still open: id, after."""
    rows = await (
        await conn.execute(
            "SELECT id, report_id, after FROM reading_proposals WHERE report_id = ANY(%s) AND state = 'open'",
            (list(ids),),
        )
    ).fetchall()
    return {row["report_id"]: row for row in rows}


async def looked(conn: Conn, report_id: UUID, actor: str) -> bool:
    """Somebody has looked at the reading of a report; whether she was the first."""
    done = await conn.execute(
        "INSERT INTO report_looks (report_id, emergency_id, rank, received_at, looked_at, looked_by)"
        " SELECT id, emergency_id, 0, received_at, clock_timestamp(), %(actor)s FROM reports WHERE id = %(report)s"
        " ON CONFLICT (report_id) DO UPDATE SET looked_at = excluded.looked_at, looked_by = excluded.looked_by,"
        " held_by = NULL, held_until = NULL WHERE report_looks.looked_at IS NULL",
        {"report": report_id, "actor": actor},
    )
    return done.rowcount == 1


async def unlook(conn: Conn, report_id: UUID, desk: UUID, seconds: float) -> datetime | None:
    """The look is taken back: the report waits again, held by the desk. Since when it had been looked at."""
    found = await conn.execute(
        "UPDATE report_looks q SET looked_at = NULL, looked_by = NULL, held_by = %s,"
        " held_until = clock_timestamp() + make_interval(secs => %s) FROM (SELECT report_id, looked_at"
        " FROM report_looks WHERE report_id = %s FOR UPDATE) was WHERE q.report_id = was.report_id"
        " RETURNING was.looked_at",
        (desk, seconds, report_id),
    )
    row = await found.fetchone()
    return row["looked_at"] if row else None


async def waiting(
    conn: Conn, emergency: UUID | None, within: Sequence[UUID] | None, most: int = COUNT_MOST
) -> dict[str, int]:
    """How many wait for a look, and how many of them are lives in danger; `most` at most."""
    values = {"emergency": emergency, "within": list(within or ()), "most": most}
    where = _where(emergency, within)
    row = await (
        await conn.execute(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM report_looks q WHERE q.looked_at IS NULL"  # noqa: S608 - fixed conditions
            f" AND {where} LIMIT %(most)s) a) AS waits, (SELECT count(*) FROM (SELECT 1 FROM report_looks q"
            f" WHERE q.looked_at IS NULL AND q.rank = 0 AND {where} LIMIT %(most)s) a) AS life,"
            " EXISTS (SELECT 1 FROM reports) AS some".encode(),
            values,
        )
    ).fetchone()
    return dict(row) if row else {"waits": 0, "life": 0, "some": 0}
