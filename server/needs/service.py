"""Use cases of needs: made and retold by the chain, decided by people, met by dispatch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.access.problems import sealing_closed
from server.access.sealing import SealedError
from server.incidents.errors import unknown_category
from server.incidents.listing import Filters, collection
from server.incidents.rules import Tally, believed
from server.incidents.service import geometry, place_names
from server.kernel.clock import now as process_now
from server.kernel.db import Conn
from server.kernel.errors import not_found, stale
from server.kernel.events import NewEvent, emit, emit_many
from server.kernel.ids import new_code
from server.needs import errors, queries, rules
from server.places import service as places
from server.places.spots import Spot, shown_point
from server.standards.taxonomy import NEEDS

CODE = "N-"
TABLE = "needs"
RERANK_BATCH = 1000


@dataclass(frozen=True, slots=True)
class NeedFacts:
    """What the chain found: the reports' tally and where it is. `spot` None leaves the place as it is."""

    id: UUID
    emergency_id: UUID
    category: str
    tally: Tally
    spot: Spot | None
    incident_id: UUID | None = None


def exact_bytes(spot: Spot) -> bytes | None:
    """What is sealed of an exact spot: [lon, lat] as JSON; None for a village or town."""
    return orjson.dumps([spot.lon, spot.lat]) if spot.exact else None


def opened_point(
    ctx: Context, need_id: UUID, wrapped: bytes | None, sealed: bytes | None
) -> tuple[float, float] | None:
    """The exact (lon, lat) of a need, or None when there is none. Raises SealedError without the key."""
    if sealed is None or wrapped is None:
        return None
    plain = ctx.sealing.of(TABLE, need_id, wrapped).open("geom_exact_sealed", sealed)
    lon, lat = orjson.loads(plain or b"[0,0]")
    return float(lon), float(lat)


def score_of(row: Mapping[str, Any], at: datetime) -> rules.Score:
    """The score of a row of `needs` at a moment."""
    first = row["first_reported_at"] or at
    return rules.priority(
        rules.Facts(
            category=row["category"],
            urgency=row["urgency"],
            people=row["people"],
            households=row["households"],
            vulnerable=row["vulnerable"],
            corroboration=row["corroboration"],
            verification=row["verification"],
            age_h=(at - first).total_seconds() / 3600,
        )
    )


def _told(facts: NeedFacts) -> dict[str, Any]:
    tally = facts.tally
    return {
        "id": facts.id,
        "emergency_id": facts.emergency_id,
        "incident_id": facts.incident_id,
        "category": facts.category,
        "status": "open",
        "verification": believed(tally.corroboration),
        "urgency": tally.urgency,
        "quantity": tally.quantity,
        "unit": tally.unit,
        "people": tally.people,
        "households": tally.households,
        "vulnerable": list(tally.vulnerable),
        "corroboration": tally.corroboration,
        "first_reported_at": tally.first_at,
        "last_reported_at": tally.last_at,
    }


def _placed(ctx: Context, spot: Spot) -> dict[str, Any]:
    blurred = ctx.sealing.blur(*spot.point) if spot.exact and spot.point else None
    shown = shown_point(spot, blurred) or (None, None)
    return {"place_id": spot.place_id, "lon": shown[0], "lat": shown[1], "accuracy_m": spot.accuracy_m}


