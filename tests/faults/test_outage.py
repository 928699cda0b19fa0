"""PostgreSQL stopped, gone, its disk full; Redis gone; web killed: under load each acknowledged message is there once.

One instance, whose database lies on a small disk of its own when we may mount one. HAMYAR_OUTAGE_S sets how long the
database is away (3 seconds here).
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.bench.processes import children
from tests.support.gateway_load import GatewayLoad
from tests.support.instance import Instance, gone, wait_until

OUTAGE_S = float(os.environ.get("HAMYAR_OUTAGE_S", "3"))
DISK_MB = 800 + 6 * int(OUTAGE_S)
"""Ten minutes of messages with their events, their needs and the log that is written ahead need some gigabytes."""
pytestmark = [pytest.mark.timeout(OUTAGE_S * 6 + 600)]


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    home = Path(f"/tmp/hamyar-outage-{os.getpid()}")
    mounted = _mount(home / "postgres")
    made = Instance(home, env={"HAMYAR_DRILL": "1", "HAMYAR_SPOOL": str(home / "elsewhere")})
    try:
        made.run("up", "--detach")
        yield made
    finally:
        made.run("down", check=False)
        if mounted:
            subprocess.run(["umount", str(home / "postgres")], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def _mount(folder: Path) -> bool:
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0700", "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def tokens(instance: Instance) -> dict[str, str]:
    made = {
        role: instance.run("token", "create", "--role", role, "--name", "outage").stdout.strip()
        for role in ("gateway", "coordinator")
    }
    with httpx.Client(base_url=instance.url, headers={"Authorization": f"Bearer {made['coordinator']}"}) as api:
        body = {"code": "outage", "name_fa": "سیل", "name_en": "Flood", "kind": "flood"}
        assert api.post("/api/emergencies", json=body).status_code == 201
    return made


@pytest.fixture
async def load(
    instance: Instance, tokens: dict[str, str], request: pytest.FixtureRequest
) -> AsyncIterator[GatewayLoad]:
    made = GatewayLoad(instance.port, tokens["gateway"], request.node.name.removeprefix("test_")[:20])
    made.start()
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {tokens['coordinator']}"}) as api:
        for _ in range(20):  # each web process has seen her, whichever it is that answers later
            await api.get(f"{instance.url}/api/emergencies", headers={"Connection": "close"})
    await made.acknowledged(100)
    yield made
    await made.end()


def _pids(instance: Instance, part: str) -> list[int]:
    """As `status` tells them, without a command's start."""
    return [process["pid"] for process in json.loads(instance.layout.state.read_text())["parts"].get(part, [])]


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _spool(instance: Instance) -> list[Path]:
    return list((instance.home / "elsewhere").glob("*.spool"))


async def _drained(instance: Instance) -> None:
    await asyncio.to_thread(wait_until, lambda: not _spool(instance), 60 + OUTAGE_S)


async def _sheltered(load: GatewayLoad, instance: Instance) -> None:
    """Messages are answered from the spool now, and go on being answered."""
    await asyncio.to_thread(wait_until, lambda: bool(_spool(instance)), 30)
    await load.acknowledged(50)


