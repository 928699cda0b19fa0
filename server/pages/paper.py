"""What is handed out of the map: what there is of a wish, and an atlas of sheets. Codes and shown points alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from math import floor
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import segno

from mapping.layers import BY_CODE
from mapping.paper import atlas, book, sheet
from mapping.paper.frame import Frame, frame_of, scale_bar
from mapping.sketch import Ground
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.pages import assets, dates, i18n
from server.pages import paper_queries as queries
from server.pages.me_map import lines_of
from server.standards import taxonomy

LAYERS: Final[Mapping[str, str]] = {
    "needs": "need.read",
    "incidents": "incident.read",
    "tasks": "task.read",
    "closures": "closure.read",
    "centres": "centre.read",
    "movements": "movement.read",
}
"""What may be handed out, and the permission it takes. Raw reports and where volunteers are never leave the house."""
USUAL: Final = ("needs", "incidents", "closures", "centres")
SHEETS_MOST: Final = 3000
PAGES_MOST: Final = 60
NAMES: Final = 90
TOWNS: Final = 300
CLOSED_MOST: Final = 300
IRAN: Final = (44.0, 25.0, 63.4, 39.8)
WORLD: Final = (-180.0, -90.0, 180.0, 90.0)
STATUS: Final[Mapping[str, str]] = {
    "open": "Open",
    "tasked": "A task is out",
    "met": "Met",
    "closed": "Closed",
    "resolved": "Resolved",
    "active": "Active",
    "inactive": "Closed",
    "lifted": "Open again",
    "queued": "Waiting in the queue",
    "claimed": "Claimed",
    "accepted": "Accepted",
    "en_route": "On the way",
    "escalated": "Needs a person now",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "in_transit": "On the road",
    "delivered": "Delivered",
    "lost": "Lost",
    "returned": "Brought back",
}
URGENCY: Final[Mapping[str, str]] = {
    "life": "Life in danger",
    "high": "Urgent",
    "normal": "Normal",
    "none": "Not urgent",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `box`: None for all that there is; `link`: where the live view is, for the QR."""

    lang: str = "fa"
    layers: tuple[str, ...] = USUAL
    box: queries.Bounds | None = None
    paper: book.Paper = field(default_factory=book.Paper)
    link: str = ""


@dataclass(slots=True)
class Gathered:
    """What the database has for a wish, of one moment."""

    emergency: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    totals: Mapping[str, int]
    at: datetime
    seq: int
    box: queries.Bounds
    towns: Sequence[Mapping[str, Any]] = ()


async def gather(
    conn: Conn, wish: Wish, asked: UUID | str | None, within: UUID | None, *, asking: bool, most: int
) -> Gathered:
    """The records of a wish. Raises 404 where there is no such emergency."""
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    found = await queries.emergency(conn, asked, within)
    if found is None:
        raise not_found("emergency")
    area = wish.box or WORLD
    records = await queries.records(conn, found["id"], wish.layers, area, asking=asking, most=most)
    totals = await queries.totals(conn, found["id"], wish.layers, area, asking=asking)
    box = wish.box or (atlas.box_of(records) if records else IRAN)
    towns = await queries.places(conn, frame_of(box, 300, 200, 0.5).box, TOWNS)
    return Gathered(found, records, totals, datetime.now(UTC), await queries.sealed(conn), box, towns)


def made(got: Gathered, lang: str) -> str:
    """When and of what, in both calendars."""
    say = i18n.translator(lang)
    when = f"{dates.date_time(got.at, lang)} ({dates.both_days(got.at, lang)})"
    return say(
        "As of {when} · {code}, change {seq}", when=when, code=got.emergency["code"], seq=dates.digits(got.seq, lang)
    )


def title(got: Gathered, lang: str) -> str:
    """The emergency by its name."""
    fa, en = got.emergency["name_fa"], got.emergency["name_en"]
    return str((fa or en) if lang == "fa" else (en or fa))


@lru_cache(maxsize=2)
def font(dist: Path = assets.DIST) -> bytes:
    """The typeface as the build has it."""
    return next(iter(sorted((dist / "assets").glob("Vazirmatn*.woff2")))).read_bytes()


def ground_in(box: queries.Bounds, dist: Path = assets.DIST) -> Ground:
    """Natural Earth in a box: the fine squares where they are few, the coarse ones of a continent."""
    west, south, east, north = box
    near = (floor(east / 10) - floor(west / 10) + 1) * (floor(north / 10) - floor(south / 10) + 1)
    folder, side = ("near", 10) if near <= 12 else ("mid", 30)  # noqa: PLR2004 - squares read at once
    pieces = []
    for i in range(floor(west / side), floor(east / side) + 1):
        for j in range(floor(south / side), floor(north / side) + 1):
            pieces += [json.loads(path.read_bytes()) for path in dist.glob(f"basemap/*/{folder}/{i}_{j}.json")]
    return Ground.of(pieces)


