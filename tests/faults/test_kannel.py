"""Kannel under fire, over SMPP: bearerbox killed, smsbox killed with us up and with us away, the link cut.

What may be lost stands in docs/runbooks/kannel.md: of each kill of smsbox, or of bearerbox, whose end smsbox at times
does not survive, at most what smsbox then had in hand (`pending`); nothing else. What comes twice has one effect.
`HAMYAR_KANNEL_MESSAGES` sets the messages of each case, `HAMYAR_ROUNDS` the kills, `HAMYAR_OUTAGE_S` the seconds of
each outage (an hour: 3600).
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from ops.localstack.state import read_state
from ops.sms.plan import free_ports
from server.access.context import Context, make_context
from server.kernel.settings import Settings
from server.messaging.adapters.kannel import Kannel
from server.messaging.adapters.shapes import Accepted, Outgoing
from server.messaging.adapters.wire import open_client
from server.messaging.delivering import report_url
from server.messaging.gateways import all_gateways
from server.messaging.outbox import Draft, put
from server.reports.content import text_of
from tests.support.instance import Instance, free_port
from tests.support.smpp_network import UCS2, Network, Sms, in_parts

MISSING = [name for name in ("bearerbox", "smsbox") if not shutil.which(name, path="/usr/sbin:/usr/bin")]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"apt package kannel is not here: {MISSING}"),
    pytest.mark.timeout(0 if {"HAMYAR_OUTAGE_S", "HAMYAR_ROUNDS"} & set(os.environ) else 900),
]
ROUNDS = int(os.environ.get("HAMYAR_ROUNDS", "1"))
MESSAGES = int(os.environ.get("HAMYAR_KANNEL_MESSAGES", "60"))
OUTAGE_S = float(os.environ.get("HAMYAR_OUTAGE_S", "1"))
GAP_S = max(0.015, OUTAGE_S / 20_000)
"""Between two messages; an hour's outage is not to be a test of the disk."""
PENDING = int(os.environ.get("HAMYAR_KANNEL_PENDING", "5"))
FIRST_PORT = int(os.environ.get("HAMYAR_KANNEL_PORT", "13400"))
STILL = 150
"""Looks, a tenth of a second apart, without a change: longer than smsbox waits before it asks again."""
WORDS = "خدا قوت، پیام آزمایشی شمارهٔ می‌آید"
"""What reads as `other`: these tests are about bytes, not about needs."""


@dataclass
class Rig:
    """An instance with a Kannel of its own, the network it is bound to, and the services to look into both."""

    instance: Instance
    network: Network
    ctx: Context
    said: int = 0

    def messages(self, count: int) -> list[Sms]:
        """Messages never said before, each from its own sender."""
        first, self.said = self.said, self.said + count
        return [Sms(f"+98912{n:07}", f"{WORDS} {n}".encode("utf-16-be")) for n in range(first, first + count)]

    def pids(self, part: str) -> list[int]:
        """The part's processes, as the supervisor wrote them down."""
        return [process.pid for process in read_state(self.instance.layout).living(part)]

    async def signal(self, part: str, number: int) -> list[int]:
        """Send a signal to each of its processes."""
        old = self.pids(part)
        assert old, f"{part} does not run"
        for pid in old:
            os.kill(pid, number)
        return old

    async def kill(self, part: str) -> None:
        """A crash in the middle of the load; wait until the supervisor has another one."""
        old = await self.signal(part, signal.SIGKILL)
        await until(lambda: _another(self.pids(part), old))

    async def bound(self, binds: int) -> None:
        """Wait until bearerbox has bound again."""
        await until(lambda: self.network.binds > binds)

    async def kept(self) -> list[tuple[str, str, bytes]]:
        """Sender, text and body of every report."""
        async with self.ctx.db.tx() as conn:
            rows = await (await conn.execute("SELECT * FROM reports ORDER BY received_at, id")).fetchall()
        found = []
        for row in rows:
            record = self.ctx.sealing.of("reports", row["id"], row["data_key_wrapped"])
            body = record.open("body_sealed", row["body_sealed"]) or b""
            sender = (record.open("sender_sealed", row["sender_sealed"]) or b"").decode()
            found.append((sender, text_of(body, row["content_type"]), body))
        return found

    async def count(self) -> int:
        """Reports there are now."""
        async with self.ctx.db.tx() as conn:
            row = await (await conn.execute("SELECT count(*) AS n FROM reports")).fetchone()
        return int(row["n"]) if row else 0

    def stored(self) -> int:
        """Messages that wait in bearerbox's store."""
        store = self.instance.layout.kannel / "spool" / "store"
        return sum(path.is_file() for path in store.rglob("*"))

    async def settled(self, most: int) -> int:
        """Wait until as many reports are there as were said, or until nobody has any more to hand on; how many."""
        last, still = -1, 0
        while still < STILL:
            now = await self.count()
            over = self.network.quiet and not self.stored()
            if now >= most and over:
                return now
            still = still + 1 if now == last and over else 0
            last = now
            await asyncio.sleep(0.1)
        return last


