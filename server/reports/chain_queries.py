"""All SQL of the chain: taking reports up, links, readings, marks of failure. What links say: `counting_queries`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.reports.models import READY

Subject = Literal["need", "incident"]
ATTEMPTS_MOST: Final = 3

_COLUMNS: Final = """id, emergency_id, channel, content_type, flags, received_at, occurred_at, sender_hash, body_hash,
  body_sealed, meta_sealed, geom_exact_sealed, data_key_wrapped, read_attempts, receipt, sender_sealed, read_at,
  source"""
# The limits stand in the text: were they parameters, a plan for any limit would sort all that waits.
_TAKE: Final = f"""
WITH calm AS MATERIALIZED (
  SELECT {_COLUMNS} FROM reports WHERE {READY} AND lane = 0 AND (held_until IS NULL OR held_until <= clock_timestamp())
  ORDER BY lane, received_at, id LIMIT {{limit}} FOR UPDATE SKIP LOCKED),
storm AS MATERIALIZED (
  SELECT {_COLUMNS} FROM reports WHERE {READY} AND lane = 1 AND (held_until IS NULL OR held_until <= clock_timestamp())
  ORDER BY lane, received_at, id LIMIT greatest({{share}}, {{limit}} - (SELECT count(*) FROM calm))
  FOR UPDATE SKIP LOCKED)
SELECT *, clock_timestamp() AS now FROM (SELECT * FROM calm UNION ALL SELECT * FROM storm) AS taken
"""  # noqa: S608 - fixed conditions
STORM_SHARE: Final = 10
"""For so many of the others one of lane 1, storms of one sender, is read, whatever else waits."""
# One joiner an emergency at a time: whoever holds the lock sees all that earlier holders have made. Reading, which is
# most of the work, happens before. Finer locks (by place) would let two neighbours across their border both make one.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('join:' || e::text, 0)) FROM unnest(%s::uuid[]) AS e"

# The newest links of each sender, off the index: one who has sent thousands costs no more than another.
_OWN: Final = """
SELECT DISTINCT s.sender AS sender_hash, l.need_id, l.incident_id, coalesce(d.category, i.category) AS category,
  coalesce(d.emergency_id, i.emergency_id) AS emergency_id, coalesce(d.last_reported_at, i.last_reported_at) AS last_at,
  d.corroboration, d.status, coalesce(d.place_id, i.place_id) AS place_id
FROM unnest(%s::bytea[]) AS s(sender)
CROSS JOIN LATERAL (
  SELECT k.need_id, k.incident_id FROM report_links k WHERE k.sender_hash = s.sender AND k.undone_at IS NULL
  ORDER BY k.said_at DESC LIMIT 40) l
LEFT JOIN needs d ON d.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id
WHERE (d.status IN ('open', 'tasked') OR i.status = 'open')
  AND coalesce(d.last_reported_at, i.last_reported_at) > %s - interval '72 hours'
