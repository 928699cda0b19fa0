"""SQL of learning: what people have set right, and what they have looked at and left."""

from datetime import datetime
from typing import Final

from psycopg.rows import DictRow

from server.kernel.db import Conn

_CORRECTED: Final = """
SELECT {body}, c.after AS labels FROM (
  SELECT DISTINCT ON (report_id) report_id, after, made_at FROM reading_corrections
  WHERE undone_at IS NULL ORDER BY report_id, made_at DESC) c
JOIN reports r ON r.id = c.report_id
WHERE {words} ORDER BY c.made_at DESC LIMIT %s
"""
_LEFT: Final = """
WITH looked AS (
  SELECT subject_id AS id, max(seq) AS seq FROM events
  WHERE verb IN ('report.opened', 'report.seen') AND actor <> 'system'
    AND NOT data ? 'inbox' AND data->>'cause' IS DISTINCT FROM 'words'
  GROUP BY subject_id)
SELECT {body}, g.reading AS labels FROM looked l
JOIN reports r ON r.id = l.id
JOIN readings g ON g.report_id = r.id AND g.current
WHERE {words} AND NOT EXISTS (
  SELECT FROM reading_corrections c WHERE c.report_id = r.id AND c.undone_at IS NULL)
ORDER BY l.seq DESC LIMIT %s
"""
_BODY: Final = "r.id, r.body_sealed, r.data_key_wrapped, r.content_type"
# A form's answers are no words to learn from; parts of longer messages are read with their lead's words.
_WORDS: Final = "r.channel <> 'form' AND NOT 'part' = ANY(r.flags)"


async def new_corrections(conn: Conn, since: datetime | None) -> int:
    """Count the reports that were set right after `since`."""
    found = await conn.execute(
        "SELECT count(DISTINCT report_id) AS n FROM reading_corrections"
        " WHERE undone_at IS NULL AND (%(since)s::timestamptz IS NULL OR made_at > %(since)s)",
        {"since": since},
    )
    row = await found.fetchone()
    return int(row["n"]) if row else 0


async def corrected(conn: Conn, limit: int) -> list[DictRow]:
    """The newest reports that were set right: the sealed row, and `labels` as the last correction left them."""
    return await (await conn.execute(_CORRECTED.format(body=_BODY, words=_WORDS), (limit,))).fetchall()


async def left(conn: Conn, limit: int) -> list[DictRow]:
    """The newest reports that a person opened and did not correct: the sealed row, and the reading that stands."""
    return await (await conn.execute(_LEFT.format(body=_BODY, words=_WORDS), (limit,))).fetchall()
