"""`/inbox`: messages to look at one by one, records to check, and lists: what asks for a person, the newest voices."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response

from server.access.context import Context, context
from server.access.principal import Principal
from server.emergencies.routes import within
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.pages import inbox_queries as inbox
from server.pages.gate import View, page_for
from server.pages.hotline_page import kept_with
from server.pages.parts import Look, living, look, reader, wants_part
from server.pages.queue_page import Wish, chosen
from server.pages.rendering import page_config
from server.reports import inbox_queries as looks
from server.reports import queries as reports
from server.reports.service import aside_item
from server.standards import taxonomy

router = APIRouter(include_in_schema=False)
PAGE: Final = 40
COUNTED: Final = ("life", "person", "triage", "failed", "flagged")
DESKS: Final = ("look", "joins", "checks")
"""Views that show one after the other; the page's module asks for them by itself."""
OF_REPORTS: Final = (*COUNTED, "conflict", "newest")
"""Conflicts are looked for when somebody asks for them alone: no index counts them."""


@router.get("/inbox")
async def inbox_page(
    view: Annotated[View, page_for("report.list")],
    tx: Tx,
    ctx: Annotated[Context, Depends(context)],
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
    counts = await _counts(tx, who, bounds, asides=asides)
    opens = bool(who.scopes_for("report.open"))
    if opens and (show in DESKS or (not show and not wants_part(view.request))):
        return _desk(view, ctx, who, seen, show or "look", counts, asked=chosen(emergency) is not None)
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
        may_open=opens,
        may_assign=bool(who.scopes_for("report.assign")),
        may_place={"needs": bool(who.scopes_for("need.edit")), "incidents": bool(who.scopes_for("incident.edit"))},
        may_resolve=bool(who.scopes_for("set_aside.resolve")),
        house=bool(who.scopes_for("token.create")),
        paged=after is not None,
    )


async def _counts(tx: Conn, who: Principal, bounds: inbox.Bounds, *, asides: bool) -> dict[str, int]:
    counts = {name: await inbox.count(tx, name, bounds) for name in COUNTED}
    counts["unlocated"] = await inbox.count_unlocated(tx, bounds)
    counts["aside"] = await inbox.count_set_aside(tx) if asides else 0
    if who.scopes_for("report.open"):
        counts["look"] = (await looks.waiting(tx, None, bounds.within, inbox.COUNT_MOST))["waits"]
    return counts


def _desk(
    view: View, ctx: Context, who: Principal, seen: Look, mode: str, counts: dict[str, int], *, asked: bool
) -> Response:
    """The frame of what is shown one by one. Messages without an emergency come along unless one was asked for."""
    labels = {lang: {c.code: c.label(lang) for c in taxonomy.CATEGORIES} for lang in ("fa", "en")}
    lang = "en" if view.lang == "en" else "fa"
    config: dict[str, Any] = {
        **page_config(view.lang),
        "mode": mode,
        "kept": kept_with(ctx.sealing, who),
        "labels": labels[lang],
        "also": labels["fa" if lang == "en" else "en"],
        "codes": {"incidents": list(taxonomy.INCIDENTS), "needs": list(taxonomy.NEEDS)},
        "emergency": str(seen.chosen) if asked and seen.chosen else None,
        "emergencies": [
            {"id": str(e["id"]), "fa": e["name_fa"], "en": e["name_en"]}
            for e in (seen.emergencies if who.scopes_for("report.assign") else ())
        ],
        "may": {"verify": bool(who.scopes_for("need.edit")), "write": bool(who.scopes_for("message.write"))},
    }
    return view.page(
        "inbox_desk.html",
        page="inbox",
        look=seen,
        wanted=mode,
        counts=counts,
        most=inbox.COUNT_MOST,
        asides=bool(who.scopes_for("set_aside.read")),
        may_open=True,
        config=config,
    )


def _first(counts: dict[str, int]) -> str:
    """What is shown when nobody asked for a view: lives in danger, else what waits for a person, else the newest."""
    if counts["life"]:
        return "life"
    return "person" if counts["person"] else "newest"
