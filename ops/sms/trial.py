"""`hamyar sms test`: a message's whole way in, and out again, through one gateway.

The words read as kind `other`: the test makes a report that is plainly a test, and no need. Raises Problem with what
failed.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote_from_bytes
from uuid import UUID

import httpx

from ops.localstack.problem import Problem
from ops.sms import queries
from ops.sms.parts import find_fakesmsc
from ops.sms.plan import Plan
from ops.sms.samples import sample
from server.access import service as access
from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.ids import new_code
from server.kernel.redis import ring
from server.messaging import gateways, kannel_pulse
from server.messaging.adapters.kannel import Kannel
from server.messaging.adapters.shapes import Accepted, Outgoing
from server.messaging.adapters.wire import handing_over, open_client
from server.messaging.delivering import report_url
from server.messaging.gateways import Gateway, NewGateway
from server.messaging.numbers import phone_number
from server.messaging.outbox import BELL, Draft, put

Say = Callable[[str, str], None]
FAKE_NUMBER = "09000000000"
"""Who speaks and hears in a played network; nobody's number."""
IN_S, OUT_S = 30.0, 60.0
SETTLE_S = 1.2
DONE = frozenset({"delivered", "failed", "dropped", "unsure"})


class Trial:
    """One test of one gateway. `own`: the plan, where the gateway is this instance's own Kannel."""

    def __init__(self, ctx: Context, gateway: Gateway, own: Plan | None, say: Say) -> None:
        self.ctx, self.gateway, self.own, self.say = ctx, gateway, own, say
        self.words = f"سلام، این پیام آزمایشی درگاه است. {new_code(8)}"

    async def run(self, to: str = "") -> dict[str, Any]:
        """The result: {"gateway", "kind", "in": {"report", "ms"}, "out": {"state", "ms"} | None}."""
        result: dict[str, Any] = {"gateway": self.gateway.name, "kind": self.gateway.kind, "out": None}
        own = self.own
        if own and any(link.fake for link in own.links):
            async with self._played(own):
                await self._open_way()
                result["in"] = await self._arrives()
                result["out"] = await self._leaves_by_kannel()
            return result
        if self.own:
            await self._open_way()
        result["in"] = await self._handed_over()
        if to:
            result["out"] = await self._sent(to)
        return result

    @asynccontextmanager
    async def _played(self, own: Plan) -> AsyncIterator[None]:
        """The played network speaks once and stays to hear."""
        wide = quote_from_bytes(self.words.encode("utf-16-be"))
        where = ["-H", "127.0.0.1", "-r", str(own.ports["fake"]), "-i", "1", "-m", "1"]
        self.since = await self._now()
        process = await asyncio.create_subprocess_exec(
            str(find_fakesmsc()),
            *where,
            f"{FAKE_NUMBER} 3000 ucs2 {wide}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _open_way(self) -> None:
        """bearerbox, smsbox and a link are there."""
        self.say("وضعیت Kannel پرسیده می‌شود…", "Asking Kannel for its state…")
        missing = "away"
        async with kannel_pulse.open_client() as client:
            for _ in range(20):
                found = await kannel_pulse.ask(client, self.gateway)
                missing = found if isinstance(found, str) else found.missing() or ""
                if not missing:
                    return
                await asyncio.sleep(0.5)
        raise Problem(
            f"sms_test.{missing}",
            fa=f"راه Kannel باز نیست ({missing}). docs/runbooks/kannel.md را ببینید.",
            en=f"Kannel's way is not open ({missing}). See docs/runbooks/kannel.md.",
        )

    async def _now(self) -> datetime:
        async with self.ctx.db.tx() as conn:
            return await queries.now(conn)

    async def _arrives(self) -> dict[str, Any]:
        """Wait until the words are a report, byte for byte."""
        self.say("در انتظار گزارش…", "Waiting for the report…")
        began = time.monotonic()
        while time.monotonic() - began < IN_S:
            async with self.ctx.db.tx() as conn:
                rows = await queries.reports_since(conn, self.since)
            for row in rows:
                record = self.ctx.sealing.of("reports", row["id"], row["data_key_wrapped"])
                if record.open("body_sealed", row["body_sealed"]) == self.words.encode():
                    return {"report": str(row["id"]), "ms": round((time.monotonic() - began) * 1000)}
            await asyncio.sleep(0.2)
        raise Problem(
            "sms_test.not_kept",
            fa="پیام آزمایشی گزارش نشد. گزارش‌های web و درگاه را ببینید.",
            en="The test message did not become a report. Look at the logs of web and of the gateway.",
        )

    async def _handed_over(self) -> dict[str, Any]:
        """A sample in the gateway's own shape, signed with its own key, through a door of the test's own."""
        self.say("نمونه‌ای به در داده می‌شود…", "Handing a sample to our own door…")
        self.since = await self._now()
        async with self._twin() as (twin, path), httpx.AsyncClient(timeout=15, trust_env=False) as client:
            request = sample(twin, self.ctx.settings.url + path, f"test-{new_code(10)}", self.words)
            url = f"http://127.0.0.1:{self.ctx.settings.port}{path}"
            try:
                answer = await client.post(url, content=request.body, headers=dict(request.headers))
            except httpx.HTTPError as error:
                raise Problem(
                    "sms_test.door_away", fa="سامانه پاسخ نمی‌دهد: hamyar up", en="The instance does not answer."
                ) from error
        if answer.status_code != httpx.codes.OK:
            raise Problem(
                "sms_test.refused",
                fa=f"در، نمونه را نپذیرفت (HTTP {answer.status_code}).",
                en=f"The door refused the sample (HTTP {answer.status_code}).",
            )
        return await self._arrives()

    @asynccontextmanager
    async def _twin(self) -> AsyncIterator[tuple[Gateway, str]]:
        """A gateway like this one with a token of its own: the real one's token is known to nobody here."""
        new = NewGateway(
            kind=self.gateway.kind,
            name=f"test {new_code(8)}",
            emergency_id=self.gateway.emergency_id,
            settings=self.gateway.settings,
            secrets=self.gateway.secrets,
            beat_s=None,
        )
        async with self.ctx.db.tx() as conn:
            twin, made = await gateways.create(conn, self.ctx, new, actor="cli")
        # A web process looks for a token that it does not know at most once a second.
        await asyncio.sleep(SETTLE_S)
        path = (made.path if made else "").replace("id=%I&smsc=%i&", f"id={new_code(12)}&smsc=test&")
        try:
            yield twin, path
        finally:
            async with self.ctx.db.tx() as conn:
                await queries.drop_twin(conn, twin.id)
                if twin.token_id:
                    await access.revoke_token(conn, twin.token_id, "cli")

    async def _leaves_by_kannel(self) -> dict[str, Any]:
        """One message handed to our own Kannel for the played network; its delivery report must come back."""
        self.say("پیامی بیرون فرستاده می‌شود…", "Sending one out…")
        to = phone_number(FAKE_NUMBER) or FAKE_NUMBER
        async with self.ctx.db.tx() as conn:
            # The outbox of a drill gives nothing to any network; this one is handed over here, to ourselves.
            draft = Draft("note", to, words=self.words, delay_s=3600, expires_s=7200)
            message = await self._put(conn, draft)
            await queries.hand_to(conn, message, self.gateway.id)
        outgoing = Outgoing(message, to, self.words, report_url=report_url(self.ctx, self.gateway, message))
        async with open_client() as client:
            outcome = await handing_over(Kannel(self.gateway), client, outgoing)
        if not isinstance(outcome, Accepted):
            raise Problem(
                "sms_test.not_sent",
                fa=f"Kannel پیام را نگرفت ({outcome.reason}).",
                en=f"Kannel did not take the message ({outcome.reason}).",
            )
        return await self._followed(message)

    async def _sent(self, to: str) -> dict[str, Any]:
        """A real message to a person's number, by the outbox as every other; whichever gateway it chooses."""
        number = phone_number(to, self.ctx.settings.country)
        if number is None:
            raise Problem("sms_test.number", fa="این شمارهٔ تلفن نیست.", en="This is no telephone number.")
        self.say("پیام واقعی فرستاده می‌شود…", "Sending a real message…")
        async with self.ctx.db.tx() as conn:
            # Who asks for it holds the telephone now: quiet hours are no matter, and the morning is too late.
            message = await self._put(conn, Draft("answer", number, words=self.words, expires_s=OUT_S))
        await ring(self.ctx.redis, BELL)
        return await self._followed(message)

    async def _put(self, conn: Conn, draft: Draft) -> UUID:
        """Write a message down; it has no key, so it is always a new one."""
        found = [one for one in await put(conn, self.ctx, [draft]) if one]
        return found[0]

    async def _followed(self, message: UUID) -> dict[str, Any]:
        """Until its delivery is known; `sent` alone, without a report, is said as it is."""
        began, last, reason, by = time.monotonic(), "", None, None
        while time.monotonic() - began < OUT_S and last not in DONE:
            async with self.ctx.db.tx() as conn:
                state, reason, by = await queries.state_of(conn, message)
            if state != last:
                self.say(f"پیام: {state}", f"Message: {state}")
                last = state
            await asyncio.sleep(0.2)
        if last != "delivered":
            raise Problem(
                f"sms_test.{last}",
                fa=f"پیام به مقصد نرسید یا گزارش آن نیامد: {last} {reason or ''}",
                en=f"The message was not delivered, or no report of it came: {last} {reason or ''}",
            )
        return {"state": last, "ms": round((time.monotonic() - began) * 1000), "by": str(by) if by else None}


async def choose(ctx: Context, name: str, own: Plan | None) -> Gateway:
    """The gateway of that name; without one our own Kannel, else the sole enabled one. Raises Problem."""
    async with ctx.db.tx() as conn:
        rows = [row for row in await gateways.all_gateways(conn, ctx) if row.enabled]
    if name:
        found = [row for row in rows if name.casefold() in (row.name.casefold(), str(row.id))]
    else:
        found = [row for row in rows if own and str(row.id) == own.gateway] or rows
    if len(found) != 1:
        known = ", ".join(row.name for row in rows)
        raise Problem(
            "sms_test.which",
            fa=f"کدام درگاه؟ --gateway NAME ({known or 'هیچ درگاهی نیست'})",
            en=f"Which gateway? --gateway NAME ({known or 'there is none'})",
        )
    return found[0]


async def trial(ctx: Context, name: str, to: str, own: Plan | None, say: Say) -> dict[str, Any]:
    """Choose, then test."""
    gateway = await choose(ctx, name, own)
    plan = own if own and str(gateway.id) == own.gateway else None
    return await Trial(ctx, replace(gateway), plan, say).run(to)
