"""One map sheet as SVG: ground, grid, numbered marks, scale and north.

Shapes and edges tell what colour tells, so it prints grey. Pure; every word is escaped here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from math import cos, hypot, sin, sqrt
from typing import Final

from mapping.cutting import Line, clip_line, clip_ring, thinned
from mapping.paper.frame import Box, Frame, dms, graticule, scale_bar
from mapping.sketch import Ground

FINE_MM: Final = 0.3
MARGIN_MM: Final = 6.0
"""Around the frame: letters, numbers and degrees stand there."""
NAMES_MOST: Final = 60
_FONT_MM: Final = 3.0
_DOT_MM: Final = 0.8
_APART_MM: Final = 6.4
_TURNS: Final = 160
_GOLDEN: Final = 2.399963
_LAST: Final = 1_000_000
_LOW: Final[Mapping[str, float]] = {"incidents": 2.2, "needs": 0.2, "shelters": 2.2, "centres": 2.0}
_ARROWS: Final[Mapping[str, str]] = {"n": "↑", "s": "↓", "w": "←", "e": "→"}
SHAPES: Final[Mapping[str, str]] = {
    "needs": "M0 4.200C-1.500 2.300-3 1-3-1a3 3 0 0 1 6 0c0 2-1.500 3.300-3 5.200z",
    "incidents": "M0-3.600 3.700 3H-3.700z",
    "tasks": "M-3-3H3V3H-3z",
    "closures": "M-1.400-3.400H1.400L3.400-1.400V1.400L1.400 3.400H-1.400L-3.400 1.400V-1.400z",
    "centres": "M-3.200 3.200V-.4L0-3.400 3.200-.4V3.200z",
    "movements": "M-1.800-2.200H1.800A2.200 2.200 0 0 1 1.800 2.200H-1.800A2.200 2.200 0 0 1-1.800-2.200z",
    "shelters": "M-3.600 3 0-3.400 3.600 3z",
}
"""Outlines in millimetres about their point, one a layer."""
TONES: Final = ("life", "high", "normal", "none")
STYLE: Final = """
.sea{fill:#e3edf2}.land{fill:#fbfaf6}.coast{fill:none;stroke:#7f99a8;stroke-width:.2}
.border{fill:none;stroke:#7d6a60;stroke-width:.4;stroke-dasharray:2 .8}
.inner{fill:none;stroke:#a79c92;stroke-width:.2;stroke-dasharray:1 .8}
.lines{fill:none;stroke:#5d7886;stroke-width:.1}
.squares{fill:none;stroke:#222;stroke-width:.12;stroke-dasharray:.6 1}
.rim{fill:none;stroke:#111;stroke-width:.5}.degrees{font-size:2.100px;fill:#444}
.letters{font-size:3.400px;font-weight:700;fill:#111}.spot{fill:#222}
.name{font-size:3px;fill:#222;paint-order:stroke;stroke:#fff;stroke-width:.7;stroke-linejoin:round}
.mark path{stroke:#111;stroke-width:.35}.life path{fill:#8e1616}.high path{fill:#e9a63f}
.normal path{fill:#fff;stroke:#124f9c;stroke-width:.6}.none path{fill:#fff;stroke-dasharray:.7 .5}
.fixed path{fill:#d5e6e2}.mark text{font-size:2.700px;font-weight:700;fill:#111}.life text{fill:#fff}
.over{opacity:.45}.shut{fill:none;stroke:#111;stroke-width:.9;stroke-dasharray:2 1}
.bar{fill:none;stroke:#111;stroke-width:.5}.said{font-size:2.800px;fill:#111}
.next{font-size:3.400px;font-weight:700;fill:#124f9c}
"""
"""Of paper, in the SVG itself: a sheet must look the same wherever it is put."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Something on the sheet with its number in the table; `tone`: urgency, or `fixed` for what stands there."""

    number: int
    layer: str
    lon: float
    lat: float
    tone: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A place whose name is written where there is room; those with more `weight` first."""

    lon: float
    lat: float
    name: str
    weight: float = 0.0


@dataclass(slots=True)
class Sheet:
    """What is drawn on one frame. `beside`: side (`n`, `e`, `s`, `w`) → the number of the sheet that lies there."""

    frame: Frame
    marks: Sequence[Numbered] = ()
    names: Sequence[Named] = ()
    shut: Sequence[Line] = ()
    ground: Ground = field(default_factory=Ground)
    beside: Mapping[str, str] = field(default_factory=dict)
    digits: Mapping[str, str] = field(default_factory=dict)
    """Latin digit → the reader's, for numbers on the sheet."""


def svg(sheet: Sheet, label: str, say_km: Mapping[str, str]) -> str:
    """The sheet and MARGIN_MM around it, in millimetres. `say_km`: the words `0`, `half`, `whole`, `north`."""
    frame = sheet.frame
    across, down = frame.width + 2 * MARGIN_MM, frame.height + 2 * MARGIN_MM
    view = f"{-MARGIN_MM} {-MARGIN_MM} {across} {down}"
    head = f'<svg class="sheet__map" xmlns="http://www.w3.org/2000/svg" viewBox="{view}" width="{across}mm"'
    head += f' height="{down}mm" role="img" direction="ltr" aria-label="{escape(label)}"><style>{STYLE}</style>'
    parts = [
        head,
        f'<clipPath id="f"><path d="M0 0H{frame.width}V{frame.height}H0z"/></clipPath><g clip-path="url(#f)">',
        f'<path class="{"sea" if sheet.ground.land else "land"}" d="M0 0H{frame.width}V{frame.height}H0z"/>',
        *_floor(frame, sheet.ground),
        *_lines(frame),
        *_shut(frame, sheet.shut),
        *_names(sheet),
        *_marks(sheet),
        *_bar(frame, say_km),
        "</g>",
        f'<path class="rim" d="M0 0H{frame.width}V{frame.height}H0z"/>',
        *_rim(sheet),
        "</svg>",
    ]
    return "".join(parts)


def _path(frame: Frame, lines: Iterable[Line], *, closed: bool) -> str:
    parts = []
    for line in lines:
        for piece in [clip_ring(line, frame.box)] if closed else clip_line(line, frame.box):
            points = thinned([frame.at(*point) for point in piece], FINE_MM)
            if len(points) > (2 if closed else 1):
                parts.append("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + ("z" if closed else ""))
    return "".join(parts)


def _floor(frame: Frame, ground: Ground) -> Iterator[str]:
    for name in ("land", "coast", "inner", "border"):
        if path := _path(frame, getattr(ground, name), closed=name == "land"):
            yield f'<path class="{name}" d="{path}"/>'


def _lines(frame: Frame) -> Iterator[str]:
    _, meridians, parallels = graticule(frame)
    south, north = frame.box[1], frame.box[3]
    west, east = frame.box[0], frame.box[2]
    down = "".join(f"M{frame.at(lon, north)[0]:.2f} 0V{frame.height}" for lon in meridians)
    across = "".join(f"M0 {frame.at(west, lat)[1]:.2f}H{frame.width}" for lat in parallels if south < lat < north)
    yield f'<path class="lines" d="{down}{across}"/>' if east > west else ""
    squares = "".join(f"M{frame.width * c / frame.columns:.2f} 0V{frame.height}" for c in range(1, frame.columns))
    squares += "".join(f"M0 {frame.height * r / frame.rows:.2f}H{frame.width}" for r in range(1, frame.rows))
    yield f'<path class="squares" d="{squares}"/>'


def _shut(frame: Frame, shut: Sequence[Line]) -> Iterator[str]:
    for line in shut:
        if path := _path(frame, [line], closed=False):
            yield f'<path class="shut" d="{path}"/>'


def _told(sheet: Sheet, text: str) -> str:
    return "".join(sheet.digits.get(sign, sign) for sign in text)


def placed(sheet: Sheet) -> list[tuple[Numbered, float, float]]:
    """Where each mark is drawn, lowest first: numbers that would hide each other stand around their point.

    A sunflower's spiral (Vogel, 1979) keeps them apart and as near as they can be.
    """
    frame = sheet.frame
    inside = []
    for mark in sheet.marks:
        x, y = frame.at(mark.lon, mark.lat)
        if 0 <= x <= frame.width and 0 <= y <= frame.height:
            inside.append((mark, x, y))
    taken: list[tuple[float, float]] = []
    found = []
    for mark, x, y in sorted(inside, key=lambda one: one[0].number or _LAST):
        at = (x, y)
        if mark.number:
            for turn in range(_TURNS):
                away, angle = _APART_MM * 0.62 * sqrt(turn), turn * _GOLDEN
                at = (x + away * cos(angle), y + away * sin(angle))
                if all(hypot(at[0] - tx, at[1] - ty) >= _APART_MM for tx, ty in taken):
                    break
            taken.append(at)
        found.append((mark, *at))
    return found[::-1]


def _marks(sheet: Sheet) -> Iterator[str]:
    # What has no number lies beneath; what presses most is drawn last.
    for mark, x, y in placed(sheet):
        tone = mark.tone if mark.tone in {*TONES, "fixed"} else "none"
        shape = SHAPES.get(mark.layer, SHAPES["tasks"])
        low = _LOW.get(mark.layer, 1.0)
        number = f'<text y="{low}" text-anchor="middle">{_told(sheet, str(mark.number))}</text>' if mark.number else ""
        faded = " over" if mark.over else ""
        yield f'<g class="mark {tone}{faded}" transform="translate({x:.2f} {y:.2f})"><path d="{shape}"/>{number}</g>'


def _names(sheet: Sheet) -> Iterator[str]:
    taken: list[Box] = []
    taken += [(x - 4, y - 4, x + 4, y + 5) for _, x, y in placed(sheet)]
    written = 0
    for spot in sorted(sheet.names, key=lambda one: (-one.weight, one.name)):
        if written >= NAMES_MOST:
            return
        x, y = sheet.frame.at(spot.lon, spot.lat)
        dot = (x - _DOT_MM, y - _DOT_MM, x + _DOT_MM, y + _DOT_MM)
        if not _free(dot, sheet.frame, taken):
            continue
        wide = _FONT_MM * 0.55 * len(spot.name) + 1
        for left, anchor, at in ((x + 1.5, "start", x + 1.5), (x - 1.5 - wide, "end", x - 1.5)):
            box = (left, y - 2.2, left + wide, y + 2.2)
            if _free(box, sheet.frame, taken):
                taken += [box, dot]
                written += 1
                said = f"\u2068{escape(spot.name)}\u2069"
                yield (
                    f'<circle class="spot" cx="{x:.2f}" cy="{y:.2f}" r=".6"/>'
                    f'<text class="name" x="{at:.2f}" y="{y + 1:.2f}" text-anchor="{anchor}">{said}</text>'
                )
                break


def _free(box: Box, frame: Frame, taken: Sequence[Box]) -> bool:
    inside = box[0] > 0 and box[1] > 0 and box[2] < frame.width and box[3] < frame.height
    return inside and not any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken)


def _text(css: str, x: float, y: float, text: str) -> str:
    return f'<text class="{css}" x="{x:.2f}" y="{y:.2f}" text-anchor="middle">{escape(text)}</text>'


def _bar(frame: Frame, say: Mapping[str, str]) -> Iterator[str]:
    _, long = scale_bar(frame)
    x, y = 6.0, frame.height - 7.0
    yield f'<path d="M{x - 3} {y - 6}h{long + 14:.2f}v11h-{long + 14:.2f}z" fill="#fff" opacity=".85"/>'
    yield f'<path class="bar" d="M{x} {y - 1.5}v3h{long:.2f}v-3M{x + long / 2:.2f} {y + 1.5}v-1.500"/>'
    for key, at in (("0", x), ("half", x + long / 2), ("whole", x + long)):
        yield _text("said", at, y - 2.5, f"\u2068{say[key]}\u2069")
    north = frame.width - 9
    yield f'<path d="M{north} 5l3.500 10-3.500-2.500-3.500 2.500z" fill="#111"/>'
    yield _text("said", north, 19, say["north"])


def _rim(sheet: Sheet) -> Iterator[str]:
    frame = sheet.frame
    for letter, x in frame.letters():
        for y in (-1.8, frame.height + 5.4):
            yield _text("letters", x, y, letter)
    for number, y in frame.numbers():
        for x in (-4.5, frame.width + 3.2):
            yield _text("letters", x, y + 1.4, _told(sheet, number))
    step, meridians, parallels = graticule(frame)
    for lon in meridians:
        yield _text("degrees", frame.at(lon, frame.box[1])[0], frame.height + 2.3, dms(lon, step, "EW"))
    for lat in parallels:
        y = frame.at(frame.box[0], lat)[1]
        yield f'<g transform="translate(-.8 {y:.2f}) rotate(-90)">{_text("degrees", 0, 0, dms(lat, step, "NS"))}</g>'
    spots = {
        "n": (frame.width / 2 + 12, 4.5),
        "s": (frame.width / 2 + 12, frame.height - 2.0),
        "w": (9.0, frame.height / 2 + 12),
        "e": (frame.width - 9, frame.height / 2 + 12),
    }
    for side, number in sheet.beside.items():
        yield _text("next", *spots[side], f"{_ARROWS[side]} {_told(sheet, number)}")
