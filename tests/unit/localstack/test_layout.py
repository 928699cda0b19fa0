from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ops.localstack.layout import (
    POSTGRES_SOCKET,
    SOCKET_BYTES,
    Layout,
    database_url,
    home_from_environment,
    redis_url,
)


def test_home_is_absolute_and_var_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAMYAR_HOME", raising=False)
    assert home_from_environment().name == "var"
    monkeypatch.setenv("HAMYAR_HOME", "elsewhere/x")
    assert home_from_environment() == Path.cwd() / "elsewhere/x"


@pytest.mark.parametrize("length", [10, 60, 80, 90, 100, 107, 150, 4000])
def test_sockets_fit_into_what_the_kernel_takes(length: int) -> None:
    layout = Layout(Path("/" + "h" * length))
    assert len(str(layout.sockets / POSTGRES_SOCKET)) + len(".lock") <= SOCKET_BYTES
    assert layout.sockets_moved == (not layout.sockets.is_relative_to(layout.home))


@pytest.mark.parametrize("name", ["خانه", "with space", "a,b", 'quo"te', "a&b=c", "%41"])
def test_odd_homes_get_plain_sockets_and_addresses_that_parse(name: str) -> None:
    layout = Layout(Path("/srv") / name)
    assert layout.sockets_moved
    query = parse_qs(urlsplit(layout.dsn()).query)
    assert query == {"host": [str(layout.sockets)], "user": ["hamyar"]}


def test_two_homes_never_share_sockets() -> None:
    long = "x" * 120
    assert Layout(Path(f"/{long}/a")).sockets != Layout(Path(f"/{long}/b")).sockets


def test_the_private_address_handed_to_a_child_is_not_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(Path("/srv/h"))
    for ask, variable, private in (
        (database_url, "DATABASE_URL", layout.dsn()),
        (redis_url, "REDIS_URL", layout.redis_url),
    ):
        monkeypatch.delenv(variable, raising=False)
        assert ask(layout) == (private, False)
        monkeypatch.setenv(variable, private)
        assert ask(layout) == (private, False)
        monkeypatch.setenv(variable, "scheme://own")
        assert ask(layout) == ("scheme://own", True)
