"""SQL of what the map showed: a line for each change, written beside the change itself; read by box or in cells."""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow, TupleRow, tuple_row

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.maps.grid import FINEST
from server.maps.history_models import OVER

_DONE = "(" + ", ".join(f"'{state}'" for state in OVER) + ")"
_ASKS = "coalesce({status} NOT IN " + _DONE + ", false)"
_SAME = "(old_emergency, old_category, old_status, old_urgency, old_lon, old_lat)"
KEPT = f"""
kept AS (
  INSERT INTO map_history (layer, id, seq, at, emergency_id, category, status, urgency, lon, lat, gx, gy, asks, life,
    was_gx, was_gy, was_asks, was_life)
  SELECT '{{layer}}', key, %(seq)s, %(at)s, coalesce(new_emergency, old_emergency), category, status, urgency, lon, lat,
    map_cell_index(lon, -180), map_cell_index(lat, -90),
    {_ASKS.format(status="status")}, {_ASKS.format(status="status")} AND urgency = 'life',
    map_cell_index(old_lon, -180), map_cell_index(old_lat, -90),
    {_ASKS.format(status="old_status")}, {_ASKS.format(status="old_status")} AND old_urgency = 'life'
  FROM differ
  WHERE {_SAME} IS DISTINCT FROM (new_emergency, category, status, urgency, lon, lat)
  ON CONFLICT (layer, id, seq) DO NOTHING),"""
"""Goes into the statement that brings a layer up to date, which has the old and the new side by side (`differ`)."""

_INSIDE = "lon >= %(west)s AND lon < %(east)s AND lat >= %(south)s AND lat < %(north)s"
_OF = "layer = %(layer)s AND emergency_id = %(emergency)s"


async def span(conn: Conn, emergency: UUID, layers: Sequence[str]) -> tuple[datetime, datetime] | None:
    """When the first and the last change of these layers was; None without any."""
    first = last = None
    for layer in layers:
        # An ordered look at each end of the index: min and max together would read all between.
        row = await (
            await conn.execute(
                f"SELECT (SELECT at FROM map_history WHERE {_OF} ORDER BY at LIMIT 1) AS first,"
                f" (SELECT at FROM map_history WHERE {_OF} ORDER BY at DESC LIMIT 1) AS last",
                {"layer": layer, "emergency": emergency},
            )
        ).fetchone()
        if row and row["first"]:
            first = min(first or row["first"], row["first"])
            last = max(last or row["last"], row["last"])
    return (first, last) if first and last else None


def _box(box: Box) -> dict[str, float]:
    return {"west": box.west, "east": box.east, "south": box.south, "north": box.north}


async def few(conn: Conn, emergency: UUID, layer: str, boxes: Sequence[Box], most: int) -> int:
    """How many lines lie in the boxes, counted no further than `most` + 1."""
    found = 0
    for box in boxes:
        row = await (
            await conn.execute(
                f"SELECT count(*) AS n FROM (SELECT 1 FROM map_history WHERE {_OF} AND {_INSIDE} LIMIT %(most)s) t",
                {"layer": layer, "emergency": emergency, "most": most + 1 - found, **_box(box)},
            )
        ).fetchone()
        found += row["n"] if row else 0
        if found > most:
            break
    return found


async def lines(conn: Conn, emergency: UUID, layer: str, box: Box) -> list[DictRow]:
    """Every line of the records that were ever in the box, oldest first."""
    return await (
        await conn.execute(
            "SELECT id, at, category, status, urgency, lon, lat FROM map_history"
            f" WHERE layer = %(layer)s AND id IN (SELECT id FROM map_history WHERE {_OF} AND {_INSIDE})"
            " AND emergency_id = %(emergency)s ORDER BY at, seq",
            {"layer": layer, "emergency": emergency, **_box(box)},
        )
    ).fetchall()


_SUMS = f"""
SELECT step, x, y, sum(n)::int AS n, sum(life)::int AS life FROM (
  SELECT width_bucket(extract(epoch FROM at), %(from)s, %(to)s, %(steps)s) AS step, gx >> %(shift)s AS x,
    gy >> %(shift)s AS y, 1 AS n, life::int AS life
  FROM map_history WHERE {_OF} AND asks AND gx IS NOT NULL
  UNION ALL
  SELECT width_bucket(extract(epoch FROM at), %(from)s, %(to)s, %(steps)s), was_gx >> %(shift)s, was_gy >> %(shift)s,
    -1, -was_life::int
  FROM map_history WHERE {_OF} AND was_asks AND was_gx IS NOT NULL) d
GROUP BY 1, 2, 3 HAVING sum(n) <> 0 OR sum(life) <> 0 ORDER BY 1"""


async def sums(
    conn: Conn, emergency: UUID, layer: str, level: int, moments: tuple[float, float, int]
) -> list[TupleRow]:
    """What each step adds to each cell of `level`: (step, x, y, n, life), of records that ask for somebody.

    `moments`: first and last second since 1970 and how many steps lie between; step 0 is all that was before.
    """
    asked = {
        "layer": layer,
        "emergency": emergency,
        "shift": FINEST - level,
        "from": moments[0],
        "to": moments[1],
        "steps": moments[2],
    }
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_SUMS, asked)
        return await cursor.fetchall()
