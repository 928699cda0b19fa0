"""SQL of answering: what a number was told, which report a code means, what became of it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_OF_CODES: Final = """
SELECT code, r.id, r.receipt, r.emergency_id, r.sender_hash FROM unnest(%(codes)s::text[]) AS c(code)
JOIN reports r ON r.receipt = code
UNION ALL
SELECT code, r.id, r.receipt, r.emergency_id, r.sender_hash FROM unnest(%(codes)s::text[]) AS c(code)
JOIN report_aliases a ON a.receipt = code JOIN reports r ON r.id = a.report_id
"""
_STRANGERS: Final = """
SELECT r.sender_hash, count(DISTINCT g.reading->'command'->>'code') AS n FROM reports r
JOIN readings g ON g.report_id = r.id AND g.current
WHERE r.sender_hash = ANY(%s::bytea[]) AND r.received_at > clock_timestamp() - interval '1 hour'
  AND g.reading->'command'->>'command' = 'STATUS' AND g.reading->'command'->>'code' IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM reports o WHERE o.sender_hash = r.sender_hash
    AND o.receipt = translate(g.reading->'command'->>'code', '-', ''))
GROUP BY 1
"""
_FACTS: Final = """
SELECT r.id, r.receipt, r.read_state, r.emergency_id IS NULL AS triage,
  EXISTS (SELECT 1 FROM report_watches w WHERE w.report_id = r.id AND w.seen_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM events e WHERE e.subject_id = r.id AND e.verb = 'report.opened') AS seen
FROM reports r WHERE r.id = ANY(%s)
"""
_PARTS: Final = """
SELECT l.report_id, coalesce(n.status, i.status) AS status, t.state AS task FROM report_links l
LEFT JOIN needs n ON n.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id
LEFT JOIN LATERAL (SELECT state FROM tasks t WHERE t.need_id = l.need_id OR t.incident_id = l.incident_id
  ORDER BY t.created_at DESC, t.id DESC LIMIT 1) t ON true
WHERE l.report_id = ANY(%s) AND l.undone_at IS NULL AND (l.need_id IS NOT NULL OR t.state IS NOT NULL)
"""


async def lock_senders(conn: Conn, hashes: Sequence[bytes]) -> None:
    """Be the only one that answers these numbers until the transaction ends; always in one order."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('answer:' || encode(h, 'hex'), 0))"
        " FROM unnest(%s::bytea[]) AS h",
        (sorted(set(hashes)),),
    )


async def recent(conn: Conn, hashes: Sequence[bytes]) -> list[DictRow]:
    """What these numbers were told within the hour as an answer, oldest first."""
    return await (
        await conn.execute(
            "SELECT id, to_hash, template, params, state, extract(epoch FROM clock_timestamp() - created_at)::float8"
            " AS age_s FROM messages WHERE to_hash = ANY(%s::bytea[]) AND kind IN ('receipt', 'answer')"
            " AND created_at > clock_timestamp() - interval '1 hour' AND state <> 'dropped' ORDER BY created_at, id",
            (list(hashes),),
        )
    ).fetchall()


async def add_to_many(conn: Conn, rows: Sequence[tuple[UUID, int, str, UUID, int]]) -> set[UUID]:
    """Let receipts for many grow: (message, how many more, last code, last report, priority).

    Those that had not left yet: the others' reports are acknowledged anew.
    """
    if not rows:
        return set()
    done = await (
        await conn.execute(
            "UPDATE messages m SET"
            " params = jsonb_build_object('count', (m.params->>'count')::int + v.n, 'code', v.code),"
            " report_id = v.report, priority = least(m.priority, v.priority)"
            " FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::uuid[], %s::int[]) AS v(id, n, code, report, priority)"
            " WHERE m.id = v.id AND m.state = 'queued' RETURNING m.id",
            [[row[i] for row in rows] for i in range(5)],
        )
    ).fetchall()
    return {row["id"] for row in done}


async def of_codes(conn: Conn, codes: Sequence[str]) -> dict[str, DictRow]:
    """The reports that these receipts (or promised ones) stand for: id, receipt, emergency_id, sender_hash."""
    if not codes:
        return {}
    found = await (await conn.execute(_OF_CODES, {"codes": list(set(codes))})).fetchall()
    return {row["code"]: row for row in found}


async def last_of(conn: Conn, hashes: Sequence[bytes]) -> dict[bytes, DictRow]:
    """The latest report of each of these senders that is no command."""
    found = await (
        await conn.execute(
            "SELECT h AS sender_hash, r.id, r.receipt, r.emergency_id FROM unnest(%s::bytea[]) AS h"
            " CROSS JOIN LATERAL ("
            "SELECT r.id, r.receipt, r.emergency_id FROM reports r JOIN readings g ON g.report_id = r.id AND g.current"
            " WHERE r.sender_hash = h AND coalesce(g.reading->'command'->>'command', 'NEED') = 'NEED'"
            " ORDER BY r.received_at DESC, r.id DESC LIMIT 1) r",
            (list(set(hashes)),),
        )
    ).fetchall()
    return {bytes(row["sender_hash"]): row for row in found}


async def strangers_asked(conn: Conn, hashes: Sequence[bytes]) -> dict[bytes, int]:
    """How many codes that are not their own these senders have asked about within the hour."""
    found = await (await conn.execute(_STRANGERS, (list(set(hashes)),))).fetchall()
    return {bytes(row["sender_hash"]): row["n"] for row in found}


async def facts(conn: Conn, report_ids: Sequence[UUID]) -> tuple[list[DictRow], list[DictRow]]:
    """What tells a report's state: the reports, and the needs and tasked incidents that they are part of."""
    ids = list(set(report_ids))
    return (
        await (await conn.execute(_FACTS, (ids,))).fetchall(),
        await (await conn.execute(_PARTS, (ids,))).fetchall(),
    )


async def own_numbers(conn: Conn) -> list[str]:
    """The numbers that our own gateways send from, as far as their settings tell."""
    found = await (
        await conn.execute(
            "SELECT DISTINCT settings->>'from' AS number FROM gateways WHERE settings->>'from' IS NOT NULL"
        )
    ).fetchall()
    return [row["number"] for row in found]


async def links_of_report(conn: Conn, report_id: UUID) -> list[DictRow]:
    """What a report says of open records: need_id, incident_id, category, said."""
    return await (
        await conn.execute(
            "SELECT l.need_id, l.incident_id, l.said, coalesce(n.category, i.category) AS category FROM report_links l"
            " LEFT JOIN needs n ON n.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id"
            " WHERE l.report_id = %s AND l.undone_at IS NULL AND l.said ? 'voice'"
            " AND (n.status IN ('open', 'tasked') OR i.status = 'open') ORDER BY l.need_id, l.incident_id",
            (report_id,),
        )
    ).fetchall()


async def held_needs(conn: Conn, need_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the needs whose task somebody holds."""
    found = await (
        await conn.execute(
            "SELECT need_id FROM tasks WHERE need_id = ANY(%s)"
            " AND state IN ('claimed', 'accepted', 'en_route', 'escalated')",
            (list(need_ids),),
        )
    ).fetchall()
    return {row["need_id"] for row in found}


async def is_linked(conn: Conn, report_id: UUID) -> bool:
    """Whether a report is part of anything: a correction that was carried out before."""
    row = await (
        await conn.execute("SELECT 1 FROM report_links WHERE report_id = %s AND undone_at IS NULL", (report_id,))
    ).fetchone()
    return row is not None
