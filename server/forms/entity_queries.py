"""All SQL of entities: lists, entities as they stand, and the changes that were asked of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn


async def list_for(conn: Conn, list_id: UUID, name: str, emergency_id: UUID | None, properties: Sequence[str]) -> UUID:
    """The list of a name in an emergency, made when it is not there; its properties grow, its revision is raised."""
    found = await conn.execute(
        "INSERT INTO entity_lists AS l (id, name, emergency_id, properties, revision) VALUES (%(id)s, %(name)s,"
        " %(emergency)s, %(properties)s, 1) ON CONFLICT ON CONSTRAINT uq_entity_lists_name_emergency_id DO UPDATE SET"
        " revision = l.revision + 1, properties = l.properties || (SELECT coalesce(array_agg(p), '{}')"
        " FROM unnest(excluded.properties) AS p WHERE p <> ALL(l.properties)) RETURNING id",
        {"id": list_id, "name": name, "emergency": emergency_id, "properties": list(properties)},
    )
    row = await found.fetchone()
    if row is None:
        raise RuntimeError("a list is either there or made")
    made: UUID = row["id"]
    return made


async def locked(conn: Conn, list_id: UUID, key: str) -> DictRow | None:
    """An entity as it stands, locked until the transaction ends."""
    found = await conn.execute(
        "SELECT id, entity_key, version, state, conflict, data_sealed, data_key_wrapped FROM entities"
        " WHERE list_id = %s AND entity_key = %s FOR UPDATE",
        (list_id, key),
    )
    return await found.fetchone()


async def add_entity(conn: Conn, row: Mapping[str, Any]) -> bool:
    """Insert an entity; False when somebody else just did."""
    done = await conn.execute(
        "INSERT INTO entities (id, list_id, entity_key, centre_id, version, state, data_sealed, sealing_key_id,"
        " data_key_wrapped) VALUES (%(id)s, %(list_id)s, %(entity_key)s, %(centre_id)s, %(version)s, %(state)s,"
        " %(data_sealed)s, %(sealing_key_id)s, %(data_key_wrapped)s)"
        " ON CONFLICT ON CONSTRAINT uq_entities_list_id_entity_key DO NOTHING",
        row,
    )
    return done.rowcount == 1


async def change_entity(conn: Conn, row: Mapping[str, Any]) -> None:
    """Write an entity's new state; `conflict` once set stays until a person takes it away."""
    await conn.execute(
        "UPDATE entities SET version = %(version)s, state = %(state)s, conflict = conflict OR %(conflict)s,"
        " data_sealed = %(data_sealed)s, updated_at = clock_timestamp() WHERE id = %(id)s",
        row,
    )


async def known_change(conn: Conn, submission_id: UUID, nth: int) -> bool:
    """Whether a submission's nth change was carried out."""
    found = await conn.execute(
        "SELECT 1 FROM entity_changes WHERE submission_id = %s AND nth = %s", (submission_id, nth)
    )
    return await found.fetchone() is not None


async def add_change(conn: Conn, row: Mapping[str, Any]) -> None:
    """Keep a change and what became of it."""
    await conn.execute(
        "INSERT INTO entity_changes (id, entity_id, submission_id, nth, actor, outcome, version, change_sealed,"
        " sealing_key_id, data_key_wrapped) VALUES (%(id)s, %(entity_id)s, %(submission_id)s, %(nth)s, %(actor)s,"
        " %(outcome)s, %(version)s, %(change_sealed)s, %(sealing_key_id)s, %(data_key_wrapped)s)",
        row,
    )


async def waiting(conn: Conn, entity_id: UUID) -> list[DictRow]:
    """Changes of an entity that came before it, in their order."""
    found = await conn.execute(
        "SELECT id, change_sealed, data_key_wrapped FROM entity_changes WHERE entity_id = %s AND outcome = 'absent'"
        " ORDER BY at, id",
        (entity_id,),
    )
    return await found.fetchall()


