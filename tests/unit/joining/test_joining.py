"""When two reports mean the same, and what many say together."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.places.spots import NOWHERE, Spot, shown_point
from server.reports import joining
from server.reports.joining import WINDOW, Candidate, Find, Voice, best, finds, locate, near, tally_of
from server.reports.matching import Choice, choose

TOWN, VILLAGE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
IN_TOWN = Spot(TOWN, 47.71, 33.15, 5000.0)
IN_VILLAGE = Spot(VILLAGE, 47.0, 33.0, 2000.0)
T0 = datetime(2026, 3, 1, tzinfo=UTC)
WATER = Find("need", "water", {"voice": 1})


def house(metres: float, accuracy: float = 100.0, place: UUID | None = None, start: Spot = IN_TOWN) -> Spot:
    """A point so many metres north of the middle of a place."""
    assert start.lat is not None
    return Spot(place, start.lon, start.lat + metres / 111_195, accuracy)


def reading(**changes: Any) -> dict[str, Any]:
    """A reading of somebody without water, changed."""
    base = {
        "kind": "report",
        "incidents": [],
        "needs": [{"category": "water", "quantity": None, "unit": None}],
        "offers": [],
        "people": None,
        "households": None,
        "place": None,
        "vulnerable": [],
        "urgency": "high",
    }
    return base | changes


@pytest.mark.parametrize(
    ("kind", "category", "one", "other", "same"),
    [
        ("need", "water", IN_TOWN, IN_TOWN, True),
        ("need", "water", IN_TOWN, Spot(OTHER, 47.71, 33.15, 5000.0), False),
        ("need", "water", house(0), house(90), True),
        ("need", "water", house(0), house(300), False),
        ("need", "water", house(0, 400), house(300), True),
        ("need", "water", house(0, place=TOWN), house(300, place=TOWN), False),
        ("need", "water", house(0, 5), house(40, 5), True),
        ("need", "water", IN_TOWN, house(200, place=TOWN), False),
        ("need", "water", IN_VILLAGE, house(1500, start=IN_VILLAGE), True),
        ("need", "water", IN_VILLAGE, house(2500, start=IN_VILLAGE), False),
        ("incident", "bridge_out", IN_TOWN, house(200, place=TOWN), True),
        ("incident", "bridge_out", house(0), house(1500), False),
        ("incident", "flooding", house(0), house(1500), True),
        ("incident", "flooding", house(0, place=TOWN), house(4500, place=TOWN), True),
        ("incident", "trapped_people", IN_TOWN, house(200, place=TOWN), False),
        ("incident", "trapped_people", IN_TOWN, IN_TOWN, True),
        ("need", "water", NOWHERE, NOWHERE, False),
        ("need", "water", NOWHERE, IN_TOWN, False),
    ],
)
def test_near(kind: Any, category: str, one: Spot, other: Spot, same: bool) -> None:
    assert near(kind, category, one, other) is same
    assert near(kind, category, other, one) is same


def test_the_window_closes_after_three_days() -> None:
    known = [Candidate(UUID(int=9), IN_TOWN, T0)]
    assert choose(WATER, IN_TOWN, T0 + WINDOW, known).joined == known[0]
    assert choose(WATER, IN_TOWN, T0 + WINDOW + timedelta(seconds=1), known) == Choice()
    assert choose(WATER, IN_TOWN, T0 - WINDOW - timedelta(seconds=1), known) == Choice()


def test_the_sender_s_own_then_the_nearest_then_the_oldest() -> None:
    far, close, older = (Candidate(UUID(int=n), house(m, 500), T0) for n, m in ((5, 200), (7, 10), (6, 10)))
    own = Candidate(UUID(int=8), house(8, 500), T0, own=True)
    assert choose(WATER, house(0), T0, [far, close, older, own]).joined == own
    assert choose(WATER, house(0), T0, [far, close, older]).asked == older
    doors = [Candidate(c.id, Spot(None, c.spot.lon, c.spot.lat, 90), T0) for c in (close, older)]
    assert choose(WATER, house(0), T0, doors).joined == doors[1]
    assert choose(WATER, NOWHERE, T0, [far, close]).joined is None
    assert choose(WATER, NOWHERE, T0, [far, own]).joined == own


def test_where_a_report_is() -> None:
    assert locate(IN_TOWN, NOWHERE) == (IN_TOWN, ())
    given_point = house(3000, 20)
    assert locate(IN_TOWN, given_point) == (Spot(TOWN, given_point.lon, given_point.lat, 20), ("sender_position",))
    assert locate(IN_TOWN, house(9000)) == (IN_TOWN, ("sender_elsewhere",))
    assert locate(NOWHERE, Spot(None, 1.0, 2.0, None)) == (Spot(None, 1.0, 2.0, 250.0), ("sender_position",))
    asked, flags = locate(IN_TOWN, house(9000), answered=True)
    assert (asked.place_id, asked.exact, flags) == (None, True, ("form_position",))


def test_homes_are_shown_blurred_and_towns_as_they_are() -> None:
    assert shown_point(house(10), (1.0, 2.0)) == (1.0, 2.0)
    assert shown_point(IN_TOWN, (1.0, 2.0)) == (47.71, 33.15)
    assert shown_point(NOWHERE, None) is None


def test_offers_chatter_and_closing_words_add_nothing() -> None:
    assert finds(reading(kind="offer")) == finds(reading(kind="other")) == []
    assert finds(reading(kind="update", urgency="none")) == []
    assert [f.category for f in finds(reading(kind="update"))] == ["water"]


def test_what_a_report_says_of_each() -> None:
    found = finds(
        reading(
            incidents=["flooding", "flooding"],
            people=7,
            households=2,
            vulnerable=["infant"],
            needs=[
                {"category": "water", "quantity": None, "unit": None},
                {"category": "water", "quantity": 50, "unit": "bottle"},
            ],
        )
    )
    assert [(f.kind, f.category) for f in found] == [("need", "water"), ("incident", "flooding")]
    assert found[0].said == {
        "voice": 1,
        "urgency:high": 1,
        "people": 7,
        "households": 2,
        "group:infant": 1,
        "quantity": [50, "bottle"],
    }
    assert found[1].said == {"voice": 1, "urgency:high": 1, "people": 7}


def test_strangers_answers_are_cut_to_what_a_record_can_hold() -> None:
    answers = joining.usable_answers(
        {
            "needs": [{"category": "water", "quantity": -5}, {"category": "gold"}, "x"],
            "incidents": ["fire", "dragon"],
            "people": True,
            "households": 1e12,
            "urgency": "now",
            "vulnerable": "infant",
        },
        {"water"},
        {"fire"},
    )
    assert answers["needs"] == [{"category": "water", "quantity": None, "unit": None}]
    assert (answers["incidents"], answers["people"], answers["households"]) == (["fire"], None, None)
    assert (answers["urgency"], answers["vulnerable"]) == (None, [])
    assert joining.usable_answers("nonsense", (), ()) == {}
    merged = joining.with_answers(
        reading(kind="other", urgency="none", people=3), {"needs": answers["needs"], "people": 9}
    )
    assert (merged["kind"], merged["urgency"], merged["people"]) == ("report", "normal", 9)


def voice(sender: bytes | None, hour: int, **said: Any) -> Voice:
    """A link of a sender at an hour."""
    return Voice(sender, T0 + timedelta(hours=hour), {"voice": 1, **said})


def test_numbers_are_agreed_upon_never_summed() -> None:
    agreed = tally_of([voice(b"a", 0, people=40), voice(b"b", 1, people=40), voice(b"c", 2, people=900)])
    assert (agreed.people, agreed.corroboration) == (40, 3)
    assert tally_of([voice(b"a", 0, people=40), voice(b"b", 1, people=60)]).people == 60
    assert tally_of([voice(b"a", 0, people=40), voice(b"a", 1, people=60), voice(b"b", 2, people=40)]).people == 60
    mixed = tally_of(
        [
            voice(b"a", 0, quantity=[50, "kg"]),
            voice(b"b", 1, quantity=[900, "piece"]),
            voice(b"c", 2, quantity=[60, "kg"]),
        ]
    )
    assert (mixed.quantity, mixed.unit) == (60.0, "kg")


def test_a_calmer_word_later_does_not_lower_the_urgency() -> None:
    assert tally_of([voice(b"a", 0, **{"urgency:life": 1}), voice(b"a", 1, **{"urgency:normal": 1})]).urgency == "life"


VOICES = st.lists(
    st.builds(
        voice,
        st.none() | st.sampled_from([b"a", b"b", b"c"]),
        st.integers(0, 50),
        people=st.integers(0, 5),
        quantity=st.tuples(st.integers(0, 3), st.none() | st.sampled_from(["kg", "piece"])).map(list),
    ),
    max_size=12,
    unique_by=lambda v: v.at,
)


@given(VOICES, st.randoms())
def test_order_does_not_matter_and_repeats_do_not_count(voices: list[Voice], dice: Any) -> None:
    shuffled = list(voices)
    dice.shuffle(shuffled)
    assert tally_of(shuffled) == tally_of(voices)
    assert tally_of(voices).corroboration == len({v.sender for v in voices})
    said = [v.said["people"] for v in voices]
    assert tally_of(voices).people in (said or [None])


@given(
    st.lists(
        st.builds(Spot, st.none() | st.just(TOWN), st.floats(-180, 180), st.floats(-90, 90), st.floats(1, 9000))
        | st.just(NOWHERE)
    )
)
def test_the_best_spot_is_the_most_precise(spots: list[Spot]) -> None:
    found = best(spots)
    located = [s.accuracy_m for s in spots if s.accuracy_m is not None]
    assert found.accuracy_m == min(located, default=None)
