"""How soon an accepted report is seen by an SSE client, chain included, through real web and worker processes.

`run(seconds=…)` gives figures, `python -m tests.bench.bench_stream` prints them. A scratch instance with durable
settings in a folder of its own (`HAMYAR_BENCH_HOME`, else a temporary one); loopback only.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psycopg

from ops.localstack.parts import WORKERS
from ops.localstack.stores import Stores, running
from server.access.secrets import new_secret, secret_hash
from server.kernel.ids import uuid7

WARM = 20
PLACES = ("پلدختر", "معمولان", "خرم‌آباد", "کوهدشت", "نورآباد", "الشتر")
NEEDS = ("آب آشامیدنی", "چادر", "غذا", "دارو", "شیر خشک", "پتو")
DATABASE = "hamyar_stream"


def spread(times: list[float]) -> dict[str, float]:
    """p50, p99 and the longest, in milliseconds."""
    ordered = sorted(times)
    if not ordered:
        return {"n": 0}
    return {
        "n": len(ordered),
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 1),
        "max_ms": round(ordered[-1] * 1000, 1),
    }


def _new_database(stores: Stores) -> str:
    with psycopg.connect(stores.layout.dsn("postgres", "postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")  # type: ignore[arg-type]
        server.execute(f"CREATE DATABASE {DATABASE} OWNER hamyar")  # type: ignore[arg-type]
    stores.postgres.add_extensions(DATABASE)
    return stores.layout.dsn(DATABASE)


@contextmanager
def _processes(environment: dict[str, str], listener: socket.socket) -> Iterator[None]:
    commands = (
        [sys.executable, "-m", "ops.localstack.web", "--fd", str(listener.fileno())],
        *([sys.executable, "-m", "server.worker", *loops] for loops in WORKERS),
    )
    started = [
        subprocess.Popen(command, env=environment, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
        for command in commands
    ]
    try:
        yield
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run(seconds: float = 20, rate: float = 50, clients: int = 5) -> dict[str, Any]:
    """Post `rate` messages a second for `seconds`, with `clients` listening."""
    kept = os.environ.get("HAMYAR_BENCH_HOME")
    with tempfile.TemporaryDirectory(prefix="hamyar-bench-") as made, running(Path(kept or made)) as stores:
        dsn, secret = _new_database(stores), new_secret()
        environment = {
            **os.environ,
            "HAMYAR_HOME": str(stores.layout.home),
            "DATABASE_URL": dsn,
            "REDIS_URL": stores.layout.redis_url,
            "HAMYAR_DRILL": "1",
        }
        for step in (
            ["-c", "import os; from ops.migrate import upgrade; upgrade(os.environ['DATABASE_URL'])"],
            ["-m", "ops.prepare"],
        ):
            subprocess.run([sys.executable, *step], env=environment, check=True, capture_output=True)
        with psycopg.connect(dsn) as conn:
            conn.execute(
                "INSERT INTO emergencies (id, code, name_fa, name_en, kind, drill)"
                " VALUES (%s, 'E-BENCH', 'تمرین', 'Drill', 'flood', true)",
                (uuid7(),),
            )
            conn.execute(
                "INSERT INTO tokens (id, hash, role, name) VALUES (%s, %s, 'coordinator', 'bench')",
                (uuid7(), secret_hash(secret)),
            )
        with socket.create_server(("127.0.0.1", 0)) as listener, _processes(environment, listener):
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            return asyncio.run(_measure(url, secret, seconds, rate, clients))


async def _measure(url: str, secret: str, seconds: float, rate: float, clients: int) -> dict[str, Any]:
    accepted: dict[str, float] = {}
    seen: list[dict[tuple[str, str], float]] = [{} for _ in range(clients)]
    numbers: list[list[int]] = [[] for _ in range(clients)]
    headers = {"Authorization": f"Bearer {secret}"}
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, limits=limits) as http:
        for _ in range(300):
            try:
                if (await http.get("/readyz")).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
        listening = [asyncio.create_task(_listen(http, seen[n], numbers[n])) for n in range(clients)]
        await asyncio.sleep(2)
        dice = random.Random(1)
        await _warm(http, dice, seen)
        sending: list[asyncio.Task[None]] = []
        begin, total = time.perf_counter(), int(seconds * rate)
        for number in range(total):
            await asyncio.sleep(max(0, begin + number / rate - time.perf_counter()))
            sending.append(asyncio.create_task(_post(http, dice, number, accepted)))
        await asyncio.gather(*sending)
        async with asyncio.timeout(120):
            while any(sum(verb == "report.read" for verb, _ in one) < total + WARM for one in seen):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    return {
        "rate": rate,
        "reports": total,
        "clients": clients,
        "accepted → visible": spread(_delays(accepted, seen, "report.accepted")),
        "accepted → read and joined, visible": spread(_delays(accepted, seen, "report.read")),
        "events_a_client": len(numbers[0]),
        "holes": sum(b != a + 1 for one in numbers for a, b in pairwise(one)),
    }


def _delays(accepted: dict[str, float], seen: list[dict[tuple[str, str], float]], verb: str) -> list[float]:
    # An event may overtake its own answer; then it was seen at once.
    return [max(0.0, one[verb, key] - at) for one in seen for key, at in accepted.items() if (verb, key) in one]


async def _warm(http: httpx.AsyncClient, dice: random.Random, seen: list[dict[tuple[str, str], float]]) -> None:
    """A few messages read before the clock starts: a process that has just come up loads its gazetteer first."""
    for number in range(WARM):
        await _post(http, dice, -1 - number, {})
    async with asyncio.timeout(120):
        while any(sum(verb == "report.read" for verb, _ in one) < WARM for one in seen):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _post(http: httpx.AsyncClient, dice: random.Random, number: int, accepted: dict[str, float]) -> None:
    text = f"{dice.choice(PLACES)} {dice.randrange(2, 60)} نفر {dice.choice(NEEDS)} لازم دارند"
    body = {"text": text, "channel": "api", "sender": f"+98912{number % 10**7:07d}"}
    answer = await http.post("/api/reports", json=body, headers={"Idempotency-Key": str(uuid7())})
    answer.raise_for_status()
    accepted[answer.json()["id"]] = time.perf_counter()


async def _listen(http: httpx.AsyncClient, seen: dict[tuple[str, str], float], numbers: list[int]) -> None:
    async with http.stream("GET", "/api/stream", timeout=None) as answer:
        verb, number = "", 0
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                verb = line.removeprefix("event: ")
            elif line.startswith("id: "):
                number = int(line.removeprefix("id: "))
            elif line.startswith("data: "):
                numbers.append(number)
                seen[verb, json.loads(line.removeprefix("data: "))["id"]] = time.perf_counter()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--clients", type=int, default=5)
    given = parser.parse_args()
    figures = run(given.seconds, given.rate, given.clients)
    sys.stdout.write(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
