"""FIX code … and STOP code: a sender's later word on her own report.

A correction is a report linked to the same records, so counting takes it as its sender's latest word; the earlier one
stays on record. What a person has decided stays, and so does what others say as well: then a person is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.closures import service as closures
from server.incidents import queries as incident_queries
from server.incidents import service as incidents
from server.incidents.service import IncidentFacts
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.needs import queries as need_queries
from server.needs import service as needs
from server.needs.service import NeedFacts
from server.places import service as places
from server.places.spots import Spot
from server.reports import answer_queries as queries
from server.reports import answer_rules as rules
from server.reports import chain_queries, counting, joining
from server.reports.deciding import link
from server.reports.hearing import Heard
from server.reports.joining import Kind
from server.reports.queries import current_reading

_LIVE: Final = frozenset({"open", "tasked"})
_NOTHING: Final[Mapping[str, Any]] = {"needs": [], "people": None, "households": None, "place": None}
Outcome = tuple[bool, list[UUID]]
"""Whether all that was said now stands (else a person is asked), and the needs that changed."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What a correction says of one record: fields of `said`, and where it is if it says so."""

    kind: Kind
    id: UUID
    said: dict[str, Any]
    spot: Spot | None


async def correct(conn: Conn, ctx: Context, heard: Heard, report: DictRow) -> Outcome:
    """Carry out FIX: numbers and the place of the records that the sender's own `report` is part of.

    The caller holds the emergency's lock, as the chain does. A second time has no effect.
    """
    if heard.emergency_id is None or heard.emergency_id != report["emergency_id"]:
        return False, []
    if await queries.is_linked(conn, heard.report_id):
        return True, []
    read = await current_reading(conn, heard.report_id) or dict(_NOTHING)
    links = await queries.links_of_report(conn, report["id"])
    changes = _changes(links, read, rules.bare_number(heard.tail), await _spot(ctx, read))
    if not changes:
        await _ask(conn, heard, links, "fix")
        return False, []
    rows = await _locked(conn, changes)
    stands = True
    events = []
    for change in changes:
        row = rows[change.id]
        refused = _refused(change, row)
        stands = stands and not refused
        fields = sorted({*change.said} | ({"place"} if change.spot else set()))
        data: dict[str, Any] = {"fields": fields, "fixed_by": str(heard.report_id)}
        if refused:
            data["proposal"] = "fix"
        events.append(NewEvent(f"{change.kind}.changed", change.kind, change.id, heard.emergency_id, data=data))
    await chain_queries.insert_links(
        conn,
        [
            link(heard.report_id, c.kind, c.id, "update", heard.sender_hash, {joining.VOICE: 1, **c.said}, heard.at)
            for c in changes
        ],
    )
    await _recount(conn, ctx, heard, changes, rows)
    await emit_many(conn, events)
    return stands, [c.id for c in changes if c.kind == "need"]


def _changes(links: Sequence[DictRow], read: Mapping[str, Any], number: int | None, spot: Spot | None) -> list[_Change]:
    found = []
    for row in links:
        said = rules.correction_of(row["said"], row["category"], dict(read), number)
        if said or spot:
            kind: Kind = "need" if row["need_id"] else "incident"
            found.append(_Change(kind, row["need_id"] or row["incident_id"], said, spot))
    return found


async def _spot(ctx: Context, read: Mapping[str, Any]) -> Spot | None:
    place = read.get("place")
    if not place:
        return None
    ids = await places.place_ids(ctx)
    name = (place["name"], place["lat"], place["lon"])
    return Spot(ids.get(name), place["lon"], place["lat"], float(place["accuracy_m"]))


async def _locked(conn: Conn, changes: Sequence[_Change]) -> dict[UUID, DictRow]:
    """The records locked as the chain locks them, incidents before needs."""
    of_incidents = [c.id for c in changes if c.kind == "incident"]
    of_needs = [c.id for c in changes if c.kind == "need"]
    rows = await incident_queries.lock(conn, of_incidents) if of_incidents else []
    rows += await need_queries.lock(conn, of_needs) if of_needs else []
    return {row["id"]: row for row in rows}


