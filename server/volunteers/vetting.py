"""A centre's word on who registered by herself."""

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, emit
from server.messaging.alarms import end_alarm
from server.volunteers import queries
from server.volunteers.hearing import ALARM

_FORGOTTEN: Final[dict[str, Any]] = {
    "name_sealed": None,
    "phone_sealed": None,
    "phone_hash": None,
    "phone_claim": None,
    "data_key_wrapped": None,
    "sealing_key_id": None,
    "check_every_s": None,
}


Decision = Literal["vetted", "refused"]


async def decide(conn: Conn, volunteer_id: UUID, decision: Decision, actor: str, reason: str | None = None) -> None:
    """Confirm or refuse; the same word again changes nothing, another word later is allowed.

    With confirmation the number that was claimed becomes hers: 409 `volunteer.phone_known` when it is another's. With
    refusal name and number are forgotten, and the account sees nothing of the house any more.
    """
    row = await queries.volunteer(conn, volunteer_id, lock=True)
    if row is None:
        raise not_found("volunteer")
    if row["vetting"] == decision:
        return
    await queries.decide(conn, volunteer_id, decision, actor, _FORGOTTEN if decision == "refused" else _owned(row))
    if decision == "refused":
        await queries.restart_timer(conn, volunteer_id)
        await end_alarm(conn, ALARM, row["code"])
    data = {"decision": decision, **({"reason": reason} if reason else {})}
    await emit(conn, NewEvent("volunteer.vetted", "volunteer", volunteer_id, None, actor, row["centre_id"], data))


async def expire(conn: Conn, days: int, most: int) -> int:
    """Refuse whom no centre has answered within so many days: what nobody looks at is not kept. Returns how many."""
    ids = await queries.unanswered(conn, days, most)
    for volunteer_id in ids:
        await decide(conn, volunteer_id, "refused", "system", "unanswered")
    return len(ids)


async def decide_many(
    conn: Conn, volunteer_ids: Sequence[UUID], decision: Decision, actor: str, reason: str | None = None
) -> int:
    """The same word on many who wait, in one transaction; who waits no more is left as is. Returns for how many."""
    waiting = await queries.still_pending(conn, volunteer_ids)
    for volunteer_id in waiting:
        await decide(conn, volunteer_id, decision, actor, reason)
    return len(waiting)


def _owned(row: DictRow) -> dict[str, Any]:
    return {"phone_hash": row["phone_claim"], "phone_claim": None} if row["phone_claim"] else {}
