"""All SQL of the search for places by name. Each stage walks one index of `place_names`; figures: docs/places.md."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.places.names import normalise, squash
from server.places.sounds import sound

PLACE: Final = (
    "p.id, p.kind, p.name_fa, p.name_en, p.province_fa, p.province_en, p.population, p.accuracy_m,"
    " ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat"
)
ALIKE: Final = 0.4
"""Trigrams in common (pg_trgm): one wrong letter in six passes, another name does not."""
_BEGINS_FROM: Final = 2
_ALIKE_FROM: Final = 4
_SOUND_FROM: Final = 3
_NAMES_MOST: Final = 2000
"""Of names found, the most populous that are looked at; no name is borne by so many places."""

# What is asked of the place itself. A container without an outline holds what its province's code or its radius says.
_KEPT: Final = """
  (%(kinds)s::text[] IS NULL OR p.kind = ANY(%(kinds)s))
  AND (%(west)s::float8 IS NULL OR p.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))
  AND (%(within)s::uuid[] IS NULL OR EXISTS (
    SELECT 1 FROM places c WHERE c.id = ANY(%(within)s) AND c.id <> p.id AND CASE
      WHEN c.area IS NOT NULL THEN ST_Intersects(c.area, p.geom)
      WHEN c.kind = 'province' THEN c.country = p.country AND c.admin1_code = p.admin1_code
      ELSE ST_DistanceSphere(c.geom, p.geom) <= greatest(c.accuracy_m * 1.3, 15000) END))
"""
_NEAR: Final = "ST_DistanceSphere(p.geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))"
# Within one stage a place outweighs others by its people and by lying near where one looks, as reading does.
_ORDER: Final = f"""
  log(1 + p.population) + CASE WHEN %(lon)s::float8 IS NULL THEN 0 WHEN {_NEAR} <= 30000 THEN 2
    WHEN {_NEAR} <= 120000 THEN 0.8 ELSE 0 END
"""
_NAMES: Final = {
    "exact": "SELECT place_id, 1.0 AS score, weight FROM place_names WHERE squashed = %(squashed)s",
    "begins": "SELECT place_id, 1.0 AS score, weight FROM place_names WHERE squashed LIKE %(prefix)s",
    "sound": "SELECT place_id, similarity(squashed, %(squashed)s) AS score, weight FROM place_names"
    " WHERE sound = %(sound)s",
    "alike": "SELECT place_id, similarity(squashed, %(squashed)s) AS score, weight FROM place_names"
    " WHERE squashed %% %(squashed)s",
}
STAGES: Final = tuple(_NAMES)
_STAGE: Final = f"""
WITH named AS (SELECT place_id, score, weight FROM ({{names}}) n ORDER BY weight DESC LIMIT {_NAMES_MOST}),
hits AS (SELECT place_id, max(score) AS score FROM named GROUP BY place_id)
SELECT {PLACE}, h.score, %(stage)s AS found FROM hits h JOIN places p ON p.id = h.place_id
WHERE {_KEPT} ORDER BY round(h.score::numeric, 1) DESC, {_ORDER} DESC, p.id LIMIT %(limit)s
"""  # noqa: S608 - fixed names
_BIGGEST: Final = f"""
SELECT {PLACE} FROM places p WHERE {_KEPT} ORDER BY p.population DESC, p.id LIMIT %(limit)s
"""  # noqa: S608 - fixed names
_WHICH: Final = """
SELECT p.id FROM place_names n JOIN places p ON p.id = n.place_id
WHERE n.squashed = %s AND p.kind IN ('province', 'county', 'city', 'town') LIMIT 20
"""


def _box(box: Box | None) -> dict[str, float | None]:
    return {side: getattr(box, side) if box else None for side in ("west", "south", "east", "north")}


def _asked(
    name: str,
    box: Box | None = None,
    kinds: Sequence[str] | None = None,
    within: Sequence[UUID] | None = None,
    near: tuple[float, float] | None = None,
    limit: int = 20,
) -> dict[str, Any]:
    squashed = squash(name)
    return {
        "squashed": squashed,
        "prefix": squashed + "%",
        "sound": sound(name),
        "kinds": list(kinds) if kinds else None,
        "within": list(within) if within else None,
        "lon": near[0] if near else None,
        "lat": near[1] if near else None,
        "limit": limit,
        **_box(box),
    }


async def named(
    conn: Conn,
    name: str,
    *,
    box: Box | None = None,
    kinds: Sequence[str] | None = None,
    within: Sequence[UUID] | None = None,
    near: tuple[float, float] | None = None,
    limit: int = 20,
) -> list[DictRow]:
    """Places by name: called so, then beginning so, then sounding so, then alike; each stage only while some lack.

    `near` (lon, lat) ranks, `box`, `kinds` and `within` (ids of provinces, counties, towns) select. `found` tells the
    stage.
    """
    asked = _asked(name, box, kinds, within, near, limit)
    squashed, bones = asked["squashed"], asked["sound"]
    stages = ["exact"]
    stages += ["begins"] if len(squashed) >= _BEGINS_FROM else []
    stages += ["sound"] if len(bones) >= _SOUND_FROM else []
    stages += ["alike"] if len(squashed) >= _ALIKE_FROM else []
    rows: dict[UUID, DictRow] = {}
    for stage in stages if squashed else ():
        if len(rows) >= limit:
            break
        if stage == "alike":
            await conn.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", (str(ALIKE),))
        found = await conn.execute(_STAGE.format(names=_NAMES[stage]), {**asked, "stage": stage})
        for row in await found.fetchall():
            rows.setdefault(row["id"], row)
    return list(rows.values())[:limit]


async def explain(conn: Conn, name: str, stage: str) -> str:
    """How the database would walk one stage of a search, for the bench and a test: no table from end to end."""
    asked = _asked(name, limit=8)
    rows = await conn.execute("EXPLAIN " + _STAGE.format(names=_NAMES[stage]), {**asked, "stage": stage})
    return "\n".join(str(next(iter(row.values()))) for row in await rows.fetchall())


async def biggest(
    conn: Conn, *, box: Box | None, kinds: Sequence[str] | None, within: Sequence[UUID] | None = None, limit: int
) -> list[DictRow]:
    """The most populous places of a box or a container."""
    asked = {"kinds": list(kinds) if kinds else None, "within": list(within) if within else None, "limit": limit}
    return await (await conn.execute(_BIGGEST, {**asked, **_box(box)})).fetchall()


async def containers(conn: Conn, name: str) -> list[UUID]:
    """The provinces, counties and towns that a name may mean, as what others lie in."""
    key = squash(name)
    return [r["id"] for r in await (await conn.execute(_WHICH, (key,))).fetchall()] if normalise(name) else []


async def inhabited(conn: Conn, lon: float, lat: float) -> bool:
    """Whether the gazetteer knows any place within about a degree: a point of a country that it holds."""
    box = (lon - 1, lat - 1, lon + 1, lat + 1)
    found = await conn.execute("SELECT 1 FROM places WHERE geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) LIMIT 1", box)
    return await found.fetchone() is not None
