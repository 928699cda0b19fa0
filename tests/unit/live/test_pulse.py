"""How far behind a stream is: told when nobody seals, this process lags or the database is away, and never else."""

import pytest

from server.live import pulse
from server.live.pulse import TELL_S, Pulse


class Wall:
    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(pulse, "time", made)
    return made


def test_all_is_well(wall: Wall) -> None:
    one = Pulse()
    for number in range(50):
        wall.at += 2
        # Numbers are always a little ahead of what this process has.
        one.judge(number * 100, number * 100 + 60, 0.3, sealer=True)
        assert one.behind_s == 0


def test_nobody_seals(wall: Wall) -> None:
    one = Pulse()
    one.judge(5, 5, 0.0, sealer=True)
    for _ in range(20):
        wall.at += 2
        one.judge(5, 5, 0.0, sealer=False)
    assert one.behind_s == 40
    one.judge(5, 5, 0.0, sealer=True)
    assert one.behind_s == 0


def test_a_frozen_sealer_holds_its_lock_and_events_wait(wall: Wall) -> None:
    one = Pulse()
    one.judge(5, 5, 0.0, sealer=True)
    for seconds in range(2, 42, 2):
        wall.at += 2
        one.judge(5, 5, float(seconds), sealer=True)
    assert one.behind_s == 40


def test_a_long_transaction_is_no_news(wall: Wall) -> None:
    one = Pulse()
    one.judge(5, 5, 0.0, sealer=True)
    wall.at += 2
    # What it has just committed is a minute old, and has its number before the next look.
    one.judge(5, 5, 60.0, sealer=True)
    assert one.behind_s == 0
    wall.at += 2
    one.judge(9, 9, 0.0, sealer=True)
    assert one.behind_s == 0


def test_this_process_lags_or_cannot_ask(wall: Wall) -> None:
    one = Pulse()
    one.judge(5, 5, 0.0, sealer=True)
    for newest in range(6, 18):
        wall.at += 2
        one.judge(5, newest, 0.0, sealer=True)
    assert one.behind_s == 22
    one.judge(17, 17, 0.0, sealer=True)
    wall.at += TELL_S - 1
    assert one.behind_s == 0
    # No look has come through since: the database is away.
    wall.at += 30
    assert one.behind_s == 34
