"""Acknowledged durable messages a second through the generic door, beside a bare Starlette route in the same run.

`python -m tests.bench.bench_intake --seconds 60` starts a whole instance (two web processes, the workers, fsync on)
and, on the same cores, the bare peer (`bare_intake`: two processes on one socket, the same PostgreSQL) and the load
generator (`load_intake`). Ours and the bare one take turns; ratios within the run are what counts, for machines differ.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from ops.localstack.layout import REPOSITORY
from tests.bench.bare_intake import TABLE
from tests.support.instance import Instance, wait_until

CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "96"))
PORT = int(os.environ.get("BENCH_PORT", "8176"))
PATH = "/intake/sms/generic"
TURNS = 3
"""How often ours and the bare one take turns."""
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int, *, reaped: bool = False) -> float:
    """Seconds of CPU that a process has used, with its reaped children if asked; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if reaped else 13])) / _TICK


def rss_mb(pid: int) -> float:
    """Resident memory in MiB; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20
    except OSError:
        return 0.0


class Watch:
    """CPU of the parts between two moments."""

    def __init__(self, parts: dict[str, list[int]]) -> None:
        self.parts = parts

    def now(self) -> dict[str, float]:
        """Seconds used so far, by part."""
        return {name: sum(cpu_s(p, reaped=name == "postgres") for p in pids) for name, pids in self.parts.items()}

    @staticmethod
    def between(before: dict[str, float], after: dict[str, float], n: int) -> dict[str, int]:
        """Microseconds a message, by part."""
        return {name: round((after[name] - before[name]) / max(1, n) * 1e6) for name in after}


def postgres_pids(postmaster: int) -> list[int]:
    """The postmaster and its children."""
    found = [postmaster]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if entry.joinpath("stat").read_text().rpartition(") ")[2].split()[1] == str(postmaster):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def load(port: int, path: str, token: str, seconds: float, first: int) -> dict[str, Any]:
    """Run the load generator to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load_intake", str(port), path, token, str(CONNECTIONS), str(seconds),
         str(first)],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


@contextmanager
def bare_peer(port: int, dsn: str) -> Iterator[list[int]]:
    """Two bare processes on one socket."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(TABLE)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
        os.set_inheritable(listener.fileno(), True)
        command = [sys.executable, "-m", "tests.bench.bare_intake", "--fd", str(listener.fileno())]
        peers = [
            subprocess.Popen(
                command, cwd=REPOSITORY, env={**os.environ, "DATABASE_URL": dsn}, pass_fds=(listener.fileno(),)
            )
            for _ in range(2)
        ]
        try:
            yield [peer.pid for peer in peers]
        finally:
            for peer in peers:
                peer.send_signal(signal.SIGTERM)
            for peer in peers:
                peer.wait(20)


class Run:
    """One measurement on a running instance."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        status = instance.status()
        self.dsn: str = status["postgres"]["dsn"]
        self.postmaster: int = status["postgres"]["pids"][0]
        self.web: list[int] = status["web"]["pids"]
        self.parts = {"web": self.web, "worker": status["worker"]["pids"], "jobs": status["jobs"]["pids"],
                      "redis": status["redis"]["pids"]}  # fmt: skip
        coordinator = instance.run("token", "create", "--role", "coordinator", "--name", "bench").stdout.strip()
        self.token = instance.run("token", "create", "--role", "gateway", "--name", "bench").stdout.strip()
        opened = httpx.post(
            f"{instance.url}/api/emergencies",
            headers={"Authorization": f"Bearer {coordinator}"},
            json={"code": "bench", "name_fa": "سنجش", "name_en": "Bench", "kind": "flood"},
        )
        opened.raise_for_status()
        self.next = 1

    def one(self, query: str) -> Any:
        """The first column of the first row."""
        with psycopg.connect(self.dsn) as conn:
            row = conn.execute(query).fetchone()
            assert row is not None
            return row[0]

    def turn(self, port: int, path: str, seconds: float, web: list[int]) -> dict[str, Any]:
        """Load one of the two doors."""
        watch = Watch({**self.parts, "web": web, "postgres": postgres_pids(self.postmaster)})
        before, moments = watch.now(), []
        over = threading.Event()

        def look() -> None:
            while not over.wait(1):
                moments.append(sum(map(rss_mb, web)))

        looking = threading.Thread(target=look)
        looking.start()
        try:
            figures = load(port, path, self.token, seconds, self.next)
        finally:
            over.set()
            looking.join()
        self.next += figures["sent"]
        figures["us_a_message"] = watch.between(before, watch.now(), figures["acknowledged"])
        figures["us_a_message"]["load"] = round(figures["cpu_s"] / figures["acknowledged"] * 1e6)
        figures["rss_mb"] = [round(moments[i]) for i in (0, len(moments) // 2, -1)] if moments else []
        return figures


def measure(instance: Instance, seconds: float) -> dict[str, Any]:
    """Ours for `seconds` in all, the bare peer a third of that, in turns."""
    run = Run(instance)
    ours: list[dict[str, Any]] = []
    bare: list[dict[str, Any]] = []
    load(instance.port, PATH, run.token, 2, run.next)
    run.next += 100_000
    before = run.one("SELECT count(*) FROM reports")
    with bare_peer(PORT + 1, run.dsn) as peers:
        wait_until(lambda: _answers(PORT + 1))
        load(PORT + 1, "/bare", run.token, 2, 900_000_000)
        run_bare = run.one("SELECT count(*) FROM bench_bare")
        for _ in range(TURNS):
            bare.append(run.turn(PORT + 1, "/bare", seconds / TURNS / 3, peers))
            ours.append(run.turn(instance.port, PATH, seconds / TURNS, run.web))
        kept_bare = run.one("SELECT count(*) FROM bench_bare") - run_bare
    kept = run.one("SELECT count(*) FROM reports") - before
    acknowledged = sum(turn["acknowledged"] for turn in ours)
    rates = [statistics.mean(turn["per_s"] for turn in turns) for turns in (ours, bare)]
    return {
        "seconds": seconds,
        "connections": CONNECTIONS,
        "per_s": round(rates[0]),
        "bare_per_s": round(rates[1]),
        "ratio": round(rates[0] / rates[1], 2),
        "p99_ms": max(turn["p99_ms"] for turn in ours),
        "acknowledged": acknowledged,
        "kept": kept,
        "refused": sum(turn["refused"] for turn in ours),
        "bare_kept_equals": kept_bare == sum(turn["acknowledged"] for turn in bare),
        "read_of_them": run.one("SELECT count(*) FROM reports WHERE read_state = 'read'"),
        "ours": ours,
        "bare": bare,
    }


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(seconds: float = 60.0) -> dict[str, Any]:
    """Measure on an instance of its own."""
    with tempfile.TemporaryDirectory(prefix="intake-bench-") as folder:
        home = Path(os.environ.get("BENCH_HOME", folder))
        home.chmod(0o755)
        instance = Instance(home, PORT, {"HAMYAR_WORKERS": "2", "HAMYAR_DRILL": "1", "HAMYAR_GIVE_WAY": "1"})
        instance.run("up", "--detach")
        try:
            return measure(instance, seconds)
        finally:
            instance.run("down")


def main() -> None:
    """As told on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_intake")
    parser.add_argument("--seconds", type=float, default=60.0)
    begun = time.perf_counter()
    figures = run(parser.parse_args().seconds)
    print(json.dumps({**figures, "took_s": round(time.perf_counter() - begun)}, indent=1))


if __name__ == "__main__":
    main()
