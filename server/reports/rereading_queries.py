"""SQL of reading anew: how far it has come, the next reports, what it proposes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.reports.models import READY

_HELD: Final = "('claimed', 'accepted', 'en_route', 'escalated')"
_DECIDED: Final = f"""
SELECT DISTINCT l.report_id FROM report_links l
LEFT JOIN needs n ON n.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id
WHERE l.report_id = ANY(%s) AND l.undone_at IS NULL AND l.said ? 'voice'
  AND (l.made_by <> 'chain' OR coalesce(n.decided, i.decided) <> '{{}}'
    OR EXISTS (SELECT 1 FROM tasks t WHERE t.need_id = l.need_id AND t.state IN {_HELD})
    OR EXISTS (SELECT 1 FROM tasks t WHERE t.incident_id = l.incident_id AND t.state IN {_HELD}))
"""  # noqa: S608 - fixed words
_UPSERT: Final = """
INSERT INTO reading_proposals (id, reread_id, report_id, emergency_id, from_reading_id, difference, before, after,
  rules_version)
SELECT id, %s, report, emergency, reading, difference, before, after, %s
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::jsonb[], %s::jsonb[])
  AS v(id, report, emergency, reading, difference, before, after)
ON CONFLICT (report_id) WHERE state = 'open' DO UPDATE SET reread_id = excluded.reread_id,
  from_reading_id = excluded.from_reading_id, difference = excluded.difference, before = excluded.before,
  after = excluded.after, rules_version = excluded.rules_version, made_at = clock_timestamp()
"""


async def start(conn: Conn, values: Mapping[str, Any]) -> UUID | None:
    """A new reading of all reports (emergency_id, since, asked_by); None while another one runs."""
    made = uuid7()
    row = await (
        await conn.execute(
            "INSERT INTO rereads (id, emergency_id, since, asked_by) VALUES (%(id)s, %(emergency_id)s, %(since)s,"
            " %(asked_by)s) ON CONFLICT (state) WHERE state = 'running' DO NOTHING RETURNING id",
            {**values, "id": made},
        )
    ).fetchone()
    return row["id"] if row else None


async def page(conn: Conn, limit: int, within: Sequence[UUID] | None) -> list[DictRow]:
    """The newest readings of all reports with how far they have come."""
    return await (
        await conn.execute(
            "SELECT * FROM rereads WHERE %(within)s::uuid[] IS NULL OR emergency_id = ANY(%(within)s)"
            " ORDER BY asked_at DESC, id DESC LIMIT %(limit)s",
            {"limit": limit, "within": None if within is None else list(within)},
        )
    ).fetchall()


async def stop(conn: Conn, reread_id: UUID) -> DictRow | None:
    """End one; what it has proposed stays. Waits for its batch at hand."""
    await conn.execute(
        "UPDATE rereads SET state = 'stopped', ended_at = clock_timestamp() WHERE id = %s AND state = 'running'",
        (reread_id,),
    )
    return await one(conn, reread_id)


async def one(conn: Conn, reread_id: UUID) -> DictRow | None:
    """One of them."""
    return await (await conn.execute("SELECT * FROM rereads WHERE id = %s", (reread_id,))).fetchone()


async def at_work(conn: Conn) -> DictRow | None:
    """The one that runs, locked; None when there is none or another process works at it."""
    return await (
        await conn.execute("SELECT * FROM rereads WHERE state = 'running' LIMIT 1 FOR UPDATE SKIP LOCKED")
    ).fetchone()


def _scope(work: Mapping[str, Any]) -> sql.Composable:
    clauses = ["r.received_at <= %(until)s"]
    for name, clause in (
        ("emergency_id", "r.emergency_id = %(emergency_id)s"),
        ("since", "r.received_at >= %(since)s"),
        ("at_id", "(r.received_at, r.id) > (%(at_received)s, %(at_id)s)"),
    ):
        if work[name] is not None:
            clauses.append(clause)
    return sql.SQL(" AND ").join(sql.SQL(c) for c in clauses)


async def total(conn: Conn, work: Mapping[str, Any]) -> int:
    """How many reports there are to look at from where it stands."""
    query = sql.SQL("SELECT count(*) AS n FROM reports r WHERE ") + _scope(work)
    row = await (await conn.execute(query, dict(work))).fetchone()
    return int(row["n"]) if row else 0


async def next_reports(conn: Conn, work: Mapping[str, Any], limit: int) -> list[DictRow]:
    """The next reports after the cursor, oldest first, as the chain takes them, with their current readings."""
    query = (
        sql.SQL(
            "SELECT r.*, g.id AS reading_id, g.reading, g.rules_version, p.lead_id FROM reports r"
            " LEFT JOIN readings g ON g.report_id = r.id AND g.current"
            " LEFT JOIN report_parts p ON p.report_id = r.id WHERE "
        )
        + _scope(work)
        + sql.SQL(" ORDER BY r.received_at, r.id LIMIT %(limit)s")
    )
    return await (await conn.execute(query, {**work, "limit": limit})).fetchall()


async def decided(conn: Conn, reports: Sequence[UUID]) -> set[UUID]:
    """Those of the reports about whose records a person has decided, or whose task somebody holds."""
    if not reports:
        return set()
    return {r["report_id"] for r in await (await conn.execute(_DECIDED, (list(reports),))).fetchall()}


async def propose(conn: Conn, reread_id: UUID, rules_version: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Proposals: report_id, emergency_id, reading_id, difference, before, after. A newer one replaces an open one."""
    if rows:
        await conn.execute(
            _UPSERT,
            (
                reread_id,
                rules_version,
                arrays.uuids(uuid7() for _ in rows),
                arrays.uuids(r["report_id"] for r in rows),
                arrays.uuids(r["emergency_id"] for r in rows),
                arrays.uuids(r["reading_id"] for r in rows),
                arrays.texts(r["difference"] for r in rows),
                arrays.jsons(r["before"] for r in rows),
                arrays.jsons(r["after"] for r in rows),
            ),
        )


