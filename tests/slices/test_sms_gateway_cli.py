"""`hamyar sms gateway`: the address is printed once, alone; secrets come from the environment."""

import json
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from typer.testing import CliRunner

from ops.commands.sms_gateway import group
from server.kernel.settings import Settings


@pytest.fixture(autouse=True)
def instance(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAMYAR_HOME", str(config.home))
    monkeypatch.setenv("DATABASE_URL", config.database_url)
    monkeypatch.setenv("REDIS_URL", config.redis_url)
    monkeypatch.setenv("HAMYAR_PUBLIC_URL", "https://sms.example.org/")


def told(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(group(), list(arguments))
    return done.exit_code, done.stdout


def test_added_listed_renewed_switched(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAMYAR_SECRET_SIGNING_KEY", "a key of a phone")
    code, address = told("add", "android", "Phone 1", "--beat", "300")
    assert code == 0, address
    where = urlsplit(address.strip())
    assert (where.netloc, where.path) == ("sms.example.org", "/intake/sms/android")
    code, panel = told(
        "add", "generic", "Panel", "--path", "--map", "text=BODY", "--map", "from=FROM", "--set", "answer=1",
        "--set", 'params={"a": "b"}', "--allow", "192.0.2.0/24", "--json",
    )  # fmt: skip
    made = json.loads(panel)
    assert (code, made["settings"]) == (
        0,
        {"answer": "1", "params": {"a": "b"}, "map": {"text": "BODY", "from": "FROM"}},
    )
    assert made["url"].startswith("https://sms.example.org/intake/sms/p/")
    assert told("add", "generic", "panel")[0] == 1
    assert told("add", "generic", "Other", "--allow", "nowhere")[0] == 1
    listed = json.loads(told("list", "--json")[1])
    assert [(g["name"], g["secrets"], g["beat_s"]) for g in listed] == [
        ("Phone 1", ["signing_key"], 300),
        ("Panel", [], None),
    ]
    renewed = urlsplit(told("renew", "phone 1")[1].strip())
    assert parse_qs(renewed.query)["token"] != parse_qs(where.query)["token"]
    assert told("off", "Phone 1")[0] == 0
    assert told("list")[1].splitlines()[0].split("\t")[:3] == ["Phone 1", "android", "off"]
    with psycopg.connect(config.database_url) as conn:
        assert conn.execute("SELECT count(*) FROM gateways WHERE secrets_sealed LIKE '%%key of a%%'").fetchone() == (0,)
