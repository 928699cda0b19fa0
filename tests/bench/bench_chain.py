"""The whole chain under a steady load: messages over HTTP in, needs, tasks, cells and the stream out, a map open.

`python -m tests.bench.bench_chain --seconds 600 --rate 200` prints the figures of a live run: the backlog (age of the
oldest message that is not yet read, of the oldest event that is not yet sealed) second by second, and what it cost.
`--fixed 3000 --stored 20000` measures CPU milliseconds a report instead, by process, with so many reports stored
before: a machine's other load does not change that much. A scratch instance in a folder of its own
(`HAMYAR_BENCH_HOME`, else a temporary one), a drill; loopback only.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from ops.drills.scenario import load as load_scenario
from ops.drills.setting import set_up
from ops.localstack.parts import WORKERS
from ops.localstack.stores import Stores, running
from server.access.context import Context, make_context
from server.access.secrets import new_secret, secret_hash
from server.kernel.ids import uuid7
from server.kernel.redis import ring
from server.kernel.settings import Settings
from server.reports.intake import Incoming, accept
from tests.bench.messages import Message, stream
from tests.bench.posting import Door, Listener, Tally, each_second, listen, post
from tests.bench.processes import Cost, children, cost, loop_ms, spent, total_cpu_s

T = TypeVar("T")
DATABASE = "hamyar_chain"
WEB = 2
WARM = 20
BEFORE = 40
"""Messages of a live run before its clock starts."""
BOX = "45,30,51,36"
LAYERS = ("needs", "incidents", "tasks", "reports")
KEPT = frozenset({"report.accepted", "report.read", "task.queued"})
BACKLOG = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - (SELECT received_at FROM reports
    WHERE read_state = 'pending' AND (emergency_id IS NOT NULL OR read_at IS NULL) AND lane = 0
    ORDER BY lane, received_at, id LIMIT 1)), 0)::float8 AS unread,
  coalesce(extract(epoch FROM clock_timestamp()
    - (SELECT at FROM events_unsealed ORDER BY id LIMIT 1)), 0)::float8 AS unsealed
"""


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """p50, p99 and the greatest."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0}
    return {
        "n": len(ordered),
        "p50": round(statistics.median(ordered), digits),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], digits),
        "max": round(ordered[-1], digits),
    }


class World:
    """A scratch database with the drill's centres and goods, and processes to run on it."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.dsn = _new_database(stores)
        for old in stores.layout.home.glob("drill-*.json"):
            old.unlink()  # tokens of the database that was here before
        self.environment = {
            **os.environ,
            "HAMYAR_HOME": str(stores.layout.home),
            "DATABASE_URL": self.dsn,
            "REDIS_URL": stores.layout.redis_url,
            "HAMYAR_DRILL": "1",
        }
        for step in (
            ["-c", "import os; from ops.migrate import upgrade; upgrade(os.environ['DATABASE_URL'])"],
            ["-m", "ops.prepare"],
        ):
            subprocess.run([sys.executable, *step], env=self.environment, check=True, capture_output=True)
        self.emergency, self.gateway = self.with_context(_furnish)
        self.coordinator = new_secret()
        with psycopg.connect(self.dsn) as conn:
            conn.execute(
                "INSERT INTO tokens (id, hash, role, name) VALUES (%s, %s, 'coordinator', 'bench')",
                (uuid7(), secret_hash(self.coordinator)),
            )
        self.pids: dict[str, list[int]] = {}
        self._started: list[subprocess.Popen[bytes]] = []

    def with_context(self, work: Callable[[Context], Awaitable[T]]) -> T:
        """Run something with the instance's context, in this process."""

        async def run() -> T:
            settings = Settings(
                home=self.stores.layout.home, database_url=self.dsn, redis_url=self.stores.layout.redis_url, drill=True
            )
            ctx = await make_context(settings, max_connections=4)
            try:
                return await work(ctx)
            finally:
                await ctx.close()

        return asyncio.run(run())

    @contextmanager
    def running(self, *, listener: socket.socket | None = None, workers: bool = True) -> Iterator[None]:
        """Web processes on a socket, and the worker processes of an instance."""
        commands: list[tuple[str, list[str]]] = []
        if listener is not None:
            commands += [("web", ["-m", "ops.localstack.web", "--fd", str(listener.fileno())])] * WEB
        if workers:
            commands += [("+".join(loops), ["-m", "server.worker", *loops]) for loops in WORKERS]
        passed = [listener.fileno()] if listener is not None else []
        quiet = None if os.environ.get("HAMYAR_BENCH_LOUD") else subprocess.DEVNULL
        started = [
            (name, subprocess.Popen([sys.executable, *c], env=self.environment, pass_fds=passed, stderr=quiet))
            for name, c in commands
        ]
        self.pids, self._started = {}, [process for _, process in started]
        for name, process in started:
            self.pids.setdefault(name, []).append(process.pid)
        try:
            yield
        finally:
            for _, process in started:
                process.terminate()
            for _, process in started:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def check(self) -> None:
        """Raise RuntimeError when one of the processes has ended."""
        if any(process.poll() is not None for process in self._started):
            raise RuntimeError("a process of the instance has ended; HAMYAR_BENCH_LOUD=1 shows why")

    def costs(self) -> dict[str, Cost]:
        """CPU and memory so far, by process."""
        postgres, redis = (child.pid for child in self.stores.children)
        named = {**self.pids, "postgres": children(postgres), "redis": children(redis)}
        return {name: cost(pids) for name, pids in named.items()}