async def until(what: Callable[[], bool], seconds: float = 180.0) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(what):  # noqa: ASYNC110 - processes and files have no bell
            await asyncio.sleep(0.05)


def _another(now: list[int], old: list[int]) -> bool:
    return len(now) == len(old) and not set(now) & set(old)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    home = Path(tempfile.mkdtemp(prefix="hamyar-kannel-"))
    os.chmod(home, 0o711)  # noqa: PTH101 - at the start of a test nobody waits
    network = Network(free_port())
    instance = Instance(home / "home", env={"HAMYAR_DRILL": "1", "HAMYAR_WORKERS": "1", "HAMYAR_SMPP_PASSWORD": "pw"})
    try:
        await network.mend()
        await asyncio.to_thread(instance.run, "up", "--detach")
        command = ["sms", "kannel", "--smpp", f"127.0.0.1:{network.port}", "--system-id", "us", "--sender", "3000"]
        command += ["--pending", str(PENDING), "--first-port", str(min(free_ports(first=FIRST_PORT).values()))]
        await asyncio.to_thread(instance.run, *command)
        layout = instance.layout
        settings = Settings(home=layout.home, database_url=layout.dsn(), redis_url=layout.redis_url, drill=True)
        ctx = await make_context(settings, max_connections=2)
        try:
            await until(lambda: network.binds > 0)
            yield Rig(instance, network, ctx)
        finally:
            await ctx.close()
    finally:
        with contextlib.suppress(OSError):
            await network.cut()
        await asyncio.to_thread(instance.run, "down", check=False)
        shutil.rmtree(home, ignore_errors=True)


Case = Callable[[Rig], Awaitable[int]]
"""What is done while a case's messages come; how many times something was killed that may lose what it held."""


async def untouched(_rig: Rig) -> int:
    return 0


async def bearerbox_killed(rig: Rig) -> int:
    for _ in range(ROUNDS):
        binds = rig.network.binds
        await asyncio.sleep(0.3)
        await rig.kill("bearerbox")
        await rig.bound(binds)
    return ROUNDS


async def smsbox_killed(rig: Rig) -> int:
    for _ in range(ROUNDS):
        await asyncio.sleep(0.3)
        await rig.kill("smsbox")
        await asyncio.sleep(1)
    return ROUNDS


async def smsbox_killed_while_we_are_away(rig: Rig) -> int:
    """The web process stands still; its socket, which the supervisor holds, goes on taking connections."""
    await rig.signal("web", signal.SIGSTOP)
    try:
        await asyncio.sleep(OUTAGE_S)
        await rig.kill("smsbox")
        await asyncio.sleep(1.5)
    finally:
        await rig.signal("web", signal.SIGCONT)
    return 1


async def link_cut(rig: Rig) -> int:
    await asyncio.sleep(0.3)
    binds = rig.network.binds
    await rig.network.cut()
    await asyncio.sleep(OUTAGE_S)
    await rig.network.mend()
    await rig.bound(binds)
    return 0


CASES: tuple[Case, ...] = (untouched, bearerbox_killed, smsbox_killed, smsbox_killed_while_we_are_away, link_cut)


