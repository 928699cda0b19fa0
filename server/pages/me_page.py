"""`/me`: a volunteer's phone. What they hold, what waits at their centre; every step also works as a plain form."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.responses import RedirectResponse

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.dispatch import queries as dispatch
from server.dispatch import scope, service, voices
from server.dispatch.claim_routes import claims
from server.dispatch.claiming import ClaimRequest
from server.dispatch.rules import FAIL_REASONS
from server.dispatch.service import Order
from server.kernel.edge import Tx
from server.kernel.errors import Problem, not_found
from server.kernel.geo import distance_m
from server.kernel.redis import ring
from server.pages import board_queries as board
from server.pages.bearing import bearing, point_of_compass
from server.pages.gate import View, page_for
from server.pages.i18n import catalogue
from server.pages.parts import centre_names, item_names, living, reader
from server.pages.rendering import page_config
from server.supplies.queries import on_the_road

router = APIRouter(include_in_schema=False)
Ctx = Annotated[Context, Depends(context)]
Step = Literal["accept", "en_route", "heartbeat", "release", "complete", "fail"]
LOST_H: Final = 6
"""For so long a lost lease is told, in hours."""
LOST: Final = frozenset({"expired", "reassigned", "cancelled"})
AMOUNT_MOST: Final = 1_000_000_000
PEEK: Final = 3
"""Tasks of a queue that are shown before one is taken."""
#: The sentences that the page's own modules say: a phone on a slow link is not sent the words of the whole house.
SAID: Final = (
    "Close",
    "Live",
    "Loading",
    "No words came with it.",
    "Not now: {why}",
    "Offline for {span}",
    "Please sign in again",
    "Seen {span} ago",
    "Somebody changed this while you were looking",
    "Something new has come: show it",
    "That you read this is written in the audit.",
    "The server answered with error {status}",
    "The server cannot be reached",
    "The way to the exact place",
    "This is no longer there",
    "This device does not tell where it is.",
    "This device may not tell where it is: allow it in the browser's settings.",
    "Nothing waits here now: somebody was quicker.",
    "Not sent: the server cannot be reached. Try again when the network is back.",
    "You may not see this",
    "Your centre sees roughly where you are, for a while.",
    "just now",
    "time is up",
    "{n} d ago",
    "{n} h",
    "{n} h ago",
    "{n} min",
    "{n} min ago",
    "{n} min left",
    "{n} s",
    "{n} s left",
)


def words(lang: str) -> dict[str, Any]:
    """The page's configuration with its few words."""
    known = catalogue(lang)
    return {"lang": lang, "zone": "Asia/Tehran", "words": {one: known[one] for one in SAID if one in known}}


def _config(view: View) -> dict[str, Any]:
    """The few words of a volunteer's phone; all of them for who is called by alarms too."""
    return words(view.lang) if view.frame()["alarms"] is None else page_config(view.lang)


@router.get("/me")
async def me_page(view: Annotated[View, page_for("task.claim")], tx: Tx, problem: str = "") -> Response:
    """What I hold, and what I could take."""
    who = reader(view)
    me = await board.volunteer(tx, who.volunteer_id) if who.volunteer_id else None
    if me is None:
        return view.page("me.html", page="me", me=None, config=_config(view), problem=None)
    woman = me["gender"] == "woman"
    held = await board.held_by(tx, me["id"])
    waiting = await board.waiting(tx, me["centre_id"], woman=woman, emergency=who.emergency_id)
    first = await board.next_of(tx, [q["id"] for q in waiting], woman=woman, each=PEEK)
    ended = await board.left(tx, me["id"], LOST_H, 12)
    return living(
        view,
        "me",
        me=me,
        held=held,
        where={t["id"]: _where(t) for t in [*held, *first]},
        road={t["id"]: await on_the_road(tx, t["id"]) for t in held if t["state"] in {"en_route", "escalated"}},
        lost=[x for x in ended if x["end_reason"] in LOST],
        done=[x for x in ended if x["end_reason"] == "completed"],
        waiting=waiting,
        first=first,
        centres=await centre_names(tx),
        items=await item_names(tx, (t["bring"] for t in [*held, *first])),
        fail_reasons=FAIL_REASONS,
        key=str(await board.claimed_so_far(tx, me["id"])),
        now=datetime.now(UTC),
        problem=PROBLEMS.get(problem),
        config=_config(view),
    )


