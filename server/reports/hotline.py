"""What a hotline's volunteer sees while she types: how the draft reads so far, and which places it may mean. Pure.

Nothing here is stored, logged or sent on: a draft is nobody's report until Enter is pressed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from server.places.gazetteer import Gazetteer, PlaceRow
from server.places.names import fold
from server.reports.reading import PlaceRead, read

CANDIDATES: Final = 5
"""As many as there are keys for them: Alt+1 to Alt+5."""
DRAFT_CHARS: Final = 4000
"""More than anybody says before a breath; beyond it only the beginning is read while it is typed."""
SHOWN: Final = ("lang", "kind", "urgency", "needs", "incidents", "people", "households", "vulnerable")

Spot = tuple[str, float, float]


def draft(text: str, gazetteer: Gazetteer, found: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """How a draft reads: the fields of SHOWN, and `places` to choose from.

    `found`: rows of a search for the volunteer's own words for the place; they come first, then the one that reading
    would take (`read`: true), then all others that the words may mean.
    """
    text = text[:DRAFT_CHARS]
    reading = read(text, gazetteer)
    shape = reading.as_dict()
    named = [_row(row) for match in gazetteer.find(fold(text)) for row in match.candidates]
    return {key: shape[key] for key in SHOWN} | {"places": list(_places(reading.place, list(found), named))}


def begun(text: str, gazetteer: Gazetteer) -> str | None:
    """The name that is being typed at the end of a draft, right after a word that announces one (روستای …)."""
    return gazetteer.begun(fold(text[-DRAFT_CHARS:]))


def _row(row: PlaceRow) -> dict[str, Any]:
    names = {"name_en": row.name_en, "name_fa": row.name_fa, "province_en": row.province_en}
    spot = {"lat": row.lat, "lon": row.lon, "accuracy_m": row.accuracy_m}
    return {**names, "province_fa": row.province_fa, "kind": row.kind, **spot}


def _told(place: PlaceRead) -> dict[str, Any]:
    """A point that the words tell by numbers, or the middle of a stretch: no place of the gazetteer."""
    names = {"name_en": place.name, "name_fa": place.name_fa, "province_en": place.province}
    spot = {"lat": place.lat, "lon": place.lon, "accuracy_m": place.accuracy_m}
    return {**names, "province_fa": place.province_fa, "kind": "point", **spot}


def _spot(row: Mapping[str, Any]) -> Spot:
    return row["name_en"], row["lat"], row["lon"]


def _places(
    chosen: PlaceRead | None, found: list[Mapping[str, Any]], named: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """At most CANDIDATES places, each once."""
    key = (chosen.name, chosen.lat, chosen.lon) if chosen else None
    seen: set[Spot] = set()
    told = [] if chosen is None or key in {_spot(row) for row in named} else [_told(chosen)]
    for row in [*found, *told, *(row for row in named if _spot(row) == key), *named]:
        spot = _spot(row)
        if spot in seen or len(seen) == CANDIDATES:
            continue
        seen.add(spot)
        yield {
            "name": row["name_en"],
            "name_fa": row["name_fa"],
            "kind": row["kind"],
            "province": row["province_en"],
            "province_fa": row["province_fa"],
            "lat": row["lat"],
            "lon": row["lon"],
            "accuracy_m": chosen.accuracy_m if chosen and spot == key else row["accuracy_m"],
            "read": spot == key,
        }
