"""All SQL of reports, their readings, their links, and what was set aside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.kernel.packing import packed

Identity = tuple[str, str, bytes]
"""(source, source_key, body_hash): what makes two messages the same one."""

COLUMNS: Final = (
    ("id", "uuid"),
    ("nth", "int4"),
    ("actor", "text"),
    ("received_at", "timestamptz"),
    ("lane", "int2"),
    ("receipt", "text"),
    ("emergency_id", "uuid"),
    ("channel", "text"),
    ("source", "text"),
    ("source_key", "text"),
    ("body_hash", "bytea"),
    ("content_type", "text"),
    ("flags", "text"),
    ("occurred_at", "timestamptz"),
    ("sender_hash", "bytea"),
    ("body_sealed", "bytea"),
    ("sender_sealed", "bytea"),
    ("meta_sealed", "bytea"),
    ("geom_exact_sealed", "bytea"),
    ("lon", "float8"),
    ("lat", "float8"),
    ("sealing_key_id", "text"),
    ("data_key_wrapped", "bytea"),
)
# ON CONFLICT without a target: a taken receipt is left out like a known message, and the caller tells them apart.
# One moment for all, and a microsecond more for each: rows are inserted in the order of their keys, and a sender's
# messages must still be read in the order they came in.
_INSERT: Final = sql.SQL("""
WITH given AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS new ({names})),
written AS (
  INSERT INTO reports (id, receipt, emergency_id, channel, source, source_key, body_hash, content_type, flags,
    received_at, lane, occurred_at, sender_hash, body_sealed, sender_sealed, meta_sealed, geom_exact_sealed,
    geom_shown, sealing_key_id, data_key_wrapped)
  SELECT id, receipt, emergency_id, channel, source, source_key, body_hash, content_type,
    CASE WHEN flags = '' THEN '{{}}' ELSE string_to_array(flags, ' ') END,
    coalesce(received_at, moment.now + nth * interval '1 microsecond'), lane,
    occurred_at, sender_hash, body_sealed, sender_sealed, meta_sealed, geom_exact_sealed,
    ST_SetSRID(ST_MakePoint(lon, lat), 4326), sealing_key_id, data_key_wrapped
  FROM given, (SELECT clock_timestamp() AS now) AS moment
  ON CONFLICT DO NOTHING
  RETURNING id, emergency_id, channel
), told AS (
  INSERT INTO events_unsealed (verb, subject_type, subject_id, emergency_id, actor, data)
  SELECT 'report.accepted', 'report', w.id, w.emergency_id, g.actor, jsonb_build_object('channel', w.channel)
  FROM written w JOIN given g USING (id) ORDER BY g.nth
)
{answer}
""")
_ANSWERS: Final = {
    False: "SELECT id, false AS conflict FROM written",
    True: "SELECT w.id, EXISTS (SELECT 1 FROM reports o WHERE o.source = g.source AND o.source_key = g.source_key"
    " AND o.body_hash <> g.body_hash) AS conflict FROM written w JOIN given g USING (id)",
}
_INSERTS: Final = {
    conflicts: _INSERT.format(
        answer=sql.SQL(answer),
        arrays=sql.SQL(", ").join(sql.SQL("%b::{}[]").format(sql.SQL(kind)) for _, kind in COLUMNS),
        names=sql.SQL(", ").join(sql.Identifier(name) for name, _ in COLUMNS),
    ).as_bytes()
    for conflicts, answer in _ANSWERS.items()
}
_KNOWN: Final = """
SELECT r.id, r.receipt, r.source, r.source_key, r.body_hash, EXISTS (
  SELECT 1 FROM reports o WHERE o.source = r.source AND o.source_key = r.source_key AND o.body_hash <> r.body_hash
) AS conflict
FROM unnest(%b::text[], %b::text[], %b::bytea[]) AS k (source, source_key, body_hash)
JOIN reports r ON r.source = k.source AND r.source_key = k.source_key AND r.body_hash = k.body_hash
"""
_CONFLICT: Final = (
    "EXISTS (SELECT 1 FROM reports o WHERE o.source = r.source AND o.source_key = r.source_key"
    " AND o.body_hash <> r.body_hash)"
)


async def insert_reports(conn: Conn, rows: Sequence[Mapping[str, Any]], *, conflicts: bool = False) -> dict[UUID, bool]:
    """Insert reports with their events (`COLUMNS`; flags parted by blanks, lon/lat of the shown point).

    The ids written, and, if asked for `conflicts`, whether others stood under the same key before this statement.
    """
    if not rows:
        return {}
    columns = [packed(kind, [row[name] for row in rows]) for name, kind in COLUMNS]
    return {row["id"]: row["conflict"] for row in await (await conn.execute(_INSERTS[conflicts], columns)).fetchall()}


async def known_reports(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> dict[Identity, DictRow]:
    """Those of the rows' identities that are in the table: id, receipt, conflict."""
    keys = [[row[name] for row in rows] for name in ("source", "source_key", "body_hash")]
    found = await (await conn.execute(_KNOWN, keys)).fetchall()
    return {(row["source"], row["source_key"], bytes(row["body_hash"])): row for row in found}


