"""Gaps, shelters and hazard areas: one SELECT each, in the form of `layer_queries`.

A gap is an open need for which nobody goes, or for which less goes than was asked (docs/live.md). Nothing here may hang
on the moment, nor on what changes without an event: the sealer reads a record again only when it is told to.
"""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from server.maps.layer_parts import PLACE, moment, props
from server.needs.rules import HOUSEHOLD

_OPEN = "('queued', 'claimed', 'accepted', 'en_route', 'escalated')"
# Who holds it and has not loaded yet is trusted to bring all of it; from then on what was loaded counts.
_GAP = f"""
CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE t.state IN ('claimed', 'accepted', 'en_route')) AS held,
    count(*) FILTER (WHERE t.state IN ('claimed', 'accepted')) AS unloaded,
    count(*) FILTER (WHERE t.state = 'escalated') AS silent, count(*) FILTER (WHERE t.state = 'queued') AS queued
  FROM tasks t WHERE t.need_id = r.id AND t.state IN {_OPEN}) t
CROSS JOIN LATERAL (SELECT coalesce(sum(x.quantity) FILTER (WHERE NOT x.there), 0) AS coming,
    coalesce(sum(x.quantity) FILTER (WHERE x.there), 0) AS there, coalesce(bool_or(x.unit <> r.unit), false) AS other
  FROM (
    SELECT k.quantity, i.unit, false AS there FROM tasks t
    JOIN stock_accounts a ON a.kind = 'transit' AND a.centre_id IS NULL AND a.task_id = t.id
    JOIN stock k ON k.account_id = a.id AND k.quantity > 0 JOIN items i ON i.id = k.item_id
    WHERE t.need_id = r.id AND t.state IN {_OPEN}
    UNION ALL
    SELECT e.quantity, i.unit, true FROM movements m JOIN entries e ON e.movement_id = m.id
    JOIN stock_accounts a ON a.id = e.account_id AND a.kind = 'received' JOIN items i ON i.id = e.item_id
    WHERE m.need_id = r.id AND m.kind = 'delivery') x) c
CROSS JOIN LATERAL (SELECT CASE WHEN r.quantity IS NULL OR c.other THEN NULL WHEN t.unloaded > 0 THEN 0
    ELSE greatest(r.quantity - c.coming - c.there, 0) END AS missing) m
CROSS JOIN LATERAL (SELECT CASE
    WHEN t.held > 0 THEN CASE WHEN m.missing > 0 THEN 'short' END
    WHEN r.quantity > 0 AND m.missing = 0 THEN NULL
    WHEN t.silent > 0 THEN 'silent' WHEN t.queued > 0 THEN 'waiting' ELSE 'nobody' END AS status,
  CASE WHEN m.missing > 0 THEN ceil(w.people * m.missing / r.quantity) ELSE w.people END::int AS people
  FROM (SELECT coalesce(r.people, round(r.households * {HOUSEHOLD})) AS people) w) g"""

GAPS = f"""
SELECT r.id, r.emergency_id, NULL::uuid AS centre_id, r.category, g.status, r.urgency, r.updated_at AS seen_at,
  ST_X(r.geom_shown) AS lon, ST_Y(r.geom_shown) AS lat,
  {
    props(
        "gaps",
        code="r.code",
        category="r.category",
        status="g.status",
        urgency="r.urgency",
        verification="r.verification",
        corroboration="r.corroboration",
        people="g.people",
        priority="r.priority",
        at="r.updated_at",
        accuracy="r.accuracy_m",
        place=PLACE,
    )
}
   || jsonb_build_object('since', {moment("r.first_reported_at")}, 'quantity', r.quantity, 'unit', r.unit,
        'missing', m.missing, 'coming', CASE WHEN NOT c.other THEN c.coming END) AS props
FROM needs r LEFT JOIN places p ON p.id = r.place_id {_GAP}
WHERE r.geom_shown IS NOT NULL AND r.status IN ('open', 'tasked') AND r.verification <> 'refuted'
  AND g.status IS NOT NULL AND {{only}}"""

SHELTERS = f"""
SELECT r.id, r.emergency_id, NULL::uuid AS centre_id, 'shelter' AS category, r.state AS status, 'none' AS urgency,
  r.updated_at AS seen_at, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat,
  {
    props(
        "shelters",
        code="r.code",
        status="r.state",
        people="r.people",
        at="coalesce(r.said_at, r.updated_at)",
        place="CASE WHEN r.name_fa IS NULL AND r.name_en IS NULL THEN NULL ELSE"
        " jsonb_build_object('fa', coalesce(r.name_fa, r.name_en), 'en', coalesce(r.name_en, r.name_fa)) END",
    )
}
   || jsonb_build_object('capacity', r.capacity) AS props
FROM shelters r WHERE r.geom IS NOT NULL AND {{only}}"""

HAZARDS = f"""
SELECT r.id, r.emergency_id, NULL::uuid AS centre_id, r.kind AS category, r.status, 'none' AS urgency,
  r.updated_at AS seen_at, ST_X(s.at) AS lon, ST_Y(s.at) AS lat,
  {
    props(
        "hazards",
        code="r.code",
        category="r.kind",
        status="r.status",
        verification="r.verification",
        at="r.updated_at",
    )
}
   || jsonb_build_object('level', r.level, 'source', r.source, 'feed', r.feed,
        'valid_until', {moment("r.valid_until")}) AS props
FROM hazards r, LATERAL (SELECT ST_PointOnSurface(r.geom) AS at) s
WHERE r.status = 'active' AND r.verification <> 'refuted' AND s.at IS NOT NULL AND NOT ST_IsEmpty(s.at) AND {{only}}"""

MORE: dict[str, str] = {"gaps": GAPS, "shelters": SHELTERS, "hazards": HAZARDS}

NEEDS_OF = """
SELECT need_id AS id FROM tasks WHERE id = ANY(%(tasks)s) AND need_id IS NOT NULL
UNION SELECT t.need_id FROM movements m JOIN tasks t ON t.id = m.task_id
  WHERE m.id = ANY(%(movements)s) AND t.need_id IS NOT NULL"""
"""A gap closes when somebody takes the task of its need, or sets out with goods."""

PEOPLE_MOST = 20_000
"""Beyond so many gaps in view cells say how many there are, but not how many people wait in them."""
GAP_SUMS = """
SELECT gx >> %(shift)s AS x, gy >> %(shift)s AS y, coalesce(sum((props->>'people')::int), 0)::int AS people,
  min(props->>'since') AS since
FROM map_features WHERE layer = 'gaps' AND emergency_id = %(emergency)s
  AND lon >= %(w)s AND lon < %(e)s AND lat >= %(s)s AND lat < %(n)s"""
"""People who wait and the oldest wait, by cell of the grid that is shown; a filter and GROUP BY 1, 2 follow."""
WHY = """
SELECT t.need_id AS id, jsonb_agg(DISTINCT e.value) AS why FROM tasks t
JOIN task_shortfalls s ON s.task_id = t.id CROSS JOIN LATERAL jsonb_array_elements(s.found) e
WHERE t.need_id = ANY(%(ids)s) AND t.state = 'queued' GROUP BY t.need_id"""
"""Why nobody takes the task of a need; read with the record, for it changes without an event."""
