"""Who else looks at the map, roughly where, and which record they have open: marks in Redis for half a minute.

They stand nowhere else: no event, no row, no log. A mark names nobody: a role, a centre, a colour, and keys that only
this instance can make. Without Redis nobody is seen, and everything else goes on.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from redis.exceptions import RedisError

from server.access.context import Context
from server.access.principal import Principal
from server.access.roles import Role
from server.kernel.clock import now
from server.kernel.errors import Problem
from server.live.rules import OF_ONE_CENTRE, SEEN_WITH

KEY: Final = "hamyar:presence"
PERMISSION: Final = "presence.tell"
FRESH_S: Final = 30
TURNS: Final = 40
"""How often one person's pages may tell within TURNS_S seconds."""
TURNS_S: Final = 20
STEP: Final = 0.05
"""Degrees: where somebody looks is told to about five kilometres."""
COLOURS: Final = 8
BY_RANK: Final[tuple[Role, ...]] = ("admin", "coordinator", "dispatcher")
NOUNS: Final[Mapping[str, str]] = {
    "needs": "need", "incidents": "incident", "tasks": "task", "reports": "report", "closures": "closure",
    "centres": "centre", "movements": "movement", "volunteers": "volunteer", "gaps": "need", "teams": "team",
    "hazards": "hazard", "shelters": "shelter",
}  # fmt: skip
"""Layer → the noun whose permission says who may hear that such a record is open."""
REDIS_AWAY: Final = (RedisError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody at the map. `who` and `page` are keyed hashes; `open`: layer and id of a record."""

    page: str
    who: str
    role: str
    centre: UUID | None
    emergency: UUID | None
    lon: float
    lat: float
    zoom: int
    open: tuple[str, UUID] | None
    at: float


def coarse(degrees: float) -> float:
    """A coordinate to the nearest STEP."""
    return round(round(degrees / STEP) * STEP, 2)


def sees(viewer: Principal, looks_at: UUID | None, mark: Mark) -> bool:
    """Whether a colleague is shown: of the same operation, and to one bound to a centre only its own and the house's.

    `looks_at`: the emergency that the viewer has on the map, None for all.
    """
    bound = viewer.emergency_id
    if bound is not None and mark.emergency != bound:
        return False
    if looks_at is not None and mark.emergency not in {looks_at, None}:
        return False
    mine = viewer.centre_bound(PERMISSION)
    return mine is None or mark.centre in {mine, None}


def hears_of(viewer: Principal, layer: str) -> bool:
    """Whether the viewer may know which record of that layer somebody has open."""
    noun = NOUNS.get(layer, "")
    permission = SEEN_WITH.get(noun)
    if permission is None or not viewer.scopes_for(permission):
        return False
    # Which volunteer of another house is looked at is that house's own affair.
    return noun not in OF_ONE_CENTRE or viewer.centre_bound(permission) is None


def mark_of(ctx: Context, principal: Principal, looking: Mapping[str, Any]) -> Mark:
    """The mark of a page. `looking`: tab, lon, lat, zoom, open (layer, id) or None, emergency."""
    roles = {scope.role for scope in principal.scopes_for(PERMISSION)}
    found = looking["open"]
    return Mark(
        page=ctx.sealing.keyed_hash("presence", f"{principal.id} {looking['tab']}").hex()[:16],
        who=ctx.sealing.keyed_hash("presence", str(principal.id)).hex()[:16],
        role=next(role for role in BY_RANK if role in roles),
        centre=principal.centre_bound(PERMISSION),
        emergency=principal.emergency_id or looking["emergency"],
        lon=coarse(looking["lon"]),
        lat=coarse(looking["lat"]),
        zoom=looking["zoom"],
        open=found if found and found[0] in NOUNS else None,
        at=now().timestamp(),
    )


async def tell(ctx: Context, mark: Mark) -> list[Mark] | None:
    """Keep a mark and give all fresh ones, its own among them. None: Redis is away. Raises 429 for too many."""
    turns = f"{KEY}:turns:{mark.who}"
    pipe = ctx.redis.pipeline(transaction=False)
    pipe.incr(turns)
    pipe.expire(turns, TURNS_S, nx=True)
    pipe.hset(KEY, mark.page, orjson.dumps(mark))
    pipe.expire(KEY, FRESH_S)
    pipe.hgetall(KEY)
    try:
        async with asyncio.timeout(1):
            told, _, _, _, kept = await pipe.execute()
            if told > TURNS:
                raise _too_often()
            fresh, old = _read(kept)
            if old:
                await ctx.redis.hdel(KEY, *old)
    except REDIS_AWAY:
        return None
    return fresh


async def leave(ctx: Context, mark: Mark) -> None:
    """The page is closed."""
    try:
        async with asyncio.timeout(1):
            await ctx.redis.hdel(KEY, mark.page)
    except REDIS_AWAY:
        return


def shown(
    viewer: Principal, mine: Mark, looks_at: UUID | None, marks: Iterable[Mark], names: Mapping[UUID, Any]
) -> list[dict[str, Any]]:
    """What the viewer is told of the others; `names`: {fa, en} of centres."""
    return [
        {
            "key": mark.page[:8],
            "colour": int(mark.who[:4], 16) % COLOURS,
            "role": mark.role,
            "centre": names.get(mark.centre) if mark.centre else None,
            "lon": mark.lon,
            "lat": mark.lat,
            "zoom": mark.zoom,
            "open": {"layer": mark.open[0], "id": mark.open[1]}
            if mark.open and hears_of(viewer, mark.open[0])
            else None,
        }
        for mark in sorted(marks, key=lambda one: one.page)
        if mark.who != mine.who and sees(viewer, looks_at, mark)
    ]


def _read(kept: Mapping[bytes, bytes]) -> tuple[list[Mark], list[bytes]]:
    """The fresh marks, and the keys of old or broken ones."""
    fresh, old, since = [], [], now().timestamp() - FRESH_S
    for key, text in kept.items():
        try:
            held = orjson.loads(text)
            found = held["open"]
            ids = {name: UUID(held[name]) if held[name] else None for name in ("centre", "emergency")}
            mark = Mark(**{**held, **ids, "open": (found[0], UUID(found[1])) if found else None})
        except (ValueError, TypeError, KeyError):
            old.append(key)
            continue
        if mark.at < since:
            old.append(key)
        else:
            fresh.append(mark)
    return fresh, old


def _too_often() -> Problem:
    return Problem(
        429,
        "presence.too_often",
        "This page tells too often where it looks.",
        "این صفحه بیش از اندازه می‌گوید کجا را نگاه می‌کند.",
        headers={"Retry-After": str(TURNS_S)},
    )
