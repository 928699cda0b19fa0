"""The pulse of the gateways: a worker's loop that raises an alarm when one is silent, and ends it when it is back."""

import asyncio
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.redis import ring
from server.messaging import gateway_queries as queries
from server.messaging.alarms import end_alarm, open_alarms, raise_alarm
from server.messaging.beats import Noted, restore, take, write
from server.messaging.gateway_rules import is_back, is_silent

log = structlog.get_logger("pulse")
LOOK_S: Final = 10.0
"""With beats written every 3 s and a default of 40 s, silence shows within 60 s."""
REFUSED_OVER_S: Final = 600
"""A door that turned nobody away for so long is quiet again."""
SILENT: Final = "gateway.silent"
REFUSED: Final = "gateway.refused"


async def write_down(ctx: Context) -> None:
    """What this process noted of gateways goes to the database. What cannot be written is noted again."""
    taken = take()
    if not taken:
        return
    try:
        async with ctx.db.tx() as conn:
            await write(conn, taken)
            if refused := {key: noted for key, noted in taken.items() if noted.refused}:
                await _tell_refused(conn, refused)
    except BaseException:
        restore(taken)
        raise


async def _tell_refused(conn: Conn, refused: Mapping[UUID, Noted]) -> None:
    """Requests turned away at a gateway's own door: a wrong signature is a wrong setting, or somebody trying."""
    rows = {row["id"]: row for row in await queries.all_gateways(conn)}
    standing = {row["subject"]: row["data"] for row in await open_alarms(conn, code=REFUSED)}
    for gateway_id, noted in refused.items():
        if row := rows.get(gateway_id):
            data = {
                "name": row["name"],
                "kind": row["kind"],
                "why": (noted.trouble or "in.refused").partition(".")[2],
                "count": standing.get(str(gateway_id), {}).get("count", 0) + noted.refused,
                "last": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            await raise_alarm(conn, REFUSED, str(gateway_id), emergency_id=row["emergency_id"], data=data)


async def look(conn: Conn, watched_s: float = math.inf) -> tuple[int, int]:
    """One look at every gateway: how many fell silent, how many came back.

    `watched_s`: for how long we have been looking without a break. A silence while we were away ourselves is not the
    gateway's.
    """
    silent = back = 0
    standing = {row["subject"] for row in await open_alarms(conn, code=SILENT)}
    for row in await queries.with_beats(conn):
        subject = str(row["id"])
        beat_s = row["beat_s"] if row["enabled"] else None
        if subject not in standing and is_silent(min(row["quiet_s"], watched_s), beat_s):
            data = {"name": row["name"], "kind": row["kind"], "beat_s": beat_s}
            silent += await raise_alarm(conn, SILENT, subject, emergency_id=row["emergency_id"], data=data)
        elif subject in standing and is_back(row["quiet_s"], beat_s):
            back += await end_alarm(conn, SILENT, subject)
    before = datetime.now(UTC) - timedelta(seconds=REFUSED_OVER_S)
    for row in await open_alarms(conn, code=REFUSED):
        if datetime.fromisoformat(row["data"]["last"]) < before:
            await end_alarm(conn, REFUSED, row["subject"])
    return silent, back


async def run(ctx: Context) -> None:
    """The worker's loop `pulse`: writes this process's beats (the outbox's) down and looks every `LOOK_S`."""
    since = time.monotonic()
    while True:
        try:
            await write_down(ctx)
            async with ctx.db.tx() as conn:
                silent, back = await look(conn, time.monotonic() - since)
            if silent or back:
                log.info("pulse.changed", silent=silent, back=back)
                await ring(ctx.redis, "events")
        except (psycopg.Error, PoolTimeout, OSError) as error:
            since = time.monotonic()
            log.info("pulse.waits", kind=type(error).__name__)
        await asyncio.sleep(LOOK_S)
