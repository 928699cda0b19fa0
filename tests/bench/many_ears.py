"""Thousands of listeners to `/api/stream` in one process, lean: raw sockets under one epoll, numbers alone are read.

A process of its own for `bench_stream_many`. Orders come on standard input, a JSON object a line; each gets an answer:
{"do": "open", "tokens": […]} connects a listener a token; {"do": "cut", "share": 0.1} closes the first of them;
{"do": "again"} connects those anew, each from its last number; {"do": "settle", "seq": n, "seconds": s} waits until all
have n; {"do": "tell", "path": …} writes what everybody heard into a file and ends.
"""

import json
import os
import pickle
import re
import select
import socket
import sys
import time
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# An event's number with its data, or a number alone.
NUMBER = re.compile(rb"id: (\d+)\n(\n|event)")
TAIL = 64
"""Bytes kept of what came last: a number may be cut in two."""
IN_ONE_GO = 200
"""Connections opened before the server is waited for."""


@dataclass
class Ear:
    """A listener: what it heard and when (CLOCK_MONOTONIC, the same for all processes)."""

    token: str
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    line: socket.socket | None = None
    rest: bytes = b""
    last: int = -1
    ready: bool = False
    cut: bool = False
    closed: int = 0
    came: list[tuple[bytes, float]] = field(default_factory=list)
    """What came and when, not looked into yet: that would delay the listeners behind this one."""


class Ears:
    """All listeners of this process."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.epoll = select.epoll()
        self.by_fd: dict[int, Ear] = {}
        self.all: list[Ear] = []

    def open(self, ears: list[Ear]) -> int:
        """Connect them, some at a time; how many are being served."""
        for begin in range(0, len(ears), IN_ONE_GO):
            some = ears[begin : begin + IN_ONE_GO]
            for ear in some:
                line = socket.create_connection(("127.0.0.1", self.port), timeout=60)
                resume = f"Last-Event-ID: {ear.last}\r\n" if ear.last >= 0 else ""
                head = f"GET /api/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {ear.token}\r\n{resume}\r\n"
                line.sendall(head.encode())
                line.setblocking(False)
                ear.line, ear.ready, ear.cut, ear.rest = line, False, False, b""
                self.by_fd[line.fileno()] = ear
                self.epoll.register(line.fileno(), select.EPOLLIN)
            until = time.monotonic() + 120
            while not all(ear.ready for ear in some) and time.monotonic() < until:
                self.turn(0.2)
        return sum(ear.ready for ear in ears)

    def close(self, ear: Ear) -> None:
        """End one listener's connection."""
        if ear.line is not None:
            self.by_fd.pop(ear.line.fileno(), None)
            self.epoll.unregister(ear.line.fileno())
            ear.line.close()
            ear.line = None

    def turn(self, timeout_s: float) -> None:
        """Take what has come."""
        for fd, _ in self.epoll.poll(timeout_s):
            ear = self.by_fd.get(fd)
            if ear is None or ear.line is None:
                continue
            try:
                came = ear.line.recv(262_144)
            except BlockingIOError:
                continue
            except OSError:
                came = b""
            now = time.monotonic()
            if not came:
                ear.closed += 1
                self.close(ear)
                continue
            if ear.ready:
                ear.came.append((came, now))
            else:
                self.take(ear, came, now)

    def look(self) -> None:
        """Look into all that came."""
        for ear in self.all:
            for came, at in ear.came:
                self.take(ear, came, at)
            ear.came.clear()

    @staticmethod
    def take(ear: Ear, came: bytes, now: float) -> None:
        """The numbers in what came."""
        text = ear.rest + came
        if not ear.ready:
            if b"HTTP/1.1 200" not in text or b"retry:" not in text:
                ear.rest = text
                return
            ear.ready = True
        end = 0
        for found in NUMBER.finditer(text):
            end = found.end()
            ear.last = int(found[1])
            if found[2] == b"event":
                ear.numbers.append(ear.last)
                ear.times.append(now)
        ear.rest = text[max(end, len(text) - TAIL) :]


def main() -> None:
    """Obey."""
    ears = Ears(int(sys.argv[1]))
    orders = os.fdopen(0, "rb", buffering=0)
    ears.epoll.register(0, select.EPOLLIN)
    while True:
        for fd, _ in ears.epoll.poll(0):
            if fd == 0:
                order = json.loads(orders.readline())
                ears.epoll.unregister(0)
                answer = obey(ears, order)
                ears.epoll.register(0, select.EPOLLIN)
                sys.stdout.write(json.dumps(answer) + "\n")
                sys.stdout.flush()
                if order["do"] == "tell":
                    return
        ears.turn(0.5)


def obey(ears: Ears, order: dict[str, Any]) -> dict[str, Any]:
    """Do one thing; what came of it."""
    ears.look()
    match order["do"]:
        case "open":
            new = [Ear(token) for token in order["tokens"]]
            ears.all += new
            return {"open": ears.open(new)}
        case "cut":
            some = ears.all[: int(len(ears.all) * order["share"])]
            for ear in some:
                ears.close(ear)
                ear.cut = True
            return {"cut": len(some)}
        case "again":
            return {"open": ears.open([ear for ear in ears.all if ear.cut])}
        case "settle":
            until = time.monotonic() + order["seconds"]
            while time.monotonic() < until and any(ear.last < order["seq"] for ear in ears.all):
                ears.turn(0.2)
                ears.look()
            return {"behind": sum(ear.last < order["seq"] for ear in ears.all)}
        case _:
            told = [(ear.token, ear.numbers.tobytes(), ear.times.tobytes(), ear.closed) for ear in ears.all]
            Path(order["path"]).write_bytes(pickle.dumps(told))
            return {"ears": len(told), "cpu_s": time.process_time()}


if __name__ == "__main__":
    main()
