"""The questions of `hamyar verify`, as SQL. Each gives a column `wrong`, one row a thing that is wrong."""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from server.dispatch.rules import OPEN
from server.maps.layer_queries import everything
from server.maps.queries import CELL_COLUMNS, COARSER_CELLS, FINEST_CELLS, WHOLE_CELLS

EVENTS = """
SELECT seq, at, verb, subject_type, subject_id, emergency_id, centre_id, actor, data, hash FROM events ORDER BY seq"""
_WORKER_RUNS = """EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted
  AND classid = 0 AND objid = %(lock)s
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""
EVENTS_WAITING = f"""
SELECT verb || ' ' || subject_id AS wrong FROM events_unsealed
WHERE at < clock_timestamp() - interval '1 minute' AND {_WORKER_RUNS}"""

REPORTS_WITHOUT_READING = """
SELECT r.receipt || CASE WHEN r.read_state = 'read' THEN ' has no reading' ELSE ' has one too early' END AS wrong
FROM reports r LEFT JOIN readings g ON g.report_id = r.id AND g.current
WHERE (r.read_state = 'read') <> (g.id IS NOT NULL) AND r.read_state <> 'failed'"""

_HELD = "('claimed', 'accepted', 'en_route')"
HELD_WITHOUT_LEASE = f"""
SELECT t.code || ' is ' || t.state || ' without its lease' AS wrong FROM tasks t
LEFT JOIN leases l ON l.task_id = t.id AND l.ended_at IS NULL AND l.fence = t.fence AND l.volunteer_id = t.holder_id
WHERE t.state IN {_HELD} AND l.id IS NULL"""
LEASE_WITHOUT_HOLDER = f"""
SELECT t.code || ' is ' || t.state || ' and has a live lease' AS wrong FROM leases l JOIN tasks t ON t.id = l.task_id
WHERE l.ended_at IS NULL AND t.state NOT IN {_HELD} AND t.state <> 'escalated'"""
HELD_TWICE = """
SELECT t.code || ' is held twice' AS wrong FROM leases l JOIN tasks t ON t.id = l.task_id
WHERE l.ended_at IS NULL GROUP BY t.id, t.code HAVING count(*) > 1"""
TASKS_FORGOTTEN = f"""
SELECT code || ' is ' || state || ' beyond its lease' AS wrong FROM tasks
WHERE state IN {_HELD} AND lease_until < clock_timestamp() - interval '5 minutes' AND {_WORKER_RUNS}"""

MOVEMENTS_UNBALANCED = """
SELECT m.code || ' does not balance' AS wrong FROM entries e JOIN movements m ON m.id = e.movement_id
GROUP BY m.id, m.code, e.item_id HAVING sum(e.quantity) <> 0"""
STOCK_NOT_SUM = """
SELECT 'stock of ' || coalesce(s.account_id, e.account_id) || ' ' || coalesce(s.item_id, e.item_id) AS wrong
FROM stock s FULL JOIN (SELECT account_id, item_id, sum(quantity) AS quantity FROM entries GROUP BY 1, 2) e
  ON e.account_id = s.account_id AND e.item_id = s.item_id
WHERE coalesce(s.quantity, 0) <> coalesce(e.quantity, 0)"""

# Unknown senders are one voice together, as `reports.joining.count` has it.
CORROBORATION = """
SELECT r.code || ' says ' || r.corroboration || ', links say ' || coalesce(l.voices, 0) AS wrong FROM {table} r
LEFT JOIN (SELECT {column} AS id, count(DISTINCT coalesce(sender_hash, '')) AS voices FROM report_links
  WHERE undone_at IS NULL AND {column} IS NOT NULL AND said ? 'voice' GROUP BY 1) l ON l.id = r.id
