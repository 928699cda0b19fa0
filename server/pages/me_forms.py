"""The steps of a volunteer's page as plain forms, for phones where the module did not load."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.responses import RedirectResponse

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.dispatch import queries as dispatch
from server.dispatch import service
from server.dispatch.claim_routes import claims
from server.dispatch.claiming import ClaimRequest
from server.dispatch.service import Order
from server.kernel.errors import Problem, not_found
from server.kernel.redis import ring
from server.pages.me_words import PROBLEMS

router = APIRouter(include_in_schema=False)
Ctx = Annotated[Context, Depends(context)]
Step = Literal["accept", "en_route", "heartbeat", "release", "complete", "fail"]
AMOUNT_MOST: Final = 1_000_000_000
PEOPLE_MOST: Final = 1_000_000
_DIGITS_MOST: Final = 9
"""A number of so many digits fits a column of 32 bits."""


def back(problem: str = "") -> Response:
    """To the page again, with the reason of a refusal."""
    known = problem if not problem or problem in PROBLEMS else "other"
    return RedirectResponse("/me" + (f"?{urlencode({'problem': known})}" if known else ""), 303)


def whole_number(text: str, most: int) -> int | None:
    """A filled field as a number from 0 to `most`, in Latin, Persian or Arabic digits; None for anything else."""
    text = text.strip()
    if not (text.isdecimal() and len(text) <= _DIGITS_MOST):
        return None
    number = int(text)
    return number if number <= most else None


@router.post("/me/tasks/{task_id}/{step}")
async def step_form(
    who: Annotated[Principal, allow("task.hold")], ctx: Ctx, request: Request, task_id: UUID, step: Step
) -> Response:
    """A step of a task from a plain form, for phones where the module did not load."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    fence = whole_number(form.get("fence:int", ""), AMOUNT_MOST)
    order = Order(
        -1 if fence is None else fence,
        reason=form.get("reason") or None,
        note=(form.get("note") or "")[:10_000] or None,
        loaded=_loaded(form),
        delivered=_delivered(form),
        rest="lost" if form.get("rest") == "lost" else None,
        people_served=whole_number(form.get("people_served:int", ""), PEOPLE_MOST),
    )
    try:
        async with ctx.db.tx() as conn:
            done = await service.act(conn, ctx, who, task_id, step, order)
        if done.problem:
            raise done.problem
    except Problem as problem:
        return back(problem.code)
    if step in {"release", "complete"}:
        await ring(ctx.redis, "queues")
    return back()


def _amounts(form: dict[str, str], prefix: str) -> dict[str, Decimal] | None:
    """The filled number fields `prefix.…` by what follows the dot; None when there are none, or one is no number."""
    try:
        found = {
            key.removeprefix(prefix): Decimal(value.strip())
            for key, value in form.items()
            if key.startswith(prefix) and value.strip()
        }
    except InvalidOperation:
        return None
    return found if found and all(n.is_finite() and 0 <= n < AMOUNT_MOST for n in found.values()) else None


def _delivered(form: dict[str, str]) -> dict[UUID, Decimal] | None:
    found = _amounts(form, "delivered.")
    try:
        return {UUID(item): quantity for item, quantity in found.items()} if found else None
    except ValueError:
        return None


def _loaded(form: dict[str, str]) -> list[tuple[UUID, Decimal, UUID]] | None:
    found = _amounts(form, "loaded.")
    if not found:
        return None
    try:
        lines = [(key.partition("."), quantity) for key, quantity in found.items()]
        return [(UUID(item), quantity, UUID(centre)) for (item, _, centre), quantity in lines if quantity]
    except ValueError:
        return None


@router.post("/me/queues/{queue_id}/claim")
async def claim_form(
    who: Annotated[Principal, allow("task.claim")],
    request: Request,
    ctx: Ctx,
    queue_id: UUID,
    key: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Take the next task of a queue from a plain form; the form's own key makes a second press harmless."""
    async with ctx.db.tx() as conn:
        queue = await dispatch.queue(conn, queue_id)
    mine = who.volunteer_id
    if queue is None or mine is None or not who.may("task.claim", centre_id=queue["centre_id"]):
        raise not_found("queue")
    try:
        answer = await claims(request).claim(
            ClaimRequest(
                queue_id, mine, 1, who.actor, scope=f"form:{who.actor}", key=f"{queue_id}:{key}" if key else None
            )
        )
    except Problem as problem:
        return back(problem.code)
    return back("" if answer["tasks"] else "queue.empty")
