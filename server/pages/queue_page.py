"""`/queue`: the dispatch board. Tasks by state, what asks for a person on top; the work is done by dispatch's API."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response
from markupsafe import Markup
from psycopg.rows import DictRow

from server.access.principal import Principal
from server.dispatch import count_queries, reasons, scope
from server.dispatch.rules import FAIL_REASONS, KINDS
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.pages import board_facts as facts
from server.pages import board_facts_queries as beside
from server.pages import board_queries as board
from server.pages.gate import View, page_for
from server.pages.kept import piece
from server.pages.parts import centre_names, item_names, living, look, reader

router = APIRouter(include_in_schema=False)
LIMITS: Final = {"attention": 40, "queued": 20, "claimed": 20, "accepted": 20, "en_route": 20, "closed": 10}
"""Cards of a column."""
FIRST: Final = 12
"""So many of those that ask for a person are shown at once, the others in a fold."""
PEOPLE: Final = 60
TEAMS: Final = 20
QUEUES = 60
"""Queues of the table; those with lives in danger come first."""
Wish = Annotated[str | None, Query(max_length=60)]


def chosen(value: str | None) -> UUID | None:
    """The id in a filter's value; an empty choice, or no id at all, means every one."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


@router.get("/queue")
async def queue_page(
    view: Annotated[View, page_for("queue.read")],
    tx: Tx,
    *,
    emergency: Wish = None,
    centre: Wish = None,
    kind: Wish = None,
) -> Response:
    """The board of the reader's centres."""
    who = reader(view)
    seen = await look(tx, who, chosen(emergency), "queue.read")
    centres, emergencies = scope.limits(who, "queue.read")
    bounds = board.Bounds(centres, emergencies, seen.chosen, chosen(centre), kind if kind in KINDS else None)
    columns = await board.columns(tx, bounds, LIMITS)
    told = await _beside(tx, columns)
    everywhere = await count_queries.queues(tx, emergency=seen.chosen, centres=centres, emergencies=emergencies)
    return living(
        view,
        "queue",
        look=seen,
        bounds=bounds,
        columns=columns,
        limits=LIMITS,
        first=FIRST,
        counts=await board.counts(tx, bounds),
        queues=[q for q in everywhere if _busy(q) and bounds.centre in {None, q["centre_id"]}][:QUEUES],
        centres=await centre_names(tx),
        items=await item_names(tx, (t["bring"] for rows in columns.values() for t in rows)),
        now=datetime.now(UTC),
        may=may_with(view),
        fail_reasons=FAIL_REASONS,
        first_steps=not everywhere,
        house=bool(who.scopes_for("token.create")),
        facts=facts,
        tell=partial(reasons.say, lang=view.lang),
        rail=await _rail(tx, who, bounds),
        kept=_keeping(view, told),
        same=_same(view.lang),
        **told,
    )


def _same(lang: str) -> Any:
    """`same(name, macro, row, …)`: what the macro made of these values last time."""

    def same(name: str, macro: Any, *values: Any) -> Markup:
        return piece(name, (lang, values), lambda: macro(*values))

    return same


def _keeping(view: View, told: dict[str, Any]) -> Any:
    """`kept(card, task)`: the card as it was rendered last, if nothing of it has changed; told: `_beside`'s."""
    may = may_with(view)

    def kept(card: Any, task: DictRow) -> Markup:
        beside_it = [told[name].get(task["id"]) for name in ("goods", "offers", "shortfalls")]
        rights = [may(verb, task) for verb in ("task.reassign", "volunteer.read")]
        return piece("card", (view.lang, rights, task, beside_it), lambda: card(task))

    return kept


async def _beside(conn: Conn, columns: dict[str, list[DictRow]]) -> dict[str, Any]:
    """What the cards say of goods, offers and shortfalls."""
    every = [task for rows in columns.values() for task in rows]
    ids = [task["id"] for task in every]
    waiting = [task["id"] for name in ("attention", "queued") for task in columns[name] if task["state"] == "queued"]
    moved = facts.by_task(await beside.goods(conn, ids))
    return {
        "goods": {
            t["id"]: facts.goods_of(moved.get(t["id"], ()), t["bring"]) for rows in columns.values() for t in rows
        },
        "offers": facts.by_task(await beside.offers(conn, ids)),
        "shortfalls": await beside.shortfalls(conn, waiting),
    }


async def _rail(conn: Conn, who: Principal, bounds: board.Bounds) -> dict[str, Any] | None:
    """The people and teams beside the board, of the centres whose volunteers the reader sees; None: of none."""
    if not who.scopes_for("volunteer.read"):
        return None
    mine, _ = scope.limits(who, "volunteer.read")
    wanted = mine
    if bounds.centre is not None:
        wanted = [bounds.centre] if mine is None or bounds.centre in mine else []
    people = await beside.people(conn, wanted, PEOPLE + 1)
    for task in (task for person in people for task in person["tasks"] or ()):
        centre, emergency = UUID(task["centre_id"]), UUID(task["emergency_id"])
        # With the row, not asked by the macro: rows are kept as they were rendered, for every reader of the same row.
        task["may"] = who.may("task.reassign", centre_id=centre, emergency_id=emergency)
    return {
        "people": people,
        "teams": await beside.teams(conn, wanted, TEAMS),
        "most": PEOPLE,
        "one_centre": wanted is not None and len(wanted) == 1,
    }


def _busy(queue: DictRow) -> bool:
    return bool(queue["open"] or queue["claimed"] or queue["escalated"])


def may_with(view: View) -> Any:
    """What the reader may do with a task, asked by the cards: `may(verb, task)`."""
    who = reader(view)

    def may(verb: str, task: DictRow) -> bool:
        return who.may(verb, centre_id=task["centre_id"], emergency_id=task["emergency_id"])

    return may
