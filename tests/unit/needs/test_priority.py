"""The score of a need: explained, and never a life behind a crowd."""

from hypothesis import given
from hypothesis import strategies as st

from server.incidents.rules import Urgency
from server.needs.rules import RERANK_STEP, VULNERABLE_POINTS, Facts, drifted, priority

FACTS = st.builds(
    Facts,
    category=st.sampled_from(["water", "infant_care", "protection", "shelter"]),
    urgency=st.sampled_from(["life", "high", "normal", "none"]),
    people=st.none() | st.integers(0, 10_000_000),
    households=st.none() | st.integers(0, 10_000_000),
    vulnerable=st.lists(st.sampled_from([*VULNERABLE_POINTS, "unknown"])),
    corroboration=st.integers(0, 100_000),
    verification=st.sampled_from(["unverified", "likely", "confirmed", "refuted"]),
    age_h=st.floats(-10, 10_000),
)


def _with(facts: Facts, **changes: object) -> Facts:
    return Facts(**{k: changes.get(k, getattr(facts, k)) for k in Facts.__slots__})  # type: ignore[arg-type]


@given(FACTS)
def test_the_reasons_add_up_to_the_value(facts: Facts) -> None:
    score = priority(facts)
    assert abs(sum(w["points"] for w in score.why) - score.value) < 0.11
    assert score.value >= 0


@given(FACTS, FACTS)
def test_a_danger_to_life_comes_before_everything_else(one: Facts, other: Facts) -> None:
    life = _with(one, urgency="life", verification="unverified")
    urgency: Urgency = "high"
    assert priority(life).value > priority(_with(other, urgency=urgency)).value


@given(FACTS, st.floats(0, 100))
def test_waiting_never_lowers_a_score(facts: Facts, hours: float) -> None:
    assert priority(_with(facts, age_h=facts.age_h + hours)).value >= priority(facts).value


@given(FACTS, st.integers(1, 1000))
def test_more_people_and_more_voices_never_lower_a_score(facts: Facts, more: int) -> None:
    assert (
        priority(_with(facts, people=(facts.people or 0) + more)).value
        >= priority(_with(facts, people=facts.people or 0)).value
    )
    assert priority(_with(facts, corroboration=facts.corroboration + more)).value >= priority(facts).value


def test_women_and_children_weigh() -> None:
    plain = Facts("food", "high", people=10)
    infants = Facts("infant_care", "high", people=10, vulnerable=["infant", "pregnant", "woman_headed"])
    assert priority(infants).value == priority(plain).value + 12 + 3
    assert {w["code"] for w in priority(infants).why} == {"urgency", "people", "vulnerable", "women_and_children"}


def test_refuted_needs_score_nothing() -> None:
    assert priority(Facts("water", "life", people=500, verification="refuted")).value == 0


def test_households_stand_for_people() -> None:
    assert priority(Facts("water", "high", households=20)).why[1]["people"] == 66
    assert priority(Facts("water", "high", people=12, households=20)).why[1]["people"] == 12


def test_small_drifts_are_left_alone() -> None:
    assert not drifted(40, 40 + RERANK_STEP - 0.1)
    assert drifted(40, 40 - RERANK_STEP)
