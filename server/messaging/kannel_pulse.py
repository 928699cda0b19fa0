"""Kannel's own pulse: bearerbox's status page asked every few seconds. It beats only when the whole way is open.

`trouble` says which part is missing: `beat.away` (bearerbox does not answer), `beat.password`, `beat.unreadable`,
`beat.suspended`, `beat.no_smsbox`, `beat.no_link` (no network link is up), `beat.piling_up`.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from xml.etree.ElementTree import Element, ParseError

import httpx
import psycopg
import structlog
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from psycopg_pool import PoolTimeout

from server.access.context import Context
from server.messaging.beats import beat, trouble
from server.messaging.gateways import Gateway, all_gateways

log = structlog.get_logger("kannel")
ASK_S: Final = 10.0
READ_S: Final = 30.0
"""How often the table of gateways is read: opening secrets is work."""
WAIT_S: Final = 4.0
MOST_BYTES: Final = 500_000
PILE: Final = 2_000
"""Messages waiting for smsbox in bearerbox beyond which it beats no longer, unless they become fewer."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link to a network as bearerbox sees it. `state`: `online`, `re-connecting`, `dead`, …"""

    id: str
    state: str
    queued: int

    @property
    def up(self) -> bool:
        """Whether messages pass."""
        return self.state == "online"


@dataclass(frozen=True, slots=True)
class State:
    """A status page, read. `waiting`: messages from the networks that smsbox has not yet taken; `store`: all kept."""

    running: bool
    smsboxes: int
    links: tuple[Link, ...]
    waiting: int
    sending: int
    store: int

    def missing(self, before: "State | None" = None) -> str | None:
        """The code of what keeps messages from passing; None when they do."""
        if not self.running:
            return "suspended"
        if not self.smsboxes:
            return "no_smsbox"
        if not any(link.up for link in self.links):
            return "no_link"
        if self.waiting > PILE and before is not None and self.waiting >= before.waiting:
            return "piling_up"
        return None


def parse(page: bytes) -> State:
    """Read `status.xml` of Kannel 1.4.5. Raises ValueError for what is none."""
    try:
        root = fromstring(page[:MOST_BYTES])
    except (ParseError, DefusedXmlException) as error:
        raise ValueError("no status page") from error
    if root.tag != "gateway":
        raise ValueError("no status page")
    links = tuple(
        Link(
            (each.findtext("admin-id") or each.findtext("id") or "").strip(),
            (each.findtext("status") or "").split(" ")[0],
            _number(each, "queued"),
        )
        for each in root.iterfind("smscs/smsc")
    )
    boxes = [each for each in root.iterfind("boxes/box") if (each.findtext("type") or "").strip() == "smsbox"]
    return State(
        running=(root.findtext("status") or "").startswith("running"),
        smsboxes=sum((box.findtext("status") or "").startswith("on-line") for box in boxes),
        links=links,
        waiting=_number(root, "sms/received/queued"),
        sending=_number(root, "sms/sent/queued"),
        store=_number(root, "sms/storesize"),
    )


def _number(element: Element, path: str) -> int:
    text = (element.findtext(path) or "").strip()
    return int(text) if text.isascii() and text.lstrip("-").isdigit() else 0


async def ask(client: httpx.AsyncClient, gateway: Gateway) -> State | str:
    """The state of a gateway's bearerbox, or the code of why there is none."""
    url = str(gateway.settings.get("status_url", ""))
    try:
        answer = await client.get(url, params={"password": gateway.secrets.get("status_password", "")})
    except (httpx.HTTPError, httpx.InvalidURL):
        return "away"
    if answer.status_code != httpx.codes.OK:
        return "unreadable"
    if b"Denied" in answer.content[:200]:
        return "password"
    try:
        return parse(answer.content)
    except ValueError:
        return "unreadable"


def open_client() -> httpx.AsyncClient:
    """A client for status pages: short waits, no proxy, no redirect; the password stays on its way."""
    return httpx.AsyncClient(timeout=WAIT_S, trust_env=False, follow_redirects=False)


class Watch:
    """All Kannel gateways of the instance with their last state."""

    def __init__(self, ctx: Context, client: httpx.AsyncClient) -> None:
        self._ctx, self._client = ctx, client
        self._gateways: list[Gateway] = []
        self._read_at = float("-inf")
        self.states: dict[UUID, State | str] = {}

    async def look(self) -> Mapping[UUID, State | str]:
        """Ask each once; beats and troubles are noted, `pulse` writes them down."""
        if time.monotonic() - self._read_at > READ_S:
            async with self._ctx.db.tx() as conn:
                found = await all_gateways(conn, self._ctx)
            self._gateways = [g for g in found if g.enabled and g.kind == "kannel" and g.settings.get("status_url")]
            self._read_at = time.monotonic()
        answers = await asyncio.gather(*(ask(self._client, gateway) for gateway in self._gateways))
        before, self.states = self.states, {}
        for gateway, answer in zip(self._gateways, answers, strict=True):
            self.states[gateway.id] = answer
            last = before.get(gateway.id)
            known = last if isinstance(last, State) else None
            missing = answer if isinstance(answer, str) else answer.missing(known)
            if missing is None:
                beat(gateway.id, "beat")
            else:
                trouble(gateway.id, "beat", missing)
        return self.states


async def run(ctx: Context) -> None:
    """The worker's loop `kannel`; it stands in the process of `pulse`, which writes down what is noted here."""
    async with open_client() as client:
        watch = Watch(ctx, client)
        while True:
            try:
                await watch.look()
            except (psycopg.Error, PoolTimeout, OSError) as error:
                log.info("kannel.waits", kind=type(error).__name__)
            await asyncio.sleep(ASK_S)
