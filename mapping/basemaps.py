"""What lies under the layers: our own offline outlines always, archives of tiles that were imported, an operator's
tiles only when a URL is set.
"""

import json
import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

FOLDER: Final = "basemap"
"""Under HAMYAR_HOME: an archive a slot, named after what it holds, and `SLOT.json` that says which is the one."""
SLOTS: Final = ("basemap", "relief")
KEY: Final = re.compile(r"[0-9a-f]{32}")
CREDIT_MOST: Final = 300


@dataclass(frozen=True, slots=True)
class Tiles:
    """An operator's raster tiles: a Leaflet URL template with {z}, {x}, {y}, and the credit that its owner
    asks for.
    """

    url: str
    attribution: str = ""

    def __post_init__(self) -> None:
        """Refuse a template that could not be fetched or would carry a secret into every browser."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https", ""} or (parts.scheme and not parts.hostname):
            raise ValueError("a tile URL is http(s)://host/… or a path on this server")
        if parts.username or parts.password:
            raise ValueError("a tile URL must not carry a password: every browser would see it")
        if not all(mark in self.url for mark in ("{z}", "{x}", "{y}")):
            raise ValueError("a tile URL needs {z}, {x} and {y}")

    @property
    def source(self) -> str | None:
        """The host as a Content-Security-Policy source, None when the tiles are our own; `{s}` becomes a
        wildcard.
        """
        parts = urlsplit(self.url)
        if not parts.scheme:
            return None
        host = parts.netloc.replace("{s}", "*")
        if any(char in host for char in " ;,'\"{}"):
            raise ValueError("the host of a tile URL holds characters that a policy cannot name")
        return f"{parts.scheme}://{host}"

    @property
    def credit(self) -> str:
        """The attribution as HTML-safe text: Leaflet sets it with innerHTML."""
        return escape(self.attribution)


def content_security_policy(nonce: str, tiles: Tiles | None = None) -> str:
    """The policy of every page: nothing but our own host, scripts and styles by file or nonce.

    `tiles` adds the operator's own tile host to the images, and nothing else.
    """
    images = " ".join(part for part in ("'self'", "data:", "blob:", tiles.source if tiles else None) if part)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            f"img-src {images}",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


@dataclass(frozen=True, slots=True)
class Archive:
    """An imported archive of tiles, as `SLOT.json` keeps it. `key`: of its content; bounds in degrees; `encoding` of
    heights, `terrarium` or `mapbox`, for relief alone.
    """

    key: str
    source: str
    bytes: int
    tiles: int
    format: str
    encoding: str
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float]
    layers: tuple[str, ...]
    name: str
    credit: str

    @property
    def url(self) -> str:
        """Where browsers find it: another content has another address, so it may be kept for ever."""
        return f"/api/basemap/{self.key}.pmtiles"

    def page(self) -> dict[str, Any]:
        """What the map's page is told."""
        kept = asdict(self)
        return {name: kept[name] for name in _TOLD} | {"url": self.url}

    def dump(self) -> str:
        """As a file keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)


_TOLD: Final = ("format", "encoding", "min_zoom", "max_zoom", "bounds", "layers", "name", "credit")


def archive_path(home: Path, key: str) -> Path:
    """Where the archive of a content lies."""
    return home / FOLDER / f"{key}.pmtiles"


def archives(home: Path) -> dict[str, Archive]:
    """The archives that are in place, by slot. A state that cannot be read counts as none: the map works without."""
    out: dict[str, Archive] = {}
    for slot in SLOTS:
        path = home / FOLDER / f"{slot}.json"
        try:
            found = path.stat()
            out[slot] = _kept(path, found.st_mtime_ns, found.st_ino)
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return out


@lru_cache(maxsize=8)
def _kept(path: Path, _changed: int, _inode: int) -> Archive:
    raw = json.loads(path.read_text("utf-8"))
    made = Archive(**{**raw, "bounds": tuple(raw["bounds"]), "layers": tuple(raw["layers"])})
    if not KEY.fullmatch(made.key):
        raise ValueError("not a key")
    return made


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's own
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)


def plain(said: object, most: int = CREDIT_MOST) -> str:
    """What a file says of itself, often HTML, as one line of text for people."""
    if not isinstance(said, str):
        return ""
    parser = _Plain()
    parser.feed(said[: most * 20])
    parser.close()
    words = " ".join("".join(parser.text).split())
    # Persian needs its half-spaces.
    return "".join(char for char in words if char.isprintable() or char == "\u200c")[:most]
