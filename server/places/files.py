"""Files of places, line by line: GeoNames dumps, tables, GeoJSON. Pure but for the file; nothing is held whole but
GeoJSON collections. What cannot be a place comes with its reason.
"""

import csv
import hashlib
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
from shapely import force_2d
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.validation import make_valid

from server.kernel.errors import Problem
from server.kernel.geo import distance_m, on_earth
from server.places import columns
from server.places.geonames import latin_name, persian_name, size_of
from server.places.names import squash

Progress = Callable[[int], None]
"""Told how many bytes of the file have been read."""
REASONS: Final = {
    "no_name": ("no name", "نام ندارد"),
    "no_point": ("no coordinates", "مختصات ندارد"),
    "off_earth": ("impossible coordinates", "مختصات ناممکن"),
    "columns": ("not as many columns as the format has", "شمار ستون‌ها درست نیست"),
    "no_feature": ("no GeoJSON feature", "عارضهٔ GeoJSON نیست"),
    "geometry": ("a geometry that cannot be read", "هندسه خوانده نمی‌شود"),
    "no_place": ("a name of a place that is not there", "نام جایی که در فهرست نیست"),
    "refused": ("refused by the database", "پایگاه داده نپذیرفت"),
    "no_word": ("a link or code, not a name", "نشانی یا کد است، نه نام"),
}
WHOLE_BYTES: Final = 500_000_000
_NAMES_MOST: Final = 60
_NAME_CHARS: Final = 200
_PEOPLE_MOST: Final = 10**9
_GEONAMES_COLUMNS: Final = 19
_FIELD_CHARS: Final = 5_000_000
_ACCURACY: Final = {"province": 100_000, "county": 30_000, "hospital": 300, "shelter": 300, "warehouse": 300}
_ACCURACY_ELSE: Final = 2000
_ACCURACY_LEAST: Final = {"city": 8000, "town": 5000}
_HOSPITALS: Final = frozenset({"HSP", "HSPC", "CLN"})
_GONE: Final = frozenset({"PPLH", "PPLQ", "PPLW", "PPLCH"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: a place to be, or the reason why there is none. Degrees WGS 84; `area` is hexadecimal WKB."""

    number: int
    reason: str | None = None
    source: str = ""
    source_id: str = ""
    kind: str = "other"
    name_fa: str | None = None
    name_en: str = ""
    names: tuple[str, ...] = ()
    country: str = ""
    admin1_code: str | None = None
    province: str | None = None
    population: int = 0
    accuracy_m: float = _ACCURACY_ELSE
    lat: float = 0.0
    lon: float = 0.0
    area: str | None = None

    def digest(self) -> bytes:
        """What tells whether a line says the same as when it was imported before; its number does not count."""
        return hashlib.blake2b(repr(replace(self, number=0)).encode(), digest_size=16).digest()


def format_of(path: Path) -> str:
    """The format of a file by its name and its first line."""
    if path.suffix.lower() in {".geojson", ".json", ".geojsonl", ".ndjson"}:
        return "geojson"
    with path.open("rb") as file:
        cells = file.readline(_FIELD_CHARS).decode("utf-8", "replace").rstrip("\r\n").split("\t")
    if len(cells) == _GEONAMES_COLUMNS and cells[0].isdigit():
        return "geonames"
    if path.suffix.lower() == ".txt" and len(cells) >= 4 and cells[0].isdigit() and cells[1].isdigit():  # noqa: PLR2004
        return "alternatenames"
    return "csv"


def geonames(path: Path, country: str, progress: Progress | None = None) -> Iterator[Line]:
    """A GeoNames dump (allCountries.txt, IR.txt): https://download.geonames.org/export/dump/readme.txt."""
    del country
    for number, cells in tabbed(path, progress):
        if len(cells) != _GEONAMES_COLUMNS or not cells[0].strip():
            yield Line(number, "columns")
            continue
        yield _of_geonames(number, cells)


def tabbed(path: Path, progress: Progress | None) -> Iterator[tuple[int, list[str]]]:
    """The lines of a tab-separated file, numbered from 1."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if progress and number % 2000 == 0:
                progress(file.tell())
            yield number, raw.decode("utf-8", "replace").replace("\0", "").rstrip("\r\n").split("\t")


def _of_geonames(number: int, cells: list[str]) -> Line:
    lat, lon = columns.number(cells[4]), columns.number(cells[5])
    names = _kept((cells[1], cells[2], *cells[3].split(",")))
    reason = _fault(names, lat, lon)
    if reason or lat is None or lon is None:
        return Line(number, reason or "no_point")
    population = columns.whole(cells[14], _PEOPLE_MOST)
    kind, accuracy = _of_feature(cells[6], cells[7], population)
    return Line(
        number,
        source="geonames",
        source_id=cells[0],
        kind=kind,
        name_fa=persian_name(cells[2] or cells[1], names),
        name_en=latin_name(cells[2] or cells[1]),
        names=names,
        country=cells[8].upper(),
        admin1_code=cells[10] or None,
        # A county's people are its towns'; counted again they would outweigh them.
        population=0 if kind in ("province", "county") else population,
        accuracy_m=accuracy,
        lat=lat,
        lon=lon,
    )


def _of_feature(feature: str, code: str, population: int) -> tuple[str, float]:
    if feature == "P" and code not in _GONE:
        return size_of(population)
    kind = "other"
    if feature == "A":
        kind = {"ADM1": "province", "ADM2": "county"}.get(code, "other")
    elif feature == "S" and code in _HOSPITALS:
        kind = "hospital"
    return kind, _ACCURACY.get(kind, _ACCURACY_ELSE)


def table(path: Path, country: str, progress: Progress | None = None) -> Iterator[Line]:
    """A CSV file whose columns say what they are (`name`, `lat`, `lon` at least; , ; or tab between them).

    UTF-8, UTF-16 or Persian Windows. A file without the columns that it needs raises Problem; an empty one has no rows.
    """
    csv.field_size_limit(_FIELD_CHARS)
    with path.open("rb") as binary:
        encoding = columns.encoding_of(path)
        text = io.TextIOWrapper(binary, encoding, "replace", newline="")
        first = text.readline(_FIELD_CHARS)
        text.seek(0)
        reader = _records(csv.reader(text, delimiter=max(",;\t", key=first.count)))
        header = [columns.folded(cell) for cell in next(reader, None) or []]
        if header and (lacking := columns.lacking(header)):
            raise unreadable(
                path,
                f"columns are missing; they may be called {columns.called(lacking)}.",
                f"این ستون‌ها نیست؛ نام آن‌ها می‌تواند چنین باشد: {columns.called(lacking)}",
            )
        for number, cells in enumerate(reader, 1):
            if progress and number % 500 == 0:
                progress(binary.tell())
            if cells is None:
                yield Line(number, "columns")
                continue
            facts = {name: cell.replace("\0", "").strip() for name, cell in zip(header, cells, strict=False)}
            yield _of_facts(number, facts, f"file:{path.stem}", country)


def _records(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """The records of a table that hold anything; None for one that cannot be taken apart."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None
            continue
        if cells:
            yield cells


def geojson(path: Path, country: str, progress: Progress | None = None) -> Iterator[Line]:
    """A FeatureCollection, one feature, or a feature a line (RFC 7946, RFC 8142); points and areas."""
    for number, item in enumerate(_features(path, progress), 1):
        if not isinstance(item, dict) or item.get("type") != "Feature":
            yield Line(number, "no_feature")
            continue
        said = item.get("properties")
        facts = {columns.folded(str(k)): v for k, v in said.items()} if isinstance(said, dict) else {}
        if item.get("id") is not None:
            facts["id"] = item["id"]
        placed = _geometry(item.get("geometry"))
        if isinstance(placed, str):
            yield Line(number, placed)
            continue
        lat, lon, accuracy, area = placed
        facts |= {"lat": lat, "lon": lon}
        line = _of_facts(number, facts, f"file:{path.stem}", country)
        if line.reason is None and area is not None:
            line = replace(line, area=area, accuracy_m=accuracy)
        yield line


def _features(path: Path, progress: Progress | None) -> Iterator[Any]:
    with path.open("rb") as file:
        first = file.readline(WHOLE_BYTES).strip(b"\xef\xbb\xbf\x1e \t\r\n")
        alone = _json(first)
        if isinstance(alone, dict) and alone.get("type") == "Feature":
            yield alone
            for raw in file:
                if line := raw.strip(b"\x1e \t\r\n"):
                    yield _json(line)
                if progress:
                    progress(file.tell())
            return
    if path.stat().st_size > WHOLE_BYTES:
        raise unreadable(path, "a collection this big; send one feature a line.", "مجموعه بسیار بزرگ است.")
    whole = _json(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    found = whole.get("features") if isinstance(whole, dict) else None
    if isinstance(whole, dict) and whole.get("type") == "Feature":
        found = [whole]
    if not isinstance(found, list):
        raise unreadable(path, "no GeoJSON FeatureCollection.", "مجموعهٔ GeoJSON درستی نیست.")
    yield from found


def unreadable(path: Path, why_en: str, why_fa: str) -> Problem:
    """The whole file cannot be used, and why."""
    return Problem(400, "import.unreadable", f"{path.name}: {why_en}", f"{path.name}: {why_fa}")


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except ValueError:
        return None


def _geometry(geometry: Any) -> tuple[float, float, float, str | None] | str:
    """lat, lon, accuracy and outline of a geometry; a reason when it is none."""
    try:
        # Heights are left out: the gazetteer's outlines are flat.
        whole = make_valid(force_2d(shape(geometry)))
        if whole.is_empty:
            return "no_point"
        west, south, east, north = whole.bounds
        if not (on_earth(west, south) and on_earth(east, north)):
            return "off_earth"
        middle = whole.representative_point()
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return "geometry"
    if whole.area == 0:
        return middle.y, middle.x, 0.0, None
    far = max(distance_m(middle.x, middle.y, x, y) for x in (west, east) for y in (south, north))
    return middle.y, middle.x, max(100.0, round(far)), whole.wkb_hex


def _of_facts(number: int, facts: Mapping[str, Any], source: str, country: str) -> Line:
    def value(thing: str) -> str:
        return columns.value(facts, thing)

    lat, lon = columns.point(value("lat"), value("lon"))
    names = _kept((value("name_fa"), value("name_en"), value("name"), *columns.other_names(facts)))
    reason = _fault(names, lat, lon)
    if reason or lat is None or lon is None:
        return Line(number, reason or "no_point")
    said_en = value("name_en")
    latin = said_en if is_name(said_en) else next((n for n in names if n.isascii()), names[0])
    population = columns.whole(value("population"), _PEOPLE_MOST)
    kind, accuracy = _sized(columns.kind_of(value("kind")), population)
    said = columns.number(value("accuracy_m"))
    key = value("id") or hashlib.blake2b(f"{squash(names[0])}|{lat:.5f}|{lon:.5f}".encode(), digest_size=12).hexdigest()
    return Line(
        number,
        source=source,
        source_id=key[:200],
        kind=kind,
        name_fa=value("name_fa")[:_NAME_CHARS] or persian_name(latin, names),
        name_en=latin,
        names=names,
        country=(value("country") or country).upper()[:2],
        admin1_code=value("admin1_code") or None,
        province=value("province") or None,
        population=population,
        accuracy_m=said if said and 0 < said < math.inf else accuracy,
        lat=lat,
        lon=lon,
    )


def _sized(said: str | None, population: int) -> tuple[str, float]:
    """Kind and accuracy by what a file says of its kind and by its people; a town that nobody counted is still one."""
    sized, accuracy = size_of(population)
    if said is None:
        return sized, accuracy
    if said in ("village", "town", "city"):
        return said, max(accuracy, _ACCURACY_LEAST.get(said, 0))
    return said, _ACCURACY.get(said, _ACCURACY_ELSE)


def _kept(names: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Names worth finding, each once however it is written; no links, no airport's or postal codes."""
    kept: dict[str, str] = {}
    for raw in names:
        name = raw.strip()
        if name and is_name(name):
            kept.setdefault(squash(name) + ("a" if name.isascii() else ""), name)
        if len(kept) >= _NAMES_MOST:
            break
    return tuple(kept.values())


def is_name(name: str) -> bool:
    """Whether it is a name that somebody might say: letters, no link, no code of three or four capitals."""
    if "://" in name or len(name) > _NAME_CHARS:
        return False
    coded = name.isascii() and name.isupper() and len(name) <= 4  # noqa: PLR2004 - ICAO's are the longest
    return not coded and any(c.isalpha() for c in name) and bool(squash(name))


def _fault(names: tuple[str, ...], lat: float | None, lon: float | None) -> str | None:
    if not names:
        return "no_name"
    if lat is None or lon is None:
        return "no_point"
    return None if on_earth(lon, lat) and (lat, lon) != (0.0, 0.0) else "off_earth"
