"""Of several places of one name the one that is meant, and those that it may be as well. Pure."""

from collections.abc import Sequence
from math import log10

from server.kernel.geo import distance_m
from server.places.gazetteer import Match, PlaceRow, is_called
from server.reports.reading.hints import Hints
from server.reports.reading.model import PlaceRead

CLOSE = 0.7
"""Places whose weights (powers of ten of people) differ by less are both shown: a fifth of the people is no proof."""
MOST_CANDIDATES = 4
_SAME_M = 10_000.0
"""Nearer than this two entries of one name are one place."""
_SEAT = 20_000
_TOWN = 3500
"""So many people make a town by the law of Iran: no fewer live in one that nobody has counted."""
_BY_ALIAS = 1.0
"""A place that is only also called so, or was, stands back behind one of that very name: ساوه is not Arak."""
_COUNTY_SLACK = 1.3
"""A county's radius holds nine tenths of it."""


def named_areas(matches: list[Match]) -> list[PlaceRow]:
    """Return provinces and counties the message names as such: they settle which of several towns is meant."""
    areas: list[PlaceRow] = []
    for match in matches:
        for row in match.candidates:
            only_area = row.kind == "province" and not any(c.kind in ("city", "town") for c in match.candidates)
            cued = row.kind in match.cues or (only_area and row.kind == "province")
            if row.kind in ("province", "county") and (cued or row.kind == "province"):
                areas.append(row)
    return areas


def pick(match: Match, within: list[PlaceRow], hints: Hints | None = None) -> PlaceRow:
    """Choose among places of one name: what the cue says, then what lies in a named area, then what speaks for it."""
    candidates = match.candidates
    for kind in ("province", "county"):
        if kind in match.cues:
            areas = [c for c in candidates if c.kind == kind]
            inside = [c for c in areas if any(a.admin1_code == c.admin1_code and a not in areas for a in within)]
            if areas:
                return (inside or areas)[0]
    towns = [c for c in candidates if c.kind not in ("province", "county")]
    provinces = [c for c in candidates if c.kind == "province"]
    if provinces and not (match.cues & {"city", "village"}):
        # A province outranks a town of its name elsewhere (Golestan), not its own capital (Kermanshah).
        own = [t for t in towns if t.admin1_code == provinces[0].admin1_code and t.population >= 50_000]
        return own[0] if own else provinces[0]
    pool = towns or list(candidates)
    inside = _inside(pool, [a for a in within if a not in candidates])
    if not inside and match.cue == "city" and not towns:
        return pool[0]
    return max(inside or pool, key=lambda row: _weight(row, candidates, hints, match.key))


def rivals(match: Match, chosen: PlaceRow, within: list[PlaceRow], hints: Hints | None = None) -> list[PlaceRead]:
    """Return the other places of the chosen one's name that are nearly as likely, likeliest first."""
    if chosen.kind in ("province", "county"):
        return []
    towns = [c for c in match.candidates if c.kind not in ("province", "county")]
    pool = _inside(towns, [a for a in within if a not in match.candidates]) or towns
    if chosen not in pool:
        return []
    least = _weight(chosen, match.candidates, hints, match.key) - CLOSE
    close = [
        (weight, row)
        for row in pool
        if row is not chosen
        and (weight := _weight(row, match.candidates, hints, match.key)) >= least
        and distance_m(row.lon, row.lat, chosen.lon, chosen.lat) > _SAME_M
    ]
    close.sort(key=lambda pair: -pair[0])
    return [read_of(row) for _, row in close[:MOST_CANDIDATES]]


def read_of(row: PlaceRow) -> PlaceRead:
    """A gazetteer's entry as a reading names it."""
    return PlaceRead(row.name_en, row.name_fa, row.lat, row.lon, row.accuracy_m, row.province_en, row.province_fa)


def _inside(pool: Sequence[PlaceRow], areas: Sequence[PlaceRow]) -> list[PlaceRow]:
    """Those inside a named county; where none is, those inside a named province, or a county's province."""
    in_county = [
        row
        for row in pool
        if any(
            a.kind == "county" and distance_m(row.lon, row.lat, a.lon, a.lat) <= a.accuracy_m * _COUNTY_SLACK
            for a in areas
        )
    ]
    return in_county or [row for row in pool if any(a.admin1_code == row.admin1_code for a in areas)]


def _weight(row: PlaceRow, candidates: Sequence[PlaceRow], hints: Hints | None, key: str) -> float:
    """What speaks for a place: its people (a town that is its county's seat has some without a figure), and hints."""
    seat = any(
        c.kind == "county" and distance_m(row.lon, row.lat, c.lon, c.lat) < 30_000 for c in candidates if c is not row
    )
    least = _TOWN if row.kind == "town" else 0
    people = log10(1 + max(row.population, least) + (_SEAT if seat else 0))
    if key and len(candidates) > 1 and not is_called(row, key):
        people -= _BY_ALIAS
    return people + (hints.weight(row.lon, row.lat, row.accuracy_m) if hints else 0.0)