async def repeated_keys(
    conn: Conn, words: Sequence[tuple[str, bytes]], window_s: int, since: datetime | None = None
) -> dict[tuple[str, bytes], str]:
    """Of (source, body_hash)es: the keys under which the same words came within the window; without those that are new.

    Nothing else may have come from the sender since. Locks the words, in one order for everybody, until the
    transaction ends; the lock is a statement of its own, so that the next one sees what its last holder wrote.
    """
    if not words:
        return {}
    locks = sorted({int.from_bytes(body_hash[:8], signed=True) for _, body_hash in words})
    await conn.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%b::bigint[]) AS key", (locks,))
    found = await (
        await conn.execute(
            "SELECT DISTINCT ON (k.source, k.body_hash) k.source, k.body_hash, r.source_key"
            " FROM unnest(%b::text[], %b::bytea[]) AS k (source, body_hash)"
            " JOIN reports r ON r.body_hash = k.body_hash AND r.source = k.source"
            " WHERE r.received_at > coalesce(%s::timestamptz, clock_timestamp() - make_interval(secs => %s))"
            " AND NOT EXISTS ("
            "SELECT 1 FROM reports later WHERE later.sender_hash = r.sender_hash AND later.received_at > r.received_at)"
            " ORDER BY k.source, k.body_hash, r.received_at",
            ([source for source, _ in words], [body_hash for _, body_hash in words], since, window_s),
        )
    ).fetchall()
    return {(row["source"], bytes(row["body_hash"])): row["source_key"] for row in found}


_LISTED: Final = (
    "SELECT r.id, r.receipt, r.emergency_id, r.channel, r.flags, r.received_at, r.occurred_at, r.read_state,"  # noqa: S608 - constants alone
    " ST_X(r.geom_shown) AS lon, ST_Y(r.geom_shown) AS lat, " + _CONFLICT + " AS conflict FROM reports r"
)


