"""SQL of the queue of checks: what a record's worth is made from, the rows kept, the pages read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn
from server.kernel.geo import Box
from server.reports.joining import Kind

NEWEST: Final = 12
"""So many of a record's latest reports tell how they came and from whom: its ten-thousandth voice costs no more."""
COUNTED: Final = 200
_LIVE_TASKS: Final = "state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"
_SAME: Final = (
    "SELECT 1 FROM {table} x WHERE x.verification = 'refuted' AND x.category = t.category"
    " AND x.emergency_id = t.emergency_id AND x.id <> t.id AND x.{geom} && ST_Expand(t.{geom}, 0.02)"
    " AND x.last_reported_at > t.last_reported_at - interval '72 hours'"
)
_FACTS: Final = """
SELECT t.id AS subject_id, t.emergency_id, t.category, t.verification, t.urgency, t.people, t.corroboration,
  t.{geom} IS NOT NULL AS located, ST_X(t.{geom}) AS lon, ST_Y(t.{geom}) AS lat, {own},
  (extract(epoch FROM clock_timestamp() - t.last_reported_at) / 3600)::float8 AS silent_h,
  k.queued, k.held, l.channels, l.known, l.storm, l.impossible, y.counts, EXISTS ({same}) AS near_refuted
FROM {table} t
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state <> 'queued') AS held
  FROM tasks WHERE {kind}_id = t.id AND {live_tasks}) k
CROSS JOIN LATERAL (
  SELECT array_agg(DISTINCT r.channel) AS channels, count(r.sender_hash) AS known,
    coalesce(bool_and(r.lane = 1), false) AS storm,
    coalesce(bool_or(r.flags && ARRAY['impossible_coordinates', 'far_coordinates']), false) AS impossible
  FROM (SELECT report_id FROM report_links WHERE {kind}_id = t.id AND undone_at IS NULL AND said ? 'voice'
        ORDER BY said_at DESC LIMIT {newest}) n
  JOIN reports r ON r.id = n.report_id) l
LEFT JOIN report_tallies y ON y.subject_id = t.id
WHERE t.id = ANY(%s) AND {live}
"""
_NEEDS: Final = _FACTS.format(
    table="needs",
    kind="need",
    geom="geom_shown",
    own="t.households, t.vulnerable, 0 AS needs",
    live="t.status IN ('open', 'tasked') AND t.verification <> 'confirmed'",
    same=_SAME.format(table="needs", geom="geom_shown"),
    live_tasks=_LIVE_TASKS,
    newest=NEWEST,
)
_INCIDENTS: Final = _FACTS.format(
    table="incidents",
    kind="incident",
    geom="geom",
    own="NULL::bigint AS households, '{}'::text[] AS vulnerable, (SELECT count(*) FROM (SELECT 1 FROM needs d"
    " WHERE d.incident_id = t.id AND d.status IN ('open', 'tasked') LIMIT 20) d) AS needs",
    live="t.status = 'open' AND t.verification <> 'confirmed'",
    same=_SAME.format(table="incidents", geom="geom"),
    live_tasks=_LIVE_TASKS,
    newest=NEWEST,
)
# Who speaks of a refuted record for the first time after it was refuted: each sender's first word since then.
_SINCE: Final = """
SELECT a.id AS subject_id, v.at AS refuted_at, n.at FROM unnest(%(ids)s::uuid[]) AS a(id)
CROSS JOIN LATERAL (SELECT at FROM verifications WHERE {kind}_id = a.id AND became = 'refuted'
                    ORDER BY at DESC, id DESC LIMIT 1) v
CROSS JOIN LATERAL (
  SELECT min(l.said_at) AS at FROM (
    SELECT sender_hash, said_at FROM report_links WHERE {kind}_id = a.id AND undone_at IS NULL AND said ? 'voice'
      AND said_at > v.at ORDER BY said_at DESC LIMIT 500) l
  WHERE l.sender_hash IS NULL OR NOT EXISTS (
    SELECT 1 FROM report_links o WHERE o.sender_hash = l.sender_hash AND o.{kind}_id = a.id AND o.undone_at IS NULL
      AND o.said_at <= v.at)
  GROUP BY l.sender_hash) n
"""
_MARK: Final = """
INSERT INTO checks (subject_id, kind, due_at) SELECT id, kind, clock_timestamp()
FROM unnest(%s::uuid[], %s::text[]) AS m(id, kind) ORDER BY id
ON CONFLICT (subject_id) DO UPDATE SET due_at = clock_timestamp()
WHERE checks.due_at IS NULL OR checks.due_at > clock_timestamp()
"""
# A thousand a second: what happens meanwhile does not wait behind a million old ones.
_MARK_ALL: Final = """
INSERT INTO checks (subject_id, kind, due_at)
SELECT id, kind, clock_timestamp() + make_interval(secs => row_number() OVER () / 1000.0) FROM (
  SELECT id, 'need' AS kind FROM needs WHERE status IN ('open', 'tasked')
  UNION ALL SELECT id, 'incident' FROM incidents WHERE status = 'open'
  UNION ALL SELECT subject_id, c.kind FROM checks c WHERE NOT EXISTS (
    SELECT 1 FROM needs n WHERE n.id = c.subject_id AND n.status IN ('open', 'tasked')
    UNION ALL SELECT 1 FROM incidents i WHERE i.id = c.subject_id AND i.status = 'open')) m
ON CONFLICT (subject_id) DO UPDATE SET due_at = excluded.due_at
"""
_KEEP: Final = """
UPDATE checks c SET emergency_id = v.emergency_id, centre_id = v.centre_id, score = v.score, reasons = v.reasons,
  asks = v.asks, people = v.people, geom = ST_SetSRID(ST_MakePoint(v.lon, v.lat), 4326),
  due_at = clock_timestamp() + make_interval(secs => v.due_s)
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::float8[], %s::jsonb[], %s::text[], %s::bigint[], %s::float8[],
            %s::float8[], %s::float8[])
  AS v(id, emergency_id, centre_id, score, reasons, asks, people, lon, lat, due_s)
WHERE c.subject_id = v.id
"""
_KEPT: Final = (
    ("id", "uuid"),
    ("emergency_id", "uuid"),
    ("centre_id", "uuid"),
    ("score", "float8"),
    ("reasons", "jsonb"),
    ("asks", "text"),
    ("people", "bigint"),
    ("lon", "float8"),
    ("lat", "float8"),
    ("due_s", "float8"),
)
_PAGE: Final = """
WITH page AS MATERIALIZED (
  SELECT c.* FROM checks c WHERE c.score > 0 AND {where}
  AND NOT EXISTS (SELECT 1 FROM check_skips s WHERE s.subject_id = c.subject_id AND s.actor = %(actor)s
                  AND s.until_at > clock_timestamp())
  ORDER BY c.score DESC, c.subject_id DESC LIMIT %(limit)s)
SELECT c.subject_id, c.kind, c.score, c.reasons, c.asks, c.people, c.emergency_id, c.centre_id,
  ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, r.*, p.name_fa AS place_fa, p.name_en AS place_en,
  l.reports, l.newest
FROM page c
LEFT JOIN LATERAL (
  SELECT code, category, verification, urgency, status, version, corroboration, accuracy_m, last_reported_at, place_id
  FROM needs WHERE c.kind = 'need' AND id = c.subject_id AND status IN ('open', 'tasked')
  UNION ALL
  SELECT code, category, verification, urgency, status, version, corroboration, accuracy_m, last_reported_at, place_id
  FROM incidents WHERE c.kind = 'incident' AND id = c.subject_id AND status = 'open') r ON true
LEFT JOIN places p ON p.id = r.place_id
CROSS JOIN LATERAL (
  SELECT count(*) AS reports, (array_agg(report_id ORDER BY said_at DESC, report_id DESC))[1] AS newest FROM (
    (SELECT report_id, said_at FROM report_links WHERE c.kind = 'need' AND need_id = c.subject_id
       AND undone_at IS NULL ORDER BY said_at DESC LIMIT {counted})
    UNION ALL
    (SELECT report_id, said_at FROM report_links WHERE c.kind = 'incident' AND incident_id = c.subject_id
       AND undone_at IS NULL ORDER BY said_at DESC LIMIT {counted})) n) l
ORDER BY c.score DESC, c.subject_id DESC
"""


