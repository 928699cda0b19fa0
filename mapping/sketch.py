"""A small map as one SVG: what a volunteer needs to set out, drawn from our own places and Natural Earth.

No tile, no script, no request: it comes with the page and is some kilobytes small (`MOST_BYTES` at most). Pure. Degrees
WGS 84; a plain projection true to scale at the middle of the view, good to some hundred kilometres.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from math import atan2, cos, degrees, hypot, radians
from typing import Any, Final, Literal

from mapping.cutting import Line, clip_line, clip_ring, thinned

WIDTH: Final = 320
HEIGHT: Final = 210
MOST_BYTES: Final = 15_000
LEAST_M: Final = 2_500.0
"""Half the height of the smallest view: a blurred point on a finer map would look exact."""
DEGREE_M: Final = 111_320.0
_PAD: Final = 1.32
_FINE_PX: Final = 1.5
_NAMES: Final = 12
_SIGNPOSTS: Final = 4
_RIM: Final = 9.0
_PIN_PX: Final = 19.0
_FONT: Final = 13.0
_EDGE: Final = 4.0
_BAR: Final = 110.0
_NICE: Final = tuple(step * 10**power for power in range(7) for step in (1, 2, 5))
_BMP_ARABIC: Final = ("\u0600", "\u06ff")
Kind = Literal["task", "centre", "me", "other"]
Box = tuple[float, float, float, float]
_PIN: Final = "M0 0C-4-9-10-13-10-20a10 10 0 0 1 20 0C10-13 4-9 0 0z"
_SHAPES: Final[Mapping[Kind, str]] = {
    "task": _PIN,
    "other": _PIN,
    "centre": "M-8 7V-1L0-8L8-1V7H2V2H-2V7z",
    "me": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
}
_ABOVE: Final[Mapping[Kind, float]] = {"task": 30, "other": 30, "centre": 9, "me": 9}
"""How far a mark reaches above its point, in pixels of the view."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that must be seen. `radius_m`: how far off it may be; `text`: one or two signs inside a pin."""

    kind: Kind
    lon: float
    lat: float
    label: str = ""
    radius_m: float = 0.0
    text: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """A named place; those with more `weight` are written first."""

    lon: float
    lat: float
    name: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies beneath: rings of land, and lines. Empty: the view is land as far as anybody knows."""

    land: tuple[Line, ...] = ()
    coast: tuple[Line, ...] = ()
    border: tuple[Line, ...] = ()
    inner: tuple[Line, ...] = ()

    @classmethod
    def of(cls, pieces: Iterable[Mapping[str, Any]]) -> "Ground":
        """From squares as the browser build cuts them: packed differences, `scale` steps a degree."""
        found: dict[str, list[Line]] = {"land": [], "coast": [], "border": [], "inner": []}
        for piece in pieces:
            for name, lines in found.items():
                lines += [_unpacked(one, piece["scale"]) for one in piece[name]]
        return cls(**{name: tuple(lines) for name, lines in found.items()})


def _unpacked(packed: Sequence[int], scale: float) -> Line:
    line, x, y = [], 0, 0
    for at in range(0, len(packed) - 1, 2):
        x, y = x + packed[at], y + packed[at + 1]
        line.append((x / scale, y / scale))
    return tuple(line)


@dataclass(frozen=True, slots=True)
class View:
    """What part of the earth is shown: its middle in degrees, and metres a pixel."""

    lon: float
    lat: float
    m_px: float

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Pixels from the upper left corner."""
        east = ((lon - self.lon + 180) % 360 - 180) * DEGREE_M * max(cos(radians(self.lat)), 0.05)
        return WIDTH / 2 + east / self.m_px, HEIGHT / 2 - (lat - self.lat) * DEGREE_M / self.m_px

    @property
    def box(self) -> Box:
        """West, south, east, north; the date line is not crossed."""
        across = WIDTH / 2 * self.m_px / (DEGREE_M * max(cos(radians(self.lat)), 0.05))
        down = HEIGHT / 2 * self.m_px / DEGREE_M
        west, east = max(-180.0, self.lon - across), min(180.0, self.lon + across)
        return west, max(-90.0, self.lat - down), east, min(90.0, self.lat + down)


