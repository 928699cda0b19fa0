"""What checking a record is worth: a product of reasons that moves one way with each fact; what is new of a rumour."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.incidents.rules import VERIFICATIONS
from server.reports.checking import (
    ASKS,
    PERSISTS,
    TRUST,
    URGENCY,
    Facts,
    hours_to_next,
    most_within,
    new_details,
    spread_of,
    worth,
)
from server.reports.checking_words import REASONS, WHY

pytestmark = pytest.mark.unit
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
some_facts = st.builds(
    Facts,
    urgency=st.sampled_from(list(URGENCY)),
    people=st.none() | st.integers(0, 10**7),
    groups=st.integers(0, 7),
    verification=st.sampled_from(VERIFICATIONS),
    voices=st.integers(0, 10_000),
    known=st.integers(0, 12),
    channels=st.lists(st.sampled_from(list(TRUST)), unique=True).map(tuple),
    silent_h=st.floats(0, 1000),
    spread=st.floats(1, 1000),
    impossible=st.booleans(),
    storm=st.booleans(),
    near_refuted=st.booleans(),
    located=st.booleans(),
    queued=st.integers(0, 5),
    held=st.integers(0, 5),
    needs=st.integers(0, 20),
    closes=st.booleans(),
    doubters=st.integers(0, 100),
    new_details=st.booleans(),
)
UP = ("people", "groups", "silent_h", "spread", "queued", "held", "needs", "doubters")
"""More of it: never less worth checking."""
DOWN = ("voices", "known")
"""More of it: never more worth checking."""
RAISES = ("impossible", "storm", "near_refuted", "closes", "new_details")


@given(some_facts)
def test_the_reasons_multiplied_are_the_value(facts: Facts) -> None:
    found = worth(facts)
    assert found.value >= 0
    assert found.asks in ASKS
    if found.value:
        assert found.value == pytest.approx(math.prod(r["times"] for r in found.reasons), abs=1e-5)
        assert {r["code"] for r in found.reasons} <= set(WHY)
        assert {r["term"] for r in found.reasons} <= {"risk", "doubt", "hangs"}
    over = facts.verification == "confirmed" or (
        facts.verification == "refuted" and facts.doubters < PERSISTS and not facts.new_details
    )
    assert (found.value == 0) == over


@given(some_facts, st.data())
def test_each_fact_moves_it_one_way(facts: Facts, data: st.DataObject) -> None:
    before = worth(facts).value
    field = data.draw(st.sampled_from([*UP, *DOWN]))
    value = getattr(facts, field)
    if value is not None:
        more = worth(replace(facts, **{field: value + data.draw(st.integers(1, 10_000))})).value
        assert more >= before if field in UP else more <= before, field
    flag = data.draw(st.sampled_from(RAISES))
    with_it, without = (worth(replace(facts, **{flag: on})) for on in (True, False))  # type: ignore[arg-type]
    assert with_it.value >= without.value, flag
    assert worth(replace(facts, located=False)).value >= worth(replace(facts, located=True)).value
    worse = list(URGENCY)[: list(URGENCY).index(facts.urgency)]
    assert all(worth(replace(facts, urgency=u)).value >= before for u in worse)
    assert worth(replace(facts, verification="likely")).value <= worth(replace(facts, verification="unverified")).value
    trusted = replace(facts, channels=(*facts.channels, *({"form"} - set(facts.channels))))
    assert worth(trusted).value <= before


def test_who_is_asked_first() -> None:
    """A life on one anonymous word with somebody under way; then the same without; a town's well known need last."""
    life = Facts(urgency="life", people=4)
    order = [
        replace(life, people=40, held=1),
        replace(life, held=1),
        life,
        replace(life, voices=3, verification="likely"),
        Facts(people=400, voices=8, verification="likely"),
        Facts(people=4),
        Facts(people=4, channels=("form",)),
    ]
    values = [worth(f).value for f in order]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)


def test_what_is_to_be_asked() -> None:
    assert worth(Facts()).asks == "is_it_so"
    assert worth(Facts(spread=4)).asks == "how_many"
    assert worth(Facts(located=False)).asks == "where"
    assert worth(Facts(silent_h=13)).asks == "still_so"
    assert worth(Facts(near_refuted=True, silent_h=13)).asks == "same_rumour"
    assert worth(Facts(verification="refuted", doubters=5)).asks == "still_refuted"


@given(st.floats(0, 100))
def test_the_next_moment_is_when_silence_weighs_more(silent_h: float) -> None:
    wait = hours_to_next(silent_h)
    if wait is None:
        assert worth(Facts(silent_h=silent_h)).value == worth(Facts(silent_h=silent_h + 1000)).value
    else:
        assert wait > 0
        assert worth(Facts(silent_h=silent_h + wait + 1e-6)).value > worth(Facts(silent_h=silent_h)).value


@given(st.lists(st.integers(0, 500), max_size=40))
def test_most_within_an_hour(minutes: list[int]) -> None:
    moments = [NOON + timedelta(minutes=m) for m in minutes]
    slow = max((sum(m <= n <= m + 60 for n in minutes) for m in minutes), default=0)
    assert most_within(moments) == slow


def test_spread_counts_numbers_that_somebody_still_tells() -> None:
    assert spread_of([["people", 5, 2], ["people", 50, 1], ["quantity", [900, None], 1]]) == 10
    assert spread_of([["quantity", [50, "kg"], 1], ["quantity", [5, "truck"], 1], ["quantity", [100, "kg"], 1]]) == 2
    assert spread_of([["people", 5, 2], ["people", 50, 0]]) == 1
    assert spread_of([["people", 0, 1], ["people", 4, 1]]) == 4
    assert spread_of([]) == 1


def test_what_is_new_about_a_rumour() -> None:
    life = {"voice": 1, "urgency:life": 1}
    before = [life | {"people": 20}, {"voice": 1, "urgency:normal": 1}]
    assert not new_details(life, before)
    assert not new_details(life | {"people": 20}, before)
    assert not new_details(life | {"people": 7}, before), "a smaller number is the same rumour"
    assert new_details(life | {"people": 21}, before)
    assert new_details(life | {"group:infant": 1}, before)
    assert new_details(life, [{"voice": 1, "urgency:high": 1}]), "that lives are in danger is new"
    assert not new_details({"voice": 1, "urgency:high": 1, "people": 900}, before), "no life, no alarm"


def test_every_reason_has_its_words() -> None:
    for fa, en, states in REASONS.values():
        assert fa
        assert en.isascii()
        assert set(states) <= set(VERIFICATIONS)
        assert states
