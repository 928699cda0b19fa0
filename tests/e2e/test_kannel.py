"""Kannel end to end: fakesmsc → bearerbox → smsbox → our gateway's door, on loopback.

What fakesmsc can send: `ucs2` messages of any length (Kannel recodes them to UTF-8), and parts with a concatenation
header as 8-bit data (`udh-data`), which bearerbox joins and hands on as the bytes they were; UCS-2 with a header it
cannot.

"Twice" comes in both ways that happen. The network delivers a message again: Kannel takes it for a new one and gives
it an id of its own. And our first answer is lost: smsbox asks again with the same id. The second is done by answering
503 after the commit. What neither can show: smsbox acknowledges to bearerbox before our answer, so a killed smsbox
loses what it holds.
"""

import asyncio
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_from_bytes

import pytest

from server.access.context import Context
from server.app import create_app
from server.kernel.settings import Settings
from server.reports.content import text_of
from tests.support.serving import free_port, serving
from tests.support.web import MakeClient

FAKESMSC = Path("/usr/lib/kannel/test/fakesmsc")
MISSING = [n for n in ("bearerbox", "smsbox") if not shutil.which(n)] + [FAKESMSC.name] * (not FAKESMSC.exists())
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"apt packages kannel and kannel-extras are not here: {MISSING}"),
    pytest.mark.timeout(400),
]
SEED = 20261122
MESSAGES, IN_PARTS, LONG, NETWORK_TWICE, CUT = 500, 30, 60, 20, 25
PART_BYTES = 134
"""What is left of an SMS beside a six-byte concatenation header."""
WORDS = (
    "کمک",
    "می‌خواهیم",
    "آب",
    "نداریم",
    "۱۲",
    "نفر",
    "زیر",
    "آوار",
    "پل",
    "شکسته",
    "است",
    "پلدختر",
    "خانه‌ها",
    "چادر",
    "نان",
    "؛",
    "بچهٔ",
    "شیرخوار",
    "دارو",
    "انسولین",
    "جاده",
    "بسته",
    "نمی‌شود",
    "رفت",
    "معمولان",
    "🚑",
    "water",
    "«سیل»",
)
CONFIG = """group = core
admin-interface = 127.0.0.1
admin-port = {admin}
admin-password = test
status-password = test
smsbox-interface = 127.0.0.1
smsbox-port = {box}
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
store-type = spool
store-location = "{folder}/spool"
dlr-storage = internal
sms-combine-concatenated-mo = true
sms-combine-concatenated-mo-timeout = 1800
unified-prefix = "+98,0098,0;+,00"

group = smsc
smsc = fake
smsc-id = FAKE
port = {smsc}
connect-allow-ip = "127.0.0.1"

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-interface = 127.0.0.1
sendsms-port = {sendsms}
global-sender = 300012345
mo-recode = true
http-request-retry = 100
http-queue-delay = 1
http-timeout = 30
max-pending-requests = 50
reply-requestfailed = ""
reply-couldnotfetch = ""

group = sms-service
keyword = default
catch-all = true
max-messages = 0
accept-x-kannel-headers = true
send-sender = true
post-url = "{url}/intake/sms/kannel?id=%I&smsc=%i&token={token}"
"""


@dataclass(frozen=True)
class Sms:
    """One message: its sender and text, in how many parts it goes, and how often the network delivers it."""

    sender: str
    text: str
    parts: bool = False
    times: int = 1

    def lines(self) -> list[str]:
        """What fakesmsc is told, one line a part."""
        wide = self.text.encode("utf-16-be")
        if not self.parts:
            return [f"{self.sender} 300012345 ucs2 {quote_from_bytes(wide)}"]
        pieces = [wide[at : at + PART_BYTES] for at in range(0, len(wide), PART_BYTES)]
        reference = int(self.sender[-2:])
        return [
            f"{self.sender} 300012345 udh-data %05%00%03%{reference:02x}%{len(pieces):02x}%{n:02x} "
            f"{quote_from_bytes(p)}"
            for n, p in enumerate(pieces, 1)
        ]


def messages() -> list[Sms]:
    """500 Persian messages, each its own text and sender."""
    rng = random.Random(SEED)
    made = []
    for n in range(MESSAGES):
        parts, long = n < IN_PARTS, IN_PARTS <= n < IN_PARTS + LONG
        words = rng.choices(
            WORDS, k=rng.randint(20, 40) if parts else rng.randint(60, 120) if long else rng.randint(2, 9)
        )
        twice = IN_PARTS + LONG <= n < IN_PARTS + LONG + NETWORK_TWICE
        made.append(Sms(f"0912{n:07}", f"{' '.join(words)} {n}", parts, 2 if twice else 1))
    rng.shuffle(made)
    return made


