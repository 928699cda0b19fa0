"""`hamyar import basemap`: an archive of tiles looked through, then put into the place of the one before."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from mapping import basemaps
from mapping.pmtiles import Archive, Broken, zxy
from mapping.tile_content import looked_at
from server.maps import basemap_mbtiles
from server.maps.basemap_words import REASONS, no_room, refused, told

__all__ = ["REASONS", "Tally", "import_basemap", "remove_basemap"]

BLOCK: Final = 1 << 20
SPARE: Final = 200_000_000
"""Bytes that stay free on the disk: the database needs room to breathe."""
SAMPLE: Final = 64
LEAVES_MOST: Final = 256
ENCODINGS: Final = {
    "terrarium": "terrarium", "mapbox": "mapbox", "mapbox-rgb": "mapbox", "mapbox_rgb": "mapbox",
    "terrain-rgb": "mapbox", "terrainrgb": "mapbox", "terrain_rgb": "mapbox",
}  # fmt: skip
PARTIAL: Final = ".coming-"
Progress = Callable[[int], object]


@dataclass
class Tally:
    """What became of the tiles; `notes`: what a person is told besides, as (English, Persian)."""

    rows: int = 0
    imported: int = 0
    known: int = 0
    set_aside: int = 0
    reasons: list[tuple[int, str, bool]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The four numbers that `--json` prints."""
        return {"rows": self.rows, "imported": self.imported, "known": self.known, "set_aside": self.set_aside}


async def import_basemap(home: Path, path: Path, *, kind: str | None = None, progress: Progress | None = None) -> Tally:
    """Take a PMTiles or MBTiles file as the ground of the map. Raises Problem; what stood before then stays.

    `kind`: `terrarium` or `mapbox` for heights whose file does not say so, `basemap` for a ground whatever it says.
    """
    return await asyncio.to_thread(_import, home, path, kind, progress or (lambda _read: None))


async def remove_basemap(home: Path, *, kind: str | None = None) -> Tally:
    """Take away what was imported: `basemap`, `relief`, or (None) both. Pages go back to the outlines."""
    return await asyncio.to_thread(_remove, home, kind)


def _remove(home: Path, kind: str | None) -> Tally:
    if kind not in (None, *basemaps.SLOTS):
        raise refused("--format", Broken("kind"))
    tally = Tally()
    for slot, one in basemaps.archives(home).items():
        if kind in (None, slot):
            (home / basemaps.FOLDER / f"{slot}.json").unlink()
            tally.notes.append(
                (f"Removed: {slot}, {one.name or one.key}", f"برداشته شد: {slot}، {one.name or one.key}")
            )
    _sweep(home)
    return tally


def _import(home: Path, path: Path, kind: str | None, progress: Progress) -> Tally:
    try:
        return _taken(home, path, kind, progress)
    except Broken as broken:
        raise refused(path.name, broken) from None


def _taken(home: Path, path: Path, kind: str | None, progress: Progress) -> Tally:
    if kind not in (None, "basemap", *ENCODINGS):
        raise Broken("kind")
    if not path.is_file():
        raise Broken("absent")
    with path.open("rb") as file:
        is_sqlite = file.read(len(basemap_mbtiles.SQLITE)) == basemap_mbtiles.SQLITE
    if not is_sqlite:
        # Before a long copy: a cut or foreign file is refused at once.
        with path.open("rb") as file:
            _described(Archive(file), kind)
    folder = home / basemaps.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        return _placed(home, path, kind, progress, is_sqlite=is_sqlite)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One import at a time; what an import that was killed has left is swept away."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for rest in folder.glob(f"{PARTIAL}*"):
            rest.unlink(missing_ok=True)
        yield


