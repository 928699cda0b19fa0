"""People's lists as rows: CSV and XLSX of whatever shape, with Persian or English headers. Pure.

A workbook is a zip from a stranger: how much it unpacks to is bounded before anything in it is read.
"""

import csv
import io
import itertools
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from server.kernel.errors import Problem

COLUMNS: Final = ("code", "centre", "skills", "languages", "gender", "vehicle", "capacity_kg", "name", "phone")
MAX_BYTES: Final = 10_000_000
MAX_UNPACKED: Final = 100_000_000
MAX_MEMBERS: Final = 500
MAX_ROWS: Final = 50_000
LAST_ROW: Final = 2 * MAX_ROWS
"""Rows of a workbook that are looked at, empty ones among them."""
MAX_COLUMNS: Final = 200
_HEADERS: Final[Mapping[str, str]] = {
    **{name: name for name in COLUMNS},
    "کد": "code",
    "کد_داوطلب": "code",
    "مرکز": "centre",
    "کد_مرکز": "centre",
    "center": "centre",
    "centre_code": "centre",
    "مهارت": "skills",
    "مهارتها": "skills",
    "مهارت_ها": "skills",
    "skill": "skills",
    "زبان": "languages",
    "زبانها": "languages",
    "زبان_ها": "languages",
    "language": "languages",
    "جنسیت": "gender",
    "جنس": "gender",
    "sex": "gender",
    "خودرو": "vehicle",
    "وسیله": "vehicle",
    "وسیله_نقلیه": "vehicle",
    "ظرفیت": "capacity_kg",
    "ظرفیت_کیلوگرم": "capacity_kg",
    "capacity": "capacity_kg",
    "نام": "name",
    "نام_و_نام_خانوادگی": "name",
    "full_name": "name",
    "تلفن": "phone",
    "شماره": "phone",
    "شماره_تلفن": "phone",
    "تلفن_همراه": "phone",
    "شماره_همراه": "phone",
    "موبایل": "phone",
    "mobile": "phone",
    "number": "phone",
}
"""A header as people write it → our column."""
_MARKS: Final = str.maketrans({"ي": "ی", "ك": "ک", "ٔ": None, "\u200c": None, "\ufeff": None, "ۀ": "ه"})
_BETWEEN: Final = re.compile(r"[\s_\-()]+")
_ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows`: (line or row number in the file, column → text without edges); `ignored`: headers that are not ours."""

    rows: list[tuple[int, dict[str, str]]]
    columns: frozenset[str]
    ignored: list[str]


def read(data: bytes) -> Sheet:
    """A file's rows. Raises a 413 or 422 problem for what is too large, unreadable or bears none of our headers."""
    if len(data) > MAX_BYTES:
        raise _too_large()
    lines = _workbook(data) if data.startswith(_ZIP) else _csv(data)
    filled = ((number, cells) for number, cells in lines if any(cells))
    _, header = next(filled, (0, []))
    names = [column_of(cell) for cell in header[:MAX_COLUMNS]]
    if not {"code", "phone"} & set(names):
        raise Problem(
            422,
            "import.columns",
            "The first row names no column for a code or a phone number.",
            "در ردیف نخست، ستونی برای کد یا شمارهٔ تلفن نیست.",
        )
    rows = []
    for number, cells in itertools.islice(filled, MAX_ROWS + 1):
        row = dict.fromkeys(COLUMNS, "")
        row |= {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}
        rows.append((number, row))
    if len(rows) > MAX_ROWS:
        raise _too_large()
    ignored = [cell[:80] for cell, name in zip(header, names, strict=False) if cell and not name]
    return Sheet(rows, frozenset(name for name in names if name), ignored)


def column_of(header: str) -> str | None:
    """Our column for a header; None for one that is not ours."""
    return _HEADERS.get(_BETWEEN.sub("_", header.translate(_MARKS).strip().casefold()).strip("_"))


def _too_large() -> Problem:
    return Problem(
        413,
        "import.too_large",
        f"More than {MAX_ROWS} rows or {MAX_BYTES // 1_000_000} MB; divide the file.",
        "پرونده بیش از اندازه بزرگ است؛ آن را بخش کنید.",
    )


def _unreadable() -> Problem:
    return Problem(422, "import.unreadable", "This file is neither CSV nor XLSX.", "این پرونده نه CSV است و نه XLSX.")


def _csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """UTF-8, UTF-16 with its mark, or the Arabic code page in which old spreadsheets save Persian."""
    if b"\0" in data and data[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        raise _unreadable()
    try:
        text = data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1256", "replace")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        for cells in reader:
            yield reader.line_num, [_plain(cell) for cell in cells]
    except csv.Error:
        raise _unreadable() from None


def _workbook(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The first sheet that has anything in it."""
    from openpyxl import load_workbook  # noqa: PLC0415 - a second's work that most processes never need

    try:
        _check_size(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on styles that no list needs
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            try:
                for sheet in book.worksheets:
                    # A row may say that it is the billionth: what is missing before it would be filled up, row by row.
                    filled = sheet.iter_rows(max_row=LAST_ROW, max_col=MAX_COLUMNS, values_only=True)
                    rows = enumerate(filled, start=1)
                    first = next(((n, cells) for n, cells in rows if any(c is not None for c in cells)), None)
                    if first:
                        yield from _texts(itertools.chain([first], rows))
                        return
            finally:
                book.close()
    except Problem:
        raise
    except Exception:  # noqa: BLE001 - whatever a library does with a hostile file, we answer
        raise _unreadable() from None


def _check_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
        raise _too_large()


def _texts(rows: Iterable[tuple[int, tuple[object, ...]]]) -> Iterator[tuple[int, list[str]]]:
    for number, cells in rows:
        yield number, ["" if cell is None else _plain(_number(cell)) for cell in cells]


def _number(cell: object) -> str:
    """A sheet keeps telephone numbers as numbers: 9120000123.0 is 9120000123."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _plain(cell: str) -> str:
    """Without edges, NUL, and the apostrophe that keeps a spreadsheet from taking a number for a formula."""
    text = cell.replace("\0", "").strip()
    return text[1:] if text[:1] == "'" else text
