"""The watch over silence, long duty and who waits for a centre's word, by the database's clock.

Any number of workers may run it.
"""

import asyncio
from datetime import timedelta
from typing import Final

import psycopg
import structlog

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.kernel.redis import ring
from server.messaging.alarms import raise_alarm
from server.volunteers import duty, duty_queries, duty_rules, vetting
from server.volunteers.hearing import ALARM

log = structlog.get_logger("silence")
EVERY_S: Final = 5.0
BATCH: Final = 200


async def run(ctx: Context) -> None:
    """Watch until cancelled; a database that is away is asked again at the next turn."""
    while True:
        try:
            while await watch(ctx) >= BATCH:
                pass
        except psycopg.OperationalError as error:
            log.warning("silence.postponed", kind=type(error).__name__)
        await asyncio.sleep(EVERY_S)


async def watch(ctx: Context) -> int:
    """One batch; returns how many fell silent or were told to rest."""
    async with ctx.db.tx() as conn:
        silent = await fall_silent(conn)
    async with ctx.db.tx() as conn:
        rested = await begin_rests(conn)
    async with ctx.db.tx() as conn:
        await vetting.expire(conn, ctx.settings.registration_days, BATCH)
    if silent or rested:
        await ring(ctx.redis, "queues")
    return max(silent, rested)


async def fall_silent(conn: Conn) -> int:
    """Raise an alarm for each whose sign of life is overdue: the code, and the team's, nothing else."""
    rows = await duty_queries.fall_silent(conn, BATCH)
    for row in rows:
        data = {"volunteer": row["code"], "team": row["team"]}
        whose = {"emergency_id": row["emergency_id"], "centre_id": row["centre_id"]}
        await raise_alarm(conn, ALARM, row["code"], **whose, data=data)
    await emit_many(
        conn,
        [
            NewEvent("volunteer.silent", "volunteer", r["id"], None, "system", r["centre_id"], {"team": r["team"]})
            for r in rows
        ],
    )
    return len(rows)


async def begin_rests(conn: Conn) -> int:
    """Who has served for the most that is allowed gets nothing new.

    Duty ends by itself for who holds nothing and is heard. Who still holds a task goes on giving signs of life until
    she checks out or is free, and nobody who is silent is crossed off the list.
    """
    rows = await duty_queries.too_long_on_duty(conn, duty_rules.DUTY_MOST_H, BATCH)
    for row in rows:
        until = row["now"] + timedelta(hours=duty_rules.REST_H)
        ends = not row["holds"] and not row["silent"]
        if ends:
            await duty_queries.end_duty(conn, row["id"], until)
            await duty_queries.leave_shifts(conn, row["id"])
        else:
            await duty_queries.write(conn, row["id"], {"rest_until": until, "rest_why": "duty"})
        data = {"until": until.isoformat(), "off_duty": ends}
        await duty.tell(conn, row, "volunteer.rests", "system", data)
    return len(rows)
