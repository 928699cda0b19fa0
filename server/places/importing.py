"""`hamyar import places`: a file's places into the gazetteer, in batches by COPY; a second run finds them known."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import psycopg

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.ids import uuid7
from server.places import columns
from server.places import import_queries as queries
from server.places.files import (
    REASONS,
    Line,
    Progress,
    format_of,
    geojson,
    geonames,
    is_name,
    tabbed,
    table,
    unreadable,
)
from server.places.names import normalise, squash
from server.places.sounds import sound

__all__ = ["FORMATS", "REASONS", "Tally", "import_places"]

BATCH: Final = 2000
REASONS_MOST: Final = 1000
"""So many reasons are kept to be shown; a world's dump may have a million lines without a name."""
Reader = Callable[[Path, str, Progress | None], Iterator[Line]]
FORMATS: Final[dict[str, Reader]] = {"geonames": geonames, "csv": table, "geojson": geojson}
NAMES: Final = "alternatenames"


@dataclass
class Tally:
    """What became of the rows: `imported` (new or changed), `known` and `set_aside` are disjoint and add up to `rows`.

    `reasons`: (row number, reason code, False) of the first rows that were set aside.
    """

    rows: int = 0
    imported: int = 0
    known: int = 0
    set_aside: int = 0
    reasons: list[tuple[int, str, bool]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The four numbers that `--json` prints."""
        return {"rows": self.rows, "imported": self.imported, "known": self.known, "set_aside": self.set_aside}

    def aside(self, number: int, reason: str) -> None:
        """Count a row that is no place."""
        self.set_aside += 1
        if len(self.reasons) < REASONS_MOST:
            self.reasons.append((number, reason, False))


async def import_places(
    ctx: Context,
    path: Path,
    *,
    kind: str | None = None,
    country: str | None = None,
    progress: Progress | None = None,
) -> Tally:
    """Import a file of places. `kind`: geonames, alternatenames (names for places that are there), csv or geojson.

    `country` is what lines without one belong to (default: the instance's). A line that says what it said before is
    known, and so is what ships with the product. Raises Problem when the file as a whole cannot be used.
    """
    if not await asyncio.to_thread(path.is_file):
        raise unreadable(path, "there is no such file.", "چنین پرونده‌ای نیست.")
    if await asyncio.to_thread(columns.is_packed, path):
        raise unreadable(
            path,
            "an archive or a workbook; unpack it, or save it as CSV, first.",
            "بایگانی یا کارپوشه است؛ نخست آن را باز کنید یا به شکل CSV ذخیره کنید.",
        )
    kind = kind or str(await asyncio.to_thread(format_of, path))
    tally = Tally()
    if kind == NAMES:
        await _import_names(ctx, path, tally, progress)
        return tally
    reader = FORMATS.get(kind)
    if reader is None:
        known = ", ".join((*FORMATS, NAMES))
        raise Problem(400, "import.format", f"The formats are {known}.", f"قالب‌ها: {known}")
    lines = reader(path, (country or ctx.settings.country).upper(), progress)
    seen: set[tuple[str, str]] = set()
    while batch := await asyncio.to_thread(lambda: list(islice(lines, BATCH))):
        async with ctx.db.tx() as conn:
            await _batch(conn, batch, seen, tally)
    async with ctx.db.tx() as conn:
        await queries.name_provinces(conn)
        await queries.analyse(conn)
    return tally


async def _batch(conn: Conn, batch: Sequence[Line], seen: set[tuple[str, str]], tally: Tally) -> None:
    fresh: dict[tuple[str, str], Line] = {}
    good = [line for line in batch if line.reason is None]
    for line in good:
        key = (line.source, line.source_id)
        if key in seen:
            continue
        # GeoNames' ids are unique in its own files, and a world of them would fill the memory.
        if line.source != "geonames":
            seen.add(key)
        fresh.setdefault(key, line)
    lines = list(fresh.values())
    asked = [(x.country, x.kind, squash(x.name_en), squash(x.name_fa or "")) for x in lines]
    shipped = await queries.shipped_areas(conn, asked)
    rows = await asyncio.to_thread(_rows, [line for n, line in enumerate(lines) if n not in shipped])
    written, refused = await _put(conn, rows)
    tally.rows += len(batch)
    tally.imported += written
    tally.known += len(good) - written - len(refused)
    for number, reason in [*((x.number, x.reason) for x in batch if x.reason), *((n, "refused") for n in refused)]:
        tally.aside(number, reason)


async def _put(conn: Conn, rows: Sequence[queries.New]) -> tuple[int, list[int]]:
    """How many were new or changed, and the numbers of lines that the database refused, each tried alone."""
    try:
        async with conn.transaction():
            return (await queries.put(conn, rows) if rows else 0), []
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.InternalError):
        written, refused = 0, []
        for row in rows:
            try:
                async with conn.transaction():
                    written += await queries.put(conn, [row])
            except (psycopg.DataError, psycopg.IntegrityError, psycopg.InternalError):
                refused.append(row.line.number)
        return written, refused


def _rows(lines: Sequence[Line]) -> list[queries.New]:
    made = []
    for line in lines:
        names = dict.fromkeys((line.name_fa or "", line.name_en, *line.names))
        keys = [(name, normalise(name), squash(name), sound(name)) for name in names if squash(name)]
        made.append(queries.New(uuid7(), line, line.digest(), keys))
    return made


async def _import_names(ctx: Context, path: Path, tally: Tally, progress: Progress | None) -> None:
    """GeoNames' alternateNames: more names for places of its that are in the gazetteer."""
    lines = tabbed(path, progress)
    while batch := await asyncio.to_thread(lambda: list(islice(lines, BATCH))):
        tally.rows += len(batch)
        good: list[tuple[int, str, str]] = []
        for number, cells in batch:
            if len(cells) < 4:  # noqa: PLR2004 - id, place, language, name
                tally.aside(number, "columns")
            elif cells[2] in ("link", "post", "iata", "icao", "faac", "wkdt", "unlc") or not is_name(cells[3]):
                tally.aside(number, "no_word")
            else:
                good.append((number, cells[1], cells[3]))
        async with ctx.db.tx() as conn:
            there = await queries.geonames_there(conn, {place for _, place, _ in good})
            for number, place, _ in good:
                if place not in there:
                    tally.aside(number, "no_place")
            wanted = [(place, name) for _, place, name in good if place in there]
            keyed = [(place, name, normalise(name), squash(name), sound(name)) for place, name in wanted]
            added = await queries.add_names(conn, keyed) if keyed else 0
            tally.imported += added
            tally.known += len(wanted) - added
