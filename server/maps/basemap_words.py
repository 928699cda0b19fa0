"""Why an archive of tiles is not taken, in both languages, and what is told of one that is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mapping.pmtiles import Broken
from server.kernel.errors import Problem

WHY: Final[Mapping[str, tuple[str, str]]] = {
    "absent": ("there is no such file.", "چنین پرونده‌ای نیست."),
    "not_pmtiles": (
        "neither a PMTiles nor an MBTiles file.",
        "نه PMTiles است و نه MBTiles.",
    ),
    "version": (
        "PMTiles of another version; version 3 is needed (`pmtiles convert` makes it).",
        "نسخهٔ دیگری از PMTiles است؛ نسخهٔ ۳ لازم است (با pmtiles convert ساخته می‌شود).",
    ),
    "cut": (
        "the file is cut off: it should be longer. Copy or download it again.",
        "پرونده ناتمام است و باید بزرگ‌تر باشد. دوباره رونوشت بگیرید یا دریافت کنید.",
    ),
    "compressed": ("a compressed part cannot be opened.", "بخشی فشرده از آن باز نمی‌شود."),
    "compression": (
        "compressed in a way that browsers cannot open; gzip or none is needed.",
        "به شیوه‌ای فشرده شده که مرورگر نمی‌گشاید؛ gzip یا بی‌فشردگی لازم است.",
    ),
    "tile_type": (
        "its tiles are neither vector (mvt) nor png, jpg or webp.",
        "کاشی‌هایش نه برداری (mvt) است و نه png یا jpg یا webp.",
    ),
    "empty": ("it holds no tiles.", "هیچ کاشی‌ای در آن نیست."),
    "zooms": ("its zooms make no sense.", "بزرگ‌نمایی‌هایش درست نیست."),
    "bounds": ("its bounds make no sense.", "کران‌هایش درست نیست."),
    "metadata": ("what it says of itself cannot be read.", "آنچه دربارهٔ خود می‌گوید خواندنی نیست."),
    "directory": ("its table of tiles is damaged.", "فهرست کاشی‌هایش آسیب دیده است."),
    "tile": ("a tile cannot be opened", "کاشی‌ای باز نمی‌شود"),
    "sqlite": ("the database in it is damaged.", "پایگاه دادهٔ درون آن آسیب دیده است."),
    "tables": ("an SQLite file, but without MBTiles' tables.", "پروندهٔ SQLite است ولی جدول‌های MBTiles را ندارد."),
    "vector_relief": (
        "heights must be pictures (png or webp), not vector tiles.",
        "بلندی‌ها باید تصویر باشد (png یا webp)، نه کاشی برداری.",
    ),
    "kind": (
        "--format may be basemap, terrarium or mapbox (the last two: heights in pictures).",
        "--format می‌تواند basemap یا terrarium یا mapbox باشد (دو تای آخر: بلندی‌ها در تصویر).",
    ),
}
REASONS: Final = {"empty_tile": ("empty tiles, left out", "کاشی‌های خالی، کنار گذاشته شد")}
BASE: Final = 1000
SIGNS: Final = "۰۱۲۳۴۵۶۷۸۹"


def refused(name: str, broken: Broken) -> Problem:
    """The problem of a file that is not taken."""
    en, fa = WHY[broken.code]
    if broken.detail:
        en, fa = f"{en.rstrip('.')}: {broken.detail}.", f"{fa.rstrip('.')}: \u2068{broken.detail}\u2069."
    return Problem(400, "import.unreadable", f"{name}: {en}", f"{name}: {fa}")


def no_room(path: Path, need: int, free: int) -> Problem:
    """The problem of a disk that would not hold it (bytes)."""
    return Problem(
        507,
        "disk.full",
        f"{path} has {size(free)[0]} free, and {size(need)[0]} are needed. Make room; nothing was changed.",
        f"روی {path} جا به اندازهٔ {size(free)[1]} هست و {size(need)[1]} لازم است. جا باز کنید؛ چیزی تغییر نکرد.",
    )


def size(count: int) -> tuple[str, str]:
    """A number of bytes in English and Persian."""
    value, unit = float(count), 0
    while value >= BASE and unit < 3:  # noqa: PLR2004 - up to gigabytes
        value, unit = value / BASE, unit + 1
    text = f"{value:.0f}" if value >= 100 or not unit else f"{value:.1f}"  # noqa: PLR2004 - three figures are enough
    fa = text.replace(".", "٫").translate(str.maketrans("0123456789", SIGNS))
    return f"{text} {('bytes', 'kB', 'MB', 'GB')[unit]}", f"{fa} {('بایت', 'کیلوبایت', 'مگابایت', 'گیگابایت')[unit]}"


def told(slot: str, tiles: int, taken: int, free: int) -> tuple[str, str]:
    """What stands now, and how much room it takes and leaves."""
    count = str(tiles).translate(str.maketrans("0123456789", SIGNS))
    en = {"basemap": "Basemap", "relief": "Relief"}[slot]
    fa = {"basemap": "نقشهٔ زمینه", "relief": "پستی و بلندی"}[slot]
    return (
        f"{en}: {tiles} tiles, {size(taken)[0]}; {size(free)[0]} free on the disk.",
        f"{fa}: {count} کاشی، {size(taken)[1]}؛ {size(free)[1]} روی دیسک خالی است.",
    )
