"""Choosing, answering and handing over as plain forms, for phones where the module did not load."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.dispatch import answering, choosing, handing_over
from server.dispatch import queries as dispatch
from server.dispatch.claim_routes import claims
from server.dispatch.claiming import ClaimRequest
from server.kernel.errors import Problem, not_found
from server.kernel.redis import ring
from server.messaging.outbox import BELL
from server.pages.me_forms import AMOUNT_MOST, back, whole_number
from server.volunteers.hearing import heard

router = APIRouter(include_in_schema=False)
Ctx = Annotated[Context, Depends(context)]
Key = Annotated[str, Form(max_length=60)]


@router.post("/me/take/{task_id}")
async def take_form(
    who: Annotated[Principal, allow("task.claim")], request: Request, ctx: Ctx, task_id: UUID
) -> Response:
    """Take a task of one's choice."""
    async with ctx.db.tx() as conn:
        queue = await dispatch.queue_of(conn, task_id)
    mine = who.volunteer_id
    if queue is None or mine is None or not who.may("task.claim", centre_id=queue["centre_id"]):
        raise not_found("task")
    try:
        await claims(request).claim(ClaimRequest(queue["id"], mine, 1, who.actor, task_id=task_id, by_skill=True))
    except Problem as problem:
        return back(problem.code)
    return back()


@router.post("/me/next")
async def next_form(
    who: Annotated[Principal, allow("task.claim")], request: Request, ctx: Ctx, key: Key = ""
) -> Response:
    """Take what suits best; the form's own key makes a second press harmless."""
    try:
        answer = await choosing.next_task(ctx, claims(request), who, None, f"form:{key}" if key else None)
    except Problem as problem:
        return back(problem.code)
    return back("" if answer["tasks"] else "queue.empty")


@router.post("/me/offers/{offer_id}/{answer}")
async def answer_form(
    who: Annotated[Principal, allow("offer.answer")],
    ctx: Ctx,
    offer_id: UUID,
    answer: Literal["yes", "no", "withdraw"],
) -> Response:
    """Yes or no to an offer, or one's own question taken back."""
    refused: Problem | None = None
    try:
        async with ctx.db.tx() as conn:
            if answer == "yes":
                refused = (await answering.accept(conn, ctx, who, offer_id)).problem
            elif answer == "no":
                await answering.decline(conn, who, offer_id)
            else:
                await answering.withdraw(conn, who, offer_id)
            await heard(conn, [who.volunteer_id] if who.volunteer_id else [])
    except Problem as problem:
        refused = problem
    if refused:
        return back(refused.code)
    await ring(ctx.redis, "queues")
    return back()


@router.post("/me/over/{task_id}")
async def over_form(
    who: Annotated[Principal, allow("task.hold")], request: Request, ctx: Ctx, task_id: UUID
) -> Response:
    """Ask a colleague, by her code, to take a task over."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    fence = whole_number(form.get("fence:int", ""), AMOUNT_MOST)
    to = form.get("volunteer", "").strip().upper()[:20]
    note = (form.get("note") or "")[:10_000].encode("utf-8", "replace").decode() or None
    try:
        async with ctx.db.tx() as conn:
            await handing_over.ask(conn, ctx, who, task_id, -1 if fence is None else fence, to, note)
            await heard(conn, [who.volunteer_id] if who.volunteer_id else [])
    except Problem as problem:
        return back(problem.code)
    await ring(ctx.redis, BELL)
    return back()
