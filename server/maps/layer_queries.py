"""What each layer shows of its table: one SELECT a layer, the same for the projection, the rebuild and the check.

Columns of all: id, emergency_id, centre_id, category, status, urgency, seen_at, lon, lat, props. Only shown points
(`geom_shown`) leave households' tables; no sealed column is read here.
"""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from server.maps.layer_more_queries import MORE
from server.maps.layer_parts import PLACE as _PLACE
from server.maps.layer_parts import props as _props

INCIDENTS = f"""
SELECT r.id, r.emergency_id, NULL::uuid AS centre_id, r.category, r.status, r.urgency, r.updated_at AS seen_at,
  ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat,
  {
    _props(
        "incidents",
        code="r.code",
        category="r.category",
        status="r.status",
        urgency="r.urgency",
        verification="r.verification",
        corroboration="r.corroboration",
        people="r.people",
        at="r.updated_at",
        accuracy="r.accuracy_m",
        place=_PLACE,
    )
} AS props
FROM incidents r LEFT JOIN places p ON p.id = r.place_id
WHERE r.geom IS NOT NULL AND {{only}}"""

NEEDS = f"""
SELECT r.id, r.emergency_id, NULL::uuid AS centre_id, r.category, r.status, r.urgency, r.updated_at AS seen_at,
  ST_X(r.geom_shown) AS lon, ST_Y(r.geom_shown) AS lat,
  {
    _props(
        "needs",
        code="r.code",
        category="r.category",
        status="r.status",
        urgency="r.urgency",
        verification="r.verification",
        corroboration="r.corroboration",
        people="r.people",
        priority="r.priority",
        at="r.updated_at",
        accuracy="r.accuracy_m",
        place=_PLACE,
    )
}
   || jsonb_build_object('quantity', r.quantity, 'unit', r.unit) AS props
FROM needs r LEFT JOIN places p ON p.id = r.place_id
WHERE r.geom_shown IS NOT NULL AND {{only}}"""

TASKS = f"""
SELECT r.id, r.emergency_id, q.centre_id, coalesce(n.category, i.category, r.kind) AS category, r.state AS status,
  r.urgency, r.updated_at AS seen_at, ST_X(r.geom_shown) AS lon, ST_Y(r.geom_shown) AS lat,
  {
    _props(
        "tasks",
        code="r.code",
        category="coalesce(n.category, i.category, r.kind)",
        status="r.state",
        urgency="r.urgency",
        verification="coalesce(n.verification, i.verification)",
        people="coalesce(n.people, i.people)",
        priority="r.priority",
        at="r.updated_at",
        accuracy="coalesce(n.accuracy_m, i.accuracy_m)",
        place=_PLACE,
    )
}
   || jsonb_build_object('kind', r.kind, 'queue', r.queue_id) AS props
FROM tasks r JOIN queues q ON q.id = r.queue_id
LEFT JOIN needs n ON n.id = r.need_id LEFT JOIN incidents i ON i.id = r.incident_id
LEFT JOIN places p ON p.id = coalesce(n.place_id, i.place_id)
WHERE r.geom_shown IS NOT NULL AND {{only}}"""

_REPORT_CATEGORY = (
    "coalesce(g.reading->'incidents'->>0, g.reading->'needs'->0->>'category', g.reading->>'kind', 'other')"
)
REPORTS = f"""
SELECT r.id, r.emergency_id, NULL::uuid AS centre_id, {_REPORT_CATEGORY} AS category, r.read_state AS status,
  coalesce(g.reading->>'urgency', 'none') AS urgency, coalesce(r.read_at, r.received_at) AS seen_at,
  ST_X(r.geom_shown) AS lon, ST_Y(r.geom_shown) AS lat,
  {
    _props(
        "reports",
        code="r.receipt",
        category=_REPORT_CATEGORY,
        status="r.read_state",
        urgency="coalesce(g.reading->>'urgency', 'none')",
        people="g.reading->'people'",
        at="coalesce(r.read_at, r.received_at)",
        accuracy="g.reading->'place'->'accuracy_m'",
        place="CASE WHEN g.reading->'place'->>'name' IS NULL THEN NULL ELSE jsonb_build_object("
        "'fa', coalesce(g.reading->'place'->>'name_fa', g.reading->'place'->>'name'),"
        " 'en', g.reading->'place'->>'name') END",
    )
}
   || jsonb_build_object('channel', r.channel) AS props
FROM reports r LEFT JOIN readings g ON g.report_id = r.id AND g.current
WHERE r.geom_shown IS NOT NULL AND {{only}}"""

_CLOSURE_CATEGORY = "CASE r.kind WHEN 'road' THEN 'road_blocked' WHEN 'bridge' THEN 'bridge_out' ELSE r.kind END"
CLOSURES = f"""
SELECT r.id, r.emergency_id, NULL::uuid AS centre_id, {_CLOSURE_CATEGORY} AS category, r.status, 'none' AS urgency,
  r.updated_at AS seen_at, ST_X(s.at) AS lon, ST_Y(s.at) AS lat,
  {
    _props(
        "closures",
        code="r.code",
        category=_CLOSURE_CATEGORY,
        status="r.status",
        verification="r.verification",
        at="r.updated_at",
    )
} AS props
FROM closures r, LATERAL (SELECT ST_PointOnSurface(r.geom) AS at) s
WHERE s.at IS NOT NULL AND NOT ST_IsEmpty(s.at) AND {{only}}"""

