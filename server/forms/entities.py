"""What submissions ask of entities, carried out: registered, changed, put together or in conflict, each once.

Whoever changes a list's entities holds the list: they come one after another, whatever process works.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from field_forms import entities as rules
from field_forms import structuring
from field_forms.answers import Answers
from field_forms.entities import Change, Entity
from field_forms.openrosa import Instance
from server.access.context import Context
from server.forms import entity_queries as queries
from server.forms.lists import opened
from server.forms.versions import Version
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7

TABLE: Final = "entities"
CHANGES: Final = "entity_changes"
Place = tuple[str, str]
"""A list's name and an entity's key."""


@dataclass(slots=True)
class Work:
    """One submission's changes at work."""

    conn: Conn
    ctx: Context
    submission: Mapping[str, Any]
    actor: str
    problems: list[tuple[str, str]]
    touched: set[UUID]

    @property
    def emergency(self) -> UUID | None:
        """Whose lists are meant."""
        found: UUID | None = self.submission["emergency_id"]
        return found


async def apply_changes(
    conn: Conn, ctx: Context, submission: Mapping[str, Any], version: Version, instance: Instance, actor: str
) -> list[tuple[str, str]]:
    """Carry out what a locked submission asks of entities, each change once; (path, code) of what cannot be done.

    Nobody is registered who said no. An edit changes what it says otherwise than the form it replaces, and puts away
    what that one registered and it does not.
    """
    if version.entities is None:
        return []
    kept = {found.key for found in structuring.entities(Answers(instance, version.bindings))}
    found, problems = rules.changes(instance, version.entities, kept)
    work = Work(conn, ctx, submission, actor, list(problems), set())
    before = await queries.earlier(conn, submission) if submission.get("edited") else []
    if not found and not before:
        return work.problems
    properties: dict[str, set[str]] = {row["name"]: set() for row in before}
    for change in found:
        properties.setdefault(change.dataset, set()).update(change.properties)
    # One order for everybody: two submissions cannot wait for each other in a circle.
    held = {
        name: await queries.hold_list(conn, name, work.emergency, sorted(properties[name]))
        for name in sorted(properties)
    }
    taken = await queries.done(conn, submission["id"])
    latest = _latest(before)
    for nth, change in enumerate(found):
        if nth not in taken:
            said = latest.get((change.dataset, change.id))
            asked = _told_anew(ctx, change, said) if said else change
            await _carry_out(work, held[change.dataset], nth, change, asked)
    await _put_away(work, held, before, {(change.dataset, change.id) for change in found})
    if work.touched:
        await queries.raise_revision(conn, sorted(work.touched, key=str))
    return work.problems


def _latest(before: list[DictRow]) -> dict[Place, DictRow]:
    found: dict[Place, DictRow] = {}
    for row in before:
        found.setdefault((row["name"], row["entity_key"]), row)
    return found


def _told_anew(ctx: Context, change: Change, said: Mapping[str, Any]) -> Change:
    """An edit asks for what it says otherwise than before, against what its first words had made."""
    if said["outcome"] == "absent":
        # The first words still wait, and are void: whole, these stand in their place.
        return change
    old = change_from(ctx, said)
    empty = dict.fromkeys((name for name in old.properties if name not in change.properties), "")
    fresh = {n: v for n, v in change.properties.items() if old.properties.get(n, "") != v} | empty
    label = change.label if change.label != old.label else None
    return replace(
        change,
        action="update",
        label=label,
        properties=fresh,
        base_version=said["version"],
        trunk_version=None,
        branch=None,
    )


async def _carry_out(work: Work, list_id: UUID, nth: int, change: Change, asked: Change) -> None:
    """Do what is `asked`; what is kept is the `change` as the form says it, against which a later edit is read."""
    row = await queries.record(work.conn, list_id, change.id)
    now = opened(work.ctx, change.dataset, row) if row and row["state"] != "waiting" else None
    centre = work.submission["centre_id"]
    if row and now and centre and row["centre_id"] not in {None, centre}:
        work.problems.append(("/", "entity.other_centre"))
        return
    after, outcome = rules.apply(now, asked)
    if row is None:
        row = await _new(work, list_id, change, after)
    elif after is not None and after != now:
        row = await _keep(work, row, after, outcome)
    became = outcome, after.version if after else 0
    await note(work.conn, work.ctx, row["id"], (work.submission["id"], nth), work.actor, change, became)
    if after is None:
        work.problems.append(("/", "entity.absent"))
    elif now is None:
        await _catch_up(work, row, after)


