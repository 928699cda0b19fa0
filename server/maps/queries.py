"""SQL that writes the map: features and cells, by the batch and all at once."""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn
from server.maps import layer_more_queries, layer_queries
from server.maps.grid import FINEST, LEVELS
from server.maps.history_models import LAYERS_KEPT
from server.maps.history_queries import KEPT
from server.maps.models import LAYERS

CellDeltas = Mapping[tuple[str, str, bool, int, int, int, str, str], Sequence[int]]


async def with_dependents(conn: Conn, subjects: Mapping[str, set[UUID]]) -> dict[str, set[UUID]]:
    """The subjects, and what shows something of theirs: tasks of a need, the dispatch a delivery belongs to, gaps."""
    found = {layer: set(ids) for layer, ids in subjects.items()}
    if found.get("needs") or found.get("incidents"):
        rows = await conn.execute(
            layer_queries.OPEN_TASKS_OF,
            {"needs": list(found.get("needs", ())), "incidents": list(found.get("incidents", ()))},
        )
        found.setdefault("tasks", set()).update([row["id"] for row in await rows.fetchall()])
    if found.get("movements"):
        rows = await conn.execute(layer_queries.DISPATCHES_OF, {"movements": list(found["movements"])})
        found["movements"].update([row["id"] for row in await rows.fetchall()])
    # A gap bears the id of its need. Tasks that merely show a changed need are of that need and bring no other.
    gaps = set(found.get("needs", ()))
    if subjects.get("tasks") or subjects.get("movements"):
        rows = await conn.execute(
            layer_more_queries.NEEDS_OF,
            {"tasks": list(subjects.get("tasks", ())), "movements": list(subjects.get("movements", ()))},
        )
        gaps.update([row["id"] for row in await rows.fetchall()])
    if gaps:
        found["gaps"] = gaps
    return found


_COLUMNS = ("centre_id", "category", "status", "urgency", "seen_at", "lon", "lat", "props")
_EMERGENCY = "coalesce(c.emergency_id, '00000000-0000-0000-0000-000000000000')"
# Compared, written and told in one statement: what a feature shows never leaves the server.
_REFRESH = """
WITH c AS MATERIALIZED ({rows}),
o AS MATERIALIZED (SELECT * FROM map_features WHERE layer = '{layer}' AND id = ANY(%(ids)s::uuid[])),
differ AS MATERIALIZED (
  SELECT coalesce(o.id, c.id) AS key, o.emergency_id AS old_emergency, o.category AS old_category,
    o.status AS old_status, o.urgency AS old_urgency, o.lon AS old_lon, o.lat AS old_lat,
    CASE WHEN c.id IS NOT NULL THEN {emergency} END AS new_emergency, {new}
  FROM c FULL JOIN o ON o.id = c.id
  WHERE o.id IS NULL OR c.id IS NULL OR (o.emergency_id, {olds}) IS DISTINCT FROM ({emergency}, {values})),
put AS (
  INSERT INTO map_features (layer, id, emergency_id, {names}, gx, gy, geom)
  SELECT '{layer}', key, new_emergency, {names}, map_cell_index(lon, -180), map_cell_index(lat, -90),
    ST_SetSRID(ST_MakePoint(lon, lat), 4326)
  FROM differ WHERE new_emergency IS NOT NULL ORDER BY key
  ON CONFLICT (layer, id) DO UPDATE SET emergency_id = excluded.emergency_id, {sets}, gx = excluded.gx,
    gy = excluded.gy, geom = excluded.geom),
{kept}
gone AS (
  DELETE FROM map_features f USING differ d
  WHERE f.layer = '{layer}' AND f.id = d.key AND d.new_emergency IS NULL)
SELECT old_emergency, old_category, old_status, old_urgency, old_lon, old_lat,
  new_emergency, category AS new_category, status AS new_status, urgency AS new_urgency, lon AS new_lon, lat AS new_lat
FROM differ
"""