@dataclass
class Cutter:
    """Our application, whose first answer to every n-th message is lost after the commit."""

    app: Any
    every: int
    posts: Counter[str] = field(default_factory=Counter)
    cut: set[str] = field(default_factory=set)

    @property
    def state(self) -> Any:
        return self.app.state

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        key = parse_qs(scope["query_string"].decode()).get("id", [""])[0]
        self.posts[key] += 1
        lost = len(self.posts) % self.every == 0 and self.posts[key] == 1 and len(self.cut) < CUT

        async def answer(message: Any) -> None:
            if lost and message["type"] == "http.response.start":
                assert message["status"] == 200
                self.cut.add(key)
                message = {**message, "status": 503}
            await send(message)

        await self.app(scope, receive, answer)


@asynccontextmanager
async def kannel(folder: Path, url: str, token: str) -> AsyncIterator[int]:
    """A bearerbox and an smsbox of the test's own; gives the port of the fake network."""
    ports: list[int] = []
    for _ in range(4):
        ports.append(free_port(p for p in range(8155, 8160) if p not in ports))
    smsc, admin, box, sendsms = ports
    (folder / "store").mkdir()
    config = folder / "kannel.conf"
    config.write_text(
        CONFIG.format(folder=folder, admin=admin, box=box, smsc=smsc, sendsms=sendsms, url=url, token=token)
    )
    processes = []
    with (folder / "kannel.log").open("wb") as log:
        try:
            for program, port in (("bearerbox", box), ("smsbox", sendsms)):
                processes.append(
                    await asyncio.create_subprocess_exec(program, "-v", "2", str(config), stdout=log, stderr=log)
                )
                await _listens(port)
            yield smsc
        finally:
            for process in reversed(processes):
                if process.returncode is None:
                    process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 15)
                except TimeoutError:
                    process.kill()
                    await process.wait()


async def _listens(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise AssertionError(f"nothing listens on {port}")


def fakesmsc(port: int, line: str, times: int) -> None:
    """Send one line `times` times. fakesmsc stays for answers until it is ended."""
    command = [str(FAKESMSC), "-H", "127.0.0.1", "-r", str(port), "-i", "0.01", "-m", str(times), line]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout
        for said in process.stdout:
            if f"sent message {times}".encode() in said:
                break
        process.kill()


async def test_five_hundred_messages_arrive_once_and_whole(
    config: Settings, ctx: Context, client_of: MakeClient, tmp_path: Path
) -> None:
    sent = messages()
    assert len({m.text for m in sent}) == MESSAGES
    token = (await client_of("gateway")).headers["Authorization"].removeprefix("Bearer ")
    door = Cutter(create_app(config), every=MESSAGES // CUT - 2)
    async with serving(config, range(8150, 8155), app=door) as url, kannel(tmp_path, url, token) as smsc:
        for message in sent:
            for line in message.lines():
                await asyncio.to_thread(fakesmsc, smsc, line, message.times)
        delivered = MESSAGES + NETWORK_TWICE
        for _ in range(600):
            if len(door.posts) == delivered and door.posts.total() == delivered + len(door.cut):
                break
            await asyncio.sleep(0.1)
    assert len(door.posts) == delivered, "each delivery of the network has an id of its own"
    assert len(door.cut) == CUT
    assert {key for key, n in door.posts.items() if n == 2} == door.cut, "what was cut was asked again with the same id"
    async with ctx.db.tx() as conn:
        rows = await (await conn.execute("SELECT * FROM reports")).fetchall()
        events = await (await conn.execute("SELECT 1 FROM events_unsealed WHERE verb = 'report.accepted'")).fetchall()
    assert len(rows) == len(events) == MESSAGES
    kept = {}
    for row in rows:
        record = ctx.sealing.of("reports", row["id"], row["data_key_wrapped"])
        sender = (record.open("sender_sealed", row["sender_sealed"]) or b"").decode()
        kept[sender] = record.open("body_sealed", row["body_sealed"]) or b"", row["content_type"], row["flags"]
    for message in sent:
        body, content_type, flags = kept["+98" + message.sender[1:]]
        assert body == message.text.encode("utf-16-be" if message.parts else "utf-8")
        assert text_of(body, content_type) == message.text
        assert flags == []
