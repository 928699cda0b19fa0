"""Phones that send forms at a fixed rate, whatever the server does, in a process of its own, as cheap as can be.

`python -m tests.bench.load_submissions PORT TOKEN RATE SECONDS FIRST`: an open loop over keep-alive connections; a form
is due at its time and its wait counts from then. JSON on stdout when it is over. Forms are made by `submission`, which
the bench calls again to know what must have been kept.
"""

import asyncio
import contextlib
import hashlib
import json
import resource
import statistics
import sys
import time
from collections import deque
from typing import cast

from field_forms.builtin import compiled

CONNECTIONS = 96
PICTURE_EVERY = 10
XML_BYTES = 2048
BOUNDARY = b"--formboundary7MA4YWxkTrZu0gW"
NOTES = (
    "سیل از نیمه‌شب بالا آمد و نیمی از خانه‌های کنار رود را گرفت؛ مردم روی بام مدرسه‌اند و راه روستا از دو سو بسته است. ",
    "پل چوبی را آب برد و تانکر آب از آن‌سو نمی‌رسد، چاه روستا گل‌آلود است و کودکان بیمار شده‌اند. ",
    "پنجاه خانوار در مسجد مانده‌اند، پتو و چراغ نفتی کم است و دو زن باردار به ماما نیاز دارند. ",
)
"""Made up for this bench."""
_RAPID = (
    "<start>2026-11-22T10:00:00.000+03:30</start><end>2026-11-22T10:04:10.000+03:30</end>"
    "<situation><what_happened>flooding</what_happened><urgency>high</urgency></situation>"
    "<where><location>33.{n:05d} 47.71360 640.0 8.0</location><place_name>پلدختر، محلهٔ پایین</place_name></where>"
    "<affected><people>{p}</people><households>9</households><women>11</women><children>8</children><infants>2</infants>"
    "<elderly>3</elderly><pregnant>1</pregnant><disabled/><conditions/></affected>"
    "<lacking><needs>water shelter bedding</needs></lacking><amounts><amount_water>200</amount_water>"
    "<amount_shelter>4</amount_shelter><amount_bedding>60</amount_bedding></amounts>"
)
_INCIDENT = (
    "<start>2026-11-22T10:00:00.000+03:30</start><end>2026-11-22T10:02:00.000+03:30</end>"
    "<situation><what_happened>flooding</what_happened><urgency>high</urgency><people>{p}</people></situation>"
    "<where><location>33.{n:05d} 47.71360 640.0 8.0</location><place_name>معمولان</place_name></where>"
)


def picture(n: int) -> bytes:
    """A small file of its own that begins as a JPEG does, 6 KB."""
    grain = hashlib.shake_128(f"picture {n}".encode()).digest(6000)
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + grain + b"\xff\xd9"


def instance_id(n: int) -> str:
    """As Collect makes them."""
    made = hashlib.md5(f"bench {n}".encode(), usedforsecurity=False).hexdigest()
    return f"uuid:{made[:8]}-{made[8:12]}-4{made[13:16]}-8{made[17:20]}-{made[20:]}"


class Forms:
    """Submissions of two built-in forms, 2 KB each, by number."""

    def __init__(self) -> None:
        self._made = [
            (name, body, compiled(name).version) for name, body in (("rapid_needs", _RAPID), ("incident", _INCIDENT))
        ]

    def xml(self, n: int) -> bytes:
        """The answers of one."""
        name, body, version = self._made[n % 2]
        photo = f"{n}.jpg" if n % PICTURE_EVERY == 0 else ""
        head = f'<?xml version=\'1.0\' ?><data id="{name}" version="{version}">' + body.format(n=n % 100_000, p=n % 90)
        tail = f"<photo>{photo}</photo></more><meta><instanceID>{instance_id(n)}</instanceID></meta></data>"
        room = XML_BYTES - len(head.encode()) - len(tail) - len("<more><note></note>")
        note = (NOTES[n % 3] * 20).encode()[: max(0, room)].decode(errors="ignore")
        return f"{head}<more><note>{note}</note>{tail}".encode()

    def body(self, n: int) -> bytes:
        """The POST's body."""
        parts = [_part(b"xml_submission_file", b"submission.xml", b"text/xml", self.xml(n))]
        if n % PICTURE_EVERY == 0:
            name = f"{n}.jpg".encode()
            parts.append(_part(name, name, b"image/jpeg", picture(n)))
        return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def _part(name: bytes, file_name: bytes, kind: bytes, data: bytes) -> bytes:
    return (
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n'
        b"Content-Transfer-Encoding: binary\r\n\r\n%s\r\n"
    ) % (BOUNDARY, name, file_name, kind, data)  # fmt: skip