def _refused(change: _Change, row: DictRow) -> bool:
    """Whether something of it cannot stand: a person has decided it, or others too say where it is."""
    decided = set(row["decided"])
    columns = {"quantity": {"quantity", "unit"}}
    fields: set[str] = set().union(*(columns.get(f, {f}) for f in change.said)) if change.said else set()
    return bool(fields & decided) or (change.spot is not None and not _may_move(row))


def _may_move(row: DictRow) -> bool:
    return row["corroboration"] <= 1 and "place_id" not in row["decided"]


async def _recount(
    conn: Conn, ctx: Context, heard: Heard, changes: Sequence[_Change], rows: Mapping[UUID, DictRow]
) -> None:
    """Count the records anew; a place moves where its sender is the only one who says where it is."""
    moved = {c.id: c.spot if _may_move(rows[c.id]) else None for c in changes}
    emergency = heard.emergency_id
    if emergency is None:
        return
    of_needs = [c.id for c in changes if c.kind == "need"]
    of_incidents = [c.id for c in changes if c.kind == "incident"]
    if of_needs:
        tallies = await counting.anew(conn, "need", of_needs)
        facts = [NeedFacts(i, emergency, rows[i]["category"], tallies[i], moved[i]) for i in of_needs]
        await needs.retell(conn, ctx, rows, facts, heard.at)
    if of_incidents:
        tallies = await counting.anew(conn, "incident", of_incidents)
        told = [IncidentFacts(i, emergency, rows[i]["category"], tallies[i], moved[i]) for i in of_incidents]
        await incidents.retell(conn, rows, told)
        await closures.follow(conn, of_incidents)


async def _ask(conn: Conn, heard: Heard, links: Sequence[DictRow], proposal: str) -> None:
    """Show the message to a person beside the records it speaks of: linked, without a word of its own."""
    kept = [
        link(
            heard.report_id,
            "need" if r["need_id"] else "incident",
            r["need_id"] or r["incident_id"],
            "update",
            heard.sender_hash,
            {},
            heard.at,
        )
        for r in links
    ]
    await chain_queries.insert_links(conn, kept)
    await emit_many(
        conn,
        [
            NewEvent(
                "need.changed" if r["need_id"] else "incident.changed",
                "need" if r["need_id"] else "incident",
                r["need_id"] or r["incident_id"],
                heard.emergency_id,
                data={"proposal": proposal},
            )
            for r in links
        ],
    )


async def withdraw(conn: Conn, ctx: Context, heard: Heard, report: DictRow) -> Outcome:
    """Carry out STOP code: the sender takes her request back.

    A need is closed when hers is its only voice, nobody has decided it and nobody holds its task; else it is proposed.
    Number and code together say who she is: more than the number, which alone closes only what has no task yet.
    """
    del ctx
    if heard.emergency_id is None or heard.emergency_id != report["emergency_id"]:
        return False, []
    if await queries.is_linked(conn, heard.report_id):
        return True, []
    links = [r for r in await queries.links_of_report(conn, report["id"]) if r["need_id"]]
    rows = await need_queries.lock(conn, [r["need_id"] for r in links])
    held = await queries.held_needs(conn, [row["id"] for row in rows])
    closed = [
        row["id"]
        for row in rows
        if row["status"] in _LIVE and row["corroboration"] <= 1 and not row["decided"] and row["id"] not in held
    ]
    await _ask(conn, heard, [r for r in links if r["need_id"] not in closed], "closed")
    await chain_queries.insert_links(
        conn, [link(heard.report_id, "need", i, "update", heard.sender_hash, {}, heard.at) for i in closed]
    )
    await need_queries.set_status(conn, closed, "closed")
    await emit_many(
        conn,
        [
            NewEvent("need.changed", "need", i, heard.emergency_id, data={"fields": ["status"], "status": "closed"})
            for i in closed
        ],
    )
    return len(closed) == len(links) and bool(links), closed
