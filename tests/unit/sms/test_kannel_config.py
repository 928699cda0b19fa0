"""kannel.conf from a plan, and the sieve of Kannel's log: no secret outside quotes, no number, no word of anybody."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.localstack.problem import Problem
from ops.sms.plan import Link, Plan, free_ports
from ops.sms.render import RETRIES, render
from ops.sms.sieve import Sieve, sieved

PORTS = {"admin": 13000, "box": 13001, "sendsms": 13002, "fake": 13003}
PLAN = Plan("id", "http://127.0.0.1:8000/intake/sms/kannel", "tok", sender="3000", spool="/home/spool", ports=PORTS)
SMPP = Link("main", host="smsc.example", port=2775, system_id="us", password="secret", tls=True, throughput=20)


def groups(text: str) -> list[dict[str, str]]:
    """As Kannel reads it: groups apart by blank lines, `name = value`, quotes taken off."""
    return [
        {name: value.strip('"') for name, value in (line.split(" = ", 1) for line in part.splitlines())}
        for part in text.strip().split("\n\n")
    ]


def test_every_listener_is_on_the_loopback_and_every_way_in_has_its_password() -> None:
    found = groups(render(PLAN.with_link(SMPP).with_link(Link("drill", fake=True))))
    assert [g["group"] for g in found] == ["core", "smsc", "smsc", "smsbox", "sms-service", "sendsms-user"]
    core, smpp, fake, smsbox, service, user = found
    assert {core["admin-interface"], core["smsbox-interface"], smsbox["sendsms-interface"]} == {"127.0.0.1"}
    assert {core["admin-allow-ip"], core["box-allow-ip"], fake["connect-allow-ip"], user["user-allow-ip"]} == {
        "127.0.0.1"
    }
    passwords = [core["admin-password"], core["status-password"], user["password"]]
    assert len(set(passwords)) == len(passwords)
    assert min(map(len, passwords)) >= 24
    assert (smpp["smsc-username"], smpp["smsc-password"], smpp["use-ssl"], smpp["throughput"]) == (
        "us",
        "secret",
        "true",
        "20",
    )
    assert service["post-url"] == f"{PLAN.door}?id=%I&smsc=%i&token=tok"


def test_what_keeps_the_window_small_is_set() -> None:
    core, smsbox = groups(render(PLAN))[:2]
    assert (core["store-type"], core["dlr-storage"]) == ("spool", "spool")
    assert core["smsbox-max-pending"] == smsbox["max-pending-requests"] == "5"
    assert int(smsbox["http-request-retry"]) == RETRIES
    assert "log-file" not in core
    assert "access-log" not in core | smsbox
    assert {smsbox["reply-requestfailed"], smsbox["reply-couldnotfetch"]} == {""}


@pytest.mark.parametrize("field", ["host", "system_id", "password", "system_type"])
@pytest.mark.parametrize("bad", ['a"b', "a\nb", "a\\b", "\x00"])
def test_no_setting_can_end_its_quotes(field: str, bad: str) -> None:
    values = {"host": "h", "system_id": "s", field: bad}
    with pytest.raises(Problem):
        PLAN.with_link(Link("x", **values))  # type: ignore[arg-type]


def test_links_are_told_apart_by_id() -> None:
    plan = PLAN.with_link(SMPP).with_link(Link("b", fake=True)).with_link(Link("main", fake=True))
    assert [(link.id, link.fake) for link in plan.links] == [("b", True), ("main", True)]
    assert [link.id for link in plan.without_link("b").links] == ["main"]
    with pytest.raises(Problem):
        plan.without_link("c")


def test_free_ports_are_four_of_their_own() -> None:
    found = free_ports(taken=(23000, 23002), first=23000)
    assert len(set(found.values())) == 4
    assert not {23000, 23002} & set(found.values())


HEAD = b"2026-11-22 14:15:17 [19867] [4] "


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b"WARNING: smsbox_list empty!", b"WARNING: smsbox_list empty!"),
        (b"ERROR: SMPP[main]: SMSC rejected login to receive, code 0x0000000d (Bind Failed).", None),
        (b"ERROR: Couldn't fetch <http://127.0.0.1/x?token=abc>", b"ERROR: Couldn't fetch <>"),
        (
            b"WARNING: got DLR but could not find message id<12> dst<+989121234567>, type<1>",
            b"WARNING: got DLR but could not find message id<> dst<>, type<>",
        ),
        (b"ERROR: Malformed addr `+989121234567', expected", b"ERROR: Malformed addr <>, expected"),
        (b"WARNING: to 0912 123 4567 failed", b"WARNING: to #failed"),
        (
            "INFO: Starting to service <کمک> from <+98912> to <3>".encode(),
            b"INFO: Starting to service <> from <> to <>",
        ),
        ("WARNING: کمک".encode(), b"WARNING: ?"),
    ],
)
def test_a_line_keeps_what_an_operator_needs(said: bytes, kept: bytes | None) -> None:
    assert sieved(HEAD + said) == HEAD + (said if kept is None else kept)


def test_the_second_line_of_somebodys_words_is_dropped() -> None:
    assert (
        Sieve().feed(HEAD + b"INFO: Starting to service <help\nwe are at the bridge> from <+98912>\n")
        == HEAD + b"INFO: Starting to service <>\n"
    )


@given(
    words=st.text(alphabet=string.ascii_letters + string.digits + " <>`'\"\n؛کمک", max_size=60),
    number=st.from_regex(r"\+?[0-9]{7,15}", fullmatch=True),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
def test_no_number_passes_however_the_bytes_are_cut(words: str, number: str, cuts: list[int]) -> None:
    data = HEAD + f"WARNING: from {number} to <{words}> and `{number}'\n".encode()
    sieve, at, out = Sieve(), 0, b""
    for cut in [*sorted(cuts), len(data)]:
        out += sieve.feed(data[at:cut])
        at = max(at, cut)
    assert number.strip("+").encode() not in out
    assert not re.search(rb"\d{7,}", out.replace(HEAD, b""))
    assert all(line.startswith(HEAD) for line in out.splitlines())