def view_of(marks: Sequence[Mark]) -> View:
    """The view that holds all the marks with some room around them."""
    if not marks:
        raise ValueError("a map of nothing")
    first = marks[0].lon
    # Counted from the first mark, so that neighbours on both sides of the date line stay neighbours.
    lons = [first + ((mark.lon - first + 180) % 360 - 180) for mark in marks]
    lats = [mark.lat for mark in marks]
    lon, lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    wide = (max(lons) - min(lons)) * DEGREE_M * max(cos(radians(lat)), 0.05)
    tall = (max(lats) - min(lats)) * DEGREE_M
    near = max(LEAST_M, *(mark.radius_m * 1.2 for mark in marks))
    half = max(near, wide / 2 * HEIGHT / WIDTH * _PAD, tall / 2 * _PAD)
    # A pin stands above its point: the view is moved up a little, so that none leaves it.
    return View((lon + 180) % 360 - 180, max(-89.0, min(89.0, lat + half / DEGREE_M * 0.08)), half * 2 / HEIGHT)


@dataclass(slots=True)
class Sketch:
    """The finished picture; templates put it in as it is."""

    svg: str

    def __html__(self) -> str:
        """Every word in it is escaped where it is written."""
        return self.svg


@dataclass(slots=True)
class _Page:
    """Where nothing more may be written."""

    taken: list[Box] = field(default_factory=list)

    def free(self, box: Box) -> bool:
        inside = box[0] >= _EDGE and box[1] >= _EDGE and box[2] <= WIDTH - _EDGE and box[3] <= HEIGHT - _EDGE
        return inside and not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in self.taken
        )

    def label(self, x: float, y: float, text: str, away: float, css: str) -> str | None:
        """The text beside a point, where there is room; None where there is none."""
        width = _FONT * sum(0.45 if _BMP_ARABIC[0] <= sign <= _BMP_ARABIC[1] else 0.55 for sign in text) + 4
        tall = _FONT + 3
        for left, top, anchor, at in (
            (x + away, y - tall / 2, "start", x + away),
            (x - away - width, y - tall / 2, "end", x - away),
            (x - width / 2, y + away, "middle", x),
            (x - width / 2, y - away - tall, "middle", x),
        ):
            box = (left, top, left + width, top + tall)
            if self.free(box):
                self.taken.append(box)
                where = "" if anchor == "start" else f' text-anchor="{anchor}"'
                # Isolated, so that a number beside Persian words stands where Persian puts it.
                said = f"\u2068{escape(text)}\u2069"
                return f'<text class="{css}" x="{at:.0f}" y="{top + _FONT:.0f}"{where}>{said}</text>'
        return None


def draw(
    view: View,
    marks: Sequence[Mark],
    *,
    label: str,
    say_km: Callable[[float], str],
    spots: Sequence[Spot] = (),
    beyond: Sequence[Spot] = (),
    closed: Sequence[Line] = (),
    ground: Ground | None = None,
) -> Sketch:
    """The picture of a view: `marks` above everything, `closed` roads, names as far as there is room.

    `beyond`: known places outside the view, nearest first; some stand at its rim like signposts, with their distance.
    `label` says it all to who cannot see it; `say_km` writes a distance of so many kilometres. Colours and strokes are
    the style sheet's: classes `sketch__…`.
    """
    page = _Page()
    points = _spread([(mark, *view.at(mark.lon, mark.lat)) for mark in marks])
    for mark, x, y in points:
        page.taken.append((x - 11, y - _ABOVE[mark.kind], x + 11, y + 8))
    bar = _scale_bar(view, page, say_km)
    must = [*_ways(points), *_pins(points, view), bar]
    wish = [*_barriers(view, closed), *_names(view, points, spots, page), *_signposts(view, beyond, page, say_km)]
    head = (
        f'<svg class="sketch" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" direction="ltr" aria-label="{escape(label)}">'
    )
    sea = ground is not None and bool(ground.land)
    floor = f'<path class="sketch__{"sea" if sea else "land"}" d="M0 0H{WIDTH}V{HEIGHT}H0z"/>'
    room = MOST_BYTES - sum(len(part.encode()) for part in (head, floor, *must)) - len("</svg>")
    names, room = _fitting(wish, room)
    below, _ = _fitting(_floor(view, ground) if ground else (), room)
    # Where land itself did not fit, the view must not look like a sea.
    if sea and not any("sketch__land" in part for part in below):
        floor = floor.replace("sketch__sea", "sketch__land") if _on_land(view, ground) else floor
    return Sketch("".join((head, floor, *below, *names, *must, "</svg>")))


