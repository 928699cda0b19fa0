"""How two readings differ, in codes that are the same for all that differ alike."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reports.rereading_rules import difference

PLACE: dict[str, Any] = {"name": "Poldokhtar", "name_fa": "پلدختر", "lat": 33.1, "lon": 47.7, "accuracy_m": 5000}


def reading(**more: Any) -> dict[str, Any]:
    return {"kind": "report", "needs": [], "incidents": [], "people": None, "place": None, "urgency": "normal", **more}


def need(category: str, quantity: int | None = None) -> dict[str, Any]:
    return {"category": category, "quantity": quantity, "unit": None}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (reading(), reading(needs=[need("heating", 3)]), "+need:heating"),
        (reading(needs=[need("food")]), reading(needs=[need("food", 4)]), "quantity:food"),
        (reading(kind="other", urgency="none"), reading(), "kind:other>report urgency:none>normal"),
        (reading(incidents=["flooding"]), reading(incidents=["fire"]), "+incident:fire -incident:flooding"),
        (reading(place=PLACE), reading(place=None, people=4), "people -place"),
        (reading(place=PLACE), reading(place=PLACE | {"name": "Pol-e Dokhtar", "province": "Lorestan"}), ""),
        (reading(place=PLACE), reading(place=PLACE | {"lat": 33.2}), "place"),
        (reading(why=[{"rule": "a"}]), reading(why=[], lang="fa"), ""),
        (None, reading(), "kind:other>report urgency:none>normal"),
    ],
)
def test_a_difference_is_told_in_codes(before: Any, after: Any, expected: str) -> None:
    assert difference(before, after) == expected


NEEDS = st.lists(st.sampled_from(["water", "food", "heating"]), unique=True).map(lambda c: [need(x) for x in c])


@given(NEEDS, NEEDS, st.sampled_from(["life", "none"]))
def test_the_order_is_no_difference_and_what_differs_is_never_silent(one: Any, other: Any, urgency: str) -> None:
    a, b = reading(needs=one), reading(needs=other, urgency=urgency)
    assert difference(a, reading(needs=list(reversed(one)))) == ""
    told = difference(a, b).split()
    assert f"urgency:normal>{urgency}" in told
    added = {n["category"] for n in other} - {n["category"] for n in one}
    assert {t.removeprefix("+need:") for t in told if t.startswith("+need:")} == added
