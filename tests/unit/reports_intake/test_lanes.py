"""Lanes: who storms is read after the others, in order, and is back after silence."""

from hypothesis import given
from hypothesis import strategies as st

from server.reports.lanes import BURST, EVERY_S, FAST, QUIET_S, SENDERS, SLOW, Lanes

GAPS = st.lists(st.floats(0, 300), min_size=1, max_size=60)


def test_a_storm_is_slow_until_silence_and_nobody_else_is() -> None:
    lanes = Lanes()
    storm = [lanes.of(b"a" * 32, n * 0.1) for n in range(100)]
    assert storm == [FAST] * BURST + [SLOW] * (100 - BURST)
    assert lanes.of(b"b" * 32, 10.0) == FAST
    assert lanes.of(b"a" * 32, 9.9 + QUIET_S - 1) == SLOW, "each message puts the end off"
    assert lanes.of(b"a" * 32, 9.9 + QUIET_S * 2) == FAST


def test_who_writes_steadily_never_storms() -> None:
    lanes = Lanes()
    assert {lanes.of(b"a" * 32, n * EVERY_S) for n in range(500)} == {FAST}


def test_a_message_without_a_sender_is_in_the_fast_lane() -> None:
    lanes = Lanes()
    assert {lanes.of(None, 0.0) for _ in range(100)} == {FAST}


@given(GAPS)
def test_nothing_fast_follows_something_slow_within_the_silence(gaps: list[float]) -> None:
    lanes, now, slow_at = Lanes(), 0.0, -QUIET_S
    for gap in gaps:
        now += gap
        lane = lanes.of(b"a" * 32, now)
        if lane == SLOW:
            slow_at = now
        else:
            assert now - slow_at >= QUIET_S


def test_memory_is_bounded_and_the_most_recent_stay() -> None:
    lanes = Lanes(senders=100)
    for n in range(BURST + 1):
        lanes.of(b"storm" * 8, n * 0.001)
    for n in range(10_000):
        lanes.of(n.to_bytes(32, "little"), 1.0)
        if n % 50 == 0:
            assert lanes.of(b"storm" * 8, 1.0) == SLOW
    assert len(lanes._full_until) <= 100
    assert len(lanes._storms) <= 100
    assert SENDERS * 200 < 10_000_000, "bytes a process"