def name_of(row: Mapping[str, Any], stem: str, lang: str) -> str:
    """A name in a language, or in the other one where it has none."""
    fa, en = row.get(f"{stem}_fa"), row.get(f"{stem}_en")
    return str((fa or en or "") if lang == "fa" else (en or fa or ""))


def what(row: Mapping[str, Any], lang: str) -> str:
    """A record in a word or two: its category, else its layer."""
    if row["layer"] == "centres":
        return name_of(row, "place", lang) or i18n.translator(lang)("Centres")
    label: str = taxonomy.label(row["category"], "en" if lang == "en" else "fa") if row["category"] else ""
    return label or i18n.translator(lang)(BY_CODE[row["layer"]].label)


def state(row: Mapping[str, Any], lang: str) -> str:
    """Its state in words; of a closure, which is active while nobody passes, in its own."""
    code = row["status"]
    if row["layer"] == "closures" and code == "active":
        return i18n.translator(lang)("Closed to traffic")
    return i18n.translator(lang)(STATUS.get(code, code))


def _words(lang: str) -> dict[str, str]:
    say = i18n.translator(lang)
    return {
        **{code: say(text) for code, text in URGENCY.items()},
        "of": say("Sheet {n} of {all}"),
        "number": say("No."),
        "square": say("Square"),
        "code": say("Code"),
        "what": say("What and where"),
    }


def _km(frame: Frame, lang: str) -> dict[str, str]:
    metres, _ = scale_bar(frame)
    say = i18n.translator(lang)

    def long(value: float, *, unit: bool) -> str:
        if metres < 1000:  # noqa: PLR2004 - metres in a kilometre
            return say("{n} m", n=dates.number(value, lang)) if unit else dates.number(value, lang)
        return say("{km} km", km=dates.number(value / 1000, lang)) if unit else dates.number(value / 1000, lang)

    half = long(metres / 2, unit=False)
    return {"0": dates.digits(0, lang), "half": half, "whole": long(metres, unit=True), "north": say("North")}


def _qr(link: str) -> str:
    if not link:
        return ""
    return segno.make(link, error="m").svg_inline(scale=1, border=1, omitsize=True)


async def _sheet(conn: Conn, got: Gathered, wish: Wish, frame: Frame, marks: Sequence[sheet.Numbered]) -> sheet.Sheet:
    names = await queries.places(conn, frame.box, NAMES)
    shapes = (
        await queries.closed(conn, got.emergency["id"], frame.box, CLOSED_MOST) if "closures" in wish.layers else []
    )
    digits = {str(n): dates.digits(n, wish.lang) for n in range(10)}
    return sheet.Sheet(
        frame,
        marks,
        [sheet.Named(p["lon"], p["lat"], name_of(p, "name", wish.lang), p["population"] or 0) for p in names],
        [line for shape in shapes for line in lines_of(shape) if len(line) > 1],
        ground_in(frame.box),
        digits=digits,
    )


def _marks(records: Sequence[Mapping[str, Any]], numbered: int) -> list[sheet.Numbered]:
    fixed = {"centres", "shelters"}
    return [
        sheet.Numbered(
            number if number <= numbered else 0,
            row["layer"],
            row["lon"],
            row["lat"],
            "fixed" if row["layer"] in fixed else row["urgency"],
            over=not row["asks"] and row["layer"] not in fixed,
        )
        for number, row in enumerate(records, 1)
    ]


def _lines(records: Sequence[Mapping[str, Any]], frame: Frame, lang: str, most: int) -> list[book.Line]:
    say = i18n.translator(lang)
    lines = []
    for number, row in enumerate(records[:most], 1):
        people = say("{n} people", n=dates.number(row["people"], lang)) if row["people"] else ""
        place = name_of(row, "place", lang) if row["layer"] != "centres" else ""
        more = " · ".join(part for part in (place, people, state(row, lang)) if part)
        square = dates.digits(frame.square(row["lon"], row["lat"]), lang)
        lines.append(
            book.Line(
                dates.digits(number, lang),
                row["layer"],
                row["urgency"],
                square,
                row["code"] or "",
                what(row, lang),
                more,
            )
        )
    return lines


