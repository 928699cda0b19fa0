"""When and by which gateway a message goes, and what reports of delivery make of it."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.messaging import rules
from server.messaging.models import HIGH, LIFE, NORMAL, STATES
from server.messaging.rules import Asked, Wait, Way, choose, merged

pytestmark = pytest.mark.unit
REPORTS = st.lists(st.sampled_from(sorted(rules.RANK)), min_size=1, max_size=4)
A, B = UUID(int=1), UUID(int=2)
ZONE = ZoneInfo("Asia/Tehran")


@given(st.sampled_from(STATES), REPORTS)
def test_reports_come_in_any_order_and_any_number(state: str, reports: list[str]) -> None:
    ends = set()
    for order in permutations(reports):
        at = state
        for report in [*order, *order]:
            after = merged(at, report)
            assert at != "delivered" or after == "delivered"
            assert after in {at, report}
            at = after
        ends.add(at)
    if "delivered" in reports or state in {"sending", "sent", "unsure", "failed", "delivered"}:
        assert len(ends) == 1
    if "delivered" in reports:
        assert ends == {"delivered"}


def test_a_failure_of_an_earlier_attempt_ends_no_later_one() -> None:
    assert merged("queued", "failed") == "queued"
    assert merged("queued", "sent") == "sent"
    assert merged("dropped", "failed") == "dropped"
    assert merged("sent", "failed") == "failed"


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(0, 1439), st.integers(0, 1439))  # noqa: DTZ001 - made local below
def test_quiet_hours_end_at_their_end(naive: datetime, start: int, end: int) -> None:
    hours = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    local = naive.replace(tzinfo=ZONE)
    until = rules.quiet_end(local, hours)
    minute = local.hour * 60 + local.minute
    quiet = start <= minute < end if start <= end else minute >= start or minute < end
    assert (until is not None) == quiet
    if until:
        assert timedelta(0) < until - local <= timedelta(days=1)
        assert (until.hour * 60 + until.minute, until.second) == (end, 0)
        assert rules.quiet_end(until, hours) is None
    assert rules.quiet_end(local, "") is None


def test_backoff_grows_spreads_and_ends() -> None:
    waits = [rules.backoff_s(n, 0.5) for n in range(1, 12)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (5.0, 600.0)
    assert (rules.backoff_s(1, 0.0), rules.backoff_s(20, 0.999)) == (2.5, pytest.approx(900, 0.01))
    assert [rules.break_s(n) for n in (0, 2, 3, 4, 50)] == [0, 0, 2, 4, 60]


def test_the_order_of_gateways_is_kept_and_turned_after_failures() -> None:
    first, second = Way(A, 1, well=True), Way(B, 1, well=True)
    picked = [choose(Asked(NORMAL, n, 1), [first, second], None) for n in (0, 2, 3, 5, 6)]
    assert picked == [first, first, second, second, first]
    assert choose(Asked(NORMAL, 0, 1, only=B), [first, second], None) is second
    assert choose(Asked(NORMAL, 0, 1), [Way(A, 1, well=False), second], None) is second
    assert choose(Asked(NORMAL, 0, 1, emergency_id=A), [Way(A, 1, well=True, emergency_id=B), second], None) is second


def test_who_waits_and_who_does_not() -> None:
    full, second = Way(A, 0, well=True), Way(B, 1, well=True)
    assert choose(Asked(NORMAL, 0, 1), [full, second], None) == Wait("busy", rules.BUSY_WAIT_S)
    assert choose(Asked(LIFE, 0, 1), [full, second], None) is second
    spent = Way(A, 1, well=True, left=1)
    assert choose(Asked(NORMAL, 0, 1), [spent], None) is spent
    assert choose(Asked(NORMAL, 0, 2), [spent], None) == Wait("cap", rules.CAP_WAIT_S)
    assert choose(Asked(NORMAL, 0, 2), [spent, second], None) is second
    assert choose(Asked(NORMAL, 0, 2), [second], 1) == Wait("cap", rules.CAP_WAIT_S)
    assert choose(Asked(LIFE, 0, 2), [spent], 0) is spent
    assert choose(Asked(LIFE, 0, 2), [], 0) == Wait("no_gateway", rules.NO_GATEWAY_WAIT_S)
    assert isinstance(choose(Asked(LIFE, 0, 2), [Way(A, 1, well=False)], None), Wait)


@pytest.mark.parametrize(
    ("kind", "priority", "keeps"),
    [
        *((kind, NORMAL, True) for kind in ("notice", "task", "note")),
        *((kind, NORMAL, False) for kind in ("receipt", "answer", "alarm")),
        *((kind, LIFE, False) for kind in ("notice", "task", "note")),
        ("task", HIGH, False),
        ("note", HIGH, True),
    ],
)
def test_what_waits_for_morning(kind: str, priority: int, keeps: bool) -> None:
    assert rules.keeps_quiet(kind, priority) is keeps