def _spread(points: Sequence[tuple[Mark, float, float]]) -> list[tuple[Mark, float, float]]:
    """Numbered pins beside one another where they would hide each other: their points are coarse anyway."""
    spread: list[tuple[Mark, float, float]] = []
    for mark, x, y in points:
        at = x
        if mark.kind == "other":
            pins = [px for other, px, py in spread if other.kind == "other" and abs(py - y) < _PIN_PX]
            for away in (0, 1, -1, 2, -2, 3, -3, 4, -4):
                at = x + away * _PIN_PX
                if _PIN_PX <= at <= WIDTH - _PIN_PX and all(abs(at - px) >= _PIN_PX - 1 for px in pins):
                    break
            else:
                at = x
        spread.append((mark, at, y))
    return spread


def _fitting(parts: Iterable[str], room: int) -> tuple[list[str], int]:
    kept = []
    for part in parts:
        size = len(part.encode())
        if size <= room:
            kept.append(part)
            room -= size
    return kept, room


def _on_land(view: View, ground: Ground | None) -> bool:
    """Whether any land touches the view at all."""
    return ground is not None and any(clip_ring(ring, view.box) for ring in ground.land)


def _floor(view: View, ground: Ground) -> Iterator[str]:
    for name, lines in (("land", ground.land), ("coast", ground.coast), ("border", ground.border)):
        if path := _path(view, lines, closed=name == "land"):
            yield f'<path class="sketch__{name}" d="{path}"/>'
    if path := _path(view, ground.inner, closed=False):
        yield f'<path class="sketch__inner" d="{path}"/>'


