"""Lists of entities as coordinators see and mend them. Every reading of them is audited: they are personal."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from field_forms.sheets import write_csv
from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.emergencies.routes import within
from server.forms import entities, lists
from server.forms import entity_queries as queries
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.http import etag, if_match, json_response

router = APIRouter(tags=["forms"])
Ctx = Annotated[Context, Depends(context)]
Reader = Annotated[Principal, allow("entity.read")]
Editor = Annotated[Principal, allow("entity.edit")]
_PAGE, _EXPORT = 500, 20_000
_Text = Annotated[str, Field(max_length=32_767)]


class EntityChange(BaseModel):
    """A person's word on an entity; what is not named stays. With no field at all it says: as it is, it is right."""

    label: _Text | None = Field(default=None, min_length=1)
    properties: dict[_Text, _Text] | None = Field(default=None, max_length=200)
    state: Literal["active", "archived"] | None = None


def _centres(who: Principal, permission: str) -> list[UUID]:
    bound = who.centre_bound(permission)
    return [bound] if bound else []


def _asked(who: Principal, permission: str, name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "within": within(who, permission), "centres": _centres(who, permission), **more}


async def _opened(conn: Conn, who: Principal, name: str, count: int, what: str) -> None:
    await emit(conn, NewEvent("entity.opened", "entities", who.id, None, who.actor, data={"list": name, what: count}))


@router.get("/api/entity-lists")
async def entity_lists(tx: Tx, who: Reader) -> Response:
    """The lists: name, emergency, properties, how many entities, how many about which phones disagree."""
    rows = await queries.lists(tx, within(who, "entity.read"), _centres(who, "entity.read"))
    items = [
        {
            "name": row["name"],
            "emergency": row["emergency_id"],
            "properties": row["properties"],
            "entities": row["entities"],
            "conflicts": row["conflicts"],
            "updated_at": row["updated_at"],
        }
        for row in rows
    ]
    return json_response({"items": items, "next": None})


@router.get("/api/entity-lists/{name}.csv")
async def export(tx: Tx, ctx: Ctx, who: Reader, name: str) -> Response:
    """A list as CSV, safe to open in a spreadsheet; `next` of a longer one is had by the list itself."""
    asked = _asked(who, "entity.read", name, state="active", conflict=False, before=None, limit=_EXPORT)
    rows = await queries.page(tx, asked)
    await _opened(tx, who, name, len(rows), "exported")
    body = await asyncio.to_thread(_csv, ctx, name, rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def _csv(ctx: Context, name: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    properties = sorted({p for row in rows for p in row["properties"]})
    found = [lists.opened(ctx, name, row) for row in rows]
    cells: list[tuple[str | int, ...]] = [
        (one.id, one.label, one.version, *(one.properties.get(p, "") for p in properties)) for one in found
    ]
    return b"".join(write_csv(("name", "label", "__version", *properties), cells))


@router.get("/api/entity-lists/{name}")
async def listed(
    tx: Tx,
    ctx: Ctx,
    who: Reader,
    name: str,
    *,
    state: Literal["active", "archived"] | None = "active",
    conflict: bool = False,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = 100,
) -> Response:
    """Entities of a list, newest first; `conflict=true`: those about which phones disagree."""
    asked = _asked(who, "entity.read", name, state=state, conflict=conflict, before=cursor, limit=limit)
    rows = await queries.page(tx, asked)
    await _opened(tx, who, name, len(rows), "read")
    items = [_shown(ctx, name, row) for row in rows]
    return json_response({"items": items, "next": str(rows[-1]["id"]) if len(rows) == limit else None})


@router.get("/api/entity-lists/{name}/{key}")
async def one(tx: Tx, ctx: Ctx, who: Reader, name: str, key: str) -> Response:
    """One entity with what was asked of it, newest first: both sides of a disagreement."""
    row = await queries.one(tx, _asked(who, "entity.read", name, key=key))
    if row is None:
        raise not_found("entity")
    await _opened(tx, who, name, 1, "read")
    history = [_change(ctx, row, change) for change in await queries.changes(tx, row["id"])]
    return json_response(_shown(ctx, name, row) | {"changes": history}, headers={"ETag": etag(row["version"])})


@router.patch("/api/entity-lists/{name}/{key}")
async def put_right(
    tx: Tx,
    ctx: Ctx,
    who: Editor,
    name: str,
    key: str,
    wish: EntityChange,
    version: Annotated[int, Depends(if_match)],
) -> Response:
    """Put an entity right; what phones disagreed about is settled by that. 412 with the present one when it changed."""
    asked = _asked(who, "entity.edit", name, key=key)
    row = await queries.one(tx, asked)
    if row is None:
        raise not_found("entity")
    if row["version"] != version:
        raise stale(_shown(ctx, name, row))
    await entities.put_right(tx, ctx, row, wish.model_dump(exclude_none=True), who.actor)
    now = await queries.one(tx, asked) or row
    return json_response(_shown(ctx, name, now), headers={"ETag": etag(now["version"])})


def _shown(ctx: Context, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    entity = lists.opened(ctx, name, row)
    return {
        "id": entity.id,
        "label": entity.label,
        "properties": dict(entity.properties),
        "version": row["version"],
        "state": row["state"],
        "conflict": row["conflict"],
        "emergency": row["emergency_id"],
        "centre": row["centre_id"],
        "updated_at": row["updated_at"],
        "cursor": str(row["id"]),
    }


def _change(ctx: Context, row: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    asked = entities.change_of(ctx, row["name"], row["entity_key"], change)
    return {
        "submission": change["submission_id"],
        "actor": change["actor"],
        "outcome": change["outcome"],
        "version": change["version"],
        "at": change["at"],
        "resolved_at": change["resolved_at"],
        "action": asked.action,
        "label": asked.label,
        "properties": dict(asked.properties),
        "base_version": asked.base_version,
    }
