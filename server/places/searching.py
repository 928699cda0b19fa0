"""Looking a place up by what a person types: for the API, the map's search box and the hotline."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.places import search_queries as queries
from server.places.asking import area, asked, parted, pointed, short_code, stretches, turned
from server.places.names import normalise
from server.places.points import Point
from server.places.service import place_feature
from server.places.spots import midway

_SURE = frozenset({"exact", "begins"})
_KNOWN = frozenset({"exact", "sound"})


def tells_point(text: str) -> bool:
    """Whether what was typed is a point, or a short plus code beside a name, and not a name alone."""
    return pointed(text) is not None or short_code(text) is not None


async def search(
    conn: Conn,
    text: str | None,
    *,
    box: Box | None = None,
    kinds: Sequence[str] | None = None,
    within: UUID | None = None,
    near: tuple[float, float] | None = None,
    limit: int = 20,
) -> dict[str, Any]:
    """Places by what was typed, in either script, as a FeatureCollection; without anything the biggest of the box."""
    if not (text or "").strip():
        rows: Sequence[Mapping[str, Any]] = await queries.biggest(
            conn, box=box, kinds=kinds, within=[within] if within else None, limit=limit
        )
    else:
        rows = await find(conn, text or "", box=box, kinds=kinds, within=within, near=near, limit=limit)
    return {"type": "FeatureCollection", "features": [place_feature(r) for r in rows], "next": None}


async def find(
    conn: Conn,
    text: str,
    *,
    box: Box | None = None,
    kinds: Sequence[str] | None = None,
    within: UUID | None = None,
    near: tuple[float, float] | None = None,
    limit: int = 20,
) -> list[Mapping[str, Any]]:
    """The rows of places that `text` may mean, likeliest first: a name, "name, county", a stretch, a point, a code."""
    if (point := pointed(text)) is not None:
        return [_point_row(await _settled(conn, text, point))]
    if (short := short_code(text)) is not None and normalise(short[1]):
        towns = await queries.named(conn, short[1], near=near, limit=1)
        return [_point_row(short[0].placed(t["lat"], t["lon"]), t) for t in towns]
    options: dict[str, Any] = {"box": box, "kinds": kinds, "near": near, "limit": limit}
    if (stretch := await _stretch(conn, text, near)) is not None:
        return [stretch]
    said = asked(text)
    inside = [within] if within else None
    if said.within and within is None and (ids := await queries.containers(conn, said.within)):
        inside = ids
    if kinds is None and (meant := area(said.name)) is not None:
        rows = await queries.named(conn, meant[1], within=inside, **options | {"kinds": [meant[0]]})
        if _sure(rows):
            return list(rows)
    rows = await queries.named(conn, said.name, within=inside, **options)
    if said.bare != said.name and not _sure(rows):
        rows = await queries.named(conn, said.bare, within=inside, **options) or rows
    if inside is None and not _sure(rows):
        rows = await _inside(conn, said.bare, options) or rows
    return list(rows)


def _sure(rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(row["found"] in _SURE for row in rows)


async def _inside(conn: Conn, name: str, options: Mapping[str, Any]) -> list[Any]:
    """Try the words as a name and what it lies in: حسین آباد دره شهر."""
    for part in parted(name):
        ids = await queries.containers(conn, part.within)
        rows = await queries.named(conn, part.name, within=ids, **options) if ids else []
        if _sure(rows):
            return rows
    return []


async def _settled(conn: Conn, text: str, point: Point) -> Point:
    """The point, turned round where the gazetteer knows places about the turned one alone."""
    other = turned(text, point)
    if other is None or await queries.inhabited(conn, point.lon, point.lat):
        return point
    return other if await queries.inhabited(conn, other.lon, other.lat) else point


async def _stretch(conn: Conn, text: str, near: tuple[float, float] | None) -> dict[str, Any] | None:
    """The middle between the two places that the words name as ends, each taken for the one nearer to the other."""
    for first, second in stretches(text):
        one = await _end(conn, first, near)
        other = await _end(conn, second, (one["lon"], one["lat"])) if one else None
        if one is None or other is None:
            continue
        one = await _end(conn, first, (other["lon"], other["lat"])) or one
        if one["id"] != other["id"]:
            return _middle(one, other)
    return None


async def _end(conn: Conn, name: str, near: tuple[float, float] | None) -> Mapping[str, Any] | None:
    rows = await queries.named(conn, name, near=near, limit=1)
    return rows[0] if rows and rows[0]["found"] in _KNOWN else None


def _middle(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """As inexact as the ends are far; the same rule by which a message is read (`docs/places.md`)."""
    ends = [(end["lon"], end["lat"], end["accuracy_m"]) for end in (one, other)]
    lon, lat, accuracy = midway(ends[0], ends[1])
    latin = f"{one['name_en']} – {other['name_en']}"
    persian = [end["name_fa"] or end["name_en"] for end in (one, other)]
    same = one["province_en"] == other["province_en"]
    return {
        "id": None,
        "kind": "point",
        "name_fa": f"بین {persian[0]} و {persian[1]}",
        "name_en": latin,
        "province_fa": one["province_fa"] if same else None,
        "province_en": one["province_en"] if same else None,
        "population": 0,
        "accuracy_m": accuracy,
        "lon": lon,
        "lat": lat,
        "found": "between",
    }


def _point_row(point: Point, town: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A point that was typed, in the shape of a place's row."""
    name = f"{point.lat:.5f}, {point.lon:.5f}"
    return {
        "id": None,
        "kind": "point",
        "name_fa": None,
        "name_en": name,
        "province_fa": town["province_fa"] if town else None,
        "province_en": town["province_en"] if town else None,
        "population": 0,
        "accuracy_m": round(point.accuracy_m),
        "lon": round(point.lon, 6),
        "lat": round(point.lat, 6),
        "found": "point",
    }
