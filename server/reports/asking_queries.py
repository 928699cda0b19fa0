"""All SQL of joins that a person is asked about."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn

_COLUMNS: Final = (
    ("id", "uuid"),
    ("emergency_id", "uuid"),
    ("kind", "text"),
    ("subject_id", "uuid"),
    ("other_id", "uuid"),
    ("report_id", "uuid"),
    ("score", "float8"),
    ("reasons", "jsonb"),
    ("alike", "bytea"),
)
_NAMES: Final = ", ".join(name for name, _ in _COLUMNS)
_INSERT: Final = (
    f"INSERT INTO join_proposals ({_NAMES}) SELECT * FROM unnest("  # noqa: S608 - fixed column names
    + ", ".join(f"%s::{kind}[]" for _, kind in _COLUMNS)
    + ") ON CONFLICT DO NOTHING"
)
_SHOWN: Final = """
SELECT p.*, {one} AS one, {other} AS other FROM join_proposals p
  LEFT JOIN needs an ON p.kind = 'need' AND an.id = p.subject_id
  LEFT JOIN needs bn ON p.kind = 'need' AND bn.id = p.other_id
  LEFT JOIN incidents ai ON p.kind = 'incident' AND ai.id = p.subject_id
  LEFT JOIN incidents bi ON p.kind = 'incident' AND bi.id = p.other_id
  LEFT JOIN places ap ON ap.id = coalesce(an.place_id, ai.place_id)
  LEFT JOIN places bp ON bp.id = coalesce(bn.place_id, bi.place_id)
"""


def _summary(need: str, incident: str, place: str) -> str:
    """What may be shown of a record beside the other: shown points and named places, nothing exact, no words."""
    both = ("code", "category", "status", "verification", "urgency", "people", "corroboration", "accuracy_m")
    pairs = [f"'{c}', coalesce({need}.{c}, {incident}.{c})" for c in both]
    pairs += [
        f"'id', coalesce({need}.id, {incident}.id)",
        f"'households', {need}.households, 'quantity', {need}.quantity, 'unit', {need}.unit",
        f"'place_fa', {place}.name_fa, 'place', {place}.name_en",
        f"'lon', coalesce(ST_X({need}.geom_shown), ST_X({incident}.geom))",
        f"'lat', coalesce(ST_Y({need}.geom_shown), ST_Y({incident}.geom))",
        f"'first_at', coalesce({need}.first_reported_at, {incident}.first_reported_at)",
        f"'last_at', coalesce({need}.last_reported_at, {incident}.last_reported_at)",
    ]
    return f"jsonb_build_object({', '.join(pairs)})"


_SELECT: Final = _SHOWN.format(one=_summary("an", "ai", "ap"), other=_summary("bn", "bi", "bp"))
# A record that was closed or merged meanwhile leaves nothing to ask.
_BOTH_LIVE: Final = (
    "coalesce(an.status, ai.status) IN ('open', 'tasked') AND coalesce(bn.status, bi.status) IN ('open', 'tasked')"
)


async def put(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """New questions; a pair that was asked about before stays as it is."""
    if rows:
        await conn.execute(_INSERT, [arrays.OF_KIND[kind](r[name] for r in rows) for name, kind in _COLUMNS])


async def decided(conn: Conn, others: Iterable[UUID]) -> list[DictRow]:
    """What people have decided about these records: other_id, alike, report_id, state; the newest last."""
    return await (
        await conn.execute(
            "SELECT other_id, alike, report_id, state FROM join_proposals"
            " WHERE other_id = ANY(%s::uuid[]) AND state <> 'open' ORDER BY decided_at",
            (arrays.uuids(others),),
        )
    ).fetchall()


async def apart(conn: Conn, reports: Iterable[UUID]) -> list[DictRow]:
    """Records (other_id) that a person has said these reports (report_id) do not belong to."""
    return await (
        await conn.execute(
            "SELECT report_id, other_id FROM join_proposals WHERE report_id = ANY(%s::uuid[]) AND state = 'apart'",
            (arrays.uuids(reports),),
        )
    ).fetchall()


async def listed(
    conn: Conn, within: Sequence[UUID] | None, kinds: Sequence[str], after: tuple[datetime, UUID] | None, limit: int
) -> list[DictRow]:
    """Open questions between two live records, newest first."""
    parts = [sql.SQL("p.state = 'open'"), sql.SQL(_BOTH_LIVE), sql.SQL("p.kind = ANY(%(kinds)s)")]
    values: dict[str, Any] = {"kinds": list(kinds), "limit": limit}
    if within is not None:
        parts.append(sql.SQL("p.emergency_id = ANY(%(within)s)"))
        values["within"] = list(within)
    if after:
        parts.append(sql.SQL("(p.made_at, p.id) < (%(at)s, %(id)s)"))
        values |= {"at": after[0], "id": after[1]}
    query = sql.SQL(_SELECT) + sql.SQL(" WHERE ") + sql.SQL(" AND ").join(parts)
    return await (
        await conn.execute(query + sql.SQL(" ORDER BY p.made_at DESC, p.id DESC LIMIT %(limit)s"), values)
    ).fetchall()


async def of_reports(conn: Conn, reports: Iterable[UUID]) -> list[DictRow]:
    """What is asked about these reports and still open, the likeliest first."""
    query = f"{_SELECT} WHERE p.report_id = ANY(%s::uuid[]) AND p.state = 'open' AND {_BOTH_LIVE} ORDER BY p.score DESC"
    return await (await conn.execute(query.encode(), (arrays.uuids(reports),))).fetchall()


async def first_voices(conn: Conn, records: Iterable[UUID]) -> dict[UUID, UUID]:
    """Record → the report that speaks for it: its primary, else its oldest."""
    rows = await (
        await conn.execute(
            "SELECT s.id, v.report_id FROM unnest(%s::uuid[]) AS s(id) JOIN LATERAL (SELECT l.report_id FROM"
            " report_links l WHERE (l.need_id = s.id OR l.incident_id = s.id) AND l.undone_at IS NULL"
            " ORDER BY l.role <> 'primary', l.said_at LIMIT 1) v ON true",
            (arrays.uuids(records),),
        )
    ).fetchall()
    return {row["id"]: row["report_id"] for row in rows}


async def one(conn: Conn, proposal_id: UUID) -> DictRow | None:
    """One question, decided or not."""
    return await (await conn.execute(_SELECT + " WHERE p.id = %s", (proposal_id,))).fetchone()


async def lock(conn: Conn, proposal_id: UUID) -> DictRow | None:
    """One question, locked."""
    return await (
        await conn.execute("SELECT * FROM join_proposals WHERE id = %s FOR UPDATE", (proposal_id,))
    ).fetchone()


async def siblings(conn: Conn, proposal_id: UUID) -> list[DictRow]:
    """The other open questions of the same report whose older records share a report with this one's: one question."""
    return await (
        await conn.execute(
            """
SELECT q.* FROM join_proposals p JOIN join_proposals q ON q.report_id = p.report_id AND q.id <> p.id
WHERE p.id = %s AND q.state = 'open' AND EXISTS (
  SELECT 1 FROM report_links a JOIN report_links b ON b.report_id = a.report_id AND b.undone_at IS NULL
  WHERE a.undone_at IS NULL AND (a.need_id = p.other_id OR a.incident_id = p.other_id)
    AND (b.need_id = q.other_id OR b.incident_id = q.other_id))
ORDER BY q.id FOR UPDATE OF q""",
            (proposal_id,),
        )
    ).fetchall()


