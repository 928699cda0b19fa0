"""To how many, by which way, for how long."""

from hypothesis import given
from hypothesis import strategies as st

from server.dispatch import offer_rules as rules
from server.dispatch.offer_rules import Reach

REACHES = st.builds(
    Reach,
    number=st.booleans(),
    page_s=st.none() | st.floats(0, 1000),
    live=st.booleans(),
    unanswered=st.integers(0, 20),
    silent_s=st.none() | st.floats(0, 100_000),
    busy=st.booleans(),
)
URGENCIES = st.sampled_from(["life", "high", "normal", "none"])


@given(REACHES, URGENCIES, st.booleans())
def test_nobody_is_asked_by_a_way_on_which_she_does_not_hear(reach: Reach, urgency: str, quiet: bool) -> None:
    way = rules.way(reach, urgency, quiet=quiet)
    if way == "sms":
        assert reach.number
        assert urgency == "life" or not quiet
    if way == "app":
        assert reach.page_s is not None
        assert reach.page_s <= rules.PAGE_FRESH_S
    if reach.number and (urgency == "life" or not quiet):
        assert way is not None


@given(REACHES, URGENCIES)
def test_one_offer_at_a_time_and_none_with_a_task_in_hand(reach: Reach, urgency: str) -> None:
    if rules.may_ask(reach, urgency):
        assert not reach.live
        assert not reach.busy


@given(st.integers(0, 100))
def test_pauses_grow_and_end(unanswered: int) -> None:
    assert rules.pause_s(unanswered) <= rules.pause_s(unanswered + 1) <= rules.LONGEST_PAUSE_S


def test_a_danger_to_life_asks_more_and_waits_less() -> None:
    assert rules.wave_size("life") > rules.wave_size("high") > rules.wave_size("normal") == 1
    for channel in ("app", "sms"):
        assert rules.answer_s(channel, "life") < rules.answer_s(channel, "normal")
    assert rules.again_s("life") < rules.again_s("normal")
    tired = Reach(number=True, unanswered=5, silent_s=1.0)
    assert not rules.may_ask(tired, "normal")
    assert rules.may_ask(tired, "life")
