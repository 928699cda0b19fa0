"""A PostgreSQL and a Redis for tests: one private pair a session, one fresh database a test.

``HAMYAR_TEST_HOME`` keeps the pair's folder between sessions, which saves initdb and the migrations.
Slices run with fsync off, for speed; what must survive a kill is tested in ``tests/faults`` on a real
instance.
"""

import fcntl
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from ops.localstack.layout import REPOSITORY
from ops.localstack.postgres import SUPERUSER
from ops.localstack.problem import Problem
from ops.localstack.stores import Stores
from tests.support.recycling import Template, look, put_back

FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    # Each test's connections are new, and PostGIS takes longer to load than most statements to run.
    "shared_preload_libraries": "postgis-3,pg_trgm",
}
REDIS_DATABASES = 64
_numbers = itertools.count()


@dataclass
class Stack:
    """The session's servers and the name of the migrated template; ``free`` are databases that are as it is."""

    stores: Stores
    template: str
    free: list[str] = field(default_factory=list)
    fresh: Template | None = None

    @property
    def home(self) -> Path:
        """The pair's ``HAMYAR_HOME``: its ``keys/`` are the ones ``ops.prepare`` made."""
        return self.stores.layout.home

    @property
    def admin_dsn(self) -> str:
        """A superuser's way in, for making databases."""
        return self.stores.layout.dsn("postgres", SUPERUSER)

    def create(self, name: str) -> str:
        """Clone the template into database ``name``; return its DSN (role ``hamyar``)."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as server:
            # FILE_COPY is quicker than WAL_LOG for a template this small once fsync is off.
            command = "CREATE DATABASE {} TEMPLATE {} OWNER hamyar STRATEGY FILE_COPY"
            server.execute(sql.SQL(command).format(sql.Identifier(name), sql.Identifier(self.template)))
        return self.stores.layout.dsn(name)

    def take(self) -> str:
        """The name of a database that is as the template is; no test gets a name that another had, for processes
        remember things by it.
        """
        name = f"test_{os.getpid()}_{next(_numbers)}"
        if self.free:
            with psycopg.connect(self.admin_dsn, autocommit=True) as server:
                rename = "ALTER DATABASE {} RENAME TO {}"
                server.execute(sql.SQL(rename).format(sql.Identifier(self.free.pop()), sql.Identifier(name)))
            return name
        self.create(name)
        self.fresh = self.fresh or look(self.stores.layout.dsn(name, SUPERUSER))
        return name

    def give_back(self, name: str) -> None:
        """Clean a database that was taken, or drop it."""
        assert self.fresh is not None
        if put_back(self.stores.layout.dsn(name, SUPERUSER), self.fresh):
            self.free.append(name)
        else:
            self.drop(name)

    def create_empty(self, name: str) -> str:
        """Make an unmigrated database with the extensions; return its DSN. Migrations' own
        tests want this.
        """
        with psycopg.connect(self.admin_dsn, autocommit=True) as server:
            server.execute(sql.SQL("CREATE DATABASE {} OWNER hamyar").format(sql.Identifier(name)))
        self.stores.postgres.add_extensions(name)
        return self.stores.layout.dsn(name)

    def drop(self, name: str) -> None:
        """Drop a database, ending whoever is still connected."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _schema_digest() -> str:
    digest = hashlib.sha256()
    for folder in ("ops/migrations", "server/places/data"):
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.read_bytes())
    for name in ("ops/prepare.py", "ops/migrate.py"):
        path = REPOSITORY / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:12]


def _prepare(stores: Stores, dsn: str) -> None:
    """Migrate and prepare as ``hamyar up`` does."""
    environment = {
        **os.environ,
        "HAMYAR_HOME": str(stores.layout.home),
        "DATABASE_URL": dsn,
        "REDIS_URL": stores.layout.redis_url,
        "HAMYAR_DRILL": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from ops.localstack.steps import migrate, prepare; migrate(); prepare()"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.exit(f"the test database could not be prepared:\n{done.stdout}\n{done.stderr}", returncode=3)


def _template(stores: Stores) -> str:
    name = f"template_{_schema_digest()}"
    bare = Stack(stores, "template1")
    with psycopg.connect(bare.admin_dsn, autocommit=True) as server:
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            return name
    making = f"{name}_making"
    bare.drop(making)
    _prepare(stores, bare.create_empty(making))
    with psycopg.connect(bare.admin_dsn, autocommit=True) as server:
        rename = "ALTER DATABASE {} RENAME TO {}"
        server.execute(sql.SQL(rename).format(sql.Identifier(making), sql.Identifier(name)))
    return name


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The session's private PostgreSQL and Redis, with a migrated template database."""
    kept = os.environ.get("HAMYAR_TEST_HOME", "")
    home = Path(kept).absolute() if kept else Path(tempfile.mkdtemp(prefix="hamyar-test-"))
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.exit(f"another test session uses HAMYAR_TEST_HOME={home}", returncode=3)
        try:
            stores = Stores(home, FAST, durable=False)
            stores.start()
        except Problem as problem:
            pytest.exit(f"{problem.en}\n{problem.fa}", returncode=3)
        try:
            made = Stack(stores, _template(stores))
            yield made
            for name in made.free:
                made.drop(name)
        finally:
            stores.stop()
            if not kept:
                shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def db_dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, migrated database of the test's own (libpq URL, role ``hamyar``)."""
    stack = _stack_for(request)
    name = stack.take()
    yield stack.stores.layout.dsn(name)
    stack.give_back(name)


@pytest.fixture
def empty_dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own with the extensions and nothing else."""
    stack = _stack_for(request)
    name = f"empty_{os.getpid()}_{next(_numbers)}"
    yield stack.create_empty(name)
    stack.drop(name)


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """An empty Redis database (``unix://…?db=N``)."""
    import redis

    url = f"{_stack_for(request).stores.layout.redis_url}?db={1 + next(_numbers) % (REDIS_DATABASES - 1)}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def _stack_for(request: pytest.FixtureRequest) -> Stack:
    """Return the session's servers, started on first use and never for a unit test."""
    if request.node.get_closest_marker("unit") is not None:
        pytest.fail("a unit test asked for a database; it belongs in tests/slices", pytrace=False)
    stack = request.getfixturevalue("stack")
    assert isinstance(stack, Stack)
    return stack