async def settle_change(conn: Conn, change_id: UUID, outcome: str, version: int) -> None:
    """A change that waited was carried out."""
    await conn.execute(
        "UPDATE entity_changes SET outcome = %s, version = %s WHERE id = %s", (outcome, version, change_id)
    )


async def lists(conn: Conn, within: Sequence[UUID] | None, centres: Sequence[UUID]) -> list[DictRow]:
    """Every list that a reader may see: how many entities it has, how many are in conflict."""
    found = await conn.execute(
        "SELECT l.id, l.name, l.emergency_id, l.properties, l.revision,"
        " count(e.id) FILTER (WHERE e.state = 'active') AS entities,"
        " count(e.id) FILTER (WHERE e.conflict) AS conflicts, max(e.updated_at) AS updated_at FROM entity_lists l"
        " LEFT JOIN entities e ON e.list_id = l.id AND (%(centres)s::uuid[] = '{}' OR e.centre_id IS NULL"
        " OR e.centre_id = ANY(%(centres)s))"
        " WHERE %(within)s::uuid[] IS NULL OR l.emergency_id IS NULL OR l.emergency_id = ANY(%(within)s)"
        " GROUP BY l.id ORDER BY l.name, l.id LIMIT 500",
        {"within": list(within) if within is not None else None, "centres": list(centres)},
    )
    return await found.fetchall()


_ENTITY = (
    "SELECT e.id, e.entity_key, e.version, e.state, e.conflict, e.data_sealed, e.data_key_wrapped, e.updated_at,"
    " e.centre_id, l.name, l.emergency_id, l.properties FROM entities e JOIN entity_lists l ON l.id = e.list_id"
    " WHERE l.name = %(name)s AND e.version > 0"
    " AND (%(within)s::uuid[] IS NULL OR l.emergency_id IS NULL OR l.emergency_id = ANY(%(within)s))"
    " AND (%(centres)s::uuid[] = '{}' OR e.centre_id IS NULL OR e.centre_id = ANY(%(centres)s))"
)


async def page(conn: Conn, asked: Mapping[str, Any]) -> list[DictRow]:
    """Entities of a list, newest first; `conflict`: only those about which phones disagree."""
    found = await conn.execute(
        _ENTITY + " AND (%(state)s::text IS NULL OR e.state = %(state)s) AND (NOT %(conflict)s OR e.conflict)"
        " AND (%(before)s::uuid IS NULL OR e.id < %(before)s) ORDER BY e.id DESC LIMIT %(limit)s",
        asked,
    )
    return await found.fetchall()


async def one(conn: Conn, asked: Mapping[str, Any]) -> DictRow | None:
    """One entity by its key, locked."""
    found = await conn.execute(_ENTITY + " AND e.entity_key = %(key)s FOR UPDATE OF e", asked)
    return await found.fetchone()


async def changes(conn: Conn, entity_id: UUID, limit: int = 100) -> list[DictRow]:
    """What was asked of an entity, newest first."""
    found = await conn.execute(
        "SELECT c.id, c.submission_id, c.actor, c.outcome, c.version, c.at, c.resolved_at, c.change_sealed,"
        " c.data_key_wrapped FROM entity_changes c WHERE c.entity_id = %s ORDER BY c.at DESC, c.id DESC LIMIT %s",
        (entity_id, limit),
    )
    return await found.fetchall()


async def resolve(conn: Conn, entity_id: UUID, actor: str) -> None:
    """A person has looked at what phones disagreed about."""
    await conn.execute("UPDATE entities SET conflict = false WHERE id = %s", (entity_id,))
    await conn.execute(
        "UPDATE entity_changes SET resolved_at = clock_timestamp(), resolved_by = %s WHERE entity_id = %s"
        " AND outcome = 'conflict' AND resolved_at IS NULL",
        (actor, entity_id),
    )


async def raise_revision(conn: Conn, name: str, emergency_id: UUID | None) -> None:
    """The list shows something else from now on."""
    await conn.execute(
        "UPDATE entity_lists SET revision = revision + 1 WHERE name = %s AND emergency_id IS NOT DISTINCT FROM %s",
        (name, emergency_id),
    )
