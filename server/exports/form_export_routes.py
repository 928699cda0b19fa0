"""Submissions of any form over HTTP: lists, one of them whole, and files for spreadsheets and maps."""

import asyncio
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import StreamingResponse

from field_forms.tables import Plan, rows
from server.access.context import Context, context
from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.exports.forms import TYPES, Export, fetched, streamed
from server.forms import showing, tabling
from server.forms import table_queries as tables
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import bad_request, not_found
from server.kernel.http import json_response, language

router = APIRouter(tags=["submissions"])
Ctx = Annotated[Context, Depends(context)]
Reason = Literal["work", "report", "partner", "check", "backup"]
"""Why somebody takes the answers out of the house, as the audit trail names it."""


def moment(text: str | None, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """A day (as people of `zone` count it; its end, when `end`) or a moment of ISO 8601. Raises 400 for neither."""
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return datetime.combine(day, time(), zone)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise bad_request(
            "time.unreadable", "That is no day and no moment (2026-11-22).", "روز یا زمان خوانده نشد (2026-11-22)."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def whether(text: str | None) -> bool | None:
    """`true`, `false`, or `any` for both."""
    return {"true": True, "false": False, "1": True, "0": False}.get((text or "").lower())


@dataclass(frozen=True, slots=True)
class Asked:
    """Which submissions somebody asks for."""

    state: Literal["waiting", "whole", "files_missing"] | None
    since: str | None
    until: str | None
    version: str | None
    current: str | None
    drafts: bool
    problems: bool

    def wanted(self, form_id: str, who: Principal, permission: str, zone: ZoneInfo) -> tables.Wanted:
        """For the tables of a form, within what `who` may see. Raises 400 for times that are none."""
        since, until = moment(self.since, zone), moment(self.until, zone, end=True)
        return tables.Wanted(
            form_id, who, permission, self.state, since, until, self.version, whether(self.current), self.drafts,
            problems=self.problems,
        )  # fmt: skip


def _asked(
    *,
    state: Literal["waiting", "whole", "files_missing"] | None = None,
    since: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    until: Annotated[str | None, Query(alias="to", max_length=40)] = None,
    version: Annotated[str | None, Query(max_length=200)] = None,
    current: Annotated[str | None, Query(max_length=5)] = "true",
    drafts: bool = False,
    problems: bool = False,
) -> Asked:
    return Asked(state, since, until, version, current, drafts, problems)


@router.get("/api/forms/{form_id:path}/submissions")
async def submissions(
    who: Annotated[Principal, allow("submission.list")],
    tx: Tx,
    ctx: Ctx,
    form_id: str,
    asked: Annotated[Asked, Depends(_asked)],
    *,
    answers: bool = False,
    cursor: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Submissions, newest first: what they are and what they made. `answers=true`: their cells too, on record."""
    if answers and not who.scopes_for(showing.READ):
        raise forbidden()
    permission = showing.READ if answers else "submission.list"
    wanted = asked.wanted(form_id, who, permission, ZoneInfo(ctx.settings.timezone))
    found = await tables.page(tx, wanted, before=cursor, limit=limit + 1)
    shown = found[:limit]
    items = [tabling.line(row) for row in shown]
    answer: dict[str, Any] = {"items": items, "next": shown[-1]["seq"] if len(found) > limit else None}
    if answers:
        answer |= await _answered(tx, ctx, who, form_id, shown, items)
    return json_response(answer)


async def _answered(
    conn: Conn, ctx: Context, who: Principal, form_id: str, shown: list[Any], items: list[dict[str, Any]]
) -> dict[str, Any]:
    """Put each submission's rows into `items`, by the name of their table; the tables' columns are the answer."""
    form = await tabling.load_form(conn, form_id)
    by = form.planned("en")
    sealed = {row["id"]: row for row in await tables.bodies(conn, [row["id"] for row in shown])}
    opened = await asyncio.to_thread(
        lambda: list(tabling.told(ctx, [{**row, **sealed[row["id"]]} for row in shown], form.roots))
    )
    for item, told in zip(items, opened, strict=True):
        item["note"] = told.note
        item["answers"] = _cells(told, by)
    await showing.record(conn, "submission.opened", form, who, {"count": len(shown)})
    return {"tables": [{"name": table.name, "repeat": table.path, "columns": table.headers} for table in by.tables]}


def _cells(told: tabling.Told, by: Plan) -> dict[str, list[tuple[Any, ...]]]:
    made: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows(told.instance, str(told.row["id"]), by) if told.instance else ():
        made.setdefault(by.tables[row.table].name, []).append(row.cells)
    return made


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file shall be made, and why."""

    repeat: str | None
    labels: bool
    reason: Reason


def _shaped(
    *, repeat: Annotated[str | None, Query(max_length=1000)] = None, labels: bool = False, reason: Reason = "work"
) -> Shape:
    return Shape(repeat, labels, reason)


@router.get("/api/forms/{form_id:path}/submissions.{kind}")
async def export(
    request: Request,
    who: Annotated[Principal, allow("submission.export")],
    ctx: Ctx,
    form_id: str,
    kind: str,
    asked: Annotated[Asked, Depends(_asked)],
    shape: Annotated[Shape, Depends(_shaped)],
) -> Response:
    """All submissions of a form as `csv`, `xlsx` or `geojson`, in the order of arrival; on record before it begins.

    Of all versions (their columns side by side) unless `version` says otherwise; `repeat` chooses the table of a
    CSV, by its name or path. Replaced ones and drafts only when asked for. `lang` chooses notes and dates; with
    `labels` also questions and choices stand in its words.
    """
    if kind not in TYPES:
        raise not_found("format")
    zone = ZoneInfo(ctx.settings.timezone)
    wanted = asked.wanted(form_id, who, "submission.export", zone)
    async with ctx.db.tx() as conn:
        form = await tabling.load_form(conn, form_id)
        count, last = await tables.extent(conn, wanted)
        if not form.versions and not count:
            raise not_found("form")
        lang = language(request)
        by = form.planned(lang, asked.version)
        words = {row["id"]: await tabling.words_of(conn, row["id"]) for row in form.versions} if shape.labels else None
        made = Export(form, by, lang, zone, _table(by, shape.repeat), words)
        told = {"count": count, "format": kind, "reason": shape.reason, "version": asked.version}
        await showing.record(conn, "submission.exported", form, who, {k: v for k, v in told.items() if v is not None})
    pieces = streamed(ctx, kind, fetched(ctx, wanted, last), made, asyncio.get_running_loop())
    name = made.plan.tables[made.table].name if kind == "csv" and shape.repeat else "submissions"
    headers = {
        "Content-Disposition": _named(f"{form_id}-{name}.{kind}"),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(pieces, media_type=TYPES[kind], headers=headers)


def _table(by: Plan, repeat: str | None) -> int:
    if not repeat:
        return 0
    for number, table in enumerate(by.tables):
        if table.path and repeat in {table.path, table.name}:
            return number
    raise not_found("repeat")


def _named(name: str) -> str:
    """A file's name as every browser takes it (RFC 6266), harmless on every disk."""
    safe = re.sub(r"[^\w.-]+", "_", name).strip("._") or "submissions"
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe)}"


@router.get("/api/submissions/{submission_id}")
async def submission(who: Annotated[Principal, allow(showing.READ)], tx: Tx, ctx: Ctx, submission_id: UUID) -> Response:
    """One submission: answers, edits, files, and what it made. That it was read goes on record."""
    return json_response(await showing.show(tx, ctx, who, submission_id))