async def test_what_is_lost_is_what_the_runbook_says_and_nothing_else(rig: Rig) -> None:
    figures = {}
    for case in CASES:
        lost, of, kills = await _play(rig, case)
        figures[case.__name__] = f"{lost} of {of}, {kills} kills"
        print(case.__name__, figures[case.__name__], flush=True)
        assert 0 <= lost <= PENDING * kills, figures
    again = rig.network.sent.total() - len(rig.network.sent)
    print(f"the network sent again: {again}, refused for the moment: {rig.network.refused}")
    long = " ".join([WORDS] * 4)
    before = await rig.count()
    parts = in_parts("+989350000001", long, 7)
    rig.network.say(*parts)
    assert await rig.settled(before + len(parts)) == before + len(parts)
    await _bytes_are_whole(rig, long)
    await _one_goes_out(rig)
    _nothing_in_the_clear(rig.instance.home)


async def _play(rig: Rig, case: Case) -> tuple[int, int, int]:
    """Messages come before, while and after the case happens; how many are missing in the end, of how many, kills."""
    before, first = await rig.count(), rig.said
    acting = asyncio.create_task(case(rig))
    while not acting.done() or rig.said - first < MESSAGES:
        rig.network.say(*rig.messages(1))
        await asyncio.sleep(GAP_S)
    kills, of = await acting, rig.said - first
    return before + of - await rig.settled(before + of), of, kills


async def _bytes_are_whole(rig: Rig, long: str) -> None:
    """Every report is a message as it was said, once; so is each part of a long one."""
    kept = await rig.kept()
    texts = [text for sender, text, _ in kept if sender.startswith("+98912")]
    assert len(texts) == len(set(texts)), "one message, one effect"
    assert set(texts) <= {f"{WORDS} {n}" for n in range(rig.said)}
    parts = [text for sender, text, _ in kept if sender == "+989350000001"]
    # Requests of smsbox run side by side: parts come in any order, each as it was sent.
    wide = long.encode("utf-16-be")
    assert sorted(parts) == sorted(wide[at : at + 134].decode("utf-16-be") for at in range(0, len(wide), 134))
    assert len(parts) > 1


async def _one_goes_out(rig: Rig) -> None:
    """Our words reach the network whole, and its delivery report reaches the message's row."""
    to, words = "+989120000042", "کمک در راه است؛ چهار نفر"
    async with rig.ctx.db.tx() as conn:
        gateway = (await all_gateways(conn, rig.ctx))[0]
        # A drill's own loop sends nothing to any network: this message waits for an hour that does not come.
        (message,) = await put(conn, rig.ctx, [Draft("note", to, words=words, delay_s=3600, expires_s=7200)])
        assert message
        await conn.execute("UPDATE messages SET state = 'sent', gateway_id = %s WHERE id = %s", (gateway.id, message))
    url = report_url(rig.ctx, gateway, message)
    async with open_client() as client:
        outcome = await Kannel(gateway).send(client, Outgoing(message, to, words, report_url=url))
    assert isinstance(outcome, Accepted)
    await until(lambda: bool(rig.network.submitted))
    submitted = rig.network.submitted[0]
    assert (submitted.to.lstrip("+"), submitted.coding) == (to.lstrip("+"), UCS2)
    assert submitted.data.decode("utf-16-be") == words
    async with asyncio.timeout(180):
        while await _state(rig.ctx, message) != "delivered":  # noqa: ASYNC110 - the row has no bell
            await asyncio.sleep(0.1)


async def _state(ctx: Context, message: UUID) -> str:
    async with ctx.db.tx() as conn:
        row = await (await conn.execute("SELECT state FROM messages WHERE id = %s", (message,))).fetchone()
    return str(row["state"]) if row else ""


def _nothing_in_the_clear(home: Path) -> None:
    """No number and no word in any file of the instance, logs first; what Kannel keeps is gone once handed over."""
    word = WORDS.partition(" ")[0]
    needles = [b"98912", b"912000", b"98935", word.encode(), word.encode("utf-16-be")]
    for path in home.rglob("*"):
        if path.is_file() and not path.is_symlink() and "postgres" not in path.relative_to(home).parts[:1]:
            held = path.read_bytes()
            assert not [n for n in needles if n in held], path
