"""How far incidents are believed and how they rank."""

from server.incidents.rules import LIKELY_FROM, believed, higher, severity


def test_voices_make_likely_and_never_more() -> None:
    assert [believed(n) for n in (0, LIKELY_FROM - 1, LIKELY_FROM, 500)] == [
        "unverified",
        "unverified",
        "likely",
        "likely",
    ]


def test_the_higher_urgency_wins() -> None:
    assert higher("normal", "life") == higher("life", "none") == "life"


def test_rank_follows_urgency_then_people() -> None:
    assert severity("life", None, 1, "unverified") > severity("high", 5_000_000, 900, "confirmed")
    assert severity("high", 900, 1, "unverified") > severity("high", 9, 1, "unverified")
    assert severity("life", 900, 9, "refuted") == 0