async def _new(work: Work, list_id: UUID, change: Change, after: Entity | None) -> DictRow:
    """A new row: registered, or only spoken of so far."""
    row_id = uuid7()
    sealing = work.ctx.sealing.new(TABLE, row_id)
    row: DictRow = {
        "id": row_id,
        "list_id": list_id,
        "entity_key": change.id,
        "centre_id": work.submission["centre_id"] if after else None,
        "version": after.version if after else 0,
        "state": "active" if after else "waiting",
        "conflict": False,
        "data_sealed": sealing.seal("data_sealed", data_of(after) if after else b"{}"),
        "sealing_key_id": sealing.key_id,
        "data_key_wrapped": sealing.wrapped,
    }
    await queries.add_record(work.conn, row)
    if after:
        await _tell(work, row, "created")
    return row


async def _keep(work: Work, row: DictRow, after: Entity, outcome: str) -> DictRow:
    registered = row["state"] == "waiting"
    sealing = work.ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
    kept: DictRow = row | {
        "centre_id": work.submission["centre_id"] if registered else row["centre_id"],
        "version": after.version,
        "state": "active" if registered else row["state"],
        "conflict": row["conflict"] or outcome == "conflict",
        "data_sealed": sealing.seal("data_sealed", data_of(after)),
    }
    await queries.keep_record(work.conn, kept)
    await _tell(work, kept, outcome)
    return kept


async def _catch_up(work: Work, row: DictRow, now: Entity) -> None:
    """Carry out what had come before the registration."""
    for waiting in await queries.waiting(work.conn, row["id"], row["centre_id"]):
        change = change_from(work.ctx, waiting)
        after, outcome = rules.apply(now, change)
        if after is not None and after != now:
            row, now = await _keep(work, row, after, outcome), after
        await queries.carried_out(work.conn, waiting["id"], outcome, now.version)


async def _put_away(work: Work, held: Mapping[str, UUID], before: list[DictRow], said: set[Place]) -> None:
    """What earlier edits registered and this one does not is no entity of the list any longer."""
    gone = {
        (row["name"], row["entity_key"])
        for row in before
        if row["outcome"] == "created" and (row["name"], row["entity_key"]) not in said
    }
    for name, key in sorted(gone):
        row = await queries.record(work.conn, held[name], key)
        if row is not None and row["state"] == "active":
            kept: DictRow = row | {"state": "archived", "version": row["version"] + 1}
            await queries.keep_record(work.conn, kept)
            await _tell(work, kept, "archived")


async def _tell(work: Work, row: Mapping[str, Any], outcome: str) -> None:
    work.touched.add(row["list_id"])
    data = {"outcome": outcome, "version": row["version"]}
    event = NewEvent("entity.changed", "entity", row["id"], work.emergency, work.actor, row["centre_id"], data)
    await emit(work.conn, event)


async def note(
    conn: Conn,
    ctx: Context,
    entity_id: UUID,
    asked: tuple[UUID | None, int],
    actor: str,
    change: Change,
    became: tuple[str, int],
) -> None:
    """Keep a change, sealed, with what became of it; `asked`: by which submission (None: a person) and its number."""
    row_id = uuid7()
    sealing = ctx.sealing.new(CHANGES, row_id)
    await queries.add_change(
        conn,
        {
            "id": row_id,
            "entity_id": entity_id,
            "submission_id": asked[0],
            "nth": asked[1],
            "actor": actor,
            "outcome": became[0],
            "version": became[1],
            "change_sealed": sealing.seal("change_sealed", orjson.dumps(asdict(change))),
            "sealing_key_id": sealing.key_id,
            "data_key_wrapped": sealing.wrapped,
        },
    )


def change_from(ctx: Context, row: Mapping[str, Any]) -> Change:
    """A kept change, opened."""
    record = ctx.sealing.of(CHANGES, row["id"], bytes(row["data_key_wrapped"]))
    return Change(**orjson.loads(record.open("change_sealed", row["change_sealed"]) or b"{}"))


def data_of(entity: Entity) -> bytes:
    """What of an entity is sealed, as `lists.opened` reads it."""
    branches = [[branch, number, version] for (branch, number), version in entity.branches.items()]
    told = {"label": entity.label, "properties": entity.properties, "changed_at": entity.changed_at}
    return orjson.dumps({**told, "branches": branches})
