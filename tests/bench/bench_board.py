"""The board and the next claim over a full house: 100,000 tasks, 10,000 volunteers; and Redis made anew.

`python -m tests.bench.bench_board` starts an instance of its own, seeds it and asks page by page, one request at a
time: p50 and p99 from the request's first byte to the answer's last, and the CPU that web process and PostgreSQL spent
on it, for a wall clock on a busy machine says little. `--home` and `--port` name an instance that is seeded already.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg

from ops.integrity.rebuild import clear_redis, refill_stream
from server.access.context import make_context
from server.dispatch.count_queries import recount
from server.kernel.settings import Settings
from tests.bench.processes import cost, family, loop_ms, spent
from tests.support.instance import Instance, free_port

TASKS, VOLUNTEERS = 100_000, 10_000
WARM = 12


def token(instance: Instance, role: str, *more: str) -> dict[str, str]:
    """The Authorization header of a new token."""
    made = instance.run("token", "create", "--role", role, "--name", f"bench {role}", *more)
    return {"Authorization": f"Bearer {made.stdout.strip()}"}


class Asker:
    """Asks an instance, again and again, and keeps what it took."""

    def __init__(self, instance: Instance, web: list[int], postgres: int) -> None:
        self.instance, self.parts = instance, {"web": web, "postgres": family(postgres)}
        self.http = httpx.Client(base_url=instance.url, timeout=60, headers={"Accept-Language": "en"})

    def ask(self, method: str, paths: list[str], way: dict[str, str], times: int, body: Any = None) -> dict[str, Any]:
        """`times` requests of these paths in turn: milliseconds, and CPU milliseconds a request."""
        waits, sizes, codes = [], [], set()
        before = {}
        for nth in range(-WARM, times):
            if nth == 0:
                before = {name: cost(pids) for name, pids in self.parts.items()}
            begun = time.perf_counter()
            answer = self.http.request(method, paths[nth % len(paths)], headers=way, json=body)
            if nth >= 0:
                waits.append(time.perf_counter() - begun)
                sizes.append(len(answer.content))
                codes.add(answer.status_code)
        after = {name: cost(pids) for name, pids in self.parts.items()}
        cuts = statistics.quantiles(waits, n=100)
        return {
            "p50_ms": round(cuts[49] * 1000, 1),
            "p99_ms": round(cuts[98] * 1000, 1),
            "kB": round(statistics.median(sizes) / 1000, 1),
            "answers": sorted(codes),
            "cpu_ms": spent(before, after, times),
        }


def rows(dsn: str, query: str) -> list[Any]:
    """First column."""
    with psycopg.connect(dsn) as conn:
        return [row[0] for row in conn.execute(query)]


def measure(instance: Instance, times: int) -> dict[str, Any]:
    """Every page and call in turn, then Redis wiped and made anew."""
    status = instance.status()
    dsn = status["postgres"]["dsn"]
    asker = Asker(instance, status["web"]["pids"], status["postgres"]["pids"][0])
    (centre,) = rows(
        dsn,
        "SELECT centre_id FROM queues q JOIN queue_loads l ON l.queue_id = q.id GROUP BY 1"
        " ORDER BY sum(n) DESC LIMIT 1",
    )
    queue = rows(
        dsn,
        f"SELECT q.id FROM queues q JOIN queue_loads l ON l.queue_id = q.id WHERE centre_id = '{centre}'"
        " ORDER BY n DESC LIMIT 1",
    )[0]
    (her,) = rows(dsn, f"SELECT id FROM volunteers WHERE centre_id = '{centre}' AND gender = 'woman' LIMIT 1")
    tasks = rows(
        dsn, f"SELECT id FROM tasks WHERE queue_id = '{queue}' AND state = 'queued' ORDER BY rank DESC LIMIT 50"
    )
    lon, lat = rows(dsn, f"SELECT ARRAY[ST_X(geom), ST_Y(geom)] FROM centres WHERE id = '{centre}'")[0]
    everywhere, here = token(instance, "coordinator"), token(instance, "dispatcher", "--centre", str(centre))
    volunteer = token(instance, "volunteer", "--volunteer", str(her))
    random.Random(3).shuffle(tasks)
    return {
        "board, all centres": asker.ask("GET", ["/queue"], everywhere, times),
        "board's live part": asker.ask("GET", ["/queue"], everywhere | {"X-Part": "1"}, times),
        "board, one centre": asker.ask("GET", ["/queue"], here, times),
        "queues": asker.ask("GET", ["/api/queues"], everywhere, times),
        "a queue's first 200": asker.ask("GET", [f"/api/queues/{queue}/tasks"], here, times),
        "phone": asker.ask("GET", ["/me"], volunteer, times),
        "phone's live part": asker.ask("GET", ["/me"], volunteer | {"X-Part": "1"}, times),
        "near": asker.ask("GET", [f"/api/tasks/near?lat={lat}&lon={lon}&radius_km=30"], volunteer, times),
        "candidates": asker.ask("GET", [f"/api/tasks/{t}/candidates" for t in tasks], here, times),
        "next claim": asker.ask("POST", [f"/api/queues/{queue}/claim"], volunteer, times, {}),
        "next by matching": asker.ask("POST", ["/api/dispatch/next"], volunteer, times, {}),
    }


_EVENTS = """
INSERT INTO events (seq, at, verb, subject_type, subject_id, emergency_id, centre_id, actor, data, hash)
SELECT top.seq + n, clock_timestamp(), 'task.changed', 'task', t.id, t.emergency_id, NULL, 'bench', '{}',
  decode(repeat('00', 32), 'hex')
