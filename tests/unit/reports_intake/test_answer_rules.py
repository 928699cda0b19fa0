"""How a storm is answered, what a state is called, what a correction changes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reports.answer_rules import (
    CAP,
    HOUR_S,
    WINDOW_S,
    Part,
    Recent,
    bare_number,
    collapse,
    correction_of,
    is_person,
    state_of,
)

EVENTS = st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 30), st.booleans()), min_size=1, max_size=60)
"""(seconds since the one before, how many reports at once, whether the gateway is up meanwhile)"""


@given(EVENTS)
def test_every_report_is_acknowledged_once_and_no_storm_is_answered_often(events: list[tuple[int, int, bool]]) -> None:
    """A model of the outbox: receipts of one number, sent when due and when the gateway is up."""
    at, texts = 0.0, list[dict[str, Any]]()
    for pause, new, up in events:
        at += pause
        for text in texts if up else ():
            text["sent"] = text["sent"] or text["due"] <= at
        hour = [t for t in texts if at - t["made"] < HOUR_S]
        singles = [t for t in hour if t["single"]]
        plan = collapse(
            Recent(
                at - singles[-1]["made"] if singles else None,
                bool(singles and not singles[-1]["sent"]),
                any(not t["single"] and not t["sent"] for t in hour),
                len(hour),
            ),
            new,
        )
        assert plan.at_once + plan.joined == new
        if plan.at_once:
            texts.append({"made": at, "due": at, "n": 1, "single": True, "sent": False})
        if plan.adds:
            next(t for t in reversed(hour) if not t["single"] and not t["sent"])["n"] += plan.joined
        elif plan.joined:
            texts.append({"made": at, "due": at + plan.wait_s, "n": plan.joined, "single": False, "sent": False})
            assert plan.wait_s <= HOUR_S
    assert sum(t["n"] for t in texts) == sum(new for _, new, _ in events)
    for start in texts:
        within = [t for t in texts if 0 <= t["made"] - start["made"] < WINDOW_S]
        # One at once and one for many, and one more of each where a window ends within the time looked at.
        assert len(within) <= 4
        assert len([t for t in texts if 0 <= t["made"] - start["made"] < HOUR_S]) <= CAP + 1


@pytest.mark.parametrize(
    ("read", "triage", "seen", "parts", "state"),
    [
        ("pending", False, False, [], "received"),
        ("pending", True, False, [], "received"),
        ("failed", False, False, [], "person"),
        ("read", False, False, [], "read"),
        ("read", False, True, [], "seen"),
        ("read", False, False, [Part("tasked", "queued")], "queued"),
        ("read", False, True, [Part("tasked", "accepted"), Part("open", None)], "assigned"),
        ("read", False, True, [Part("tasked", "en_route"), Part("tasked", "claimed")], "on_way"),
        ("read", False, True, [Part("met", "done"), Part("tasked", "queued")], "part"),
        ("read", False, True, [Part("met", "done")], "done"),
        ("read", False, True, [Part("closed", "cancelled")], "closed"),
        ("read", False, False, [Part("open", "failed")], "read"),
    ],
)
def test_state(read: str, triage: bool, seen: bool, parts: list[Part], state: str) -> None:
    assert state_of(read, triage=triage, seen=seen, parts=parts) == state


@pytest.mark.parametrize(
    ("number", "person"),
    [
        ("+989121234567", True),
        ("+4915112345678", True),
        ("+983000123456", False),
        ("+982112345678", False),
        ("3000", False),
        ("bank", False),
        ("+989120000000", False),
        (None, False),
    ],
)
def test_who_is_answered(number: str | None, person: bool) -> None:
    assert is_person(number, {"+989120000000"}) is person


READ: dict[str, Any] = {"needs": [], "people": None, "households": None}


def test_what_a_correction_changes() -> None:
    said = {"voice": 1, "quantity": [20, "tent"], "people": 40}
    tents = READ | {"needs": [{"category": "shelter", "quantity": 50, "unit": None}]}
    assert correction_of(said, "shelter", tents, None) == {"quantity": [50, "tent"]}
    assert correction_of(said, "water", tents, None) == {}
    assert correction_of(said, "shelter", READ | {"people": 12}, None) == {"people": 12}
    assert correction_of(said, "shelter", READ, 15) == {"quantity": [15, "tent"]}
    assert correction_of({"voice": 1, "people": 40}, "shelter", READ, 15) == {"people": 15}
    assert correction_of({"voice": 1}, "shelter", READ, 15) == {}
    assert [bare_number(t) for t in ("۱۵", " 15 ", "15 tents", "", "1234567")] == [15, 15, None, None, None]
