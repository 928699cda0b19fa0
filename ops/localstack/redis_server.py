"""The private Redis: on a unix socket, in memory only, since all it holds can be rebuilt from PostgreSQL."""

import signal
import socket
import struct
import subprocess
import time

from ops.localstack.binaries import find_redis
from ops.localstack.layout import Layout
from ops.localstack.logs import open_log, tail
from ops.localstack.owner import Owner
from ops.localstack.problem import Problem
from ops.localstack.process import Running, identify, spawn, stop

STOP_SIGNALS = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
READY_SECONDS = 20.0
MEMORY = "256mb"


class Redis:
    """The Redis of one instance."""

    def __init__(self, layout: Layout, owner: Owner) -> None:
        self.layout = layout
        self.owner = owner
        self.log = layout.logs / "redis.log"

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server and return at once; ``wait`` tells when it answers."""
        self.clear_stale()
        command = [str(find_redis()), "--port", "0", "--unixsocket", str(self.layout.redis_socket)]
        command += ["--unixsocketperm", "700", "--daemonize", "no", "--save", "", "--appendonly", "no"]
        # Past the limit only keys with an expiry may go (positions, caches): the stream is cut by its
        # writer instead.
        command += ["--maxmemory", MEMORY, "--maxmemory-policy", "volatile-lru", "--databases", "64"]
        command += ["--dir", str(self.layout.redis)]
        with open_log(self.log) as log:
            return spawn(command, log=log, owner=self.owner)

    def clear_stale(self) -> None:
        """Remove a socket that was left, and end a server that still answers on it: we hold the lock, it is
        nobody's.
        """
        path = self.layout.redis_socket
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                found = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            process = identify(struct.unpack("3i", found)[0])
            if process is not None:
                stop(process, STOP_SIGNALS)
        except OSError:
            pass
        path.unlink(missing_ok=True)

    def wait(self, child: Running) -> None:
        """Wait until the server answers PING."""
        deadline = time.monotonic() + READY_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            if self.answers():
                return
            time.sleep(0.02)
        raise Problem(
            "redis.failed",
            fa=f"Redis راه نیفتاد. گزارش: {self.log}\n{tail(self.log, 8)}",
            en=f"Redis did not start. Log: {self.log}",
        )

    def answers(self) -> bool:
        """Whether a server on our socket says PONG."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1.0)
                client.connect(str(self.layout.redis_socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
