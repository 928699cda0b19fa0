"""Whose page was seen lately: a mark in Redis with an expiry. Without Redis nobody's was, and texts serve."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from server.access.context import Context
from server.dispatch.offer_rules import PAGE_FRESH_S

KEY: Final = "hamyar:page:"


async def seen(ctx: Context, volunteer_id: UUID | None) -> None:
    """Her page has just asked for something; a lost mark costs a text."""
    if volunteer_id is None:
        return
    try:
        await ctx.redis.set(f"{KEY}{volunteer_id}", b"1", ex=PAGE_FRESH_S)
    except (RedisError, OSError, TimeoutError):
        return


async def ages(ctx: Context, volunteer_ids: Sequence[UUID]) -> dict[UUID, float]:
    """How long ago, in seconds, the pages of these were seen; who is missing was not seen lately."""
    if not volunteer_ids:
        return {}
    try:
        pipe = ctx.redis.pipeline(transaction=False)
        for volunteer_id in volunteer_ids:
            pipe.ttl(f"{KEY}{volunteer_id}")
        found = await pipe.execute()
    except (RedisError, OSError, TimeoutError):
        return {}
    return {i: float(PAGE_FRESH_S - ttl) for i, ttl in zip(volunteer_ids, found, strict=True) if ttl >= 0}
