"""Answers as a page shows them: which columns a table has room for, and one answer in a person's language."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from field_forms.bindings import Binding
from field_forms.tables import Cell, Plan, geometry, rows
from field_forms.tables import Column as TableColumn
from field_forms.wording import Wording
from server.access.context import Context
from server.forms import table_queries as tables
from server.forms import tabling
from server.kernel.db import Conn
from server.pages import dates

MOST: Final = 6
SHEET_MOST: Final = 10
NEAR: Final = 4
"""Columns of answers that are shown; a file has them all."""
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {"en": ("en", "english"), "fa": ("fa", "persian", "farsi", "فارسی")}
"""What authors of forms call a language."""
_UNSEEN: Final = frozenset(
    {
        "start", "end", "today", "deviceid", "device id", "subscriberid", "simserial", "phonenumber", "phone number",
        "username", "email", "audit", "calculate", "hidden", "note", "start-geopoint", "background-audio",
        "geopoint", "gps", "location", "geotrace", "geoshape", "trigger", "acknowledge", "consent",
        "photo", "image", "audio", "video", "file", "barcode", "add image prompt",
    }
)  # fmt: skip
_UNSEEN_ROLES: Final = frozenset({"consent", "photo", "signature", "location"})
_FIRST_ROLES: Final = frozenset({"urgency", "incident.category", "need.category", "place"})
_LAST_ROLES: Final = frozenset({"count", "need.quantity", "need.unit", "households", "vulnerable"})
_MOMENTS: Final = frozenset({"datetime", "start", "end"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of answers: where it stands in the plan's row, and what it asks in words. `near`: on a phone too."""

    at: int
    path: str
    kind: str
    label: str
    near: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table on a page: `lines` are (the submission's row, cells in words, note)."""

    number: int
    columns: Sequence[Column]
    lines: Sequence[tuple[Mapping[str, Any], Sequence[str], str | None]]


def in_words(label: Mapping[str, str], lang: str) -> str:
    """A text of a form in a language; else without one, else in English, else in whatever it has."""
    wanted = (*_NAMES.get(lang, (lang,)), "", *_NAMES["en"])
    return next((label[name] for name in wanted if label.get(name)), next(iter(label.values()), ""))


def columns(form: tabling.Form, plan: Plan, number: int, said: Wording, lang: str) -> list[Column]:
    """The columns of a table that a page has room for: what is tied to the model first, in the form's order."""
    table, most = plan.tables[number], SHEET_MOST if number else MOST
    asked: Mapping[str, Binding] = {
        question.path: question for questions, _ in reversed(form.questions) for question in questions
    }
    start = 3 if number else 1
    shown = [
        (at, column)
        for at, column in enumerate(table.columns, start)
        if column.part is None and column.kind not in _UNSEEN and asked[column.path].role not in _UNSEEN_ROLES
    ]

    def rank(column: TableColumn) -> int:
        role = asked[column.path].role
        if role in _FIRST_ROLES:
            return 0
        return 2 if role is None else 3 if role in _LAST_ROLES else 1

    best = [at for at, _ in sorted(shown, key=lambda one: rank(one[1]))[:most]]
    return [
        Column(
            at,
            column.path,
            column.kind,
            in_words(said.label(column.path), lang) or column.label or column.name,
            at in best[:NEAR],
        )
        for at, column in shown
        if at in best
    ]


def said_of(value: Cell, kind: str, shown: Mapping[str, str] | None, lang: str) -> str:
    """One answer in a person's language: choices in words, numbers and dates with the digits of the language."""
    if value is None or value == "":
        return ""
    if shown:
        return in_words(shown, lang)
    if not isinstance(value, str):
        return dates.number(value, lang)
    moment = _moment(value, kind)
    return moment(lang) if moment else value


def _moment(value: str, kind: str) -> Any:
    kind = kind.lower()
    try:
        if kind in _MOMENTS:
            at = datetime.fromisoformat(value)
            return (lambda lang: dates.date_time(at, lang)) if at.tzinfo else None
        if kind in {"date", "today"}:
            day = datetime.combine(date.fromisoformat(value[:10]), time(12), UTC)
            return lambda lang: dates.date(day, lang)
    except ValueError:
        return None
    return None


async def sheet(
    conn: Conn, ctx: Context, form: tabling.Form, found: Sequence[Mapping[str, Any]], number: int, lang: str
) -> Sheet:
    """One table of the submissions of a page, opened."""
    plan = form.planned(lang)
    sealed = {row["id"]: row for row in await tables.bodies(conn, [row["id"] for row in found])}
    words = {row["version_id"]: await tabling.words_of(conn, row["version_id"]) for row in found}
    newest = await tabling.words_of(conn, form.versions[0]["id"]) if form.versions else Wording()
    wanted = columns(form, plan, number, newest, lang)

    def lines() -> list[tuple[Mapping[str, Any], Sequence[str], str | None]]:
        opened = tabling.told(ctx, [{**row, **sealed[row["id"]]} for row in found], form.roots)
        return [line for told in opened for line in _lines(told, plan, number, wanted, words, lang)]

    return Sheet(number, wanted, await asyncio.to_thread(lines))


def _lines(
    told: tabling.Told,
    plan: Plan,
    number: int,
    wanted: Sequence[Column],
    words: Mapping[UUID | None, Wording],
    lang: str,
) -> Iterator[tuple[Mapping[str, Any], Sequence[str], str | None]]:
    if told.instance is None:
        if not number:
            yield told.row, [""] * len(wanted), told.note
        return
    said = words[told.row["version_id"]]
    for row in rows(told.instance, "", plan):
        if row.table != number:
            continue
        cells = [
            said_of(value, column.kind, said.choice(column.path, str(value)) if value is not None else None, lang)
            for column in wanted
            for value in [row.cells[column.at]]
        ]
        yield told.row, cells, None


def sections(answers: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Answers under the groups and rounds that they were asked in: {`heads`: [(label, round)], `answers`: […]}."""
    made: list[dict[str, Any]] = []
    for answer in answers:
        heads = [(in_words(group["label"], lang), group["round"]) for group in answer["group"]]
        place = [group["path"] for group in answer["group"]]
        if not made or made[-1]["place"] != place:
            made.append({"place": place, "heads": heads, "answers": []})
        made[-1]["answers"].append(
            {
                **answer,
                "label": in_words(answer["label"], lang),
                "words": said_of(_number(answer["value"], answer["kind"]), answer["kind"], answer["shown"], lang),
            }
        )
    return made


def changes(edits: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Edits, the newest first, with what people changed in words; what the phone notes by itself is left out."""
    return [
        {
            **edit,
            "changes": [
                {
                    "label": in_words(change["label"], lang),
                    **{side: _side(change, side, lang) for side in ("before", "after")},
                }
                for change in edit["changes"]
                if change["asked"]
            ],
        }
        for edit in reversed(edits)
    ]


def _side(change: Mapping[str, Any], side: str, lang: str) -> str:
    value = change[side]
    if value is None:
        return "–"
    place = geometry(value, change["kind"])
    if place and place["type"] == "Point":
        at: Any = place["coordinates"]
        return f"{at[1]:.5f}, {at[0]:.5f}"
    return said_of(_number(value, change["kind"]), change["kind"], change[f"{side}_shown"], lang)


def _number(value: str, kind: str) -> Cell:
    if kind not in {"integer", "int", "decimal", "range"}:
        return value
    try:
        return float(value)
    except ValueError:
        return value