"""
_LINK: Final = (
    ("id", "uuid"),
    ("report_id", "uuid"),
    ("incident_id", "uuid"),
    ("need_id", "uuid"),
    ("role", "text"),
    ("sender_hash", "bytea"),
    ("said", "jsonb"),
    ("said_at", "timestamptz"),
    ("made_by", "text"),
)


async def take(conn: Conn, limit: int) -> list[DictRow]:
    """Reports ready to be read, oldest first, locked; those that another worker holds are passed over.

    Lane 0 first; lane 1 gets what is left of `limit`, and a small share beyond it always. What waits for its other
    parts is let lie.
    """
    query = _TAKE.format(limit=limit, share=max(1, limit // STORM_SHARE))
    return await (await conn.execute(sql.SQL(query))).fetchall()


async def came_lately(conn: Conn, seconds: float, most: int, form: int = 1) -> int:
    """How many reports came within the last `seconds`, of up to `most` of them; a form counts for `form` messages."""
    row = await (
        await conn.execute(
            "SELECT count(*) + (%s - 1) * count(*) FILTER (WHERE channel = 'form') AS n"
            " FROM (SELECT channel FROM reports"
            " WHERE received_at > clock_timestamp() - make_interval(secs => %s) LIMIT %s) lately",
            (form, seconds, most),
        )
    ).fetchone()
    return int(row["n"]) if row else 0


async def lock_emergencies(conn: Conn, emergencies: Sequence[UUID]) -> None:
    """Be the only joiner of these emergencies until the transaction ends; always in one order."""
    if emergencies:
        await conn.execute(_LOCK, (sorted(set(emergencies)),))


async def own_subjects(conn: Conn, senders: Sequence[bytes], at: datetime) -> list[DictRow]:
    """The open records that these senders have lately spoken of."""
    if not senders:
        return []
    return await (await conn.execute(_OWN, (list(senders), at))).fetchall()


async def insert_readings(conn: Conn, rows: Sequence[tuple[UUID, Mapping[str, Any]]], rules_version: str) -> None:
    """The current readings of reports (report, reading); earlier ones are kept and no longer current."""
    reports = [r[0] for r in rows]
    await conn.execute("UPDATE readings SET current = false WHERE report_id = ANY(%s) AND current", (reports,))
    await conn.execute(
        "INSERT INTO readings (id, report_id, rules_version, reading)"
        " SELECT id, report, %s, reading FROM unnest(%s::uuid[], %s::uuid[], %s::jsonb[]) AS v(id, report, reading)",
        (
            rules_version,
            arrays.uuids(uuid7() for _ in rows),
            arrays.uuids(reports),
            arrays.jsons(dict(r[1]) for r in rows),
        ),
    )


async def mark_read(conn: Conn, rows: Sequence[tuple[UUID, bool, float | None, float | None]]) -> None:
    """Reports as read (id, whether joined too, lon and lat of the named place for those without a point of their own).

    One that waits for its emergency stays pending, but is not taken up again before it has one.
    """
    await conn.execute(
        "UPDATE reports r SET read_state = CASE WHEN v.joined THEN 'read' ELSE 'pending' END,"
        " read_at = clock_timestamp(), read_error = NULL,"
        " geom_shown = coalesce(r.geom_shown, ST_SetSRID(ST_MakePoint(v.lon, v.lat), 4326))"
        " FROM unnest(%s::uuid[], %s::bool[], %s::float8[], %s::float8[]) AS v(id, joined, lon, lat) WHERE r.id = v.id",
        (
            arrays.uuids(r[0] for r in rows),
            arrays.truths(r[1] for r in rows),
            arrays.numbers(r[2] for r in rows),
            arrays.numbers(r[3] for r in rows),
        ),
    )


async def mark_failed(conn: Conn, report_id: UUID, code: str) -> bool:
    """One more vain attempt; True when it was the last, so that a person has to look."""
    row = await (
        await conn.execute(
            "UPDATE reports SET read_attempts = read_attempts + 1, read_error = %s,"
            " read_state = CASE WHEN read_attempts + 1 >= %s THEN 'failed' ELSE read_state END WHERE id = %s"
            " RETURNING read_state",
            (code, ATTEMPTS_MOST, report_id),
        )
    ).fetchone()
    return bool(row and row["read_state"] == "failed")


async def insert_links(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Links of reports to incidents and needs; one that stands already stays as it is. Returns those that are new."""
    if not rows:
        return []
    columns = [arrays.OF_KIND[kind](r[name] for r in rows) for name, kind in _LINK]
    done = await conn.execute(
        "INSERT INTO report_links (id, report_id, incident_id, need_id, role, sender_hash, said, said_at, made_by)"
        " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bytea[], %s::jsonb[],"
        " %s::timestamptz[], %s::text[]) ON CONFLICT DO NOTHING RETURNING id",
        columns,
    )
    new = {row["id"] for row in await done.fetchall()}
    return [row for row in rows if row["id"] in new]


async def undo_links(conn: Conn, ids: Sequence[UUID], actor: str) -> None:
    """Take links apart; the rows stay as history."""
    await conn.execute(
        "UPDATE report_links SET undone_at = clock_timestamp(), undone_by = %s WHERE id = ANY(%s)"
        " AND undone_at IS NULL",
        (actor, list(ids)),
    )


async def links_of(conn: Conn, subject: Subject, subject_id: UUID, report_id: UUID | None = None) -> list[DictRow]:
    """The live links of a record, oldest first; of one report only if it is given."""
    return await (
        await conn.execute(
            f"SELECT * FROM report_links WHERE {subject}_id = %(subject)s AND undone_at IS NULL"  # noqa: S608 - two fixed words
            " AND (%(report)s::uuid IS NULL OR report_id = %(report)s) ORDER BY said_at, id",
            {"subject": subject_id, "report": report_id},
        )
    ).fetchall()


async def links_shown(conn: Conn, subject: Subject, subject_id: UUID, limit: int = 200) -> list[DictRow]:
    """The reports of a record as staff see them, primary first, then newest."""
    return await (
        await conn.execute(
            "SELECT l.report_id, r.receipt, l.said_at, r.received_at, r.channel, l.role,"  # noqa: S608 - two fixed words
            " (SELECT coalesce(jsonb_object_agg(k, v), '{}') FROM jsonb_each(l.said) e(k, v)"
            " WHERE k NOT LIKE 'mark:%%') AS said"
            f" FROM report_links l JOIN reports r ON r.id = l.report_id"
            f" WHERE l.{subject}_id = %s AND l.undone_at IS NULL ORDER"
            " BY l.role <> 'primary', l.said_at DESC, l.id DESC LIMIT %s",
            (subject_id, limit),
        )
    ).fetchall()


async def located_reports(conn: Conn, subject: Subject, subject_id: UUID) -> list[DictRow]:
    """The reports whose live links speak of a record, with what tells where they are, oldest first."""
    return await (
        await conn.execute(
            "SELECT r.id, r.channel, r.data_key_wrapped, r.geom_exact_sealed, r.meta_sealed, r.sender_hash, r.flags,"  # noqa: S608
            " CASE WHEN r.channel = 'form' THEN r.body_sealed END AS body_sealed, g.reading"
            f" FROM report_links l JOIN reports r ON r.id = l.report_id"
            " LEFT JOIN readings g ON g.report_id = r.id AND g.current"
            f" WHERE l.{subject}_id = %s AND l.undone_at IS NULL AND l.said ? 'voice' ORDER BY l.said_at, l.id",
            (subject_id,),
        )
    ).fetchall()