async def reports_page(  # noqa: PLR0913 - a list's filters
    conn: Conn,
    *,
    limit: int,
    before: UUID | None,
    within: Sequence[UUID] | None,
    emergency: UUID | None = None,
    channel: str | None = None,
    state: str | None = None,
    flagged: bool | None = None,
    triage: bool | None = None,
    conflict: bool | None = None,
    since: datetime | None = None,
    box: Box | None = None,
) -> list[DictRow]:
    """Reports, newest first, without anybody's words. `within`: the emergencies the reader may see, None for all."""
    where: list[sql.Composable] = []
    params: dict[str, Any] = {
        "limit": limit,
        "before": before,
        "within": list(within or ()),
        "emergency": emergency,
        "channel": channel,
        "state": state,
        "since": since,
    }
    for given, clause in (
        (before, "(r.received_at, r.id) < (SELECT b.received_at, b.id FROM reports b WHERE b.id = %(before)s)"),
        (within, "r.emergency_id = ANY(%(within)s)"),
        (emergency, "r.emergency_id = %(emergency)s"),
        (channel, "r.channel = %(channel)s"),
        (state, "r.read_state = %(state)s"),
        (since, "r.received_at >= %(since)s"),
    ):
        if given is not None:
            where.append(sql.SQL(clause))
    for asked, clause in (
        (flagged, "(r.flags <> '{{}}' OR r.read_state = 'failed')"),
        (triage, "r.emergency_id IS NULL"),
        (conflict, _CONFLICT),
    ):
        if asked is not None:
            where.append(sql.SQL("" if asked else "NOT ") + sql.SQL(clause.replace("{{}}", "{}")))
    if box:
        where.append(
            sql.SQL(
                "r.geom_shown && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
                " AND ST_X(r.geom_shown) < %(east)s AND ST_Y(r.geom_shown) < %(north)s"
            )
        )
        params |= {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    query = sql.SQL(_LISTED) + sql.SQL(" WHERE ") + sql.SQL(" AND ").join([sql.SQL("true"), *where])
    return await (
        await conn.execute(query + sql.SQL(" ORDER BY r.received_at DESC, r.id DESC LIMIT %(limit)s"), params)
    ).fetchall()


async def report(conn: Conn, report_id: UUID) -> DictRow | None:
    """One report with its sealed columns."""
    return await (
        await conn.execute(
            "SELECT r.*, ST_X(r.geom_shown) AS lon, ST_Y(r.geom_shown) AS lat, " + _CONFLICT + " AS conflict"  # noqa: S608 - constants alone
            " FROM reports r WHERE r.id = %s",
            (report_id,),
        )
    ).fetchone()


async def others_of_identity(conn: Conn, row: Mapping[str, Any]) -> list[UUID]:
    """The other reports that came under the same identity with other bytes."""
    found = await (
        await conn.execute(
            "SELECT id FROM reports WHERE source = %s AND source_key = %s AND id <> %s ORDER BY id LIMIT 100",
            (row["source"], row["source_key"], row["id"]),
        )
    ).fetchall()
    return [other["id"] for other in found]


async def current_reading(conn: Conn, report_id: UUID) -> dict[str, Any] | None:
    """What is understood of a report now."""
    row = await (
        await conn.execute("SELECT reading FROM readings WHERE report_id = %s AND current", (report_id,))
    ).fetchone()
    return row["reading"] if row else None


async def live_links(conn: Conn, report_id: UUID) -> list[DictRow]:
    """What a report is part of, its primary first."""
    return await (
        await conn.execute(
            "SELECT CASE WHEN need_id IS NULL THEN 'incident' ELSE 'need' END AS type,"
            " coalesce(need_id, incident_id) AS id, role FROM report_links WHERE report_id = %s AND undone_at IS NULL"
            " ORDER BY role <> 'primary', need_id IS NULL, made_at, id",
            (report_id,),
        )
    ).fetchall()


async def assign(conn: Conn, report_id: UUID, emergency_id: UUID) -> None:
    """Give a report in triage its emergency and have it read (again): now it can be joined."""
    await conn.execute(
        "UPDATE reports SET emergency_id = %s, read_state = 'pending', read_attempts = 0, read_error = NULL"
        " WHERE id = %s",
        (emergency_id, report_id),
    )


async def lock_report(conn: Conn, report_id: UUID) -> DictRow | None:
    """A report's emergency, locked."""
    return await (
        await conn.execute("SELECT id, emergency_id FROM reports WHERE id = %s FOR UPDATE", (report_id,))
    ).fetchone()


async def add_set_aside(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Keep input that could not become a report; the ids written (known ones are left as they are)."""
    if not rows:
        return set()
    names = (
        "id",
        "source",
        "source_key",
        "row_number",
        "reason",
        "payload_sealed",
        "sealing_key_id",
        "data_key_wrapped",
    )
    written = await (
        await conn.execute(
            "INSERT INTO set_aside (id, source, source_key, row_number, reason, payload_sealed, sealing_key_id,"
            " data_key_wrapped) SELECT * FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::bigint[], %b::text[],"
            " %b::bytea[], %b::text[], %b::bytea[]) ON CONFLICT (source, source_key) DO NOTHING RETURNING id",
            [[row[name] for row in rows] for name in names],
        )
    ).fetchall()
    return {row["id"] for row in written}


async def set_aside_page(conn: Conn, *, limit: int, before: UUID | None, resolved: bool) -> list[DictRow]:
    """What was set aside, newest first, without its content."""
    return await (
        await conn.execute(
            "SELECT id, source, row_number, reason, created_at, resolved_at FROM set_aside"
            " WHERE (%(before)s::uuid IS NULL OR"
            " (created_at, id) < (SELECT b.created_at, b.id FROM set_aside b WHERE b.id = %(before)s))"
            " AND (resolved_at IS NOT NULL) = %(resolved)s ORDER BY created_at DESC, id DESC LIMIT %(limit)s",
            {"limit": limit, "before": before, "resolved": resolved},
        )
    ).fetchall()


async def set_aside_one(conn: Conn, aside_id: UUID) -> DictRow | None:
    """One of them with its sealed content."""
    return await (await conn.execute("SELECT * FROM set_aside WHERE id = %s", (aside_id,))).fetchone()


async def resolve_set_aside(conn: Conn, aside_id: UUID, account_id: UUID | None) -> bool:
    """Mark as looked at; False when it is not there. A second time changes nothing."""
    done = await conn.execute(
        "UPDATE set_aside SET resolved_at = coalesce(resolved_at, clock_timestamp()),"
        " resolved_by = CASE WHEN resolved_at IS NULL THEN %s ELSE resolved_by END WHERE id = %s",
        (account_id, aside_id),
    )
    return done.rowcount == 1
