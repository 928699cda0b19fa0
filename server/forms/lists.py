"""The files that forms choose from, as a phone gets them: our items, centres, places, tasks, needs, and its entities.

Collect compares the hash in the manifest with the file that it then fetches. So a file that a manifest has named is
kept for a while, in this process's memory alone: lists of entities are personal.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from field_forms.entities import Entity, to_csv
from field_forms.lists import LISTS, both, write_list
from server.access.context import Context
from server.access.principal import Principal
from server.forms import list_queries as queries
from server.forms.publishing import reach
from server.kernel.db import Conn
from server.standards import taxonomy

FRESH_S: Final = {"needs.csv": 30.0, "places.csv": 30.0}
FRESH_ELSE_S: Final = 3.0
"""How long a list is taken to be as it was; longer for those that cost a third of a second at 300,000 records."""
KEPT_BYTES: Final = 64 * 1024 * 1024
KEPT: Final = 256
_LABELS: Final = {c.code: (c.label_fa, c.label_en) for c in taxonomy.CATEGORIES}
_KINDS: Final = {"village": "روستا", "town": "شهرک", "city": "شهر"}
_STATES: Final = {"open": ("باز", "open"), "full": ("پر", "full"), "closed": ("بسته", "closed")}
_UNITS: Final = {
    "person": ("نفر", "person"),
    "household": ("خانوار", "household"),
    "litre": ("لیتر", "litre"),
    "pack": ("بسته", "pack"),
    "tent": ("چادر", "tent"),
    "piece": ("عدد", "piece"),
    "set": ("دست", "set"),
    "vehicle": ("خودرو", "vehicle"),
    "kg": ("کیلوگرم", "kg"),
}
_Reach = tuple[str, tuple[UUID, ...], tuple[UUID, ...]]


class _Shelf:
    """Files by whom they are for, and by their hash; the oldest go first."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[_Reach, tuple[int, ...]], tuple[float, str]] = OrderedDict()
        self._files: OrderedDict[tuple[_Reach, str], bytes] = OrderedDict()

    def fresh(self, reach: _Reach, revisions: tuple[int, ...]) -> str | None:
        made = self._made.get((reach, revisions))
        fresh_s = FRESH_S.get(reach[0], FRESH_ELSE_S)
        return made[1] if made and made[0] > time.monotonic() - fresh_s and (reach, made[1]) in self._files else None

    def file(self, reach: _Reach, stamp: str) -> bytes | None:
        return self._files.get((reach, stamp))

    def put(self, reach: _Reach, revisions: tuple[int, ...], content: bytes) -> str:
        stamp = hashlib.md5(content, usedforsecurity=False).hexdigest()
        while len(self._made) >= KEPT:
            self._made.popitem(last=False)
        while len(self._files) >= KEPT or sum(map(len, self._files.values())) > KEPT_BYTES:
            self._files.popitem(last=False)
        self._made[reach, revisions] = (time.monotonic(), stamp)
        self._made.move_to_end((reach, revisions))
        self._files[reach, stamp] = content
        self._files.move_to_end((reach, stamp))
        return stamp


shelf = _Shelf()


async def stamp(conn: Conn, ctx: Context, who: Principal, name: str) -> str | None:
    """MD5 (hex) of a list as somebody gets it now; None for a name that is no list of theirs."""
    return await _stamp(conn, ctx, name, await reach(conn, who))


async def _stamp(conn: Conn, ctx: Context, name: str, reached: tuple[list[UUID], list[UUID]]) -> str | None:
    key = _reach(name, reached)
    revisions = await _revisions(conn, name, reached[0])
    if (known := shelf.fresh(key, revisions)) is not None:
        return known
    made = await _make(conn, ctx, name, *reached)
    return None if made is None else shelf.put(key, revisions, made)


def _reach(name: str, reached: tuple[list[UUID], list[UUID]]) -> _Reach:
    return name, tuple(reached[0]), tuple(reached[1])


async def content(conn: Conn, ctx: Context, who: Principal, name: str, wanted: str | None = None) -> bytes | None:
    """A list as somebody gets it: the very file that a manifest named as `wanted` (its MD5) while it is kept here."""
    reached = await reach(conn, who)
    if wanted and (named := shelf.file(_reach(name, reached), wanted)) is not None:
        return named
    known = await _stamp(conn, ctx, name, reached)
    return shelf.file(_reach(name, reached), known) if known else None


async def _revisions(conn: Conn, name: str, emergencies: Sequence[UUID]) -> tuple[int, ...]:
    """What tells that a list of entities has changed: a household just registered is to be found at once."""
    if name in LISTS or not name.endswith(".csv"):
        return ()
    return tuple(one["revision"] for one in await queries.entity_list(conn, name.removesuffix(".csv"), emergencies))


async def _make(
    conn: Conn, ctx: Context, name: str, emergencies: Sequence[UUID], centres: Sequence[UUID]
) -> bytes | None:
    if name in LISTS:
        rows = await queries.rows(conn, name, emergencies, centres)
        return await asyncio.to_thread(write_list, LISTS[name], [_shown(name, row) for row in rows])
    if not name.endswith(".csv"):
        return None
    dataset = name.removesuffix(".csv")
    declared = await queries.declared(conn, dataset)
    lists = await queries.entity_list(conn, dataset, emergencies)
    if declared is None and not lists:
        return None
    properties = sorted({*(declared or ()), *(p for one in lists for p in one["properties"])})
    rows = await queries.entities(conn, [one["id"] for one in lists], centres)
    return await asyncio.to_thread(_entities, ctx, dataset, rows, properties)


def _shown(name: str, row: Mapping[str, Any]) -> dict[str, object]:
    """A record as a line of its list, with one label for both languages."""
    line = dict(row)
    if name in {"tasks.csv", "needs.csv"}:
        fa, en = _LABELS.get(str(row["category"]), (str(row["category"]), ""))
        much = f" {row['quantity']:f} {_UNITS.get(row['unit'] or '', ('', ''))[0]}" if row.get("quantity") else ""
        line["label"] = f"{row['name']} · {both(fa, en)}{much}".rstrip()
    elif name == "shelters.csv":
        said = both(*_STATES[row["state"]])
        line["label"] = f"{both(row['fa'], row['en']) or row['name']} ({said})"
    elif name == "places.csv":
        fa = row["fa"] or row["en"]
        line["label"] = f"{both(fa, row['en'])} · {row['province']}".rstrip(" ·")
    else:
        line["label"] = both(row["fa"], row["en"])
    if name == "items.csv":
        line["unit_label"] = both(*_UNITS.get(row["unit"], (row["unit"], row["unit"])))
    return line


def opened(ctx: Context, dataset: str, row: Mapping[str, Any]) -> Entity:
    """A row of `entities` as it stands, opened."""
    record = ctx.sealing.of("entities", row["id"], bytes(row["data_key_wrapped"]))
    said = orjson.loads(record.open("data_sealed", row["data_sealed"]) or b"{}")
    return Entity(
        dataset=dataset,
        id=row["entity_key"],
        label=said.get("label", ""),
        properties=said.get("properties", {}),
        version=row["version"],
        changed_at=said.get("changed_at", {}),
        branches={(branch, number): version for branch, number, version in said.get("branches", ())},
    )


def _entities(ctx: Context, dataset: str, rows: Iterable[Mapping[str, Any]], properties: Sequence[str]) -> bytes:
    listed = sorted((opened(ctx, dataset, row) for row in rows), key=lambda one: (one.label, one.id))
    return to_csv(listed, properties)
