"""The operation played again: what the map showed at each moment, as lines close in and as cells far out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.maps import history_queries as sql
from server.maps.grid import FINEST, size

LINES_MOST: Final = 20_000
"""So many lines are sent one by one; a view with more is sent as cells and steps."""
STEPS: Final = 240
LEVEL_MOST: Final = 11
"""The finest cells of a replay: 0.18° wide."""


def level_for(zoom: int) -> int:
    """The grid of the cells for a map at `zoom`: about 64 pixels a cell, no finer than LEVEL_MOST."""
    return max(3, min(LEVEL_MOST, FINEST, zoom + 2))


async def replay(conn: Conn, emergency: UUID, layers: Sequence[str], boxes: Sequence[Box], zoom: int) -> dict[str, Any]:
    """What was shown, from the first change to the last.

    {"from", "to", "kind": "lines"|"cells"|"none", …}. `lines`: per layer columns id, t (seconds after `from`),
    category, status, urgency, lon, lat (null: gone); `cells`: `level`, `steps`, and per layer rows
    [step, lon, lat, n, life] of what each step adds; the lon and lat are a cell's middle.
    """
    span = await sql.span(conn, emergency, layers)
    if span is None:
        return {"kind": "none", "from": None, "to": None}
    first, last = span
    left = LINES_MOST
    for layer in layers:
        left -= await sql.few(conn, emergency, layer, boxes, left)
        if left < 0:
            return await _cells(conn, emergency, layers, span, level_for(zoom))
    found: dict[str, Any] = {}
    for layer in layers:
        rows = [row for box in boxes for row in await sql.lines(conn, emergency, layer, box)]
        found[layer] = columns(rows, first)
    return {"kind": "lines", "from": first.isoformat(), "to": last.isoformat(), "layers": found}


def columns(rows: Sequence[Mapping[str, Any]], first: datetime) -> dict[str, Any]:
    """Rows as columns, words said once: what repeats is sent as a number into `words`."""
    words: dict[str | None, int] = {}

    def number(word: str | None) -> int:
        return words.setdefault(word, len(words))

    ids: dict[UUID, int] = {}
    out: dict[str, Any] = {name: [] for name in ("id", "t", "category", "status", "urgency", "lon", "lat")}
    for row in rows:
        out["id"].append(ids.setdefault(row["id"], len(ids)))
        out["t"].append(round((row["at"] - first).total_seconds(), 1))
        for name in ("category", "status", "urgency"):
            out[name].append(number(row[name]))
        for name in ("lon", "lat"):
            out[name].append(None if row[name] is None else round(row[name], 5))
    return {**out, "ids": [str(one) for one in ids], "words": list(words)}


async def _cells(
    conn: Conn, emergency: UUID, layers: Sequence[str], span: tuple[datetime, datetime], level: int
) -> dict[str, Any]:
    first, last = span[0].timestamp(), span[1].timestamp() + 1
    found: dict[str, Any] = {}
    side = size(level)
    for layer in layers:
        rows = await sql.sums(conn, emergency, layer, level, (first, last, STEPS))
        found[layer] = [
            [step, round((x + 0.5) * side - 180, 4), round((y + 0.5) * side - 90, 4), n, life]
            for step, x, y, n, life in rows
        ]
    return {
        "kind": "cells",
        "from": span[0].isoformat(),
        "to": span[1].isoformat(),
        "level": level,
        "steps": STEPS,
        "layers": found,
    }
