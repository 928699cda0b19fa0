"""The catalogue, the stock and the ledger over HTTP."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.kernel import cursor as cursors
from server.kernel.edge import Tx
from server.kernel.errors import Problem
from server.kernel.http import json_response
from server.kernel.ids import uuid7
from server.standards.taxonomy import NEEDS
from server.supplies import making, queries
from server.supplies.schemas import NewItem, NewMovement

router = APIRouter(prefix="/api")


class Filters(BaseModel):
    """The query of the lists; each uses those that it has."""

    model_config = ConfigDict(extra="ignore")

    centre: UUID | None = None
    item: UUID | None = None
    category: str | None = None
    emergency: UUID | None = None
    task: UUID | None = None
    need: UUID | None = None
    kind: str | None = None
    since: datetime | None = None
    cursor: str | None = None
    limit: int = Field(default=200, ge=1, le=1000)


Asked = Annotated[Filters, Query()]


def _centres(who: Principal, permission: str, asked: UUID | None) -> list[UUID] | None:
    scopes = who.scopes_for(permission)
    if any(s.centre_id is None for s in scopes):
        return [asked] if asked else None
    mine = [s.centre_id for s in scopes if s.centre_id]
    return [c for c in mine if asked in {None, c}]


def number(value: Decimal) -> int | float:
    """A quantity as JSON has numbers."""
    return int(value) if value == value.to_integral_value() else float(value)


@router.get("/items")
async def items(who: Annotated[Principal, allow("item.read")], conn: Tx, asked: Asked) -> Response:
    """The catalogue, by code."""
    del who
    after = cursors.text(asked.cursor)
    rows = await queries.items(conn, asked.category, after[0] if after else "", asked.limit + 1)
    page = rows[: asked.limit]
    more = cursors.encode(page[-1]["code"], page[-1]["id"]) if len(rows) > asked.limit else None
    return json_response({"items": page, "next": more})


@router.post("/items")
async def add_item(who: Annotated[Principal, allow("stock.import")], conn: Tx, asked: NewItem) -> Response:
    """Add an item; a code that is there already is answered as it stands, with 200."""
    del who
    if asked.category not in NEEDS:
        raise Problem(
            422,
            "item.category",
            "This category is not one of the needs.",
            "این دسته از نیازها نیست.",
            fields=[{"field": "category", "code": "unknown", "message": asked.category}],
        )
    item_id = uuid7()
    await queries.add_item(conn, {"id": item_id, **asked.model_dump()})
    (row,) = await queries.items_by(conn, codes=[asked.code])
    return json_response(row, 201 if row["id"] == item_id else 200)


@router.get("/stock")
async def stock(who: Annotated[Principal, allow("stock.read")], conn: Tx, asked: Asked) -> Response:
    """What the centres hold."""
    rows = await queries.stock(
        conn,
        centres=_centres(who, "stock.read", asked.centre),
        item=asked.item,
        category=asked.category,
        after=cursors.text(asked.cursor),
        limit=asked.limit + 1,
    )
    page = rows[: asked.limit]
    more = cursors.encode(page[-1]["code"], page[-1]["centre_id"]) if len(rows) > asked.limit else None
    return json_response({"items": [_stock(row) for row in page], "next": more})


def _stock(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "centre": {
            "id": row["centre_id"],
            "code": row["centre_code"],
            "fa": row["centre_fa"],
            "en": row["centre_en"],
        },
        "item": row["item_id"],
        "code": row["code"],
        "name": {"fa": row["name_fa"], "en": row["name_en"]},
        "category": row["category"],
        "unit": row["unit"],
        "quantity": number(row["quantity"]),
        "updated_at": row["updated_at"],
    }


@router.get("/stock/in_motion")
async def in_motion(
    who: Annotated[Principal, allow("stock.read")], conn: Tx, emergency: UUID | None = None
) -> Response:
    """What is on the road now: from which centre, for which task, to which shown point."""
    centres = _centres(who, "stock.read", None)
    rows = [r for r in await queries.in_motion(conn, emergency) if centres is None or r["centre_id"] in centres]
    return json_response({"items": [{**r, "quantity": number(r["quantity"])} for r in rows], "next": None})


@router.get("/movements")
async def movements(who: Annotated[Principal, allow("movement.read")], conn: Tx, asked: Asked) -> Response:
    """The ledger, the newest first."""
    filters = {
        "emergency": asked.emergency,
        "task": asked.task,
        "need": asked.need,
        "kind": asked.kind,
        "since": asked.since,
        "centres": _centres(who, "movement.read", asked.centre),
    }
    rows = await queries.movements(conn, filters, cursors.moment(asked.cursor), asked.limit + 1)
    page = rows[: asked.limit]
    more = cursors.encode(page[-1]["at"], page[-1]["id"]) if len(rows) > asked.limit else None
    return json_response(
        {
            "items": [
                {
                    (
                        "emergency"
                        if k == "emergency_id"
                        else k.removesuffix("_id")
                        if k in {"task_id", "need_id"}
                        else k
                    ): v
                    for k, v in row.items()
                }
                for row in page
            ],
            "next": more,
        }
    )


@router.post("/movements")
async def make_movement(
    who: Annotated[Principal, allow("movement.make")],
    conn: Tx,
    asked: NewMovement,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
) -> Response:
    """Goods received, sent on, lost or counted anew. The same key again gives the same movement, with 200."""
    for centre in (asked.source, asked.target):
        if centre and not who.may("movement.make", centre_id=centre, emergency_id=asked.emergency):
            raise forbidden()
    given = asked.key or key
    natural = f"hand:{who.actor}:{given}" if given else f"hand:{uuid7()}"
    made = await making.make(conn, asked, natural, who.actor)
    return json_response({"id": made.id, "code": made.code}, 200 if made.known else 201)