async def refresh_layer(
    conn: Conn, layer: str, ids: Sequence[UUID], moment: tuple[int, datetime] | None = None
) -> list[DictRow]:
    """Bring the features of these records up to what the layer shows of them now.

    With `moment`, the number and time of the event that did it, the change goes into the map's history.

    Returns those that changed: old and new emergency, category, status, urgency, lon and lat (all None: not shown).
    """
    query = _REFRESH.format(
        layer=layer,
        kept=KEPT.format(layer=layer) if moment and layer in LAYERS_KEPT else "",
        rows=layer_queries.by_ids(layer),
        emergency=_EMERGENCY,
        names=", ".join(_COLUMNS),
        new=", ".join(f"c.{n}" for n in _COLUMNS),
        values=", ".join(f"c.{n}" for n in _COLUMNS),
        olds=", ".join(f"o.{n}" for n in _COLUMNS),
        sets=", ".join(f"{n} = excluded.{n}" for n in _COLUMNS),
    )
    seq, at = moment or (None, None)
    return await (await conn.execute(sql.SQL(query), {"ids": arrays.uuids(ids), "seq": seq, "at": at})).fetchall()


_DELTA = """unnest(%s::text[], %s::uuid[], %s::bool[], %s::int[], %s::int[], %s::int[], %s::text[], %s::text[],
  %s::int[], %s::int[], %s::bigint[], %s::bigint[]) AS d(layer, emergency_id, detail, zoom, x, y, category, status,
  n, n_life, sum_lon_e6, sum_lat_e6)"""
# An INSERT's CHECK sees the proposed row, a negative one too; so what shrinks is updated and what grows upserted.
_SHRINK = f"""
UPDATE map_cells c SET n = c.n + d.n, n_life = c.n_life + d.n_life,
  sum_lon_e6 = c.sum_lon_e6 + d.sum_lon_e6, sum_lat_e6 = c.sum_lat_e6 + d.sum_lat_e6
FROM {_DELTA} WHERE (c.layer, c.emergency_id, c.detail, c.zoom, c.x, c.y, c.category, c.status)
  = (d.layer, d.emergency_id, d.detail, d.zoom, d.x, d.y, d.category, d.status)"""
_EMPTY = f"""
DELETE FROM map_cells c USING {_DELTA}
WHERE (c.layer, c.emergency_id, c.detail, c.zoom, c.x, c.y, c.category, c.status)
  = (d.layer, d.emergency_id, d.detail, d.zoom, d.x, d.y, d.category, d.status) AND c.n = 0"""
_GROW = f"""
INSERT INTO map_cells AS c (layer, emergency_id, detail, zoom, x, y, category, status, n, n_life,
  sum_lon_e6, sum_lat_e6)
SELECT * FROM {_DELTA}
ON CONFLICT (layer, emergency_id, detail, zoom, x, y, category, status) DO UPDATE SET n = c.n + excluded.n,
  n_life = c.n_life + excluded.n_life, sum_lon_e6 = c.sum_lon_e6 + excluded.sum_lon_e6,
  sum_lat_e6 = c.sum_lat_e6 + excluded.sum_lat_e6"""


async def add_to_cells(conn: Conn, deltas: CellDeltas) -> None:
    """Add sums to cells; a cell that holds nothing any more is removed."""
    ordered = sorted(deltas.items())
    grows = [(key, parts) for key, parts in ordered if min(parts[0], parts[1]) >= 0 and parts[0] > 0]
    shrinks = [(key, parts) for key, parts in ordered if not (min(parts[0], parts[1]) >= 0 and parts[0] > 0)]
    if shrinks:
        await conn.execute(_SHRINK, _columns(shrinks))
    if grows:
        await conn.execute(_GROW, _columns(grows))
    emptied = [(key, parts) for key, parts in shrinks if parts[0] < 0]
    if emptied:
        await conn.execute(_EMPTY, _columns(emptied))


_DELTA_KINDS = ("text", "text", "bool", "int", "int", "int", "text", "text", "int", "int", "bigint", "bigint")


def _columns(rows: Sequence[tuple[tuple[Any, ...], Sequence[int]]]) -> list[str]:
    columns = [*zip(*(key for key, _ in rows), strict=True), *zip(*(parts for _, parts in rows), strict=True)]
    return [arrays.OF_KIND[kind](column) for kind, column in zip(_DELTA_KINDS, columns, strict=True)]


async def join_writers(conn: Conn) -> None:
    """Wait until no rebuild is under way, and let none begin before this transaction ends."""
    await conn.execute("LOCK TABLE map_features, map_cells IN ROW EXCLUSIVE MODE")


