"""`hamyar sms test` against what it tests: our doors in each gateway's shape, a real Kannel with a played network."""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ops.localstack.layout import Layout
from ops.localstack.problem import Problem
from ops.sms import parts
from ops.sms.plan import Link, Plan, free_ports, write_plan
from ops.sms.row import put_row
from ops.sms.setting import keep
from ops.sms.trial import trial
from server.access.context import Context
from server.kernel.settings import Settings
from server.messaging import gateways
from server.messaging.gateways import NewGateway
from tests.support.serving import free_port, serving

KANNEL = bool(shutil.which("bearerbox", path=parts.PLACES)) and parts.FAKESMSC.exists()
PORTS = range(8195, 8200)
SECRETS = {"android": {"signing_key": "k" * 24}, "twilio": {"auth_token": "t" * 32}}


@asynccontextmanager
async def at_work(config: Settings, ctx: Context) -> AsyncIterator[Context]:
    """The web process on its port, and services that know the port."""
    port = free_port(PORTS)
    known = config.model_copy(update={"port": port})
    async with serving(known, [port]):
        yield replace(ctx, settings=known)


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A home that another user can walk through: as root, Kannel runs as its own."""
    home = Path(tempfile.mkdtemp(prefix="hamyar-trial-"))
    home.chmod(0o711)
    yield home
    shutil.rmtree(home, ignore_errors=True)


def quiet(_fa: str, _en: str) -> None:
    return


async def test_each_gateways_own_shape_passes_our_door(config: Settings, ctx: Context) -> None:
    maps = {"panel": {"map": {"from": "sender", "to": "line", "text": ["body"], "id": "msgid"}}}
    async with at_work(config, ctx) as here:
        async with ctx.db.tx() as conn:
            for kind, name in (("generic", "plain"), ("generic", "panel"), ("android", "phone"), ("twilio", "tw")):
                new = NewGateway(kind, name, settings=maps.get(name, {}), secrets=SECRETS.get(kind, {}))
                await gateways.create(conn, ctx, new)
        for name in ("plain", "panel", "phone", "tw"):
            result = await trial(here, name, "", None, quiet)
            assert (result["gateway"], bool(result["in"]["report"])) == (name, True)
        with pytest.raises(Problem) as which:
            await trial(here, "", "", None, quiet)
        assert which.value.code == "sms_test.which"
    async with ctx.db.tx() as conn:
        rows = await (await conn.execute("SELECT flags FROM reports")).fetchall()
        names = {row.name for row in await gateways.all_gateways(conn, ctx)}
    assert [row["flags"] for row in rows] == [[]] * 4
    assert names == {"plain", "panel", "phone", "tw"}, "the test's own gateways are gone"


@pytest.mark.skipif(not KANNEL, reason="apt packages kannel and kannel-extras are not here")
async def test_a_played_network_speaks_and_hears(config: Settings, ctx: Context, open_home: Path) -> None:
    layout = Layout(open_home)
    layout.logs.mkdir(mode=0o700)
    async with at_work(config, ctx) as here:
        plan = Plan("", "", "", spool=str(layout.kannel / "spool"), sender="3000", ports=free_ports(first=13800))
        plan = await put_row(here, plan.with_link(Link("drill", fake=True)), "kannel")
        keep(layout, plan)
        write_plan(layout, plan)
        children = parts.kannel_children(layout, here.settings.url)
        try:
            for child in children:
                child.launch()
            result = await trial(here, "", "", plan, quiet)
        finally:
            for child in reversed(children):
                if child.popen:
                    child.popen.send_signal(signal.SIGTERM)
                    await asyncio.to_thread(child.popen.wait, 15)
                child.end_group()
    assert result["in"]["report"]
    assert result["out"]["state"] == "delivered"
