"""Where everything of an instance lies: folders, sockets, addresses. Pure path arithmetic, safe to call
anywhere.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

REPOSITORY = Path(__file__).resolve().parents[2]

# sockaddr_un.sun_path holds 108 bytes with its final NUL (unix(7)); PostgreSQL adds this name to the folder.
SOCKET_BYTES = 107
POSTGRES_SOCKET = ".s.PGSQL.5432"
# The folder is named on PostgreSQL's command line, in libpq URLs and in Redis' arguments: keep to what
# none must quote.
PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+-]+")

DEFAULT_PORT = 8000


def home_from_environment() -> Path:
    """Return ``HAMYAR_HOME`` as an absolute path; without it, ``var/`` beside the code."""
    value = os.environ.get("HAMYAR_HOME", "").strip()
    return Path(value).expanduser().absolute() if value else REPOSITORY / "var"


@dataclass(frozen=True)
class Layout:
    """The folders and addresses of the instance that lives in ``home`` (absolute)."""

    home: Path

    @classmethod
    def from_environment(cls) -> "Layout":
        """Return the layout of the instance that ``HAMYAR_HOME`` names."""
        return cls(home_from_environment())

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for this home in names outside it."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    @property
    def postgres(self) -> Path:
        """The folder of the private cluster, links followed: its owner must be able to walk the real path."""
        return (self.home / "postgres").resolve()

    @property
    def postgres_data(self) -> Path:
        """The data directory (PGDATA)."""
        return self.postgres / "data"

    @property
    def redis(self) -> Path:
        """The working folder of the private Redis, links followed."""
        return (self.home / "redis").resolve()

    @property
    def kannel(self) -> Path:
        """Kannel's folder, beside the servers' own: its user must be able to walk there."""
        return self.postgres.parent / "kannel"

    @property
    def logs(self) -> Path:
        """One log file for each part of the instance."""
        return self.home / "logs"

    @property
    def keys(self) -> Path:
        """Keys that seal personal data; made by ``ops.prepare``."""
        return self.home / "keys"

    @property
    def lock(self) -> Path:
        """The file whose flock says that a supervisor is alive."""
        return self.home / "lock"

    @property
    def state(self) -> Path:
        """What runs now, as the supervisor last wrote it."""
        return self.home / "state.json"

    @property
    def instance(self) -> Path:
        """What was fixed when the instance was made: drill or real."""
        return self.home / "instance.json"

    @property
    def sockets(self) -> Path:
        """The folder of the unix sockets: ``run/`` in the home, or a short one when that
        path does not fit.
        """
        usual = (self.home / "run").resolve()
        longest = len(os.fsencode(usual / POSTGRES_SOCKET)) + len(".lock")
        if longest <= SOCKET_BYTES and PLAIN_PATH.fullmatch(str(usual)):
            return usual
        # Not XDG_RUNTIME_DIR: it differs between a login and a cron job, and both must find the same sockets.
        return Path("/tmp") / f"hamyar-{os.getuid()}-{self.digest}"  # noqa: S108 - made 0700 and its owner checked

    @property
    def sockets_moved(self) -> bool:
        """Whether the sockets had to leave the home."""
        return self.sockets != (self.home / "run").resolve()

    @property
    def redis_socket(self) -> Path:
        """The private Redis' socket."""
        return self.sockets / "redis.sock"

    def dsn(self, database: str = "hamyar", user: str = "hamyar") -> str:
        """Return the libpq URL of a database of the private cluster."""
        return f"postgresql:///{quote(database)}?host={quote(str(self.sockets))}&user={quote(user)}"

    @property
    def redis_url(self) -> str:
        """The private Redis' address as redis-py reads it."""
        return f"unix://{quote(str(self.redis_socket))}"


def database_url(layout: Layout) -> tuple[str, bool]:
    """Return the database's URL and whether it is a server of the operator's own."""
    return _chosen("DATABASE_URL", layout.dsn())


def redis_url(layout: Layout) -> tuple[str, bool]:
    """Return Redis' URL and whether it is a server of the operator's own."""
    return _chosen("REDIS_URL", layout.redis_url)


def _chosen(variable: str, private: str) -> tuple[str, bool]:
    """Take the variable unless it is empty or merely repeats the private address (a child of ours inherits
    it).
    """
    value = os.environ.get(variable, "").strip()
    return (private, False) if value in ("", private) else (value, True)