CENTRES = f"""
SELECT r.id, NULL::uuid AS emergency_id, r.id AS centre_id, 'centre' AS category,
  CASE WHEN r.active THEN 'active' ELSE 'inactive' END AS status, 'none' AS urgency, r.updated_at AS seen_at,
  ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat,
  {
    _props(
        "centres",
        code="r.code",
        status="CASE WHEN r.active THEN 'active' ELSE 'inactive' END",
        at="r.updated_at",
        place="jsonb_build_object('fa', r.name_fa, 'en', r.name_en)",
    )
} AS props
FROM centres r WHERE {{only}}"""

# What left a centre for a task: at the centre while it is on the road, at the need once delivered.
_MOVEMENT_STATUS = """CASE
  WHEN EXISTS (SELECT 1 FROM stock_accounts a JOIN stock k ON k.account_id = a.id
               WHERE a.kind = 'transit' AND a.task_id = r.task_id AND k.quantity > 0) THEN 'in_transit'
  WHEN EXISTS (SELECT 1 FROM movements d WHERE d.task_id = r.task_id AND d.kind = 'delivery') THEN 'delivered'
  WHEN EXISTS (SELECT 1 FROM movements d WHERE d.task_id = r.task_id AND d.kind = 'loss') THEN 'lost'
  ELSE 'returned' END"""
MOVEMENTS = f"""
SELECT r.id, r.emergency_id, o.centre_id, g.category, s.status, coalesce(t.urgency, 'none') AS urgency,
  r.at AS seen_at, ST_X(w.at) AS lon, ST_Y(w.at) AS lat,
  {
    _props(
        "movements",
        code="r.code",
        category="g.category",
        status="s.status",
        urgency="t.urgency",
        at="r.at",
        place=_PLACE,
    )
}
   || jsonb_build_object('items', g.items, 'task', r.task_id,
        'origin', jsonb_build_object('fa', c.name_fa, 'en', c.name_en),
        'target', CASE WHEN t.geom_shown IS NULL THEN NULL
                  ELSE jsonb_build_array(ST_X(t.geom_shown), ST_Y(t.geom_shown)) END) AS props
FROM movements r JOIN tasks t ON t.id = r.task_id
JOIN LATERAL (SELECT a.centre_id FROM entries e JOIN stock_accounts a ON a.id = e.account_id
  WHERE e.movement_id = r.id AND a.kind = 'centre' AND e.quantity < 0 ORDER BY a.centre_id LIMIT 1) o ON true
JOIN centres c ON c.id = o.centre_id
JOIN LATERAL (SELECT min(x.category) AS category, jsonb_agg(jsonb_build_object('fa', x.name_fa, 'en', x.name_en,
    'unit', x.unit, 'quantity', -e.quantity) ORDER BY x.code) AS items
  FROM entries e JOIN items x ON x.id = e.item_id JOIN stock_accounts a ON a.id = e.account_id
  WHERE e.movement_id = r.id AND a.kind = 'centre' AND e.quantity < 0) g ON true
CROSS JOIN LATERAL (SELECT {_MOVEMENT_STATUS} AS status) s
CROSS JOIN LATERAL (SELECT CASE WHEN s.status = 'delivered' THEN coalesce(t.geom_shown, c.geom) ELSE c.geom END AS at) w
LEFT JOIN needs n ON n.id = r.need_id LEFT JOIN places p ON p.id = n.place_id
WHERE r.kind = 'dispatch' AND {{only}}"""

SELECTS: dict[str, str] = {
    "incidents": INCIDENTS,
    "needs": NEEDS,
    "tasks": TASKS,
    "reports": REPORTS,
    "closures": CLOSURES,
    "centres": CENTRES,
    "movements": MOVEMENTS,
    **MORE,
}
_BY_IDS = "r.id = ANY(%(ids)s::uuid[])"


def by_ids(layer: str) -> str:
    """The layer's rows among `%(ids)s`, as the text of a subquery."""
    return SELECTS[layer].format(only=_BY_IDS)


def everything(layer: str) -> str:
    """All the layer's rows, as the text of a subquery."""
    return SELECTS[layer].format(only="true")


OPEN_TASKS_OF = """
SELECT id FROM tasks WHERE need_id = ANY(%(needs)s)
  AND state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')
UNION SELECT id FROM tasks WHERE incident_id = ANY(%(incidents)s)
  AND state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"""
"""A task shows its need's category and place: when the need changes, so does the task on the map."""

DISPATCHES_OF = """
SELECT id FROM movements WHERE kind = 'dispatch' AND task_id IN
  (SELECT task_id FROM movements WHERE id = ANY(%(movements)s) AND task_id IS NOT NULL)"""
"""A delivery or a loss changes how the dispatch of the same task stands on the map."""
