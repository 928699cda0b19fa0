"""Use cases of closures: drawn by people, or following an incident that closes a way."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.access.principal import Principal
from server.closures import errors, queries
from server.closures.rules import stands
from server.incidents.listing import Filters, collection
from server.incidents.rules import CLOSURE_KINDS
from server.kernel.db import Conn
from server.kernel.errors import not_found, stale
from server.kernel.events import NewEvent, emit, emit_many
from server.kernel.ids import new_code, uuid7
from server.kernel.shapes import geometry_problem, plain

CODE = "C-"


def feature(row: DictRow) -> dict[str, Any]:
    """A closure as GeoJSON."""
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": row["geometry"],
        "properties": {
            "layer": "closures",
            "code": row["code"],
            "emergency": str(row["emergency_id"]),
            "kind": row["kind"],
            "status": row["status"],
            "verification": row["verification"],
            "incident": str(row["incident_id"]) if row["incident_id"] else None,
            "accuracy_m": row["accuracy_m"],
            "valid_from": row["valid_from"].isoformat(),
            "valid_until": row["valid_until"].isoformat() if row["valid_until"] else None,
            "updated_at": row["updated_at"].isoformat(),
            "version": row["version"],
        },
    }


async def listed(conn: Conn, filters: Filters) -> dict[str, Any]:
    """A page of closures."""
    rows = await queries.page(conn, filters)
    return collection(rows, filters, [feature(r) for r in rows])


async def one(conn: Conn, closure_id: UUID, within: Sequence[UUID] | None) -> DictRow:
    """One closure, or 404."""
    row = await queries.one(conn, closure_id)
    if row is None or (within is not None and row["emergency_id"] not in within):
        raise not_found("closure")
    return row


async def shape_of(conn: Conn, geometry: Any) -> str:
    """The geometry as GeoJSON text, checked. Raises 422."""
    if problem := geometry_problem(geometry):
        raise errors.bad_geometry(problem)
    text = orjson.dumps(plain(geometry)).decode()
    if not await queries.is_simple(conn, text):
        raise errors.bad_geometry("crosses_itself")
    return text


async def create(conn: Conn, asked: Mapping[str, Any], principal: Principal) -> DictRow:
    """A closure drawn by a person; `asked` as in `schemas.NewClosure`."""
    if not principal.may("closure.edit", emergency_id=asked["emergency"]):
        raise not_found("emergency")
    incident = asked["incident"]
    if incident and await queries.incident_emergency(conn, incident) != asked["emergency"]:
        raise errors.wrong_incident()
    new = uuid7()
    await queries.insert(
        conn,
        {
            "id": new,
            "code": new_code(7, CODE),
            "emergency_id": asked["emergency"],
            "incident_id": incident,
            "kind": asked["kind"],
            "verification": asked["verification"],
            "valid_until": asked["valid_until"],
            "geometry": await shape_of(conn, asked["geometry"]),
        },
    )
    await emit(
        conn,
        NewEvent("closure.created", "closure", new, asked["emergency"], principal.actor, data={"kind": asked["kind"]}),
    )
    return await one(conn, new, None)


async def edit(conn: Conn, closure_id: UUID, changes: Mapping[str, Any], version: int, principal: Principal) -> DictRow:
    """Change a closure seen at `version`. Raises 412 with the current record."""
    row = await queries.one(conn, closure_id, lock=True)
    if row is None or not principal.may("closure.edit", emergency_id=row["emergency_id"]):
        raise not_found("closure")
    if row["version"] != version:
        raise stale(feature(row))
    values = dict(changes)
    if "geometry" in values:
        values["geometry"] = await shape_of(conn, values["geometry"])
    if values:
        await queries.update(conn, closure_id, values)
        await emit(
            conn,
            NewEvent(
                "closure.changed",
                "closure",
                closure_id,
                row["emergency_id"],
                principal.actor,
                data={"fields": sorted(changes)},
            ),
        )
    return await one(conn, closure_id, None)


async def follow(conn: Conn, incident_ids: Sequence[UUID], actor: str = "system") -> list[UUID]:
    """Bring the closures of some incidents up to them: made, moved, believed, lifted. Returns those that changed."""
    incidents = await queries.closing_incidents(conn, incident_ids)
    closing = [
        (
            uuid7(),
            new_code(7, CODE),
            i["id"],
            CLOSURE_KINDS[i["category"]],
            "active" if stands(i["status"], i["verification"]) else "lifted",
        )
        for i in incidents
        if i["category"] in CLOSURE_KINDS
    ]
    changed = await queries.follow(conn, closing) if closing else []
    if len(closing) < len(incidents):
        changed += await queries.lift_others(conn, [i["id"] for i in incidents], list(CLOSURE_KINDS))
    await emit_many(
        conn,
        [
            NewEvent(
                "closure.created" if c["created"] else "closure.changed",
                "closure",
                c["id"],
                c["emergency_id"],
                actor,
                data={"status": c["status"]},
            )
            for c in changed
        ],
    )
    return [c["id"] for c in changed]