async def _leaf(conn: Conn, got: Gathered, wish: Wish, page: atlas.Page, named: str) -> book.Leaf:
    frame = frame_of(page.box, *wish.paper.map_mm)
    rows = wish.paper.rows
    drawn = await _sheet(conn, got, wish, frame, _marks(page.records, rows))
    drawn = replace_beside(drawn, page.beside)
    say = i18n.translator(wish.lang)
    left = len(page.records) - rows
    rest = say("{n} more on this sheet without a number", n=dates.number(left, wish.lang)) if left > 0 else ""
    svg = sheet.svg(drawn, named, _km(frame, wish.lang))
    return book.Leaf(named, svg, _lines(page.records, frame, wish.lang, rows), rest, _qr(wish.link))


def replace_beside(drawn: sheet.Sheet, beside: Mapping[str, str]) -> sheet.Sheet:
    """The same sheet with its neighbours' numbers."""
    return replace(drawn, beside=beside)


async def atlas_html(conn: Conn, got: Gathered, wish: Wish, told: Any = None) -> str:
    """An index sheet, then one a district, the most pressing first. `told(done, all)` hears of each sheet."""
    say = i18n.translator(wish.lang)
    west, south, east, north = got.box
    around = (west - 1, south - 1, east + 1, north + 1)
    counties = await queries.places(conn, around, 400, ("county",)) or await queries.places(
        conn, around, 400, ("city",)
    )
    districts = [atlas.District(name_of(c, "name", wish.lang), c["lon"], c["lat"]) for c in counties]
    pages = atlas.pages(got.records, districts, PAGES_MOST - 1)
    for page in pages:
        # The index is the first sheet.
        page.number += 1
    for page in pages:
        page.beside = {side: str(int(number) + 1) for side, number in page.beside.items()}
    leaves = [await _index(conn, got, wish, pages)]
    for page in pages:
        named = page.district.name if page.district else say("What lies far from all districts")
        leaves.append(await _leaf(conn, got, wish, page, named))
        if told:
            told(len(leaves), len(pages) + 1)
    whole = sum(got.totals.values())
    note = made(got, wish.lang)
    if whole > len(got.records):
        shown = say(
            "{n} of {all} records", n=dates.number(len(got.records), wish.lang), all=dates.number(whole, wish.lang)
        )
        note = f"{note} · {shown}"
    layers = {code: say(BY_CODE[code].label) for code in wish.layers}

    def numbers(value: int) -> str:
        return dates.digits(value, wish.lang)

    made_book = book.Book(
        wish.lang, title(got, wish.lang), note, leaves, _words(wish.lang), layers, wish.paper, numbers
    )
    return book.html(made_book, font())


async def _index(conn: Conn, got: Gathered, wish: Wish, pages: Sequence[atlas.Page]) -> book.Leaf:
    say = i18n.translator(wish.lang)
    frame = frame_of(got.box, *wish.paper.map_mm)
    marks = []
    lines = []
    for page in pages:
        lon, lat = (page.box[0] + page.box[2]) / 2, (page.box[1] + page.box[3]) / 2
        worst = min((list(URGENCY).index(r["urgency"]) for r in page.records if r["urgency"] in URGENCY), default=3)
        tone = list(URGENCY)[worst]
        marks.append(sheet.Numbered(page.number, "tasks", lon, lat, tone))
        named = page.district.name if page.district else say("What lies far from all districts")
        lives = sum(r["urgency"] == "life" and r["asks"] for r in page.records)
        more = say("{n} records", n=dates.number(len(page.records), wish.lang))
        if lives:
            more += f" · {say('Life in danger')}: {dates.number(lives, wish.lang)}"
        number = dates.digits(page.number, wish.lang)
        square = dates.digits(frame.square(lon, lat), wish.lang)
        lines.append(book.Line(number, "tasks", tone, square, "", named, more))
    drawn = await _sheet(conn, got, wish, frame, marks)
    rows = wish.paper.rows
    rest = say("{n} more sheets", n=dates.number(len(lines) - rows, wish.lang)) if len(lines) > rows else ""
    svg = sheet.svg(drawn, say("Overview"), _km(frame, wish.lang))
    return book.Leaf(say("Overview"), svg, lines[:rows], rest, _qr(wish.link))


async def sheet_html(conn: Conn, got: Gathered, wish: Wish) -> str:
    """One sheet of the box that is asked for, or of all that there is."""
    say = i18n.translator(wish.lang)
    page = atlas.Page(1, None, list(got.records), got.box)
    leaf = await _leaf(conn, got, wish, page, say("Map"))
    layers = {code: say(BY_CODE[code].label) for code in wish.layers}

    def numbers(value: int) -> str:
        return dates.digits(value, wish.lang)

    note, words = made(got, wish.lang), _words(wish.lang)
    return book.html(
        book.Book(wish.lang, title(got, wish.lang), note, [leaf], words, layers, wish.paper, numbers), font()
    )