async def mark(conn: Conn, subjects: Sequence[tuple[UUID, str]]) -> None:
    """Have the worth of these records (id, kind) made anew."""
    if subjects:
        ordered = sorted(set(subjects))
        await conn.execute(_MARK, (arrays.uuids(s[0] for s in ordered), arrays.texts(s[1] for s in ordered)))


async def mark_all(conn: Conn) -> int:
    """Have the worth of all open records made anew, a thousand a second; how many."""
    return (await conn.execute(_MARK_ALL)).rowcount


async def causes(conn: Conn, task_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """The records that tasks were made for."""
    if not task_ids:
        return []
    found = await conn.execute("SELECT need_id, incident_id FROM tasks WHERE id = ANY(%s)", (list(task_ids),))
    return [(r["need_id"], "need") if r["need_id"] else (r["incident_id"], "incident") for r in await found.fetchall()]


async def due(conn: Conn, limit: int) -> list[DictRow]:
    """Rows whose time has come, longest first, locked; those that another holds are passed over."""
    return await (
        await conn.execute(
            "SELECT subject_id, kind, flags, score, reasons FROM checks WHERE due_at <= now()"
            " ORDER BY due_at, subject_id LIMIT %s FOR UPDATE SKIP LOCKED",
            (limit,),
        )
    ).fetchall()


async def facts(conn: Conn, kind: Kind, ids: Sequence[UUID]) -> list[DictRow]:
    """What the worth of open records of one kind, not confirmed, is made from."""
    if not ids:
        return []
    return await (await conn.execute(_NEEDS if kind == "need" else _INCIDENTS, (list(ids),))).fetchall()


async def since_refuted(conn: Conn, kind: Kind, ids: Sequence[UUID]) -> dict[UUID, list[datetime]]:
    """When new senders spoke of refuted records for the first time."""
    if not ids:
        return {}
    found: dict[UUID, list[datetime]] = {}
    for row in await (await conn.execute(_SINCE.format(kind=kind), {"ids": list(ids)})).fetchall():
        if row["at"] is not None:
            found.setdefault(row["subject_id"], []).append(row["at"])
    return found


async def keep(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what records are worth; `due_s` None: not made again until something happens."""
    if rows:
        await conn.execute(_KEEP, [arrays.OF_KIND[kind](r[name] for r in rows) for name, kind in _KEPT])


async def drop(conn: Conn, ids: Sequence[UUID]) -> None:
    """Take records out of the queue."""
    if ids:
        await conn.execute("DELETE FROM checks WHERE subject_id = ANY(%s)", (list(ids),))


async def flag(conn: Conn, subjects: Sequence[tuple[UUID, str]], code: str) -> None:
    """Note something about records that has to wait for a person, and have their worth made anew."""
    for subject_id, kind in sorted(set(subjects)):
        await conn.execute(
            "INSERT INTO checks (subject_id, kind, flags, due_at) VALUES (%(id)s, %(kind)s, ARRAY[%(code)s],"
            " clock_timestamp()) ON CONFLICT (subject_id) DO UPDATE SET due_at = clock_timestamp(),"
            " flags = array(SELECT DISTINCT unnest(checks.flags || ARRAY[%(code)s]) ORDER BY 1)",
            {"id": subject_id, "kind": kind, "code": code},
        )


async def page(
    conn: Conn,
    *,
    actor: str,
    limit: int,
    within: Sequence[UUID] | None,
    centre: UUID | None,
    box: Box | None,
    after: tuple[float, UUID] | None,
) -> list[DictRow]:
    """The queue from its top, without what this actor has set aside; rows that are over have no `code`."""
    parts: list[sql.Composable] = [sql.SQL("true")]
    values: dict[str, Any] = {"actor": actor, "limit": limit}
    if within is not None:
        # One emergency as `=`: its index then gives the rows in order.
        parts.append(sql.SQL("c.emergency_id = %(within)s" if len(within) == 1 else "c.emergency_id = ANY(%(within)s)"))
        values["within"] = within[0] if len(within) == 1 else list(within)
    if centre is not None:
        parts.append(sql.SQL("c.centre_id = %(centre)s"))
        values["centre"] = centre
    if after is not None:
        parts.append(sql.SQL("(c.score, c.subject_id) < (%(after_score)s::float8, %(after_id)s::uuid)"))
        values |= {"after_score": after[0], "after_id": after[1]}
    if box is not None:
        parts.append(
            sql.SQL(
                "c.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
                " AND ST_X(c.geom) < %(east)s AND ST_Y(c.geom) < %(north)s"
            )
        )
        values |= {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    query = sql.SQL(_PAGE).format(where=sql.SQL(" AND ").join(parts), counted=sql.Literal(COUNTED))
    return await (await conn.execute(query, values)).fetchall()


async def skip(conn: Conn, subject_id: UUID, actor: str, seconds: float) -> datetime:
    """Do not offer a record to this actor for so long; until when. What has run out is forgotten."""
    await conn.execute("DELETE FROM check_skips WHERE actor = %s AND until_at < clock_timestamp()", (actor,))
    row = await (
        await conn.execute(
            "INSERT INTO check_skips (subject_id, actor, until_at)"
            " VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))"
            " ON CONFLICT (subject_id, actor) DO UPDATE SET until_at = excluded.until_at RETURNING until_at",
            (subject_id, actor, seconds),
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - RETURNING of one row
    until: datetime = row["until_at"]
    return until
