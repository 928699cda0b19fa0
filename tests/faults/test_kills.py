"""`kill -9` of every process in turn, under load: what was acknowledged is there once, `hamyar verify` finds nothing.

HAMYAR_ROUNDS sets the rounds (12 here, 200 in `make soak`). The disk is synced as in life.
"""

import json
import os
import random
import shutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support.instance import Instance, wait_until

ROUNDS = int(os.environ.get("HAMYAR_ROUNDS", "12"))
TARGETS = ("web", "worker", "postgres", "redis")
SENDERS = 3
PAUSE_S = 0.04
"""Each sender waits so long between messages: about fifty a second in all."""
TEXTS = (
    "پلدختر آب آشامیدنی نداریم {n} نفر",
    "پلدختر پتو لازم داریم {n} تا",
    "پلدختر {n} نفر گرسنه‌اند غذا بدهید",
    "کوهدشت دارو و دکتر نیاز داریم",
    "معمولان چادر لازم داریم {n} خانوار",
    "Poldokhtar needs {n} blankets",
    "خدا قوت {n}",
)


@dataclass
class Load:
    """Gateways that never give up a message, and volunteers who claim and finish; all until `stop`."""

    url: str
    gateway: str
    hands: list[dict[str, str]]
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    """By key: the receipts that were given. More than one, when a copy came while the database was away."""
    completed: list[tuple[str, int]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def send(self, name: int) -> None:
        dice, number = random.Random(name), 0
        with httpx.Client(base_url=self.url, timeout=5, headers={"Authorization": f"Bearer {self.gateway}"}) as client:
            while not self.stop.is_set():
                number += 1
                key = f"{name}-{number}"
                body = {
                    "id": key,
                    "from": f"+98900{name:03d}{number % 500:04d}",
                    "to": "3000",
                    "text": dice.choice(TEXTS).format(n=dice.randrange(1, 90)),
                }
                for _ in range(2 if number % 10 == 0 else 1):
                    self._until_answered(client, key, body)
                time.sleep(PAUSE_S)

    def _until_answered(self, client: httpx.Client, key: str, body: dict[str, str]) -> None:
        while True:
            try:
                answer = client.post("/intake/sms/generic", json=body)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                self.acknowledged.setdefault(key, set()).add(answer.json()["receipt"])
                return
            if answer is not None and answer.status_code < 500:
                self.broken.append(f"{answer.status_code} {answer.text[:200]}")
                return
            if self.stop.is_set() and key not in self.acknowledged:
                return
            time.sleep(0.1)

    def work(self, hand: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {hand['token']}"}
        with httpx.Client(base_url=self.url, timeout=5, headers=headers) as client:
            while not self.stop.is_set():
                try:
                    self._one(client)
                except (httpx.TransportError, KeyError, ValueError):
                    time.sleep(0.2)
                time.sleep(0.05)

    def _one(self, client: httpx.Client) -> None:
        queues = [q["id"] for q in client.get("/api/queues").json()["items"] if q["open"]]
        for queue in queues[:3]:
            headers = {"Idempotency-Key": str(uuid.uuid4())}
            for task in client.post(f"/api/queues/{queue}/claim", json={"max": 1}, headers=headers).json()["tasks"]:
                fence = {"fence": task["fence"]}
                if client.post(f"/api/tasks/{task['id']}/accept", json=fence).status_code != 200:
                    continue
                if client.post(f"/api/tasks/{task['id']}/complete", json=fence).status_code == 200:
                    self.completed.append((task["id"], task["fence"]))


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    home = Path(f"/tmp/hamyar-kills-{os.getpid()}")
    made = Instance(home, env={"HAMYAR_DRILL": "1", "HAMYAR_WORKERS": "2", "HAMYAR_LEASE_S": "20"})
    made.run("up", "--detach")
    yield made
    made.run("down", check=False)
    shutil.rmtree(home, ignore_errors=True)


def _ready(instance: Instance) -> bool:
    try:
        return httpx.get(f"{instance.url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _one_value(dsn: str, sql: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _spooled(instance: Instance) -> bool:
    return any((instance.home / "spool").glob("*.spool"))


def _settled(dsn: str) -> bool:
    try:
        return (
            _one_value(
                dsn,
                "SELECT (SELECT count(*) FROM reports WHERE read_state = 'pending' AND emergency_id IS NOT"
                " NULL) + (SELECT count(*) FROM events_unsealed)",
            )
            == 0
        )
    except psycopg.OperationalError:
        return False


@pytest.mark.timeout(ROUNDS * 40 + 300)
def test_nothing_acknowledged_is_lost(instance: Instance) -> None:
    instance.run("drill", "lorestan-flood", "--speed", "50000")
    doors = json.loads((instance.home / "drill-lorestan-flood.json").read_text())
    hands = [door for key, door in doors.items() if key.startswith("volunteer:")]
    load = Load(instance.url, doors["gateway"]["token"], hands)
    threads = [threading.Thread(target=load.send, args=(n,)) for n in range(SENDERS)]
    threads += [threading.Thread(target=load.work, args=(hand,)) for hand in hands[len(hands) // 4 :][:4]]
    dsn = instance.status()["postgres"]["dsn"]
    wait_until(lambda: _one_value(dsn, "SELECT count(*) FROM tasks WHERE state = 'queued'") > 0)
    for thread in threads:
        thread.start()
    # On a machine that is slow the kills would be over before anybody held a task.
    wait_until(lambda: bool(load.completed))
    dice, killed = random.Random(ROUNDS), Counter[str]()
    try:
        for number in range(ROUNDS):
            target = TARGETS[number % len(TARGETS)]
            before = len(load.acknowledged)
            wait_until(lambda before=before: len(load.acknowledged) > before + 5)  # type: ignore[misc]
            pids = instance.pids(target)
            assert pids, f"no process of {target} in round {number}"
            instance.kill(dice.choice(pids))
            killed[target] += 1
            time.sleep(dice.random() * 0.5)
            wait_until(lambda: _ready(instance))
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(60)
    dsn = instance.status()["postgres"]["dsn"]
    wait_until(lambda: not _spooled(instance) and _settled(dsn))

    assert load.broken == []
    assert sum(killed.values()) == ROUNDS
    source = f"sms:generic:{doors['gateway']['id']}"
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT source_key, receipt FROM reports WHERE source = %s", (source,)).fetchall()
        aliases = conn.execute(
            "SELECT a.receipt, r.source_key FROM report_aliases a JOIN reports r ON r.id = a.report_id"
        ).fetchall()
        done = conn.execute("SELECT id::text, fence FROM tasks WHERE state = 'done'").fetchall()
        accepted = conn.execute(
            "SELECT count(*), count(DISTINCT subject_id) FROM events WHERE verb = 'report.accepted'"
        ).fetchone()
        reports = conn.execute("SELECT count(*) FROM reports").fetchone()
    assert accepted is not None
    assert reports is not None
    stored = dict(rows)
    assert len(stored) == len(rows), "a message stands twice"
    leads = {receipt: key for key, receipt in rows} | dict(aliases)
    lost = [key for key, receipts in load.acknowledged.items() if any(leads.get(one) != key for one in receipts)]
    assert lost == []
    assert len(load.acknowledged) > ROUNDS * 5
    assert accepted == (reports[0], reports[0]), "each report is one event"
    assert set(load.completed) <= set(done), "a task that was answered done is done, under the same fence"
    assert load.completed
    verdict = instance.run("verify", "--json", check=False)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
