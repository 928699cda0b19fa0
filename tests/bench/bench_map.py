"""How long boxes take over a million features: `run()` gives figures, `python -m tests.bench.bench_map` prints them.

Uses a scratch instance of its own (`HAMYAR_BENCH_HOME`, else a temporary folder), never a real one.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from ops.localstack.stores import running
from ops.migrate import upgrade
from server.kernel.db import Database
from server.kernel.geo import Box
from server.kernel.ids import uuid7
from server.maps import service
from server.maps.asking import Ask
from server.maps.projection import refresh
from server.maps.queries import LAYERS, rebuild_cells

TOWNS = ((47.71, 33.15), (47.96, 33.38), (48.36, 33.49), (47.61, 33.53), (51.39, 35.69), (59.6, 36.3), (52.53, 29.6))
CATEGORIES = ("water", "food", "shelter", "medicine", "hygiene", "medical_care", "infant_care", "evacuation")
STATUSES = ("open", "open", "tasked", "met", "closed")
WIDTH_PX, HEIGHT_PX = 1440, 900


def seed(dsn: str, size: int) -> UUID:
    """`size` features of the layer needs by COPY: seven in ten about towns, the rest all over a country."""
    dice, emergency = random.Random(1), uuid7()
    step = 360 / (1 << 17)
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO emergencies (id, code, name_fa, name_en, kind, drill)"
            " VALUES (%s, 'E-BENCH', 'تمرین', 'Drill', 'flood', true)",
            (emergency,),
        )
        with conn.cursor().copy(
            "COPY map_features (layer, id, emergency_id, category, status, urgency, seen_at, lon, lat,"
            " gx, gy, geom, props) FROM STDIN"
        ) as copy:
            for number in range(size):
                if number % 10 < 7:
                    town = dice.choice(TOWNS)
                    lon, lat = dice.gauss(town[0], 0.15), dice.gauss(town[1], 0.12)
                else:
                    lon, lat = dice.uniform(45, 62), dice.uniform(26, 39)
                copy.write_row(
                    (
                        "needs",
                        uuid7(),
                        emergency,
                        dice.choice(CATEGORIES),
                        dice.choice(STATUSES),
                        "life" if dice.random() < 0.05 else "normal",
                        "2026-01-01",
                        lon,
                        lat,
                        int((lon + 180) // step),
                        int((lat + 90) // step),
                        f"SRID=4326;POINT({lon!r} {lat!r})",
                        '{"layer":"needs","code":"N-2222222","category":"water","status":"open","urgency":"normal","people":5}',
                    )
                )
    return emergency


def view(dice: random.Random, zoom: int) -> Box:
    """A screen of 1440 × 900 pixels about a town or anywhere in the country."""
    lon, lat = dice.choice(TOWNS) if dice.random() < 0.7 else (dice.uniform(46, 61), dice.uniform(27, 38))
    degrees = 360 / (256 * 2**zoom)
    w, h = WIDTH_PX * degrees / 2, HEIGHT_PX * degrees * 0.84 / 2
    lon, lat = lon + dice.uniform(-w, w) / 3, lat + dice.uniform(-h, h) / 3
    return Box(max(-180, lon - w), max(-90, lat - h), min(180, lon + w), min(90, lat + h))


def spread(times: list[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered) * 1000, 2),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 2),
    }


async def measure(dsn: str, emergency: UUID, views: int) -> dict[str, Any]:
    """Time answers, from question to bytes, without the cache."""
    db = Database(dsn, max_size=2)
    await db.open()
    figures: dict[str, Any] = {}
    dice = random.Random(2)
    kinds = {"all": ((), ()), "status+category": (("open",), ("water",))}
    for name, (statuses, categories) in kinds.items():
        for zoom in range(2, 17, 2):
            times, sizes = [], []
            for _ in range(views):
                ask = Ask("needs", (view(dice, zoom),), zoom, statuses, categories, None, "")
                begin = time.perf_counter()
                async with db.tx() as conn:
                    await service.steady(conn)
                    body = await service.cells(conn, ask, emergency, 0)
                times.append(time.perf_counter() - begin)
                sizes.append(len(body))
            figures[f"{name} z{zoom}"] = {**spread(times), "kB": round(statistics.median(sizes) / 1000)}
    await db.close()
    return figures


async def upkeep(dsn: str, emergency: UUID, count: int = 2000) -> dict[str, float]:
    """Milliseconds a feature of the projection: new needs, then changed ones, in batches of 100."""
    dice, db = random.Random(3), Database(dsn, max_size=2)
    await db.open()
    ids = [uuid7() for _ in range(count)]
    async with db.tx() as conn, conn.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO needs (id, code, emergency_id, category, urgency, geom_shown)"
            " VALUES (%s, %s, %s, 'water', 'life', ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            [(key, f"N-{n}", emergency, dice.gauss(48, 0.3), dice.gauss(33, 0.3)) for n, key in enumerate(ids)],
        )
    figures = {}
    for name in ("new", "changed", "again"):
        if name == "changed":
            async with db.tx() as conn:
                await conn.execute("UPDATE needs SET status = 'met'")
        begin = time.perf_counter()
        for start in range(0, count, 100):
            async with db.tx() as conn:
                await refresh(conn, {"needs": ids[start : start + 100]})
        figures[f"{name}_ms"] = round((time.perf_counter() - begin) / count * 1000, 3)
    await db.close()
    return figures


def run(features: int = 1_000_000, views: int = 60) -> dict[str, Any]:
    """Seed, build the cells, measure."""
    kept = os.environ.get("HAMYAR_BENCH_HOME")
    with tempfile.TemporaryDirectory(prefix="hamyar-bench-") as made, running(Path(kept or made)) as stores:
        dsn = stores.layout.dsn("hamyar_bench")
        with psycopg.connect(stores.layout.dsn("postgres", "postgres"), autocommit=True) as server:
            server.execute("DROP DATABASE IF EXISTS hamyar_bench WITH (FORCE)")
            server.execute("CREATE DATABASE hamyar_bench OWNER hamyar")
        stores.postgres.add_extensions("hamyar_bench")
        upgrade(dsn)
        begin = time.perf_counter()
        emergency = seed(dsn, features)
        seeded = time.perf_counter()

        async def cells() -> int:
            db = Database(dsn, max_size=1)
            await db.open()
            async with db.tx() as conn:
                count = await rebuild_cells(conn)
            await db.close()
            return count

        count = asyncio.run(cells())
        built = time.perf_counter()
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("VACUUM (ANALYZE) map_features, map_cells")
        return {
            "layers": len(LAYERS),
            "features": features,
            "cells": count,
            "copy_s": round(seeded - begin, 1),
            "cells_s": round(built - seeded, 1),
            "views": views,
            **asyncio.run(measure(dsn, emergency, views)),
            "projection": asyncio.run(upkeep(dsn, emergency)),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", type=int, default=1_000_000)
    parser.add_argument("--views", type=int, default=60)
    given = parser.parse_args()
    sys.stdout.write(json.dumps(run(given.features, given.views), indent=1) + "\n")
