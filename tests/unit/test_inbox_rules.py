"""In which order messages wait for a person's eyes."""

import pytest

from server.reports.inbox_rules import KNOWN, OLD, rank


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("life", "sms", None), ("high", "sms", None)),
        (("high", "hotline", None), ("normal", "sms", None)),
        (("normal", "sms", "NEED"), ("none", "sms", None)),
        # What is new before what many have said; but never a life.
        (("high", "sms", None, KNOWN - 1), ("high", "sms", None, KNOWN)),
        (("life", "sms", None, 500), ("high", "sms", None)),
        # Whoever waits for an answer before what came out of a file.
        (("none", "sms", None, 500), ("life", "import", None)),
    ],
)
def test_one_comes_before_the_other(first: tuple[str, ...], then: tuple[str, ...]) -> None:
    one, other = rank(*first), rank(*then)  # type: ignore[arg-type]
    assert one is not None
    assert other is not None
    assert one < other


def test_what_answers_itself_needs_no_look() -> None:
    assert [rank("none", "sms", verb) for verb in ("STATUS", "STOP", "ACCEPT", "FIX")] == [None, None, None, 3]
    assert rank("life", "feed", None) == OLD
