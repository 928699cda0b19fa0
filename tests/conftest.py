"""What every layer of tests shares. The layer is the folder: unit, slices, contracts, faults, e2e, bench."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.support.stack", "tests.support.web"]

LAYERS = ("unit", "slices", "contracts", "faults", "e2e", "bench")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its folder, cheap layers first."""

    def layer(item: pytest.Item) -> int:
        parts = item.path.relative_to(HERE).parts if item.path.is_relative_to(HERE) else ()
        return LAYERS.index(parts[0]) if parts and parts[0] in LAYERS else len(LAYERS)

    for item in items:
        number = layer(item)
        if number < len(LAYERS):
            item.add_marker(LAYERS[number])
    items.sort(key=layer)
