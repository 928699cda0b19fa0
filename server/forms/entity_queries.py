"""The SQL of entities: lists, records, and the changes that were asked of them."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.ids import uuid7

_COLUMNS: Final = (
    "e.id, e.list_id, e.entity_key, e.centre_id, e.version, e.state, e.conflict, e.data_sealed, e.data_key_wrapped,"
    " e.created_at, e.updated_at, l.name, l.emergency_id, l.properties, l.revision"
)
_SEEN: Final = (
    "(%(centres)s::uuid[] IS NULL OR EXISTS (SELECT 1 FROM unnest(%(centres)s::uuid[], %(emergencies)s::uuid[])"
    " AS b(centre, emergency) WHERE (b.centre IS NULL OR b.centre = e.centre_id)"
    " AND (b.emergency IS NULL OR b.emergency = l.emergency_id)))"
)
_FROM: Final = "FROM entities e JOIN entity_lists l ON l.id = e.list_id"


def bounds(who: Principal, permission: str) -> dict[str, Any]:
    """Where somebody may look, for the statements below; None is everywhere."""
    scopes = who.scopes_for(permission)
    everywhere = any(scope.centre_id is None and scope.emergency_id is None for scope in scopes)
    return {
        "centres": None if everywhere else [scope.centre_id for scope in scopes],
        "emergencies": None if everywhere else [scope.emergency_id for scope in scopes],
    }


async def hold_list(conn: Conn, name: str, emergency_id: UUID | None, properties: Sequence[str]) -> UUID:
    """A list, made if need be and locked: who changes its entities does so one after another."""
    found = await conn.execute(
        "INSERT INTO entity_lists (id, name, emergency_id, properties) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (name, emergency_id) DO UPDATE SET properties = ARRAY(SELECT DISTINCT p FROM"
        " unnest(entity_lists.properties || EXCLUDED.properties) AS p ORDER BY p) RETURNING id",
        (uuid7(), name, emergency_id, sorted(properties)),
    )
    [row] = await found.fetchall()
    return UUID(str(row["id"]))


async def raise_revision(conn: Conn, list_ids: Sequence[UUID]) -> None:
    """What these lists show has changed."""
    await conn.execute("UPDATE entity_lists SET revision = revision + 1 WHERE id = ANY(%s)", (list(list_ids),))


async def record(conn: Conn, list_id: UUID, key: str) -> DictRow | None:
    """An entity of a list by the id that phones gave it, locked."""
    query = f"SELECT {_COLUMNS} {_FROM} WHERE e.list_id = %s AND e.entity_key = %s FOR UPDATE OF e"
    return await (await conn.execute(query, (list_id, key))).fetchone()


async def add_record(conn: Conn, row: Mapping[str, Any]) -> None:
    """A new entity."""
    await conn.execute(
        "INSERT INTO entities (id, list_id, entity_key, centre_id, version, state, conflict, data_sealed,"
        " sealing_key_id, data_key_wrapped) VALUES (%(id)s, %(list_id)s, %(entity_key)s, %(centre_id)s, %(version)s,"
        " %(state)s, %(conflict)s, %(data_sealed)s, %(sealing_key_id)s, %(data_key_wrapped)s)",
        row,
    )


async def keep_record(conn: Conn, row: Mapping[str, Any]) -> None:
    """An entity as it is now."""
    await conn.execute(
        "UPDATE entities SET centre_id = %(centre_id)s, version = %(version)s, state = %(state)s,"
        " conflict = %(conflict)s, data_sealed = %(data_sealed)s, updated_at = clock_timestamp() WHERE id = %(id)s",
        row,
    )


async def done(conn: Conn, submission_id: UUID) -> set[int]:
    """Which changes of a submission were taken already."""
    found = await conn.execute("SELECT nth FROM entity_changes WHERE submission_id = %s", (submission_id,))
    return {row["nth"] for row in await found.fetchall()}


async def add_change(conn: Conn, row: Mapping[str, Any]) -> None:
    """A change that was asked, and what became of it."""
    await conn.execute(
        "INSERT INTO entity_changes (id, entity_id, submission_id, nth, actor, outcome, version, change_sealed,"
        " sealing_key_id, data_key_wrapped) VALUES (%(id)s, %(entity_id)s, %(submission_id)s, %(nth)s, %(actor)s,"
        " %(outcome)s, %(version)s, %(change_sealed)s, %(sealing_key_id)s, %(data_key_wrapped)s)",
        row,
    )


async def waiting(conn: Conn, entity_id: UUID, centre_id: UUID | None) -> list[DictRow]:
    """Changes that came before the entity, in the order in which they came, but for another centre's phones.

    Those of forms that were replaced since are void.
    """
    found = await conn.execute(
        "SELECT c.id, c.actor, c.change_sealed, c.data_key_wrapped FROM entity_changes c"
        " LEFT JOIN submissions s ON s.id = c.submission_id"
        " WHERE c.entity_id = %s AND c.outcome = 'absent' AND coalesce(s.current, true)"
        " AND (%s::uuid IS NULL OR s.centre_id IS NULL OR s.centre_id = %s) ORDER BY c.at, c.id",
        (entity_id, centre_id, centre_id),
    )
    return await found.fetchall()


async def carried_out(conn: Conn, change_id: UUID, outcome: str, version: int) -> None:
    """What became of a change that waited."""
    await conn.execute(
        "UPDATE entity_changes SET outcome = %s, version = %s WHERE id = %s", (outcome, version, change_id)
    )


async def earlier(conn: Conn, submission: Mapping[str, Any]) -> list[DictRow]:
    """What the earlier edits of a submission asked of entities, the latest first; whether one made it."""
    found = await conn.execute(
        "SELECT c.id, c.entity_id, e.entity_key, l.name, c.outcome, c.version, c.change_sealed, c.data_key_wrapped"
        " FROM submissions s JOIN entity_changes c ON c.submission_id = s.id JOIN entities e ON e.id = c.entity_id"
        " JOIN entity_lists l ON l.id = e.list_id"
        " WHERE s.root_key = %(root_key)s AND s.id <> %(id)s ORDER BY s.seq DESC, c.nth DESC",
        submission,
    )
    return await found.fetchall()


async def lists(conn: Conn, asked: Mapping[str, Any]) -> list[DictRow]:
    """The lists that somebody may see, with how many entities of theirs are in them and how many are in conflict."""
    found = await conn.execute(
        "SELECT l.id, l.name, l.emergency_id, l.properties, l.revision,"
        " count(e.id) FILTER (WHERE e.state = 'active') AS entities,"
        " count(e.id) FILTER (WHERE e.state = 'waiting') AS waiting,"
        " count(e.id) FILTER (WHERE e.conflict) AS conflicts"
        f" FROM entity_lists l LEFT JOIN entities e ON e.list_id = l.id AND {_SEEN}"
        " WHERE %(centres)s::uuid[] IS NULL OR EXISTS (SELECT 1 FROM unnest(%(emergencies)s::uuid[]) AS b(emergency)"
        " WHERE b.emergency IS NULL OR b.emergency = l.emergency_id)"
        " GROUP BY l.id ORDER BY l.name, l.id",
        asked,
    )
    return await found.fetchall()


async def page(conn: Conn, asked: Mapping[str, Any]) -> list[DictRow]:
    """Entities of the lists of a name, by id: within bounds, an emergency, a state (`conflict`: any)."""
    found = await conn.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE l.name = %(name)s AND e.id > %(after)s AND {_SEEN}"
        " AND (%(emergency)s::uuid IS NULL OR l.emergency_id = %(emergency)s)"
        " AND (e.state = %(state)s OR (%(state)s = 'conflict' AND e.conflict)) ORDER BY e.id LIMIT %(limit)s",
        asked,
    )
    return await found.fetchall()


async def one(conn: Conn, asked: Mapping[str, Any], *, lock: bool = False) -> list[DictRow]:
    """The entities of that name and key that somebody may see: more than one where emergencies share the key."""
    found = await conn.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE l.name = %(name)s AND e.entity_key = %(key)s AND {_SEEN}"
        " AND (%(emergency)s::uuid IS NULL OR l.emergency_id = %(emergency)s) ORDER BY e.id LIMIT 2"
        + (" FOR UPDATE OF e" if lock else ""),
        asked,
    )
    return await found.fetchall()


async def changes_of(conn: Conn, entity_ids: Sequence[UUID]) -> list[DictRow]:
    """The changes that were asked of entities, the oldest first."""
    found = await conn.execute(
        "SELECT id, entity_id, submission_id, nth, actor, outcome, version, change_sealed, data_key_wrapped, at,"
        " resolved_at, resolved_by FROM entity_changes WHERE entity_id = ANY(%s) ORDER BY at, id",
        (list(entity_ids),),
    )
    return await found.fetchall()


async def resolve(conn: Conn, entity_id: UUID, actor: str) -> None:
    """A person has looked at the entity's conflicts."""
    await conn.execute(
        "UPDATE entity_changes SET resolved_at = clock_timestamp(), resolved_by = %s"
        " WHERE entity_id = %s AND outcome = 'conflict' AND resolved_at IS NULL",
        (actor, entity_id),
    )
