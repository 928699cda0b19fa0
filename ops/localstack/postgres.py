"""The private PostgreSQL: made once, started on a unix socket as an unprivileged user, repaired after a
crash.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from ops.localstack import disk
from ops.localstack.binaries import EXTENSIONS, PostgresBinaries, find_postgres
from ops.localstack.durability import require_durable
from ops.localstack.layout import POSTGRES_SOCKET, Layout
from ops.localstack.logs import open_log, tail
from ops.localstack.owner import Owner, make_folder
from ops.localstack.problem import Problem
from ops.localstack.process import Running, identify, spawn, stop

STOP_SIGNALS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
# Recovery after a crash reads all WAL since the last checkpoint.
READY_SECONDS = 120.0
# Backends notice that their postmaster is gone and leave by themselves.
ORPHAN_SECONDS = 5.0
SUPERUSER = "postgres"


class Postgres:
    """The cluster of one instance. ``settings`` are added on the server's command line (tests turn fsync
    off so).
    """

    def __init__(self, layout: Layout, owner: Owner, settings: dict[str, str] | None = None) -> None:
        self.layout = layout
        self.owner = owner
        self.settings = settings or {}
        self.log = layout.logs / "postgres.log"
        self._found: PostgresBinaries | None = None

    @property
    def binaries(self) -> PostgresBinaries:
        """The programs of the version the cluster was made with."""
        if self._found is None:
            self._found = find_postgres(self.cluster_major())
        return self._found

    def cluster_major(self) -> int | None:
        """Return the major version of the cluster, None before it is made."""
        try:
            return int((self.layout.postgres_data / "PG_VERSION").read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            return None

    @property
    def made(self) -> bool:
        """Whether the cluster exists."""
        return self.cluster_major() is not None

    def make(self) -> None:
        """Run initdb into a folder aside and move it into place, so that a cut leaves nothing half made."""
        data = self.layout.postgres_data
        if not self.made:
            disk.require(self.layout.postgres, disk.NEW_CLUSTER_MB)
            fresh = data.with_name("data.new")
            shutil.rmtree(fresh, ignore_errors=True)
            make_folder(fresh, self.owner)
            command = [
                str(self.binaries.bin / "initdb"),
                *("-D", str(fresh), "-U", SUPERUSER, "--locale=C.UTF-8", "-E", "UTF8", "-A", "trust", "-k"),
            ]
            done = subprocess.run(  # type: ignore[call-overload]
                command, capture_output=True, text=True, check=False, cwd="/", umask=0o077, **self.owner.popen
            )
            if done.returncode != 0:
                raise self._failed("initdb", done.stderr)
            if data.exists():
                data.rmdir()
            fresh.rename(data)
        self._write_settings(data)

    def _write_settings(self, data: Path) -> None:
        main = data / "postgresql.conf"
        include = "include_if_exists = 'hamyar.conf'"
        if include not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as handle:
                handle.write(f"\n{include}\n")
        ours = data / "hamyar.conf"
        ours.write_text(settings_text(), encoding="utf-8")
        ours.chmod(0o600)
        if self.owner.foreign:
            os.chown(ours, self.owner.uid, self.owner.gid)

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server and return at once; ``wait`` tells when it answers."""
        self.clear_stale()
        command = [str(self.binaries.bin / "postgres"), "-D", str(self.layout.postgres_data)]
        command += ["-k", str(self.layout.sockets), "-p", "5432", "-c", "listen_addresses="]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with open_log(self.log) as log:
            return spawn(command, log=log, owner=self.owner, death_signal=signal.SIGINT)

    def clear_stale(self) -> None:
        """Remove pid and lock files that name a process which is not our server.

        PostgreSQL itself refuses to start when the id in ``postmaster.pid`` has gone to some other
        process. The file
        also guards shared memory, so first make sure that no process of the old server is left.
        """
        remaining = self.processes()
        postmaster = identify(self.postmaster() or 0) if self.postmaster() in remaining else None
        if postmaster is not None:
            # We hold the instance's lock, so it is nobody's: end it as its supervisor would have.
            stop(postmaster, STOP_SIGNALS)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while (remaining := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in remaining:
            process = identify(pid)
            if process is not None:
                stop(process, ((signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0)))
        for path in (
            self.layout.postgres_data / "postmaster.pid",
            self.layout.sockets / POSTGRES_SOCKET,
            self.layout.sockets / f"{POSTGRES_SOCKET}.lock",
        ):
            path.unlink(missing_ok=True)

    def postmaster(self) -> int | None:
        """Return the id that ``postmaster.pid`` names, whoever bears it now."""
        try:
            return int((self.layout.postgres_data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def processes(self) -> list[int]:
        """Return every process that works in the data directory: the postmaster and its children stand in
        it.
        """
        data = str(self.layout.postgres_data)
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if str((entry / "cwd").readlink()) == data and (entry / "exe").readlink().name == "postgres":
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def wait(self, child: Running, *, durable: bool = True) -> None:
        """Wait until the server answers, make role and database, and refuse settings that could lose a
        report.
        """
        import psycopg

        deadline = time.monotonic() + READY_SECONDS
        while True:
            if child.poll() is not None:
                raise self._failed("postgres", tail(self.log, 12))
            try:
                with psycopg.connect(
                    self.layout.dsn("postgres", SUPERUSER), autocommit=True, connect_timeout=5
                ) as server:
                    if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = 'hamyar'").fetchone():
                        server.execute("CREATE ROLE hamyar LOGIN NOSUPERUSER CREATEDB")
                    if not server.execute("SELECT 1 FROM pg_database WHERE datname = 'hamyar'").fetchone():
                        server.execute("CREATE DATABASE hamyar OWNER hamyar")
                break
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise self._failed("postgres", tail(self.log, 12)) from None
                time.sleep(0.05)
        self.add_extensions("hamyar")
        if durable:
            require_durable(self.layout.dsn())

    def add_extensions(self, database: str) -> None:
        """Create the extensions as superuser, so that the owner of the tables need not be one."""
        import psycopg

        with psycopg.connect(self.layout.dsn(database, SUPERUSER), autocommit=True) as server:
            have = {row[0] for row in server.execute("SELECT extname FROM pg_extension")}
            for name in EXTENSIONS:
                if name not in have:
                    server.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}" CASCADE')

    def _failed(self, what: str, said: str) -> Problem:
        if disk.speaks_of_full(said):
            return disk.full(self.layout.postgres)
        return Problem(
            "postgres.failed",
            fa=f"{what} راه نیفتاد. گزارش: {self.log}\n{said.strip()}",
            en=f"{what} did not start. Log: {self.log}",
        )


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // disk.MEBIBYTE


def settings_text() -> str:
    """Return our settings: for two cores and a laptop's memory, durable, and silent about people's words.

    PostgreSQL's documentation, chapter "Server Configuration", explains each.
    """
    buffers = max(32, min(256, _memory_mb() // 8))
    cores = os.cpu_count() or 1
    values = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "200",
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(128, _memory_mb() // 3)}MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "128MB",
        "wal_compression": "on",
        "max_wal_size": "2GB",
        "min_wal_size": "128MB",
        "checkpoint_timeout": "10min",
        "checkpoint_completion_target": "0.9",
        # Queries here are short; compiling them costs more than it gives.
        "jit": "off",
        # Parallel workers need /dev/shm, 64 MB in a container, and on few cores they take turns with the web.
        "max_parallel_workers_per_gather": "0" if cores <= 2 else "1",  # noqa: PLR2004
        "max_parallel_maintenance_workers": "0" if cores <= 2 else "1",  # noqa: PLR2004
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "lc_messages": "'C'",
        "idle_in_transaction_session_timeout": "5min",
        # Statements and details of errors may carry a number or a message: they stay out of the log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_checkpoints": "off",
        "log_line_prefix": "'%m [%p] '",
    }
    head = "# Written by hamyar at each start; put your own settings into postgresql.conf below the include.\n"
    return head + "".join(f"{name} = {value}\n" for name, value in values.items())
