"""Use cases of drawings. Whoever opens the words of one is on record, as with every word that is sealed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.drawings import queries
from server.incidents.listing import Filters, collection
from server.kernel.db import Conn
from server.kernel.errors import CONSTRAINTS, Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.kernel.shapes import geometry_problem, plain

CODE: Final = "D-"
TABLE: Final = "drawings"
SHAPE_OF: Final[Mapping[str, str]] = {"note": "Point", "area": "Polygon", "route": "LineString"}
CONSTRAINTS["fk_drawings_emergency_id"] = lambda: Problem(
    422, "drawing.emergency", "No such emergency.", "چنین بحرانی نیست."
)


def bad_geometry(code: str) -> Problem:
    """422: no shape that such a drawing can have."""
    return Problem(
        422,
        "drawing.geometry",
        f"This shape cannot be drawn: {code}.",
        f"این شکل پذیرفتنی نیست: {code}.",
        fields=[{"field": "geometry", "code": code, "message": code}],
    )


def feature(row: Mapping[str, Any]) -> dict[str, Any]:
    """A drawing as GeoJSON: whether it has words (`worded`), never the words."""
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": row["geometry"],
        "properties": {
            "layer": "drawings",
            "code": row["code"],
            "emergency": str(row["emergency_id"]),
            "kind": row["kind"],
            "purpose": row["purpose"],
            "status": row["status"],
            "worded": row["worded"],
            "valid_until": row["valid_until"].isoformat() if row["valid_until"] else None,
            "updated_at": row["updated_at"].isoformat(),
            "version": row["version"],
        },
    }


async def listed(conn: Conn, filters: Filters) -> dict[str, Any]:
    """A page of drawings."""
    rows = await queries.page(conn, filters)
    return collection(rows, filters, [feature(r) for r in rows])


async def one(conn: Conn, drawing_id: UUID, within: Sequence[UUID] | None) -> DictRow:
    """One drawing, or 404."""
    row = await queries.one(conn, drawing_id)
    if row is None or (within is not None and row["emergency_id"] not in within):
        raise not_found("drawing")
    return row


async def _shape(conn: Conn, kind: str, geometry: Any) -> str:
    problem = geometry_problem(geometry)
    if problem is None and geometry["type"] != SHAPE_OF[kind]:
        problem = "type"
    if problem:
        raise bad_geometry(problem)
    text = orjson.dumps(plain(geometry)).decode()
    if not await queries.is_simple(conn, text):
        raise bad_geometry("crosses_itself")
    return text


async def create(conn: Conn, ctx: Context, asked: Mapping[str, Any], principal: Principal) -> DictRow:
    """A new drawing; `asked` as in `schemas.NewDrawing`."""
    if not principal.may("drawing.edit", emergency_id=asked["emergency"]):
        raise not_found("emergency")
    new = uuid7()
    record = ctx.sealing.new(TABLE, new)
    words = asked["words"].strip()
    await queries.insert(
        conn,
        {
            "id": new,
            "code": new_code(7, CODE),
            "emergency_id": asked["emergency"],
            "kind": asked["kind"],
            "purpose": asked["purpose"],
            "valid_until": asked["valid_until"],
            "words_sealed": record.seal("words_sealed", words) if words else None,
            "sealing_key_id": record.key_id,
            "data_key_wrapped": record.wrapped,
            "geometry": await _shape(conn, asked["kind"], asked["geometry"]),
        },
    )
    data = {"kind": asked["kind"], "purpose": asked["purpose"]}
    await emit(conn, NewEvent("drawing.created", "drawing", new, asked["emergency"], principal.actor, data=data))
    return await one(conn, new, None)


async def edit(
    conn: Conn, ctx: Context, drawing_id: UUID, changes: Mapping[str, Any], version: int, principal: Principal
) -> DictRow:
    """Change a drawing seen at `version`. Raises 412 with the current one."""
    row = await queries.one(conn, drawing_id, lock=True)
    if row is None or not principal.may("drawing.edit", emergency_id=row["emergency_id"]):
        raise not_found("drawing")
    if row["version"] != version:
        raise stale(feature(row))
    values = dict(changes)
    if "geometry" in values:
        values["geometry"] = await _shape(conn, row["kind"], values["geometry"])
    if "words" in values:
        # New words under a new key: the old key would need the instance's private one, which may lie elsewhere.
        record, words = ctx.sealing.new(TABLE, drawing_id), values.pop("words").strip()
        values |= {
            "words_sealed": record.seal("words_sealed", words) if words else None,
            "sealing_key_id": record.key_id,
            "data_key_wrapped": record.wrapped,
        }
    if values:
        await queries.update(conn, drawing_id, values)
        data = {"fields": sorted(changes)}
        await emit(
            conn, NewEvent("drawing.changed", "drawing", drawing_id, row["emergency_id"], principal.actor, data=data)
        )
    return await one(conn, drawing_id, None)


async def words(conn: Conn, ctx: Context, drawing_id: UUID, principal: Principal) -> dict[str, Any]:
    """What is written on it: {"words": text|null}; null when the key is not on this machine. Each look is on record."""
    row = await queries.one(conn, drawing_id)
    if row is None or not principal.may("drawing.open", emergency_id=row["emergency_id"]):
        raise not_found("drawing")
    if row["words_sealed"] is None:
        return {"words": ""}
    await emit(conn, NewEvent("drawing.opened", "drawing", drawing_id, row["emergency_id"], principal.actor))
    try:
        record = ctx.sealing.of(TABLE, drawing_id, bytes(row["data_key_wrapped"]))
        opened = record.open("words_sealed", bytes(row["words_sealed"]))
    except SealedError:
        return {"words": None}
    return {"words": opened.decode() if opened else ""}
