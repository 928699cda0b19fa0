"""What a file of places says in its columns or properties: their names, words for kinds, numbers as people write them.

Pure. Names of columns are compared folded: capitals, underscores, colons, half-spaces and Arabic letters do not matter.
"""

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from server.places.names import digits_to_ascii
from server.places.points import find_points

_SIGNS: Final = re.compile(r"[\s_:()/.\u200c\u200e\u200f\ufeff-]+")
_LETTERS: Final = str.maketrans("يىك", "ییک")
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "source_id", "geonameid", "osm_id", "pcode", "adm2_pcode", "adm1_pcode", "شناسه", "کد"),
    "name_fa": ("name_fa", "fa", "persian", "نام", "نام فارسی", "adm2_fa", "adm1_fa"),
    "name_en": ("name_en", "asciiname", "latin", "نام لاتین", "نام انگلیسی", "adm2_en", "adm1_en"),
    "name": ("name", "place", "title", "city", "village", "shapename", "nom", "nombre", "الاسم", "isim"),
    "names": ("names", "other_names", "alternatenames", "alt_name", "old_name", "aliases", "نام‌های دیگر"),
    "lat": ("lat", "latitude", "y", "عرض", "عرض جغرافیایی", "latitud", "enlem", "خط العرض"),
    "lon": ("lon", "lng", "long", "longitude", "x", "طول", "طول جغرافیایی", "longitud", "boylam", "خط الطول"),
    "kind": ("kind", "type", "place_type", "نوع"),
    "population": ("population", "pop", "جمعیت"),
    "province": ("province", "admin1", "state", "adm1_name", "استان"),
    "admin1_code": ("admin1_code", "adm1_code"),
    "country": ("country", "country_code", "iso", "کشور"),
    "accuracy_m": ("accuracy_m", "accuracy", "radius_m"),
}
_KINDS: Final[Mapping[str, str]] = {
    word: kind
    for kind, words in {
        "village": "village hamlet روستا ده دهکده آبادی",
        "town": "town شهرک",
        "city": "city شهر",
        "county": "county شهرستان",
        "province": "province state استان",
        "shelter": "shelter پناهگاه سرپناه اردوگاه",
        "warehouse": "warehouse انبار",
        "hospital": "hospital clinic بیمارستان درمانگاه",
        "assembly_point": "assembly+point محل+تجمع",
        "other": "other دیگر",
    }.items()
    for word in (one.replace("+", " ") for one in words.split())
}
_PERSIAN_WINDOWS: Final = "cp1256"
_LOOKED_AT: Final = 1_000_000


def folded(name: str) -> str:
    """The name of a column, or a word for a kind, as it is compared."""
    return _SIGNS.sub(" ", name.translate(_LETTERS)).strip().casefold()


_CALLED: Final = {thing: tuple(folded(name) for name in names) for thing, names in _COLUMNS.items()}
_NAMES: Final = ("name_fa", "name_en", "name", "names")


def value(facts: Mapping[str, Any], thing: str) -> str:
    """What the facts of a line (folded column → cell or JSON value) say of a thing; '' when nothing."""
    return next((text for name in _CALLED[thing] if (text := _text(facts.get(name)))), "")


def other_names(facts: Mapping[str, Any]) -> list[str]:
    """Further names of a line: lists of them, and columns for other languages (name:ku, name_ar)."""
    listed = re.split(r"[,،|;؛]", value(facts, "names"))
    return listed + [_text(cell) for name, cell in facts.items() if name.startswith("name ")]


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, list):
        return ",".join(filter(None, map(_text, cell)))
    return "" if cell is None or isinstance(cell, dict | bool) else str(cell)


def lacking(header: Sequence[str]) -> list[str]:
    """Which things a table must have and has no column for: name, lat, lon."""
    there = set(header)
    named = any(there.intersection(_CALLED[thing]) for thing in _NAMES)
    return [*([] if named else ["name"]), *(thing for thing in ("lat", "lon") if there.isdisjoint(_CALLED[thing]))]


def called(things: Iterable[str]) -> str:
    """The names that columns for these things may have, for whoever has to mend a file."""
    return "; ".join(" / ".join(_COLUMNS[thing][:5]) for thing in things)


def kind_of(text: str) -> str | None:
    """The kind that a word stands for, in Persian or English."""
    return _KINDS.get(folded(text))


def number(text: str) -> float | None:
    """A number in any digits; one comma or slash in it is a decimal point, as in ۳۳/۱۵ and 33,15."""
    plain = digits_to_ascii(text).replace("٫", ".").replace("،", ",").strip()
    if plain.count(",") + plain.count("/") == 1 and "." not in plain:
        plain = plain.replace(",", ".").replace("/", ".")
    try:
        return float(plain)
    except ValueError:
        return None


def whole(text: str, most: int) -> int:
    """A count of people: 1,200 and ۱٬۲۰۰ are one thousand two hundred; 0 when it is none."""
    try:
        found = float(re.sub(r"[,٬،'\s]", "", digits_to_ascii(text)))
    except ValueError:
        return 0
    return int(found) if 0 <= found < most else 0


def point(lat: str, lon: str) -> tuple[float | None, float | None]:
    """Degrees WGS 84 of two cells: decimals, or degrees with minutes and seconds."""
    pair = number(lat), number(lon)
    if pair == (None, None) and (found := find_points(f"{lat[:60]} {lon[:60]}")):
        return found[0].lat, found[0].lon
    return pair


def encoding_of(path: Path) -> str:
    """How a table is written: UTF-8, UTF-16 by its mark, or else what Persian Windows writes."""
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return _PERSIAN_WINDOWS
    return "utf-8-sig"


def is_packed(path: Path) -> bool:
    """Whether a file is an archive or a workbook, which must be unpacked or saved as a table first."""
    with path.open("rb") as file:
        return file.read(4).startswith((b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0"))
