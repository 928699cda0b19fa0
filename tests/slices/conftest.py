"""What slices are tried with: readings by the rules alone, so that a test tells of its slice and not of a model.

A test that asks for the fixture `base_speaks` has the base model, as an instance has it.
"""

from collections.abc import AsyncIterator

import pytest

from server.reports.learning import speaking
from tests.support.dispatch_world import World, a_world


@pytest.fixture
def base_speaks() -> None:
    """Ask for the base model."""


@pytest.fixture(autouse=True)
def _rules_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "_loaded", {})
    if "base_speaks" not in request.fixturenames:
        monkeypatch.setattr(speaking, "shipped", lambda: None)


@pytest.fixture
async def world(db_dsn: str, redis_url: str) -> AsyncIterator[World]:
    """Two centres and an open flood over a database of the test's own."""
    async with a_world(db_dsn, redis_url) as made:
        yield made
