"""What submissions ask of entities, carried out once each and kept for ever; disagreement waits for a person.

Rules: `field_forms.entities`. Nobody is registered who did not consent (`field_forms.structuring.entities`).
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
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
from server.forms import lists
from server.forms.versions import Version
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7

TABLE, CHANGES = "entities", "entity_changes"


async def apply_changes(
    conn: Conn, ctx: Context, submission: Mapping[str, Any], version: Version, instance: Instance, actor: str
) -> list[tuple[str, str]]:
    """Carry out what a submission asks of entities, in the caller's transaction; (path, code) of what cannot be done.

    Idempotent by the submission and the place of a change in it. `submission`: id, emergency_id, centre_id,
    replaces_key (an edit says again what it had registered).
    """
    if version.entities is None:
        return []
    wished, problems = rules.changes(instance, version.entities)
    allowed = {(e.dataset, e.id) for e in structuring.entities(Answers(instance, version.bindings))}
    saved = {d.dataset: list(d.properties) for d in version.entities.declarations}
    for nth, change in enumerate(wished):
        if (change.dataset, change.id) not in allowed:
            continue
        again = bool(submission.get("replaces_key")) and change.action == "create"
        told = replace(change, action="upsert") if again else change
        await _carry_out(conn, ctx, submission, (nth, told, saved.get(change.dataset, [])), actor)
    return list(problems)


async def _carry_out(
    conn: Conn, ctx: Context, submission: Mapping[str, Any], asked: tuple[int, Change, list[str]], actor: str
) -> None:
    nth, change, properties = asked
    if await queries.known_change(conn, submission["id"], nth):
        return
    list_id = await queries.list_for(conn, uuid7(), change.dataset, submission["emergency_id"], properties)
    row = await queries.locked(conn, list_id, change.id)
    if row is None:
        row = await _make_room(conn, ctx, list_id, change, submission.get("centre_id"))
    now = None if row["version"] == 0 else lists.opened(ctx, change.dataset, row)
    after, outcome = rules.apply(now, change)
    entity_id: UUID = row["id"]
    await _keep_change(conn, ctx, entity_id, (submission["id"], nth, actor, outcome), change, after)
    if after is None:
        return
    if outcome == "created":
        after, late = await _those_before(conn, ctx, entity_id, after)
        outcome = "conflict" if late else outcome
    await _write(conn, ctx, row, after, conflict=outcome == "conflict")
    await _tell(conn, entity_id, submission, actor, {"outcome": outcome, "version": after.version})


async def _make_room(conn: Conn, ctx: Context, list_id: UUID, change: Change, centre_id: UUID | None) -> DictRow:
    """A row for an entity that is not there yet, of version 0: what came too early waits at it."""
    entity_id = uuid7()
    record = ctx.sealing.new(TABLE, entity_id)
    await queries.add_entity(
        conn,
        {
            "id": entity_id,
            "list_id": list_id,
            "entity_key": change.id,
            "centre_id": centre_id,
            "version": 0,
            "state": "archived",
            "data_sealed": record.seal("data_sealed", b"{}"),
            "sealing_key_id": record.key_id,
            "data_key_wrapped": record.wrapped,
        },
    )
    row = await queries.locked(conn, list_id, change.id)
    if row is None:
        raise RuntimeError("an entity is either there or made")
    return row


async def _those_before(conn: Conn, ctx: Context, entity_id: UUID, now: Entity) -> tuple[Entity, bool]:
    """Carry out the changes that came before their entity; whether one of them is in conflict."""
    conflict = False
    for row in await queries.waiting(conn, entity_id):
        after, outcome = rules.apply(now, change_of(ctx, now.dataset, now.id, row))
        now = after or now
        conflict = conflict or outcome == "conflict"
        await queries.settle_change(conn, row["id"], outcome, now.version)
    return now, conflict


async def _keep_change(
    conn: Conn,
    ctx: Context,
    entity_id: UUID,
    by: tuple[UUID | None, int, str, str],
    change: Change,
    after: Entity | None,
) -> None:
    submission_id, nth, actor, outcome = by
    change_id = uuid7()
    record = ctx.sealing.new(CHANGES, change_id)
    said = {key: value for key, value in asdict(change).items() if key not in {"dataset", "id"}}
    await queries.add_change(
        conn,
        {
            "id": change_id,
            "entity_id": entity_id,
            "submission_id": submission_id,
            "nth": nth,
            "actor": actor,
            "outcome": outcome,
            "version": after.version if after else 0,
            "change_sealed": record.seal("change_sealed", orjson.dumps(said)),
            "sealing_key_id": record.key_id,
            "data_key_wrapped": record.wrapped,
        },
    )


def change_of(ctx: Context, dataset: str, key: str, row: Mapping[str, Any]) -> Change:
    """A row of `entity_changes`, opened."""
    record = ctx.sealing.of(CHANGES, row["id"], bytes(row["data_key_wrapped"]))
    return Change(dataset=dataset, id=key, **orjson.loads(record.open("change_sealed", row["change_sealed"]) or b"{}"))


async def _write(
    conn: Conn, ctx: Context, row: Mapping[str, Any], entity: Entity, *, conflict: bool, state: str = "active"
) -> None:
    record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
    said = {
        "label": entity.label,
        "properties": dict(entity.properties),
        "changed_at": dict(entity.changed_at),
        "branches": [[branch, step, version] for (branch, step), version in entity.branches.items()],
    }
    await queries.change_entity(
        conn,
        {
            "id": row["id"],
            "version": entity.version,
            "state": state,
            "conflict": conflict,
            "data_sealed": record.seal("data_sealed", orjson.dumps(said)),
        },
    )


async def _tell(conn: Conn, entity_id: UUID, scope: Mapping[str, Any], actor: str, data: Mapping[str, Any]) -> None:
    event = NewEvent(
        "entity.changed", "entity", entity_id, scope["emergency_id"], actor, scope.get("centre_id"), dict(data)
    )
    await emit(conn, event)


async def put_right(conn: Conn, ctx: Context, row: Mapping[str, Any], wish: Mapping[str, Any], actor: str) -> Entity:
    """A person's word on an entity: label, properties, whether it is kept; what phones disagreed about is settled.

    `row` as `entity_queries.one` locks it; `wish`: label, properties and state, each may be absent.
    """
    now = lists.opened(ctx, row["name"], row)
    change = Change(row["name"], row["entity_key"], "update", wish.get("label"), wish.get("properties") or {})
    after, outcome = rules.apply(now, change)
    if after is None:
        raise RuntimeError("an entity that was read is there")
    await _keep_change(conn, ctx, row["id"], (None, 0, actor, outcome), change, after)
    await _write(conn, ctx, row, after, conflict=False, state=wish.get("state") or row["state"])
    await queries.resolve(conn, row["id"], actor)
    await queries.raise_revision(conn, row["name"], row["emergency_id"])
    await _tell(conn, row["id"], row, actor, {"outcome": "put_right", "version": after.version})
    return after
