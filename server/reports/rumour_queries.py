"""SQL of rumours: which reports joined refuted records, and what had been said of those when they were refuted."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn
from server.reports.joining import Kind

_REFUTED_AT: Final = "(SELECT max(v.at) FROM verifications v WHERE v.{kind}_id = {subject} AND v.became = 'refuted')"
_ON_REFUTED: Final = """
SELECT l.id, l.report_id, l.need_id, l.incident_id, l.said, l.said_at,
  EXISTS (SELECT 1 FROM report_links o LEFT JOIN needs n ON n.id = o.need_id
          LEFT JOIN incidents i ON i.id = o.incident_id
          WHERE o.report_id = l.report_id AND o.undone_at IS NULL AND o.said ? 'voice'
            AND coalesce(n.verification, i.verification) <> 'refuted') AS other_links,
  EXISTS (SELECT 1 FROM report_links o WHERE o.sender_hash = l.sender_hash AND o.undone_at IS NULL
          AND o.need_id IS NOT DISTINCT FROM l.need_id AND o.incident_id IS NOT DISTINCT FROM l.incident_id
          AND o.id <> l.id AND o.said_at < l.said_at) AS spoke_before
FROM report_links l
LEFT JOIN needs d ON d.id = l.need_id
LEFT JOIN incidents e ON e.id = l.incident_id
WHERE l.report_id = ANY(%s::uuid[]) AND l.undone_at IS NULL AND l.said ? 'voice'
  AND coalesce(d.verification, e.verification) = 'refuted'
ORDER BY l.said_at, l.id
"""
_SAID: Final = (
    "SELECT DISTINCT said FROM report_links l WHERE l.{kind}_id = %(id)s AND l.said ? 'voice'"
    " AND l.said_at <= {refuted_at} LIMIT 500"
)


async def on_refuted(conn: Conn, report_ids: Sequence[UUID]) -> list[DictRow]:
    """The voices of these reports on refuted records, oldest first.

    `other_links`: the report also speaks of something that is not refuted. `spoke_before`: its sender had spoken of
    this record earlier.
    """
    if not report_ids:
        return []
    return await (await conn.execute(_ON_REFUTED, (arrays.uuids(report_ids),))).fetchall()


async def said_before(conn: Conn, kind: Kind, subject_id: UUID) -> list[dict[str, Any]]:
    """What had been said of a record when it was last refuted, each thing once."""
    refuted_at = _REFUTED_AT.format(kind=kind, subject="%(id)s")
    found = await conn.execute(_SAID.format(kind=kind, refuted_at=refuted_at), {"id": subject_id})
    return [row["said"] for row in await found.fetchall()]