async def _told(instance: Instance, token: str) -> dict[str, Any]:
    """What /api/spool says to who was seen here before, once it has counted."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=instance.url, headers=headers) as api:
        for _ in range(50):
            told: dict[str, Any] = (await api.get("/api/spool")).json()
            if told.get("records"):
                return told
            await asyncio.sleep(0.1)
    raise AssertionError(told)


def _rows(instance: Instance, name: str) -> list[tuple[str, str, str, str]]:
    """(key, report, receipt, sender) in the order of the table."""
    with psycopg.connect(instance.status()["postgres"]["dsn"]) as conn:
        found = conn.execute(
            "SELECT source_key, id::text, receipt, encode(sender_hash, 'hex') FROM reports WHERE source_key LIKE %s"
            " ORDER BY received_at, id",
            (f"{name}-%",),
        ).fetchall()
        aliases = conn.execute(
            "SELECT r.source_key, a.promised_id::text, a.receipt, '' FROM report_aliases a"
            " JOIN reports r ON r.id = a.report_id WHERE r.source_key LIKE %s",
            (f"{name}-%",),
        ).fetchall()
        twice = conn.execute(
            "SELECT count(*) - count(DISTINCT subject_id) FROM (SELECT subject_id FROM events WHERE verb ="
            " 'report.accepted' UNION ALL SELECT subject_id FROM events_unsealed WHERE verb = 'report.accepted') e"
        ).fetchone()
    assert twice == (0,), "one report, one event"
    return [*found, *aliases]


async def _check(instance: Instance, load: GatewayLoad) -> None:
    """Each acknowledged message once; each answer leads to it; each sender's in their order."""
    await load.end()
    await _drained(instance)
    rows = await asyncio.to_thread(_rows, instance, load.name)
    stored = [row for row in rows if row[3]]
    keys = [key for key, *_ in stored]
    assert len(set(keys)) == len(keys), "a message stands twice"
    assert load.answers.keys() <= set(keys), "an acknowledged message is lost"
    leads = {(receipt, report): key for key, report, receipt, _ in rows}
    astray = [(key, answer) for key, answers in load.answers.items() for answer in answers if leads.get(answer) != key]
    assert astray == [], "an answer leads nowhere"
    for sender, sent in load.order.items():
        told = [key for key in keys if key.startswith(f"{load.name}-{sender}-") and key in load.answers]
        assert told == sent, f"sender {sender}: out of order"
    assert load.hung == 0, "a gateway was left without any answer"
    slow = sorted(load.took)[int(len(load.took) * 0.99)]
    print(f"{load.name}: {len(load.answers)} acknowledged, {dict(load.statuses)}, p99 {slow:.3f} s")


async def test_database_stopped_and_web_killed(instance: Instance, load: GatewayLoad, tokens: dict[str, str]) -> None:
    stopped = children(_pids(instance, "postgres")[0])
    _signal(stopped, signal.SIGSTOP)
    try:
        await _sheltered(load, instance)
        told = await asyncio.to_thread(httpx.get, f"{instance.url}/readyz", timeout=10)
        assert told.status_code == 503
        assert told.json()["spool"]["open"] is True
        web = _pids(instance, "web")
        instance.kill(*web)
        await asyncio.sleep(OUTAGE_S)
        await load.acknowledged(100)
        assert set(_pids(instance, "web")).isdisjoint(web)
    finally:
        _signal(stopped, signal.SIGCONT)
    await _drained(instance)
    await load.acknowledged(100)
    await _check(instance, load)


async def test_database_and_redis_gone(instance: Instance, load: GatewayLoad, tokens: dict[str, str]) -> None:
    keeper, lost = instance.supervisor(), [_pids(instance, part)[0] for part in ("postgres", "redis")]
    _signal([keeper], signal.SIGSTOP)  # nobody starts them again for now
    try:
        _signal(lost[1:], signal.SIGKILL)
        await load.acknowledged(50)
        _signal(lost[:1], signal.SIGINT)
        await asyncio.to_thread(wait_until, lambda: gone(lost[0]))
        await _sheltered(load, instance)
        await asyncio.sleep(OUTAGE_S)
        told = await _told(instance, tokens["coordinator"])
        assert told["open"] is True
        assert told["records"] >= OUTAGE_S * load.rate / 4
    finally:
        _signal([keeper], signal.SIGCONT)
    began = time.monotonic()
    await _drained(instance)
    print(f"{told['records']} waited in {told['bytes']} bytes, drained after {time.monotonic() - began:.1f} s")
    await load.acknowledged(100)
    await _check(instance, load)


async def test_database_disk_full(instance: Instance, load: GatewayLoad) -> None:
    folder = instance.home / "postgres"
    if not folder.is_mount():
        pytest.skip("a small disk can be mounted by root only")
    ballast = folder / "ballast"
    await asyncio.to_thread(_fill, ballast)
    try:
        await _sheltered(load, instance)
        await asyncio.sleep(OUTAGE_S / 2)
    finally:
        ballast.unlink()
    await _drained(instance)
    await load.acknowledged(100)
    await _check(instance, load)


def _fill(ballast: Path) -> None:
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as heavy:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while True:
                    heavy.write(bytes(size))
