"""Checks and unsure joins as desks share them: what one desk is given, others are not offered for two minutes.

Who holds which lies in Redis alone: wiped or away, two people may look at the same record, and the second answer is
the same as the first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.access.context import Context
from server.access.principal import Principal
from server.kernel.db import Conn
from server.reports import asking, asking_queries, checks, inbox

HELD_S: Final = 120
KEY: Final = "hamyar:check-desk:"
PAGE: Final = 20
PAGES_MOST: Final = 3
"""Past so many pages of what others hold there is nothing that could not wait."""


List = Callable[[str | None], Awaitable[dict[str, Any]]]
"""A page of a list by its cursor: {"items", "next"}."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One open page: its random name, which emergency it looks at, what it holds, how many it wants."""

    name: UUID
    emergency: UUID | None
    have: Collection[UUID]
    most: int


async def take_checks(conn: Conn, ctx: Context, principal: Principal, desk: Desk) -> dict[str, Any]:
    """The next checks for a desk, each with its newest report (`said`), opened on record."""

    async def page(cursor: str | None) -> dict[str, Any]:
        return await checks.listed(conn, principal, emergency=desk.emergency, page=cursor, limit=PAGE)

    found = await _shared(ctx.redis, desk, page)
    said = await _said(conn, ctx, principal, [item["report"] for item in found])
    return {"items": [item | {"said": said.get(item["report"])} for item in found]}


async def take_joins(conn: Conn, ctx: Context, principal: Principal, desk: Desk) -> dict[str, Any]:
    """The next unsure joins for a desk: the report that asks (`said`) and the other record's first voice."""

    async def page(cursor: str | None) -> dict[str, Any]:
        return await asking.listed(conn, principal, desk.emergency, (), cursor, PAGE)

    found = await _shared(ctx.redis, desk, page)
    first = await asking_queries.first_voices(conn, [UUID(str(item["other"]["id"])) for item in found])
    voices = {item["id"]: str(first.get(UUID(str(item["other"]["id"])), "")) for item in found}
    said = await _said(conn, ctx, principal, [*(item["report"] for item in found), *voices.values()])
    return {
        "items": [item | {"said": said.get(item["report"]), "heard": said.get(voices[item["id"]])} for item in found]
    }


async def _shared(redis: Redis, desk: Desk, page: List) -> list[dict[str, Any]]:
    """What of a list nobody else holds, from its top."""
    found: list[dict[str, Any]] = []
    known = {str(i) for i in desk.have}
    cursor: str | None = None
    for _ in range(PAGES_MOST):
        listed = await page(cursor)
        for item in listed["items"]:
            if len(found) < desk.most and item["id"] not in known and await _reserve(redis, item["id"], desk.name):
                found.append(item)
        cursor = listed["next"]
        if cursor is None or len(found) >= desk.most:
            break
    return found


async def _said(
    conn: Conn, ctx: Context, principal: Principal, reports: Collection[str | None]
) -> dict[str | None, dict[str, Any]]:
    ids = [UUID(one) for one in dict.fromkeys(reports) if one]
    return {str(one["id"]): one for one in await inbox.opened(conn, ctx, principal, ids)} if ids else {}


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
