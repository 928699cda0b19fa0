"""A task made by a person from an incident: look at the bridge, dig, close the gas. Needs make theirs by themselves."""
# ruff: noqa: S608 - the texts put together here are this code's own; values go as parameters

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict

from server.access.context import Context, context
from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.dispatch import queries, rules, tongues, views
from server.dispatch.making_queries import PROVINCE_OF_INCIDENT, queues_for
from server.incidents.rules import severity
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import CONSTRAINTS, Problem, bad_request, not_found
from server.kernel.events import NewEvent, emit
from server.kernel.http import json_response
from server.kernel.ids import new_code, uuid7
from server.kernel.redis import ring
from server.places.queries import nearest_centre

router = APIRouter()

CONSTRAINTS["uq_tasks_open_incident_kind"] = lambda: Problem(
    409,
    "task.exists",
    "This incident has an open task of that kind already.",
    "برای این رخداد همین مأموریت باز است.",
)


class NewTask(BaseModel):
    """What to do about an incident: `kind` is one of `rules.KINDS`."""

    model_config = ConfigDict(extra="forbid")

    incident: UUID
    kind: str = "works"


async def _incident(conn: Conn, incident_id: UUID) -> DictRow:
    row = await (
        await conn.execute(
            "SELECT i.id, i.emergency_id, i.status, i.verification, i.urgency, i.people, i.corroboration,"
            f" ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, {PROVINCE_OF_INCIDENT} AS province"
            " FROM incidents i WHERE i.id = %s FOR SHARE OF i",
            (incident_id,),
        )
    ).fetchone()
    if row is None:
        raise not_found("incident")
    return row


async def make(conn: Conn, who: Principal, body: NewTask) -> UUID:
    """Put a task for an open, located incident into the queue of its nearest centre. Returns the task's id."""
    if body.kind not in rules.KINDS:
        raise bad_request("task.kind", f"kind is one of {', '.join(rules.KINDS)}.", "نوع مأموریت شناخته نشد.")
    row = await _incident(conn, body.incident)
    centre = await nearest_centre(conn, row["lon"], row["lat"]) if row["lon"] is not None else None
    if centre is None or row["status"] != "open":
        raise Problem(
            409,
            "task.no_place",
            "The incident is closed, has no location, or there is no active centre.",
            "رخداد بسته است، جا ندارد، یا مرکز فعالی نیست.",
        )
    if not who.may("task.make", centre_id=centre, emergency_id=row["emergency_id"]):
        raise forbidden()
    key = (row["emergency_id"], centre, body.kind)
    queue = (await queues_for(conn, {key}))[key]
    task = uuid7()
    score = severity(row["urgency"], row["people"], row["corroboration"], row["verification"])
    await conn.execute(
        "INSERT INTO tasks (id, code, emergency_id, queue_id, kind, incident_id, urgency, priority, languages,"
        " geom_shown) SELECT %s, %s, emergency_id, %s, %s, id, urgency, %s, %s, geom FROM incidents WHERE id = %s",
        (task, new_code(8, "T-"), queue, body.kind, score, tongues.of_province(row["province"]), body.incident),
    )
    await emit(conn, NewEvent("task.queued", "task", task, row["emergency_id"], who.actor, centre))
    return task


@router.post("/api/tasks")
async def make_task(
    who: Annotated[Principal, allow("task.make")],
    conn: Tx,
    body: NewTask,
    ctx: Annotated[Context, Depends(context)],
) -> Response:
    """{incident, kind} → 201 with the task; 409 `task.exists` when an open one of the kind is there."""
    task = await make(conn, who, body)
    row = await queries.task(conn, task)
    if row is None:
        raise not_found("task")
    await ring(ctx.redis, "queues")
    return json_response(views.feature(row, show_holder=False), 201, {"Location": f"/api/tasks/{task}"})