def _new_database(stores: Stores) -> str:
    with psycopg.connect(stores.layout.dsn("postgres", "postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")  # type: ignore[arg-type]
        server.execute(f"CREATE DATABASE {DATABASE} OWNER hamyar")  # type: ignore[arg-type]
    stores.postgres.add_extensions(DATABASE)
    return stores.layout.dsn(DATABASE)


async def _furnish(ctx: Context) -> tuple[UUID, str]:
    doors = await set_up(ctx, load_scenario("lorestan-flood"))
    async with ctx.db.tx() as conn:
        rows = await (await conn.execute("SELECT id FROM emergencies")).fetchall()
    return rows[0]["id"], doors.gateway


def run(seconds: float = 60, rate: float = 200) -> dict[str, Any]:
    """A live run of `seconds` at `rate` messages a second."""
    kept = os.environ.get("HAMYAR_BENCH_HOME")
    with tempfile.TemporaryDirectory(prefix="hamyar-bench-") as made, running(Path(kept or made)) as stores:
        world = World(stores)
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, world.running(listener=listener):
            return asyncio.run(_live(world, listener.getsockname()[1], seconds, rate))


async def _live(world: World, port: int, seconds: float, rate: float) -> dict[str, Any]:
    messages = stream(1)
    await _ready(port)
    await post(port, world.gateway, stream(2), 20, BEFORE / 20, Tally(), key="w")
    await _drained(world)
    tally, heard, samples, cells = Tally(), Listener(), _Samples(), list[float]()
    listening = asyncio.create_task(listen(port, world.coordinator, heard, KEPT))
    await asyncio.sleep(1)
    map_open = Door(port, world.coordinator)

    async def look() -> None:
        began = time.perf_counter()
        layer = LAYERS[len(cells) % len(LAYERS)]
        status, _ = await map_open.ask("GET", f"/api/map/cells?bbox={BOX}&zoom=7&layer={layer}")
        if status == 200:
            cells.append(time.perf_counter() - began)

    before, machine, own, began = world.costs(), total_cpu_s(), time.process_time(), time.perf_counter()
    async with await psycopg.AsyncConnection.connect(world.dsn, autocommit=True) as conn:
        sampling = asyncio.create_task(each_second(lambda: samples.take(conn, world)))
        looking = asyncio.create_task(each_second(look))
        total = await post(port, world.gateway, messages, rate, seconds, tally)
        posted = time.perf_counter() - began
        await _drained(world)
        drained = time.perf_counter() - began
        await asyncio.sleep(1)
        for task in (sampling, looking, listening):
            task.cancel()
        await asyncio.gather(sampling, looking, listening, return_exceptions=True)
    after, wall = world.costs(), time.perf_counter() - began
    ours = sum(after[n].cpu_s - before[n].cpu_s for n in after) + time.process_time() - own
    return {
        "rate": rate,
        "messages": total,
        "posted_in_s": round(posted, 1),
        "drained_in_s": round(drained, 1),
        "backlog_s": {"unread": spread(samples.unread), "unsealed": spread(samples.unsealed)},
        "answered_ms": spread([t * 1000 for t in tally.took], 1),
        "asked_again": tally.refused,
        "visible_s": {verb: spread(_delays(tally, heard, verb)) for verb in sorted(KEPT) if verb.startswith("report")},
        "events": heard.events,
        "holes": heard.holes,
        "map_ms": spread([c * 1000 for c in cells], 1),
        "cpu_ms_a_message": spent(before, after, total)
        | {"load": round((time.process_time() - own) * 1000 / total, 3)},
        "fixed_loop_ms": spread(samples.loops, 2),
        "cores_ours": round(ours / wall, 2),
        "cores_others": round((total_cpu_s() - machine - ours) / wall, 2),
        "rss_mb": {name: [round(before[name].rss_mb), round(after[name].rss_mb)] for name in after},
        "made": _made(world.dsn),
        "by_minute": samples.by_minute(),
    }


class _Samples:
    """The backlog, once a second."""

    def __init__(self) -> None:
        self.unread: list[float] = []
        self.unsealed: list[float] = []
        self.loops: list[float] = []

    async def take(self, conn: psycopg.AsyncConnection[Any], world: World) -> None:
        """One sample."""
        row = await (await conn.execute(BACKLOG)).fetchone()
        self.unread.append(row[0] if row else 0.0)
        self.unsealed.append(row[1] if row else 0.0)
        self.loops.append(loop_ms())
        if os.environ.get("HAMYAR_BENCH_LOUD") and len(self.unread) % 10 == 0:
            sys.stderr.write(f"{len(self.unread)} s: unread {self.unread[-1]:.2f} unsealed {self.unsealed[-1]:.2f}\n")

    def by_minute(self) -> list[dict[str, float]]:
        """The worst of each minute."""
        return [
            {"unread": round(max(self.unread[i : i + 60]), 2), "unsealed": round(max(self.unsealed[i : i + 60]), 2)}
            for i in range(0, len(self.unread), 60)
        ]


def _delays(tally: Tally, heard: Listener, verb: str) -> list[float]:
    # An event may overtake its own answer; then it was seen at once.
    return [max(0.0, heard.seen[verb, key] - at) for key, at in tally.at.items() if (verb, key) in heard.seen]


async def _ready(port: int) -> None:
    door = Door(port, "")
    for _ in range(600):
        try:
            if (await door.ask("GET", "/readyz"))[0] == 200:
                return
        except ConnectionError:
            door.close()
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError("the web process never became ready")


async def _drained(world: World, loops: list[float] | None = None) -> None:
    """Wait until nothing is unread and nothing unsealed. Raises RuntimeError when a process has ended."""
    async with await psycopg.AsyncConnection.connect(world.dsn, autocommit=True) as conn:
        while True:
            world.check()
            row = await (
                await conn.execute(
                    "SELECT EXISTS (SELECT FROM reports WHERE read_state = 'pending'"
                    " AND (emergency_id IS NOT NULL OR read_at IS NULL)) OR EXISTS (SELECT FROM events_unsealed)"
                )
            ).fetchone()
            if row and not row[0]:
                return
            if loops is not None:
                loops.append(loop_ms())
            await asyncio.sleep(0.1)


def _made(dsn: str) -> dict[str, int]:
    tables = ("reports", "needs", "incidents", "tasks", "report_links", "events", "map_features", "map_cells")
    with psycopg.connect(dsn) as conn:
        return {t: conn.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}  # type: ignore[arg-type,index]


def fixed(reports: int, stored: Sequence[int]) -> dict[str, Any]:
    """CPU milliseconds a report of a fixed corpus, after so many `stored` ones each time."""
    kept = os.environ.get("HAMYAR_BENCH_HOME")
    settings = {"shared_preload_libraries": "pg_stat_statements"} if os.environ.get("HAMYAR_BENCH_STATEMENTS") else None
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hamyar-bench-") as made, running(Path(kept or made), settings) as stores:
        world = World(stores)
        if settings:
            with psycopg.connect(stores.layout.dsn(DATABASE, "postgres"), autocommit=True) as conn:
                conn.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        messages, done = stream(1), 0
        for already in stored:
            if already > done:
                _drain(world, list(islice(messages, already - done)))
            figures[f"after {already}"] = _drain(world, list(islice(messages, reports)), settings is not None)
            done = max(done, already) + reports
        figures["made"] = _made(world.dsn)
    return figures


def _drain(world: World, messages: list[Message], statements: bool = False) -> dict[str, Any]:
    """Put messages in, then let the workers read and seal them all; what that cost."""

    async def put(ctx: Context, some: list[Message]) -> None:
        for start in range(0, len(some), 500):
            items = [
                Incoming("sms", "bench", str(uuid7()), m.text.encode(), m.sender, emergency_id=world.emergency)
                for m in some[start : start + 500]
            ]
            async with ctx.db.tx() as conn:
                await accept(conn, ctx, items)
        await ring(ctx.redis, "reports")

    with world.running():
        # What a process spends on coming up is not the chain's.
        world.with_context(lambda ctx: put(ctx, messages[:WARM]))
        asyncio.run(_drained(world))
        workers = [pid for pids in world.pids.values() for pid in pids]
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        world.with_context(lambda ctx: put(ctx, messages[WARM:]))
        if statements:
            with psycopg.connect(world.stores.layout.dsn(DATABASE, "postgres"), autocommit=True) as conn:
                conn.execute("SELECT pg_stat_statements_reset()")
        before, began = world.costs(), time.perf_counter()
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        loops: list[float] = []
        asyncio.run(_drained(world, loops))
        after, wall = world.costs(), time.perf_counter() - began
    figures: dict[str, Any] = {
        "cpu_ms_a_report": spent(before, after, len(messages) - WARM),
        "fixed_loop_ms": spread(loops, 2),
        "wall_s": round(wall, 1),
    }
    return figures | ({"statements": _statements(world)} if statements else {})


def _statements(world: World) -> list[str]:
    """The statements that took longest, from pg_stat_statements."""
    with psycopg.connect(world.stores.layout.dsn(DATABASE, "postgres")) as conn:
        rows = conn.execute(
            "SELECT total_exec_time, calls, rows, query FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 30"
        ).fetchall()
    return [f"{r[0]:.0f} ms, {r[1]} calls, {r[2]} rows: {' '.join(r[3].split())[:160]}" for r in rows]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--fixed", type=int, default=0)
    parser.add_argument("--stored", type=int, nargs="*", default=[0])
    given = parser.parse_args()
    figures = fixed(given.fixed, given.stored) if given.fixed else run(given.seconds, given.rate)
    sys.stdout.write(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
