"""Points written out in a text: coordinates, links of map apps, plus codes. Pure.

Read are decimal degrees and degrees with minutes and seconds, in Latin, Persian and Arabic digits, with or without
words and letters for the directions; geo: URIs (RFC 5870); the coordinates inside links of Google,
OpenStreetMap, Neshan, Balad, Waze and their like; plus codes, full, or short with a place beside them. The link itself
is never opened.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians
from typing import Final, Literal
from urllib.parse import unquote

from server.kernel.geo import Box, on_earth
from server.places import codes
from server.places.names import digits_to_ascii

Form = Literal["decimal", "dms", "link", "geo", "plus", "plus_short"]

LEAST_M: Final = 10.0
"""No phone knows better, however many decimals it writes."""
PIN_M: Final = 30.0
"""A pin set on a map by hand or by a phone's fix among houses."""
_MOST: Final = 5
_SHORT_FROM: Final = 4
_SIXTY: Final = 60
_METRES: Final = 111_320.0
_BARE_DECIMALS: Final = 3
"""A pair of numbers without any word is a point from here on: 3.5, 4.2 are sizes."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point in a text: degrees WGS 84, how far off it may be, and the half-open span of the text that says so.

    `short`: a plus code that needs a place beside it (`lat`, `lon` are nan until `placed`).
    """

    form: Form
    lat: float
    lon: float
    accuracy_m: float
    start: int
    end: int
    short: str | None = None

    def placed(self, lat: float, lon: float) -> "Point":
        """A short code, near a point."""
        area = codes.recover(self.short or "", lat, lon)
        return Point(self.form, area.lat, area.lon, max(LEAST_M, area.radius_m), self.start, self.end)


# What separates, decides or marks in other scripts, one sign for one, so that offsets stay.
_PLAIN = str.maketrans(
    {
        "٫": ".",
        "،": ",",
        "؛": ";",
        "−": "-",
        "º": "°",
        "˚": "°",
        "’": "'",
        "′": "'",
        "‘": "'",
        "”": '"',
        "″": '"',
        "“": '"',
    }
    | dict.fromkeys("\u200c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u00a0", " ")
)
# ۳۳/۱۵۵۲ and 33,1552: a slash or comma before four digits and more is a decimal point (no date has them there).
_DECIMAL = re.compile(r"(?<![\d.,/])(\d{2})[/,](?=\d{4,}(?![\d./]|,\d))")
# 33 09 18 N: degrees, minutes and seconds with blanks alone between them.
_BLANKS = re.compile(r"(?<![\d.])(\d{1,3}) (\d{1,2}) (\d{1,2}(?:\.\d+)?) (?=[NSEW](?!\w))", re.IGNORECASE)
_HINT = re.compile(r"\d\.\d\d|\d ?(?:°|درجه|deg)|geo:|[2-9CFGHJMPQRVWX0]\+[2-9CFGHJMPQRVWX]|0\+", re.IGNORECASE)
_LINK = re.compile(
    r"\bgeo:[^\s<>\"]+|(?:https?://|www\.)[^\s<>\"]+"
    r"|\b(?:maps\.|goo\.gl|google\.|openstreetmap\.|neshan\.|nshn\.|balad\.|waze\.|osm\.)[^\s<>\"]*/[^\s<>\"]*",
    re.IGNORECASE,
)
_NUMBER = r"[-+]?\d{1,3}\.\d+"
_PAIR = rf"({_NUMBER})\s*(?:,|%2C)\s*\+?({_NUMBER})"
_IN_LINK: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), viewport)
    for pattern, viewport in (
        (rf"!3d({_NUMBER})!4d({_NUMBER})", False),
        (rf"[?&#](?:mlat|lat|latitude)=({_NUMBER})&(?:mlon|lon|lng|long|longitude)=({_NUMBER})", False),
        (rf"[?&#](?:mlon|lon|lng|long|longitude)=(?P<lon>{_NUMBER})&(?:mlat|lat|latitude)=(?P<lat>{_NUMBER})", False),
        (rf"[?&#](?:q|query|ll|sll|daddr|destination|loc|location|point|to|p)=(?:loc:)?{_PAIR}", False),
        (rf"/(?:place|search|dir(?:/[^/]*)?)/{_PAIR}", False),
        (rf"@{_PAIR}(?:,(?P<zoom>\d{{1,2}}(?:\.\d+)?)z)?", True),
        (rf"#(?:map=)?(?P<zoom>\d{{1,2}}(?:\.\d+)?)/({_NUMBER})/({_NUMBER})", True),
        (rf"[/=]{_PAIR}", False),
    )
)
_GEO = re.compile(rf"geo:({_NUMBER}|[-+]?\d+),({_NUMBER}|[-+]?\d+)(?:[^\s]*?;u=(?P<u>\d+(?:\.\d+)?))?", re.IGNORECASE)
_QUERY = re.compile(rf"[?&]q={_PAIR}", re.IGNORECASE)

