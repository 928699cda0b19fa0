"""Submissions of any form as CSV, XLSX and GeoJSON: read a few hundred at a time, written as they are read.

Exact positions stand in all three: they are for those who hold `submission.export`, who may open each one anyway.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDateTime

from field_forms.openrosa import Instance
from field_forms.sheets import write_csv, write_geojson, write_xlsx
from field_forms.tables import OWN, POINT, Cell, Plan, Row, Table, features, rows
from field_forms.wording import Wording
from server.access.context import Context
from server.forms import table_queries as tables
from server.forms import tabling
from server.forms.tabling import NOTES, Form, Told

BATCH: Final = 250
PATIENCE_S: Final = 60
"""A batch that takes longer ends the file, cut: whoever reads it must see that it is not whole."""
TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
}
_OWN: Final = (
    "_received_at", "_instance_id", "_instance_name", "_version", "_state", "_sent_by", "_centre", "_note",
)  # fmt: skip
_JALALI: Final = "_received_jalali"
Fetch = Callable[[int], Awaitable[Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported: the plan of its tables, the table of a CSV, the language of dates and notes.

    With `words` (by version) questions and choices stand in words of that language instead of names.
    """

    form: Form
    plan: Plan
    lang: str
    zone: ZoneInfo
    table: int = 0
    words: Mapping[UUID | None, Wording] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Our own columns, which follow the submission's id, named beside any question of the same name."""
        wanted = (_OWN[0], _JALALI, *_OWN[1:]) if self.lang == "fa" else _OWN
        taken = {name.lower() for name in self.plan.tables[0].headers}
        return tuple(name if name not in taken else f"_{name}" for name in wanted)

    def headers(self, table: Table) -> tuple[str, ...]:
        """The headers of a table of the export."""
        given = table.headers if self.words is None else _labelled(table)
        return given if table.path else (given[0], *self.names, *given[1:])

    def spoken(self, row: Row, version_id: UUID | None) -> Row:
        """A row of the plan with its choices in words, where words are wanted."""
        said = self.words.get(version_id) if self.words is not None else None
        if said is None:
            return row
        table = self.plan.tables[row.table]
        start = len(OWN) if table.path else 1
        cells = list(row.cells)
        for at, column in enumerate(table.columns, start):
            value = cells[at]
            if value is not None and (shown := said.choice(column.path, str(value))):
                cells[at] = shown.get(self.lang) or shown.get("") or next(iter(shown.values()), value)
        return Row(row.table, tuple(cells))

    def own(self, told: Told) -> tuple[Cell, ...]:
        """Our own cells of a submission."""
        row = told.row
        moment = row["received_at"].astimezone(self.zone)
        centre = row["centre_fa"] if self.lang == "fa" else row["centre_en"]
        note = NOTES[told.note][0 if self.lang == "fa" else 1] if told.note else None
        said = told.instance
        name = said.fields.get(f"/{said.root}/meta/instanceName") if said else None
        known = (said.instance_id if said else None, name)
        rest = (*known, row["form_version"], _state(row), row["sender"], centre, note)
        iso = moment.isoformat(timespec="seconds")
        return (iso, _jalali(moment), *rest) if self.lang == "fa" else (iso, *rest)


def _labelled(table: Table) -> tuple[str, ...]:
    """The headers of a table with its questions in words, each once."""
    given = table.headers
    taken = {name.lower() for name in given if name.startswith("_")}
    start = len(OWN) if table.path else 1
    made = list(given)
    for at, column in enumerate(table.columns, start):
        label = column.label or column.name
        wanted = label if column.part is None else f"{label} ({POINT[column.part]})"
        name, number = wanted, 2
        while name.lower() in taken:
            name, number = f"{wanted} ({number})", number + 1
        taken.add(name.lower())
        made[at] = name
    return tuple(made)


def _state(row: Mapping[str, Any]) -> str:
    marks = [("draft", row["draft"]), ("replaced", not row["current"]), ("conflict", row["conflict"])]
    return " ".join([row["state"], *(name for name, so in marks if so)])


def _jalali(moment: datetime) -> str:
    return str(JalaliDateTime.to_jalali(moment).strftime("%Y/%m/%d %H:%M"))  # type: ignore[no-untyped-call]


def rows_of(told: Iterable[Told], export: Export) -> Iterator[Row]:
    """The rows of submissions in all tables; one that could not be opened has a row with its note."""
    width = len(export.plan.tables[0].headers) - 1
    for one in told:
        key, own = str(one.row["id"]), export.own(one)
        if one.instance is None:
            yield Row(0, (key, *own, *([None] * width)))
            continue
        for plain in rows(_asked(one.instance), key, export.plan):
            row = export.spoken(plain, one.row["version_id"])
            yield Row(0, (key, *own, *row.cells[1:])) if row.table == 0 else row


def _asked(instance: Instance) -> Instance:
    """What the form asked: of a submission's own data what is worth a column has one."""
    own = f"/{instance.root}/meta/"
    return replace(instance, fields={path: said for path, said in instance.fields.items() if not path.startswith(own)})


def features_of(told: Iterable[Told], export: Export) -> Iterator[dict[str, object]]:
    """A feature for each place that was answered, one without a geometry where there is none."""
    for one in told:
        own = {name: cell for name, cell in zip(export.names, export.own(one), strict=True) if cell is not None}
        key = str(one.row["id"])
        if one.instance is None:
            yield {"type": "Feature", "geometry": None, "properties": {"_submission": key, **own}}
            continue
        for feature in features(_asked(one.instance), key, export.plan):
            said: Any = feature["properties"]
            yield {**feature, "properties": {**said, **own}}


def written(kind: str, told: Iterable[Told], export: Export) -> Iterator[bytes]:
    """The file in pieces."""
    if kind == "geojson":
        return write_geojson(features_of(told, export))
    if kind == "xlsx":
        sheets = [(table.name, export.headers(table)) for table in export.plan.tables]
        return write_xlsx(sheets, rows_of(told, export), rtl=export.lang == "fa")
    cells = (row.cells for row in rows_of(told, export) if row.table == export.table)
    return write_csv(export.headers(export.plan.tables[export.table]), cells)


def fetched(ctx: Context, wanted: tables.Wanted, last: int) -> Fetch:
    """How a batch is read: in a transaction of its own, so that a slow reader holds none open."""

    async def batch(after: int) -> Sequence[Mapping[str, Any]]:
        async with ctx.db.tx() as conn:
            return await tables.batch(conn, wanted, after=after, last=last, limit=BATCH)

    return batch


def streamed(ctx: Context, kind: str, fetch: Fetch, export: Export, loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """The file in pieces, for a thread that is not `loop`'s: it asks the loop for each batch and opens it by itself."""

    def pulled() -> Iterator[Mapping[str, Any]]:
        after = 0
        while batch := asyncio.run_coroutine_threadsafe(_awaited(fetch, after), loop).result(PATIENCE_S):
            yield from batch
            after = batch[-1]["seq"]

    roots: Mapping[UUID, str] = export.form.roots
    return written(kind, tabling.told(ctx, pulled(), roots), export)


async def _awaited(fetch: Fetch, after: int) -> Sequence[Mapping[str, Any]]:
    return await fetch(after)