async def settle(conn: Conn, ids: Sequence[UUID], state: str, actor: str) -> None:
    """Put down what a person has decided."""
    await conn.execute(
        "UPDATE join_proposals SET state = %s, decided_at = clock_timestamp(), decided_by = %s"
        " WHERE id = ANY(%s) AND state = 'open'",
        (state, actor, list(ids)),
    )


async def put_apart(conn: Conn, row: Mapping[str, Any], actor: str) -> None:
    """What a split decides: the report stays out of the record that it was taken from."""
    await conn.execute(
        "INSERT INTO join_proposals (id, emergency_id, kind, subject_id, other_id, report_id, score, reasons, alike,"
        " state, decided_at, decided_by) VALUES (%(id)s, %(emergency_id)s, %(kind)s, %(subject_id)s, %(other_id)s,"
        " %(report_id)s, 0, '[]', '', 'apart', clock_timestamp(), %(actor)s) ON CONFLICT (subject_id, other_id)"
        " DO UPDATE SET state = 'apart', decided_at = clock_timestamp(), decided_by = excluded.decided_by",
        {**row, "actor": actor},
    )


async def merged(conn: Conn, into: UUID, gone: UUID, actor: str) -> None:
    """Two records have become one: their own question is answered, and what was asked of `gone` is asked of `into`."""
    await conn.execute(
        "UPDATE join_proposals SET state = 'joined', decided_at = clock_timestamp(), decided_by = %(actor)s"
        " WHERE (subject_id, other_id) IN ((%(into)s, %(gone)s), (%(gone)s, %(into)s)) AND state = 'open'",
        {"into": into, "gone": gone, "actor": actor},
    )
    for column, beside in (("other_id", "subject_id"), ("subject_id", "other_id")):
        await conn.execute(
            f"UPDATE join_proposals p SET {column} = %(into)s WHERE {column} = %(gone)s AND {beside} <> %(into)s"  # noqa: S608 - two fixed names
            f" AND NOT EXISTS (SELECT 1 FROM join_proposals q WHERE q.{column} = %(into)s AND q.{beside} = p.{beside})",
            {"into": into, "gone": gone},
        )
