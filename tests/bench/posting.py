"""A small HTTP client for benches: fixed rate, many connections, little of the machine's time.

An ordinary client costs as much as the server it drives; this one writes ready bytes and reads a length.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import orjson

from tests.bench.messages import Message

DOORS = 32
_NEVER = frozenset({400, 401, 403, 404, 405, 422})
"""What no second try would change."""


@dataclass(slots=True)
class Tally:
    """What came of posting: `took`, seconds from when a message was due to its answer; `at`, when a report had it."""

    took: list[float] = field(default_factory=list)
    late: int = 0
    refused: int = 0
    at: dict[str, float] = field(default_factory=dict)


class Door:
    """One connection to one path; opened anew when the server closes it."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.answered = False
        """Whether this connection has had an answer: until then it may only stand in the kernel's queue."""

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """(status, body) of one request. Raises ConnectionError when the server is not there."""
        if self._pair is None:
            self._pair = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        reader, writer = self._pair
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(answer.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in answer else 0
            content = await reader.readexactly(length)
            self.answered = True
        except (OSError, asyncio.IncompleteReadError, IndexError) as error:
            self.close()
            raise ConnectionError(str(error)) from error
        if b"connection: close" in answer:
            self.close()
        return int(answer.split(b" ", 2)[1]), content

    def close(self) -> None:
        """Give the connection up."""
        if self._pair is not None:
            self._pair[1].close()
            self._pair, self.answered = None, False


async def post(
    port: int, token: str, messages: Iterable[Message], rate: float, seconds: float, tally: Tally, key: str = "m"
) -> int:
    """Post `rate` messages a second for `seconds` to the generic door; returns how many. A slow server gets no rest."""
    began, total = time.perf_counter(), int(rate * seconds)
    numbered = iter(enumerate(messages))

    async def work() -> None:
        door = Door(port, token)
        for number, message in numbered:
            if number >= total:
                break
            due = began + number / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            elif wait < -1:
                tally.late += 1
            body = orjson.dumps({"id": f"{key}{number}", "from": message.sender, "to": "3000", "text": message.text})
            await _once(door, body, due, tally)
        door.close()

    await asyncio.gather(*(work() for _ in range(DOORS)))
    return total


async def _once(door: Door, body: bytes, due: float, tally: Tally) -> None:
    """Until it is acknowledged, as a gateway does."""
    while True:
        try:
            status, content = await door.ask("POST", "/intake/sms/generic", body)
        except ConnectionError:
            status, content = 0, b""
        if status == 200:
            now = time.perf_counter()
            tally.took.append(now - due)
            tally.at[orjson.loads(content)["report"]] = now
            return
        if status in _NEVER:
            raise RuntimeError(f"the door says {status}: {content[:200]!r}")
        tally.refused += 1
        await asyncio.sleep(0.2)


@dataclass(slots=True)
class Listener:
    """What one client of the stream saw: (verb, id) → when first; how many events; holes in their numbers."""

    seen: dict[tuple[str, str], float] = field(default_factory=dict)
    events: int = 0
    holes: int = 0
    _last: int = 0

    def take(self, verb: str, number: int, data: bytes, kept: frozenset[str]) -> None:
        """One event."""
        self.events += 1
        self.holes += bool(self._last) and number != self._last + 1
        self._last = number
        if verb in kept:
            self.seen.setdefault((verb, orjson.loads(data)["id"]), time.perf_counter())


async def listen(port: int, token: str, listener: Listener, kept: frozenset[str]) -> None:
    """Listen to the stream until cancelled; of the verbs in `kept` remember when each subject was first seen."""
    async for verb, number, data in _events(port, token):
        listener.take(verb, number, data, kept)


async def _events(port: int, token: str) -> AsyncIterator[tuple[str, int, bytes]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    head = f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    verb, number = "", 0
    try:
        while line := await reader.readline():
            name, _, value = line.rstrip().partition(b": ")
            if name == b"event":
                verb = value.decode()
            elif name == b"id":
                number = int(value)
            elif name == b"data":
                yield verb, number, value
    finally:
        writer.close()


async def each_second(what: Callable[[], Awaitable[None]]) -> None:
    """Do something once a second until cancelled."""
    while True:
        began = time.perf_counter()
        await what()
        await asyncio.sleep(max(0.05, 1 - (time.perf_counter() - began)))
