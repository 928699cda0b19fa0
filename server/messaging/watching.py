"""What a person must know of the outbox: messages that could not be sent, caps that are met, a queue that stands."""

from collections.abc import Sequence
from typing import Final

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.messaging import rules
from server.messaging import sending_queries as queries
from server.messaging.alarms import end_alarm, open_alarms, raise_alarm
from server.messaging.lanes import Desk

STUCK_S: Final = 300.0
"""How long messages may wait for a gateway before an alarm stands."""
ALL: Final = "all"
"""The subject of the instance's own cap, beside the gateways' ids."""


async def tell(conn: Conn, rows: Sequence[DictRow]) -> None:
    """An event for each message that a person should know was not, or perhaps not, sent."""
    await emit_many(
        conn,
        [
            NewEvent(
                "message.failed",
                "message",
                row["id"],
                row["emergency_id"],
                data={"kind": row["kind"], "state": row["state"], "reason": row["reason"]},
            )
            for row in rows
        ],
    )


async def watch(conn: Conn, desk: Desk) -> None:
    """Raise and end the alarms of the outbox."""
    # Without a gateway that sends, nobody expects anything to leave.
    waiting = await queries.stuck(conn, STUCK_S) if desk.lanes else 0
    if waiting:
        await raise_alarm(conn, "outbox.stuck", "outbox", data={"waiting": waiting})
    else:
        await end_alarm(conn, "outbox.stuck", "outbox")
    now = (await queries.now(conn)).astimezone(desk.zone)
    spent = await queries.spent(conn, now.date())
    caps = {
        str(key): (lane.gateway.daily_segments, spent.get(key, 0))
        for key, lane in desk.lanes.items()
        if key and lane.gateway
    }
    caps[ALL] = (desk.ctx.settings.daily_segments, sum(spent.values()))
    for subject, (cap, used) in caps.items():
        if cap is not None and cap - used < rules.MOST_SEGMENTS:
            await raise_alarm(conn, "outbox.cap", subject, data={"cap": cap, "used": used})
    for alarm in await open_alarms(conn, code="outbox.cap"):
        cap, used = caps.get(alarm["subject"], (None, 0))
        if cap is None or cap - used >= rules.MOST_SEGMENTS:
            await end_alarm(conn, "outbox.cap", alarm["subject"])
