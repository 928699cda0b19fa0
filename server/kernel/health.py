"""Is it alive, is it ready, how much has it done."""

import asyncio
import contextlib

import psycopg
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from server.kernel.db import Database
from server.kernel.http import json_response

router = APIRouter()
LOCAL = frozenset({"127.0.0.1", "::1"})


@router.get("/healthz", include_in_schema=False)
async def healthz() -> Response:
    """200 while the process answers."""
    return json_response({"status": "ok"})


@router.get("/readyz", include_in_schema=False)
async def readyz(request: Request) -> Response:
    """200 when the database answers; Redis is told, but not needed to take reports in.

    Gateways are served without the database too, so a proxy before their doors had better ask /healthz.
    `app.state.readiness`: what other slices tell here, by name, without asking any server.
    """
    parts = {"postgres": await _postgres(request), "redis": await _redis(request)}
    told = {name: tell() for name, tell in getattr(request.app.state, "readiness", {}).items()}
    return json_response(
        {"status": "ok" if parts["postgres"] else "waiting", **parts, **told}, 200 if parts["postgres"] else 503
    )


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Prometheus' text format, to this machine only: counts tell an outsider how an operation goes.

    `app.state.counted`: what slices count in the database, asked now; without it their last counts are told.
    """
    if "x-forwarded-for" in request.headers or (request.client and request.client.host not in LOCAL):
        return Response(status_code=404)
    for count in getattr(request.app.state, "counted", ()):
        with contextlib.suppress(psycopg.Error, PoolTimeout, TimeoutError, OSError):
            async with asyncio.timeout(2):
                await count(request.app.state.db)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _postgres(request: Request) -> bool:
    """Whether it answers within two seconds.

    One question at a time, and left alone when it is late: a stopped server would hold each asker's connection.
    """
    state = request.app.state
    asking: asyncio.Task[bool] | None = getattr(state, "asking_postgres", None)
    if asking is None or asking.done():
        asking = state.asking_postgres = asyncio.create_task(_ask(state.db), name="health.postgres")
    done, _ = await asyncio.wait({asking}, timeout=2)
    return asking in done and not asking.cancelled() and asking.result()


async def _ask(db: Database) -> bool:
    try:
        async with db.tx() as conn:
            await conn.execute("SELECT 1")
    except (psycopg.Error, PoolTimeout, TimeoutError, OSError):
        return False
    return True


async def _redis(request: Request) -> bool:
    try:
        async with asyncio.timeout(1):
            return bool(await request.app.state.redis.ping())
    except (RedisError, TimeoutError, OSError):
        return False
