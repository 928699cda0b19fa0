"""Offers and hand-overs over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, field_validator

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.access.problems import sealing_closed
from server.access.sealing import SealedError
from server.dispatch import answering, handing_over, offer_presence, offer_views, offering, scope
from server.dispatch import offer_queries as queries
from server.dispatch.offer_making import TABLE
from server.dispatch.schemas import Strict
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, emit
from server.kernel.http import json_response
from server.kernel.redis import ring
from server.messaging.outbox import BELL
from server.volunteers.hearing import heard

router = APIRouter()
Ctx = Annotated[Context, Depends(context)]
Limit = Annotated[int, Query(ge=1, le=1000)]
MOST_ASKED = 50


class OfferCall(Strict):
    """Whom a dispatcher asks."""

    volunteers: list[UUID] = Field(min_length=1, max_length=MOST_ASKED)


class HandOverCall(Strict):
    """Whom the holder asks to take over: a volunteer's id or code. `note`: what she should know; it is sealed."""

    fence: int = Field(ge=0)
    volunteer: str = Field(min_length=1, max_length=60)
    note: str | None = Field(default=None, max_length=10_000)

    @field_validator("note")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        return value.encode("utf-8", "replace").decode() if value else None

    def to(self) -> UUID | str:
        """The id, or the code as it is written."""
        try:
            return UUID(self.volunteer.strip())
        except ValueError:
            return self.volunteer.strip().upper()


@router.get("/api/offers")
async def list_offers(
    who: Annotated[Principal, allow("offer.read")],
    conn: Tx,
    ctx: Ctx,
    task: UUID | None = None,
    live: Annotated[bool, Query()] = True,  # noqa: FBT002 - a query's parameter, always named
    limit: Limit = 200,
) -> Response:
    """A volunteer's own offers; for staff those of their centres. `live=false`: also those that are over."""
    staff = who.may("volunteer.read")
    filters: dict[str, Any] = {"task": task}
    if staff:
        filters["centres"], filters["emergencies"] = scope.limits(who, "volunteer.read")
    elif who.volunteer_id is not None:
        filters["volunteer"] = who.volunteer_id
        await heard(conn, [who.volunteer_id])
        await offer_presence.seen(ctx, who.volunteer_id)
    else:
        return json_response({"items": [], "next": None})
    rows = await queries.offers(conn, filters, live=live, limit=limit)
    return json_response({"items": [offer_views.offer(row, mine=not staff) for row in rows], "next": None})


@router.post("/api/tasks/{task_id}/offers", status_code=201)
async def offer_by_hand(
    who: Annotated[Principal, allow("offer.make")], ctx: Ctx, task_id: UUID, call: OfferCall
) -> Response:
    """Propose a task to these volunteers; who may not take it is left out, with why."""
    async with ctx.db.tx() as conn:
        done = await offering.by_hand(conn, ctx, who, task_id, call.volunteers)
    await ring(ctx.redis, BELL)
    return json_response(done, status=201)


@router.post("/api/offers/{offer_id}/accept")
async def accept(who: Annotated[Principal, allow("offer.answer")], ctx: Ctx, offer_id: UUID) -> Response:
    """She takes it: the task as its holder gets it, accepted. 409 `offer.too_late` when somebody else was first."""
    # The transaction ends before the refusal: that it came too late is kept.
    async with ctx.db.tx() as conn:
        done = await answering.accept(conn, ctx, who, offer_id)
        await heard(conn, [who.volunteer_id] if who.volunteer_id else [])
    if done.problem:
        raise done.problem
    await ring(ctx.redis, "queues")
    return json_response(done.body)


@router.post("/api/offers/{offer_id}/decline")
async def decline(who: Annotated[Principal, allow("offer.answer")], ctx: Ctx, offer_id: UUID) -> Response:
    """She does not take it."""
    async with ctx.db.tx() as conn:
        done = await answering.decline(conn, who, offer_id)
        await heard(conn, [who.volunteer_id] if who.volunteer_id else [])
    return json_response(done)


@router.post("/api/offers/{offer_id}/withdraw")
async def withdraw(who: Annotated[Principal, allow("offer.answer")], conn: Tx, offer_id: UUID) -> Response:
    """Who asked takes the question back."""
    return json_response(await answering.withdraw(conn, who, offer_id))


@router.get("/api/offers/{offer_id}/note")
async def note(who: Annotated[Principal, allow("offer.answer")], conn: Tx, ctx: Ctx, offer_id: UUID) -> Response:
    """What the holder wrote for the one she asked; for her alone, and put down."""
    row = await queries.offer(conn, offer_id)
    if row is None or row["volunteer_id"] != who.volunteer_id:
        raise not_found("offer")
    sealed = await queries.note(conn, offer_id)
    words = None
    if sealed and sealed["note_sealed"]:
        try:
            record = ctx.sealing.of(TABLE, offer_id, bytes(sealed["data_key_wrapped"]))
            words = (record.open("note_sealed", bytes(sealed["note_sealed"])) or b"").decode()
        except SealedError:
            raise sealing_closed() from None
        await emit(
            conn,
            NewEvent(
                "note.opened",
                "task",
                row["task_id"],
                row["emergency_id"],
                who.actor,
                row["centre_id"],
                {"offer": str(offer_id)},
            ),
        )
    return json_response({"id": offer_id, "note": words}, headers={"Cache-Control": "no-store"})


@router.post("/api/tasks/{task_id}/hand_over", status_code=201)
async def hand_over(
    who: Annotated[Principal, allow("task.hold")], ctx: Ctx, task_id: UUID, call: HandOverCall
) -> Response:
    """The holder asks a colleague; until she says yes, the task stays where it is."""
    async with ctx.db.tx() as conn:
        done = await handing_over.ask(conn, ctx, who, task_id, call.fence, call.to(), call.note)
        await heard(conn, [who.volunteer_id] if who.volunteer_id else [])
    await ring(ctx.redis, BELL)
    return json_response(done, status=201)
