"""Where volunteers are, roughly and for a while: a point of the kilometre square, in Redis, gone after two
hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from redis.exceptions import RedisError

from server.access.context import Context
from server.access.sealing import BLUR_CELL_M
from server.kernel.clock import now
from server.kernel.errors import Problem

KEY: Final = "hamyar:position:"
LIVES_S: Final = 7200


@dataclass(frozen=True, slots=True)
class Position:
    """A coarse point in degrees, how far off it may be, and how old it is."""

    lon: float
    lat: float
    accuracy_m: float
    age_s: int


async def keep(ctx: Context, volunteer_id: UUID, lon: float, lat: float, accuracy_m: float | None) -> None:
    """Keep the coarse point; the exact one is forgotten here. Without Redis the caller hears of it and may
    send again.
    """
    shown = ctx.sealing.blur(lon, lat)
    data = orjson.dumps(
        {
            "lon": shown[0],
            "lat": shown[1],
            "accuracy_m": max(accuracy_m or 0, BLUR_CELL_M),
            "at": int(now().timestamp()),
        }
    )
    try:
        await ctx.redis.set(f"{KEY}{volunteer_id}", data, ex=LIVES_S)
    except (RedisError, OSError, TimeoutError):
        raise Problem(
            503,
            "positions.unavailable",
            "Positions cannot be kept just now.",
            "اکنون نمی‌توان مکان را نگه داشت.",
            headers={"Retry-After": "30"},
        ) from None


async def of(ctx: Context, volunteer_ids: Sequence[UUID]) -> dict[UUID, Position]:
    """The positions that are known; none at all while Redis is away."""
    if not volunteer_ids:
        return {}
    try:
        found = await ctx.redis.mget([f"{KEY}{i}" for i in volunteer_ids])
    except (RedisError, OSError, TimeoutError):
        return {}
    moment = int(now().timestamp())
    positions = {}
    for volunteer_id, raw in zip(volunteer_ids, found, strict=True):
        if raw:
            p = orjson.loads(raw)
            positions[volunteer_id] = Position(p["lon"], p["lat"], p["accuracy_m"], max(0, moment - p["at"]))
    return positions
