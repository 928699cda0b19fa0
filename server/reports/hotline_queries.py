"""The SQL of the hotline page: what became of the calls that one person typed."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_CALLS = """
SELECT r.id, r.receipt, r.received_at, r.read_state AS state, r.emergency_id IS NULL AS triage, d.reading, l.links
FROM (SELECT * FROM reports WHERE source = %(source)s AND channel = 'hotline'
  ORDER BY received_at DESC, id DESC LIMIT %(limit)s) r
LEFT JOIN readings d ON d.report_id = r.id AND d.current
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object(
    'type', CASE WHEN k.need_id IS NULL THEN 'incident' ELSE 'need' END, 'id', coalesce(k.need_id, k.incident_id),
    'code', coalesce(n.code, i.code), 'category', coalesce(n.category, i.category))
    ORDER BY k.role <> 'primary', k.made_at) AS links
  FROM report_links k LEFT JOIN needs n ON n.id = k.need_id LEFT JOIN incidents i ON i.id = k.incident_id
  WHERE k.report_id = r.id AND k.undone_at IS NULL) l ON true
ORDER BY r.received_at DESC, r.id DESC
"""


async def calls(conn: Conn, principal: UUID, limit: int) -> list[DictRow]:
    """The newest calls that somebody typed: state, reading and what they were joined to, without words or number."""
    values: dict[str, Any] = {"source": f"api:{principal}", "limit": limit}
    return await (await conn.execute(_CALLS, values)).fetchall()
