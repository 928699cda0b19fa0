"""Archives of tiles made on the spot: vector tiles with Persian names, heights, contours, pictures."""

import gzip
import io
import json
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from shapely import MultiLineString, Polygon, clip_by_rect, get_parts

from mapping.pmtiles import GZIP, NONE, Entry, finish, tile_id

Point = tuple[float, float]
Shape = tuple[int, Sequence[Sequence[Point]], Mapping[str, str | int]]
"""Kind (1 points, 2 lines, 3 areas), parts in degrees, properties."""
EXTENT = 4096
LORESTAN = (46.5, 32.0, 50.5, 35.0)
TOWNS: Sequence[tuple[str, str, float, float, int]] = (
    ("خرم‌آباد", "Khorramabad", 48.356, 33.488, 373416),
    ("بروجرد", "Borujerd", 48.751, 33.897, 234997),
    ("پلدختر", "Pol-e Dokhtar", 47.714, 33.153, 26352),
    ("دورود", "Dorud", 49.058, 33.493, 121638),
    ("کوهدشت", "Kuhdasht", 47.606, 33.535, 89091),
    ("الیگودرز", "Aligudarz", 49.695, 33.400, 89520),
    ("ازنا", "Azna", 49.456, 33.456, 47489),
    ("معمولان", "Mamulan", 47.962, 33.379, 7000),
)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _part(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _pixel(point: Point, at: tuple[int, int, int]) -> Point:
    z, tx, ty = at
    sine = math.sin(math.radians(point[1]))
    x = (point[0] / 360 + 0.5) * (1 << z) - tx
    y = (0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * (1 << z) - ty
    return x * EXTENT, y * EXTENT


def _cut(kind: int, parts: Sequence[Sequence[Point]], at: tuple[int, int, int]) -> list[list[tuple[int, int]]]:
    """What of a shape lies on the tile and a little around it, in the tile's own measure."""
    rim = 0 if kind == 1 else 64
    made: list[Any] = [[_pixel(one, at) for one in part] for part in parts]
    if kind == 1:
        return [[(round(x), round(y))] for ((x, y),) in made if 0 <= x < EXTENT and 0 <= y < EXTENT]
    whole = MultiLineString(made) if kind == 2 else Polygon(made[0], made[1:])
    found = clip_by_rect(whole, -rim, -rim, EXTENT + rim, EXTENT + rim)
    out: list[list[tuple[int, int]]] = []
    for one in get_parts(found).tolist():
        rings = [one.exterior, *one.interiors] if one.geom_type == "Polygon" else [one]
        for ring in rings:
            line = [(round(x), round(y)) for x, y in ring.coords]
            out.append(line[:-1] if kind == 3 else line)
    return [one for one in out if len(one) > (2 if kind == 3 else 1)]


def _geometry(kind: int, parts: Sequence[Sequence[tuple[int, int]]]) -> bytes:
    out, last = bytearray(), (0, 0)
    for part in parts:
        for index, point in enumerate(part):
            if index < 2:
                out += _varint((1 if index == 0 else 2) | (1 if index == 0 else len(part) - 1) << 3)
            out += b"".join(_varint((d << 1) ^ (d >> 31)) for d in (point[0] - last[0], point[1] - last[1]))
            last = point
        if kind == 3:
            out += _varint(7 | 1 << 3)
    return bytes(out)


def vector_tile(layers: Mapping[str, Sequence[Shape]], at: tuple[int, int, int]) -> bytes:
    """A vector tile of version 2."""
    out = b""
    for name, shapes in layers.items():
        keys: list[str] = []
        values: list[str | int] = []
        body = _part(1, name.encode())
        for kind, parts, facts in shapes:
            if not (cut := _cut(kind, parts, at)):
                continue
            tags = b""
            for key, value in facts.items():
                keys += [key] if key not in keys else []
                values += [value] if value not in values else []
                tags += _varint(keys.index(key)) + _varint(values.index(value))
            body += _part(2, _part(2, tags) + b"\x18" + _varint(kind) + _part(4, _geometry(kind, cut)))
        body += b"".join(_part(3, key.encode()) for key in keys)
        for value in values:
            inner = _part(1, value.encode()) if isinstance(value, str) else b"\x20" + _varint(value)
            body += _part(4, inner)
        out += _part(3, body + b"\x28" + _varint(EXTENT) + b"\x78\x02")
    return out


def over(bounds: tuple[float, float, float, float], zooms: range) -> Iterator[tuple[int, int, int]]:
    """The tiles of a box."""
    for z in zooms:
        side = 1 << z

        def row(lat: float, side: int = side) -> int:
            sine = math.sin(math.radians(lat))
            return int((0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * side)

        for x in range(int((bounds[0] + 180) / 360 * side), int((bounds[2] + 180) / 360 * side) + 1):
            for y in range(row(bounds[3]), row(bounds[1]) + 1):
                yield z, x, y


def write(
    path: Path, tiles: Mapping[tuple[int, int, int], bytes], tile_type: int, metadata: Mapping[str, Any],
    bounds: tuple[float, float, float, float] = LORESTAN,
) -> Path:  # fmt: skip
    """A PMTiles file of these tiles; vector tiles are compressed here."""
    body, entries = io.BytesIO(), []
    for at in sorted(tiles, key=lambda one: tile_id(*one)):
        data = gzip.compress(tiles[at], mtime=0) if tile_type == 1 else tiles[at]
        entries.append(Entry(tile_id(*at), body.tell(), len(data), 1))
        body.write(data)
    with path.open("wb") as file:
        finish(
            file, body, entries, tile_type=tile_type, compression=GZIP if tile_type == 1 else NONE, bounds=bounds,
            metadata=dict(metadata),
        )  # fmt: skip
    return path


def lorestan() -> dict[str, list[Shape]]:
    """A ground in the layers of Protomaps' basemap 4."""
    box = [(46.0, 31.5), (51.0, 31.5), (51.0, 35.5), (46.0, 35.5)]
    lake = [(48.0 + 0.12 * math.cos(a / 8), 33.0 + 0.09 * math.sin(a / 8)) for a in range(50, 0, -1)]
    river = [(47.0 + i * 0.12, 32.9 + 0.1 * math.sin(i)) for i in range(28)]
    roads: list[Shape] = [
        (2, [[(a[2], a[3]), (b[2], b[3])]], {"kind": "highway" if i < 2 else "major_road", "name": f"{a[1]} road",
          "name:fa": f"جادهٔ {a[0]}–{b[0]}"})
        for i, (a, b) in enumerate(pairwise(TOWNS))
    ]  # fmt: skip
    places: list[Shape] = [
        (1, [[(lon, lat)]], {"kind": "locality", "name": en, "name:fa": fa, "name:en": en, "population": people})
        for fa, en, lon, lat, people in TOWNS
    ]
    return {
        "earth": [(3, [box], {"kind": "earth"})],
        "water": [(3, [lake], {"kind": "lake", "name:fa": "دریاچهٔ گهر", "name": "Gahar Lake"}),
                  (2, [river], {"kind": "river", "name:fa": "کشکان", "name": "Kashkan"})],
        "roads": roads,
        "boundaries": [(2, [[(47.2, 32.2), (48.0, 34.6), (50.0, 34.4)]], {"kind": "region"})],
        "places": places,
    }  # fmt: skip


CREDIT = '<a href="https://openstreetmap.org" onclick="steal()">© OpenStreetMap</a> <script>steal()</script>&amp; us'


def basemap(path: Path, zooms: range = range(3, 9), layers: Mapping[str, Sequence[Shape]] | None = None) -> Path:
    """Lorestan in vector tiles."""
    chosen = layers or lorestan()
    tiles = {at: vector_tile(chosen, at) for at in over(LORESTAN, zooms)}
    said = {"name": "Lorestan", "attribution": CREDIT, "vector_layers": [{"id": name} for name in chosen]}
    return write(path, tiles, 1, said)


def contours() -> dict[str, list[Shape]]:
    """Lorestan with lines of equal height."""
    rings: list[Shape] = []
    for i in range(20):
        wide, high = 0.1 + i / 25, 0.08 + i / 30
        ring = [(48.6 + wide * math.cos(a / 10), 33.5 + high * math.sin(a / 10)) for a in range(64)]
        rings.append((2, [ring], {"ele": 3000 - 100 * i, "index": 5 if i % 5 == 0 else 1}))
    return {**lorestan(), "contours": rings}


def heights(path: Path, zooms: range = range(4, 8), said: Mapping[str, str] | None = None) -> Path:
    """Mountains as Terrarium pictures: height = red * 256 + green + blue / 256 - 32768, in metres."""

    def picture(at: tuple[int, int, int]) -> bytes:
        z, x, y = at
        step = (np.arange(256) + 0.5) / 256
        east, south = np.meshgrid((x + step) / (1 << z), (y + step) / (1 << z))
        metres = 1500 + 900 * np.sin(east * 2500) + 700 * np.cos(south * 3100 + east * 900)
        value = metres + 32768
        bands = [value // 256, value % 256, (value * 256) % 256]
        out = io.BytesIO()
        Image.fromarray(np.dstack(bands).astype(np.uint8)).save(out, "WEBP", lossless=True)
        return out.getvalue()

    tiles = {at: picture(at) for at in over(LORESTAN, zooms)}
    return write(path, tiles, 4, said if said is not None else {"encoding": "terrarium", "name": "Heights"})


def pictures(path: Path, colour: str = "#3060c0", zooms: range = range(3, 7)) -> Path:
    """Plain squares of one colour as PNG tiles."""
    out = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(out, "PNG")
    return write(path, dict.fromkeys(over(LORESTAN, zooms), out.getvalue()), 2, {"name": "Plain"})


def mbtiles(
    path: Path, tiles: Mapping[tuple[int, int, int], bytes], form: str, pack: Callable[[bytes], bytes] = bytes
) -> Path:
    """An MBTiles file of these tiles, whose rows count from the south."""
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE metadata (name text, value text)")
        db.execute("CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
        said = {"name": "Lorestan", "format": form, "json": json.dumps({"vector_layers": [{"id": "earth"}]})}
        db.executemany("INSERT INTO metadata VALUES (?, ?)", said.items())
        db.executemany(
            "INSERT INTO tiles VALUES (?, ?, ?, ?)",
            [(z, x, (1 << z) - 1 - y, pack(data) if data else data) for (z, x, y), data in tiles.items()],
        )
    db.close()
    return path
