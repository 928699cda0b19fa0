"""A server on a port, a scripted Collect with a field token, and a coordinator."""

import itertools
import os
from collections.abc import AsyncIterator

import pytest_asyncio

from server.app import create_app
from server.kernel.settings import Settings
from tests.slices.chain_kit import emergency
from tests.slices.forms_kit import stocked
from tests.support.collect_house import Desk, House
from tests.support.collect_wire import Collect
from tests.support.live_web import served
from tests.support.stack import Stack

_numbers = itertools.count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(stack: Stack) -> AsyncIterator[House]:
    name = f"test_{os.getpid()}_collect_{next(_numbers)}"
    settings = Settings(
        home=stack.home, database_url=stack.create(name), redis_url=f"{stack.stores.layout.redis_url}?db=1"
    )
    app = create_app(settings)
    try:
        async with served(app) as url:
            made = House(app, url, "", await emergency(app.state.context))
            made.token = await made.made("field")
            await stocked(made.ctx)
            yield made
    finally:
        stack.drop(name)


@pytest_asyncio.fixture(loop_scope="module")
async def collect(house: House) -> AsyncIterator[Collect]:
    async with Collect.reaching(f"{house.url}/openrosa/{house.token}") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def desk(house: House) -> AsyncIterator[Desk]:
    async with Collect.reaching(house.url) as made:
        yield Desk(made, await house.made("coordinator"))