# Blanks are counted: with `\s*` side by side a row of blanks would be tried in every way to share it out.
_GAP: Final = r"[ \t]{0,3}"
_LAT_WORD = rf"latitude|lat|عرض(?:{_GAP}جغرافیایی)?|[NS](?![^\W\d])|شمالی|جنوبی"
_LON_WORD = rf"longitude|long|lng|lon|طول(?:{_GAP}جغرافیایی)?|[EW](?![^\W\d])|شرقی|غربی"
_ANGLE = (
    r"(?:(?<!\w)(?P<h{n}>"
    + _LAT_WORD
    + "|"
    + _LON_WORD
    + r")~[:=]?~)?(?<![\d.])(?P<d{n}>[-+]?\d{1,3}(?:\.\d+)?)(?![\d.])"
    r"(?:~(?P<mark{n}>°|درجه(?:~و)?|deg(?:rees?)?))?"
    r"(?:~(?P<m{n}>\d{1,2}(?:\.\d+)?)~(?:'(?!')|دقیقه(?:~و)?|min(?:utes?)?)"
    r"(?:~(?P<s{n}>\d{1,2}(?:\.\d+)?)~(?:\"|''|ثانیه|sec(?:onds?)?))?)?"
    r"(?:~(?P<t{n}>[NSEW](?!\w)|عرض~شمالی|طول~شرقی|شمالی|جنوبی|شرقی|غربی|north|south|east|west))?"
).replace("~", "[ \t]{0,3}")
_TWO = re.compile(
    _ANGLE.replace("{n}", "1")
    + rf"(?:{_GAP}[,;/|&و]{_GAP}| {{1,3}}- {{1,3}}|[ \t\r\n]{{1,3}})"
    + _ANGLE.replace("{n}", "2"),
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?<![0-9A-Za-z+])(?P<head>[2-9CFGHJMPQRVWX]{2,8}0{0,6})\+(?P<tail>[2-9CFGHJMPQRVWX]{2,7})?(?![0-9A-Za-z+])",
    re.IGNORECASE,
)
_SOUTH_OR_WEST = frozenset({"s", "w", "south", "west", "جنوبی", "غربی"})


def find_points(text: str, home: Box | None = None) -> list[Point]:
    """The points of a text, in order: a link before what stands in it. At most `_MOST`; off the earth is none.

    `home` (the gazetteer's country): a pair in the wrong order is turned around where only that puts it there, and a
    pair of bare numbers elsewhere is no point.
    """
    plain = digits_to_ascii(text).translate(_PLAIN)
    plain = _BLANKS.sub(r"\1°\2'\3" + '"', _DECIMAL.sub(r"\1.", plain))
    if not _HINT.search(plain):
        return []
    found: list[Point] = []
    taken: list[tuple[int, int]] = []
    for reader in (_links, _plus_codes, _pairs):
        for point, span in reader(plain, home):
            if all(span[1] <= a or span[0] >= b for a, b in taken):
                taken.append(span)
                if point is not None:
                    found.append(point)
    return sorted(found, key=lambda p: p.start)[:_MOST]


_Read = Iterator[tuple[Point | None, tuple[int, int]]]


def _links(text: str, home: Box | None) -> _Read:
    for match in _LINK.finditer(text):
        link, span = match.group(), match.span()
        if link.lower().startswith("geo:"):
            yield _geo(link, span), span
            continue
        yield _in_link(unquote(link), span, home), span


def _geo(link: str, span: tuple[int, int]) -> Point | None:
    query = _QUERY.search(link)
    match = query or _GEO.match(link)
    if match is None:
        return None
    lat, lon = match.group(1), match.group(2)
    said = None if query else match.groupdict().get("u")
    accuracy = float(said) if said else _of_decimals(lat, lon)
    return _point("geo", float(lat), float(lon), max(LEAST_M, accuracy), span)


