"""SQL of verification: its history, what a person sets and takes back, the tasks that lose their cause."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.reports.joining import Kind

_COLUMNS: Final = (
    "id",
    "emergency_id",
    "incident_id",
    "need_id",
    "was",
    "became",
    "was_decided",
    "by",
    "reason",
    "note_sealed",
    "report_id",
    "undoes",
    "sealing_key_id",
    "data_key_wrapped",
)
_INSERT: Final = sql.SQL("INSERT INTO verifications ({names}) VALUES ({values})").format(
    names=sql.SQL(", ").join(sql.Identifier(c) for c in _COLUMNS),
    values=sql.SQL(", ").join(sql.Placeholder(c) for c in _COLUMNS),
)
_TASKS: Final = """
SELECT t.id, t.code, t.kind, t.state, t.emergency_id, q.centre_id, t.need_id FROM tasks t
JOIN queues q ON q.id = t.queue_id WHERE {where}
  AND t.state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated') ORDER BY t.id LIMIT 100
"""
_RECALL: Final[Mapping[Kind, str]] = {
    "need": _TASKS.format(where="t.need_id = %(id)s AND t.state <> 'queued'"),
    "incident": _TASKS.format(
        where="(t.incident_id = %(id)s OR t.need_id IN (SELECT d.id FROM needs d WHERE d.incident_id = %(id)s"
        " AND d.status IN ('open', 'tasked') AND d.verification IN ('unverified', 'likely')))"
    ),
}
_ASKABLE: Final = """
SELECT r.id, r.receipt, r.emergency_id, r.sender_sealed, r.data_key_wrapped, g.reading->>'lang' AS lang,
  EXISTS (SELECT 1 FROM messages m WHERE m.dedupe_key = 'check:' || r.id) AS asked
FROM (SELECT report_id, said_at FROM report_links WHERE {kind}_id = %s AND undone_at IS NULL
      ORDER BY said_at DESC LIMIT 50) l
JOIN reports r ON r.id = l.report_id
LEFT JOIN readings g ON g.report_id = r.id AND g.current
WHERE r.channel IN ('sms', 'hotline') AND r.sender_sealed IS NOT NULL AND (%s::uuid IS NULL OR r.id = %s)
ORDER BY l.said_at DESC, r.id DESC
"""


async def add_line(conn: Conn, line: Mapping[str, Any]) -> None:
    """Put down one change; what is not given is null, `was_decided` false."""
    await conn.execute(_INSERT, dict.fromkeys(_COLUMNS) | {"was_decided": False} | dict(line))


async def lines(conn: Conn, kind: Kind, subject_id: UUID, limit: int = 100) -> list[DictRow]:
    """The changes of one record, newest first, without the words of notes."""
    return await (
        await conn.execute(
            "SELECT v.id, v.at, v.was, v.became, v.by, v.reason, v.note_sealed IS NOT NULL AS has_note, v.report_id,"  # noqa: S608 - two fixed words
            " v.undoes, v.was_decided, EXISTS (SELECT 1 FROM verifications u WHERE u.undoes = v.id) AS undone"
            f" FROM verifications v WHERE v.{kind}_id = %s ORDER BY v.at DESC, v.id DESC LIMIT %s",
            (subject_id, limit),
        )
    ).fetchall()


async def line(conn: Conn, line_id: UUID) -> DictRow | None:
    """One change with its sealed note."""
    return await (await conn.execute("SELECT * FROM verifications WHERE id = %s", (line_id,))).fetchone()


async def undecide(conn: Conn, kind: Kind, subject_id: UUID) -> None:
    """Leave a record's verification to its voices again."""
    table = "needs" if kind == "need" else "incidents"
    await conn.execute(
        sql.SQL("UPDATE {} SET decided = array_remove(decided, 'verification') WHERE id = %s").format(
            sql.Identifier(table)
        ),
        (subject_id,),
    )


async def to_recall(conn: Conn, kind: Kind, subject_id: UUID) -> list[DictRow]:
    """The live tasks that lose their cause when a record is refuted, and that a person has to decide about.

    Of a need those that somebody holds: what waits is taken back with it. Of an incident its own, and those of the
    needs that follow from it and that nobody has judged.
    """
    return await (await conn.execute(_RECALL[kind], {"id": subject_id})).fetchall()


async def askable(conn: Conn, kind: Kind, subject_id: UUID, report_id: UUID | None) -> list[DictRow]:
    """The reports of a record whose sender could be texted, newest first; `asked`: that was done before."""
    return await (await conn.execute(_ASKABLE.format(kind=kind), (subject_id, report_id, report_id))).fetchall()
