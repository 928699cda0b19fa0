"""Thousands watch: how soon each hears of each change, from the sealer's number on, and what that costs; and whether
those who were cut off for minutes come back with none lost and none doubled.

`run(…)` gives figures, `python -m tests.bench.bench_stream_many` prints them. An instance of its own
(`HAMYAR_BENCH_HOME`, else a temporary one), loopback only, ended after `--seconds` and `--cut-s` (`HAMYAR_CUT_S`) and
what opening takes. The listeners are five kinds of people with a token each; at the end each one's numbers are
compared with what the table holds and its role may hear.
"""

import argparse
import json
import os
import pickle
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from ops.localstack.layout import REPOSITORY
from ops.localstack.parts import WORKERS
from ops.localstack.stores import running
from server.access.principal import Principal, Scope
from server.access.roles import Role
from server.access.secrets import new_secret, secret_hash
from server.kernel.ids import new_code, uuid7
from server.live.rules import may_see
from tests.bench.bench_stream import _new_database, spread
from tests.bench.processes import Cost, cost, family, loop_ms, spent

KINDS = 5
CENTRES = 8
EAR_PROCESSES = 2
EMIT = (
    "INSERT INTO events_unsealed (verb, subject_type, subject_id, emergency_id, centre_id, actor, data)"
    " VALUES (%s, %s, %s, %s, %s, 'bench', '{}')"
)
ROLES: tuple[Role, ...] = ("coordinator", "dispatcher", "volunteer", "auditor", "coordinator")


class House:
    """An emergency and another, centres, needs, and one token a listener."""

    def __init__(self, dsn: str, clients: int) -> None:
        self.dsn = dsn
        self.emergencies = [uuid7(), uuid7()]
        self.centres = [uuid7() for _ in range(CENTRES)]
        self.needs = [uuid7() for _ in range(200)]
        self.principals: dict[str, Principal] = {}
        with psycopg.connect(dsn) as conn:
            for number, one in enumerate(self.emergencies):
                conn.execute(
                    "INSERT INTO emergencies (id, code, name_fa, name_en, kind, drill)"
                    " VALUES (%s, %s, 'تمرین', 'Drill', 'flood', true)",
                    (one, f"E-BENCH{number}"),
                )
            for number, one in enumerate(self.centres):
                conn.execute(
                    "INSERT INTO centres (id, code, name_fa, name_en, geom)"
                    " VALUES (%s, %s, 'خانه', 'House', ST_SetSRID(ST_MakePoint(48, 33), 4326))",
                    (one, f"bench-{number}"),
                )
            for need in self.needs:
                conn.execute(
                    "INSERT INTO needs (id, code, emergency_id, category, status, geom_shown) VALUES (%s, %s, %s,"
                    " 'water', 'open', ST_SetSRID(ST_MakePoint(48 + random(), 33 + random()), 4326))",
                    (need, new_code(9, "N-"), self.emergencies[0]),
                )
            conn.execute("DELETE FROM events_unsealed")
            with conn.cursor().copy("COPY tokens (id, hash, role, name, centre_id, emergency_id) FROM STDIN") as copy:
                for number in range(clients):
                    secret, role = new_secret(), ROLES[number % KINDS]
                    centre = self.centres[number % CENTRES] if role == "dispatcher" else None
                    emergency = self.emergencies[1] if number % KINDS == KINDS - 1 else None
                    copy.write_row((uuid7(), secret_hash(secret), role, "bench", centre, emergency))
                    self.principals[secret] = Principal("token", uuid7(), (Scope(role, centre, emergency),))

    def events(self) -> list[tuple[int, str, UUID | None, UUID | None]]:
        """All that were sealed: number, verb, centre, emergency."""
        with psycopg.connect(self.dsn) as conn:
            return conn.execute("SELECT seq, verb, centre_id, emergency_id FROM events ORDER BY seq").fetchall()


