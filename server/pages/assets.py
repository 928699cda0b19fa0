"""Where the browser build put its files: names in the code, hashed paths on the wire."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

STATIC: Final = Path(__file__).parent / "static"
DIST: Final = STATIC / "dist"
BASE: Final = "/static/dist/"


class BuildMissing(RuntimeError):
    """The browser parts have not been built."""


@lru_cache(maxsize=4)
def _manifest(path: Path, changed_ns: int) -> Mapping[str, Any]:  # noqa: ARG001 - the time is the cache's key
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {entry.get("name", source): entry for source, entry in loaded.items() if "src" in entry}


def entries(dist: Path = DIST) -> Mapping[str, Any]:
    """Vite's manifest by entry name; read again when a new build lands."""
    path = dist / "manifest.json"
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        raise BuildMissing("the browser parts are not built: run `npm ci && npm run build`") from None
    return _manifest(path, changed)


def asset(name: str, dist: Path = DIST) -> str:
    """The path of an entry's file (`map`, `pages`, `leaflet`, …); KeyError for a name that the build does
    not know.
    """
    return BASE + str(entries(dist)[name]["file"])


def styles(name: str, dist: Path = DIST) -> list[str]:
    """The paths of the style sheets that an entry needs, in order."""
    return [BASE + str(path) for path in entries(dist)[name].get("css", [])]
