"""What slices are tried with: readings by the rules alone, so that a test tells of its slice and not of a model.

A test that asks for the fixture `base_speaks` has the base model, as an instance has it.
"""

import pytest

from server.reports.learning import speaking


@pytest.fixture
def base_speaks() -> None:
    """Ask for the base model."""


@pytest.fixture(autouse=True)
def _rules_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "_loaded", {})
    if "base_speaks" not in request.fixturenames:
        monkeypatch.setattr(speaking, "shipped", lambda: None)
