"""`/me`: a volunteer's phone. What they hold, what waits at their centre; every step also works as a plain form."""

from datetime import datetime
from itertools import islice
from typing import Annotated, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.dispatch import offer_presence, scope, voices
from server.dispatch.offer_routes import note as offer_note
from server.dispatch.rules import FAIL_REASONS
from server.kernel.edge import Tx
from server.kernel.http import json_response
from server.pages import board_queries as board
from server.pages import me_choose, me_duty, me_forms, me_queries, me_shifts, me_view
from server.pages.gate import View, page_for
from server.pages.me_map import map_of, map_of_many, way_to
from server.pages.me_words import PROBLEMS, config
from server.pages.packing import packed
from server.pages.parts import centre_names, item_names, living, reader
from server.supplies.queries import on_the_road
from server.volunteers import positions

router = APIRouter(include_in_schema=False)
router.include_router(me_forms.router)
router.include_router(me_duty.router)
router.include_router(me_choose.router)
router.include_router(me_shifts.router)
Ctx = Annotated[Context, Depends(context)]
LOST_H: Final = 6
"""For so long a lost lease is told, in hours."""
LOST: Final = frozenset({"expired", "reassigned", "cancelled"})
MAPS: Final = 3
"""Maps on one page: who holds more has them drawn as the first ones end."""


@router.get("/me")
async def me_page(view: Annotated[View, page_for("volunteer.own")], tx: Tx, ctx: Ctx, problem: str = "") -> Response:
    """What I hold, and what I could take."""
    who = reader(view)
    me = await me_queries.mine(tx, who.volunteer_id) if who.volunteer_id else None
    if me is None:
        return view.page("me.html", page="me", me=None, config=config(view), problem=None)
    woman = me["gender"] == "woman"
    at = (await positions.of(ctx, [me["id"]])).get(me["id"])
    held = await board.held_by(tx, me["id"])
    may = me["vetting"] == "vetted"
    waiting = await board.waiting(tx, me["centre_id"], woman=woman, emergency=who.emergency_id) if may else []
    most = me_view.NEAR_BESIDE if held else me_view.NEAR
    near = await me_view.near(tx, ctx, who, view.lang, most) if may and not me["resting"] else []
    choice = [x["task"] for x in near]
    await offer_presence.seen(ctx, me["id"])
    offers = await me_view.offered(tx, me["id"], view.lang)
    shown = {t["id"]: t for t in [*(offer["task"] for offer in offers), *held]}
    ended = await me_queries.left(tx, me["id"], LOST_H, 12)
    done = [x for x in ended if x["end_reason"] == "completed"]
    answer = living(
        view,
        "me",
        me=me,
        at=at,
        held=held,
        offers=offers,
        mark=await me_queries.mark(tx, me["id"]),
        asked=await me_queries.hand_overs(tx, me["id"]),
        heard=sorted({str(me["centre_id"]), *(str(t["centre_id"]) for t in shown.values())}),
        where={i: way_to(t, at) for i, t in shown.items()},
        maps={i: await map_of(tx, t, at, view.lang) for i, t in islice(shown.items(), MAPS)},
        road={t["id"]: await on_the_road(tx, t["id"]) for t in held if t["state"] in {"en_route", "escalated"}},
        lost=[x for x in ended if x["end_reason"] in LOST],
        done=done,
        waiting=waiting,
        near=near,
        overview=await map_of_many(tx, choice, at, view.lang) if choice and not held else None,
        after=await me_view.came_of(tx, who, done),
        shifts=await me_shifts.of(tx, me["id"], me["now"]) if may else [],
        days=me_shifts.days(me["now"]),
        lengths=me_shifts.LENGTHS,
        centres=await centre_names(tx),
        items=await item_names(tx, (t["bring"] for t in [*shown.values(), *choice])),
        fail_reasons=FAIL_REASONS,
        key=str(await board.claimed_so_far(tx, me["id"])),
        now=me["now"],
        problem=PROBLEMS.get(problem),
        config=config(view),
    )
    return packed(view.request, answer)


@router.get("/me/mark")
async def my_mark(who: Annotated[Principal, allow("volunteer.own")], tx: Tx, ctx: Ctx) -> Response:
    """{"mark"}: another one than the page's means that something is hers, or no longer. For phones that hear of a task
    given to somebody, and would else fetch the whole page to learn that it was not to them.
    """
    mine = who.volunteer_id
    await offer_presence.seen(ctx, mine)
    return json_response(
        {"mark": await me_queries.mark(tx, mine) if mine else ""}, headers={"Cache-Control": "no-store"}
    )


@router.get("/me/tasks/{task_id}/voices")
async def voices_page(view: Annotated[View, page_for("task.claim")], tx: Tx, ctx: Ctx, task_id: UUID) -> Response:
    """What people said of the task, for its holder; every reading is put down."""
    who = reader(view)
    row = await scope.task_for(tx, who, task_id)
    found = await voices.open_voices(tx, ctx, who, row)
    said = [{**voice, "received_at": datetime.fromisoformat(voice["received_at"])} for voice in found["items"]]
    return view.page("voices.html", page="me", task=row, voices=said, exact=found["exact"], config=config(view))


@router.get("/me/offers/{offer_id}/note")
async def note_page(view: Annotated[View, page_for("offer.answer")], tx: Tx, ctx: Ctx, offer_id: UUID) -> Response:
    """What a colleague wrote for the one whom she asks to take over; every reading is put down."""
    found = orjson.loads(bytes((await offer_note(reader(view), tx, ctx, offer_id)).body))
    return view.page("me_note.html", page="me", words=found["note"], noted=None, giver=None, config=config(view))
