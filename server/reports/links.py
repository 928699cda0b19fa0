"""Joining taken apart and put together by people: merge, split, undo. Nothing is deleted, every count is made anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.closures import service as closures
from server.incidents import errors
from server.incidents import queries as incident_queries
from server.incidents import service as incidents
from server.incidents.service import IncidentFacts
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.needs import queries as need_queries
from server.needs import service as needs
from server.needs.service import NeedFacts
from server.places import service as places
from server.places.spots import Spot
from server.reports import asking_queries, counting, joining, matching_queries
from server.reports import chain_queries as queries
from server.reports.deciding import link
from server.reports.form_answers import with_forms
from server.reports.intake import TABLE
from server.reports.joining import Kind
from server.reports.understanding import PlaceIds, answers_of, spot_of

LIVE = frozenset({"open", "tasked"})


@dataclass(frozen=True, slots=True)
class Subject:
    """An incident or a need."""

    kind: Kind
    id: UUID


async def lock(conn: Conn, kind: Kind, ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """Records locked as the chain locks them: their emergencies first, then the rows in the order of their ids."""
    table = need_queries if kind == "need" else incident_queries
    seen = [await table.one(conn, i) for i in ids]
    await queries.lock_emergencies(conn, [row["emergency_id"] for row in seen if row])
    rows = {row["id"]: row for row in await table.lock(conn, ids)}
    if len(rows) < len(set(ids)):
        raise not_found(kind)
    return rows


async def undo(conn: Conn, ctx: Context, report_id: UUID, subject: Subject, actor: str) -> list[DictRow]:
    """Take a report out of a record and count the record anew; the links that ended."""
    found = await queries.links_of(conn, subject.kind, subject.id, report_id)
    if not found:
        raise errors.not_linked()
    await queries.undo_links(conn, [row["id"] for row in found], actor)
    await recount(conn, ctx, subject.kind, [subject.id])
    return found


async def move(
    conn: Conn, ctx: Context, report_ids: Sequence[UUID] | None, source: Subject, target: Subject, actor: str
) -> int:
    """Give reports (None: all) of one record to another of its kind; both are counted anew. How many links moved."""
    found = [
        row
        for row in await queries.links_of(conn, source.kind, source.id)
        if report_ids is None or row["report_id"] in report_ids
    ]
    await queries.undo_links(conn, [row["id"] for row in found], actor)
    await queries.insert_links(conn, _copied(found, target, actor))
    await recount(conn, ctx, source.kind, [source.id, target.id])
    return len(found)


def _copied(rows: Sequence[DictRow], target: Subject, actor: str) -> list[dict[str, Any]]:
    return [
        link(r["report_id"], target.kind, target.id, r["role"], r["sender_hash"], r["said"], r["said_at"], actor)
        for r in rows
    ]


async def recount(conn: Conn, ctx: Context, kind: Kind, ids: Sequence[UUID]) -> None:
    """What records say and where they are, made anew from their live links alone."""
    place_ids = await places.place_ids(ctx)
    tallies = await counting.anew(conn, kind, ids)
    spots = {i: await _spot(conn, ctx, kind, i, place_ids) for i in ids}
    if kind == "need":
        rows = {r["id"]: r for r in await need_queries.lock(conn, ids)}
        at = (await (await conn.execute("SELECT clock_timestamp() AS now")).fetchall())[0]["now"]
        await needs.retell(
            conn,
            ctx,
            rows,
            [NeedFacts(i, rows[i]["emergency_id"], rows[i]["category"], tallies[i], spots[i]) for i in ids],
            at,
        )
    else:
        rows = {r["id"]: r for r in await incident_queries.lock(conn, ids)}
        await incidents.retell(
            conn,
            rows,
            [IncidentFacts(i, rows[i]["emergency_id"], rows[i]["category"], tallies[i], spots[i]) for i in ids],
        )
        await closures.follow(conn, ids)


async def _spot(conn: Conn, ctx: Context, kind: Kind, subject_id: UUID, ids: PlaceIds) -> Spot | None:
    """Where the reports of a record put it; None, when none is left, leaves it where it is."""
    rows = await with_forms(conn, await queries.located_reports(conn, kind, subject_id))
    return joining.best([_spot_of(ctx, row, ids) for row in _standing(rows)]) if rows else None


def _standing(rows: Sequence[DictRow]) -> list[DictRow]:
    """The reports whose place still holds, oldest first: FIX with a place takes back what its sender said before."""
    fixed: set[bytes] = set()
    standing = []
    for row in reversed(rows):
        sender, reading = row["sender_hash"], row["reading"] or {}
        if sender is not None and bytes(sender) in fixed:
            continue
        standing.append(row)
        command = reading.get("command") or {}
        if sender is not None and command.get("command") == "FIX" and reading.get("place"):
            fixed.add(bytes(sender))
    return standing[::-1]


def _spot_of(ctx: Context, row: DictRow, ids: PlaceIds) -> Spot:
    record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
    reading: Mapping[str, Any] = row["reading"] or {"place": None}
    return spot_of(record, row, reading, answers_of(record, row), ids)[0]


async def merge(conn: Conn, ctx: Context, into: Subject, other_id: UUID, actor: str) -> None:
    """Give all reports of `other_id` to `into`; the other is closed and names its successor."""
    if into.id == other_id:
        raise errors.same_record()
    rows = await lock(conn, into.kind, [into.id, other_id])
    kept, other = rows[into.id], rows[other_id]
    alike = all(kept[k] == other[k] for k in ("emergency_id", "category"))
    if not alike or kept["status"] not in LIVE or other["status"] not in LIVE:
        raise errors.not_alike()
    if other["status"] == "tasked" and kept["status"] != "tasked":
        raise errors.has_live_task()
    await move(conn, ctx, None, Subject(into.kind, other_id), into, actor)
    table = need_queries if into.kind == "need" else incident_queries
    await table.fold_into(conn, other_id, into.id, actor)
    if into.kind == "incident":
        await conn.execute("UPDATE needs SET incident_id = %s WHERE incident_id = %s", (into.id, other_id))
        await closures.follow(conn, [into.id, other_id], actor)
    await asking_queries.merged(conn, into.id, other_id, actor)
    await matching_queries.adopt_marks(conn, into.id, other_id)
    emergency = kept["emergency_id"]
    await emit(
        conn,
        NewEvent(f"{into.kind}.changed", into.kind, into.id, emergency, actor, data={"merged": str(other_id)}),
        NewEvent(f"{into.kind}.changed", into.kind, other_id, emergency, actor, data={"merged_into": str(into.id)}),
    )


async def split(conn: Conn, ctx: Context, subject: Subject, report_id: UUID, actor: str) -> UUID:
    """Let a report leave a record and stand as a new one of its own; the new one's id."""
    row = (await lock(conn, subject.kind, [subject.id]))[subject.id]
    found = await queries.links_of(conn, subject.kind, subject.id)
    if report_id not in {r["report_id"] for r in found}:
        raise errors.not_linked()
    if len({r["report_id"] for r in found if joining.VOICE in r["said"]} - {report_id}) == 0:
        raise errors.last_report()
    made = Subject(subject.kind, uuid7())
    parting = [r for r in found if r["report_id"] == report_id]
    voices = [joining.Voice(r["sender_hash"], r["said_at"], r["said"]) for r in parting]
    tally = joining.tally_of(voices)
    if tally.first_at is None:
        raise errors.not_linked()
    if subject.kind == "need":
        facts = NeedFacts(made.id, row["emergency_id"], row["category"], tally, Spot(), row["incident_id"])
        await needs.create(conn, ctx, [facts], tally.first_at)
    else:
        await incidents.create(conn, [IncidentFacts(made.id, row["emergency_id"], row["category"], tally, Spot())])
    await move(conn, ctx, [report_id], subject, made, actor)
    apart = {"id": uuid7(), "kind": subject.kind, "subject_id": made.id, "other_id": subject.id}
    apart |= {"emergency_id": row["emergency_id"], "report_id": report_id}
    await asking_queries.put_apart(conn, apart, actor)
    await emit(
        conn,
        NewEvent(
            f"{subject.kind}.created",
            subject.kind,
            made.id,
            row["emergency_id"],
            actor,
            data={"category": row["category"], "split_from": str(subject.id)},
        ),
        NewEvent(
            f"{subject.kind}.changed",
            subject.kind,
            subject.id,
            row["emergency_id"],
            actor,
            data={"split_off": str(made.id)},
        ),
    )
    return made.id
