"""Whether a report and a record are one happening: a score with its reasons; join, ask a person, or keep apart. Pure.

`docs/chain.md` tells the weights in words. What is compared lies in numbers and keyed hashes (`Signature`): a record's
comes from what its live links say, so that joining, merging and undoing need no arithmetic here either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson

from server.places.spots import Spot
from server.reports.joining import AREA_WIDE, NEAR_M, OF_A_HOUSE, WINDOW, Candidate, Find, near
from server.reports.landmark_words import FINE, SITES, WIDE
from server.reports.landmarks import LATIN, PERSIAN
from server.reports.signatures import NUMBERS, Signature, signature

JOIN: Final = 1.5
PROPOSE: Final = 0.0
"""From here on a person is asked; below, two stay two without a word."""
MARKS_MOST: Final = 48
"""A record that so many landmarks have been told of learns no more of them."""
_ALIKE_BYTES: Final = 16
_FELT_BY_ALL: Final = frozenset({"flooding", "aftershock", "power_outage"})
"""What two points a kilometre apart have in common."""
_METRES_A_DEGREE: Final = 110_000.0
"""A little less than a degree of latitude anywhere."""
_WITHIN_M: Final = 30_000.0
_DOOR_M: Final = 100.0
_VILLAGE_M: Final = 2_000.0
_TOWN_M: Final = 15_000.0
_MOMENT: Final = timedelta(hours=3)
_MOMENTARY: Final = frozenset({"aftershock"})
_EVERYWHERE: Final = AREA_WIDE - {"gas_leak", "security", "dam_or_levee_risk"}
"""What a town has as a whole, whichever street of it somebody names."""
_DAY: Final = timedelta(hours=24)
_ON_A_LINE: Final = frozenset({"bridge_out", "road_blocked", "landslide", "dam_or_levee_risk"})
_LONE: Final = OF_A_HOUSE | {"search_rescue", "medical_care", "protection"}
"""What befalls one house or one person: a town may have many at once."""
_OF_PERSONS: Final = frozenset(("age", "person", "kin", "beside"))
_OF_ONE_PERSON: Final = frozenset(("missing_person", "child_alone"))
_SCRIPTS: Final = frozenset((PERSIAN, LATIN))
_PINS: Final = frozenset(("place.pin", "place.pin_in_place", "place.near"))
_MANY_SHARED: Final = 4
_SOME_SHARED: Final = 3
_FEW: Final = 2
_TELLING: Final = 7
"""From here on a number that is not rounded is rarely said of two things."""
_CLOSE: Final = 1.35
_TIE: Final = 0.25
_PARTED: Final = -2.0
_FAR: Final = 4.0

Reason = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How likely two are one: the score, and the reasons that it is made of."""

    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of a find: it joins `joined`, or is new; if new, `asked` is a record that it may belong to."""

    joined: Candidate | None = None
    asked: Candidate | None = None
    verdict: Verdict | None = None


def judge(find: Find, spot: Spot, at: datetime, mine: Signature, candidate: Candidate) -> Verdict | None:
    """How likely a find is what a record tells of. None: they cannot be one (too far, too long ago)."""
    if abs(at - candidate.last_at) > WINDOW:
        return None
    reasons: list[Reason] = []
    where = _where(find, spot, mine, candidate)
    if where is None:
        return None
    reasons.append(where)
    theirs = candidate.signature
    reasons += _words(find, where[0], mine, theirs, own=candidate.own)
    reasons += _numbers(find, mine, theirs)
    if candidate.own:
        reasons.append(("sender.same", 1.0))
    if candidate.refuted and find.kind == "incident" and find.category not in _LONE:
        # A rumour draws its retellings, be they vaguer. Never what befalls one house: the next one may be true.
        reasons.append(("rumour.same", 1.0))
    apart = abs(at - candidate.last_at)
    if find.category in _MOMENTARY and apart > _MOMENT:
        reasons.append(("time.another", -3.0))
    elif find.category in _LONE and apart > _DAY:
        reasons.append(("time.long", -0.5))
    return Verdict(round(sum(points for _, points in reasons), 2), tuple(reasons))


def choose(
    find: Find, spot: Spot, at: datetime, candidates: Sequence[Candidate], mine: Signature | None = None
) -> Choice:
    """The record that a find joins, or that a person is asked about.

    Without a place only what the same sender spoke of before will do. Among equals: the sender's own, the nearest, the
    oldest.
    """
    mine = signature(find.said.items()) if mine is None else mine
    best: tuple[tuple[Any, ...], Candidate, Verdict] | None = None
    ranked: list[tuple[float, Candidate]] = []
    for candidate in candidates:
        verdict = judge(find, spot, at, mine, candidate)
        if verdict is None or verdict.score < PROPOSE:
            continue
        ranked.append((verdict.score, candidate))
        rank = (-verdict.score, not candidate.own, candidate.spot.metres_to(spot), candidate.id.int)
        if best is None or rank < best[0]:
            best = (rank, candidate, verdict)
    if best is None:
        return Choice()
    _, candidate, verdict = best
    sure = verdict.score >= JOIN and not _either(find, candidate, verdict.score, ranked)
    return Choice(joined=candidate, verdict=verdict) if sure else Choice(None, candidate, verdict)


def _either(find: Find, best: Candidate, score: float, ranked: Sequence[tuple[float, Candidate]]) -> bool:
    """Whether a find suits two records equally well that their own words tell apart: a person has to say which."""
    if best.own:
        return False
    theirs = best.signature.landmarks
    return any(
        score - points <= _TIE
        and other is not best
        and sum(p for _, p in _landmarks(find, "", theirs, other.signature.landmarks)) <= _PARTED
        for points, other in ranked
    )


def _where(find: Find, spot: Spot, mine: Signature, candidate: Candidate) -> Reason | None:
    kind, category, other = find.kind, find.category, candidate.spot
    if not spot.located:
        if candidate.own:
            return ("place.none", 1.0)
        return ("place.by_words", -1.0) if mine.marked and candidate.signature.marked else None
    if near(kind, category, spot, other):
        return _how_near(category, spot, other)
    same_place = spot.place_id is not None and spot.place_id == other.place_id
    if same_place and spot.exact != other.exact:
        return ("place.house_in_town", -0.5)
    if not spot.exact and not other.exact and mine.marked and candidate.signature.marked:
        # A village that one names and the other only places by its town: words have to say that it is the same.
        coarse = max(spot.accuracy_m or 0, other.accuracy_m or 0)
        if _within(spot, other, min(coarse, _WITHIN_M)):
            return ("place.within", -0.25)
    return None


def _within(spot: Spot, other: Spot, metres: float) -> bool:
    """Whether two spots are so near; most candidates are ruled out by their latitude alone."""
    if spot.lat is None or other.lat is None or abs(spot.lat - other.lat) * _METRES_A_DEGREE > metres:
        return False
    return spot.metres_to(other) <= metres


def _how_near(category: str, spot: Spot, other: Spot) -> Reason:
    coarse = max(spot.accuracy_m or 0, other.accuracy_m or 0)
    fine = min(spot.accuracy_m or 0, other.accuracy_m or 0)
    if spot.exact and other.exact:
        return _at_a_point(category, spot, other)
    if coarse > _TOWN_M:
        return ("place.around", 1.0) if fine > _TOWN_M else ("place.town_or_around", 0.5)
    if category in AREA_WIDE:
        return ("place.area", 2.5)
    lone = category in _LONE
    if coarse <= _VILLAGE_M:
        return ("place.village", 2.0 if lone else 2.5)
    return ("place.town", 1.0 if lone else 2.0)


def _at_a_point(category: str, spot: Spot, other: Spot) -> Reason:
    """Two points: a fix of a few metres says the door, a pin on a map only the neighbourhood."""
    if category in _FELT_BY_ALL or max(spot.accuracy_m or 0, other.accuracy_m or 0) <= _DOOR_M:
        return ("place.exact", 3.0)
    if spot.metres_to(other) > _DOOR_M:
        return ("place.near", 0.25)
    named = spot.place_id is not None and spot.place_id == other.place_id
    return ("place.pin_in_place", 1.5) if named else ("place.pin", 1.0)


def _words(find: Find, where: str, mine: Signature, theirs: Signature, *, own: bool) -> list[Reason]:
    """What landmarks say: shared ones speak for one happening, different ones of a kind against it."""
    if not mine.marked and not theirs.marked:
        return []
    alike = _sketches(where, mine, theirs)
    mine, theirs = mine.landmarks, theirs.landmarks
    if not mine.marked and not theirs.marked:
        return alike
    if own and not mine.marked and (where == "place.none" or find.category not in _LONE):
        # Whoever has said which lane it is does not say so again.
        return alike
    return [*alike, *_landmarks(find, where, mine, theirs)]


def _sketches(where: str, mine: Signature, theirs: Signature) -> list[Reason]:
    """Whether the rare words are the same: one message sent on, or two by one hand about one thing."""
    one, others = mine.sketches, theirs.sketches
    if not one or not others:
        return []
    shared, of_one_script = max((len((a & b) - _SCRIPTS), bool(a & b & _SCRIPTS)) for a in one for b in others)
    if shared >= _MANY_SHARED:
        return [("words.same", 2.0)]
    if shared >= _SOME_SHARED:
        return [("words.alike", 1.0)]
    enough = of_one_script and min(max(map(len, one)), max(map(len, others))) > _MANY_SHARED
    return [("words.unlike", -1.0)] if enough and not shared and where in _PINS else []


def _landmarks(find: Find, where: str, mine: Signature, theirs: Signature) -> list[Reason]:
    wide_only = find.category in _EVERYWHERE
    reasons: list[Reason] = []
    agreed: set[str] = set()
    parted: set[str] = set()
    for kind in mine.marks.keys() & theirs.marks.keys():
        (agreed if mine.marks[kind] & theirs.marks[kind] else parted).add(kind)
    agreed |= _across(mine, theirs) | _across(theirs, mine) | _named_kin(mine, theirs)
    for kind in sorted(parted):
        base = kind.rstrip("#")
        if base == "beside":
            if not agreed and not wide_only:
                reasons.append(("words.beside_differ", -2.0))
        elif base == "kin":
            if find.category in _OF_ONE_PERSON:
                reasons.append(("words.person_differs", -6.0))
        elif base == "age":
            reasons.append(("words.age_differs", -4.0))
        elif base == "person":
            reasons.append(
                ("words.person_differs", -6.0 if find.category in _LONE or find.kind == "incident" else -2.0)
            )
        elif (not wide_only or base in WIDE) and (kind.endswith("#") or base not in agreed):
            reasons.append((f"words.{base}_differs", -6.0))
    if agreed:
        reasons.append(_agreement(agreed))
        return reasons
    if parted:
        return reasons
    return reasons + _one_sided(find, where, mine, theirs)


def _across(one: Signature, other: Signature) -> set[str]:
    """Kinds of `one` whose words the other tells without their kind, beside the place's name."""
    loose, numbers = (other.marks.get(kind, frozenset()) for kind in ("beside", "beside#"))
    return {kind for kind, keys in one.marks.items() if keys & (numbers if kind[-1] == "#" else loose)}


