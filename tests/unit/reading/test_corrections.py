"""What stands behind FIX and its code."""

from typing import Any

import pytest

from server.places.gazetteer import default_gazetteer
from server.reports.reading import read


@pytest.mark.parametrize(
    ("tail", "need", "people", "households", "place"),
    [
        ("20 چادر", ("shelter", 20), None, None, None),
        ("۲۰ چادر", ("shelter", 20), None, None, None),
        ("چادر ۲۰", ("shelter", 20), None, None, None),
        ("50 tents", ("shelter", 50), None, None, None),
        ("water 200 litres", ("water", 200), None, None, None),
        ("people 12", None, 12, None, None),
        ("12 people", None, 12, None, None),
        ("۱۲ نفر", None, 12, None, None),
        ("نفر ۱۲", None, 12, None, None),
        ("7 families", None, None, 7, None),
        ("۷ خانوار", None, None, 7, None),
        ("place Kuhdasht", None, None, None, "Kuhdasht"),
        ("مکان کوهدشت", None, None, None, "Kuhdasht"),
        ("کوهدشت", None, None, None, "Kuhdasht"),
        ("15", None, None, None, None),
        ("", None, None, None, None),
    ],
)
def test_corrections(
    tail: str, need: tuple[Any, ...] | None, people: int | None, households: int | None, place: str | None
) -> None:
    got = read(f"FIX K7P2 {tail}", default_gazetteer())
    assert (got.kind, got.urgency, got.command and got.command.code) == ("update", "normal", "K7P2")
    assert [(n.category, n.quantity) for n in got.needs] == ([need] if need else [])
    assert (got.people, got.households, got.place and got.place.name) == (people, households, place)
    assert got.command is not None
    bare = (None, int(tail)) if tail.isdecimal() else (None, None)
    assert (got.command.need, got.command.quantity) == (need or bare)
    assert got.command.place == place
