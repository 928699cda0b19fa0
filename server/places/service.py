"""Use cases of places: the gazetteer as the chain uses it, search, and the society's centres."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.errors import CONSTRAINTS, Problem, bad_request, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.geo import Box, on_earth
from server.kernel.ids import new_code, uuid7
from server.places import queries
from server.places.gazetteer import Gazetteer
from server.places.geonames import PlaceRow

RECHECK_S = 30.0
"""How long a process may go on with a gazetteer that somebody has since added to."""
READ_MOST = 150_000
"""So many places a process reads by, some 0.3 GB: a country's villages, or the world's towns. Search knows them all."""
CACHED = 2
"""Gazetteers that a process keeps: one a database, and a process of the product knows one database."""
_EDITABLE = ("name_fa", "name_en", "place_id", "active", "lon", "lat")

CONSTRAINTS["uq_centres_code"] = lambda: Problem(
    409, "centre.code_taken", "Another centre has this code.", "مرکز دیگری این کد را دارد."
)


@dataclass(frozen=True, slots=True)
class _Cached:
    mark: tuple[int, str]
    checked: float
    gazetteer: Gazetteer
    ids: Mapping[tuple[str, float, float], UUID]


_cache: dict[str, _Cached] = {}


async def gazetteer(ctx: Context) -> Gazetteer:
    """The gazetteer over the `places` table, built anew when the table has changed (seen within RECHECK_S)."""
    return (await _current(ctx)).gazetteer


async def place_ids(ctx: Context) -> Mapping[tuple[str, float, float], UUID]:
    """(English name, lat, lon) → the place's id: how a reading's place is found again in the table."""
    return (await _current(ctx)).ids


async def _current(ctx: Context) -> _Cached:
    key = ctx.db.dsn
    known = _cache.get(key)
    if known and time.monotonic() - known.checked < RECHECK_S:
        return known
    async with ctx.db.tx() as conn:
        mark = await queries.mark(conn)
        if known and known.mark == mark:
            fresh = _Cached(mark, time.monotonic(), known.gazetteer, known.ids)
        else:
            rows = await queries.gazetteer_rows(conn, ctx.settings.country, READ_MOST)
            built = await asyncio.to_thread(Gazetteer.from_rows, [place_row(r) for r in rows])
            # Smallest last, so that of two entries with one name and point the more populous one is meant.
            ids = {
                (r["name_en"], r["lat"], r["lon"]): r["id"] for r in sorted(rows, key=lambda r: int(r["population"]))
            }
            fresh = _Cached(mark, time.monotonic(), built, ids)
    if key not in _cache and len(_cache) >= CACHED:
        _cache.clear()
    _cache[key] = fresh
    return fresh


def place_row(row: Mapping[str, Any]) -> PlaceRow:
    """A row of `places` as the gazetteer has it; `names` and `hamlet` as far as they were read."""
    return PlaceRow(
        row["source"],
        row["source_id"],
        row["name_en"],
        row["name_fa"],
        tuple(row.get("names", ())),
        row["country"],
        row["admin1_code"] or "",
        row["province_en"] or "",
        row["province_fa"] or "",
        row["lat"],
        row["lon"],
        row["population"],
        row["kind"],
        int(row["accuracy_m"]),
        bool(row.get("hamlet")),
    )


async def given(conn: Conn, changes: Mapping[str, Any], column: str) -> dict[str, Any]:
    """What follows from a `place_id` among a person's changes: the point for `column` and its accuracy; else nothing.

    Raises 400 `place.unknown` for a place that is not in the gazetteer.
    """
    if "place_id" not in changes:
        return {}
    row = await queries.spot(conn, changes["place_id"])
    if row is None:
        raise bad_request("place.unknown", "There is no such place.", "چنین جایی در فهرست نیست.")
    return {column: row["ewkt"], "accuracy_m": row["accuracy_m"]}


async def place(conn: Conn, place_id: UUID) -> dict[str, Any]:
    """One place as GeoJSON: its outline where one is known, else its point. Raises 404."""
    row = await queries.place(conn, place_id)
    if row is None:
        raise not_found("place")
    feature = place_feature(row)
    return {**feature, "geometry": orjson.loads(row["area"])} if row["area"] else feature


def _point(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [row["lon"], row["lat"]]}


def place_feature(row: Mapping[str, Any]) -> dict[str, Any]:
    """A place as GeoJSON, at its point."""
    keys = ("kind", "name_fa", "name_en", "province_fa", "province_en", "population", "accuracy_m")
    properties = (
        {key: row[key] for key in keys} | {"found": row["found"]} if "found" in row else {k: row[k] for k in keys}
    )
    return {
        "type": "Feature",
        "id": str(row["id"]) if row["id"] else None,
        "geometry": _point(row),
        "properties": properties,
    }


def centre_feature(row: DictRow) -> dict[str, Any]:
    """A centre as GeoJSON."""
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": _point(row),
        "properties": {
            "code": row["code"],
            "name_fa": row["name_fa"],
            "name_en": row["name_en"],
            "active": row["active"],
            "place": str(row["place_id"]) if row["place_id"] else None,
            "version": row["version"],
            "updated_at": row["updated_at"].isoformat(),
        },
    }


async def centres(conn: Conn, *, box: Box | None, active: bool | None, limit: int) -> dict[str, Any]:
    """The centres as a FeatureCollection."""
    rows = await queries.centres(conn, box=box, active=active, limit=limit)
    return {"type": "FeatureCollection", "features": [centre_feature(r) for r in rows], "next": None}


async def centre(conn: Conn, centre_id: UUID) -> DictRow:
    """One centre, or 404."""
    row = await queries.centre(conn, centre_id)
    if row is None:
        raise not_found("centre")
    return row


def _check_point(lon: float, lat: float) -> None:
    if not on_earth(lon, lat):
        raise bad_request("geometry.off_earth", "lon and lat must lie on the earth.", "طول و عرض باید روی زمین باشد.")


async def create_centre(conn: Conn, values: Mapping[str, Any], actor: str) -> DictRow:
    """A new centre; `values`: name_fa, name_en, lon, lat, and code, place_id, active if given."""
    _check_point(values["lon"], values["lat"])
    new = {"place_id": None, "active": True, **values, "id": uuid7(), "code": values.get("code") or new_code(6, "H-")}
    await queries.insert_centre(conn, new)
    await emit(
        conn, NewEvent("centre.changed", "centre", new["id"], actor=actor, centre_id=new["id"], data={"created": True})
    )
    return await centre(conn, new["id"])


async def edit_centre(conn: Conn, centre_id: UUID, changes: Mapping[str, Any], version: int, actor: str) -> DictRow:
    """Change a centre that the editor saw at `version`. Raises 412 with the current record."""
    row = await queries.centre(conn, centre_id, lock=True)
    if row is None:
        raise not_found("centre")
    if row["version"] != version:
        raise stale(centre_feature(row))
    merged = {k: changes.get(k, row[k]) for k in _EDITABLE}
    _check_point(merged["lon"], merged["lat"])
    await queries.update_centre(conn, centre_id, merged)
    await emit(
        conn,
        NewEvent(
            "centre.changed", "centre", centre_id, actor=actor, centre_id=centre_id, data={"fields": sorted(changes)}
        ),
    )
    return await centre(conn, centre_id)
