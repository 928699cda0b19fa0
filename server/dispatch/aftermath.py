"""What a task has changed: for those who held it, and their dispatchers. Numbers and states; nobody's name or words."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.principal import Principal
from server.dispatch import choosing_queries as queries
from server.dispatch import rules, views
from server.kernel.db import Conn
from server.kernel.errors import not_found


async def after(conn: Conn, who: Principal, task_id: UUID) -> dict[str, Any]:
    """`task` (how it ended), `need` (what it is now, and how many people), `goods` [{item, loaded, delivered, lost}],
    `reached` (people, as the holder counted them), `chain` (what happened when), `rest` (what is still open of it).
    """
    row = (await queries.shown(conn, [task_id])).get(task_id)
    if row is None or not await _may(conn, who, row):
        raise not_found("task")
    need = await queries.need_now(conn, row["need_id"]) if row["need_id"] else None
    goods = [_goods(line) for line in await queries.goods(conn, task_id)]
    rest = await queries.rest(conn, row["need_id"], row["incident_id"], task_id)
    return {
        "task": {
            "id": task_id,
            "code": row["code"],
            "kind": row["kind"],
            "state": row["state"],
            "outcome": row["outcome"],
            "closed_at": views.moment(row["closed_at"]),
        },
        "need": _need(need) if need else None,
        "reached": await queries.reached(conn, task_id),
        "goods": goods,
        "chain": await _chain(conn, row, need),
        "rest": [
            {"id": r["id"], "code": r["code"], "kind": r["kind"], "state": r["state"], "open": r["state"] in rules.OPEN}
            for r in rest
        ],
    }


async def _may(conn: Conn, who: Principal, row: DictRow) -> bool:
    if who.may("task.reassign", centre_id=row["centre_id"], emergency_id=row["emergency_id"]):
        return True
    return who.volunteer_id is not None and await queries.has_held(conn, row["id"], who.volunteer_id)


def _need(need: DictRow) -> dict[str, Any]:
    return {
        "code": need["code"],
        "category": need["category"],
        "status": need["status"],
        "met": need["status"] == "met",
        "people": need["people"],
        "households": need["households"],
    }


def _goods(line: DictRow) -> dict[str, Any]:
    return {
        "item": {"id": line["item_id"], "fa": line["name_fa"], "en": line["name_en"], "unit": line["unit"]},
        "loaded": float(line["loaded"]),
        "delivered": float(line["delivered"]),
        "lost": float(line["lost"]),
    }


async def _chain(conn: Conn, row: DictRow, need: DictRow | None) -> list[dict[str, Any]]:
    """From the first voice to the end: [{step, at}], in the order of time; a step that was not taken is not there."""
    steps = [("task.made", row["created_at"])]
    if need:
        steps.append(("need.reported", need["first_reported_at"]))
    steps += [(event["verb"], event["at"]) for event in await queries.told(conn, row["id"])]
    return [{"step": step, "at": views.moment(at)} for step, at in sorted(steps, key=lambda s: s[1])]
