"""`/inbox`: triage. What asks for a person, and the newest voices with how they were read; words one click away."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from server.emergencies.routes import within
from server.kernel.db import Tx
from server.pages import inbox_queries as inbox
from server.pages.gate import View, page_for
from server.pages.parts import living, look, reader
from server.pages.queue_page import Wish, chosen
from server.reports import queries as reports
from server.reports.service import aside_item

router = APIRouter(include_in_schema=False)
PAGE: Final = 40
COUNTED: Final = ("life", "person", "triage", "failed", "flagged")
OF_REPORTS: Final = (*COUNTED, "conflict", "newest")
"""Conflicts are looked for when somebody asks for them alone: no index counts them."""


@router.get("/inbox")
async def inbox_page(
    view: Annotated[View, page_for("report.list")],
    tx: Tx,
    *,
    emergency: Wish = None,
    show: Annotated[str, Query(max_length=20)] = "",
    before: Wish = None,
) -> Response:
    """One view of the inbox. Rows of files that were set aside are for those who may see them."""
    who = reader(view)
    seen = await look(tx, who, chosen(emergency), "report.list")
    asides = bool(who.scopes_for("set_aside.read"))
    bounds = inbox.Bounds(seen.chosen, within(who, "report.list"))
    counts = {name: await inbox.count(tx, name, bounds) for name in COUNTED}
    counts["unlocated"] = await inbox.count_unlocated(tx, bounds)
    counts["aside"] = await inbox.count_set_aside(tx) if asides else 0
    wanted = show if show in {*OF_REPORTS, "unlocated"} or (show == "aside" and asides) else _first(counts)
    after = chosen(before)
    rows = await inbox.reports(tx, wanted, bounds, before=after, limit=PAGE + 1) if wanted in OF_REPORTS else []
    unlocated = await inbox.unlocated(tx, bounds, PAGE) if wanted == "unlocated" else []
    aside = await reports.set_aside_page(tx, limit=PAGE + 1, before=after, resolved=False) if wanted == "aside" else []
    shown = rows or aside
    return living(
        view,
        "inbox",
        look=seen,
        counts=counts,
        most=inbox.COUNT_MOST,
        wanted=wanted,
        asides=asides,
        rows=rows[:PAGE],
        unlocated=unlocated,
        aside=[aside_item(row) for row in aside[:PAGE]],
        more=shown[PAGE - 1]["id"] if len(shown) > PAGE and wanted != "life" else None,
        may_see=bool(who.scopes_for("report.see")),
        may_write=bool(who.scopes_for("message.write")),
        may_open=bool(who.scopes_for("report.open")),
        may_assign=bool(who.scopes_for("report.assign")),
        may_place={"needs": bool(who.scopes_for("need.edit")), "incidents": bool(who.scopes_for("incident.edit"))},
        may_resolve=bool(who.scopes_for("set_aside.resolve")),
        house=bool(who.scopes_for("token.create")),
        paged=after is not None,
    )


def _first(counts: dict[str, int]) -> str:
    """What is shown when nobody asked for a view: lives in danger, else what waits for a person, else the newest."""
    if counts["life"]:
        return "life"
    return "person" if counts["person"] else "newest"
