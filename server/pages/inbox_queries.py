"""The SQL of triage: reports with how they were read and what they became, records without a place, and counts."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_CONFLICT: Final = (
    "EXISTS (SELECT 1 FROM reports o WHERE o.source = r.source AND o.source_key = r.source_key"
    " AND o.body_hash <> r.body_hash)"
)
_WATCHED: Final = "EXISTS (SELECT 1 FROM report_watches w WHERE w.report_id = r.id AND w.seen_at IS NULL)"
VIEWS: Final[Mapping[str, str]] = {
    "life": _WATCHED,
    "triage": "r.emergency_id IS NULL",
    "failed": "r.read_state = 'failed'",
    "flagged": "r.flags <> '{}'",
    "conflict": _CONFLICT,
    "newest": "true",
}
"""View of the inbox → which reports stand in it. `person` is triage, failed and flagged together; `life` is what a life
may hang on and nobody has looked at."""
_PERSON: Final = "(r.flags <> '{}' OR r.read_state = 'failed' OR r.emergency_id IS NULL)"
COUNT_MOST: Final = 100
"""Counting stops here: who sees «99+» has enough to do."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The emergency that is looked at (None: all), and those that the reader may see (None: every one)."""

    emergency: UUID | None
    within: Sequence[UUID] | None

    def values(self) -> dict[str, Any]:
        """For the statements below."""
        return {"emergency": self.emergency, "within": None if self.within is None else list(self.within)}


_BOUND: Final = (
    " AND (%(emergency)s::uuid IS NULL OR r.emergency_id = %(emergency)s OR r.emergency_id IS NULL)"
    " AND (%(within)s::uuid[] IS NULL OR r.emergency_id = ANY(%(within)s))"
)


# Ids that a spool gave tell no time. What nobody looked at in time comes first, the longest waiting on top.
_NEWEST: Final = "r.received_at DESC, r.id DESC"
_ORDER: Final[Mapping[str, str]] = {"life": "w.escalated_at IS NULL, w.due_at, r.id"}


def _where(view: str) -> str:
    return _PERSON if view == "person" else VIEWS[view]


async def reports(conn: Conn, view: str, bounds: Bounds, *, before: UUID | None, limit: int) -> list[DictRow]:
    """Reports of a view, newest first, with reading, links and flags; nobody's words."""
    return await (
        await conn.execute(
            "SELECT r.id, r.receipt, r.emergency_id, e.name_fa AS emergency_fa, e.name_en AS"
            " emergency_en, r.channel, r.flags,"
            f" r.received_at, r.occurred_at, r.read_state, r.read_error, {_CONFLICT} AS conflict,"
            " (SELECT d.reading FROM readings d WHERE d.report_id = r.id AND d.current) AS reading,"
            " (SELECT jsonb_agg(jsonb_build_object('type', CASE WHEN l.need_id IS NULL THEN"
            " 'incidents' ELSE 'needs' END,"
            " 'id', coalesce(l.need_id, l.incident_id), 'code', coalesce(n.code, i.code),"
            " 'category', coalesce(n.category, i.category)) ORDER BY l.role <> 'primary', l.made_at)"
            " FROM report_links l LEFT JOIN needs n ON n.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id"
            " WHERE l.report_id = r.id AND l.undone_at IS NULL) AS links,"
            " w.report_id IS NOT NULL AS watched, w.escalated_at"
            " FROM reports r LEFT JOIN emergencies e ON e.id = r.emergency_id"
            " LEFT JOIN report_watches w ON w.report_id = r.id AND w.seen_at IS NULL"
            f" WHERE {_where(view)}{_BOUND} AND (%(before)s::uuid IS NULL OR (r.received_at, r.id)"
            " < (SELECT b.received_at, b.id FROM reports b WHERE b.id = %(before)s))"
            f" ORDER BY {_ORDER.get(view, _NEWEST)} LIMIT %(limit)s",
            {**bounds.values(), "before": before, "limit": limit},
        )
    ).fetchall()


async def count(conn: Conn, view: str, bounds: Bounds) -> int:
    """How many reports stand in a view, COUNT_MOST at most."""
    row = await (
        await conn.execute(
            f"SELECT count(*) AS n FROM (SELECT 1 FROM reports r WHERE {_where(view)}{_BOUND} LIMIT %(most)s) x",
            {**bounds.values(), "most": COUNT_MOST},
        )
    ).fetchone()
    return row["n"] if row else 0


# Both kinds of record in one list: what lacks a place can get no task.
_UNLOCATED: Final = """
SELECT * FROM (
  SELECT 'needs' AS type, t.id, t.code, t.category, t.urgency, t.people, t.households, t.quantity,
    t.unit, t.corroboration,
    t.last_reported_at, t.priority, t.emergency_id, t.version FROM needs t
  WHERE t.geom_shown IS NULL AND t.status = 'open' AND t.merged_into IS NULL
  UNION ALL
  SELECT 'incidents', t.id, t.code, t.category, t.urgency, t.people, NULL, NULL, NULL, t.corroboration,
    t.last_reported_at, 0, t.emergency_id, t.version FROM incidents t
  WHERE t.geom IS NULL AND t.status = 'open' AND t.merged_into IS NULL) t
WHERE (%(emergency)s::uuid IS NULL OR t.emergency_id = %(emergency)s)
  AND (%(within)s::uuid[] IS NULL OR t.emergency_id = ANY(%(within)s))
"""


async def unlocated(conn: Conn, bounds: Bounds, limit: int) -> list[DictRow]:
    """Open needs and incidents whose place nobody knows, the most urgent first, with the reports behind each."""
    return await (
        await conn.execute(
            "SELECT u.*, (SELECT jsonb_agg(jsonb_build_object('id', r.id, 'receipt', r.receipt) ORDER BY r.received_at)"
            " FROM report_links l JOIN reports r ON r.id = l.report_id WHERE l.undone_at IS NULL"
            " AND (l.need_id = u.id OR l.incident_id = u.id)) AS voices"
            f" FROM ({_UNLOCATED} ORDER BY (t.urgency = 'life') DESC, t.priority DESC, t.last_reported_at DESC"
            " LIMIT %(limit)s) u",
            {**bounds.values(), "limit": limit},
        )
    ).fetchall()


async def count_unlocated(conn: Conn, bounds: Bounds) -> int:
    """How many of them there are, COUNT_MOST at most."""
    row = await (
        await conn.execute(
            f"SELECT count(*) AS n FROM ({_UNLOCATED} LIMIT %(limit)s) u",
            {**bounds.values(), "limit": COUNT_MOST},
        )
    ).fetchone()
    return row["n"] if row else 0


async def count_set_aside(conn: Conn) -> int:
    """How many rows wait for somebody to look, COUNT_MOST at most."""
    row = await (
        await conn.execute(
            "SELECT count(*) AS n FROM (SELECT 1 FROM set_aside WHERE resolved_at IS NULL LIMIT %s) x", (COUNT_MOST,)
        )
    ).fetchone()
    return row["n"] if row else 0
