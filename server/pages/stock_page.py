"""`/stock`: what lies where, what is on the road, what arrived; and counted shelves from a file."""

import tempfile
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response, UploadFile
from psycopg.rows import DictRow

from server.access.context import Context, context
from server.dispatch import scope
from server.kernel.edge import Tx
from server.kernel.errors import Problem
from server.pages import stock_queries as stock
from server.pages.gate import View, page_for
from server.pages.parts import centre_names, living, look, reader
from server.pages.queue_page import Wish, chosen
from server.supplies.importing import REASONS, import_stock

router = APIRouter(include_in_schema=False)
ROAD: Final = 60
LATEST: Final = 40
FILE_MOST: Final = 5_000_000
"""Bytes of a file: a hundred thousand counted shelves."""
REASONS_SHOWN: Final = 50


@router.get("/stock")
async def stock_page(
    view: Annotated[View, page_for("stock.read")], tx: Tx, *, centre: Wish = None, emergency: Wish = None
) -> Response:
    """Items by centres."""
    return living(view, "stock", **await _shown(view, tx, centre, emergency))


async def _shown(view: View, tx: Any, centre: str | None = None, emergency: str | None = None) -> dict[str, Any]:
    who = reader(view)
    mine, _ = scope.limits(who, "stock.read")
    wish = chosen(centre)
    centres = mine if wish is None else [c for c in (mine or [wish]) if c == wish]
    seen = await look(tx, who, chosen(emergency), "stock.read")
    names = await centre_names(tx)
    items = await stock.shelves(tx, centres)
    moves = bool(who.scopes_for("movement.read"))
    return {
        "items": items,
        "held_at": _held_at(items, names),
        "centres": names,
        "wish": wish,
        "look": seen,
        "on_the_way": await stock.on_the_way(tx) if moves else {},
        "arrived": await stock.arrived(tx) if moves else {},
        "road": await stock.road(tx, seen.chosen, centres, ROAD) if moves else [],
        "latest": await stock.latest(tx, centres, LATEST) if moves else [],
        "moves": moves,
        "may_import": bool(who.scopes_for("stock.import")),
        "house": bool(who.scopes_for("token.create")),
        "told": None,
    }


def _held_at(items: list[DictRow], names: dict[str, DictRow]) -> list[DictRow]:
    """The centres that hold anything, in the order of their codes: the columns of the table."""
    there = {centre for item in items for centre in item["held"]}
    return [row for key, row in names.items() if key in there]


@router.post("/stock/import")
async def import_counts(
    view: Annotated[View, page_for("stock.import")],
    tx: Tx,
    ctx: Annotated[Context, Depends(context)],
    file: UploadFile,
) -> Response:
    """Counted shelves from a CSV; the page says what became of every row."""
    told: dict[str, Any]
    raw = await file.read(FILE_MOST + 1)
    if len(raw) > FILE_MOST:
        told = {"problem": ("پرونده از ۵ مگابایت بزرگ‌تر است.", "The file is larger than 5 MB.")}
    else:
        told = await _import(ctx, raw)
    return view.page("stock.html", page="stock", **{**await _shown(view, tx), "told": told})


async def _import(ctx: Context, raw: bytes) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.csv"
        path.write_bytes(raw)
        try:
            tally = await import_stock(ctx, path)
        except Problem as problem:
            return {"problem": (problem.fa, problem.en)}
    aside = [(number, REASONS.get(code, (code, code))) for number, code, _ in tally.reasons[:REASONS_SHOWN]]
    return {"problem": None, **tally.counts(), "aside": aside}
