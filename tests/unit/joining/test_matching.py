"""What makes two reports one happening: labelled happenings and near-misses, and the rules one by one."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.places.gazetteer import default_gazetteer
from server.places.spots import Spot
from server.reports.joining import Candidate, Find
from server.reports.landmarks import MARK, marks, sealed, skeleton
from server.reports.matching import JOIN, alike, choose, judge
from server.reports.signatures import Signature, signature
from tests.support.joining_scores import World, cases, hashed, score

TOWN, T0 = UUID(int=1), datetime(2026, 3, 1, tzinfo=UTC)
IN_TOWN = Spot(TOWN, 47.71, 33.15, 5000.0)


@pytest.mark.parametrize(("held", "precision", "recall"), [(False, 0.97, 0.78), (True, 0.92, 0.62)])
def test_labelled_happenings_are_joined_and_near_misses_are_not(held: bool, precision: float, recall: float) -> None:
    pairs = score(default_gazetteer(), [c for c in cases() if c["held"] == held])
    shown = "" if held else str(pairs.bad)
    assert pairs.precision >= precision, shown
    assert pairs.recall >= recall, shown


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("کوچه شهید مرادی", "kuche moradi"),
        ("کوچه مرادی", "Moradi alley"),
        ("پل کشکان", "Kashkan bridge"),
        ("مسجد جامع", "masjed jame"),
        ("کوچه ۵", "alley 5"),
        ("پل دوم", "second bridge"),
        ("مدرسه هفده شهریور", "madrese 17 shahrivar"),
        ("روستای دره‌باغ", "darebagh village"),
        ("پل قدیمی", "old bridge"),
        ("تونل حیات الغیب", "tunel hayatolgheyb basteh shode"),
        ("کوی آریا", "kooye Aria"),
        ("شهرک ۴۰۰ دستگاه", "shahrake 400 dastgah"),
        ("درمانگاه سینا", "darmangaahe sina"),
    ],
)
def test_one_landmark_in_two_spellings_meets(one: str, other: str) -> None:
    assert {(m.kind, m.key) for m in marks(one)} & {(m.kind, m.key) for m in marks(other)}


def test_words_leave_as_hashes_alone() -> None:
    fields = sealed(marks("پلدختر کوچه مرادی خونه آقای رضایی ریخته"), hashed)
    assert fields
    assert all(name.startswith(MARK) and int(name.rpartition(":")[2].lstrip("pl"), 16) >= 0 for name in fields)
    assert not [name for name in fields if skeleton("مرادی") in name.rpartition(":")[2]]


def test_what_is_left_of_a_short_name_still_differs() -> None:
    assert skeleton("اریا") == skeleton("aria") != skeleton("رویا") == skeleton("roya")


def test_the_language_says_on_which_side_a_name_stands() -> None:
    assert {m.key for m in marks("rah basteh tunel 7 rizesh karde")} >= {"7"}
    assert {m.key for m in marks("the Kashkan bridge is closed")} >= {skeleton("kashkan")}


def test_an_update_joins_what_its_sender_told_of_last() -> None:
    first = {"of": "a", "minute": 0, "sender": "p1", "text": "پلدختر کوچه مرادی خونه ریخته ۳ نفر زیر آوارن"}
    for minute, sender, follows in ((30, "p1", True), (30, "p2", False), (600, "p1", False)):
        world = World(default_gazetteer())
        world.hear(first)
        world.hear({"of": "a", "minute": minute, "sender": sender, "text": "هنوز کسی برای کمک نیومده، اینجا خیلی بده"})
        assert bool(world.records[0] & world.records[1]) is follows, (minute, sender)


def test_a_sender_need_not_say_the_lane_again() -> None:
    lane, nothing = _said(mark__alley__a=1), Signature()
    water = Find("need", "water", {"voice": 1})
    for own, joined in ((True, True), (False, False)):
        known = Candidate(UUID(int=9), IN_TOWN, T0, own=own, signature=lane)
        assert bool(choose(water, IN_TOWN, T0, [known], nothing).joined) is joined


def test_what_suits_two_records_alike_is_asked() -> None:
    here, there = (
        Candidate(UUID(int=n), IN_TOWN, T0, signature=_said(people=9, **{f"mark__quarter__{n}": 1})) for n in (1, 2)
    )
    alone = Candidate(UUID(int=3), IN_TOWN, T0, signature=_said(people=9))
    food = Find("need", "food", {"voice": 1})
    assert choose(food, IN_TOWN, T0, [alone], _said(people=9)).joined == alone
    both = choose(food, IN_TOWN, T0, [here, there], _said(people=9))
    assert (both.joined, both.asked) == (None, here)
    assert choose(food, IN_TOWN, T0, [here], _said(people=9)).joined == here


def test_a_number_nobody_rounds_says_more() -> None:
    for people, points in ((17, 1.5), (20, 1.0), (3, 1.0)):
        known = Candidate(UUID(int=9), IN_TOWN, T0, signature=_said(people=people))
        find = Find("incident", "trapped_people", {"voice": 1})
        found = judge(find, IN_TOWN, T0, _said(people=people), known)
        assert found is not None
        assert dict(found.reasons)["numbers.agree"] == points


def _said(**said: object) -> Signature:
    return signature((name.replace("__", ":").replace("_no", "#"), value) for name, value in said.items())


def _judged(category: str, mine: Signature, theirs: Signature, spot: Spot = IN_TOWN, hours: float = 1) -> float:
    known = Candidate(UUID(int=9), spot, T0, signature=theirs)
    found = judge(Find("incident", category, {"voice": 1}), spot, T0 + timedelta(hours=hours), mine, known)
    assert found is not None
    assert round(sum(points for _, points in found.reasons), 2) == found.score
    return found.score


def test_landmarks_decide_between_houses_of_a_town() -> None:
    five, nine, nothing = _said(mark__alley_no__5=1), _said(mark__alley_no__9=1), Signature()
    assert _judged("building_collapsed", five, five) >= JOIN
    assert _judged("building_collapsed", five, nine) < 0
    assert 0 <= _judged("building_collapsed", five, nothing) < JOIN
    # A flood is the town's, whichever lane of it somebody names; a quarter's is not.
    assert _judged("flooding", five, nine) >= JOIN
    assert _judged("flooding", _said(mark__quarter__a=1), _said(mark__quarter__b=1)) < 0


def test_numbers_and_time_count() -> None:
    three, eight = _said(people=3), _said(people=8)
    assert _judged("trapped_people", three, three) >= JOIN > _judged("trapped_people", three, eight) >= 0
    assert _judged("flooding", three, eight) >= JOIN
    assert _judged("aftershock", Signature(), Signature()) >= JOIN
    assert _judged("aftershock", Signature(), Signature(), hours=20) < JOIN


def test_rare_words_of_the_whole_message_make_two_pins_one() -> None:
    here, beside = Spot(None, 47.71, 33.15, 250.0), Spot(None, 47.7101, 33.1501, 250.0)
    water = Find("need", "water", {"voice": 1})
    same = _said(mark__words__paaaaaabbbbbbccccccdddddd=1)
    other = _said(mark__words__p111111222222333333444444=1)
    for mine, joined in ((same, True), (other, False)):
        known = Candidate(UUID(int=9), beside, T0, signature=same)
        assert bool(choose(water, here, T0, [known], mine).joined) is joined


def test_what_is_alike_tells_no_point() -> None:
    water = Find("need", "water", {"voice": 1})
    here, there = Spot(TOWN, 47.71, 33.15, 50.0), Spot(TOWN, 47.72, 33.16, 50.0)
    assert alike(water, here, _said(people=3)) == alike(water, there, _said(people=3))
    assert alike(water, here, _said(people=3)) != alike(water, here, _said(people=4))
