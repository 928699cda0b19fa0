"""CSV files: Ushahidi's export, and any table whose columns say what they are."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from server.reports.importing.rows import Row, Source, coordinate, unreadable
from server.reports.schemas import claim

FIELD_CHARS: Final = 20_000_000
Progress = Callable[[int], None]
"""Told how many bytes of the file have been read."""

USHAHIDI: Final = (
    "serial",
    "incident title",
    "incident date",
    "location",
    "description",
    "category",
    "latitude",
    "longitude",
)
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text", "message", "body", "description", "content", "متن", "پیام", "شرح"),
    "id": ("id", "serial", "key", "uuid", "message_id", "شناسه", "شماره"),
    "title": ("title", "subject", "عنوان"),
    "place": ("place", "location", "address", "مکان", "نشانی", "آدرس"),
    "lat": ("lat", "latitude", "y", "عرض", "عرض جغرافیایی"),
    "lon": ("lon", "lng", "long", "longitude", "x", "طول", "طول جغرافیایی"),
    "time": ("occurred_at", "time", "date", "datetime", "timestamp", "received_at", "زمان", "تاریخ"),
    "sender": ("sender", "from", "phone", "number", "فرستنده", "تلفن"),
}
"""What a column may be called, for each thing we know what to do with."""


class _Table:
    """Records of a CSV file, with the header's names folded and their place in the file."""

    def __init__(self, source: Source, progress: Progress | None) -> None:
        self.source, self.progress = source, progress
        self.header: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, dict[str, str], list[str]]]:
        csv.field_size_limit(FIELD_CHARS)
        with self.source.path.open("rb") as binary:
            # Bytes that are no text come back as they were: surrogateescape on the way in and out.
            text = io.TextIOWrapper(binary, _encoding(binary), "surrogateescape", newline="")
            reader = csv.reader(text, delimiter=self._delimiter(text))
            try:
                self.header = [_fold(name) for name in next(reader, [])]
                yield 0, {}, self.header
                for number, cells in enumerate((c for c in reader if c), 1):
                    if self.progress and number % 100 == 0:
                        self.progress(binary.tell())
                    yield number, dict(zip(self.header, cells, strict=False)), cells
            except csv.Error as error:
                raise unreadable(
                    self.source.path,
                    f"line {reader.line_num} is no CSV ({error}).",
                    f"سطر {reader.line_num} CSV درستی نیست.",
                ) from error

    def _delimiter(self, text: io.TextIOWrapper) -> str:
        first = text.readline(65_536)
        text.seek(0)
        # A byte order mark is read as a letter after seek(0) by some codecs; `_fold` drops it.
        return max(",;\t", key=first.count)


def _encoding(binary: io.BufferedReader) -> str:
    start = binary.peek(4)[:4]
    return "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _fold(name: str) -> str:
    return " ".join(name.replace("\ufeff", "").replace("\u200c", " ").split()).casefold()


def as_bytes(text: str) -> bytes:
    """A cell as the bytes that stood in the file (a lone surrogate that UTF-16 let through stays one)."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _raw(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return as_bytes(out.getvalue().rstrip("\r\n"))


def _joined(*parts: str | None) -> bytes:
    return as_bytes("\n".join(part for part in parts if part and part.strip()))


def _time(value: str, source: Source) -> datetime | None:
    """dd/mm/YYYY HH:MM (Ushahidi) or ISO 8601; without an offset in the source's time zone."""
    found: datetime | None
    try:
        found = datetime.strptime(value.strip(), "%d/%m/%Y %H:%M")  # noqa: DTZ007 - the zone follows
    except ValueError:
        found = claim(value)
    return found.replace(tzinfo=source.zone) if found and found.tzinfo is None else found


def ushahidi(source: Source, progress: Progress | None = None) -> Iterator[Row]:
    """Ushahidi's CSV export, as it stands: HTML entities and line ends of its texts included."""
    table = iter(_Table(source, progress))
    header = next(table)[2]
    missing = [name for name in USHAHIDI if name not in header]
    if missing:
        names = ", ".join(name.upper() for name in missing)
        raise unreadable(
            source.path,
            f"these columns of an Ushahidi export are missing: {names}.",
            f"این ستون‌های خروجی اوشاهیدی نیست: {names}",
        )
    for number, cell, cells in table:
        words = _joined(cell.get("incident title"), cell.get("description"))
        yield Row(
            number,
            cell.get("serial", "").strip() or None,
            _joined(cell.get("incident title"), cell.get("location"), cell.get("description")) if words else b"",
            _raw(cells),
            coordinate(cell.get("longitude")),
            coordinate(cell.get("latitude")),
            _time(cell.get("incident date", ""), source),
            None,
            "text/plain; charset=utf-8; entities=html",
            {"row": cell, "number": number},
            ["ragged_row"] if len(cells) != len(header) else [],
        )


def table(source: Source, progress: Progress | None = None) -> Iterator[Row]:
    """Any CSV with a text column, named as in `COLUMNS`."""
    records = iter(_Table(source, progress))
    header = next(records)[2]
    known = {thing: next((name for name in names if name in header), "") for thing, names in COLUMNS.items()}
    if not known["text"]:
        names = ", ".join(COLUMNS["text"])
        raise unreadable(
            source.path,
            f"no column holds the text; it may be called {names}.",
            f"ستونی برای متن نیست؛ نام آن می‌تواند یکی از این‌ها باشد: {names}",
        )

    def value(cell: Mapping[str, str], thing: str) -> str:
        return cell.get(known[thing], "") if known[thing] else ""

    for number, cell, cells in records:
        words = _joined(value(cell, "title"), value(cell, "text"))
        meta: dict[str, Any] = {"row": cell, "number": number}
        yield Row(
            number,
            value(cell, "id").strip() or None,
            _joined(value(cell, "title"), value(cell, "place"), value(cell, "text")) if words else b"",
            _raw(cells),
            coordinate(value(cell, "lon")),
            coordinate(value(cell, "lat")),
            _time(value(cell, "time"), source),
            value(cell, "sender").strip() or None,
            meta=meta,
            flags=["ragged_row"] if len(cells) != len(header) else [],
        )
