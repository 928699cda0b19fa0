"""Use cases of incidents: made and retold by the chain, decided by people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.principal import Principal
from server.incidents import errors, queries
from server.incidents.listing import Filters, collection, reader_sees_reports
from server.incidents.rules import CLOSURE_KINDS, Tally, believed, severity
from server.kernel.db import Conn
from server.kernel.errors import not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code
from server.places import service as places
from server.places.spots import Spot
from server.standards.taxonomy import INCIDENTS

CODE = "I-"


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What the chain found: the reports' tally and where it is. `spot` None leaves the place as it is."""

    id: UUID
    emergency_id: UUID
    category: str
    tally: Tally
    spot: Spot | None


def _told(facts: IncidentFacts, spot: Spot) -> dict[str, Any]:
    tally = facts.tally
    return {
        "id": facts.id,
        "emergency_id": facts.emergency_id,
        "category": facts.category,
        "people": tally.people,
        "urgency": tally.urgency,
        "corroboration": tally.corroboration,
        "verification": believed(tally.corroboration),
        "first_reported_at": tally.first_at,
        "last_reported_at": tally.last_at,
        "place_id": spot.place_id,
        "lon": spot.lon,
        "lat": spot.lat,
        "accuracy_m": spot.accuracy_m,
        "status": "open",
    }


async def create(conn: Conn, facts: Sequence[IncidentFacts]) -> None:
    """New incidents. The caller emits their events."""
    await queries.insert_many(conn, [_told(f, f.spot or Spot()) | {"code": new_code(7, CODE)} for f in facts])


async def retell(conn: Conn, rows: Mapping[UUID, DictRow], facts: Sequence[IncidentFacts]) -> None:
    """Bring locked `rows` up to what their reports say now. What a person has decided stays."""
    updates = []
    for f in facts:
        row = rows[f.id]
        told_where = None if "place_id" in row["decided"] else f.spot
        spot = told_where or Spot(row["place_id"], row["lon"], row["lat"], row["accuracy_m"])
        told = _told(f, spot) | {"code": row["code"], "status": row["status"]}
        if f.tally.first_at is None:
            told |= {"first_reported_at": row["first_reported_at"], "last_reported_at": row["last_reported_at"]}
        updates.append(told | {k: row[k] for k in row["decided"] if k in told})
    await queries.update_many(conn, updates)


def feature(row: DictRow, *, detail: bool = False) -> dict[str, Any]:
    """An incident as GeoJSON; exact, since bridges and buildings are no household."""
    properties: dict[str, Any] = {
        "layer": "incidents",
        "code": row["code"],
        "emergency": str(row["emergency_id"]),
        "category": row["category"],
        "status": row["status"],
        "urgency": row["urgency"],
        "verification": row["verification"],
        "people": row["people"],
        "corroboration": row["corroboration"],
        "accuracy_m": row["accuracy_m"],
        "place": place_names(row),
        "place_id": str(row["place_id"]) if row["place_id"] else None,
        "priority": severity(row["urgency"], row["people"], row["corroboration"], row["verification"]),
        "first_reported_at": row["first_reported_at"].isoformat(),
        "last_reported_at": row["last_reported_at"].isoformat(),
        "updated_at": row["updated_at"].isoformat(),
        "version": row["version"],
    }
    if detail:
        properties |= {
            "decided": row["decided"],
            "decided_by": row["decided_by"],
            "merged_into": str(row["merged_into"]) if row["merged_into"] else None,
        }
    return {"type": "Feature", "id": str(row["id"]), "geometry": geometry(row), "properties": properties}


def geometry(row: DictRow) -> dict[str, Any] | None:
    """A row's point as GeoJSON, or None while it is not located."""
    return {"type": "Point", "coordinates": [row["lon"], row["lat"]]} if row["lon"] is not None else None


def place_names(row: DictRow) -> dict[str, str] | None:
    """The named place in both languages, or None."""
    if row["place_en"] is None:
        return None
    return {"fa": row["place_fa"] or row["place_en"], "en": row["place_en"]}


async def listed(conn: Conn, filters: Filters) -> dict[str, Any]:
    """A page of incidents."""
    rows = await queries.page(conn, filters)
    return collection(rows, filters, [feature(r) for r in rows])


async def one(conn: Conn, incident_id: UUID, within: Sequence[UUID] | None) -> DictRow:
    """One incident of the emergencies `within` (None: any), or 404."""
    row = await queries.one(conn, incident_id)
    if row is None or (within is not None and row["emergency_id"] not in within):
        raise not_found("incident")
    return row


async def history(conn: Conn, subject_id: UUID, principal: Principal) -> list[dict[str, Any]]:
    """What happened to a record, oldest first; who did it is for those who may see reports."""
    rows = (await queries.history(conn, subject_id))[::-1]
    staff = reader_sees_reports(principal)
    return [
        {"at": r["at"].isoformat(), "verb": r["verb"], "data": r["data"], **({"by": r["actor"]} if staff else {})}
        for r in rows
    ]


async def edit(
    conn: Conn, incident_id: UUID, changes: Mapping[str, Any], version: int, principal: Principal
) -> DictRow:
    """Write what a person decides about an incident seen at `version`. Raises 412 with the current record."""
    rows = await queries.lock(conn, [incident_id])
    if not rows or not principal.may("incident.edit", emergency_id=rows[0]["emergency_id"]):
        raise not_found("incident")
    if rows[0]["version"] != version:
        raise stale(feature(await one(conn, incident_id, None), detail=True))
    if "category" in changes and changes["category"] not in INCIDENTS:
        raise errors.unknown_category(str(changes["category"]))
    if changes:
        placed = await places.given(conn, changes, "geom")
        await queries.decide(conn, incident_id, {**changes, **placed}, principal.actor)
        await emit(
            conn,
            NewEvent(
                "incident.changed",
                "incident",
                incident_id,
                rows[0]["emergency_id"],
                principal.actor,
                data={"fields": sorted(changes)},
            ),
        )
    return await one(conn, incident_id, None)


def closes(category: str) -> bool:
    """Whether an incident of this category closes a way."""
    return category in CLOSURE_KINDS
