"""Use cases of hazard areas: drawn by people, told by feeds. None is deleted: what is over has ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.access.principal import Principal
from server.hazards import queries
from server.hazards.queries import Wanted
from server.hazards.rules import PARTS_MOST, SHAPES
from server.kernel import cursor
from server.kernel.db import Conn
from server.kernel.errors import CONSTRAINTS, Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.kernel.shapes import geometry_problem, plain

CODE: Final = "H-"
CONSTRAINTS["fk_hazards_emergency_id"] = lambda: Problem(
    422, "hazard.emergency", "No such emergency.", "چنین بحرانی نیست."
)
CONSTRAINTS["ck_hazards_valid"] = lambda: Problem(
    422, "hazard.valid", "It ends before it begins.", "پایان آن پیش از آغازش است."
)


@dataclass(frozen=True, slots=True)
class FeedArea:
    """An area as a feed tells it; `key` names it within the feed."""

    feed: str
    key: str
    kind: str
    geometry: dict[str, Any]
    level: str = "unknown"
    verification: str = "likely"
    valid_from: datetime | None = None
    valid_until: datetime | None = None


def bad_geometry(code: str) -> Problem:
    """422: no area on the earth."""
    return Problem(
        422,
        "hazard.geometry",
        f"This area cannot be used: {code}.",
        f"این محدوده پذیرفتنی نیست: {code}.",
        fields=[{"field": "geometry", "code": code, "message": code}],
    )


def feature(row: Mapping[str, Any]) -> dict[str, Any]:
    """An area as GeoJSON."""
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": row["geometry"],
        "properties": {
            "layer": "hazards",
            "code": row["code"],
            "emergency": str(row["emergency_id"]),
            "kind": row["kind"],
            "level": row["level"],
            "status": row["status"],
            "verification": row["verification"],
            "source": row["source"],
            "feed": row["feed"],
            "valid_from": row["valid_from"].isoformat(),
            "valid_until": row["valid_until"].isoformat() if row["valid_until"] else None,
            "updated_at": row["updated_at"].isoformat(),
            "version": row["version"],
        },
    }


def visible(principal: Principal, emergency: UUID | None = None) -> list[UUID] | None:
    """The emergencies to look in: the asked one if it may be seen, else all of the reader's; None for every one."""
    if emergency is not None:
        if not principal.may("hazard.read", emergency_id=emergency):
            raise not_found("emergency")
        return [emergency]
    bound = [scope.emergency_id for scope in principal.scopes_for("hazard.read")]
    return None if None in bound else [one for one in bound if one]


async def listed(conn: Conn, wanted: Wanted) -> dict[str, Any]:
    """A page of areas as a FeatureCollection with the cursor of what follows."""
    rows = await queries.page(conn, wanted)
    shown = rows[: wanted.limit]
    more = len(rows) > wanted.limit
    return {
        "type": "FeatureCollection",
        "features": [feature(row) for row in shown],
        "next": cursor.encode(shown[-1]["updated_at"], shown[-1]["id"]) if more else None,
    }


async def one(conn: Conn, hazard_id: UUID, within: Sequence[UUID] | None) -> DictRow:
    """One area, or 404."""
    row = await queries.one(conn, hazard_id)
    if row is None or (within is not None and row["emergency_id"] not in within):
        raise not_found("hazard")
    return row


def _problem(geometry: Any) -> str | None:
    if not isinstance(geometry, dict) or geometry.get("type") not in SHAPES:
        return "type"
    parts = geometry.get("coordinates")
    if geometry["type"] == "Polygon":
        return geometry_problem(geometry)
    if not isinstance(parts, list) or not parts:
        return "coordinates"
    if len(parts) > PARTS_MOST:
        return "too_many_positions"
    found = (geometry_problem({"type": "Polygon", "coordinates": part}) for part in parts)
    return next((problem for problem in found if problem), None)


async def shape_of(conn: Conn, geometry: Any) -> str:
    """The area as GeoJSON text, checked. Raises 422."""
    if problem := _problem(geometry):
        raise bad_geometry(problem)
    text = orjson.dumps(plain(geometry)).decode()
    if not await queries.is_simple(conn, text):
        raise bad_geometry("crosses_itself")
    return text


async def create(conn: Conn, asked: Mapping[str, Any], principal: Principal) -> DictRow:
    """An area drawn by a person; `asked` as in `schemas.NewHazard`."""
    if not principal.may("hazard.edit", emergency_id=asked["emergency"]):
        raise not_found("emergency")
    names = ("kind", "level", "verification", "valid_from", "valid_until")
    values = {name: asked[name] for name in names} | {"source": "drawn", "feed": None, "feed_key": None}
    return await _make(conn, asked["emergency"], values, asked["geometry"], principal.actor)


async def _make(conn: Conn, emergency: UUID, values: Mapping[str, Any], geometry: Any, actor: str) -> DictRow:
    new = uuid7()
    text = await shape_of(conn, geometry)
    await queries.insert(
        conn, {**values, "id": new, "code": new_code(7, CODE), "emergency_id": emergency, "geometry": text}
    )
    data = {"kind": values["kind"], "level": values["level"], "source": values["source"]}
    await emit(conn, NewEvent("hazard.created", "hazard", new, emergency, actor, data=data))
    return await one(conn, new, None)


async def edit(conn: Conn, hazard_id: UUID, changes: Mapping[str, Any], version: int, principal: Principal) -> DictRow:
    """Change an area seen at `version`. Raises 412 with the current one."""
    row = await queries.one(conn, hazard_id, lock=True)
    if row is None or not principal.may("hazard.edit", emergency_id=row["emergency_id"]):
        raise not_found("hazard")
    if row["version"] != version:
        raise stale(feature(row))
    return await _change(conn, row, changes, principal.actor)


async def _change(conn: Conn, row: Mapping[str, Any], changes: Mapping[str, Any], actor: str) -> DictRow:
    values = dict(changes)
    if "geometry" in values:
        values["geometry"] = await shape_of(conn, values["geometry"])
    if values:
        await queries.update(conn, row["id"], values)
        data = {"fields": sorted(changes)}
        await emit(conn, NewEvent("hazard.changed", "hazard", row["id"], row["emergency_id"], actor, data=data))
    return await one(conn, row["id"], None)


async def tell(conn: Conn, emergency: UUID, area: FeedArea, actor: str) -> DictRow:
    """What a feed says of an area: a new one, or the known one brought up to it. Said twice it changes nothing.

    One that a person has ended stays ended: a feed repeats itself for days.
    """
    said = {
        "kind": area.kind,
        "level": area.level,
        "valid_until": area.valid_until,
        **({"valid_from": area.valid_from} if area.valid_from else {}),
    }
    row = await queries.by_feed(conn, area.feed, area.key)
    if row is None:
        values = {"valid_from": None, **said, "verification": area.verification, "source": "feed"}
        return await _make(conn, emergency, values | {"feed": area.feed, "feed_key": area.key}, area.geometry, actor)
    changes: dict[str, Any] = {name: value for name, value in said.items() if row[name] != value}
    if plain(area.geometry) != row["geometry"]:
        changes["geometry"] = area.geometry
    return await _change(conn, row, changes, actor)