class Load:
    """What all connections share: what is due, who is free."""

    def __init__(self, token: str) -> None:
        self.head = (
            f"POST /openrosa/{token}/submission HTTP/1.1\r\nHost: bench\r\nX-OpenRosa-Version: 1.0\r\n"
            f"User-Agent: org.odk.collect.android/bench\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}\r\nContent-Length: "
        ).encode()
        self.forms = Forms()
        self.due: deque[tuple[int, float]] = deque()
        self.free: deque[Line] = deque()
        """In turn: a server closes a connection that nobody uses."""
        self.waits: list[float] = []
        self.refused: dict[str, int] = {}
        self.most_waiting = 0
        self.total, self.over = -1, asyncio.Event()

    def request(self, n: int) -> bytes:
        body = self.forms.body(n)
        return b"%s%d\r\n\r\n%s" % (self.head, len(body), body)

    def check(self) -> None:
        """Whether all that was sent has been answered."""
        if len(self.waits) + sum(self.refused.values()) == self.total:
            self.over.set()

    def go(self) -> None:
        """Whatever is due, over whoever is free."""
        while self.due and self.free:
            self.free.popleft().ask(*self.due.popleft())
        self.most_waiting = max(self.most_waiting, len(self.due))


class Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: Load) -> None:
        self.load, self.due, self.got = load, 0.0, b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.load.free.append(self)

    def ask(self, n: int, due: float) -> None:
        self.due = due
        self.transport.write(self.load.request(n))

    def data_received(self, data: bytes) -> None:
        self.got += data
        if not self.got.endswith(b"</OpenRosaResponse>"):
            return
        status = self.got[9:12].decode()
        if status == "201":
            self.load.waits.append(time.perf_counter() - self.due)
        else:
            self.load.refused[status] = self.load.refused.get(status, 0) + 1
        self.got = b""
        self.load.free.append(self)
        self.load.go()
        self.load.check()


async def run(port: int, token: str, rate: float, seconds: float, first: int) -> dict[str, object]:
    """Send for `seconds`; what was answered, refused and how long it took."""
    load = Load(token)
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Line(load), "127.0.0.1", port)
    begun, total, sent = time.perf_counter(), int(rate * seconds), 0
    while sent < total:
        now = time.perf_counter()
        while sent < total and begun + sent / rate <= now:
            load.due.append((first + sent, begun + sent / rate))
            sent += 1
        load.go()
        await asyncio.sleep(max(0.001, begun + sent / rate - time.perf_counter()))
    sending = time.perf_counter() - begun
    load.total = total
    load.check()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(load.over.wait(), 30)
    took = time.perf_counter() - begun
    cuts = statistics.quantiles(load.waits, n=1000)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "first": first,
        "sent": total,
        "acknowledged": len(load.waits),
        "refused": load.refused,
        "sending_s": round(sending, 2),
        "took_s": round(took, 2),
        "per_s": round(len(load.waits) / took, 1),
        "p50_ms": round(cuts[499] * 1000, 1),
        "p99_ms": round(cuts[989] * 1000, 1),
        "p999_ms": round(cuts[998] * 1000, 1),
        "max_ms": round(max(load.waits) * 1000, 1),
        "most_waiting": load.most_waiting,
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
    }


def main() -> None:
    """Run as told on the command line."""
    import uvloop

    port, token, rate, seconds, first = sys.argv[1:]
    done = uvloop.run(run(int(port), token, float(rate), float(seconds), int(first)))
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
