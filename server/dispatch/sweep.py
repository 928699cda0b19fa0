"""The watch over leases, once a second by the database's clock. Any number of workers may run it: locks are
skipped.
"""

import asyncio

import psycopg
import structlog
from prometheus_client import Counter

from server.access.context import Context
from server.dispatch import queries, rules
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.kernel.redis import ring

log = structlog.get_logger("leases")
EVERY_S = 1.0
BATCH = 500
EXPIRED = Counter("hamyar_leases_expired", "Leases that ran out", ["to"])


async def run(ctx: Context) -> None:
    """Sweep until cancelled; a database that is away is asked again at the next turn."""
    while True:
        try:
            while await sweep(ctx) >= BATCH:
                pass
        except psycopg.OperationalError as error:
            log.warning("sweep.postponed", kind=type(error).__name__)
        await asyncio.sleep(EVERY_S)


async def sweep(ctx: Context) -> int:
    """One batch; returns how many tasks it moved or flagged."""
    async with ctx.db.tx() as conn:
        moved = await expire_leases(conn)
        flagged = await flag_unclaimed(conn)
    if moved or flagged:
        await ring(ctx.redis, "queues")
    return max(moved, flagged)


async def expire_leases(conn: Conn) -> int:
    """Claimed tasks go back to their queue, accepted and en-route ones to a person, who sees who holds them."""
    rows = await queries.expired(conn, BATCH)
    targets = {r["id"]: move.target for r in rows if (move := rules.move("expire", r["state"]))}
    await queries.expire(
        conn,
        [i for i, target in targets.items() if target == "queued"],
        [i for i, target in targets.items() if target == "escalated"],
    )
    events = []
    for row in rows:
        gone = targets[row["id"]] == "queued"
        EXPIRED.labels("queue" if gone else "person").inc()
        data = {"fence": row["fence"], "volunteer": str(row["holder_id"])}
        events.append(
            NewEvent(
                "task.expired" if gone else "task.escalated",
                "task",
                row["id"],
                row["emergency_id"],
                "system",
                row["centre_id"],
                data if gone else {**data, "reason": "lease"},
            )
        )
    await emit_many(conn, events)
    return len(rows)


async def flag_unclaimed(conn: Conn) -> int:
    """Tasks on which a life hangs and that nobody took are shown to a person, once a wait; they stay claimable."""
    rows = await queries.flag_unclaimed(conn, rules.UNCLAIMED_LIFE_S, BATCH)
    await emit_many(
        conn,
        [
            NewEvent(
                "task.escalated",
                "task",
                r["id"],
                r["emergency_id"],
                "system",
                r["centre_id"],
                {"reason": "unclaimed"},
            )
            for r in rows
        ],
    )
    return len(rows)
