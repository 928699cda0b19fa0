"""SQL that writes the outbox and the list of numbers that want no messages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from server.kernel import arrays
from server.kernel.db import Conn

_COLUMNS: Final = (
    ("id", "uuid"),
    ("emergency_id", "uuid"),
    ("kind", "text"),
    ("priority", "int"),
    ("dedupe_key", "text"),
    ("to_sealed", "bytea"),
    ("to_hash", "bytea"),
    ("lang", "text"),
    ("template", "text"),
    ("params", "jsonb"),
    ("words_sealed", "bytea"),
    ("report_id", "uuid"),
    ("task_id", "uuid"),
    ("reason", "text"),
    ("heeds_stop", "bool"),
    ("delay_s", "float8"),
    ("expires_s", "float8"),
    ("sealing_key_id", "text"),
    ("data_key_wrapped", "bytea"),
)
_INSERT: Final = sql.SQL("""
INSERT INTO messages (id, emergency_id, kind, priority, dedupe_key, to_sealed, to_hash, lang, template, params,
  words_sealed, report_id, task_id, state, reason, not_before, expires_at, sealing_key_id, data_key_wrapped)
SELECT new.id, emergency_id, kind, priority, dedupe_key, to_sealed, new.to_hash, lang, template, params, words_sealed,
  new.report_id, task_id, CASE WHEN why IS NULL THEN 'queued' ELSE 'dropped' END, why,
  clock_timestamp() + make_interval(secs => delay_s), clock_timestamp() + make_interval(secs => expires_s),
  sealing_key_id, data_key_wrapped
FROM unnest({arrays}) WITH ORDINALITY AS new ({names}, nth)
LEFT JOIN stopped_numbers s ON s.to_hash = new.to_hash AND heeds_stop
CROSS JOIN LATERAL (SELECT COALESCE(new.reason, CASE WHEN s.to_hash IS NOT NULL THEN 'stopped' END)) AS w (why)
ORDER BY nth
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING id
""").format(
    arrays=sql.SQL(", ").join(sql.SQL("%s::{}[]").format(sql.SQL(kind)) for _, kind in _COLUMNS),
    names=sql.SQL(", ").join(sql.Identifier(name) for name, _ in _COLUMNS),
)


async def insert_messages(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Insert messages (columns of `_COLUMNS`); the ids written. A known dedupe_key is left out."""
    columns = [arrays.OF_KIND[kind](row[name] for row in rows) for name, kind in _COLUMNS]
    return {row["id"] for row in await (await conn.execute(_INSERT, columns)).fetchall()}


async def by_key(conn: Conn, dedupe_key: str) -> UUID | None:
    """The message that took a key."""
    row = await (await conn.execute("SELECT id FROM messages WHERE dedupe_key = %s", (dedupe_key,))).fetchone()
    return row["id"] if row else None


async def stop(conn: Conn, to_hash: bytes, report_id: UUID | None = None) -> bool:
    """Note that a number wants no more messages; False when it was known. What is queued for it is dropped when due."""
    done = await conn.execute(
        "INSERT INTO stopped_numbers (to_hash, report_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", (to_hash, report_id)
    )
    return done.rowcount == 1


async def resume(conn: Conn, to_hash: bytes) -> bool:
    """Forget a number's STOP; False when there was none."""
    return (await conn.execute("DELETE FROM stopped_numbers WHERE to_hash = %s", (to_hash,))).rowcount == 1
