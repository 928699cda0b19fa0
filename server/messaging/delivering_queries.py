"""SQL of delivery reports."""

from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_COLUMNS: Final = "id, state, gateway_id"


async def by_reference(conn: Conn, gateway_id: UUID, reference: str, message_id: UUID | None) -> DictRow | None:
    """The message that a gateway means, locked. By our id too: its report may overtake its answer."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + " FROM messages WHERE (gateway_id = %(gateway)s AND reference = %(reference)s)"  # noqa: S608 - constants alone
            " OR (id = %(id)s AND (gateway_id = %(gateway)s OR gateway_id IS NULL)) LIMIT 1 FOR UPDATE",
            {"gateway": gateway_id, "reference": reference, "id": message_id},
        )
    ).fetchone()


async def by_id(conn: Conn, message_id: UUID) -> DictRow | None:
    """One message, locked."""
    return await (
        await conn.execute("SELECT " + _COLUMNS + " FROM messages WHERE id = %s FOR UPDATE", (message_id,))  # noqa: S608 - constants alone
    ).fetchone()


async def set_state(conn: Conn, message_id: UUID, state: str, reason: str | None) -> DictRow:
    """A new state, as a report gave it."""
    row = await (
        await conn.execute(
            "UPDATE messages SET state = %(state)s, lease_until = NULL,"
            " reason = CASE WHEN reason = 'resent' THEN reason ELSE %(reason)s END,"
            " sent_at = coalesce(sent_at, clock_timestamp()),"
            " delivered_at = CASE WHEN %(state)s = 'delivered' THEN clock_timestamp() END"
            " WHERE id = %(id)s RETURNING id, emergency_id, kind, priority, state, reason",
            {"state": state, "reason": reason, "id": message_id},
        )
    ).fetchone()
    if row is None:
        raise LookupError("the message is gone")
    return row
