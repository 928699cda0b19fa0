"""The storm: volunteers at work while they are frozen and killed, and the house with them; looked at every second."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis

from ops.localstack.layout import REPOSITORY
from server.kernel.events import NewEvent, emit_many
from server.kernel.ids import new_code, uuid7
from tests.soak.checker import Checker
from tests.soak.ground import Ground
from tests.support.dispatch_world import a_world

KINDS = ("rescue", "delivery")

DRAIN_MOST_S = 3600.0
"""However slowly it still goes on, a drain ends then."""


def _features(api: httpx.Client, state: str, most: int) -> list[dict[str, Any]]:
    """Raises httpx.HTTPError where the house, hurt as it is, refuses: the dispatcher asks again then."""
    answer = api.get("/api/tasks", params={"state": state, "limit": most})
    found: list[dict[str, Any]] = answer.raise_for_status().json()["features"]
    return found


@dataclass
class Plan:
    """How long, with how many, how rough. `backends`: also kill a backend of the database, which then recovers.

    `drain_s`: at the end, so long may pass without one task more being finished before the rest count as forgotten.
    """

    seconds: float
    volunteers: int
    lease_s: int
    pace_s: float
    stock: int
    every_s: float
    drain_s: float
    grace_s: float
    backends: bool = False


@dataclass
class Storm:
    """`faults` stays empty; `done` counts what was done to whom."""

    ground: Ground
    plan: Plan
    home: Path
    dice: random.Random = field(default_factory=lambda: random.Random(1378))
    faults: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    pids: dict[int, int] = field(default_factory=dict)
    frozen: dict[int, float] = field(default_factory=dict)
    made: int = 0
    about: list[str] = field(default_factory=list)
    calm: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def seed(self) -> None:
        """An emergency, a centre with two queues, and as many volunteers with their ways in."""

        async def make() -> None:
            async with a_world(self.ground.dsn, self.ground.redis_url, codes=new_code(6)) as world:
                self.emergency = world.emergency
                self.queues = [await world.queue(kind) for kind in KINDS]
                half = self.plan.volunteers // 2
                people = await world.volunteers(half, gender="woman")
                self.people = people + await world.volunteers(self.plan.volunteers - half, gender="man")
                self.ways = [(await world.token("volunteer", volunteer=v))["Authorization"] for v in self.people]
                self.staff = await world.token("dispatcher")
                async with world.ctx.db.tx() as conn:
                    # So that they stand on the map, as `hamyar verify` wants it.
                    await emit_many(conn, [NewEvent("centre.changed", "centre", c) for c in world.centres])

        asyncio.run(make())
        (self.home / "said").mkdir()
        (self.home / "mode").write_text("play")
        config = {
            "home": str(self.home),
            "port": self.ground.port,
            "queues": [str(q) for q in self.queues],
            "volunteers": [str(v) for v in self.people],
            "ways": self.ways,
            "lease_s": self.plan.lease_s,
            "pace_s": self.plan.pace_s,
        }
        (self.home / "config.json").write_text(json.dumps(config))

    def add_tasks(self, n: int) -> None:
        """New needs with a task each, in both queues; some on which a life hangs, some for women."""
        needs, tasks = [uuid7() for _ in range(n)], [uuid7() for _ in range(n)]
        with psycopg.connect(self.ground.dsn) as conn:
            conn.execute(
                "INSERT INTO needs (id, code, emergency_id, category, status) SELECT i, c, %s, 'search_rescue',"
                " 'tasked' FROM unnest(%s::uuid[], %s::text[]) AS g(i, c)",
                (self.emergency, needs, [new_code(9, "N-") for _ in needs]),
            )
            conn.execute(
                "INSERT INTO tasks (id, code, emergency_id, queue_id, kind, need_id, priority, urgency, women_required)"
                " SELECT i, c, %s, CASE WHEN k %% 2 = 0 THEN %s::uuid ELSE %s::uuid END, CASE WHEN k %% 2 = 0 THEN"
                " 'rescue' ELSE 'delivery' END, n, k %% 97, CASE WHEN k %% 10 = 0 THEN 'life' ELSE 'normal' END,"
                " k %% 7 = 0 FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) WITH ORDINALITY AS g(i, c, n, k)",
                (self.emergency, *self.queues, tasks, [new_code(9, "T-") for _ in tasks], needs),
            )
        self.made += n

    def start(self, number: int) -> None:
        """(Re)start a volunteer; she remembers nothing of what she held."""
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(f"{number}\n")
        self.nursery.stdin.flush()
        self.pids[number] = int(self.nursery.stdout.readline())

    def run(self, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
        """Play, drain, judge; the figures."""
        self.seed()
        self.add_tasks(self.plan.stock)
        self.checker = Checker(self.ground.dsn, grace_s=self.plan.grace_s)
        self.nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.volunteer", str(self.home / "config.json")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
        )  # fmt: skip
        for number in range(self.plan.volunteers):
            self.start(number)
        threads = [threading.Thread(target=self._again(work, s), daemon=True) for work, s in self._works()]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        try:
            self._play(begun, tell)
            drained = self._drain()
            tell(f"drained in {drained:.0f} s")
        finally:
            (self.home / "mode").write_text("stop")
            self.over.set()
            for thread in threads:
                thread.join(30)
            self._end_volunteers()
        self.faults += self.checker.look(self.made)
        self.faults += self.checker.history(self._said())
        self.checker.close()
        return self._figures(time.monotonic() - begun)

    def _works(self) -> list[tuple[Callable[[], None], float]]:
        return [(self._look, 1.0), (self._dispatch, 1.0), (self._hurt, self.plan.every_s), (self._thaw, 0.1)]

    def _again(self, work: Callable[[], None], every_s: float) -> Callable[[], None]:
        def forever() -> None:
            while not self.over.wait(every_s):
                # The house is hurt on purpose: who asks it in vain asks again.
                with contextlib.suppress(psycopg.OperationalError, httpx.HTTPError, redis.RedisError):
                    work()

        return forever

    def _play(self, begun: float, tell: Callable[[str], None]) -> None:
        next_word = 60.0
        while (at := time.monotonic() - begun) < self.plan.seconds:
            time.sleep(0.5)
            with contextlib.suppress(psycopg.OperationalError):
                if self._count("queued") < self.plan.stock // 2:
                    self.add_tasks(self.plan.stock)
            if at > next_word:
                tell(f"{at:.0f} s: {self.made} tasks, {self.checker.looks} looks, {len(self.faults)} faults")
                next_word += 60
            if self.faults:
                return

    def _count(self, *states: str) -> int:
        with psycopg.connect(self.ground.dsn) as conn:
            row = conn.execute("SELECT count(*) FROM tasks WHERE state = ANY(%s)", (list(states),)).fetchone()
        return int(row[0]) if row else 0

    def _drain(self) -> float:
        """No more harm and no more pranks: everything that was made is finished.

        How long that takes is the machine's affair; that it goes on is ours.
        """
        self.calm.set()
        (self.home / "mode").write_text("drain")
        begun = went_on = time.monotonic()
        least = -1
        while time.monotonic() - went_on < self.plan.drain_s and time.monotonic() - begun < DRAIN_MOST_S:
            with contextlib.suppress(psycopg.OperationalError):
                left = self._count("queued", "claimed", "accepted", "en_route", "escalated", "failed")
                if not left:
                    return time.monotonic() - begun
                if least < 0 or left < least:
                    least, went_on = left, time.monotonic()
            time.sleep(0.3)
        self.faults.append(f"forgotten: {least} tasks are not finished")
        return time.monotonic() - begun

    def _look(self) -> None:
        made = self.made
        found = self.checker.look(made)
        if found and not self.about:
            self.about = self.checker.about(found[0])
        self.faults += found

    def _dispatch(self) -> None:
        """A dispatcher: what was escalated or has failed goes back to its queue or to somebody else; some are asked."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ground.port}", timeout=10, headers=self.staff) as api:
            found = _features(api, "escalated,failed", 200)
            for task in (f["properties"] for f in found):
                if not self.calm.is_set() and self.dice.random() < 0.6:
                    continue
                body: dict[str, Any] = {"fence": task["fence"]}
                if self.dice.random() < 0.3 and not self.calm.is_set():
                    body["volunteer"] = str(self.dice.choice(self.people))
                answer = api.post(f"/api/tasks/{task['id']}/reassign", json=body)
                self.done[f"reassigned {answer.status_code}"] += 1
            if self.calm.is_set():
                return
            waiting = _features(api, "queued", 20)
            for task in (f["properties"] for f in self.dice.sample(waiting, min(2, len(waiting)))):
                asked = [str(v) for v in self.dice.sample(self.people, min(3, len(self.people)))]
                answer = api.post(f"/api/tasks/{task['id']}/offers", json={"volunteers": asked})
                self.done[f"proposed {answer.status_code}"] += 1

    def _hurt(self) -> None:
        if self.calm.is_set():
            return
        many = max(1, self.plan.volunteers // 40)
        works: list[tuple[int, Callable[[], None]]] = [
            (8, lambda: self._freeze(many)),
            (6, lambda: self._kill_volunteers(many)),
            (3, lambda: self._count_one("workers killed", self.ground.kill_worker, self.dice)),
            (2, lambda: self._count_one("web killed", self.ground.kill_web, self.dice)),
            (3, self._terminate),
            (2, self._wipe),
            (int(self.plan.backends), self._kill_backend),
        ]
        (work,) = self.dice.choices([w for _, w in works], [n for n, _ in works])
        work()

    def _count_one(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        work(*arguments)
        self.done[name] += 1

    def _freeze(self, many: int) -> None:
        for number in self.dice.sample(sorted(self.pids), many):
            if number not in self.frozen and self._signal(number, signal.SIGSTOP):
                self.frozen[number] = time.monotonic() + self.plan.lease_s * (1.2 + self.dice.random())
                self.done["volunteers frozen past expiry"] += 1

    def _thaw(self) -> None:
        for number, until in list(self.frozen.items()):
            if time.monotonic() > until or self.calm.is_set():
                self._signal(number, signal.SIGCONT)
                del self.frozen[number]

    def _kill_volunteers(self, many: int) -> None:
        for number in self.dice.sample(sorted(self.pids), many):
            self.frozen.pop(number, None)
            self._signal(number, signal.SIGKILL)
            self.start(number)
            self.done["volunteers killed"] += 1

    def _signal(self, number: int, what: int) -> bool:
        try:
            os.kill(self.pids[number], what)
        except ProcessLookupError:
            return False
        return True

    def _terminate(self) -> None:
        with psycopg.connect(self.ground.dsn) as conn:
            rows = conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND usename = current_user ORDER BY random() LIMIT 3"
            ).fetchall()
        self.done["connections cut"] += len(rows)

    def _kill_backend(self) -> None:
        with psycopg.connect(self.ground.dsn) as conn:
            row = conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
                " AND backend_type = 'client backend' ORDER BY random() LIMIT 1"
            ).fetchone()
        if row:
            os.kill(row[0], signal.SIGKILL)
            self.done["backends killed"] += 1

    def _wipe(self) -> None:
        with redis.Redis.from_url(self.ground.redis_url) as store:
            store.flushdb()
        self.done["Redis wiped"] += 1

    def _end_volunteers(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(self._signal(number, 0) for number in self.pids):
            time.sleep(0.1)
        for number in self.pids:
            self._signal(number, signal.SIGKILL)
        assert self.nursery.stdin is not None
        self.nursery.stdin.close()
        self.nursery.wait(10)
        assert self.nursery.stdout is not None
        self.nursery.stdout.close()

    def _said(self) -> list[dict[str, Any]]:
        said = []
        for path in sorted((self.home / "said").iterdir()):
            said += [json.loads(line) for line in path.read_bytes().splitlines()]
        for word in said:
            self.done[f"{word['call']} {word['status']}"] += 1
            self.done["late words kept"] += word["kept"]
        return said

    def _figures(self, seconds: float) -> dict[str, Any]:
        return {
            "seconds": round(seconds),
            "volunteers": self.plan.volunteers,
            "tasks": self.made,
            "looks": self.checker.looks,
            "looks_missed": self.checker.missed,
            "longest_overdue_s": round(self.checker.longest_overdue_s, 1),
            **{name.replace(" ", "_"): n for name, n in sorted(self.done.items())},
            "faults": self.faults[:20],
            "about_the_first": self.about,
        }