class Changes(threading.Thread):
    """Makes changes at a rate and looks when each gets its number."""

    def __init__(self, house: House, rate: float) -> None:
        super().__init__(daemon=True)
        self.house, self.rate = house, rate
        self.stop = threading.Event()
        self.made: list[float] = []
        self.sealed: dict[int, float] = {}
        """Number → the last moment at which it was not there yet: no delay is told too short."""
        self.watching = threading.Thread(target=self._watch, daemon=True)

    def run(self) -> None:
        """Until `stop`."""
        self.watching.start()
        with psycopg.connect(self.house.dsn, autocommit=True) as conn:
            begin, number = time.monotonic(), 0
            while not self.stop.wait(max(0.0, begin + number / self.rate - time.monotonic())):
                number += 1
                with conn.transaction():
                    if number % 10 == 0:
                        centre = self.house.centres[number // 10 % CENTRES]
                        conn.execute(EMIT, ("stock.counted", "centre", centre, None, centre))
                    else:
                        need = self.house.needs[number % len(self.house.needs)]
                        conn.execute(
                            "UPDATE needs SET people = %s, updated_at = clock_timestamp() WHERE id = %s",
                            (number % 90, need),
                        )
                        conn.execute(EMIT, ("need.changed", "need", need, self.house.emergencies[0], None))
                self.made.append(time.monotonic())

    def _watch(self) -> None:
        with psycopg.connect(self.house.dsn, autocommit=True) as conn:
            known, before = 0, time.monotonic()
            while not self.stop.is_set() or len(self.sealed) < len(self.made):
                asked = time.monotonic()
                row = conn.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
                newest = int(row[0]) if row else 0
                for seq in range(known + 1, newest + 1):
                    self.sealed[seq] = before
                known, before = newest, asked
                time.sleep(0.002)


@contextmanager
def _processes(environment: dict[str, str], listener: socket.socket, web: int) -> Iterator[dict[str, list[int]]]:
    fd = listener.fileno()
    commands = {
        "web": [[sys.executable, "-m", "ops.localstack.web", "--fd", str(fd)]] * web,
        "workers": [[sys.executable, "-m", "server.worker", *WORKERS[0]]],
    }
    started = {
        part: [
            subprocess.Popen(c, env=environment, pass_fds=[fd], stderr=subprocess.DEVNULL, cwd=REPOSITORY) for c in each
        ]
        for part, each in commands.items()
    }
    try:
        yield {part: [process.pid for process in each] for part, each in started.items()}
    finally:
        every = [process for each in started.values() for process in each]
        for process in every:
            process.send_signal(signal.SIGTERM)
        for process in every:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Listeners:
    """The processes of `many_ears`."""

    def __init__(self, port: int, home: Path, processes: int = EAR_PROCESSES) -> None:
        self.home = home
        self.each = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.bench.many_ears", str(port)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY,
            )
            for _ in range(processes)
        ]  # fmt: skip

    def all_do(self, *orders: dict[str, Any]) -> list[dict[str, Any]]:
        """One order each (the same when one is given); their answers."""
        given = orders if len(orders) == len(self.each) else orders * len(self.each)
        for process, order in zip(self.each, given, strict=True):
            assert process.stdin is not None
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
        answers = []
        for process in self.each:
            assert process.stdout is not None
            answers.append(json.loads(process.stdout.readline()))
        return answers

    def tell(self) -> tuple[dict[str, list[tuple[list[int], list[float], int]]], float]:
        """Token → what each of its listeners heard, when, how often the server closed it; their CPU seconds."""
        answers = self.all_do(*[{"do": "tell", "path": str(self.home / f"ears-{n}")} for n in range(len(self.each))])
        told: dict[str, list[tuple[list[int], list[float], int]]] = {}
        for number in range(len(self.each)):
            for token, numbers, times, closed in pickle.loads((self.home / f"ears-{number}").read_bytes()):
                told.setdefault(token, []).append((array("q", numbers).tolist(), array("d", times).tolist(), closed))
        return told, sum(answer["cpu_s"] for answer in answers)

    def end(self) -> None:
        """End those that are left."""
        for process in self.each:
            process.kill()
            process.wait()