def _placed(home: Path, path: Path, kind: str | None, progress: Progress, *, is_sqlite: bool) -> Tally:
    folder, size = home / basemaps.FOLDER, path.stat().st_size
    before = basemaps.archives(home)
    # The same file again: told by its digest, read once, without room for a second copy.
    mark = _digest(path, progress) if any(one.bytes == size or is_sqlite for one in before.values()) else None
    for slot, one in before.items():
        if mark == one.source and _wanted(kind, one) and basemaps.archive_path(home, one.key).is_file():
            free = shutil.disk_usage(folder).free
            return Tally(rows=one.tiles, known=one.tiles, notes=[told(slot, one.tiles, one.bytes, free)])
    free = shutil.disk_usage(folder).free
    # Converting keeps the tiles once beside the new file.
    need = size * (2 if is_sqlite else 1) + SPARE
    if free < need:
        raise no_room(folder, need, free)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=PARTIAL, delete=False) as made:
        try:
            empty = 0
            if is_sqlite:
                mark = mark or _digest(path, progress)
                empty = basemap_mbtiles.converted(path, made, lambda share: progress(int(share * size)))
            else:
                mark = _copied(path, made, progress)
            made.flush()
            found = _described(Archive(made), kind)
            made.seek(0)
            key = hashlib.file_digest(made, "sha256").hexdigest()[:32] if is_sqlite else mark[:32]
            os.fsync(made.fileno())
            os.fchmod(made.fileno(), 0o640)
            made.close()
            Path(made.name).replace(basemaps.archive_path(home, key))
        except BaseException:
            Path(made.name).unlink(missing_ok=True)
            raise
    one = basemaps.Archive(key=key, source=mark, bytes=basemaps.archive_path(home, key).stat().st_size, **found)
    slot = "relief" if one.encoding else "basemap"
    _put(folder, slot, one)
    for other, was in before.items():
        # The same file, taken for something else before.
        if other != slot and was.source == one.source:
            (folder / f"{other}.json").unlink(missing_ok=True)
    _sweep(home)
    progress(size)
    tally = Tally(rows=one.tiles + empty, imported=one.tiles, set_aside=empty)
    tally.notes.append(told(slot, one.tiles, one.bytes, shutil.disk_usage(folder).free))
    if empty:
        tally.reasons.append((empty, "empty_tile", False))
    return tally


def _wanted(kind: str | None, one: basemaps.Archive) -> bool:
    """Whether an archive stands as what it is asked to be."""
    return kind is None or one.encoding == ENCODINGS.get(kind, "")


def _digest(path: Path, progress: Progress) -> str:
    work, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            work.update(block)
            read += len(block)
            progress(read)
    return work.hexdigest()


def _copied(path: Path, into: IO[bytes], progress: Progress) -> str:
    work, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            work.update(block)
            into.write(block)
            read += len(block)
            progress(read)
    return work.hexdigest()


def _described(archive: Archive, kind: str | None) -> dict[str, Any]:
    """Look through an archive: directories, and a sample of tiles opened. What is kept of it; Broken otherwise."""
    head, said = archive.header, archive.metadata()
    entries = list(archive.entries(LEAVES_MOST))
    if not entries:
        raise Broken("empty")
    layers: dict[str, None] = {
        str(one["id"])[:80]: None
        for one in said.get("vector_layers") or ()
        if isinstance(one, dict) and isinstance(one.get("id"), str)
    }
    step = max(1, len(entries) // SAMPLE)
    for one in (*entries[::step], entries[-1]):
        where = "/".join(map(str, zxy(one.id)))
        try:
            layers |= dict.fromkeys(looked_at(archive.tile(one), head.format))
        except Broken:
            raise Broken("tile", where) from None
    encoding = ENCODINGS.get(str(kind if kind != "basemap" else "").lower(), "")
    if not encoding and kind is None:
        encoding = ENCODINGS.get(str(said.get("encoding") or "").lower(), "")
    if encoding and head.format not in ("png", "webp"):
        raise Broken("vector_relief")
    return {
        "tiles": head.addressed or sum(one.run for one in entries),
        "format": head.format,
        "encoding": encoding,
        "min_zoom": head.min_zoom,
        "max_zoom": head.max_zoom,
        "bounds": head.bounds,
        "layers": tuple(layers)[:200],
        "name": basemaps.plain(said.get("name"), 100),
        "credit": basemaps.plain(said.get("attribution")),
    }


def _put(folder: Path, slot: str, one: basemaps.Archive) -> None:
    """Write what stands in a slot, whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=PARTIAL, delete=False, encoding="utf-8") as file:
        file.write(one.dump())
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o640)
    Path(file.name).replace(folder / f"{slot}.json")
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(home: Path) -> None:
    """Take away archives that no slot names."""
    named = {one.key for one in basemaps.archives(home).values()}
    for path in (home / basemaps.FOLDER).glob("*.pmtiles"):
        if path.stem not in named:
            path.unlink(missing_ok=True)