async def lock_map(conn: Conn) -> None:
    """Keep the sealer from writing the map until this transaction ends; readers go on."""
    await conn.execute("LOCK TABLE map_features, map_cells IN SHARE ROW EXCLUSIVE MODE")


_NAMES = "layer, id, emergency_id, centre_id, category, status, urgency, seen_at, lon, lat, gx, gy"


async def refill_layer(conn: Conn, layer: str) -> int:
    """All features of a layer anew, from its table. Returns how many."""
    await conn.execute("DELETE FROM map_features WHERE layer = %s", (layer,))
    done = await conn.execute(
        f"INSERT INTO map_features ({_NAMES}, geom, props) SELECT '{layer}', id,"
        " coalesce(emergency_id, '00000000-0000-0000-0000-000000000000'), centre_id, category, status, urgency,"
        " seen_at, lon, lat, map_cell_index(lon, -180), map_cell_index(lat, -90),"
        " ST_SetSRID(ST_MakePoint(lon, lat), 4326), props"
        f" FROM ({layer_queries.everything(layer)}) AS all_rows"
    )
    return done.rowcount


CELL_COLUMNS = "layer, emergency_id, detail, zoom, x, y, category, status, n, n_life, sum_lon_e6, sum_lat_e6"
_SHIFT = FINEST - LEVELS[0]
# A recount of the cells: the finest zoom from the features, each other from the next finer, wholes from details.
FINEST_CELLS = f"""
SELECT layer, emergency_id, true AS detail, {LEVELS[0]} AS zoom, gx >> {_SHIFT} AS x,
  gy >> {_SHIFT} AS y, category, status, count(*) AS n,
  count(*) FILTER (WHERE urgency = 'life') AS n_life, sum(round(lon * 1000000)::bigint) AS sum_lon_e6,
  sum(round(lat * 1000000)::bigint) AS sum_lat_e6
FROM map_features GROUP BY layer, emergency_id, gx >> {_SHIFT}, gy >> {_SHIFT}, category, status"""
COARSER_CELLS = """
SELECT layer, emergency_id, true AS detail, %(level)s AS zoom, x >> 2 AS x, y >> 2 AS y, category, status, sum(n) AS n,
  sum(n_life) AS n_life, sum(sum_lon_e6) AS sum_lon_e6, sum(sum_lat_e6) AS sum_lat_e6
FROM map_cells WHERE detail AND zoom = %(level)s + 2 GROUP BY layer, emergency_id, x >> 2, y >> 2, category, status"""
WHOLE_CELLS = """
SELECT layer, emergency_id, false AS detail, zoom, x, y, '*' AS category, '*' AS status, sum(n) AS n,
  sum(n_life) AS n_life, sum(sum_lon_e6) AS sum_lon_e6, sum(sum_lat_e6) AS sum_lat_e6
FROM map_cells WHERE detail AND zoom = %(level)s GROUP BY layer, emergency_id, zoom, x, y"""
_FILL = f"INSERT INTO map_cells ({CELL_COLUMNS}) "


async def clear_cells(conn: Conn) -> None:
    """No cells at all; to be refilled in the same transaction."""
    await conn.execute("DELETE FROM map_cells")


async def refill_level(conn: Conn, level: int) -> int:
    """The cells of one zoom, the finest from the features, each other from the next finer. Returns how many."""
    fine = await conn.execute(_FILL + (FINEST_CELLS if level == LEVELS[0] else COARSER_CELLS), {"level": level})
    whole = await conn.execute(_FILL + WHOLE_CELLS, {"level": level})
    return fine.rowcount + whole.rowcount


async def rebuild_cells(conn: Conn, progress: Any = None) -> int:
    """All cells anew from the features, in the caller's transaction. Returns how many cells."""
    await lock_map(conn)
    await clear_cells(conn)
    total = 0
    for level in LEVELS:
        total += await refill_level(conn, level)
        if progress:
            progress(f"cells, zoom {level}", total)
    return total


async def rebuild_features(conn: Conn, progress: Any = None) -> int:
    """All features anew from the tables, in the caller's transaction. Returns how many."""
    await lock_map(conn)
    total = 0
    for layer in LAYERS:
        total += await refill_layer(conn, layer)
        if progress:
            progress(layer, total)
    return total