def run(
    seconds: float = 60, clients: int = 5000, rate: float = 1, web: int = 2, cut_s: float = 20, share: float = 0.1
) -> dict[str, Any]:
    """`clients` listen for `seconds` at `rate` changes a second; then `share` of them are cut for `cut_s` seconds."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kept = os.environ.get("HAMYAR_BENCH_HOME")
    with tempfile.TemporaryDirectory(prefix="hamyar-bench-") as made:
        Path(made).chmod(0o755)
        with running(Path(kept or made)) as stores:
            dsn = _new_database(stores)
            environment = {
                **os.environ, "HAMYAR_HOME": str(stores.layout.home), "DATABASE_URL": dsn,
                "REDIS_URL": stores.layout.redis_url, "HAMYAR_DRILL": "1", "HAMYAR_GIVE_WAY": "0",
            }  # fmt: skip
            for step in (
                ["-c", "import os; from ops.migrate import upgrade; upgrade(os.environ['DATABASE_URL'])"],
                ["-m", "ops.prepare"],
            ):
                subprocess.run(
                    [sys.executable, *step], env=environment, check=True, capture_output=True, cwd=REPOSITORY
                )
            house = House(dsn, clients)
            with (
                socket.create_server(("127.0.0.1", 0), backlog=2048) as door,
                _processes(environment, door, web) as pids,
            ):
                port = door.getsockname()[1]
                _wait_ready(port)
                ears = Listeners(port, Path(made))
                try:
                    with psycopg.connect(stores.layout.dsn("postgres", "postgres")) as conn:
                        row = conn.execute("SELECT pg_backend_pid()").fetchone()
                        assert row is not None
                        server = int(Path(f"/proc/{row[0]}/stat").read_text().rpartition(")")[2].split()[1])
                    return _measure(house, ears, {**pids, "postgres": [server]}, seconds, rate, cut_s, share)
                finally:
                    ears.end()


def _wait_ready(port: int) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError


def _costs(pids: dict[str, list[int]]) -> dict[str, Cost]:
    return {part: cost([member for pid in each for member in family(pid)]) for part, each in pids.items()}


def _measure(
    house: House, ears: Listeners, pids: dict[str, list[int]], seconds: float, rate: float, cut_s: float, share: float
) -> dict[str, Any]:
    tokens = list(house.principals)
    bare = _costs(pids)
    begun = time.monotonic()
    opened = ears.all_do(*[{"do": "open", "tokens": tokens[n :: len(ears.each)]} for n in range(len(ears.each))])
    opening_s = time.monotonic() - begun
    full = _costs(pids)
    time.sleep(2)
    changes = Changes(house, rate)
    before, loop_before, at = _costs(pids), loop_ms(), time.monotonic()
    changes.start()
    time.sleep(seconds)
    after, wall = _costs(pids), time.monotonic() - at
    counted = max(changes.sealed, default=0)
    cut = {}
    if cut_s:
        was = sum(answer["cut"] for answer in ears.all_do({"do": "cut", "share": share}))
        time.sleep(cut_s)
        begun = time.monotonic()
        ears.all_do({"do": "again"})
        cut = {
            "listeners": was,
            "seconds": cut_s,
            "missed_each": max(changes.sealed) - counted,
            "back_s": round(time.monotonic() - begun, 1),
        }
    changes.stop.set()
    changes.join(30)
    changes.watching.join(30)
    ears.all_do({"do": "settle", "seq": max(changes.sealed), "seconds": 30})
    told, ears_cpu = ears.tell()
    return {
        "clients": len(tokens), "served": sum(answer["open"] for answer in opened), "web processes": len(pids["web"]),
        "changes a second": rate, "changes": counted, "opening_s": round(opening_s, 1),
        **_judged(house, told, changes, counted),
        "cut": cut,
        "memory a client, kB": round((full["web"].rss_mb - bare["web"].rss_mb) * 1000 / max(1, len(tokens)), 1),
        "cpu": {part: f"{(after[part].cpu_s - before[part].cpu_s) / wall:.3f} cores" for part in pids},
        "cpu_ms a change": spent(before, after, counted),
        "listeners' own cpu_s": round(ears_cpu, 1),
        "loop_ms": round((loop_before + loop_ms()) / 2, 1),
    }  # fmt: skip


def _judged(house: House, told: dict[str, Any], changes: Changes, counted: int) -> dict[str, Any]:
    """Who heard what they may, whole and once; how late each change was to each, up to the number `counted`."""
    events = house.events()
    should: dict[tuple[Scope, ...], list[int]] = {}
    delays: list[float] = []
    wrong = doubled = lost = deliveries = closed = 0
    for token, listeners in told.items():
        principal = house.principals[token]
        mine = should.get(principal.scopes)
        if mine is None:
            mine = should[principal.scopes] = [
                seq for seq, verb, centre, emergency in events if may_see(principal, verb, centre, emergency)
            ]
        for numbers, times, ended in listeners:
            closed += ended
            deliveries += len(numbers)
            doubled += len(numbers) - len(set(numbers))
            lost += len(set(mine) - set(numbers))
            wrong += len(set(numbers) - set(mine))
            delays += [at - changes.sealed[n] for n, at in zip(numbers, times, strict=True) if 1 < n <= counted]
    return {
        "sealed → heard": spread(delays), "deliveries": deliveries, "kinds of scopes": len(should),
        "lost": lost, "doubled": doubled, "not theirs": wrong, "closed by the server": closed,
    }  # fmt: skip


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=1)
    parser.add_argument("--web", type=int, default=2)
    parser.add_argument("--cut-s", type=float, default=float(os.environ.get("HAMYAR_CUT_S", "20")))
    given = parser.parse_args()
    figures = run(given.seconds, given.clients, given.rate, given.web, given.cut_s)
    sys.stdout.write(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
