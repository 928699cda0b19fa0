"""`hamyar rebuild`: everything that is derived, made anew from the records."""

import contextlib
from collections.abc import Callable

import psycopg
from redis.exceptions import RedisError

from server.access.context import Context
from server.dispatch.count_queries import recount
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.kernel.stream import STREAM, STREAM_LENGTH, StreamWriter, line_of_row
from server.live.queries import events_after, newest_seq
from server.maps.queries import rebuild_cells, rebuild_features
from server.reports.checking_queries import mark_all

Progress = Callable[[str, int], None]
PREFIX = "hamyar:"
KEPT = ("hamyar:position:", STREAM)
"""Live positions exist nowhere else and end by themselves within two hours; the stream is exchanged, not emptied."""
BATCH = 500


async def rebuild(ctx: Context, progress: Progress) -> dict[str, int]:
    """The map's features and cells, what to check next, the counts of queues, then Redis.

    Readers see the old map until the new is whole.
    """
    async with ctx.db.tx() as conn:
        features = await rebuild_features(conn, progress)
        cells = await rebuild_cells(conn, progress)
        checks = await mark_all(conn)
        tasks = await recount(conn)
        # Answers that browsers and processes keep carry the last event's number: it must not stay the same.
        await emit(conn, NewEvent("map.rebuilt", "map", uuid7(), data={"features": features, "cells": cells}))
    async with await psycopg.AsyncConnection.connect(ctx.db.dsn, autocommit=True) as conn:
        await conn.execute("VACUUM (ANALYZE) map_features, map_cells")
    done = {"features": features, "cells": cells, "checks": checks, "tasks": tasks, "stream": 0, "cleared": 0}
    # Without Redis the map is whole all the same; the sealer refills the stream when Redis is back.
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        done["cleared"] = await clear_redis(ctx)
        done["stream"] = await refill_stream(ctx, progress)
    return done


async def clear_redis(ctx: Context) -> int:
    """Forget limits, caches and whatever else is ours in Redis, but for KEPT. Returns how many keys."""
    cleared = 0
    async for key in ctx.redis.scan_iter(match=f"{PREFIX}*", count=1000):
        if not key.decode().startswith(KEPT):
            cleared += await ctx.redis.delete(key)
    return cleared


async def refill_stream(ctx: Context, progress: Progress) -> int:
    """The newest STREAM_LENGTH events anew, in a stream of their own that then takes the old one's place.

    A line that a running sealer adds meanwhile may be missing after the exchange: listeners mend such a hole from the
    table.
    """
    making = f"{STREAM}:making"
    await ctx.redis.delete(making)
    async with ctx.db.tx() as conn:
        seq = max(0, await newest_seq(conn) - STREAM_LENGTH)
        total = await _copy(ctx, conn, making, seq, progress)
        if total == 0:
            await ctx.redis.delete(STREAM)
            return 0
        await ctx.redis.rename(making, STREAM)
        return total + await _copy(ctx, conn, STREAM, seq + total, progress)


async def _copy(
    ctx: Context, conn: psycopg.AsyncConnection[dict[str, object]], key: str, seq: int, progress: Progress
) -> int:
    start, stream = seq, StreamWriter(ctx.redis, key)
    while rows := await events_after(conn, seq, BATCH):
        # Refused: the running sealer was quicker; what follows its lines is its own to add.
        await stream.add([line_of_row(row) for row in rows])
        seq = rows[-1]["seq"]
        progress("stream", seq - start)
    return seq - start
