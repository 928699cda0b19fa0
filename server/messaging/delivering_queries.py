"""SQL of delivery reports."""

from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_COLUMNS: Final = (
    "m.id, m.state, m.gateway_id, m.attempts, g.kind AS gateway_kind,"
    " m.expires_at IS NULL OR m.expires_at > clock_timestamp() AS lives"
    " FROM messages m LEFT JOIN gateways g ON g.id = m.gateway_id"
)


async def by_reference(conn: Conn, gateway_id: UUID, reference: str, message_id: UUID | None) -> DictRow | None:
    """The message that a gateway means, locked. By our id too: its report may overtake its answer."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + " WHERE (m.gateway_id = %(gateway)s AND m.reference = %(reference)s)"
            " OR (m.id = %(id)s AND (m.gateway_id = %(gateway)s OR m.gateway_id IS NULL)) LIMIT 1 FOR UPDATE OF m",
            {"gateway": gateway_id, "reference": reference, "id": message_id},
        )
    ).fetchone()


async def by_id(conn: Conn, message_id: UUID) -> DictRow | None:
    """One message, locked."""
    return await (
        await conn.execute("SELECT " + _COLUMNS + " WHERE m.id = %s FOR UPDATE OF m", (message_id,))
    ).fetchone()


async def queue_again(conn: Conn, message_id: UUID, seconds: float, reason: str) -> None:
    """Send it once more, by whatever gateway comes next and under a new name: the attempt under the old one failed."""
    await conn.execute(
        "UPDATE messages SET state = 'queued', reason = %s,"
        " gateway_id = NULL, reference = NULL, lease_until = NULL,"
        " not_before = clock_timestamp() + make_interval(secs => %s) WHERE id = %s",
        (reason, seconds, message_id),
    )


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
