"""The map's own ground: archives taken or refused, kept whole, served by ranges to who may see the map."""

import gzip
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mapping import basemaps
from mapping.pmtiles import Archive
from ops.commands import imports
from ops.localstack.problem import Problem
from server.kernel.settings import Settings
from server.maps import basemap_import
from tests.support import tile_archives as make
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]
REAL = Path("/work/shared/data/basemap_tiles")
real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no real archives at {REAL}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HAMYAR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str) -> dict[str, int]:
    app = typer.Typer()
    imports.register(app)
    # A second command keeps typer from swallowing the first one's name.
    app.command("other")(lambda: None)
    done = CliRunner().invoke(app, ["import", "basemap", *arguments, "--json"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def refusal(*arguments: str) -> Problem:
    with pytest.raises(Problem) as caught:
        run(*arguments)
    assert any("\u0600" <= char <= "\u06ff" for char in caught.value.fa)
    return caught.value


def left(home: Path) -> list[str]:
    folder = home / basemaps.FOLDER
    return sorted(one.name for one in folder.iterdir() if one.name != ".lock") if folder.is_dir() else []


def test_a_file_is_taken_once_known_then_replaced_and_removed(home: Path, tmp_path: Path) -> None:
    first = make.basemap(tmp_path / "a.pmtiles")
    counts = run(str(first))
    assert counts["rows"] == counts["imported"] > 10
    assert run(str(first)) == {**counts, "imported": 0, "known": counts["rows"]}
    one = basemaps.archives(home)["basemap"]
    assert (one.format, one.min_zoom, one.max_zoom, one.name) == ("mvt", 3, 8, "Lorestan")
    assert {"earth", "roads", "places"} <= set(one.layers)
    assert one.credit == "© OpenStreetMap & us", "what a file says is text, never HTML"
    assert basemaps.archive_path(home, one.key).read_bytes() == first.read_bytes()
    run(str(make.pictures(tmp_path / "b.pmtiles")))
    other = basemaps.archives(home)["basemap"]
    assert other.format == "png"
    assert left(home) == sorted(["basemap.json", f"{other.key}.pmtiles"])
    run(str(make.heights(tmp_path / "c.pmtiles")))
    assert {slot: one.format for slot, one in basemaps.archives(home).items()} == {"basemap": "png", "relief": "webp"}
    assert run("--remove", "--format", "relief") == {"rows": 0, "imported": 0, "known": 0, "set_aside": 0}
    assert list(basemaps.archives(home)) == ["basemap"]
    run("--remove")
    assert left(home) == []


def test_heights_that_do_not_say_so_are_told_and_leave_the_ground(home: Path, tmp_path: Path) -> None:
    silent = str(make.heights(tmp_path / "h.pmtiles", range(4, 5), said={}))
    run(silent)
    assert list(basemaps.archives(home)) == ["basemap"]
    run(silent, "--format", "terrarium")
    assert {slot: one.encoding for slot, one in basemaps.archives(home).items()} == {"relief": "terrarium"}
    assert "vector" in refusal(str(make.basemap(tmp_path / "v.pmtiles", range(3, 4))), "--format", "mapbox").en
    refusal(silent, "--format", "shapefile")


def damaged(whole: bytes) -> Iterator[tuple[str, bytes]]:
    yield "cut in the tiles", whole[: len(whole) // 2]
    yield "cut in the header", whole[:90]
    yield "empty", b""
    yield "something else", b"GIF89a" + bytes(500)
    yield "version 2", whole[:7] + b"\x02" + whole[8:]
    yield "brotli", whole[:98] + b"\x03" + whole[99:]
    yield "avif", whole[:99] + b"\x05" + whole[100:]
    yield "root overwritten", whole[:127] + bytes(200) + whole[327:]
    yield "tiles overwritten", whole[:-2000] + bytes(2000)
    yield "zooms the wrong way", whole[:100] + b"\x09\x01" + whole[102:]


def test_what_is_damaged_is_refused_and_what_stood_before_stays(home: Path, tmp_path: Path) -> None:
    good = make.basemap(tmp_path / "good.pmtiles", range(3, 8))
    run(str(good))
    before = left(home)
    seen = set()
    for name, data in damaged(good.read_bytes()):
        bad = tmp_path / "bad.pmtiles"
        bad.write_bytes(data)
        said = refusal(str(bad)).en
        assert said.startswith("bad.pmtiles: "), name
        seen.add(said)
        assert left(home) == before, name
    assert len(seen) >= 7, "each damage has words of its own"
    assert "no such file" in refusal(str(tmp_path / "nowhere.pmtiles")).en


def test_a_bomb_is_no_tile(home: Path, tmp_path: Path) -> None:
    bomb = make.write(tmp_path / "bomb.pmtiles", {(3, 5, 3): bytes(80_000_000)}, 1, {})
    assert bomb.stat().st_size < 200_000
    assert "3/5/3" in refusal(str(bomb)).en
    assert not basemaps.archives(home)


def test_a_full_disk_is_told_before_anything_is_copied(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make.basemap(tmp_path / "a.pmtiles", range(3, 5))
    monkeypatch.setattr(basemap_import, "SPARE", 10**18)
    assert refusal(str(file)).code == "disk.full"
    assert left(home) == []


def test_mbtiles_become_the_same_tiles_and_empty_ones_are_set_aside(home: Path, tmp_path: Path) -> None:
    tiles = {at: make.vector_tile(make.lorestan(), at) for at in make.over(make.LORESTAN, range(3, 8))}
    tiles |= {(8, x, 10): b"" for x in range(3)}
    file = make.mbtiles(tmp_path / "a b?#%.mbtiles", tiles, "pbf", gzip.compress)
    full = len(tiles) - 3
    assert run(str(file)) == {"rows": len(tiles), "imported": full, "known": 0, "set_aside": 3}
    assert run(str(file)) == {"rows": full, "imported": 0, "known": full, "set_aside": 0}
    one = basemaps.archives(home)["basemap"]
    with basemaps.archive_path(home, one.key).open("rb") as opened:
        archive = Archive(opened)
        found = {e.id: archive.tile(e) for e in archive.entries(100)}
    for at, data in tiles.items():
        assert found.get(make.tile_id(*at), b"") == data
    assert one.bounds[0] < 47
    assert one.bounds[2] > 50


def test_damaged_mbtiles_are_refused(home: Path, tmp_path: Path) -> None:
    tiles = {at: make.vector_tile(make.lorestan(), at) for at in make.over(make.LORESTAN, range(3, 9))}
    whole = make.mbtiles(tmp_path / "a.mbtiles", tiles, "pbf").read_bytes()
    for name, data in (("cut", whole[: len(whole) // 3]), ("zeros", whole[:4096] + bytes(len(whole) - 4096))):
        bad = tmp_path / f"{name}.mbtiles"
        bad.write_bytes(data)
        assert "database" in refusal(str(bad)).en
    with sqlite3.connect(tmp_path / "other.mbtiles") as db:
        db.execute("CREATE TABLE people (name text)")
    db.close()
    assert "tables" in refusal(str(tmp_path / "other.mbtiles")).en
    assert left(home) == []


@real
def test_real_archives(home: Path) -> None:
    expected = {
        "stamen_toner_raster_z0-3.pmtiles": ("png", 0, 3),
        "plain_1.mbtiles": ("png", 0, 4),
        "twolayers_vector.mbtiles": ("mvt", 0, 14),
        "some-empty-tiles.mbtiles": None,
        "usgs-mt-whitney-8-15-webp-512.pmtiles": ("webp", 8, 15),
        "corrupt.mbtiles": None,
    }
    for name, form in expected.items():
        if not (REAL / name).is_file():
            continue
        if name == "corrupt.mbtiles":
            refusal(str(REAL / name))
            continue
        counts = run(str(REAL / name))
        assert counts["imported"], name
        assert counts["imported"] + counts["set_aside"] == counts["rows"], name
        one = basemaps.archives(home)["basemap"]
        assert form in (None, (one.format, one.min_zoom, one.max_zoom)), name


async def test_ranges_are_served_to_who_may_see_the_map_alone(
    config: Settings, client_of: MakeClient, tmp_path: Path
) -> None:
    shutil.rmtree(config.home / basemaps.FOLDER, ignore_errors=True)
    coordinator = await client_of("coordinator")
    assert (await coordinator.get("/api/basemap")).json() == {"basemap": None, "relief": None}
    file = make.basemap(tmp_path / "a.pmtiles", range(3, 7))
    await basemap_import.import_basemap(config.home, file)
    whole = file.read_bytes()
    for role in ("coordinator", "dispatcher", "volunteer"):
        client = await client_of(role)
        told = (await client.get("/api/basemap")).json()["basemap"]
        assert told["format"] == "mvt"
        assert "source" not in told
        part = await client.get(told["url"], headers={"Range": "bytes=127-999"})
        assert part.status_code == 206
        assert part.content == whole[127:1000]
        assert part.headers["content-range"] == f"bytes 127-999/{len(whole)}"
    url, tag = told["url"], part.headers["etag"]
    kept = part.headers["cache-control"]
    assert "private" in kept
    assert "immutable" in kept
    assert "public" not in kept
    assert tag.strip('"') in url
    assert (await coordinator.get(url)).content == whole
    assert (await coordinator.get(url, headers={"If-None-Match": tag})).status_code == 304
    other = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert len((await coordinator.get(url, headers=other)).content) == len(whole)
    assert (await coordinator.get(url, headers={"Range": f"bytes={len(whole)}-"})).status_code == 416
    stranger = await client_of(None)
    for path in ("/api/basemap", url):
        assert (await stranger.get(path)).status_code == 401
    gateway = await client_of("gateway")
    assert (await gateway.get(url, headers={"Range": "bytes=0-9"})).status_code == 403
    for wrong in ("/api/basemap/..%2fbasemap.pmtiles", f"/api/basemap/{'0' * 32}.pmtiles"):
        assert (await coordinator.get(wrong)).status_code in (404, 422)
    await basemap_import.remove_basemap(config.home)
    assert (await coordinator.get(url)).status_code == 404
