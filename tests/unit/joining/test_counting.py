"""Counting as reports come gives what counting all of them at once gives, in whatever order they come."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server.reports import joining
from server.reports.counting import Counts, Words
from server.reports.joining import Voice

START = datetime(2026, 3, 1, tzinfo=UTC)
_SAID = st.fixed_dictionaries(
    {},
    optional={
        "voice": st.just(1),
        "people": st.integers(1, 3),
        "quantity": st.tuples(st.integers(1, 2), st.sampled_from(["kg", None])).map(list),
        "urgency:high": st.just(1),
        "group:child": st.just(1),
    },
)
_SENDER = st.sampled_from([None, b"a", b"b"])


@given(st.lists(st.tuples(_SENDER, _SAID), max_size=8), st.randoms(use_true_random=False))
def test_any_order_counts_alike(said: list[tuple[bytes | None, dict[str, Any]]], dice: Any) -> None:
    voices = [Voice(sender, START + timedelta(minutes=n), words) for n, (sender, words) in enumerate(said)]
    came = list(voices)
    dice.shuffle(came)
    counts, words = Counts(), dict[bytes, Words]()
    for voice in came:
        counts.hear(words.setdefault(voice.sender or b"", {}), voice.said, voice.at)
    assert counts.of == joining.count(voices)
    assert counts.tally() == joining.tally_of(voices)


def test_a_later_word_of_the_same_voice_replaces_its_earlier_one() -> None:
    counts, words = Counts(), dict[str, Any]()
    counts.hear(words, {"voice": 1, "people": 5}, START)
    counts.hear(words, {"voice": 1, "people": 7}, START + timedelta(hours=1))
    counts.hear(words, {"people": 6}, START + timedelta(minutes=1))
    assert (counts.of, counts.first_at, counts.last_at) == (
        {("voice", 1): 1, ("people", 7): 1},
        START,
        START + timedelta(hours=1),
    )
