"""Closures as somebody on the way tells of them: joined to what is known there, made where nothing is, lifted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.closures import queries
from server.closures import telling_queries as telling
from server.closures.service import CODE, shape_of
from server.incidents.rules import CLOSURE_KINDS
from server.kernel.clock import now
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7

JOINED_WITHIN_M: Final = 100.0
"""Two closures of one kind so near to each other are one: a phone's fix, and two people's ends of one landslide."""
LIFTED_WITHIN_M: Final = 300.0
"""Whoever says that the way is open again stands at either end of what was closed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told: GeoJSON `geometry` without heights; `report_id` leads to the incident that the chain made."""

    emergency_id: UUID
    kind: str | None
    geometry: Mapping[str, Any]
    until: datetime | None = None
    report_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which closure it is, at which version now; `made`: it was not known."""

    id: UUID
    version: int
    made: bool = False


def nothing_to_lift() -> Problem:
    """422: no active closure is near."""
    return Problem(
        422,
        "closure.none_near",
        "No closure is known near this place that could be opened.",
        "در نزدیکی این‌جا راه بسته‌ای ثبت نشده که باز شود.",
    )


def kind_of(told: Told) -> str:
    """The kind as told; else an area is an area, and whatever is no area is a road."""
    return told.kind or ("area" if told.geometry["type"] == "Polygon" else "road")


async def close(conn: Conn, told: Told, actor: str, *, own: UUID | None = None) -> Outcome:
    """Nobody passes there. `own`: the closure that an earlier word of the same person made, which takes the new shape.

    It is the incident's closure where the report tells of one, else the nearest of its kind, else a new one.
    """
    text, kind = await shape_of(conn, told.geometry), kind_of(told)
    incident: UUID | None = None
    known: UUID | None = None
    for row in await telling.incidents_of(conn, told.report_id, told.emergency_id) if told.report_id else ():
        if CLOSURE_KINDS.get(row["category"]) == kind:
            incident, known = row["id"], row["closure_id"]
            break
    reshaped = known is not None or own is not None
    if known is None:
        near = {"emergency": told.emergency_id, "kind": kind, "geometry": text, "within_m": JOINED_WITHIN_M}
        found = await telling.nearest_active(conn, near)
        known = found["id"] if found else None
        reshaped = known is not None and known == own
    if known is None:
        return await _make(conn, told, kind, text, incident, actor)
    return await _join(conn, told, known, text if reshaped else None, actor)


async def _make(conn: Conn, told: Told, kind: str, text: str, incident: UUID | None, actor: str) -> Outcome:
    made = uuid7()
    values = {
        "id": made,
        "code": new_code(7, CODE),
        "emergency_id": told.emergency_id,
        "incident_id": incident,
        "kind": kind,
        "verification": "unverified",
        "valid_until": told.until,
        "geometry": text,
    }
    await queries.insert(conn, values)
    await emit(conn, NewEvent("closure.created", "closure", made, told.emergency_id, actor, data={"kind": kind}))
    return Outcome(made, 1, made=True)


async def _join(conn: Conn, told: Told, known: UUID, text: str | None, actor: str) -> Outcome:
    """A further voice for a closure. A line says more than the point of a report; what people drew stays."""
    row = await queries.one(conn, known, lock=True)
    values: dict[str, Any] = {}
    if row is not None and row["status"] != "active":
        values["status"] = "active"
    if told.until and row is not None and row["valid_until"] != told.until:
        values["valid_until"] = told.until
    drawn = row is not None and row["geometry"]["type"] != "Point" and row["incident_id"] is not None
    if text is not None and not drawn:
        values["geometry"] = text
    if values:
        await queries.update(conn, known, values)
        data = {"fields": sorted(values)}
        await emit(conn, NewEvent("closure.changed", "closure", known, told.emergency_id, actor, data=data))
    [after] = await telling.versions(conn, [known])
    return Outcome(known, after["version"])


async def lift(conn: Conn, told: Told, actor: str) -> Outcome:
    """The way is open again: the nearest active closure is lifted. Raises 422 where none is near."""
    text = await shape_of(conn, told.geometry)
    asked = {
        "emergency": told.emergency_id,
        "kind": told.kind,
        "geometry": text,
        "within_m": LIFTED_WITHIN_M,
    }
    row = await telling.nearest_active(conn, asked)
    if row is None:
        raise nothing_to_lift()
    return await turn(conn, row["id"], told.emergency_id, "lifted", actor)


async def turn(conn: Conn, closure_id: UUID, emergency_id: UUID, status: str, actor: str) -> Outcome:
    """Lift a closure or put it back."""
    await queries.update(conn, closure_id, {"status": status, "valid_until": now() if status == "lifted" else None})
    data = {"fields": ["status"], "status": status}
    await emit(conn, NewEvent("closure.changed", "closure", closure_id, emergency_id, actor, data=data))
    [after] = await telling.versions(conn, [closure_id])
    return Outcome(closure_id, after["version"])


async def take_back(conn: Conn, closure_id: UUID, version: int, *, lifted: bool, actor: str) -> bool:
    """Undo what was told: lift what it closed, close what it had `lifted`. False: a person is asked instead.

    Only at the `version` that the telling left behind: whoever has changed it since knows more.
    """
    [row] = await telling.versions(conn, [closure_id])
    wanted = "active" if lifted else "lifted"
    if row["status"] == wanted:
        return True
    if row["version"] != version:
        event = NewEvent(
            "closure.changed", "closure", closure_id, row["emergency_id"], actor, data={"proposal": wanted}
        )
        await emit(conn, event)
        return False
    await turn(conn, closure_id, row["emergency_id"], wanted, actor)
    return True