PROBLEMS: Final[dict[str, tuple[str, str]]] = {
    "lease.lost": (
        "این مأموریت دیگر با شما نیست: زمان آن گذشت یا به دیگری سپرده شد.",
        "This task is no longer yours: its time ran out or it was given to somebody else.",
    ),
    "queue.empty": (
        "چیزی در این صف نماند: دیگری زودتر برداشت.",
        "Nothing waits here now: somebody was quicker.",
    ),
    "claim.cap": (
        "پیش از برداشتن مأموریت تازه، آنچه برداشته‌اید بپذیرید یا برگردانید.",
        "Accept or give back what you have claimed before you take more.",
    ),
    "volunteer.not_active": ("شما اکنون در استراحت یا غایب ثبت شده‌اید.", "You are marked as resting or away."),
    "stock.short": (
        "موجودی برای این بار کافی نیست: بنویسید چه بار زده‌اید.",
        "There is not enough in stock for this load: write what you really loaded.",
    ),
    "other": ("این کار انجام نشد. دوباره تلاش کنید.", "That did not work. Please try again."),
}
"""code of a refused form → (Persian, English)."""


def _where(task: dict[str, Any]) -> dict[str, Any] | None:
    """From the centre to the shown point: metres and the side of the sky."""
    if task["lon"] is None:
        return None
    turn = bearing(task["centre_lon"], task["centre_lat"], task["lon"], task["lat"])
    metres = distance_m(task["centre_lon"], task["centre_lat"], task["lon"], task["lat"])
    return {"km": metres / 1000, "turn": round(turn), "side": point_of_compass(turn)}


def _back(problem: str = "") -> Response:
    return RedirectResponse("/me" + (f"?{urlencode({'problem': problem})}" if problem else ""), 303)


@router.post("/me/tasks/{task_id}/{step}")
async def step_form(
    who: Annotated[Principal, allow("task.hold")], ctx: Ctx, request: Request, task_id: UUID, step: Step
) -> Response:
    """A step of a task from a plain form, for phones where the module did not load."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    fence = form.get("fence:int", "")
    order = Order(
        int(fence) if fence.isascii() and fence.isdigit() and len(fence) < 10 else -1,  # noqa: PLR2004 - a 32-bit number
        reason=form.get("reason") or None,
        note=(form.get("note") or "")[:10_000] or None,
        loaded=_loaded(form),
        delivered=_delivered(form),
        rest="lost" if form.get("rest") == "lost" else None,
    )
    try:
        async with ctx.db.tx() as conn:
            done = await service.act(conn, ctx, who, task_id, step, order)
        if done.problem:
            raise done.problem
    except Problem as problem:
        return _back(problem.code if problem.code in PROBLEMS else "other")
    if step in {"release", "complete"}:
        await ring(ctx.redis, "queues")
    return _back()


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
        return _back(problem.code if problem.code in PROBLEMS else "other")
    return _back("" if answer["tasks"] else "queue.empty")


@router.get("/me/tasks/{task_id}/voices")
async def voices_page(view: Annotated[View, page_for("task.claim")], tx: Tx, ctx: Ctx, task_id: UUID) -> Response:
    """What people said of the task, for its holder; every reading is put down."""
    who = reader(view)
    row = await scope.task_for(tx, who, task_id)
    found = await voices.open_voices(tx, ctx, who, row)
    said = [{**voice, "received_at": datetime.fromisoformat(voice["received_at"])} for voice in found["items"]]
    return view.page("voices.html", page="me", task=row, voices=said, exact=found["exact"], config=_config(view))