async def outdate(conn: Conn, reports: Sequence[UUID]) -> None:
    """Open proposals about reports that would be read as they are now are over."""
    await conn.execute(
        "UPDATE reading_proposals SET state = 'over', decided_at = clock_timestamp()"
        " WHERE report_id = ANY(%s) AND state = 'open'",
        (list(reports),),
    )


async def advance(conn: Conn, values: Mapping[str, Any]) -> None:
    """Keep how far it has come: id, at_received, at_id, total, and by how much seen, differing, kept, failed grew."""
    await conn.execute(
        "UPDATE rereads SET at_received = %(at_received)s, at_id = %(at_id)s, total = %(total)s,"
        " rules_version = %(rules_version)s, seen = seen + %(seen)s, differing = differing + %(differing)s,"
        " kept = kept + %(kept)s, failed = failed + %(failed)s WHERE id = %(id)s",
        values,
    )


async def finish(conn: Conn, reread_id: UUID) -> None:
    """All is read."""
    await conn.execute("UPDATE rereads SET state = 'done', ended_at = clock_timestamp() WHERE id = %s", (reread_id,))


async def waiting(conn: Conn, most: int) -> int:
    """How many reports wait for the chain, counted up to `most`."""
    row = await (
        await conn.execute(
            f"SELECT count(*) AS n FROM (SELECT 1 FROM reports WHERE {READY}"  # noqa: S608 - a constant
            " AND (held_until IS NULL OR held_until <= clock_timestamp()) LIMIT %s) w",
            (most,),
        )
    ).fetchone()
    return int(row["n"]) if row else 0


async def open_proposals(conn: Conn, most: int) -> int:
    """How many proposals wait for a person, counted up to `most`."""
    row = await (
        await conn.execute(
            "SELECT count(*) AS n FROM (SELECT 1 FROM reading_proposals WHERE state = 'open' LIMIT %s) o", (most,)
        )
    ).fetchone()
    return int(row["n"]) if row else 0


_WITHIN: Final = (
    " AND (%(within)s::uuid[] IS NULL OR p.emergency_id = ANY(%(within)s))"
    " AND (%(emergency)s::uuid IS NULL OR p.emergency_id = %(emergency)s)"
)


async def proposals(conn: Conn, filters: Mapping[str, Any]) -> list[DictRow]:
    """Proposals in one state, oldest first: state, difference, emergency, within, after (the cursor), limit."""
    return await (
        await conn.execute(
            "SELECT p.id, p.report_id, r.receipt, p.emergency_id, p.difference, p.before, p.after, p.state, p.made_at,"  # noqa: S608 - a constant
            " p.decided_at, p.decided_by FROM reading_proposals p JOIN reports r ON r.id = p.report_id"
            " WHERE p.state = %(state)s AND (%(difference)s::text IS NULL OR p.difference = %(difference)s)"
            + _WITHIN
            + " AND (%(after)s::uuid IS NULL OR p.id > %(after)s) ORDER BY p.id LIMIT %(limit)s",
            dict(filters),
        )
    ).fetchall()


async def groups(conn: Conn, filters: Mapping[str, Any], limit: int) -> list[DictRow]:
    """Open proposals that are alike: difference, how many; most first. Bounded by how many may be open at all."""
    return await (
        await conn.execute(
            "SELECT p.difference, count(*) AS n FROM reading_proposals p WHERE p.state = 'open'"  # noqa: S608 - a constant
            + _WITHIN
            + " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(limit)s",
            {**filters, "limit": limit},
        )
    ).fetchall()


async def proposal(conn: Conn, proposal_id: UUID) -> DictRow | None:
    """A proposal, locked."""
    return await (
        await conn.execute("SELECT * FROM reading_proposals WHERE id = %s FOR UPDATE", (proposal_id,))
    ).fetchone()


async def decide(conn: Conn, proposal_id: UUID, state: str, actor: str) -> None:
    """What a person says to a proposal."""
    await conn.execute(
        "UPDATE reading_proposals SET state = %s, decided_at = clock_timestamp(), decided_by = %s WHERE id = %s",
        (state, actor, proposal_id),
    )


async def leave_alike(conn: Conn, filters: Mapping[str, Any], actor: str) -> int:
    """Leave all open proposals with one difference as they are; how many."""
    done = await conn.execute(
        "UPDATE reading_proposals p SET state = 'left', decided_at = clock_timestamp(), decided_by = %(actor)s"  # noqa: S608
        " WHERE p.state = 'open' AND p.difference = %(difference)s" + _WITHIN,
        {**filters, "actor": actor},
    )
    return done.rowcount
