"""Queues and tasks over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from psycopg.errors import DeadlockDetected
from pydantic import BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.dispatch import (
    choosing_routes,
    claim_routes,
    count_queries,
    incident_tasks,
    offer_routes,
    queries,
    rules,
    scope,
    service,
    views,
    voices,
)
from server.dispatch.schemas import TaskCall
from server.kernel import cursor as cursors
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.kernel.geo import parse_bbox
from server.kernel.http import etag, json_response
from server.kernel.redis import ring

router = APIRouter()
router.include_router(claim_routes.router)
router.include_router(incident_tasks.router)
# Before `/api/tasks/{task_id}`: "near" is no task.
router.include_router(choosing_routes.router)
router.include_router(offer_routes.router)
Ctx = Annotated[Context, Depends(context)]
Limit = Annotated[int, Query(ge=1, le=1000)]


DEADLOCK_TRIES = 3


async def _tried_again(ctx: Context, who: Principal, task_id: UUID, verb: rules.Verb, call: TaskCall) -> service.Done:
    """One call in a transaction of its own; again when the chain held the need and this call its task.

    The chain locks a need before its task, a finish the task before its need: PostgreSQL ends one of the two.
    """
    for left in reversed(range(DEADLOCK_TRIES)):
        try:
            async with ctx.db.tx() as conn:
                if verb == "reassign":
                    return await service.reassign(conn, ctx, who, task_id, call.order())
                if verb == "cancel":
                    return await service.cancel(conn, who, task_id, call.order())
                return await service.act(conn, ctx, who, task_id, verb, call.order())
        except DeadlockDetected:
            if not left:
                raise
    raise AssertionError("unreachable")


async def _acted(ctx: Context, who: Principal, task_id: UUID, verb: rules.Verb, call: TaskCall) -> Response:
    # The transaction is ended here, not by the dependency: a late finish is kept although it is answered 409.
    done = await _tried_again(ctx, who, task_id, verb, call)
    if done.problem:
        raise done.problem
    if verb in {"release", "reassign", "complete"}:
        await ring(ctx.redis, "queues")
    return json_response(done.body)


@router.post("/api/tasks/{task_id}/accept")
async def accept(who: Annotated[Principal, allow("task.hold")], ctx: Ctx, task_id: UUID, call: TaskCall) -> Response:
    """The holder takes it on."""
    return await _acted(ctx, who, task_id, "accept", call)


@router.post("/api/tasks/{task_id}/en_route")
async def en_route(who: Annotated[Principal, allow("task.hold")], ctx: Ctx, task_id: UUID, call: TaskCall) -> Response:
    """The holder sets out; what the task names (or `loaded`) leaves its centre."""
    return await _acted(ctx, who, task_id, "en_route", call)


@router.post("/api/tasks/{task_id}/heartbeat")
async def heartbeat(who: Annotated[Principal, allow("task.hold")], ctx: Ctx, task_id: UUID, call: TaskCall) -> Response:
    """Still at it: the lease begins anew."""
    return await _acted(ctx, who, task_id, "heartbeat", call)


@router.post("/api/tasks/{task_id}/release")
async def release(who: Annotated[Principal, allow("task.hold")], ctx: Ctx, task_id: UUID, call: TaskCall) -> Response:
    """Back to the queue; goods on the road go back, unless `rest` says they are lost."""
    return await _acted(ctx, who, task_id, "release", call)


@router.post("/api/tasks/{task_id}/complete")
async def complete(who: Annotated[Principal, allow("task.hold")], ctx: Ctx, task_id: UUID, call: TaskCall) -> Response:
    """Done, with a note and what was delivered."""
    return await _acted(ctx, who, task_id, "complete", call)


@router.post("/api/tasks/{task_id}/fail")
async def fail(who: Annotated[Principal, allow("task.hold")], ctx: Ctx, task_id: UUID, call: TaskCall) -> Response:
    """It could not be done, and why."""
    return await _acted(ctx, who, task_id, "fail", call)


@router.post("/api/tasks/{task_id}/reassign")
async def reassign(
    who: Annotated[Principal, allow("task.reassign")], ctx: Ctx, task_id: UUID, call: TaskCall
) -> Response:
    """To `volunteer`, or back to the queue."""
    return await _acted(ctx, who, task_id, "reassign", call)


@router.post("/api/tasks/{task_id}/cancel")
async def cancel(
    who: Annotated[Principal, allow("task.reassign")], ctx: Ctx, task_id: UUID, call: TaskCall
) -> Response:
    """The task has lost its cause."""
    return await _acted(ctx, who, task_id, "cancel", call)


@router.get("/api/queues")
async def list_queues(
    who: Annotated[Principal, allow("queue.read")], conn: Tx, emergency: UUID | None = None
) -> Response:
    """Every queue of the reader's scope with how it stands."""
    centres, emergencies = scope.limits(who, "queue.read")
    rows = await count_queries.queues(conn, emergency=emergency, centres=centres, emergencies=emergencies)
    return json_response({"items": [views.queue(row) for row in rows], "next": None})


