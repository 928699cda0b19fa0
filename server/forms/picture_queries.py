"""SQL of looking at files: who has which in hand, and what was found."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_FREE: Final = "a.state = 'new' AND (a.held_until IS NULL OR a.held_until < clock_timestamp())"
_COLUMNS: Final = (
    "a.id, a.blob_id, a.content_type, a.size, a.state, a.attempts, a.name, a.name_sealed, a.file_sealed,"
    " a.about_sealed, a.safe_blob_id, a.shown_blob_id, a.reason, a.data_key_wrapped,"
    " EXISTS (SELECT 1 FROM submissions s WHERE s.report_id = a.report_id AND s.encrypted) AS enveloped"
)


async def free(conn: Conn, most: int) -> list[DictRow]:
    """The files (id, blob_id) that have waited longest and whose content nobody has in hand."""
    found = await conn.execute(
        # A few off the index first: compared with each other, ten thousand that wait would be read at every look.
        f"SELECT f.id, f.blob_id FROM (SELECT a.id, a.blob_id, a.created_at FROM attachments a WHERE {_FREE}"  # noqa: S608
        " ORDER BY a.created_at LIMIT %(few)s) f"
        " WHERE NOT EXISTS (SELECT 1 FROM attachments o WHERE o.blob_id = f.blob_id AND o.state = 'new'"
        " AND o.held_until > clock_timestamp()) ORDER BY f.created_at LIMIT %(most)s",
        {"most": most, "few": 8 * most},
    )
    return await found.fetchall()


async def lock(conn: Conn, content: UUID) -> bool:
    """Whether this content is ours until the transaction ends: what follows sees all that others settled of it."""
    found = await conn.execute(
        "SELECT pg_try_advisory_xact_lock(hashtextextended('picture:' || %s::text, 0)) AS ok", (content,)
    )
    row = await found.fetchone()
    return bool(row and row["ok"])


async def take(conn: Conn, chosen: Mapping[str, Any], seconds: float) -> list[DictRow]:
    """Every new file with this content, held for so long and counted as an attempt; none where another was faster."""
    found = await conn.execute(
        "UPDATE attachments a SET attempts = attempts + 1,"  # noqa: S608 - constants alone
        " held_until = clock_timestamp() + make_interval(secs => %(seconds)s)"
        f" WHERE {_FREE} AND (a.id = %(id)s OR a.blob_id = %(blob_id)s)"
        " AND NOT EXISTS (SELECT 1 FROM attachments o WHERE o.blob_id = a.blob_id AND o.state = 'new'"
        " AND o.held_until > clock_timestamp())"
        f" RETURNING {_COLUMNS}",
        {"seconds": seconds, "id": chosen["id"], "blob_id": chosen["blob_id"]},
    )
    return await found.fetchall()


async def looked_at(conn: Conn, blob_id: UUID, reasons: Sequence[str]) -> DictRow | None:
    """A file with this content that is a safe picture, or was refused for one of these reasons."""
    found = await conn.execute(
        f"SELECT {_COLUMNS} FROM attachments a WHERE a.blob_id = %s"  # noqa: S608 - constants alone
        " AND (a.state = 'safe' OR (a.state = 'refused' AND a.reason = ANY(%s))) ORDER BY a.created_at LIMIT 1",
        (blob_id, list(reasons)),
    )
    return await found.fetchone()


async def settle(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write what was found (id, state, reason, kind, safe, shown, about, key_id, wrapped); how many were still new."""
    written = 0
    for row in rows:
        done = await conn.execute(
            "UPDATE attachments SET state = %(state)s, reason = %(reason)s, held_until = NULL,"
            " content_type = coalesce(%(kind)s, content_type), safe_blob_id = %(safe)s, shown_blob_id = %(shown)s,"
            " about_sealed = %(about)s, sealing_key_id = %(key_id)s, data_key_wrapped = %(wrapped)s"
            " WHERE id = %(id)s AND state = 'new'",
            row,
        )
        written += done.rowcount
    return written


async def put_back(conn: Conn, ids: Sequence[UUID], seconds: float) -> None:
    """Let files wait for so long before the next attempt."""
    await conn.execute(
        "UPDATE attachments SET held_until = clock_timestamp() + make_interval(secs => %s)"
        " WHERE id = ANY(%s) AND state = 'new'",
        (seconds, list(ids)),
    )


async def refused_by_reason(conn: Conn) -> dict[str, int]:
    """How many files were ever refused, by reason: nothing is deleted, so these only grow."""
    rows = await (
        await conn.execute("SELECT reason, count(*) AS n FROM attachments WHERE state = 'refused' GROUP BY reason")
    ).fetchall()
    return {row["reason"] or "": row["n"] for row in rows}


async def waiting(conn: Conn) -> dict[str, int]:
    """How many submissions wait for files and for opening, and how many files for a look."""
    row = await (
        await conn.execute(
            "SELECT (SELECT count(*) FROM submissions WHERE state = 'waiting') AS files,"
            " (SELECT count(*) FROM submissions WHERE encrypted AND opened_report_id IS NULL) AS opening,"
            " (SELECT count(*) FROM attachments WHERE state = 'new') AS look"
        )
    ).fetchone()
    return dict(row) if row else {}
