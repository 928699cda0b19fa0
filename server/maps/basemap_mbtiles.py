"""MBTiles (SQLite, rows from the south) made into PMTiles, which browsers read by ranges.

The format: https://github.com/mapbox/mbtiles-spec/blob/master/1.3/spec.md.
"""

import gzip
import hashlib
import json
import math
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

import numpy as np

from mapping.pmtiles import FORMATS, GZIP, MOST_TILE, NONE, Broken, Entry, finish, tile_id, unpacked, zxy

SQLITE: Final = b"SQLite format 3\x00"
TYPES: Final = {"pbf": 1, "mvt": 1, **{name: number for number, name in FORMATS.items()}, "jpeg": 3}
SHARED_MOST: Final = 4096
"""Tiles of so few bytes are looked up among those already written: seas and deserts are one tile many times."""
ZOOM_MOST: Final = 24
WORLD: Final = (-180.0, -85.0511, 180.0, 85.0511)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"file:{path.absolute().as_posix().replace('%', '%25').replace('?', '%3f').replace('#', '%23')}"
    try:
        # Nobody writes into it while it is read, and it may lie where nothing can be written beside it.
        with closing(sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True)) as db:
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
            if not {"tiles", "metadata"} <= names:
                raise Broken("tables")
            yield db
    except (sqlite3.Error, OverflowError):
        raise Broken("sqlite") from None


def _said(db: sqlite3.Connection) -> dict[str, Any]:
    raw = {str(name): value for name, value in db.execute("SELECT name, value FROM metadata")}
    out: dict[str, Any] = {key: raw[key] for key in ("name", "attribution", "description", "encoding") if raw.get(key)}
    try:
        more = json.loads(raw.get("json") or "{}")
    except (ValueError, TypeError, RecursionError):
        more = {}
    if isinstance(more, dict):
        out |= {key: more[key] for key in ("vector_layers", "encoding") if key in more}
    return out | {"format": raw.get("format"), "bounds": raw.get("bounds")}


def _order(db: sqlite3.Connection) -> "np.ndarray[Any, np.dtype[np.uint64]]":
    ids = np.fromiter(_ids(db), dtype=np.uint64)
    return np.unique(ids)


def _ids(db: sqlite3.Connection) -> Iterator[int]:
    for z, x, row in db.execute("SELECT zoom_level, tile_column, tile_row FROM tiles"):
        if not (isinstance(z, int) and isinstance(x, int) and isinstance(row, int)):
            raise Broken("tables")
        if not (0 <= z <= ZOOM_MOST and 0 <= x < 1 << z and 0 <= row < 1 << z):
            raise Broken("tile", f"{z}/{x}/{row}")
        yield tile_id(z, x, (1 << z) - 1 - row)


def _vector(data: bytes) -> bytes:
    """A vector tile as gzip, however it was kept."""
    if data[:2] == b"\x1f\x8b":
        return data
    if data[:1] == b"\x78":
        try:
            data = zlib.decompressobj().decompress(data, MOST_TILE)
        except zlib.error:
            raise Broken("compressed") from None
    return gzip.compress(data, mtime=0)


def _bounds(said: object, deepest: list[tuple[int, int, int]]) -> tuple[float, float, float, float]:
    """What the file says, if it can be; else what its deepest tiles cover."""
    try:
        west, south, east, north = (float(part) for part in str(said).split(","))
        if -180 <= west < east <= 180 and -90 <= south < north <= 90:  # noqa: PLR2004 - degrees
            return west, max(WORLD[1], south), east, min(WORLD[3], north)
    except ValueError:
        pass
    side = 1 << deepest[0][0]
    xs, ys = [x for _, x, _ in deepest], [y for _, _, y in deepest]

    def lat(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / side))))

    return min(xs) / side * 360 - 180, lat(max(ys) + 1), (max(xs) + 1) / side * 360 - 180, lat(min(ys))


def converted(path: Path, into: IO[bytes], done: Callable[[float], object]) -> int:
    """Write an MBTiles file as PMTiles; returns how many empty tiles were left out. `done`: the share, 0 to 1.

    Raises Broken when the file is damaged or holds nothing.
    """
    with _opened(path) as db, TemporaryFile(dir=Path(into.name).parent) as tiles:
        said = _said(db)
        order = _order(db)
        if not len(order):
            raise Broken("empty")
        kind = TYPES.get(str(said.pop("format") or "").lower()) or _guess(db)
        entries: list[Entry] = []
        shared: dict[bytes, int] = {}
        empty = at = 0
        for count, number in enumerate(order.tolist()):
            z, x, y = zxy(number)
            found = db.execute(
                "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
                (z, x, (1 << z) - 1 - y),
            ).fetchone()
            data = found[0] if found else None
            if not data or not isinstance(data, bytes) or (kind == 1 and _hollow(data)):
                empty += 1
                continue
            data = _vector(data) if kind == 1 else data
            mark = hashlib.blake2b(data, digest_size=16).digest() if len(data) <= SHARED_MOST else b""
            start = shared.get(mark, at) if mark else at
            last = entries[-1] if entries else None
            if last and start == last.offset and start != at and last.id + last.run == number:
                entries[-1] = Entry(last.id, last.offset, last.length, last.run + 1)
            else:
                entries.append(Entry(number, start, len(data), 1))
            if start == at:
                tiles.write(data)
                at += len(data)
                if mark:
                    shared[mark] = start
            if count % 256 == 0:
                done(count / len(order))
        if not entries:
            raise Broken("empty")
        high = zxy(entries[-1].id)[0]
        deepest = [place for place in (zxy(one.id) for one in reversed(entries)) if place[0] == high]
        bounds = _bounds(said.pop("bounds"), deepest)
        finish(
            into, tiles, entries, tile_type=kind, compression=GZIP if kind == 1 else NONE, bounds=bounds, metadata=said
        )
    return empty


def _hollow(data: bytes) -> bool:
    return data[:2] == b"\x1f\x8b" and len(data) < 64 and not unpacked(data, GZIP, MOST_TILE)  # noqa: PLR2004


def _guess(db: sqlite3.Connection) -> int:
    """The kind of tiles of a file that does not say it, by the first one's first bytes."""
    found = db.execute("SELECT tile_data FROM tiles WHERE length(tile_data) > 12 LIMIT 1").fetchone()
    head = bytes(found[0][:12]) if found and isinstance(found[0], bytes) else b""
    if head.startswith(b"\x89PNG"):
        return 2
    if head.startswith(b"\xff\xd8"):
        return 3
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return 4
    if head.startswith((b"\x1f\x8b", b"\x1a", b"\x78")):
        return 1
    raise Broken("tile_type")
