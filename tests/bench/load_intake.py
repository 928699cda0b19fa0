"""A gateway that hands messages over as fast as they are taken, in a process of its own, as cheap as can be.

`python -m tests.bench.load_intake PORT PATH TOKEN CONNECTIONS SECONDS FIRST`: keep-alive connections, each with one
request under way; JSON on stdout when it is over. Raw protocols and prepared bytes: an HTTP library would take the
core that the server needs.
"""

import asyncio
import json
import resource
import statistics
import sys
import time
from typing import cast

WORDS = (
    "سلام ما در روستای چم مهر پلدختر گیر افتاده‌ایم ۱۲ نفر هستیم آب و نان نداریم لطفا کمک کنید",
    "سیل خانه را برد، مادرم مریض است و دارو می‌خواهد. خرم‌آباد خیابان ساحلی",
    "پل معمولان شکسته و راه بسته است، نیاز به چادر و پتو برای ۳۰ خانوار",
    "Need water and tents for 40 people in Poldokhtar, bridge is closed",
    "komak! 5 nafar zire avar darim, kuye golestan",
    "برق و تلفن قطع است. دو کودک شیرخوار داریم، شیر خشک لازم است",
)
"""Made up for this bench."""
SENDERS = 50_000


def requests(path: str, token: str) -> list[tuple[bytes, bytes, bytes]]:
    """(head and opening of the body, middle, end): between them go the number of the message and its sender."""
    made = []
    for words in WORDS:
        opening, middle = b'{"id": "m-', b'", "from": "+98912'
        end = f'", "to": "3000", "text": "{words}", "received_at": "2026-11-22T10:00:00+03:30"}}'.encode()
        length = len(opening) + 9 + len(middle) + 7 + len(end)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        ).encode()
        made.append((head + opening, middle, end))
    return made


class Load:
    """What all connections share."""

    def __init__(self, path: str, token: str, first: int, seconds: float) -> None:
        self.made = requests(path, token)
        self.next = self.first = first
        self.until = time.perf_counter() + seconds
        self.waits: list[float] = []
        self.refused = 0
        self.left = 0
        self.over = asyncio.Event()

    def request(self) -> bytes:
        """The next message."""
        n, self.next = self.next, self.next + 1
        head, middle, end = self.made[n % len(self.made)]
        return b"%s%09d%s%07d%s" % (head, n, middle, n * 7919 % SENDERS, end)


class Line(asyncio.Protocol):
    """One connection: asks, waits for the answer, asks again."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.begun = 0.0
        self.got = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.ask()

    def ask(self) -> None:
        self.begun = time.perf_counter()
        self.transport.write(self.load.request())

    def data_received(self, data: bytes) -> None:
        self.got += data
        # Our answers end with the only closing brace.
        if not self.got.endswith(b"}"):
            return
        now = time.perf_counter()
        if self.got.startswith(b"HTTP/1.1 200"):
            self.load.waits.append(now - self.begun)
        else:
            self.load.refused += 1
        self.got = b""
        if now < self.load.until:
            self.ask()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.left -= 1
        if self.load.left == 0:
            self.load.over.set()


async def run(port: int, path: str, token: str, connections: int, seconds: float, first: int) -> dict[str, float]:
    """Load the door for `seconds`; what was answered, refused and how long it took."""
    begun = time.perf_counter()
    load = Load(path, token, first, seconds)
    load.left = connections
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Line(load), "127.0.0.1", port)
    await load.over.wait()
    took = time.perf_counter() - begun
    cuts = statistics.quantiles(load.waits, n=100)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "sent": load.next - first,
        "acknowledged": len(load.waits),
        "refused": load.refused,
        "seconds": round(took, 2),
        "per_s": round(len(load.waits) / took, 1),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "max_ms": round(max(load.waits) * 1000, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
    }


def main() -> None:
    """Run as told on the command line."""
    import uvloop

    port, path, token, connections, seconds, first = sys.argv[1:]
    done = uvloop.run(run(int(port), path, token, int(connections), float(seconds), int(first)))
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