def _named_kin(mine: Signature, theirs: Signature) -> set[str]:
    """`my son Ali` and `named Ali` are one name."""
    for one, other in ((mine, theirs), (theirs, mine)):
        if one.marks.get("kin", frozenset()) & other.marks.get("person", frozenset()):
            return {"person"}
    return set()


def _agreement(agreed: set[str]) -> Reason:
    bases = {kind.rstrip("#") for kind in agreed}
    if bases & FINE or bases & SITES or bases & {"person", "kin"}:
        return ("words.landmark_agrees", 2.5)
    if bases & WIDE:
        return ("words.area_agrees", 2.0)
    return ("words.street_agrees", 1.25)


def _one_sided(find: Find, where: str, mine: Signature, theirs: Signature) -> list[Reason]:
    """One names a landmark and the other another kind of one, or none: no proof of either, but a reason to ask."""
    kinds = {k.rstrip("#") for k in mine.marks}, {k.rstrip("#") for k in theirs.marks}
    lone = find.category in _LONE
    if any(k & WIDE for k in kinds):
        return [("words.area_differs", -3.0) if all(k & WIDE for k in kinds) else ("words.area_in_one", -1.5)]
    if find.category in _EVERYWHERE or where == "place.exact" or where in _PINS:
        return []
    named = tuple(k - _OF_PERSONS for k in kinds)
    if all(k & SITES for k in kinds) or (lone and all(named)):
        return [("words.landmarks_differ", -2.0)]
    if not any(named):
        beside = any("beside" in k for k in kinds)
        return [("words.beside_in_one", -1.0 if lone else -0.5)] if beside else []
    return [("words.landmark_in_one", -0.5 if find.category in _ON_A_LINE else -1.0)]


