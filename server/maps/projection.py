"""Keeps `map_features` and `map_cells` in step with the records: the subjects of each sealed batch are read again.

Only the sealer writes here, in its own transaction, in sorted order. Reading current rows instead of trusting what an
event says makes a replay harmless: a second pass finds nothing to change.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.events import SealedEvent
from server.maps import queries
from server.maps.grid import FINEST, LEVELS, cell_of, micro

LAYER_OF: Mapping[str, str] = {
    "incident": "incidents",
    "need": "needs",
    "task": "tasks",
    "report": "reports",
    "closure": "closures",
    "centre": "centres",
    "movement": "movements",
    "shelter": "shelters",
    "hazard": "hazards",
}
"""Subject type → layer; other subjects are not on the map."""

CellKey = tuple[str, str, bool, int, int, int, str, str]
"""layer, emergency (in hexadecimal: thousands of keys are sorted), detail, zoom, x, y, category, status."""
_DECIDES = ("emergency", "category", "status", "urgency", "lon", "lat")
"""What tells which cells a feature is counted in, and how."""


async def project(conn: Conn, events: Sequence[SealedEvent]) -> None:
    """Bring the map up to a batch of sealed events, in the caller's transaction."""
    subjects: defaultdict[str, set[UUID]] = defaultdict(set)
    for event in events:
        layer = LAYER_OF.get(event.subject_type)
        if layer:
            subjects[layer].add(event.subject_id)
    if subjects:
        last = events[-1]
        await refresh(conn, await queries.with_dependents(conn, subjects), (last.seq, last.at))


async def refresh(
    conn: Conn, subjects: Mapping[str, Iterable[UUID]], moment: tuple[int, datetime] | None = None
) -> int:
    """Re-read these records and bring their features and cells in step. Returns how many features changed.

    `moment`: number and time under which the changes stand in the map's history; a batch's last event serves all of it.
    """
    # Before anything is read: what a rebuild makes meanwhile must not be counted a second time from an older reading.
    await queries.join_writers(conn)
    changes: list[tuple[str, DictRow]] = []
    for layer in sorted(subjects):
        if ids := sorted(subjects[layer]):
            changes += [(layer, row) for row in await queries.refresh_layer(conn, layer, ids, moment)]
    await queries.add_to_cells(conn, cell_deltas(changes))
    return len(changes)


def cell_deltas(changes: Iterable[tuple[str, DictRow]]) -> dict[CellKey, list[int]]:
    """What the changes (layer, row of `refresh_layer`) add to each cell: [n, n_life, sum_lon_e6, sum_lat_e6].

    Cells that stay as they are are left out.
    """
    deltas: defaultdict[CellKey, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for layer, row in changes:
        old, new = ([row[f"{when}_{name}"] for name in _DECIDES] for when in ("old", "new"))
        if old == new:
            continue
        for (emergency, category, status, urgency, lon, lat), sign in ((old, -1), (new, 1)):
            if emergency is None:
                continue
            gx, gy = cell_of(lon, lat)
            life, east, north = sign * (urgency == "life"), sign * micro(lon), sign * micro(lat)
            where = emergency.hex
            for level in LEVELS:
                x, y = gx >> (FINEST - level), gy >> (FINEST - level)
                for cell in (
                    deltas[layer, where, False, level, x, y, "*", "*"],
                    deltas[layer, where, True, level, x, y, category, status],
                ):
                    cell[0] += sign
                    cell[1] += life
                    cell[2] += east
                    cell[3] += north
    return {key: parts for key, parts in deltas.items() if any(parts)}