def _scored(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    score = score_of(row, at)
    return row | {"priority": score.value, "priority_why": list(score.why)}


async def create(conn: Conn, ctx: Context, facts: Sequence[NeedFacts], at: datetime) -> None:
    """New needs at the moment `at`. The caller emits their events."""
    rows = []
    for f in facts:
        record = ctx.sealing.new(TABLE, f.id)
        spot = f.spot or Spot()
        rows.append(
            _scored(_told(f), at)
            | _placed(ctx, spot)
            | {
                "code": new_code(7, CODE),
                "geom_exact_sealed": record.seal("geom_exact_sealed", exact_bytes(spot)),
                "sealing_key_id": record.key_id,
                "data_key_wrapped": record.wrapped,
            }
        )
    await queries.insert_many(conn, rows)


async def retell(
    conn: Conn, ctx: Context, rows: Mapping[UUID, DictRow], facts: Sequence[NeedFacts], at: datetime
) -> None:
    """Bring locked `rows` up to what their reports say now. What a person has decided stays."""
    updates = []
    for f in facts:
        row = rows[f.id]
        told = _told(f) | {"status": row["status"], "incident_id": row["incident_id"] or f.incident_id}
        if f.tally.first_at is None:
            told |= {"first_reported_at": row["first_reported_at"], "last_reported_at": row["last_reported_at"]}
        told |= {k: row[k] for k in row["decided"] if k in told}
        kept = {
            k: row[k]
            for k in (
                "code",
                "sealing_key_id",
                "data_key_wrapped",
                "place_id",
                "lon",
                "lat",
                "geom_exact_sealed",
                "accuracy_m",
            )
        }
        if f.spot is not None and "place_id" not in row["decided"]:
            wrapped = kept["data_key_wrapped"]
            record = ctx.sealing.of(TABLE, f.id, wrapped) if wrapped else ctx.sealing.new(TABLE, f.id)
            kept |= _placed(ctx, f.spot) | {
                "geom_exact_sealed": record.seal("geom_exact_sealed", exact_bytes(f.spot)),
                "sealing_key_id": record.key_id,
                "data_key_wrapped": record.wrapped,
            }
        updates.append(_scored(told, at) | kept)
    await queries.update_many(conn, updates)


def feature(row: DictRow, *, detail: bool = False) -> dict[str, Any]:
    """A need as GeoJSON at its shown point."""
    properties: dict[str, Any] = {
        "layer": "needs",
        "code": row["code"],
        "emergency": str(row["emergency_id"]),
        "category": row["category"],
        "status": row["status"],
        "urgency": row["urgency"],
        "verification": row["verification"],
        "quantity": float(row["quantity"]) if row["quantity"] is not None else None,
        "unit": row["unit"],
        "people": row["people"],
        "households": row["households"],
        "vulnerable": row["vulnerable"],
        "corroboration": row["corroboration"],
        "priority": row["priority"],
        "accuracy_m": row["accuracy_m"],
        "place": place_names(row),
        "place_id": str(row["place_id"]) if row["place_id"] else None,
        "incident": str(row["incident_id"]) if row["incident_id"] else None,
        "first_reported_at": row["first_reported_at"].isoformat(),
        "last_reported_at": row["last_reported_at"].isoformat(),
        "updated_at": row["updated_at"].isoformat(),
        "version": row["version"],
    }
    if detail:
        properties |= {
            "why": row["priority_why"],
            "decided": row["decided"],
            "decided_by": row["decided_by"],
            "has_exact": row["has_exact"],
            "merged_into": str(row["merged_into"]) if row["merged_into"] else None,
        }
    return {"type": "Feature", "id": str(row["id"]), "geometry": geometry(row), "properties": properties}


async def listed(conn: Conn, filters: Filters) -> dict[str, Any]:
    """A page of needs."""
    rows = await queries.page(conn, filters)
    return collection(rows, filters, [feature(r) for r in rows])


async def one(conn: Conn, need_id: UUID, within: Sequence[UUID] | None) -> DictRow:
    """One need of the emergencies `within` (None: any), or 404."""
    row = await queries.one(conn, need_id)
    if row is None or (within is not None and row["emergency_id"] not in within):
        raise not_found("need")
    return row


async def edit(conn: Conn, need_id: UUID, changes: Mapping[str, Any], version: int, principal: Principal) -> DictRow:
    """Write what a person decides about a need seen at `version`. Raises 412 with the current record."""
    rows = await queries.lock(conn, [need_id])
    if not rows or not principal.may("need.edit", emergency_id=rows[0]["emergency_id"]):
        raise not_found("need")
    row = rows[0]
    if row["version"] != version:
        raise stale(feature(await one(conn, need_id, None), detail=True))
    if "category" in changes and changes["category"] not in NEEDS:
        raise unknown_category(str(changes["category"]))
    if changes:
        # The sealed point stays: a place is where it shows and where its task goes from.
        placed = await places.given(conn, changes, "geom_shown")
        score = score_of(row | dict(changes), process_now())
        await queries.decide(
            conn,
            need_id,
            {**changes, **placed, "priority": score.value, "priority_why": list(score.why)},
            list(changes),
            principal.actor,
        )
        await emit(
            conn,
            NewEvent(
                "need.changed", "need", need_id, row["emergency_id"], principal.actor, data={"fields": sorted(changes)}
            ),
        )
    return await one(conn, need_id, None)


async def locate_exactly(conn: Conn, ctx: Context, need_id: UUID, principal: Principal) -> dict[str, Any]:
    """The exact point of one need, for those who may; the look itself is put on record."""
    rows = await queries.lock(conn, [need_id])
    if not rows or not principal.may("need.locate_exactly", emergency_id=rows[0]["emergency_id"]):
        raise not_found("need")
    try:
        point = opened_point(ctx, need_id, rows[0]["data_key_wrapped"], rows[0]["geom_exact_sealed"])
    except SealedError:
        raise sealing_closed() from None
    if point is None:
        raise errors.not_exact()
    await emit(conn, NewEvent("need.located_exactly", "need", need_id, rows[0]["emergency_id"], principal.actor))
    return {"id": str(need_id), "lon": point[0], "lat": point[1], "accuracy_m": rows[0]["accuracy_m"]}


async def mark_met(conn: Conn, ctx: Context, need_id: UUID, actor: str) -> bool:  # noqa: ARG001 - the seam's shape
    """A need is answered. False when it was no longer open; then nothing happens and nothing is told."""
    rows = await queries.lock(conn, [need_id])
    if not rows or rows[0]["status"] not in rules.LIVE:
        return False
    await queries.decide(conn, need_id, {"status": "met"}, ["status"], actor)
    await emit(
        conn,
        NewEvent(
            "need.changed",
            "need",
            need_id,
            rows[0]["emergency_id"],
            actor,
            data={"fields": ["status"], "status": "met"},
        ),
    )
    return True


async def rerank(conn: Conn, after: UUID) -> tuple[list[UUID], UUID | None]:
    """Score one batch of ageing needs anew: those that moved far enough; where to go on (None: done)."""
    # A score moves by age alone: before it can have moved a step there is nothing to look at, however many are open.
    hours = (rules.RERANK_STEP / rules.AGE_PER_HOUR - 1, rules.AGE_MOST / rules.AGE_PER_HOUR + 3)
    rows = await queries.ageing(conn, after, hours, RERANK_BATCH)
    moved = [
        (r["id"], score.value, list(score.why))
        for r in rows
        if rules.drifted(r["priority"], (score := score_of(r, r["now"])).value)
    ]
    written = set(await queries.rescore(conn, moved)) if moved else set()
    await emit_many(
        conn,
        [
            NewEvent("need.changed", "need", r["id"], r["emergency_id"], data={"fields": ["priority"]})
            for r in rows
            if r["id"] in written
        ],
    )
    return [r["id"] for r in rows if r["id"] in written], rows[-1]["id"] if len(rows) == RERANK_BATCH else None
