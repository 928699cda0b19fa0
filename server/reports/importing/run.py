"""`hamyar import reports`: a file's rows through `accept`, in batches; what has no text is set aside, with why."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from server.access.context import Context
from server.emergencies.service import ensure
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.ids import uuid7
from server.kernel.redis import ring
from server.reports import queries
from server.reports.importing import geojson, tables
from server.reports.importing.rows import Around, Row, Source, unreadable
from server.reports.intake import Incoming, accept, safe_key
from server.reports.service import REASONS

__all__ = ["FORMATS", "REASONS", "Tally", "import_reports"]

BATCH: Final = 500
ACTOR: Final = "import"
Reader = Callable[[Source, tables.Progress | None], Iterator[Row]]
FORMATS: Final[dict[str, Reader]] = {
    "ushahidi": tables.ushahidi,
    "csv": tables.table,
    "geojson": geojson.features,
}


@dataclass
class Tally:
    """What became of the rows: `imported`, `known` and `set_aside` are disjoint and add up to `rows`.

    `reasons`: (row number, reason code, whether it had been set aside before) of every row without a report.
    """

    rows: int = 0
    imported: int = 0
    known: int = 0
    set_aside: int = 0
    reasons: list[tuple[int, str, bool]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The four numbers that `--json` prints."""
        return {
            "rows": self.rows,
            "imported": self.imported,
            "known": self.known,
            "set_aside": self.set_aside,
        }


@dataclass(frozen=True, slots=True)
class _Run:
    ctx: Context
    source: str
    emergency: UUID | None
    around: Around | None
    tally: Tally


async def import_reports(
    ctx: Context,
    path: Path,
    *,
    kind: str | None = None,
    emergency: str | None = None,
    timezone: str = "UTC",
    progress: tables.Progress | None = None,
) -> Tally:
    """Import a file of reports; a second run finds them all known. `emergency`: a code, made if absent.

    Times without an offset are in `timezone`. Raises Problem when the file as a whole cannot be used.
    """
    source = Source(path, kind or _format_of(path), _zone(timezone))
    reader = FORMATS.get(source.format)
    if reader is None:
        raise Problem(400, "import.format", f"The formats are {', '.join(FORMATS)}.", f"قالب‌ها: {'، '.join(FORMATS)}")
    if not await asyncio.to_thread(path.is_file):
        raise unreadable(path, "there is no such file.", "چنین پرونده‌ای نیست.")
    around = await asyncio.to_thread(_around, reader, source)
    async with ctx.db.tx() as conn:
        emergency_id = await ensure(conn, emergency, drill=ctx.settings.drill, actor=ACTOR) if emergency else None
    run = _Run(ctx, f"import:{source.format}:{emergency or '-'}", emergency_id, around, Tally())
    rows = reader(source, progress)
    while batch := await asyncio.to_thread(lambda: list(islice(rows, BATCH))):
        async with ctx.db.tx() as conn:
            await _batch(conn, run, batch)
        await ring(ctx.redis, "reports")
    return run.tally


def _around(reader: Reader, source: Source) -> Around | None:
    return Around.of((row.lon, row.lat) for row in reader(source, None))


def _format_of(path: Path) -> str:
    return "geojson" if path.suffix.lower() in {".geojson", ".json", ".geojsonl", ".ndjson"} else "csv"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Problem(
            400, "import.timezone", f"There is no time zone {name!r}.", f"منطقهٔ زمانی «{name}» نیست."
        ) from None


async def _batch(conn: Conn, run: _Run, batch: Sequence[Row]) -> None:
    run.tally.rows += len(batch)
    aside = [(row, row.reason) for row in batch if not row.text]
    good = [row for row in batch if row.text]
    try:
        async with conn.transaction():
            await _accept(conn, run, good)
    except (psycopg.DataError, psycopg.IntegrityError):
        # Each alone, in a savepoint: one bad record never blocks a batch.
        for row in good:
            try:
                async with conn.transaction():
                    await _accept(conn, run, [row])
            except (psycopg.DataError, psycopg.IntegrityError):
                aside.append((row, "refused"))
    await _set_aside(conn, run, aside)


async def _accept(conn: Conn, run: _Run, rows: Sequence[Row]) -> None:
    done = await accept(conn, run.ctx, [_incoming(run, row) for row in rows], actor=ACTOR)
    known = sum(answer.known for answer in done)
    run.tally.known += known
    run.tally.imported += len(done) - known


def _incoming(run: _Run, row: Row) -> Incoming:
    flags = list(row.flags)
    if run.around and run.around.is_far(row.lon, row.lat):
        flags.append("far_coordinates")
    return Incoming(
        "import",
        run.source,
        _key(run.ctx, row),
        row.text,
        row.sender,
        content_type=row.content_type,
        meta=row.meta,
        lon=row.lon,
        lat=row.lat,
        occurred_at=row.occurred_at,
        emergency_id=run.emergency,
        flags=flags,
    )


def _key(ctx: Context, row: Row) -> str:
    """The file's own id of a row; without one, the row's content (keyed: it may hold a number)."""
    return row.key if row.key is not None else "r:" + ctx.sealing.keyed_hash("row", _digest(row)).hex()[:40]


def _digest(row: Row) -> str:
    return hashlib.sha256(row.raw).hexdigest()


async def _set_aside(conn: Conn, run: _Run, aside: Iterable[tuple[Row, str]]) -> None:
    records: list[dict[str, Any]] = []
    numbers: dict[UUID, tuple[int, str]] = {}
    for row, reason in aside:
        aside_id = uuid7()
        record = run.ctx.sealing.new("set_aside", aside_id)
        key = safe_key(run.ctx.sealing, f"{_key(run.ctx, row)}:{_digest(row)}")
        records.append(
            {
                "id": aside_id,
                "source": run.source,
                "source_key": key,
                "row_number": row.number,
                "reason": reason,
                "payload_sealed": record.seal("payload_sealed", row.raw),
                "sealing_key_id": record.key_id,
                "data_key_wrapped": record.wrapped,
            }
        )
        numbers[aside_id] = (row.number, reason)
    written = await queries.add_set_aside(conn, records)
    run.tally.set_aside += len(written)
    run.tally.known += len(records) - len(written)
    run.tally.reasons += [(*what, aside_id not in written) for aside_id, what in numbers.items()]
