"""An atlas as one HTML document whose pages are sheets of paper: any browser prints it. Pure."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from mapping.paper.sheet import MARGIN_MM, SHAPES, STYLE, TONES

SIZES: Final[Mapping[str, tuple[float, float]]] = {"a4": (210.0, 297.0), "a3": (297.0, 420.0)}
"""Width and height in millimetres, upright (ISO 216)."""
EDGE_MM: Final = 8.0
HEAD_MM: Final = 24.0
TABLE_MM: Final = 92.0
ROW_MM: Final = 5.4
SHARE: Final = 0.62
"""How much of an upright sheet the map takes."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet's size; `across`: lying on its long side."""

    size: str = "a4"
    across: bool = True

    @property
    def mm(self) -> tuple[float, float]:
        """Width and height."""
        short, long = SIZES[self.size]
        return (long, short) if self.across else (short, long)

    @property
    def map_mm(self) -> tuple[float, float]:
        """Width and height of the map's frame, without its rim."""
        width, height = self.mm
        if self.across:
            return width - 2 * EDGE_MM - TABLE_MM - 2 * MARGIN_MM, height - 2 * EDGE_MM - HEAD_MM - 2 * MARGIN_MM
        return width - 2 * EDGE_MM - 2 * MARGIN_MM, (height - 2 * EDGE_MM - HEAD_MM) * SHARE - 2 * MARGIN_MM

    @property
    def rows(self) -> int:
        """Lines of the table that fit beside or under the map."""
        _, height = self.mm
        free = height - 2 * EDGE_MM - HEAD_MM
        return int((free if self.across else free * (1 - SHARE)) / ROW_MM) - 5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a sheet's table: what stands at a number on the map."""

    number: str
    layer: str
    tone: str
    square: str
    code: str
    what: str
    more: str = ""


@dataclass(slots=True)
class Leaf:
    """One page: its map as SVG, its table, how many records are on the map and not in the table."""

    title: str
    svg: str
    lines: Sequence[Line] = ()
    rest: str = ""
    qr: str = ""


@dataclass(slots=True)
class Book:
    """The whole. `made`: when and of what; `words`: headings and the legend, by key; `layers`: code → label."""

    lang: str
    title: str
    made: str
    leaves: Sequence[Leaf]
    words: Mapping[str, str]
    layers: Mapping[str, str]
    paper: Paper = field(default_factory=Paper)
    numbers: Callable[[int], str] = str


_CSS: Final = """
@page{size:%(w)smm %(h)smm;margin:0}
*{box-sizing:border-box}body{margin:0;font-family:Vazirmatn,sans-serif;color:#111;background:#fff}
.leaf{width:%(w)smm;height:%(h)smm;padding:%(edge)smm;background:#fff;break-after:page;overflow:hidden;display:grid;
grid-template-rows:%(head)smm minmax(0,1fr);margin:0 auto 8mm;box-shadow:0 0 0 .2mm #bbb}
.leaf:last-child{break-after:auto}@media print{.leaf{margin:0;box-shadow:none}}
.head{display:flex;justify-content:space-between;align-items:start;gap:4mm}
h1{font-size:6.4mm;line-height:1.3;margin:0}.head p{font-size:3mm;margin:.5mm 0 0;color:#333}
.head svg{width:20mm;height:20mm;flex:none}
.body{display:grid;gap:3mm;min-height:0;%(grid)s}.body>svg{display:block}
table{border-collapse:collapse;width:100%%;font-size:2.9mm;table-layout:fixed}
th{text-align:start;font-weight:700;border-bottom:.4mm solid #111;padding:.4mm .8mm}
td{border-bottom:.15mm solid #999;padding:.3mm .8mm;height:%(row)smm;vertical-align:middle;overflow:hidden}
td div{max-height:%(row)smm;overflow:hidden;white-space:nowrap;text-overflow:ellipsis}
.no{width:8mm}.sq{width:12mm}.code{width:21mm;direction:ltr;text-align:start;unicode-bidi:isolate}
.no b{font-size:3.2mm}.rest{font-size:3mm;margin:1mm 0}
.legend{display:flex;flex-wrap:wrap;gap:1mm 4mm;font-size:2.9mm;margin:1.5mm 0 0;padding:0;list-style:none}
.legend svg{width:5mm;height:5mm;vertical-align:middle}
"""


def html(book: Book, font: bytes) -> str:
    """The document. Everything is in it: `font` (WOFF2), maps, pictures; it asks for nothing and runs nothing."""
    width, height = book.paper.mm
    map_width, map_height = book.paper.map_mm
    across = f"grid-template-columns:{map_width + 2 * MARGIN_MM}mm minmax(0,1fr)"
    upright = f"grid-template-rows:{map_height + 2 * MARGIN_MM}mm minmax(0,1fr)"
    css = _CSS % {
        "w": width,
        "h": height,
        "edge": EDGE_MM,
        "head": HEAD_MM,
        "row": ROW_MM - 0.9,
        "grid": across if book.paper.across else upright,
    }
    face = base64.b64encode(font).decode()
    leaves = "".join(_leaf(book, leaf, number) for number, leaf in enumerate(book.leaves, 1))
    return (
        f'<!doctype html><html lang="{book.lang}" dir="{"rtl" if book.lang == "fa" else "ltr"}"><head>'
        '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'; font-src data:\">"
        f"<title>{escape(book.title)}</title><style>@font-face{{font-family:Vazirmatn;font-weight:100 900;"
        f"src:url(data:font/woff2;base64,{face}) format('woff2')}}{css}{STYLE}</style></head>"
        f"<body>{leaves}</body></html>"
    )


def _leaf(book: Book, leaf: Leaf, number: int) -> str:
    words = book.words
    of = words["of"].replace("{n}", book.numbers(number)).replace("{all}", book.numbers(len(book.leaves)))
    head = f"<h1>{escape(leaf.title)}</h1><p>{escape(book.title)} · {escape(of)}</p><p>{escape(book.made)}</p>"
    table = "".join(
        f'<tr><td class="no"><b>{escape(line.number)}</b></td><td class="sq">{escape(line.square)}</td>'
        f'<td class="code"><div>{escape(line.code)}</div></td>'
        f"<td><div><b>{escape(line.what)}</b> {escape(line.more)}</div></td></tr>"
        for line in leaf.lines
    )
    columns = (
        f'<tr><th class="no">{escape(words["number"])}</th><th class="sq">{escape(words["square"])}</th>'
        f'<th class="code">{escape(words["code"])}</th><th>{escape(words["what"])}</th></tr>'
    )
    rest = f'<p class="rest">{escape(leaf.rest)}</p>' if leaf.rest else ""
    tabled = f"<table><thead>{columns}</thead><tbody>{table}</tbody></table>{rest}" if leaf.lines else rest
    return (
        f'<section class="leaf"><header class="head"><div>{head}</div>{leaf.qr}</header>'
        f'<div class="body">{leaf.svg}<div>{tabled}{_legend(book)}</div></div></section>'
    )


def _legend(book: Book) -> str:
    def row(shape: str, tone: str, text: str) -> str:
        picture = f'<svg viewBox="-5 -5 10 10"><g class="mark {tone}"><path d="{shape}"/></g></svg>'
        return f"<li>{picture} {escape(text)}</li>"

    tones = "".join(row(SHAPES["tasks"], tone, book.words[tone]) for tone in TONES)
    layers = "".join(row(SHAPES[code], "none", label) for code, label in book.layers.items() if code in SHAPES)
    return f'<ul class="legend">{tones}{layers}</ul>'
