"""Lists of entities over HTTP: what is in them, files for spreadsheets, and what a person puts right."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from field_forms import entities as rules
from field_forms import sheets
from field_forms.entities import Change
from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.forms import entities
from server.forms import entity_queries as queries
from server.forms.lists import opened
from server.kernel import cursor as cursors
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.http import etag, if_match, json_response

router = APIRouter(prefix="/api/entity-lists", tags=["forms"])
Ctx = Annotated[Context, Depends(context)]
Reader = Annotated[Principal, allow("entity.read")]
Editor = Annotated[Principal, allow("entity.edit")]
_FIRST: Final = UUID(int=0)
_AT_ONCE: Final = 1_000
Value = Annotated[str, Field(max_length=rules.MAX_VALUE)]


class Right(BaseModel):
    """What is right of an entity, as a person says: what is not named stays; nothing: right as it is."""

    model_config = ConfigDict(extra="forbid")
    label: Annotated[str, Field(min_length=1, max_length=rules.MAX_VALUE)] | None = None
    properties: Annotated[dict[str, Value], Field(max_length=rules.MAX_PROPERTIES)] = {}
    archived: bool | None = None


@router.get("")
async def listed(conn: Tx, who: Reader) -> Response:
    """The lists that somebody may see: their properties, how many entities, how many wait or are in conflict."""
    found = await queries.lists(conn, queries.bounds(who, "entity.read"))
    return json_response({"items": [{**row, "id": str(row["id"])} for row in found], "next": None})


@router.get("/{name}.csv")
async def as_csv(
    conn: Tx,
    ctx: Ctx,
    who: Reader,
    name: str,
    emergency: UUID | None = None,
    reason: Literal["work", "report", "partner", "check", "backup"] = "work",
) -> Response:
    """A list as a file for spreadsheets; nothing in it is a formula."""
    asked = _asked(who, "entity.read", name, emergency) | {"state": "active", "limit": _AT_ONCE}
    asked["after"] = _FIRST
    told: list[tuple[DictRow, rules.Entity]] = []
    while found := await queries.page(conn, asked):
        told += [(row, opened(ctx, name, row)) for row in found]
        asked["after"] = found[-1]["id"]
    await _known(conn, who, name, found=bool(told))
    await _tell(conn, who, "entity.exported", [row for row, _ in told], reason)
    properties = sorted({p for row, _ in told for p in row["properties"]})
    lines = _lines(told, properties)
    headers = {"Content-Disposition": 'attachment; filename="list.csv"', "X-Content-Type-Options": "nosniff"}
    content = sheets.write_csv((*rules.COLUMNS, *properties), lines)
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


def _lines(told: Iterable[tuple[DictRow, rules.Entity]], properties: Sequence[str]) -> list[list[str | int]]:
    return [[e.id, e.label, e.version, *(e.properties.get(p, "") for p in properties)] for _, e in told]


@router.get("/{name}")
async def page(
    conn: Tx,
    ctx: Ctx,
    who: Reader,
    name: str,
    *,
    emergency: UUID | None = None,
    state: Literal["active", "archived", "waiting", "conflict"] = "active",
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """The entities of a list, a page; in `conflict`: those that a person has to look at, with both sides of each."""
    after = cursors.text(cursor)
    asked = _asked(who, "entity.read", name, emergency)
    asked |= {"state": state, "after": after[1] if after else _FIRST, "limit": limit + 1}
    found = await queries.page(conn, asked)
    rows = found[:limit]
    await _known(conn, who, name, found=bool(rows))
    changes = await queries.changes_of(conn, [row["id"] for row in rows]) if state == "conflict" else []
    items = [_shown(ctx, row, [c for c in changes if c["entity_id"] == row["id"]]) for row in rows]
    await _tell(conn, who, "entity.opened", rows)
    more = cursors.encode("", rows[-1]["id"]) if len(found) > limit else None
    return json_response({"items": items, "next": more})


@router.get("/{name}/{key}")
async def one(conn: Tx, ctx: Ctx, who: Reader, name: str, key: str, emergency: UUID | None = None) -> Response:
    """One entity with the changes that were asked of it."""
    row = await _one(conn, who, "entity.read", (name, key), emergency)
    changes = await queries.changes_of(conn, [row["id"]])
    await _tell(conn, who, "entity.opened", [row])
    shown = _shown(ctx, row, changes) | {"changes": [_change(ctx, change) for change in changes]}
    return json_response(shown, headers={"ETag": etag(row["version"])})


@router.patch("/{name}/{key}")
async def put_right(
    conn: Tx,
    ctx: Ctx,
    who: Editor,
    name: str,
    key: str,
    body: Right,
    version: Annotated[int, Depends(if_match)],
    emergency: UUID | None = None,
) -> Response:
    """Put an entity right, archive it or bring it back; its conflicts count as looked at. 412 shows what it is now."""
    row = await _one(conn, who, "entity.edit", (name, key), emergency, lock=True)
    if row["version"] != version:
        raise stale(_shown(ctx, row, []))
    if row["state"] == "waiting" and not body.archived:
        raise Problem(409, "entity.absent", "It has not been registered yet.", "این مورد هنوز ثبت نشده است.")
    if unknown := sorted(set(body.properties) - set(row["properties"])):
        raise Problem(
            422,
            "entity.unknown_property",
            "The list has no such property.",
            "فهرست چنین ویژگی‌ای ندارد.",
            extra={"properties": list(unknown)},
        )
    now = opened(ctx, name, row)
    change = Change(name, key, "update", body.label, body.properties)
    after, outcome = rules.apply(now, change)
    if after is None:
        raise not_found("entity")
    record = ctx.sealing.of(entities.TABLE, row["id"], bytes(row["data_key_wrapped"]))
    after = replace(after, version=now.version + 1)
    state = row["state"] if body.archived is None else "archived" if body.archived else "active"
    kept = row | {"version": after.version, "state": state, "conflict": False}
    kept["data_sealed"] = record.seal("data_sealed", entities.data_of(after))
    await queries.keep_record(conn, kept)
    await entities.note(conn, ctx, row["id"], (None, 0), who.actor, change, (outcome, after.version))
    await queries.resolve(conn, row["id"], who.actor)
    await queries.raise_revision(conn, [row["list_id"]])
    data = {"outcome": "put_right", "version": after.version, "state": state}
    told = NewEvent("entity.changed", "entity", row["id"], row["emergency_id"], who.actor, row["centre_id"], data)
    await emit(conn, told)
    return json_response(_shown(ctx, kept, []), headers={"ETag": etag(after.version)})


def _asked(who: Principal, permission: str, name: str, emergency: UUID | None) -> dict[str, Any]:
    return {**queries.bounds(who, permission), "name": name, "emergency": emergency}


async def _known(conn: Conn, who: Principal, name: str, *, found: bool) -> None:
    """A list without any entity of theirs is empty; a name that is no list of theirs is not found."""
    if not found and name not in {one["name"] for one in await queries.lists(conn, queries.bounds(who, "entity.read"))}:
        raise not_found("list")


async def _one(
    conn: Conn,
    who: Principal,
    permission: str,
    place: entities.Place,
    emergency: UUID | None,
    *,
    lock: bool = False,
) -> DictRow:
    asked = _asked(who, permission, place[0], emergency) | {"key": place[1]}
    found = await queries.one(conn, asked, lock=False)
    if not found:
        raise not_found("entity")
    if len(found) > 1:
        raise Problem(
            409,
            "entity.which",
            "Several emergencies know it: say which (emergency=).",
            "در چند عملیات هست؛ بگویید کدام (emergency=).",
        )
    if lock:
        # As the worker does: the list first, then its entity.
        await queries.raise_revision(conn, [found[0]["list_id"]])
        found = await queries.one(conn, asked, lock=True)
    return found[0]


async def _tell(
    conn: Conn, who: Principal, verb: str, rows: Sequence[Mapping[str, Any]], reason: str | None = None
) -> None:
    """Who read how many entities of which list."""
    for list_id in dict.fromkeys(row["list_id"] for row in rows):
        of = [row for row in rows if row["list_id"] == list_id]
        data = {"list": of[0]["name"], "count": len(of)} | ({"reason": reason} if reason else {})
        subject = of[0]["id"] if len(of) == 1 else list_id
        await emit(conn, NewEvent(verb, "entity", subject, of[0]["emergency_id"], who.actor, None, data))


def _shown(ctx: Context, row: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    entity = opened(ctx, row["name"], row)
    shown: dict[str, Any] = {
        "key": row["entity_key"],
        "list": row["name"],
        "emergency": str(row["emergency_id"]) if row["emergency_id"] else None,
        "centre": str(row["centre_id"]) if row["centre_id"] else None,
        "label": entity.label,
        "properties": dict(entity.properties),
        "version": row["version"],
        "state": row["state"],
        "conflict": row["conflict"],
        "updated_at": row["updated_at"].isoformat(),
    }
    if row["conflict"] and changes:
        shown["sides"] = _sides(ctx, changes)
    return shown


def _sides(ctx: Context, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each conflict nobody has looked at, what stood and what came, by property (`""`: the label)."""
    stood: dict[str, str] = {}
    found: list[dict[str, Any]] = []
    for row in sorted((c for c in changes if c["outcome"] not in {"absent", "known"}), key=lambda c: c["version"]):
        change = entities.change_from(ctx, row)
        said = dict(change.properties) | ({"": change.label} if change.label else {})
        if row["outcome"] == "conflict" and row["resolved_at"] is None:
            differ = {n: [stood.get(n, ""), v] for n, v in said.items() if stood.get(n, "") != v}
            found.append({"version": row["version"], "at": row["at"].isoformat(), "by": row["actor"], "differ": differ})
        stood |= said
    return found


def _change(ctx: Context, row: Mapping[str, Any]) -> dict[str, Any]:
    change = entities.change_from(ctx, row)
    return {
        "action": change.action,
        "label": change.label,
        "properties": dict(change.properties),
        "base_version": change.base_version,
        "outcome": row["outcome"],
        "version": row["version"],
        "submission": str(row["submission_id"]) if row["submission_id"] else None,
        "by": row["actor"],
        "at": row["at"].isoformat(),
        "resolved_at": row["resolved_at"].isoformat() if row["resolved_at"] else None,
    }
