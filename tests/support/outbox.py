"""An outbox that is no drill's, over a test's database, with gateways made of air."""

from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import orjson

from server.access.context import Context
from server.messaging import claiming, gateways
from server.messaging.outbox import Draft, put
from server.messaging.sending import Sender

SARA = "+989120000001"
KANNEL = {"send_url": "http://kannel.test/cgi-bin/sendsms", "username": "app", "from": "3000"}
PHONE = {"send_url": "http://phone.test/message", "username": "sms"}


class Air:
    """What gateways got, and how they answer: by host, a status, an exception, or a function of the request."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answers: dict[str, Any] = {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.get(request.url.host, 202)
        if callable(answer):
            answer = await answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(answer)

    def sent(self, host: str = "kannel.test") -> list[str]:
        """The texts that a Kannel got, or the ids that a phone did."""
        if host == "phone.test":
            return [orjson.loads(r.content)["id"] for r in self.asked if r.url.host == host and r.method == "POST"]
        return [r.url.params["text"] for r in self.asked if r.url.host == host]


class House:
    """A real (no drill) instance's outbox over a test's database."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.air = ctx, Air()

    def sender(self, **changes: Any) -> Sender:
        return Sender(
            with_settings(self.ctx, **changes), client=httpx.AsyncClient(transport=httpx.MockTransport(self.air))
        )

    async def send(self, **changes: Any) -> None:
        """One sender's life: all that is due now."""
        sender = self.sender(**changes)
        await sender.drain()
        await sender.close()

    async def gateway(self, kind: str = "kannel", settings: Any = None, **options: Any) -> UUID:
        async with self.ctx.db.tx() as conn:
            new = gateways.NewGateway(
                kind,
                options.pop("name", kind),
                settings=settings or {"kannel": KANNEL, "android": PHONE}[kind],
                secrets={"password": "secret"},
                sends=True,
                **options,
            )
            return (await gateways.create(conn, self.ctx, new))[0].id

    async def put(self, *drafts: Draft) -> list[UUID]:
        async with self.ctx.db.tx() as conn:
            return [i for i in await put(conn, self.ctx, drafts) if i]

    async def run(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        async with self.ctx.db.tx() as conn:
            cursor = await conn.execute(sql, params)
            return await cursor.fetchall() if cursor.description else []

    async def states(self) -> Counter[tuple[str, str | None]]:
        return Counter((r["state"], r["reason"]) for r in await self.run("SELECT state, reason FROM messages"))

    async def one(self, message_id: UUID) -> dict[str, Any]:
        return (await self.run("SELECT * FROM messages WHERE id = %s", message_id))[0]

    async def due_again(self) -> None:
        await self.run("UPDATE messages SET not_before = clock_timestamp() WHERE state = 'queued'")

    async def killed(self) -> None:
        """A sender claims what is due and dies; the lease runs out."""
        sender = self.sender()
        await sender._read_gateways()
        async with self.ctx.db.tx() as conn:
            assert (await claiming.claim(conn, sender.desk, 100))[0]
        await sender.close()
        await self.run("UPDATE messages SET lease_until = clock_timestamp() WHERE state = 'sending'")


def with_settings(ctx: Context, **changes: Any) -> Context:
    return Context(ctx.settings.model_copy(update=changes), ctx.db, ctx.redis, ctx.sealing)


def notes(n: int, **more: Any) -> list[Draft]:
    return [Draft("notice", f"+98912000{i:04}", "test", params={"code": f"N{i}"}, **more) for i in range(n)]
