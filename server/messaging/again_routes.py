"""A person's word on a message that failed, or of which nobody knows whether it was sent: send it once more."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from psycopg.rows import DictRow

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit
from server.kernel.http import json_response
from server.kernel.redis import ring
from server.messaging.outbox import BELL

router = APIRouter(prefix="/api/messages", tags=["messaging"])
Services = Annotated[Context, Depends(context)]
OPEN: Final = frozenset({"queued", "sending"})
AGAIN: Final = frozenset({"failed", "unsure"})
_HOURS: Final = 24
"""An old message may have outlived its time; who sends it again means it for today."""


@router.post("/{message_id}/again")
async def send_again(
    principal: Annotated[Principal, allow("message.write")], message_id: UUID, ctx: Services
) -> Response:
    """Put it back into the outbox. While it is on its way a repeated press changes nothing; 409 for what needs none."""
    async with ctx.db.tx() as conn:
        row = await _row(conn, message_id)
        if row is None or (
            row["emergency_id"] and not principal.may("message.write", emergency_id=row["emergency_id"])
        ):
            raise not_found("message")
        if row["state"] in AGAIN:
            await _queue(conn, message_id, "resent" if row["state"] == "unsure" else None)
            told = {"was": row["state"]}
            verb = NewEvent("message.again", "message", message_id, row["emergency_id"], principal.actor, data=told)
            await emit(conn, verb)
        elif row["state"] not in OPEN:
            raise Problem(
                409,
                "message.not_failed",
                "This message did not fail.",
                "فرستادن این پیام شکست نخورده است.",
            )
    await ring(ctx.redis, BELL)
    return json_response({"id": message_id, "state": "queued"})


async def _row(conn: Conn, message_id: UUID) -> DictRow | None:
    values: tuple[Any, ...] = (message_id,)
    found = await conn.execute("SELECT state, emergency_id FROM messages WHERE id = %s FOR UPDATE", values)
    return await found.fetchone()


async def _queue(conn: Conn, message_id: UUID, mark: str | None) -> None:
    """`resent`, as the loop marks its own second sendings: it may arrive twice."""
    await conn.execute(
        "UPDATE messages SET state = 'queued', reason = %s, attempts = 0, gateway_id = NULL, reference = NULL,"
        " lease_until = NULL, not_before = clock_timestamp(),"
        " expires_at = greatest(expires_at, clock_timestamp() + make_interval(hours => %s)) WHERE id = %s",
        (mark, _HOURS, message_id),
    )
