"""Finds the servers' programs: Debian keeps PostgreSQL's off PATH, and Redis may be called Valkey."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ops.localstack.problem import Problem

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
EXTENSIONS = ("postgis", "pgrouting", "pg_trgm", "btree_gist")
OLDEST_POSTGRES = 14
OLDEST_REDIS = (6, 2)
APT = "apt-get install postgresql postgresql-postgis postgresql-pgrouting redis-server"


@dataclass(frozen=True)
class PostgresBinaries:
    """The folder of ``postgres``, ``initdb`` and their kin; the major version; the extensions it lacks."""

    bin: Path
    major: int
    missing: tuple[str, ...]


def _major(bin_folder: Path) -> int | None:
    try:
        text = subprocess.run([bin_folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\(PostgreSQL\)\s+(\d+)", text)
    return int(found.group(1)) if found else None


def _share(bin_folder: Path) -> Path | None:
    """Return the folder of extension control files as this PostgreSQL itself names it."""
    tool = bin_folder / "pg_config"
    if tool.exists():
        done = subprocess.run([tool, "--sharedir"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Path(done.stdout.strip()) / "extension"
    if bin_folder.is_relative_to(DEBIAN_POSTGRES):
        return Path("/usr/share/postgresql") / bin_folder.parent.name / "extension"
    return None


def _candidates() -> list[Path]:
    folders = [Path(value) for value in [os.environ.get("HAMYAR_PG_BIN", "")] if value]
    folders += sorted(DEBIAN_POSTGRES.glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    return [folder for folder in folders if (folder / "initdb").exists()]


def _number(name: str) -> float:
    return float(name) if re.fullmatch(r"\d+(\.\d+)?", name) else 0.0


def find_postgres(major: int | None = None) -> PostgresBinaries:
    """Return the newest PostgreSQL that has every extension; of version ``major`` when a cluster asks for
    it.
    """
    found: list[PostgresBinaries] = []
    for folder in _candidates():
        version = _major(folder)
        if version is None or version < OLDEST_POSTGRES or major not in (None, version):
            continue
        share = _share(folder)
        missing = tuple(name for name in EXTENSIONS if share is None or not (share / f"{name}.control").exists())
        found.append(PostgresBinaries(folder, version, missing))
        if not missing:
            return found[-1]
    if not found:
        which = f" {major}" if major is not None else f" ≥ {OLDEST_POSTGRES}"
        raise Problem(
            "postgres.missing",
            fa=f"PostgreSQL{which} پیدا نشد. نصب کنید: {APT}",
            en=f"PostgreSQL{which} was not found. Install it: {APT}",
        )
    lacking = ", ".join(found[0].missing)
    raise Problem(
        "postgres.extensions",
        fa=f"PostgreSQL {found[0].major} افزونه‌های {lacking} را ندارد. نصب کنید: {APT}",
        en=f"PostgreSQL {found[0].major} lacks the extensions {lacking}. Install them: {APT}",
    )


def find_redis() -> Path:
    """Return the Redis (or Valkey) server's program."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin:/usr/local/bin")
        if found is not None:
            return Path(found)
    raise Problem(
        "redis.missing",
        fa="Redis پیدا نشد. نصب کنید: apt-get install redis-server",
        en="Redis was not found. Install it: apt-get install redis-server",
    )


def redis_version(program: Path) -> tuple[int, ...]:
    """Return the server's version as numbers, empty when it does not say."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"v=(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()
