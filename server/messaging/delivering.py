"""What became of a message after a gateway took it. Reports come late, twice and out of order; the highest stands."""

import hmac
import random
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.sealing import Sealing
from server.kernel.db import Conn
from server.messaging import delivering_queries as queries
from server.messaging.gateways import Gateway
from server.messaging.rules import PHONE_TRIES, RANK, backoff_s, merged
from server.messaging.watching import tell

DOORS: Final = {"kannel": "/intake/sms/kannel/dlr", "twilio": "/intake/sms/twilio/dlr"}
"""Where each kind of gateway says what became of a message; android says it through its webhook."""


def signature(sealing: Sealing, message_id: UUID) -> str:
    """What proves that a report's address is one that we gave out: 128 bits, keyed."""
    return sealing.keyed_hash("delivery", str(message_id)).hex()[:32]


def is_signed(sealing: Sealing, message_id: UUID, given: str) -> bool:
    """Whether the address of a report is ours."""
    return hmac.compare_digest(signature(sealing, message_id).encode(), given.encode("utf-8", "replace"))


def report_url(ctx: Context, gateway: Gateway, message_id: UUID) -> str:
    """Where this gateway may report this message; empty where it cannot reach us.

    `settings["callback_url"]` is how the gateway reaches this instance; without it the instance's own address serves.
    """
    door = DOORS.get(gateway.kind)
    base = str(gateway.settings.get("callback_url") or ctx.settings.public_url)
    if not base and gateway.kind == "kannel":
        base = ctx.settings.url
    if not door or not base:
        return ""
    return f"{base.rstrip('/')}{door}?id={message_id}&sig={signature(ctx.sealing, message_id)}"


async def reported(conn: Conn, gateway_id: UUID, reference: str, state: str) -> bool:
    """A gateway reports `sent`, `delivered` or `failed` of a message by its own name for it, or by our id.

    True when the message's state changed. A name that nobody knows is passed over: a gateway serves others too.
    """
    return await _note(conn, await queries.by_reference(conn, gateway_id, reference, _uuid(reference)), state)


async def reported_by_id(conn: Conn, message_id: UUID, state: str) -> UUID | None:
    """The same for an address that we signed; the gateway that has the message, None where there is none."""
    row = await queries.by_id(conn, message_id)
    await _note(conn, row, state)
    gateway_id: UUID | None = row["gateway_id"] if row else None
    return gateway_id


async def _note(conn: Conn, row: DictRow | None, state: str) -> bool:
    if row is None or state not in RANK:
        return False
    new = merged(row["state"], state)
    if new == row["state"]:
        return False
    if new == "failed" and row["gateway_kind"] == "android" and row["lives"] and row["attempts"] < PHONE_TRIES:
        # A phone without a network or credit says so at once, and nothing has left it.
        pause = backoff_s(row["attempts"], random.random())  # noqa: S311 - spreads attempts, keeps no secret
        await queries.queue_again(conn, row["id"], pause, "phone_failed")
        return True
    changed = await queries.set_state(conn, row["id"], new, "undelivered" if new == "failed" else None)
    await tell(conn, [changed] if new == "failed" else [])
    return True


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
