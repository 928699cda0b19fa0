"""Keeps `map_features` and `map_cells` in step with the records: the subjects of each sealed batch are read again.

Only the sealer writes here, in its own transaction, in sorted order. Reading current rows instead of trusting what an
event says makes a replay harmless: a second pass finds nothing to change.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.events import SealedEvent
from server.maps import queries
from server.maps.grid import FINEST, LEVELS, cell_of, micro
from server.maps.models import NO_EMERGENCY

LAYER_OF: Mapping[str, str] = {
    "incident": "incidents",
    "need": "needs",
    "task": "tasks",
    "report": "reports",
    "closure": "closures",
    "centre": "centres",
    "movement": "movements",
}
"""Subject type → layer; other subjects are not on the map."""

CellKey = tuple[str, UUID, bool, int, int, int, str, str]
"""layer, emergency, detail, zoom, x, y, category, status."""
_COMPARED = ("emergency_id", "centre_id", "category", "status", "urgency", "seen_at", "lon", "lat", "props")


@dataclass(frozen=True, slots=True)
class Change:
    """A feature before and after; None where it is not on the map."""

    layer: str
    id: UUID
    old: DictRow | None
    new: DictRow | None


async def project(conn: Conn, events: Sequence[SealedEvent]) -> None:
    """Bring the map up to a batch of sealed events, in the caller's transaction."""
    subjects: defaultdict[str, set[UUID]] = defaultdict(set)
    for event in events:
        layer = LAYER_OF.get(event.subject_type)
        if layer:
            subjects[layer].add(event.subject_id)
    if subjects:
        await refresh(conn, await queries.with_dependents(conn, subjects))


async def refresh(conn: Conn, subjects: Mapping[str, Iterable[UUID]]) -> int:
    """Re-read these records and bring their features and cells in step. Returns how many features changed."""
    # Before anything is read: what a rebuild makes meanwhile must not be counted a second time from an older reading.
    await queries.join_writers(conn)
    keys = [(layer, key) for layer in sorted(subjects) for key in sorted(subjects[layer])]
    known = {(row["layer"], row["id"]): row for row in await queries.known_features(conn, keys)} if keys else {}
    current: dict[tuple[str, UUID], DictRow] = {}
    for layer in sorted(subjects):
        if ids := sorted(subjects[layer]):
            current |= {(layer, row["id"]): row for row in await queries.current_rows(conn, layer, ids)}
    changes = [
        change
        for layer, key in keys
        if not same((change := Change(layer, key, known.get((layer, key)), current.get((layer, key)))).old, change.new)
    ]
    if changes:
        await queries.drop_features(conn, [(c.layer, c.id) for c in changes if c.new is None])
        await queries.put_features(conn, [_feature(c.layer, c.new) for c in changes if c.new is not None])
        await queries.add_to_cells(conn, cell_deltas(changes))
    return len(changes)


def same(old: DictRow | None, new: DictRow | None) -> bool:
    """Whether a feature stands on the map as it is."""
    if old is None or new is None:
        return old is new
    return all(old[name] == (new[name] or NO_EMERGENCY if name == "emergency_id" else new[name]) for name in _COMPARED)


def _feature(layer: str, row: DictRow) -> dict[str, Any]:
    gx, gy = cell_of(row["lon"], row["lat"])
    return {**row, "layer": layer, "emergency_id": row["emergency_id"] or NO_EMERGENCY, "gx": gx, "gy": gy}


def cell_deltas(changes: Iterable[Change]) -> dict[CellKey, list[int]]:
    """What the changes add to each cell: [n, n_life, sum_lon_e6, sum_lat_e6]; unchanged cells are left out."""
    deltas: defaultdict[CellKey, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for change in changes:
        for row, sign in ((change.old, -1), (change.new, 1)):
            if row is None:
                continue
            gx, gy = cell_of(row["lon"], row["lat"])
            parts = (
                sign,
                sign * (row["urgency"] == "life"),
                sign * micro(row["lon"]),
                sign * micro(row["lat"]),
            )
            emergency = row["emergency_id"] or NO_EMERGENCY
            for level in LEVELS:
                x, y = gx >> (FINEST - level), gy >> (FINEST - level)
                for detail, category, status in ((False, "*", "*"), (True, row["category"], row["status"])):
                    total = deltas[change.layer, emergency, detail, level, x, y, category, status]
                    for i, part in enumerate(parts):
                        total[i] += part
    return {key: parts for key, parts in deltas.items() if any(parts)}
