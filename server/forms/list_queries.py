"""SQL of the lists that forms choose from: bounded, by index, and with nothing personal in them.

Open tasks are read where dispatch, which stands above this slice, keeps them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

ROWS: Final = 5_000
"""Rows of one list at most: an old phone has to keep and search it."""
_QUERIES: Final[Mapping[str, str]] = {
    "items.csv": "SELECT code AS name, name_fa AS fa, name_en AS en, unit, category FROM items"
    " ORDER BY code LIMIT %(most)s",
    "centres.csv": "SELECT code AS name, name_fa AS fa, name_en AS en FROM centres WHERE active"
    " AND (%(centres)s::uuid[] = '{}' OR id = ANY(%(centres)s)) ORDER BY code LIMIT %(most)s",
    "shelters.csv": "SELECT code AS name, coalesce(name_fa, '') AS fa, coalesce(name_en, '') AS en, state FROM shelters"
    " WHERE emergency_id IS NULL OR emergency_id = ANY(%(emergencies)s) ORDER BY code LIMIT %(most)s",
    # The candidates within the area first, by its index; then the best known of them. Without an area, the largest.
    "places.csv": "SELECT p.id::text AS name, p.name_fa AS fa, p.name_en AS en, p.kind,"
    " coalesce(p.province_fa, p.province_en, '') AS province FROM places p WHERE p.kind IN ('village', 'town', 'city')"
    " AND (NOT %(bounded)s OR EXISTS (SELECT 1 FROM emergencies e WHERE e.id = ANY(%(emergencies)s)"
    " AND ST_Covers(e.area, p.geom) AND p.geom && e.area)) ORDER BY p.population DESC, p.id LIMIT %(most)s",
    "tasks.csv": "SELECT t.code AS name, coalesce(n.category, i.category) AS category, t.state FROM tasks t"
    " JOIN queues q ON q.id = t.queue_id LEFT JOIN needs n ON n.id = t.need_id"
    " LEFT JOIN incidents i ON i.id = t.incident_id WHERE t.closed_at IS NULL"
    " AND t.emergency_id = ANY(%(emergencies)s) AND (%(centres)s::uuid[] = '{}' OR q.centre_id = ANY(%(centres)s))"
    " ORDER BY t.priority DESC, t.id LIMIT %(most)s",
    "needs.csv": "SELECT code AS name, category, quantity, unit FROM needs WHERE status IN ('open', 'tasked')"
    " AND emergency_id = ANY(%(emergencies)s) ORDER BY priority DESC, id LIMIT %(most)s",
}


async def rows(conn: Conn, name: str, emergencies: Sequence[UUID], centres: Sequence[UUID]) -> list[DictRow]:
    """The records of one of the server's lists (`field_forms.lists.LISTS`), within emergencies and centres."""
    asked: dict[str, Any] = {
        "emergencies": list(emergencies),
        "centres": list(centres),
        "bounded": name == "places.csv" and await _have_area(conn, emergencies),
        "most": ROWS,
    }
    return await (await conn.execute(_QUERIES[name], asked)).fetchall()


async def _have_area(conn: Conn, emergencies: Sequence[UUID]) -> bool:
    found = await conn.execute(
        "SELECT 1 FROM emergencies WHERE id = ANY(%s) AND area IS NOT NULL LIMIT 1", (list(emergencies),)
    )
    return await found.fetchone() is not None


async def entity_list(conn: Conn, name: str, emergencies: Sequence[UUID]) -> list[DictRow]:
    """The lists of that name that somebody may choose from: id, properties, revision."""
    found = await conn.execute(
        "SELECT id, properties, revision FROM entity_lists WHERE name = %s"
        " AND (emergency_id IS NULL OR emergency_id = ANY(%s)) ORDER BY id",
        (name, list(emergencies)),
    )
    return await found.fetchall()


async def entities(conn: Conn, list_ids: Sequence[UUID], centres: Sequence[UUID]) -> list[DictRow]:
    """The active entities of lists, sealed; those bound to a centre see its own. The newest, `ROWS` at most."""
    found = await conn.execute(
        "SELECT id, entity_key, version, data_sealed, data_key_wrapped FROM entities WHERE list_id = ANY(%(lists)s)"
        " AND state = 'active' AND (%(centres)s::uuid[] = '{}' OR centre_id IS NULL OR centre_id = ANY(%(centres)s))"
        " ORDER BY id DESC LIMIT %(most)s",
        {"lists": list(list_ids), "centres": list(centres), "most": ROWS},
    )
    return await found.fetchall()


async def declared(conn: Conn, name: str) -> list[str] | None:
    """Properties that forms save into a list of entities; None for a name that nobody declares."""
    found = await conn.execute(
        "SELECT d->'properties' AS properties FROM forms f, jsonb_array_elements(f.entities->'declarations') AS d"
        " WHERE f.entities IS NOT NULL AND d->>'dataset' = %s",
        (name,),
    )
    rows_found = await found.fetchall()
    return sorted({key for row in rows_found for key in row["properties"]}) if rows_found else None