FROM (SELECT coalesce(max(seq), 0) AS seq FROM events) top, (SELECT id, emergency_id, row_number() OVER () AS n
  FROM tasks LIMIT %s) t"""


async def redis_anew(dsn: str, redis_url: str, home: Path) -> dict[str, Any]:
    """Redis wiped while the events of a busy week lie in PostgreSQL, then made anew as `hamyar rebuild` does it."""
    ctx = await make_context(Settings(home=home, DATABASE_URL=dsn, REDIS_URL=redis_url), max_connections=4)
    async with ctx.db.tx() as conn:
        await conn.execute(_EVENTS, (TASKS,))
    await ctx.redis.flushdb()
    begun, cpu = time.perf_counter(), time.process_time()
    await clear_redis(ctx)
    lines = await refill_stream(ctx, lambda what, count: None)
    took = {
        "lines": lines,
        "redis_s": round(time.perf_counter() - begun, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
    }
    async with ctx.db.tx() as conn:
        begun = time.perf_counter()
        await recount(conn)
    took["counts_of_queues_s"] = round(time.perf_counter() - begun, 2)
    await ctx.close()
    return took


def run(times: int = 200) -> dict[str, Any]:
    """Measure on an instance of its own."""
    with tempfile.TemporaryDirectory(prefix="board-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        instance = Instance(home, free_port(), {"HAMYAR_DRILL": "1", "HAMYAR_WORKERS": "1", "HAMYAR_GIVE_WAY": "1"})
        instance.run("up", "--detach")
        try:
            instance.run(
                *("bench", "seed", "--features", str(TASKS), "--tasks", str(TASKS), "--volunteers", str(VOLUNTEERS))
            )
            found = {**measure(instance, times), "loop_ms": round(loop_ms(), 2)}
            status = instance.status()
            return found | asyncio.run(redis_anew(status["postgres"]["dsn"], status["redis"]["url"], home))
        finally:
            instance.run("down")


def main() -> None:
    """As told on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_board")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    asked = parser.parse_args()
    if asked.home is None:
        print(json.dumps(run(asked.times), indent=1))
        return
    instance = Instance(asked.home, asked.port, {"HAMYAR_DRILL": "1"})
    print(json.dumps(measure(instance, asked.times), indent=1))


if __name__ == "__main__":
    main()
