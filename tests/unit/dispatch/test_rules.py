"""The table of states, and what a need makes."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.dispatch import rules
from server.dispatch.models import CLOSED_STATES, OPEN_STATES
from server.standards.taxonomy import NEEDS
from server.volunteers.skills import SKILLS

DOC = Path(__file__).parents[3] / "docs" / "dispatch.md"


def test_docs_and_code_say_the_same() -> None:
    text = DOC.read_text(encoding="utf-8").split("<!-- moves -->")[1].split("<!-- end -->")[0]
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    assert set(rows[1:]) == {(m.verb, m.source, m.target, m.event or "–", m.lease, m.by) for m in rules.MOVES}
    assert len(rows[1:]) == len(rules.MOVES)


def test_docs_name_every_kind_and_reason() -> None:
    text = DOC.read_text(encoding="utf-8")
    for code, (fa, en) in (rules.KINDS | rules.FAIL_REASONS).items():
        assert re.search(rf"\| `{code}` \| {re.escape(fa)} \| {re.escape(en)} \|", text), code


def test_states_are_the_databases() -> None:
    assert set(rules.OPEN) == set(OPEN_STATES)
    states = {m.source for m in rules.MOVES} | {m.target for m in rules.MOVES}
    assert states == set(OPEN_STATES) | set(CLOSED_STATES)


def test_nothing_open_is_a_dead_end_and_closed_is_closed() -> None:
    for state in rules.OPEN:
        assert {m.target for m in rules.MOVES if m.source == state} - {state}
    assert not [m for m in rules.MOVES if m.source in {"done", "cancelled"}]
    # A person can always move a held task, so that nothing is forgotten with somebody who is gone.
    for state in rules.HELD:
        assert rules.move("reassign", state)
        assert rules.move("requeue", state)


def test_an_expired_claim_returns_and_an_accepted_one_goes_to_a_person() -> None:
    targets = {m.source: m.target for m in rules.MOVES if m.verb == "expire"}
    assert targets == {"claimed": "queued", "accepted": "escalated", "en_route": "escalated"}


VERBS = st.sampled_from(["accept", "en_route", "heartbeat", "release", "complete", "fail"])
STATES = st.sampled_from([*OPEN_STATES, *CLOSED_STATES])
ENDS = st.sampled_from([None, "never", *set(rules.ENDS.values())])


@given(VERBS, STATES, st.integers(0, 5), st.integers(0, 5), ENDS)
def test_an_old_fence_never_moves_a_task(
    verb: rules.Verb, state: rules.State, fence: int, given_fence: int, ended: str | None
) -> None:
    verdict = rules.judge(verb, state, fence, given_fence, ended)
    if fence != given_fence or ended is not None:
        assert verdict.outcome in {"lost", "repeat"}
        assert verdict.move is None
    if verdict.outcome == "repeat" and ended is not None:
        assert ended == rules.ENDS[verb]
    if verdict.outcome == "go":
        assert verdict.move is not None
        assert verdict.move.source == state


@given(VERBS, st.sampled_from(list(rules.HELD)))
def test_what_was_done_may_be_said_again(verb: rules.Verb, state: rules.State) -> None:
    first = rules.judge(verb, state, 3, 3, None)
    if first.outcome != "go" or first.move is None:
        return
    ended = rules.ENDS.get(verb) if first.move.lease == "ended" else None
    again = rules.judge(verb, first.state, 3, 3, ended)
    assert again.outcome in {"repeat", "go"}
    assert again.state == first.state


@pytest.mark.parametrize(
    ("category", "urgency", "people", "crew"),
    [
        ("search_rescue", "life", 30, (1, 0)),
        ("search_rescue", "high", None, (2, 0)),
        ("protection", "normal", 3, (1, 0)),
        ("protection", "normal", 20, (2, 1)),
        ("evacuation", "high", 20, (2, 0)),
        ("water", "high", 500, (1, 0)),
    ],
)
def test_how_many_go(category: str, urgency: str, people: int | None, crew: tuple[int, int]) -> None:
    found = rules.crew_of(category, urgency, people, rules.women_rule(category, (), urgency))
    assert (found.people, found.women) == crew


def test_every_need_makes_a_kind_we_have_a_name_for() -> None:
    for code in NEEDS:
        assert rules.kind_of(code) in rules.KINDS
        assert set(rules.skills_of(code)) <= set(SKILLS)
        assert set(rules.skills_of(code, ["pregnant"])) <= set(SKILLS)
    assert rules.kind_of("unheard_of") == "coordination"


@pytest.mark.parametrize(
    ("category", "vulnerable", "urgency", "rule"),
    [
        ("hygiene", [], "normal", "require"),
        ("protection", [], "high", "require"),
        ("protection", [], "life", "prefer"),
        ("medical_care", ["pregnant"], "high", "require"),
        ("medical_care", ["pregnant"], "life", "prefer"),
        ("medical_care", ["child"], "high", "none"),
        ("water", ["woman_headed"], "normal", "prefer"),
        ("infant_care", [], "normal", "prefer"),
        ("search_rescue", ["pregnant"], "life", "prefer"),
        ("food", [], "life", "none"),
    ],
)
def test_women_are_served_by_women_but_a_life_never_waits(
    category: str, vulnerable: list[str], urgency: str, rule: str
) -> None:
    assert rules.women_rule(category, vulnerable, urgency) == rule


@given(st.sampled_from(sorted(NEEDS)), st.sets(st.sampled_from(["child", "pregnant", "woman_headed", "elderly"])))
def test_a_life_is_never_kept_for_one_sex(category: str, vulnerable: set[str]) -> None:
    assert rules.women_rule(category, vulnerable, "life") != "require"


@pytest.mark.parametrize(
    ("need", "step"),
    [
        (("open", "unverified", True, None, False), "make"),
        (("tasked", "likely", True, None, False), "make"),
        (("open", "unverified", False, None, False), "leave"),
        (("open", "refuted", True, None, False), "leave"),
        (("open", "unverified", True, None, True), "leave"),
        (("met", "confirmed", True, None, False), "leave"),
        (("tasked", "likely", True, "queued", False), "rerank"),
        (("tasked", "likely", True, "accepted", False), "leave"),
        (("met", "likely", True, "queued", False), "cancel"),
        (("open", "refuted", True, "queued", False), "cancel"),
        (("closed", "likely", True, "en_route", False), "tell"),
    ],
)
def test_what_becomes_of_a_task_when_its_need_changes(
    need: tuple[str, str, bool, rules.State | None, bool], step: str
) -> None:
    assert rules.what_to_do(rules.NeedView(*need)) == step


@given(st.lists(st.integers(1, 5), min_size=1, max_size=8), st.integers(0, 30))
def test_dealing_is_fair_and_whole(limits: list[int], n: int) -> None:
    hands = rules.share(limits, list(range(n)))
    dealt = [card for hand in hands for card in hand]
    assert sorted(dealt) == list(range(min(n, sum(limits))))
    assert all(len(hand) <= limit for hand, limit in zip(hands, limits, strict=True))
    if n >= len(limits):
        assert [hand[0] for hand in hands] == list(range(len(limits)))
