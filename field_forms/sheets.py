"""Tables as CSV, GeoJSON and XLSX, written as they come and harmless to whoever opens them. Pure.

A spreadsheet takes a text that begins with `=`, `+`, `-`, `@`, a tab or a line end for a formula, which may then
send the whole sheet to a stranger. So in CSV such a text gets an apostrophe before it (and a text that begins with
an apostrophe gets one more, so that `unguard` gives every text back), and in XLSX texts are typed as texts.
"""

import csv
import json
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from field_forms.tables import Cell, Row

MAX_ROWS, MAX_COLUMNS, MAX_CELL = 1_048_576, 16_384, 32_767
"""What a sheet of XLSX holds; cells in UTF-16 units."""
MAX_SHEET_BYTES = 2**31
_SIGNS = "=+-@\t\r\n＝＋－＠"
_FORMULA = re.compile(f"[{re.escape(_SIGNS)}']")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_NAME_SIGNS = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
MAX_NAME = 31
_CHUNK = 64 * 1024
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts><fills count="2"><fill>'
    '<patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders '
    'count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf fontId="1" '
    'applyFont="1"/><xf quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_BOLD, _QUOTED = 1, 2


def guard(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text[1:]) else text


class _Line:
    """Takes what the csv module writes."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)


def write_csv(headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """UTF-8 with its mark (Excel reads Persian only so), every text quoted (a `;` splits in many countries)."""
    line = _Line()
    writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC)
    line.text = "\ufeff"
    writer.writerow([guard(_clean(name)) for name in headers])
    for cells in rows:
        writer.writerow([guard(_clean(cell)) if isinstance(cell, str) else cell for cell in cells])
        if len(line.text) >= _CHUNK:
            yield line.text.encode()
            line.text = ""
    yield line.text.encode()


def _clean(text: str) -> str:
    """Without NUL and halves of signs, which many readers choke on."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def write_geojson(features: Iterable[dict[str, object]]) -> Iterator[bytes]:
    """A FeatureCollection, a feature a line."""
    yield b'{"type":"FeatureCollection","features":['
    between = b"\n"
    for feature in features:
        yield between + json.dumps(feature, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        between = b",\n"
    yield b"\n]}\n"


@dataclass(slots=True)
class _Member:
    """A file within the workbook: its compressed bytes as they come, and what its directory entry needs."""

    name: str
    packer: "zlib._Compress" = field(default_factory=lambda: zlib.compressobj(6, zlib.DEFLATED, -15))
    crc: int = 0
    size: int = 0
    packed: int = 0
    start: int = 0
    held: list[bytes] = field(default_factory=list)

    def add(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        self.crc, self.size = zlib.crc32(data, self.crc), self.size + len(data)
        self.keep(self.packer.compress(data))

    def keep(self, data: bytes) -> None:
        if data:
            self.held.append(data)
            self.packed += len(data)

    def take(self) -> Iterator[bytes]:
        yield from self.held
        self.held.clear()

    def entry(self, sizes: tuple[int, int, int]) -> bytes:
        # Flags: sizes follow the data (3), the name is UTF-8 (11). The date is the format's first: 1980-01-01.
        return struct.pack("<HHHHHIIIHH", 20, 0x0808, 8, 0, 0x21, *sizes, len(self.name.encode()), 0)

    def head(self) -> bytes:
        return b"PK\x03\x04" + self.entry((0, 0, 0)) + self.name.encode()

    def tail(self) -> bytes:
        return b"PK\x07\x08" + struct.pack("<III", self.crc, self.packed, self.size)

    def listed(self) -> bytes:
        entry = self.entry((self.crc, self.packed, self.size))
        return b"PK\x01\x02\x14\x00" + entry + struct.pack("<HHHII", 0, 0, 0, 0, self.start) + self.name.encode()


@dataclass(slots=True)
class _Sheet:
    """One sheet being written; a full one is followed by another of the same table."""

    title: str
    member: _Member
    headers: Sequence[str]
    rows: int = 0

    def begin(self, *, rtl: bool) -> None:
        side = ' rightToLeft="1"' if rtl else ""
        self.member.add(
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{side} workbookViewId="0"><pane ySplit="1" '
            'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
        )
        self.add(self.headers, _BOLD)

    def add(self, cells: Sequence[Cell], style: int = 0) -> None:
        self.rows += 1
        if len(cells) > MAX_COLUMNS:  # a sheet ends here: its last column tells the others
            beyond = zip(self.headers[MAX_COLUMNS - 1 :], cells[MAX_COLUMNS - 1 :], strict=True)
            said = "\n".join(name if style else f"{name}={cell}" for name, cell in beyond if cell is not None)
            cells = (*cells[: MAX_COLUMNS - 1], said)
        self.member.add(f"<row>{''.join(_cell(cell, style) for cell in cells)}</row>")

    def end(self) -> None:
        self.member.add("</sheetData></worksheet>")
        self.member.keep(self.member.packer.flush())

    @property
    def full(self) -> bool:
        return self.rows >= MAX_ROWS or self.member.size >= MAX_SHEET_BYTES


def _cell(cell: Cell, style: int) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if not isinstance(cell, str):
        return f"<c><v>{cell!r}</v></c>"
    if not style and _FORMULA.match(cell):
        style = _QUOTED
    styled = f' s="{style}"' if style else ""
    return f'<c t="inlineStr"{styled}><is><t xml:space="preserve">{_text(cell)}</t></is></c>'


def _text(text: str) -> str:
    """A cell's text, cut to what a cell holds, with signs that XML cannot hold as `_xHHHH_`."""
    if len(text) > MAX_CELL // 2 and len(text.encode("utf-16-le", "replace")) // 2 > MAX_CELL:
        text = text.encode("utf-16-le", "replace")[: 2 * (MAX_CELL - 1)].decode("utf-16-le", "ignore") + "…"
    text = _CONTROL.sub(lambda match: f"_x{ord(match.group()):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def sheet_names(wanted: Iterable[str]) -> list[str]:
    r"""Names that a workbook accepts, each once: at most 31 signs, none of `[]:*?/\`, no apostrophe at an end."""
    taken = {"history"}  # kept by Excel for itself
    found: list[str] = []
    for name in wanted:
        tidy = _NAME_SIGNS.sub("_", name)[:MAX_NAME].strip("' ") or "sheet"
        number, title = 2, tidy
        while title.lower() in taken:
            end = f" ({number})"
            title, number = tidy[: MAX_NAME - len(end)] + end, number + 1
        taken.add(title.lower())
        found.append(title)
    return found


def write_xlsx(
    tables: Sequence[tuple[str, Sequence[str]]], rows: Iterable[Row], *, rtl: bool = True
) -> Iterator[bytes]:
    """A workbook with a sheet for each of `tables` (name, headers); `rtl` for Persian.

    The first sheet goes out as its rows come; the others wait, compressed, until it is whole. A row beyond what a
    sheet holds goes to a further sheet of the same name.
    """
    book = _Book(tables, rtl=rtl)
    yield from book.first()
    for row in rows:
        book.add(row)
        yield from book.ready()
    yield from book.rest()


class _Book:
    def __init__(self, tables: Sequence[tuple[str, Sequence[str]]], *, rtl: bool) -> None:
        self.tables, self.rtl, self.at = tables, rtl, 0
        self.sheets: list[list[_Sheet]] = [[] for _ in tables]
        self.written: list[_Member] = []
        for number in range(len(tables)):
            self.open(number)

    def open(self, number: int) -> _Sheet:
        title, headers = self.tables[number]
        count = sum(len(held) for held in self.sheets)
        sheet = _Sheet(title, _Member(f"xl/worksheets/sheet{count + 1}.xml"), headers)
        sheet.begin(rtl=self.rtl)
        self.sheets[number].append(sheet)
        return sheet

    def add(self, row: Row) -> None:
        sheet = self.sheets[row.table][-1]
        if sheet.full:
            sheet.end()
            sheet = self.open(row.table)
        sheet.add(row.cells)

    def out(self, data: bytes) -> bytes:
        self.at += len(data)
        return data

    def begin(self, member: _Member) -> bytes:
        member.start = self.at
        return self.out(member.head())

    def finish(self, member: _Member) -> Iterator[bytes]:
        yield from map(self.out, member.take())
        yield self.out(member.tail())
        self.written.append(member)

    def first(self) -> Iterator[bytes]:
        yield self.begin(self.sheets[0][0].member)

    def ready(self) -> Iterator[bytes]:
        """What is compressed of the first sheet; further sheets of its table wait like the others."""
        yield from map(self.out, self.sheets[0][0].member.take())

    def rest(self) -> Iterator[bytes]:
        every = [sheet for held in self.sheets for sheet in held]
        for held in self.sheets:
            held[-1].end()
        for sheet in every:
            if sheet is not every[0]:
                yield self.begin(sheet.member)
            yield from self.finish(sheet.member)
        for name, text in self.parts(every):
            member = _Member(name)
            member.add(text)
            member.keep(member.packer.flush())
            yield self.begin(member)
            yield from self.finish(member)
        start = self.at
        listed = b"".join(member.listed() for member in self.written)
        count = len(self.written)
        yield self.out(listed)
        yield b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), start, 0)

    @staticmethod
    def parts(every: Sequence[_Sheet]) -> Iterator[tuple[str, str]]:
        titles = [_text(title).replace('"', "&quot;") for title in sheet_names(sheet.title for sheet in every)]
        files = [sheet.member.name for sheet in every]
        listed = "".join(
            f'<sheet name="{title}" sheetId="{number}" r:id="r{number}"/>' for number, title in enumerate(titles, 1)
        )
        tied = "".join(
            f'<Relationship Id="r{number}" Type="{_DOCUMENT}/worksheet" Target="/{name}"/>'
            for number, name in enumerate(files, 1)
        )
        typed = "".join(
            f'<Override PartName="/{name}" ContentType="{_TYPE}.{kind}+xml"/>'
            for name, kind in [
                ("xl/workbook.xml", "sheet.main"),
                ("xl/styles.xml", "styles"),
                *((name, "worksheet") for name in files),
            ]
        )
        yield "xl/styles.xml", _STYLES
        yield (
            "xl/workbook.xml",
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>{listed}</sheets></workbook>',
        )
        yield (
            "xl/_rels/workbook.xml.rels",
            (
                f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{tied}<Relationship Id="rs" '
                f'Type="{_DOCUMENT}/styles" Target="/xl/styles.xml"/></Relationships>'
            ),
        )
        yield (
            "_rels/.rels",
            (
                f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
                f'Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
        )
        yield (
            "[Content_Types].xml",
            (
                f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
                '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
                f'ContentType="application/xml"/>{typed}</Types>'
            ),
        )
