"""Is it alive, is it ready, how much has it done."""

import asyncio

import psycopg
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from server.kernel.http import json_response

router = APIRouter()
LOCAL = frozenset({"127.0.0.1", "::1"})


@router.get("/healthz", include_in_schema=False)
async def healthz() -> Response:
    """200 while the process answers."""
    return json_response({"status": "ok"})


@router.get("/readyz", include_in_schema=False)
async def readyz(request: Request) -> Response:
    """200 when the database answers; Redis is told, but not needed to take reports in."""
    parts = {"postgres": await _postgres(request), "redis": await _redis(request)}
    return json_response(
        {"status": "ok" if parts["postgres"] else "waiting", **parts}, 200 if parts["postgres"] else 503
    )


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Prometheus' text format, to this machine only: counts tell an outsider how an operation goes."""
    if "x-forwarded-for" in request.headers or (request.client and request.client.host not in LOCAL):
        return Response(status_code=404)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _postgres(request: Request) -> bool:
    try:
        async with asyncio.timeout(2), request.app.state.db.tx() as conn:
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
