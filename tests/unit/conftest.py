"""Unit tests are pure: they open no connection."""

import socket
from typing import NoReturn

import pytest


@pytest.fixture(autouse=True)
def no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a unit test that connects anywhere."""

    def refuse(*_args: object) -> NoReturn:
        message = "a unit test opened a connection; it belongs in tests/slices"
        raise AssertionError(message)

    monkeypatch.setattr(socket.socket, "connect", refuse)