def _path(view: View, lines: Sequence[Line], *, closed: bool) -> str:
    box, parts = view.box, []
    for line in lines:
        for piece in [clip_ring(line, box)] if closed else clip_line(line, box):
            points = thinned([view.at(*point) for point in piece], _FINE_PX)
            if len(points) > (2 if closed else 1):
                parts.append("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in points) + ("z" if closed else ""))
    return "".join(parts)


def _barriers(view: View, closed: Sequence[Line]) -> Iterator[str]:
    """Roads that nobody passes, each with a cross at its middle; a single point is a cross alone."""
    for line in closed:
        points = thinned([view.at(*point) for point in line], _FINE_PX)
        if not points:
            continue
        x, y = points[len(points) // 2]
        if not (0 <= x <= WIDTH and 0 <= y <= HEIGHT):
            continue
        if len(points) > 1:
            path = "L".join(f"{px:.0f} {py:.0f}" for px, py in points[:200])
            yield f'<path class="sketch__closed" d="M{path}"/>'
        yield f'<path class="sketch__cross" d="M{x - 5:.0f} {y - 5:.0f}l10 10m0-10l-10 10"/>'


def _ways(points: Sequence[tuple[Mark, float, float]]) -> Iterator[str]:
    """From where one is, else from the centre, to the task: as a bird flies, so dashed."""
    starts = [(x, y) for kind in ("me", "centre") for mark, x, y in points if mark.kind == kind]
    ends = [(x, y) for mark, x, y in points if mark.kind == "task"]
    if starts and len(ends) == 1:
        (ax, ay), (bx, by) = starts[0], ends[0]
        if hypot(bx - ax, by - ay) > 2 * _FONT:
            yield f'<path class="sketch__way" d="M{ax:.0f} {ay:.0f}L{bx:.0f} {by:.0f}"/>'


def _pins(points: Sequence[tuple[Mark, float, float]], view: View) -> Iterator[str]:
    order = {"centre": 0, "me": 1, "other": 2, "task": 3}
    # The pins that stand lower on the map stand before those behind them.
    for mark, x, y in sorted(points, key=lambda one: (order[one[0].kind], one[2])):
        if mark.radius_m / view.m_px > _EDGE:
            size = mark.radius_m / view.m_px
            yield f'<circle class="sketch__about" cx="{x:.0f}" cy="{y:.0f}" r="{size:.0f}"/>'
        tone = f" sketch__{mark.kind}--{escape(mark.tone)}" if mark.tone else ""
        text = f'<text class="sketch__no" y="-15" text-anchor="middle">{escape(mark.text)}</text>' if mark.text else ""
        shape = f'<path d="{_SHAPES[mark.kind]}"/>'
        at = f"translate({x:.0f} {y:.0f})"
        yield f'<g class="sketch__{mark.kind}{tone}" transform="{at}">{shape}{text}</g>'


def _names(
    view: View, points: Sequence[tuple[Mark, float, float]], spots: Sequence[Spot], page: _Page
) -> Iterator[str]:
    for mark, x, y in points:
        if mark.label and (text := page.label(x, y, mark.label, 13, "sketch__mine")):
            yield text
    said = {mark.label for mark, _, _ in points if mark.label}
    for written, spot in enumerate(
        spot for spot in sorted(spots, key=lambda one: (-one.weight, one.name)) if spot.name not in said
    ):
        if written >= 4 * _NAMES:
            return
        x, y = view.at(spot.lon, spot.lat)
        dot = (x - 3, y - 3, x + 3, y + 3)
        if not page.free(dot):
            continue
        if text := page.label(x, y, spot.name, 6, "sketch__name"):
            page.taken.append(dot)
            yield f'<circle class="sketch__spot" cx="{x:.0f}" cy="{y:.0f}" r="2.500"/>{text}'


def _signposts(view: View, beyond: Sequence[Spot], page: _Page, say_km: Callable[[float], str]) -> Iterator[str]:
    """Which way the next towns lie, one for each of eight directions."""
    sides: set[int] = set()
    for spot in beyond:
        x, y = view.at(spot.lon, spot.lat)
        dx, dy = x - WIDTH / 2, y - HEIGHT / 2
        side = round(degrees(atan2(dy, dx)) / 45) % 8
        if len(sides) >= _SIGNPOSTS or side in sides or (0 <= x <= WIDTH and 0 <= y <= HEIGHT):
            continue
        share = min((WIDTH / 2 - _RIM) / max(abs(dx), 1e-9), (HEIGHT / 2 - _RIM) / max(abs(dy), 1e-9))
        x, y = WIDTH / 2 + dx * share, HEIGHT / 2 + dy * share
        far = round(hypot(dx, dy) * view.m_px / 1000)
        if text := page.label(x, y, f"{spot.name} {say_km(far)}", 9, "sketch__name"):
            sides.add(side)
            turn = round(degrees(atan2(dy, dx)))
            at = f"translate({x:.0f} {y:.0f}) rotate({turn})"
            yield f'<path class="sketch__to" transform="{at}" d="M6 0l-9 5v-10z"/>{text}'


def _scale_bar(view: View, page: _Page, say_km: Callable[[float], str]) -> str:
    """A bar of a round length below on the left, and which way north is."""
    length_m = max((n for n in _NICE if n * 100 / view.m_px <= _BAR), default=1) * 100
    length = length_m / view.m_px
    page.taken.append((0, HEIGHT - 26, max(length, 60) + 14, HEIGHT))
    page.taken.append((WIDTH - 26, 0, WIDTH, 34))
    said = f"\u2068{escape(say_km(length_m / 1000))}\u2069"
    return (
        f'<path class="sketch__bar" d="M8 {HEIGHT - 12}v4h{length:.0f}v-4"/>'
        f'<text class="sketch__km" x="{8 + length / 2:.0f}" y="{HEIGHT - 14}" text-anchor="middle">{said}</text>'
        f'<path class="sketch__north" d="M{WIDTH - 14} 8l6 18-6-4-6 4z"/>'
    )
