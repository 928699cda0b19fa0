"""Signs of life: whoever calls, answers or says where she is, is heard, and an alarm about her silence is over."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.messaging.alarms import end_alarm
from server.volunteers import hearing_queries

ALARM: Final = "volunteer.silent"


async def heard(conn: Conn, volunteer_ids: Collection[UUID]) -> int:
    """A sign of life of each of these, in the caller's transaction; returns how many rows were written.

    Cheap enough for every call: a sign within the last few seconds is not written again, and a row that somebody else
    holds is passed over instead of waited for (so it may be called at any place in the order of locks). A timer begins
    anew; who was silent is not any more.
    """
    if not volunteer_ids:
        return 0
    rows = await hearing_queries.hear(conn, list(set(volunteer_ids)))
    back = [row for row in rows if row["was_silent"]]
    for row in back:
        await end_alarm(conn, ALARM, row["code"])
    if back:
        await emit_many(
            conn,
            [
                NewEvent("volunteer.heard", "volunteer", r["id"], None, "system", r["centre_id"], {"code": r["code"]})
                for r in back
            ],
        )
    return len(rows)
