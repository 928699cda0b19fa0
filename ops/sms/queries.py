"""What the test of a gateway asks and tidies in the database."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn


async def now(conn: Conn) -> datetime:
    """The database's clock."""
    rows = await (await conn.execute("SELECT clock_timestamp() AS at")).fetchall()
    at: datetime = rows[0]["at"]
    return at


async def reports_since(conn: Conn, at: datetime) -> list[DictRow]:
    """Text messages kept since a moment, newest first, as they are sealed."""
    return await (
        await conn.execute(
            "SELECT id, body_sealed, data_key_wrapped, read_state FROM reports "
            "WHERE channel = 'sms' AND received_at >= %s ORDER BY received_at DESC LIMIT 500",
            (at,),
        )
    ).fetchall()


async def read_state(conn: Conn, report_id: UUID) -> str:
    """`pending`, `read`, `failed`."""
    row = await (await conn.execute("SELECT read_state FROM reports WHERE id = %s", (report_id,))).fetchone()
    return str(row["read_state"]) if row else "gone"


async def state_of(conn: Conn, message_id: UUID) -> tuple[str, str | None, UUID | None]:
    """State, reason and gateway of an outgoing message."""
    row = await (
        await conn.execute("SELECT state, reason, gateway_id FROM messages WHERE id = %s", (message_id,))
    ).fetchone()
    return (row["state"], row["reason"], row["gateway_id"]) if row else ("gone", None, None)


async def hand_to(conn: Conn, message_id: UUID, gateway_id: UUID) -> None:
    """The message counts as taken by that gateway: the test hands it over itself."""
    await conn.execute("UPDATE messages SET state = 'sent', gateway_id = %s WHERE id = %s", (gateway_id, message_id))


async def drop_twin(conn: Conn, gateway_id: UUID) -> None:
    """Remove the gateway that a test made for itself."""
    await conn.execute("DELETE FROM gateways WHERE id = %s", (gateway_id,))
