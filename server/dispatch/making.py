"""From needs to tasks: made, ranked anew, cancelled. Called by the reports' chain with the needs that
changed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.dispatch import making_queries as queries
from server.dispatch import rules, tongues
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.kernel.geo import distance_m
from server.kernel.ids import new_code, uuid7
from server.supplies import queries as supplies
from server.supplies import rules as goods

ACTOR = "system"
Step = tuple[str, DictRow]


async def tasks_for_needs(conn: Conn, ctx: Context, need_ids: Sequence[UUID]) -> None:
    """Bring the tasks of these needs in line with them, in the caller's transaction.

    An open, located need gets one task in the queue of the nearest active centre. A need without a point
    gets none and stays visible as unlocated. A queued task follows its need's priority; it is cancelled
    when the need is met, closed or refuted. A held one is a person's to decide on: they get an event.
    """
    del ctx
    rows = await queries.needs(conn, sorted(set(need_ids)))
    steps: dict[str, list[DictRow]] = defaultdict(list)
    for row in rows:
        steps[rules.what_to_do(_view(row))].append(row)
    placed = steps["make"] + [r for r in steps["rerank"] if r["centre_id"]]
    plans = await _plans(conn, placed)
    made = await _make(conn, [r for r in steps["make"] if r["id"] in plans], plans)
    changed = await _rerank(conn, [r for r in steps["rerank"] if r["id"] in plans], plans)
    cancelled = await queries.cancel(conn, [r["task_id"] for r in steps["cancel"]])
    told = [
        NewEvent(
            "task.changed",
            "task",
            r["task_id"],
            r["emergency_id"],
            ACTOR,
            r["task_centre"],
            {"cause": "need." + ("refuted" if r["verification"] == "refuted" else r["status"])},
        )
        for r in steps["tell"]
    ]
    await emit_many(conn, [*made, *changed, *_events("task.cancelled", cancelled, {"reason": "need_gone"}), *told])
    await mark_tasked(conn, [r["id"] for r in steps["make"] if r["id"] in plans], ACTOR)


def _view(row: DictRow) -> rules.NeedView:
    located = row["lon"] is not None and row["centre_id"] is not None
    return rules.NeedView(row["status"], row["verification"], located, row["task_state"], row["settled"])


async def mark_tasked(conn: Conn, need_ids: Sequence[UUID], actor: str) -> None:
    """Open needs whose task now stands in a queue."""
    await set_need_status(conn, need_ids, "tasked", ("open",), actor)


async def set_need_status(
    conn: Conn, need_ids: Sequence[UUID], status: str, sources: Sequence[str], actor: str
) -> None:
    """Needs in one of the states `sources` go to `status`, with an event each."""
    if need_ids:
        rows = await queries.set_status(conn, need_ids, status, sources)
        await emit_many(
            conn,
            [
                NewEvent("need.changed", "need", r["id"], r["emergency_id"], actor, None, {"status": status})
                for r in rows
            ],
        )


async def _plans(conn: Conn, needs: Sequence[DictRow]) -> dict[UUID, dict[str, Any]]:
    """What each need's task is to be: kind, queue, skills, whom it is for, what to bring."""
    if not needs:
        return {}
    kinds = {n["id"]: rules.kind_of(n["category"]) for n in needs}
    queue_ids = await queries.queues_for(conn, {(n["emergency_id"], n["centre_id"], kinds[n["id"]]) for n in needs})
    bring = await _bring(conn, [n for n in needs if kinds[n["id"]] == "delivery"])
    plans = {}
    for n in needs:
        women = rules.women_rule(n["category"], n["vulnerable"], n["urgency"])
        crew = rules.crew_of(n["category"], n["urgency"], n["people"], women)
        plans[n["id"]] = {
            "kind": kinds[n["id"]],
            "queue_id": queue_ids[n["emergency_id"], n["centre_id"], kinds[n["id"]]],
            "skills": list(rules.skills_of(n["category"], n["vulnerable"])),
            "languages": tongues.of_province(n["province"]),
            # Among several, some are women; one who goes alone is one.
            "women_required": women == "require" and crew.people == 1,
            "women_preferred": women == "prefer" and crew.people == 1,
            "crew_min": crew.people,
            "women_min": crew.women,
            "bring": bring.get(n["id"], []),
            "urgency": n["urgency"],
            "priority": n["priority"],
            "lon": n["lon"],
            "lat": n["lat"],
        }
    return plans


async def _bring(conn: Conn, needs: Sequence[DictRow]) -> dict[UUID, list[dict[str, Any]]]:
    if not needs:
        return {}
    shelves: dict[str, list[DictRow]] = defaultdict(list)
    for shelf in await supplies.shelves(conn, sorted({n["category"] for n in needs})):
        shelves[shelf["category"]].append(shelf)
    arrived = await supplies.delivered_for(conn, [n["id"] for n in needs])
    lines = {}
    for n in needs:
        want = goods.wanted(n["category"], n["quantity"], n["unit"], n["people"], n["households"])
        left = goods.Wanted(want.quantity - arrived.get(n["id"], Decimal(0)), want.unit)
        near = [
            goods.Shelf(s["item_id"], s["code"], s["unit"], s["quantity"], s["centre_id"], _distance(n, s))
            for s in shelves[n["category"]]
        ]
        lines[n["id"]] = [line_json(line) for line in goods.bring(left, near)]
    return lines


def _distance(need: Mapping[str, Any], shelf: Mapping[str, Any]) -> float:
    if shelf["lon"] is None:
        return float("inf")
    return distance_m(need["lon"], need["lat"], shelf["lon"], shelf["lat"])


def line_json(line: goods.Bring) -> dict[str, Any]:
    """A line of `bring` as it is kept and answered."""
    quantity = int(line.quantity) if line.quantity == line.quantity.to_integral_value() else float(line.quantity)
    return {
        "item": str(line.item_id),
        "code": line.code,
        "quantity": quantity,
        "unit": line.unit,
        "centre": str(line.centre_id) if line.centre_id else None,
    }


async def _make(conn: Conn, needs: Sequence[DictRow], plans: Mapping[UUID, dict[str, Any]]) -> list[NewEvent]:
    rows = [
        {
            "id": uuid7(),
            "code": new_code(8, "T-"),
            "emergency_id": n["emergency_id"],
            "need_id": n["id"],
            **plans[n["id"]],
        }
        for n in needs
    ]
    return _events("task.queued", await queries.add_tasks(conn, rows), {})


async def _rerank(conn: Conn, needs: Sequence[DictRow], plans: Mapping[UUID, dict[str, Any]]) -> list[NewEvent]:
    rows = [{"id": n["task_id"], **plans[n["id"]]} for n in needs]
    return _events("task.changed", await queries.change_queued(conn, rows), {"cause": "need.changed"})


def _events(verb: str, tasks: Sequence[DictRow], data: Mapping[str, Any]) -> list[NewEvent]:
    return [NewEvent(verb, "task", t["id"], t["emergency_id"], ACTOR, t["centre_id"], data) for t in tasks]
