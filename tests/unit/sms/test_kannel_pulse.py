"""Kannel's status page, read: what keeps messages from passing, in one word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.messaging.kannel_pulse import PILE, Link, State, parse

PAGE = """<?xml version="1.0"?>
<gateway>
<version>Kannel bearerbox version `1.4.5'.</version>
<status>{status}, uptime 0d 0h 0m 2s</status>
<sms><received><total>9</total><queued>{queued}</queued></received>
<sent><total>0</total><queued>3</queued></sent><storesize>12</storesize></sms>
<boxes>{boxes}</boxes>
<smscs><count>1</count><smsc><name>FAKE:8173</name><admin-id>FAKE</admin-id><id>FAKE</id><status>{link}</status>
<failed>0</failed><queued>4</queued></smsc></smscs>
</gateway>"""
BOX = "<box><type>smsbox</type><id></id><queue>0</queue><status>on-line 0d 0h 0m 1s</status></box>"
OTHER_BOX = "<box><type>wapbox</type><status>on-line 0d</status></box>"


def page(status: str = "running", queued: int = 0, boxes: str = BOX, link: str = "online 0s") -> bytes:
    return PAGE.format(status=status, queued=queued, boxes=boxes, link=link).encode()


@pytest.mark.parametrize(
    ("given_page", "missing"),
    [
        (page(), None),
        (page(status="suspended"), "suspended"),
        (page(status="isolated"), "suspended"),
        (page(boxes=""), "no_smsbox"),
        (page(boxes=OTHER_BOX), "no_smsbox"),
        (page(link="re-connecting"), "no_link"),
        (page(link="dead"), "no_link"),
        (page(queued=PILE + 1), None),
    ],
)
def test_what_is_missing(given_page: bytes, missing: str | None) -> None:
    assert parse(given_page).missing() == missing


def test_a_pile_counts_while_it_does_not_shrink() -> None:
    before, now = parse(page(queued=PILE + 50)), parse(page(queued=PILE + 60))
    assert now.missing(before) == "piling_up"
    assert before.missing(now) is None


def test_the_figures_of_a_page() -> None:
    assert parse(page(queued=7)) == State(True, 1, (Link("FAKE", "online", 4),), 7, 3, 12)


@given(st.binary(max_size=400))
def test_what_is_no_page_is_said_so(junk: bytes) -> None:
    with pytest.raises(ValueError, match="no status page"):
        parse(junk)


def test_an_entity_bomb_is_no_page() -> None:
    bomb = b'<!DOCTYPE g [<!ENTITY a "xxxx"><!ENTITY b "&a;&a;">]><gateway><status>&b;</status></gateway>'
    with pytest.raises(ValueError, match="no status page"):
        parse(bomb)
