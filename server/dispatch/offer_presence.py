"""Whose page was seen lately: marks in Redis with their moments. Without Redis nobody's was, and texts serve."""

from typing import Final, cast
from uuid import UUID

from redis.exceptions import RedisError

from server.access.context import Context
from server.dispatch.offer_rules import PAGE_FRESH_S
from server.kernel.clock import now

KEY: Final = "hamyar:pages"


async def seen(ctx: Context, volunteer_id: UUID | None) -> None:
    """Her page has just asked for something; a lost mark costs a text."""
    if volunteer_id is None:
        return
    try:
        pipe = ctx.redis.pipeline(transaction=False)
        pipe.zadd(KEY, {str(volunteer_id): now().timestamp()})
        pipe.expire(KEY, PAGE_FRESH_S)
        await pipe.execute()
    except (RedisError, OSError, TimeoutError):
        return


async def open_pages(ctx: Context) -> dict[UUID, float]:
    """Whose pages were seen lately, and how long ago in seconds. What is older is forgotten here."""
    moment = now().timestamp()
    try:
        await ctx.redis.zremrangebyscore(KEY, "-inf", moment - PAGE_FRESH_S)
        found = cast("list[tuple[bytes | str, float]]", await ctx.redis.zrange(KEY, 0, -1, withscores=True))
    except (RedisError, OSError, TimeoutError):
        return {}
    return {UUID(key.decode() if isinstance(key, bytes) else key): max(0.0, moment - at) for key, at in found}
