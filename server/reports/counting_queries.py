"""SQL of counting: voices and tallies, one by one or anew from the links."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn

Subject = Literal["need", "incident"]

# Of each sender the latest word on each field; unknown senders are one voice together. As `joining.count` does it.
_WORDS: Final = """
WITH live AS (
  SELECT {column} AS subject, coalesce(sender_hash, '') AS voice, said, said_at, id FROM report_links
  WHERE {column} = ANY(%(ids)s) AND undone_at IS NULL),
words AS (
  SELECT DISTINCT ON (subject, voice, field) subject, voice, field, value, said_at
  FROM live, jsonb_each(said) AS e(field, value) ORDER BY subject, voice, field, said_at DESC, id DESC)
"""
_COUNT: Final = (
    _WORDS
    + """
SELECT subject, field, value, count(*) AS voices, NULL::timestamptz AS first_at, NULL::timestamptz AS last_at
FROM words GROUP BY 1, 2, 3
UNION ALL
SELECT subject, '', NULL, count(*), min(said_at), max(said_at) FROM live WHERE said ? 'voice' GROUP BY 1
"""
)
_REFILL: Final = (
    _WORDS
    + """
INSERT INTO report_voices (subject_id, voice, words)
SELECT subject, voice,
  jsonb_object_agg(field, jsonb_build_array(value, (extract(epoch FROM said_at) * 1000000)::bigint))
FROM words GROUP BY 1, 2
"""
)
_PUT_VOICES: Final = """
INSERT INTO report_voices (subject_id, voice, words) SELECT * FROM unnest(%s::uuid[], %s::bytea[], %s::jsonb[])
ON CONFLICT (subject_id, voice) DO UPDATE SET words = excluded.words
"""
_PUT_TALLIES: Final = """
INSERT INTO report_tallies (subject_id, counts, first_at, last_at)
SELECT * FROM unnest(%s::uuid[], %s::jsonb[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (subject_id) DO UPDATE SET counts = excluded.counts, first_at = excluded.first_at,
  last_at = excluded.last_at
"""


async def tallies(conn: Conn, ids: Iterable[UUID]) -> list[DictRow]:
    """The counts of records that have been counted before."""
    wanted = list(ids)
    if not wanted:
        return []
    query = "SELECT subject_id, counts, first_at, last_at FROM report_tallies WHERE subject_id = ANY(%s::uuid[])"
    return await (await conn.execute(query, (arrays.uuids(wanted),))).fetchall()


async def voices(conn: Conn, keys: Sequence[tuple[UUID, bytes]]) -> list[DictRow]:
    """What these voices have said of these records before."""
    if not keys:
        return []
    return await (
        await conn.execute(
            "SELECT v.subject_id, v.voice, v.words FROM unnest(%s::uuid[], %s::bytea[]) AS a(subject, voice)"
            " JOIN report_voices v ON v.subject_id = a.subject AND v.voice = a.voice",
            (arrays.uuids(k[0] for k in keys), arrays.blobs(k[1] for k in keys)),
        )
    ).fetchall()


async def put_voices(conn: Conn, words: Mapping[tuple[UUID, bytes], Mapping[str, Any]]) -> None:
    """Keep what voices have said, whole, in one order for everybody."""
    if words:
        keys = sorted(words)
        await conn.execute(
            _PUT_VOICES,
            (
                arrays.uuids(k[0] for k in keys),
                arrays.blobs(k[1] for k in keys),
                arrays.jsons(words[k] for k in keys),
            ),
        )


async def put_tallies(
    conn: Conn, rows: Sequence[tuple[UUID, list[list[Any]], datetime | None, datetime | None]]
) -> None:
    """Keep the counts of records: (record, counts, first and last time it was spoken of)."""
    if rows:
        await conn.execute(
            _PUT_TALLIES,
            (
                arrays.uuids(r[0] for r in rows),
                arrays.jsons(r[1] for r in rows),
                arrays.moments(r[2] for r in rows),
                arrays.moments(r[3] for r in rows),
            ),
        )


async def count_links(conn: Conn, subject: Subject, ids: Sequence[UUID]) -> list[DictRow]:
    """What the live links of some incidents or needs say, counted by field and value."""
    return await (await conn.execute(_COUNT.format(column=f"{subject}_id"), {"ids": list(ids)})).fetchall()


async def refill_voices(conn: Conn, subject: Subject, ids: Sequence[UUID]) -> None:
    """The voices of some incidents or needs, anew from their live links."""
    await conn.execute("DELETE FROM report_voices WHERE subject_id = ANY(%s)", (list(ids),))
    await conn.execute(_REFILL.format(column=f"{subject}_id"), {"ids": list(ids)})