WHERE r.corroboration <> coalesce(l.voices, 0)"""

_PENDING = "SELECT subject_id FROM events_unsealed"
_OPEN = ", ".join(f"'{state}'" for state in OPEN)
# A task with an event that is not sealed yet is not counted anew yet; all others are counted as they stand.
LOADS_NOT_TASKS = f"""
SELECT 'task ' || coalesce(t.id, l.task_id) || ' is not counted as it stands' AS wrong
FROM (SELECT id, queue_id, state, (urgency = 'life')::int AS life,
    (state = 'queued' AND flagged_at IS NOT NULL)::int AS flagged FROM tasks WHERE state IN ({_OPEN})) t
FULL JOIN task_loads l ON l.task_id = t.id
WHERE (t.queue_id, t.state, t.life, t.flagged) IS DISTINCT FROM (l.queue_id, l.state, l.life, l.flagged)
  AND coalesce(t.id, l.task_id) NOT IN ({_PENDING})"""
QUEUES_NOT_LOADS = """
SELECT 'queue ' || coalesce(q.queue_id, l.queue_id) || ' ' || coalesce(q.state, l.state) AS wrong
FROM (SELECT * FROM queue_loads WHERE (n, life, flagged) <> (0, 0, 0)) q
FULL JOIN (SELECT queue_id, state, count(*) AS n, sum(life) AS life, sum(flagged) AS flagged
  FROM task_loads GROUP BY 1, 2) l ON l.queue_id = q.queue_id AND l.state = q.state
WHERE (q.n, q.life, q.flagged) IS DISTINCT FROM (l.n, l.life, l.flagged)"""
# What is not sealed yet is not on the map yet; nor is what depends on it.
_DEPENDENTS = {
    "tasks": f"UNION SELECT id FROM tasks WHERE need_id IN ({_PENDING}) OR incident_id IN ({_PENDING})",
    "movements": "UNION SELECT id FROM movements WHERE task_id IN"
    f" (SELECT task_id FROM movements WHERE id IN ({_PENDING}))",
}
# A closed task keeps what its need was like when it ended; a movement's place follows its task's.
_COMPARED = {
    "tasks": "(w.status, w.urgency, w.lon, w.lat, CASE WHEN w.status IN ('done', 'failed', 'cancelled') THEN f.category"
    " ELSE w.category END) IS DISTINCT FROM (f.status, f.urgency, f.lon, f.lat, f.category)",
    "movements": "(w.status, w.category) IS DISTINCT FROM (f.status, f.category)",
}
_ALL = (
    "(w.status, w.category, w.urgency, w.lon, w.lat) IS DISTINCT FROM (f.status, f.category, f.urgency, f.lon, f.lat)"
)


def features_wrong(layer: str) -> str:
    """Records that the map shows otherwise than they are, not at all, or still."""
    return f"""
SELECT '{layer} ' || coalesce(w.id, f.id) AS wrong FROM ({everything(layer)}) AS w
FULL JOIN (SELECT * FROM map_features WHERE layer = '{layer}') AS f ON f.id = w.id
WHERE (w.id IS NULL OR f.id IS NULL OR {_COMPARED.get(layer, _ALL)}
    OR coalesce(w.emergency_id, '00000000-0000-0000-0000-000000000000') <> f.emergency_id)
  AND coalesce(w.id, f.id) NOT IN ({_PENDING} {_DEPENDENTS.get(layer, "")})"""


def cells_wrong(level: int, *, finest: bool) -> str:
    """Cells of a zoom that differ from a recount; asks for the parameter `level`."""
    parts = []
    for detail, expected in ((True, FINEST_CELLS if finest else COARSER_CELLS), (False, WHOLE_CELLS)):
        actual = f"SELECT {CELL_COLUMNS} FROM map_cells WHERE detail = {detail} AND zoom = %(level)s"
        parts += [f"(({expected}) EXCEPT ({actual}))", f"(({actual}) EXCEPT ({expected}))"]
    return (
        f"SELECT DISTINCT layer || ' {level}/' || x || '/' || y AS wrong FROM ({' UNION ALL '.join(parts)}) AS differ"
    )
