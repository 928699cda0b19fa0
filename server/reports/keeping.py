"""A group of messages into the database: all in one statement; when one of them is refused, it alone is set aside."""

import base64
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg

from server.access.context import Context
from server.emergencies.service import resolve
from server.kernel.db import Conn
from server.reports import queries
from server.reports.intake import Accepted, Incoming, Row, accept_rows, settle_unnumbered

UNFIT: Final = (psycopg.Error, RuntimeError, ValueError, struct.error)
"""What a row that cannot be kept makes the database, or the packing of its columns, say."""
ASIDE: Final = "set_aside"


@dataclass(slots=True, eq=False)
class Pending:
    """A message on its way into the database: as it came (`item`), and its row, sealed under an id not yet promised.

    `emergency`: the one its gateway is bound to. `unnumbered`: the gateway gave it no number that copies share.
    """

    item: Incoming
    actor: str
    emergency: UUID | None
    unnumbered: bool
    row: Row
    came_at: float = field(default_factory=time.time)
    """Seconds since 1970 by this machine's clock: what `received_at` will be when it has to be sheltered."""


async def write_group(conn: Conn, pending: Sequence[Pending]) -> list[Accepted]:
    """Write them down in a transaction of their own (a savepoint within another); answers in order.

    Those without an emergency of their own get the sole open one. Raises what the database says.
    """
    async with conn.transaction():
        sole = await resolve(conn, None, None) if any(one.emergency is None for one in pending) else None
        rows = []
        for one in pending:
            one.row["emergency_id"] = one.emergency or sole
            rows.append(one.row)
        if any(one.unnumbered for one in pending):
            await settle_unnumbered(conn, rows, [one.unnumbered for one in pending])
        return await accept_rows(conn, rows)


async def write_apart(conn: Conn, ctx: Context, pending: Sequence[Pending]) -> list[Accepted]:
    """As `write_group`, for a group in which something is refused: halves, until the bad one stands alone.

    That one is set aside, sealed, and answered like the others: what a person sent is never turned away.
    """
    try:
        return await write_group(conn, pending)
    except psycopg.OperationalError:
        raise
    except UNFIT:
        if len(pending) == 1:
            return [await _set_aside(conn, ctx, pending[0])]
    middle = len(pending) // 2
    return [*await write_apart(conn, ctx, pending[:middle]), *await write_apart(conn, ctx, pending[middle:])]


async def _set_aside(conn: Conn, ctx: Context, one: Pending) -> Accepted:
    """Keep it for a person to look at; a copy gets the same answer, for the id comes from the message's identity."""
    key = f"{one.row['source_key']}:{one.row['body_hash'].hex()[:16]}"
    aside_id: UUID = one.row["id"]
    record = ctx.sealing.new(ASIDE, aside_id)
    row = {
        "id": aside_id,
        "source": one.row["source"],
        "source_key": key,
        "row_number": None,
        "reason": "refused",
        "payload_sealed": record.seal("payload_sealed", _payload(one.item)),
        "sealing_key_id": record.key_id,
        "data_key_wrapped": record.wrapped,
    }
    written = await queries.add_set_aside(conn, [row])
    return Accepted(aside_id, one.row["receipt"], aside_id not in written, False)


def _payload(item: Incoming) -> bytes:
    """The whole message for a person's eyes: its bytes in base64 as well where they are no UTF-8."""
    told: dict[str, Any] = {
        "channel": item.channel,
        "from": item.sender,
        "to": item.recipient,
        "content_type": item.content_type,
        "text": item.body.decode("utf-8", "replace"),
        "received_at": item.occurred_at,
        "meta": dict(item.meta),
    }
    if "\ufffd" in told["text"]:
        told["bytes"] = base64.b64encode(item.body).decode()
    try:
        return orjson.dumps(told, default=str)
    except (TypeError, ValueError):
        return repr(told).encode("utf-8", "backslashreplace")
