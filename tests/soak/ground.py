"""What the storm goes over: a whole instance, or the few processes that dispatch needs on a test's own servers."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from ops.localstack.layout import REPOSITORY
from tests.support.instance import Instance


class Ground(Protocol):
    """Where it is, and how to hurt it."""

    port: int
    dsn: str
    redis_url: str

    def kill_worker(self, dice: random.Random) -> None:
        """End a process of the watches at once."""

    def kill_web(self, dice: random.Random) -> None:
        """End a web process at once."""


@dataclass
class WholeInstance:
    """`hamyar up`: its supervisor starts again what is killed."""

    instance: Instance
    dsn: str = ""
    redis_url: str = ""

    @property
    def port(self) -> int:
        return self.instance.port

    def up(self) -> None:
        self.instance.run("up", "--detach")
        status = self.instance.status()
        self.dsn, self.redis_url = status["postgres"]["dsn"], status["redis"]["url"]

    def _kill(self, part: str, dice: random.Random) -> None:
        if pids := self.instance.pids(part):
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(pids), signal.SIGKILL)

    def kill_worker(self, dice: random.Random) -> None:
        self._kill("worker", dice)

    def kill_web(self, dice: random.Random) -> None:
        self._kill("web", dice)


@dataclass
class FewProcesses:
    """A web process and two that watch leases and offers; a thread starts again what has ended."""

    dsn: str
    redis_url: str
    home: Path
    env: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self.door = socket.create_server(("127.0.0.1", 0))
        self.door.set_inheritable(True)
        self.port: int = self.door.getsockname()[1]
        self.tending = threading.Thread(target=self._tend)
        self.tending.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.tending.join()
        for process in self.running.values():
            process.kill()
            process.wait()
        self.door.close()

    def _tend(self) -> None:
        fd = self.door.fileno()
        commands = {
            "web": ["ops.localstack.web", "--fd", str(fd)],
            "worker-1": ["server.worker", "leases", "offers"],
            "worker-2": ["server.worker", "leases"],
        }
        env = {
            **os.environ,
            "HAMYAR_HOME": str(self.home),
            "DATABASE_URL": self.dsn,
            "REDIS_URL": self.redis_url,
            "HAMYAR_DRILL": "1",
            "HAMYAR_GIVE_WAY": "0",
            **self.env,
        }
        while not self.stop.wait(0.2):
            for name, command in commands.items():
                if name not in self.running or self.running[name].poll() is not None:
                    self.running[name] = subprocess.Popen(
                        [sys.executable, "-m", *command],
                        env=env,
                        cwd=REPOSITORY,
                        pass_fds=[fd],
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                    )

    def kill_worker(self, dice: random.Random) -> None:
        self.running[f"worker-{dice.choice((1, 2))}"].kill()

    def kill_web(self, _: random.Random) -> None:
        self.running["web"].kill()
