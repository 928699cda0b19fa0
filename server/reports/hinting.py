"""Hints for a batch of reports: where their emergencies are, and what places were told of there before.

Three queries a batch, each bounded by what is asked: ten reports of a sender, two hundred of an emergency. Only shown
points are read, so nothing sealed is opened; a hint only ranks places of one name (`reading.hints`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.reports.reading.hints import Hints, LonLat

_METRES_A_DEGREE: Final = 111_320.0
_CELLS: Final = 4
"""Quarters of a degree: whoever speaks of one valley speaks of one of these."""
_TWICE: Final = 2
"""A place told of by one sender alone may itself have been taken for another of its name."""

_AREAS: Final = """
SELECT e.id, ST_X(c.at) AS lon, ST_Y(c.at) AS lat, ST_MaxDistance(c.at, e.area) AS degrees
FROM emergencies e CROSS JOIN LATERAL (SELECT ST_Centroid(e.area) AS at) c
WHERE e.id = ANY(%s::uuid[]) AND e.area IS NOT NULL
"""
_SENDERS: Final = """
SELECT h.sender_hash, r.lon, r.lat FROM unnest(%s::bytea[]) AS h(sender_hash) CROSS JOIN LATERAL (
  SELECT ST_X(p.geom_shown) AS lon, ST_Y(p.geom_shown) AS lat, p.received_at FROM (
    SELECT geom_shown, received_at FROM reports WHERE sender_hash = h.sender_hash
    ORDER BY received_at DESC LIMIT 10) p
  WHERE p.geom_shown IS NOT NULL LIMIT 3) r
ORDER BY r.received_at DESC
"""
_OTHERS: Final = """
SELECT e.id, r.sender_hash, ST_X(r.geom_shown) AS lon, ST_Y(r.geom_shown) AS lat
FROM unnest(%s::uuid[]) AS e(id) CROSS JOIN LATERAL (
  SELECT sender_hash, geom_shown FROM reports WHERE emergency_id = e.id ORDER BY received_at DESC LIMIT 200) r
WHERE r.geom_shown IS NOT NULL AND r.sender_hash IS NOT NULL
"""


async def with_hints(conn: Conn, rows: Sequence[DictRow]) -> list[DictRow]:
    """A batch of reports, each with its `hints` (None where nothing is known)."""
    emergencies = sorted({row["emergency_id"] for row in rows if row["emergency_id"]})
    senders = sorted({bytes(row["sender_hash"]) for row in rows if row["sender_hash"]})
    areas = await _areas(conn, emergencies) if emergencies else {}
    others = await _others(conn, emergencies) if emergencies else {}
    own: dict[bytes, list[LonLat]] = {}
    for found in await (await conn.execute(_SENDERS, (senders,))).fetchall() if senders else ():
        own.setdefault(bytes(found["sender_hash"]), []).append((found["lon"], found["lat"]))
    return [{**row, "hints": _hints(row, areas, own, others)} for row in rows]


def _hints(
    row: Mapping[str, Any],
    areas: Mapping[UUID, tuple[float, float, float]],
    own: Mapping[bytes, Sequence[LonLat]],
    others: Mapping[UUID, Sequence[LonLat]],
) -> Hints | None:
    sender = own.get(bytes(row["sender_hash"]), ()) if row["sender_hash"] else ()
    return Hints(areas.get(row["emergency_id"]), tuple(sender), tuple(others.get(row["emergency_id"], ()))) or None


async def _areas(conn: Conn, emergencies: Sequence[UUID]) -> dict[UUID, tuple[float, float, float]]:
    rows = await (await conn.execute(_AREAS, (list(emergencies),))).fetchall()
    return {r["id"]: (r["lon"], r["lat"], r["degrees"] * _METRES_A_DEGREE) for r in rows}


async def _others(conn: Conn, emergencies: Sequence[UUID]) -> dict[UUID, list[LonLat]]:
    told: dict[UUID, list[tuple[bytes, LonLat]]] = {}
    for row in await (await conn.execute(_OTHERS, (list(emergencies),))).fetchall():
        told.setdefault(row["id"], []).append((bytes(row["sender_hash"]), (row["lon"], row["lat"])))
    return {emergency: often(found) for emergency, found in told.items()}


def often(told: Iterable[tuple[bytes, LonLat]]) -> list[LonLat]:
    """One point for each neighbourhood that several senders have spoken of, the most spoken of first."""
    first: dict[tuple[int, int], LonLat] = {}
    senders: dict[tuple[int, int], set[bytes]] = {}
    for sender, (lon, lat) in told:
        cell = (round(lon * _CELLS), round(lat * _CELLS))
        first.setdefault(cell, (lon, lat))
        senders.setdefault(cell, set()).add(sender)
    by_voices = sorted(senders, key=lambda cell: -len(senders[cell]))
    return [first[cell] for cell in by_voices if len(senders[cell]) >= _TWICE]
