"""The queue of checks as desks share it: what one desk is given, others are not offered for two minutes.

Who holds which lies in Redis alone: wiped or away, two people may look at the same record, and the second answer is
the same as the first.
"""

import asyncio
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.access.context import Context
from server.access.principal import Principal
from server.kernel.db import Conn
from server.reports import checks, inbox

HELD_S: Final = 120
KEY: Final = "hamyar:check-desk:"
PAGE: Final = 20
PAGES_MOST: Final = 3
"""Past so many pages of what others hold there is nothing that could not wait."""


async def take(
    conn: Conn,
    ctx: Context,
    principal: Principal,
    *,
    desk: UUID,
    emergency: UUID | None,
    have: Collection[UUID],
    most: int,
) -> dict[str, Any]:
    """The next checks for a desk, each with its newest report (`said`), opened on record."""
    found: list[dict[str, Any]] = []
    page: str | None = None
    known = {str(i) for i in have}
    for _ in range(PAGES_MOST):
        listed = await checks.listed(conn, principal, emergency=emergency, page=page, limit=PAGE)
        for item in listed["items"]:
            if len(found) < most and item["id"] not in known and await _reserve(ctx.redis, item["id"], desk):
                found.append(item)
        page = listed["next"]
        if page is None or len(found) >= most:
            break
    reports = [UUID(item["report"]) for item in found if item["report"]]
    said = {str(one["id"]): one for one in await inbox.opened(conn, ctx, principal, reports)} if reports else {}
    return {"items": [item | {"said": said.get(item["report"] or "")} for item in found]}


async def _reserve(redis: Redis, record: str, desk: UUID) -> bool:
    """Whether the record is this desk's now. Without Redis everything is everybody's."""
    key = KEY + record
    try:
        async with asyncio.timeout(0.5):
            if await redis.set(key, str(desk), nx=True, ex=HELD_S):
                return True
            return await redis.get(key) == str(desk).encode()
    except (RedisError, OSError, TimeoutError):
        return True