def _numbers(find: Find, mine: Signature, theirs: Signature) -> list[Reason]:
    """Equal numbers speak for one happening; far different ones against it, where they would tell houses apart."""
    lone = find.category in _LONE
    agree = exact = differ = False
    for name in NUMBERS:
        one, other = mine.numbers.get(name), theirs.numbers.get(name)
        if not one or not other:
            continue
        ratios = [max(a, b) / max(1.0, min(a, b)) for a in one for b in other]
        if min(ratios) <= _CLOSE and max(*one, *other) >= _FEW:
            agree = True
            exact = exact or any(n >= _TELLING and n % 5 for n in set(one) & set(other))
        elif min(ratios) >= _FAR or (lone and min(ratios) > _CLOSE):
            differ = True
    if agree:
        return [("numbers.agree", 1.5 if exact else 1.0)]
    return [("numbers.differ", -1.0 if lone else -1.5)] if differ and find.category not in AREA_WIDE else []


def alike(find: Find, spot: Spot, mine: Signature) -> bytes:
    """A digest of what a find says of kind, named place, landmarks and numbers: equal for two that say the same.

    No exact point goes in: whoever has the table could try all doors of a town.
    """
    said = [
        find.kind,
        find.category,
        str(spot.place_id),
        spot.exact,
        sorted((kind, sorted(keys)) for kind, keys in mine.landmarks.marks.items()),
        sorted((name, sorted(values)) for name, values in mine.numbers.items()),
    ]
    return sha256(orjson.dumps(said)).digest()[:_ALIKE_BYTES]


def reach_m(find: Find, spot: Spot) -> float:
    """How far around a spot candidates may lie, in metres."""
    if spot.exact:
        return NEAR_M
    return NEAR_M if find.kind == "incident" or (spot.accuracy_m or 0) <= NEAR_M else 0.0
