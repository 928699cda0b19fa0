"""The volunteers' layer: coarse live positions that lie in Redis with an expiry. Nothing of them is stored."""

from collections.abc import Iterable
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.kernel.geo import Box
from server.maps.asking import Ask

POSITIONS = "hamyar:positions"
"""A sorted set of volunteer ids by the time their position ends, and `hamyar:position:<id>` → JSON beside it."""
POSITION = "hamyar:position:"
MOST = 2000


async def positions(redis: "Redis") -> list[dict[str, Any]]:
    """Every live position: {id, code, lon, lat, status, at}. Empty when Redis is away: positions may be lost."""
    try:
        found: Any = await redis.zrange(POSITIONS, 0, -1)
        ids = [value.decode() for value in found]
        values = await redis.mget([POSITION + one for one in ids]) if ids else []
    except (RedisError, OSError, TimeoutError):
        return []
    return [orjson.loads(value) | {"id": one} for one, value in zip(ids, values, strict=True) if value]


def features(found: Iterable[dict[str, Any]], ask: Ask) -> list[dict[str, Any]]:
    """Those in the box that pass the filters, as features."""
    return [
        _feature(one)
        for one in found
        if _inside(one, ask.boxes) and (not ask.statuses or one.get("status") in ask.statuses)
    ]


def _inside(one: dict[str, Any], boxes: Iterable[Box]) -> bool:
    return any(box.holds(one["lon"], one["lat"]) for box in boxes)


def _feature(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": one["id"],
        "geometry": {"type": "Point", "coordinates": [one["lon"], one["lat"]]},
        "properties": {
            "layer": "volunteers",
            "code": one.get("code"),
            "category": None,
            "status": one.get("status"),
            "urgency": None,
            "updated_at": one.get("at"),
            "accuracy_m": one.get("accuracy_m", 1000),
            "place": None,
        },
    }


def by_ids(found: Iterable[dict[str, Any]], ids: set[str]) -> bytes:
    """A FeatureCollection of those volunteers whose position is alive."""
    return orjson.dumps(
        {"type": "FeatureCollection", "features": [_feature(one) for one in found if one["id"] in ids]}
    )


async def answer(redis: "Redis", ask: Ask, seq: int) -> bytes:
    """As the other layers' answer; positions are few, so they are always listed (at most MOST)."""
    found = features(await positions(redis), ask)
    return orjson.dumps(
        {"cells": [], "features": found[:MOST], "total": len(found), "counted": "features", "seq": seq}
    )