def _in_link(link: str, span: tuple[int, int], home: Box | None) -> Point | None:
    for pattern, viewport in _IN_LINK:
        match = pattern.search(link)
        if match is None:
            continue
        named = match.groupdict()
        if "lat" in named:
            lat, lon = named["lat"], named["lon"]
        else:
            lat, lon = [g for i, g in enumerate(match.groups(), 1) if i != pattern.groupindex.get("zoom")][:2]
        accuracy = max(PIN_M, _of_decimals(lat, lon))
        if viewport:
            # Where the map looked, not what was pointed at: half of what a phone's screen shows at that zoom.
            zoom = float(named.get("zoom") or 15)
            accuracy = max(accuracy, 20_037_508 * cos(radians(float(lat))) / 2**zoom)
        return _point("link", *_turned(float(lat), float(lon), home), accuracy, span)
    return None


def _plus_codes(text: str, home: Box | None) -> _Read:
    del home
    for match in _CODE.finditer(text):
        code = match.group().upper()
        if codes.is_full(code):
            area = codes.decode(code)
            yield _point("plus", area.lat, area.lon, max(LEAST_M, area.radius_m), match.span()), match.span()
        elif codes.is_short(code) and len(match["head"]) >= _SHORT_FROM and not code.replace("+", "").isdecimal():
            nan = float("nan")
            yield Point("plus_short", nan, nan, LEAST_M, *match.span(), short=code), match.span()


def _pairs(text: str, home: Box | None) -> _Read:
    at = 0
    while match := _TWO.search(text, at):
        point = _pair(match, home)
        if point is None:
            # The second number may be the first of a pair.
            at = match.start("d1") + 1
            while at < len(text) and (text[at].isdigit() or text[at] == "."):
                at += 1
            continue
        yield point, (point.start, point.end)
        at = match.end()


def _pair(match: re.Match[str], home: Box | None) -> Point | None:
    one, other = _angle(match, 1), _angle(match, 2)
    if one is None or other is None:
        return None
    axes = (_axis(match, 1), _axis(match, 2))
    marked = any(match[f"{part}{n}"] for part in ("mark", "m") for n in (1, 2))
    if axes[0] is not None and axes[0] == axes[1]:
        return None
    lat, lon = (other, one) if "lon" in axes[:1] or axes[1] == "lat" else (one, other)
    decimals = [len(match[f"d{n}"].partition(".")[2]) for n in (1, 2)]
    if not marked:
        sure = axes != (None, None)
        if min(decimals) < (2 if sure else _BARE_DECIMALS):
            return None
    if axes == (None, None):
        lat, lon = _turned(lat, lon, home)
        if not marked and home is not None and not home.holds(lon, lat):
            return None
    form: Form = "dms" if match["m1"] and match["m2"] else "decimal"
    return _point(form, lat, lon, max(LEAST_M, _fineness(match)), match.span())


def _angle(match: re.Match[str], n: int) -> float | None:
    whole, minutes, seconds = (float(match[f"{part}{n}"] or 0) for part in "dms")
    if max(minutes, seconds) >= _SIXTY or (match[f"m{n}"] and not whole.is_integer()):
        return None
    value = abs(whole) + minutes / 60 + seconds / 3600
    words = {(match[f"{part}{n}"] or "").split(" ")[-1].lower() for part in "ht"}
    return -value if match[f"d{n}"].startswith("-") or words & _SOUTH_OR_WEST else value


_OF_LAT = ("lat", "n", "s", "عرض", "شمال", "جنوب")


def _axis(match: re.Match[str], n: int) -> str | None:
    word = (match[f"t{n}"] or match[f"h{n}"] or "").lower()
    if not word:
        return None
    return "lat" if word.startswith(_OF_LAT) else "lon"


def _fineness(match: re.Match[str]) -> float:
    """What the coarser of two angles leaves open, in metres."""
    worst = 0.0
    for n in (1, 2):
        unit, text = next(
            (unit, match[f"{part}{n}"]) for unit, part in ((3600, "s"), (60, "m"), (1, "d")) if match[f"{part}{n}"]
        )
        worst = max(worst, _METRES / unit / 10 ** len(text.partition(".")[2]))
    return worst


def _of_decimals(*numbers: str) -> float:
    return _METRES / 10.0 ** min(len(n.partition(".")[2]) for n in numbers)


def _turned(lat: float, lon: float, home: Box | None) -> tuple[float, float]:
    """The pair, turned around where only that puts it into the country."""
    if home is not None and not home.holds(lon, lat) and home.holds(lat, lon):
        return lon, lat
    return lat, lon


def _point(form: Form, lat: float, lon: float, accuracy_m: float, span: tuple[int, int]) -> Point | None:
    # 0, 0 is what a phone without a fix sends.
    if not on_earth(lon, lat) or (lat == 0 and lon == 0):
        return None
    return Point(form, lat, lon, accuracy_m, *span)
