"""Claims a second over HTTP with 64 clients, beside a bare SKIP LOCKED loop of the same run and database.

`python -m tests.bench.bench_claims` starts a private PostgreSQL and Redis with fsync on, one web process on
the loopback, and 64 clients, each a volunteer with a token that claims one task a request until the queue is empty.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from ops.localstack.layout import REPOSITORY
from ops.localstack.stores import Stores
from ops.migrate import upgrade
from tests.bench.processes import cost, family, loop_ms, spent
from tests.support.dispatch_world import World, a_world

CLIENTS = 64


def bare_loop(dsn: str, queue: UUID, volunteer: UUID, n: int) -> float:
    """One connection, one claim a transaction: the plainest claim there is, with its lease and its event. Claims/s."""
    with psycopg.connect(dsn) as conn:
        begun = time.perf_counter()
        for _ in range(n):
            row = conn.execute(
                "UPDATE tasks SET state = 'claimed', holder_id = %s, fence = fence + 1,"
                " lease_until = clock_timestamp() + interval '300 s' WHERE id = (SELECT id FROM tasks WHERE "
                "queue_id = %s"
                " AND state = 'queued' ORDER BY rank DESC, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"
                " RETURNING id, fence, emergency_id",
                (volunteer, queue),
            ).fetchone()
            assert row is not None
            conn.execute(
                "INSERT INTO leases (id, task_id, fence, volunteer_id) VALUES (gen_random_uuid(), %s, %s, %s)",
                (row[0], row[1], volunteer),
            )
            conn.execute(
                "INSERT INTO events_unsealed (verb, subject_type, subject_id, emergency_id, actor, data)"
                " VALUES ('task.claimed', 'task', %s, %s, 'bench', '{}')",
                (row[0], row[2]),
            )
            conn.commit()
        return n / (time.perf_counter() - begun)


async def _client(port: int, path: str, way_in: dict[str, str], waits: list[float], got: list[str]) -> None:
    # Plain sockets: an HTTP library in this process would take the core that the server needs.
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {way_in['Authorization']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()
    while True:
        begun = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        waits.append(time.perf_counter() - begun)
        assert b" 200 " in head[:16], body
        tasks = json.loads(body)["tasks"]
        if not tasks:
            writer.close()
            return
        got += [t["id"] for t in tasks]


async def over_http(world: World, n: int, port: int, parts: dict[str, list[int]]) -> dict[str, Any]:
    """`n` tasks claimed one by one by CLIENTS volunteers over HTTP."""
    queue = await world.queue("bench_http")
    await world.tasks(n, kind="bench_http", queue=queue)
    ways = [await world.token("volunteer", volunteer=v) for v in await world.volunteers(CLIENTS)]
    waits: list[float] = []
    got: list[str] = []
    path = f"/api/queues/{queue}/claim"
    before = {name: cost(pids) for name, pids in parts.items()}
    begun = time.perf_counter()
    await asyncio.gather(*(_client(port, path, way, waits, got) for way in ways))
    seconds = time.perf_counter() - begun
    after = {name: cost(pids) for name, pids in parts.items()}
    batches = await world.one(
        "SELECT count(DISTINCT l.xmin::text) FROM leases l JOIN tasks t ON t.id = l.task_id WHERE t.queue_id = %s",
        queue,
    )
    cuts = statistics.quantiles(waits, n=100)
    return {
        "claims_per_s": round(n / seconds),
        "held_once": len(got) == len(set(got)) == n,
        "claims_per_commit": round(n / batches, 1),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "max_ms": round(max(waits) * 1000, 1),
        "cpu_ms_each": spent(before, after, n),
    }


async def _up(port: int) -> None:
    """Wait until the web process answers."""
    async with httpx.AsyncClient() as http:
        for _ in range(300):
            try:
                await http.get(f"http://127.0.0.1:{port}/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
    raise TimeoutError


async def _measure(dsn: str, redis_url: str, home: Path, n: int, postgres: int) -> dict[str, Any]:
    env = {**os.environ, "HAMYAR_HOME": str(home), "DATABASE_URL": dsn, "REDIS_URL": redis_url, "HAMYAR_DRILL": "1"}
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        door.set_inheritable(True)
        fd = door.fileno()
        # Started once, before anything is measured: the very process that an instance has.
        web = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "ops.localstack.web", "--fd", str(fd)], env=env, cwd=REPOSITORY, pass_fds=[fd]
        )
    try:
        async with a_world(dsn, redis_url, codes="B") as world:
            queue = await world.queue("bench_bare")
            await world.tasks(n, kind="bench_bare", queue=queue)
            (someone,) = await world.volunteers(1)
            await world.run("ANALYZE")
            await _up(port)
            bare = [await asyncio.to_thread(bare_loop, dsn, queue, someone, n // 2)]
            parts = {"web": [web.pid], "postgres": family(postgres), "load": [os.getpid()]}
            found = await over_http(world, n, port, parts)
            bare.append(await asyncio.to_thread(bare_loop, dsn, queue, someone, n // 2))
            loop = round(statistics.mean(bare))
            return {
                "tasks": n,
                "clients": CLIENTS,
                "bare_loop_claims_per_s": loop,
                **found,
                "ratio": round(found["claims_per_s"] / loop, 2),
                "loop_ms": round(loop_ms(), 2),
            }
    finally:
        web.terminate()
        web.wait(10)


def run(n: int = 6000) -> dict[str, Any]:
    """Measure on servers of its own; ratios within the run are what counts, for disks differ."""
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        stores = Stores(home, {}, durable=True)
        stores.start()
        try:
            dsn = stores.layout.dsn("hamyar")
            upgrade(dsn)
            return asyncio.run(_measure(dsn, stores.layout.redis_url, home, n, stores.children[0].pid))
        finally:
            stores.stop()


if __name__ == "__main__":
    print(json.dumps(run()))
