"""The instance: what `hamyar up`, `down`, `status` and `doctor` promise, on real servers."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis

from ops.localstack.supervisor import answers_ready
from tests.support.instance import Instance, gone, wait_until

PARTS = {"web", "worker", "jobs", "postgres", "redis"}
# Whole servers are started and stopped; on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(600)
STORES = ("up", "--detach", "--stores")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    # pytest's own folder is closed to the user PostgreSQL runs as.
    home = Path(f"/tmp/hamyar-test-{os.getpid()}-{tmp_path.name}")
    made = Instance(home)
    yield made
    made.run("down", check=False)
    shutil.rmtree(home, ignore_errors=True)


def test_each_test_gets_a_database_of_its_own(db_dsn: str) -> None:
    with psycopg.connect(db_dsn) as server:
        row = server.execute("SELECT current_user, current_database(), PostGIS_Lib_Version(), pgr_version()").fetchone()
    assert row is not None
    assert row[0] == "hamyar"
    assert row[1].startswith("test_")


def test_redis_starts_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_status_has_its_shape_when_nothing_runs(instance: Instance) -> None:
    found = instance.status()
    assert set(found) == PARTS
    assert all(facts["pids"] == [] for facts in found.values())
    assert set(found["web"]) == {"pids", "url"}
    assert set(found["postgres"]) == {"pids", "dsn"}
    assert set(found["redis"]) == {"pids", "url"}
    assert set(found["worker"]) == set(found["jobs"]) == {"pids"}
    assert instance.run("down").returncode == 0


def test_stores_live_through_kills_and_go_with_down(instance: Instance) -> None:
    instance.run(*STORES)
    first = instance.status()
    dsn = first["postgres"]["dsn"]
    with psycopg.connect(dsn) as server:
        server.execute("CREATE TABLE kept (word text)")
        server.execute("INSERT INTO kept VALUES ('نان')")
    owners = {Path(f"/proc/{first[part]['pids'][0]}").stat().st_uid for part in ("postgres", "redis")}
    assert 0 not in owners, "PostgreSQL and Redis run as an unprivileged user"

    for part in ("redis", "postgres"):
        instance.kill(*first[part]["pids"])
        wait_until(lambda part=part: bool(set(instance.pids(part)) - set(first[part]["pids"])))
    wait_until(lambda: _answers(dsn))
    with psycopg.connect(dsn) as server:
        assert server.execute("SELECT word FROM kept").fetchone() == ("نان",)

    second = instance.status()
    children = [pid for facts in second.values() for pid in facts["pids"]]
    instance.kill(instance.supervisor())
    wait_until(lambda: all(gone(pid) for pid in children))
    instance.run(*STORES)
    with psycopg.connect(dsn) as server:
        assert server.execute("SELECT count(*) FROM kept").fetchone() == (1,)

    third = [pid for facts in instance.status().values() for pid in facts["pids"]]
    supervisor = instance.supervisor()
    instance.run("down")
    assert all(gone(pid) for pid in [*third, supervisor])


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_whole_instance_heals_and_starts_again(instance: Instance) -> None:
    instance.run("up", "--detach", HAMYAR_WORKERS="2")
    first = instance.status()
    assert len(first["web"]["pids"]) == 2
    assert first["web"]["url"] == instance.url
    for part in ("web", "worker", "jobs"):
        instance.kill(*first[part]["pids"])
    for part in ("web", "worker", "jobs"):
        wait_until(lambda part=part: len(set(instance.pids(part)) - set(first[part]["pids"])) > 0)
    wait_until(lambda: answers_ready("127.0.0.1", instance.port))
    instance.run("up", "--detach")
    running = [pid for facts in instance.status().values() for pid in facts["pids"]]
    instance.run("down")
    assert all(gone(pid) for pid in running)
    instance.run("up", "--detach")
    running = [pid for facts in instance.status().values() for pid in facts["pids"]]
    instance.kill(instance.supervisor())
    wait_until(lambda: all(gone(pid) for pid in running))
    instance.run("up", "--detach")
    assert answers_ready("127.0.0.1", instance.port)
    assert instance.run("doctor").returncode == 0


def test_starts_only_what_is_not_running(instance: Instance) -> None:
    with ThreadPoolExecutor(3) as pool:
        started = list(pool.map(lambda _: instance.run(*STORES, check=False).returncode, range(3)))
    assert started == [0, 0, 0]
    before = instance.status()
    instance.run(*STORES)
    assert instance.status() == before
    other = instance.run(*STORES, check=False, HAMYAR_PORT=str(instance.port + 1))
    assert other.returncode == 1
    assert "port.other" in other.stderr


def test_stale_files_of_another_process_do_not_stop_a_start(instance: Instance) -> None:
    instance.run(*STORES)
    instance.run("down")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        data = instance.layout.postgres_data
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n1\n5432\n\n\n0 0\n")
        for name in (".s.PGSQL.5432.lock", ".s.PGSQL.5432", "redis.sock"):
            (instance.layout.sockets / name).write_text(f"{stranger.pid}\n")
        state = json.loads(instance.layout.state.read_text())
        # The id of a former child, now a stranger's: told apart by the time it started.
        state["parts"] = {"worker": [{"pid": stranger.pid, "started": 1}]}
        state["supervisor"] = {"pid": stranger.pid, "started": 1}
        instance.layout.state.write_text(json.dumps(state))
        assert instance.pids("worker") == []
        instance.run("down")
        instance.run(*STORES)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_forgetful_database_is_refused(instance: Instance) -> None:
    instance.run(*STORES)
    dsn = instance.status()["postgres"]["dsn"]
    admin = dsn.replace("/hamyar?", "/postgres?").replace("user=hamyar", "user=postgres")
    settings = ("fsync", "full_page_writes", "synchronous_commit")
    with psycopg.connect(admin, autocommit=True) as server:
        for setting in settings:
            server.execute(f"ALTER SYSTEM SET {setting} = off")
    instance.run("down")
    refused = instance.run(*STORES, check=False)
    assert refused.returncode == 1
    assert all(f"{setting}=off" in refused.stderr for setting in settings)
    assert all(facts["pids"] == [] for facts in instance.status().values())
    (instance.layout.postgres_data / "postgresql.auto.conf").write_text("")
    instance.run(*STORES)
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute("ALTER ROLE hamyar SET synchronous_commit = off")
    own = Instance(instance.home.with_name(f"{instance.home.name}-own"), env={"DATABASE_URL": dsn})
    try:
        refused = own.run("up", "--detach", "--stores", check=False)
        assert "postgres.not_durable" in refused.stderr, "a server of one's own is asked as well"
    finally:
        own.run("down", check=False)
        shutil.rmtree(own.home, ignore_errors=True)


def test_a_taken_port_is_named_with_its_holder(instance: Instance) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", instance.port))
        server.listen()
        refused = instance.run("up", "--detach", check=False)
        doctor = instance.run("doctor", check=False)
    assert refused.returncode == 1
    assert f"Port {instance.port} is taken by process {os.getpid()}" in refused.stderr
    assert f"درگاه {instance.port}" in refused.stderr
    assert doctor.returncode == 1
    assert f"Port {instance.port} is taken" in doctor.stdout


def test_drill_is_fixed_at_the_first_start(instance: Instance) -> None:
    instance.run(*STORES, HAMYAR_DRILL="1")
    instance.run("down")
    assert json.loads(instance.layout.instance.read_text()) == {"drill": True}
    refused = instance.run(*STORES, check=False, HAMYAR_DRILL="0")
    assert refused.returncode == 1
    assert "drill.fixed" in refused.stderr
    assert "تمرینی" in refused.stderr
    instance.run(*STORES)


def test_a_home_too_long_for_a_socket_gets_a_short_one(instance: Instance) -> None:
    long = Instance(instance.home / ("x" * 120) / "خانه")
    instance.home.mkdir(mode=0o755)
    try:
        said = long.run(*STORES)
        sockets = long.layout.sockets
        assert len(str(sockets)) < 60
        assert str(sockets) in (long.layout.logs / "supervisor.log").read_text() + said.stderr
        assert sockets.stat().st_mode & 0o077 == 0
        assert _answers(long.status()["postgres"]["dsn"])
    finally:
        long.run("down")
        shutil.rmtree(long.layout.sockets, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is mounted as root only")
def test_a_full_disk_is_said(instance: Instance) -> None:
    instance.home.mkdir(mode=0o711)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=50m,mode=711", "tmpfs", str(instance.home)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount")
    try:
        refused = instance.run("up", "--detach", check=False)
        assert refused.returncode == 1
        assert "disk.full" in refused.stderr
        assert "پر است" in refused.stderr
    finally:
        subprocess.run(["umount", str(instance.home)], check=True)
