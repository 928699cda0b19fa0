"""What a correction makes of a reading, and which of a report's records still hold."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reports import amending_rules as rules
from server.reports.joining import Find, Kind, finds

WATER: dict[str, Any] = {"category": "water", "quantity": 50, "unit": "bottle"}
FOOD: dict[str, Any] = {"category": "food", "quantity": None, "unit": None}


def reading(**more: Any) -> dict[str, Any]:
    return {
        "lang": "fa", "kind": "report", "incidents": [], "needs": [WATER], "offers": [], "people": 4,
        "households": None, "place": None, "vulnerable": [], "urgency": "high", "command": None, "why": [], **more,
    }  # fmt: skip


def standing(kind: Kind, category: str, **more: Any) -> rules.Standing:
    return rules.Standing(uuid4(), kind, uuid4(), category, more.pop("status", "open"), {}, **more)


@pytest.mark.parametrize(
    ("before", "changes", "expected"),
    [
        (reading(), {"people": 6}, {"kind": "report", "people": 6, "needs": [WATER]}),
        (reading(kind="other", needs=[], urgency="none"), {"needs": [FOOD]}, {"kind": "report", "urgency": "normal"}),
        (reading(), {"kind": "other"}, {"needs": [], "people": None, "urgency": "none", "place": None}),
        (reading(), {"kind": "offer"}, {"needs": [], "offers": ["goods"], "urgency": "none"}),
        (reading(kind="update", urgency="none"), {"people": 2}, {"kind": "update", "urgency": "none"}),
        (reading(command={"command": "FIX", "code": "X"}), {"needs": [FOOD]}, {"command": None}),
        (reading(command={"command": "NEED"}), {"needs": [FOOD]}, {"command": {"command": "NEED"}}),
        (None, {"kind": "report", "incidents": ["flooding"]}, {"incidents": ["flooding"], "urgency": "normal"}),
    ],
)  # fmt: skip
def test_a_correction_leaves_no_contradiction(
    before: dict[str, Any] | None, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    after = rules.corrected(before, changes)
    assert {k: after[k] for k in expected} == expected
    assert set(changes) <= set(after[rules.DECIDED])


def test_the_order_of_needs_is_no_change_and_a_quantity_is() -> None:
    one, other = reading(needs=[WATER, FOOD]), reading(needs=[FOOD, WATER])
    assert rules.changed(one, other) == []
    assert rules.changed(one, reading(needs=[FOOD, WATER | {"quantity": 60}])) == ["needs"]


def test_a_record_that_the_report_still_speaks_of_keeps_it_whoever_joined_them() -> None:
    water, food = standing("need", "water", by_chain=False), standing("need", "food")
    made = rules.plan([water, food], finds(reading(needs=[WATER, FOOD])), finds(reading(people=9)), moved=False)
    assert [s for s, _ in made.keep] == [water]
    assert made.keep[0][1]["people"] == 9
    assert made.undo == [food]
    assert made.fresh == []


def test_what_was_closed_is_not_opened_again_and_what_hangs_on_it_alone_is_asked() -> None:
    met, held = standing("need", "water", status="met"), standing("need", "food", pinned=True)
    made = rules.plan([met, held], finds(reading(needs=[WATER, FOOD])), finds(reading(people=9)), moved=False)
    assert (made.keep, made.undo, made.fresh, made.ask) == ([], [], [], [held])


def test_another_place_is_joined_anew_except_what_a_person_has_joined_or_somebody_is_on_the_way_to() -> None:
    chains, persons = standing("need", "water"), standing("need", "food", by_chain=False)
    held = standing("incident", "fire", pinned=True)
    said = finds(reading(needs=[WATER, FOOD], incidents=["fire"]))
    made = rules.plan([chains, persons, held], said, said, moved=True)
    assert made.undo == [chains]
    assert [s for s, _ in made.keep] == [persons, held]
    assert [f.category for f in made.fresh] == ["water"]


def test_a_record_that_a_person_renamed_is_still_what_the_report_speaks_of() -> None:
    renamed = standing("need", "food", renamed=True)
    made = rules.plan([renamed], finds(reading()), finds(reading(people=7)), moved=False)
    assert [s for s, _ in made.keep] == [renamed]
    assert made.fresh == []


CATEGORY = st.sampled_from(["water", "food", "shelter"])


@given(
    st.lists(st.tuples(CATEGORY, st.sampled_from(["open", "tasked", "met"]), st.booleans(), st.booleans()), max_size=5),
    st.sets(CATEGORY),
    st.sets(CATEGORY),
    st.booleans(),
)
def test_every_find_has_exactly_one_fate_and_every_link_too(
    links: list[tuple[str, str, bool, bool]], before: set[str], after: set[str], moved: bool
) -> None:
    rows = [standing("need", c, status=s, by_chain=b, pinned=p) for c, s, b, p in links]
    of: dict[str, Find] = {c: Find("need", c, {"voice": 1}) for c in before | after}
    made = rules.plan(rows, [of[c] for c in before], [of[c] for c in after], moved=moved)
    fates: list[UUID] = [s.link_id for s, _ in made.keep] + [s.link_id for s in made.undo + made.ask]
    assert len(fates) == len(set(fates))
    assert {s.link_id for s in rows if s.status in {"open", "tasked"}} == set(fates)
    spoken = [f.category for f in made.fresh] + [s.category for s, _ in made.keep]
    closed = {s.category for s in rows if s.status == "met"}
    assert len(spoken) == len(set(spoken))
    assert set(spoken) | (closed & after) == after
    assert all(not s.pinned for s in made.undo if s.category not in after)
