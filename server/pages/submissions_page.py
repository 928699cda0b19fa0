"""`/forms/{form}/submissions`: a line for each one that came; `/submissions/{id}`: one with all that it made."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from starlette.responses import RedirectResponse

from server.access.context import Context, context
from server.forms import showing, tabling
from server.forms import table_queries as tables
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.pages import submission_views as views
from server.pages.gate import View, page_for
from server.pages.parts import living, reader
from server.pages.rendering import page_config

router = APIRouter(include_in_schema=False)
Ctx = Annotated[Context, Depends(context)]
PAGE: Final = 30
SHEET_PAGE: Final = 25
LIST: Final = "submission.list"
DAYS: Final = (1, 3, 7, 30)
SHOWS: Final[dict[str, dict[str, Any]]] = {
    "": {"current": True},
    "waiting": {"current": True, "state": "waiting"},
    "files_missing": {"current": True, "state": "files_missing"},
    "problems": {"problems": True},
    "replaced": {"current": False},
    "drafts": {"drafts": True, "drafts_alone": True},
}
"""What a table may be narrowed to → fields of `table_queries.Wanted`."""


class Filters:
    """What the address asks for."""

    def __init__(
        self,
        *,
        show: Annotated[str, Query(max_length=20)] = "",
        days: Annotated[str, Query(max_length=3)] = "",
        team: Annotated[str, Query(max_length=60)] = "",
        version: Annotated[str, Query(max_length=200)] = "",
        sheet: Annotated[str, Query(max_length=1000)] = "",
        before: Annotated[str, Query(max_length=20)] = "",
    ) -> None:
        self.show = show if show in SHOWS else ""
        self.days = int(days) if days.isdigit() and int(days) in DAYS else None
        self.team, self.version, self.sheet = team, version, sheet
        self.before = int(before) if before.isascii() and before.isdigit() else None

    @property
    def since(self) -> datetime | None:
        """From when on."""
        return datetime.now(UTC) - timedelta(days=self.days) if self.days else None

    def query(self, **change: Any) -> str:
        """The same address with another sheet or page."""
        held = {"show": self.show, "days": self.days, "team": self.team, "version": self.version, "sheet": self.sheet}
        return urlencode({name: value for name, value in {**held, **change}.items() if value})


@router.get("/forms/{form_id:path}/submissions")
async def submissions_page(
    view: Annotated[View, page_for(LIST)], tx: Tx, ctx: Ctx, form_id: str, asked: Annotated[Filters, Depends()]
) -> Response:
    """The table of a form. Its answers are for those who may read them, and that they did goes on record."""
    who = reader(view)
    form = await tabling.load_form(tx, form_id)
    reads = bool(who.scopes_for(showing.READ))
    known = await tables.filled_in(tx, tables.Wanted(form_id, who, showing.READ if reads else LIST))
    if not form.versions and not known["versions"]:
        raise not_found("form")
    number = _sheet(form, view.lang, asked.sheet) if reads else 0
    wanted = tables.Wanted(
        form_id, who, showing.READ if reads else LIST, since=asked.since, version=asked.version or None,
        sent_by=asked.team or None, **SHOWS[asked.show],
    )  # fmt: skip
    size = SHEET_PAGE if number else PAGE
    found = await tables.page(tx, wanted, before=asked.before, limit=size + 1)
    rows = found[:size]
    shown = await views.sheet(tx, ctx, form, rows, number, view.lang) if reads else None
    if reads and rows:
        await showing.record(tx, "submission.opened", form, who, {"count": len(rows)})
    plan = form.planned(view.lang)
    words = await tabling.words_of(tx, form.versions[0]["id"] if form.versions else None)
    return living(
        view,
        "submissions",
        form=form,
        title=views.in_words(form.title, view.lang),
        here=f"/forms/{quote(form_id, safe='')}/submissions",
        api=f"/api/forms/{quote(form_id, safe='')}/submissions",
        rows=rows,
        shown=shown,
        bare=[(row, (), None) for row in rows],
        sheets=[
            (table.path, views.in_words(words.label(table.path or ""), view.lang) or table.name)
            for table in plan.tables[1:]
        ],
        number=number,
        known=known,
        asked=asked,
        more=rows[-1]["seq"] if len(found) > size else None,
        total=await tables.count(tx, wanted, COUNTED),
        most=COUNTED,
        newest=str(rows[0]["id"]) if rows and asked.before is None else "",
        days=DAYS,
        notes=tabling.NOTES,
        reads=reads,
        exports=bool(who.scopes_for("submission.export")),
        publishes=bool(who.scopes_for("form.publish")),
        config={**page_config(view.lang), "api": f"/api/forms/{quote(form_id, safe='')}/submissions"},
    )


COUNTED: Final = 10_000
"""Counting stops here."""


def _sheet(form: tabling.Form, lang: str, path: str) -> int:
    plan = form.planned(lang)
    return next((number for number, table in enumerate(plan.tables) if path and table.path == path), 0)


@router.get("/submissions/of/{report_id}")
async def submission_of(_view: Annotated[View, page_for(showing.READ)], tx: Tx, report_id: UUID) -> Response:
    """On to the submission that a report came from; what it says is guarded there."""
    found = await tables.of_report(tx, report_id)
    if found is None:
        raise not_found("submission")
    return RedirectResponse(f"/submissions/{found}", 303)


@router.get("/submissions/{submission_id}")
async def submission_page(
    view: Annotated[View, page_for(showing.READ)], tx: Tx, ctx: Ctx, submission_id: UUID
) -> Response:
    """One submission, opened."""
    who = reader(view)
    told = await showing.show(tx, ctx, who, submission_id)
    for file in told["files"]:
        file["href"] = f"/api/submissions/{submission_id}/files/{file['id']}"
        file["shown_href"] = f"{file['href']}?copy=shown"
    files = {file["name"]: file for file in told["files"] if file["name"]}
    return living(
        view,
        "submission",
        told=told,
        title=views.in_words(told["title"], view.lang),
        table=f"/forms/{quote(told['form_id'], safe='')}/submissions",
        sections=views.sections([answer for answer in told["answers"] if answer["asked"]], view.lang),
        noted=views.sections([answer for answer in told["answers"] if not answer["asked"]], view.lang),
        edits=views.changes(told["edits"], view.lang),
        in_words=views.in_words,
        files=files,
        others=[file for file in told["files"] if file["name"] not in {a["value"] for a in told["answers"]}],
        may_settle=bool(who.scopes_for("submission.settle")),
    )