@router.get("/api/queues/{queue_id}/tasks")
async def queue_tasks(
    who: Annotated[Principal, allow("queue.read")], conn: Tx, queue_id: UUID, limit: Limit = 200
) -> Response:
    """The open tasks of a queue in the order in which it serves them."""
    queue = await queries.queue(conn, queue_id)
    if queue is None or not who.may("queue.read", centre_id=queue["centre_id"], emergency_id=queue["emergency_id"]):
        raise not_found("queue")
    rows = await queries.open_of_queue(conn, queue_id, limit)
    return json_response(_features(who, rows, None))


class TaskFilters(BaseModel):
    """The query of a list. `state` takes several, comma-separated; `open` means every open one."""

    model_config = ConfigDict(extra="ignore")

    emergency: UUID | None = None
    state: str | None = None
    queue: UUID | None = None
    need: UUID | None = None
    incident: UUID | None = None
    holder: UUID | None = None
    category: str | None = None
    bbox: str | None = None
    since: datetime | None = None
    cursor: str | None = None
    limit: int = Field(default=200, ge=1, le=1000)


@router.get("/api/tasks")
async def list_tasks(
    who: Annotated[Principal, allow("task.read")], conn: Tx, asked: Annotated[TaskFilters, Query()]
) -> Response:
    """Tasks, the latest changed first."""
    centres, emergencies = scope.limits(who, "task.read")
    filters: dict[str, Any] = {
        "emergency": asked.emergency,
        "states": _states(asked.state),
        "queue": asked.queue,
        "need": asked.need,
        "incident": asked.incident,
        "holder": asked.holder,
        "category": asked.category,
        "since": asked.since,
        "centres": centres,
        "emergencies": emergencies,
    }
    box = parse_bbox(asked.bbox) if asked.bbox else None
    rows = await queries.tasks(conn, filters, box=box, after=cursors.moment(asked.cursor), limit=asked.limit + 1)
    last = rows[asked.limit - 1] if len(rows) > asked.limit else None
    more = cursors.encode(last["updated_at"], last["id"]) if last else None
    return json_response(_features(who, rows[: asked.limit], more))


def _states(state: str | None) -> list[str] | None:
    if not state:
        return None
    return list(rules.OPEN) if state == "open" else [s.strip() for s in state.split(",")]


def _features(who: Principal, rows: list[Any], more: str | None) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "next": more,
        "features": [views.feature(row, show_holder=scope.sees_holder(who, row)) for row in rows],
    }


@router.get("/api/tasks/{task_id}")
async def one_task(who: Annotated[Principal, allow("task.read")], conn: Tx, task_id: UUID) -> Response:
    """One task with its need in numbers; for coordinators and the holder also which voices are behind it."""
    row = await scope.task_for(conn, who, task_id)
    feature = views.feature(row, show_holder=scope.sees_holder(who, row))
    feature["properties"] |= await voices.detail(conn, who, row)
    return json_response(feature, headers={"ETag": etag(row["version"])})


@router.get("/api/tasks/{task_id}/voices")
async def task_voices(who: Annotated[Principal, allow("task.read")], conn: Tx, ctx: Ctx, task_id: UUID) -> Response:
    """What people said, for coordinators and the holder alone. Every reading is put down."""
    row = await scope.task_for(conn, who, task_id)
    return json_response(await voices.open_voices(conn, ctx, who, row), headers={"Cache-Control": "no-store"})
