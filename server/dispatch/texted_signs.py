"""Whoever texts from a volunteer's own number is alive: any words do, a code is not asked for."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from server.access.context import Context
from server.kernel.db import Conn
from server.reports.hearing import Heard
from server.volunteers.hearing import heard as alive

FRESH_MIN: Final = 10
"""Minutes. A text that lay in a spool or is read anew says nothing about now."""

# Only a gateway says whose telephone a text came from; whoever else may send reports may name any sender.
_WHOSE: Final = (
    "SELECT DISTINCT v.id FROM reports r JOIN volunteers v ON v.phone_hash = r.sender_hash WHERE r.id = ANY(%s)"
    " AND r.source LIKE 'sms:%%' AND r.received_at > clock_timestamp() - %s * interval '1 minute'"
)


async def note(conn: Conn, _ctx: Context, heard: Sequence[Heard]) -> list[UUID]:
    """Signs of life in a batch of the chain. Changes no need."""
    texts = [h.report_id for h in heard if h.channel == "sms" and h.sender_hash and not h.again]
    if texts:
        rows = await (await conn.execute(_WHOSE, (texts, FRESH_MIN))).fetchall()
        await alive(conn, [row["id"] for row in rows])
    return []
