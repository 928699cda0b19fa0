"""When two reports mean the same thing, and what many reports say together. Pure; docs/chain.md tells it in words.

A report's part in an incident or need is kept on its link as `said`: a flat map of fields to values, in numbers and
codes. Whatever a record shows is counted anew from its live links, so joining is undone by undoing a link.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from server.incidents.rules import Tally, higher
from server.kernel.geo import on_earth
from server.places.spots import NOWHERE, Spot
from server.reports.signatures import NO_SIGNATURE, Signature

Kind = Literal["need", "incident"]
WINDOW: Final = timedelta(hours=72)
NEAR_M: Final = 2000.0
SENDER_ACCURACY_M: Final = 250.0
"""How far a point given without an accuracy may be off: a phone's fix among houses, or a finger on a map."""
SLACK_M: Final = 50.0
"""Two fixes of one doorstep differ by this much though each claims to be better."""
AREA_WIDE: Final = frozenset(
    {
        "flooding",
        "power_outage",
        "water_outage",
        "gas_leak",
        "comms_outage",
        "aftershock",
        "disease",
        "security",
        "dam_or_levee_risk",
    }
)
"""What a whole place has at once: everybody there tells of the same one."""
OF_A_HOUSE: Final = frozenset(
    {
        "trapped_people",
        "building_collapsed",
        "building_damaged",
        "injury",
        "death",
        "missing_person",
        "child_alone",
        "fire",
    }
)
"""Incidents of one house: as with needs, two houses of a town are two of them."""
VOICE: Final = "voice"
NAME_CHARS: Final = 200
_URGENCY: Final = "urgency:"
_GROUP: Final = "group:"
_QUANTITY: Final = "quantity"

Said = dict[str, Any]
Counts = Mapping[tuple[str, Any], int]
"""(field, value) → how many independent senders say so."""


@dataclass(frozen=True, slots=True)
class Find:
    """One incident or need found in a report."""

    kind: Kind
    category: str
    said: Said


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open record that a find may belong to. `own`: the same sender has spoken of it before.

    `refuted`: it was found untrue, and what says the same belongs to it all the more.
    """

    id: UUID
    spot: Spot
    last_at: datetime
    own: bool = False
    signature: Signature = NO_SIGNATURE
    refuted: bool = False


def locate(named: Spot, given: Spot, *, answered: bool = False) -> tuple[Spot, tuple[str, ...]]:
    """Where the thing is, from the place that the words name and the point that came along; and flags that say which.

    The happening's place wins over the sender's: a point outside the named place is where somebody stands. A point
    that a form asked for (`answered`) is the thing's own and wins over words.
    """
    if given.located and given.accuracy_m is None:
        given = Spot(None, given.lon, given.lat, SENDER_ACCURACY_M)
    flag = "form_position" if answered else "sender_position"
    if not given.located:
        return named, ()
    inside = named.located and named.metres_to(given) <= (named.accuracy_m or 0)
    if not named.located or inside or answered:
        return Spot(named.place_id if inside else None, given.lon, given.lat, given.accuracy_m), (flag,)
    return named, ("sender_elsewhere",)


def near(kind: Kind, category: str, one: Spot, other: Spot) -> bool:
    """Whether two spots may be of one record of this category."""
    same_place = one.place_id is not None and one.place_id == other.place_id
    exact = one.exact
    if exact != other.exact:
        coarse = max(one.accuracy_m or 0, other.accuracy_m or 0)
        # A house is not the town: only in a village small enough to be walked across are the two the same.
        in_it = coarse <= NEAR_M and one.metres_to(other) <= coarse
        return in_it or (same_place and kind != "need" and category not in OF_A_HOUSE)
    if not exact:
        return same_place
    if category in AREA_WIDE:
        return same_place or one.metres_to(other) <= NEAR_M
    return one.metres_to(other) <= min(max(one.accuracy_m or 0, other.accuracy_m or 0, SLACK_M), NEAR_M)


def better(one: Spot, than: Spot) -> bool:
    """Whether a spot says more precisely where a record is. Located beats not, then the smaller radius."""
    if not one.located:
        return False
    return not than.located or (one.accuracy_m or 0) < (than.accuracy_m or 0)


def sharper(one: Spot, than: Spot) -> Spot | None:
    """The spot of a record at `than` once a report at `one` has joined it, or None when nothing moves.

    A named place is not lost to a finer point that names none.
    """
    if not better(one, than):
        return None
    return one if one.place_id else Spot(than.place_id, one.lon, one.lat, one.accuracy_m)


def best(spots: Iterable[Spot]) -> Spot:
    """Where many reports, oldest first, put one record."""
    found = NOWHERE
    for spot in spots:
        found = sharper(spot, found) or found
    return found


def finds(reading: Mapping[str, Any], marks: Mapping[str, int] | None = None) -> list[Find]:
    """What a reading's report adds to the picture: nothing for offers, chatter and closed updates.

    `marks`: the landmarks that its words name, as fields of `said` (`landmarks.sealed`).
    """
    command = reading.get("command")
    if reading["kind"] in {"offer", "other"} or is_closing(reading) or (command and command["command"] != "NEED"):
        return []
    common = said_by(reading) | dict(marks or {})
    incidents = [Find("incident", code, dict(common)) for code in dict.fromkeys(reading["incidents"])]
    of_needs = common | {f"{_GROUP}{code}": 1 for code in reading["vulnerable"]}
    if reading["households"] is not None:
        of_needs["households"] = reading["households"]
    needs: dict[str, Find] = {}
    for need in reading["needs"]:
        said = dict(of_needs)
        if need["quantity"] is not None:
            said[_QUANTITY] = [need["quantity"], need["unit"]]
        known = needs.get(need["category"])
        if known is None or (_QUANTITY not in known.said and _QUANTITY in said):
            needs[need["category"]] = Find("need", need["category"], said)
    return [*needs.values(), *incidents]


def said_by(reading: Mapping[str, Any]) -> Said:
    """What a reading's report says of whatever it speaks of: one voice, its urgency, how many people."""
    said: Said = {VOICE: 1, f"{_URGENCY}{reading['urgency']}": 1}
    return said if reading["people"] is None else said | {"people": reading["people"]}


def is_closing(reading: Mapping[str, Any]) -> bool:
    """Whether a report's words say that something is over: met, cancelled. STOP and DONE are no words about a need."""
    return bool(reading["kind"] == "update" and reading["urgency"] == "none" and not reading.get("command"))


def goes_on(reading: Mapping[str, Any]) -> bool:
    """Whether a report tells of something without saying what, nor where: "nobody has come yet, he is worse"."""
    speaks = reading["kind"] in {"report", "update"} and not reading.get("command") and not is_closing(reading)
    return bool(speaks and not (reading["needs"] or reading["incidents"] or reading["place"]))


def with_answers(reading: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """A form's structured answers over what was read in its text: whatever was answered wins."""
    merged = dict(reading)
    for key in ("people", "households", "urgency"):
        if answers.get(key) is not None:
            merged[key] = answers[key]
    for key in ("needs", "incidents", "vulnerable"):
        if answers.get(key):
            merged[key] = list(answers[key])
    if answers.get("needs") or answers.get("incidents"):
        merged["kind"] = "report"
        if merged["urgency"] == "none":
            merged["urgency"] = "normal"
    return merged


def usable_answers(answers: Any, needs: Iterable[str], incidents: Iterable[str]) -> dict[str, Any]:
    """A form's answers with everything left out that a record could not hold (strangers' codes, impossible numbers)."""
    if not isinstance(answers, dict):
        return {}
    known = dict(answers)
    known["needs"] = [
        {"category": n["category"], "quantity": _count(n.get("quantity")), "unit": n.get("unit")}
        for n in _list(answers, "needs")
        if isinstance(n, dict) and n.get("category") in set(needs)
    ]
    known["incidents"] = [c for c in _list(answers, "incidents") if c in set(incidents)]
    known["vulnerable"] = [c for c in _list(answers, "vulnerable") if isinstance(c, str)]
    for key in ("people", "households"):
        number = _count(answers.get(key))
        known[key] = int(number) if number is not None else None
    if known.get("urgency") not in {"life", "high", "normal", "none"}:
        known["urgency"] = None
    return known


def with_told(reading: Mapping[str, Any], told: Any) -> dict[str, Any]:
    """A reading with what somebody who listened says beside it: how many, that a life is in danger, which place it is.

    What she left out stays as read. A life in danger makes a report of what rules would take for chatter.
    """
    merged = dict(reading)
    if not isinstance(told, dict):
        return merged
    if (people := _count(told.get("people"))) is not None:
        merged["people"] = int(people)
    if told.get("urgency") == "life":
        merged["urgency"] = "life"
        merged["kind"] = "report" if merged["kind"] == "other" else merged["kind"]
    return merged | ({"place": place} if (place := _told_place(told.get("place"))) else {})


def _told_place(place: Any) -> dict[str, Any] | None:
    """A place of the gazetteer as a reading names it; None for anything that is not one."""
    if not isinstance(place, dict) or not isinstance(place.get("name"), str):
        return None
    lon, lat, accuracy = place.get("lon"), place.get("lat"), _count(place.get("accuracy_m"))
    if not (isinstance(lon, float | int) and isinstance(lat, float | int) and on_earth(lon, lat)) or accuracy is None:
        return None
    name_fa = place.get("name_fa")
    return {
        "name": place["name"][:NAME_CHARS],
        "name_fa": name_fa[:NAME_CHARS] if isinstance(name_fa, str) else None,
        "lat": lat,
        "lon": lon,
        "accuracy_m": int(accuracy),
    }


def _list(answers: Mapping[str, Any], key: str) -> list[Any]:
    value = answers.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def _count(value: Any) -> float | int | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and 0 <= value < 1e9 else None  # noqa: PLR2004 - the database's bound


@dataclass(frozen=True, slots=True)
class Voice:
    """One live link: who (None: unknown), when, and what was said."""

    sender: bytes | None
    at: datetime
    said: Mapping[str, Any]


def count(voices: Iterable[Voice]) -> dict[tuple[str, Any], int]:
    """How many independent senders say each thing: of each sender the latest word on a field; unknown ones are one.

    The same as `chain_queries.TALLY` counts in the database.
    """
    latest: dict[tuple[bytes | None, str], Any] = {}
    for voice in sorted(voices, key=lambda v: v.at):
        for field, value in voice.said.items():
            latest[voice.sender, field] = _frozen(value)
    counts: dict[tuple[str, Any], int] = {}
    for (_, field), value in latest.items():
        counts[field, value] = counts.get((field, value), 0) + 1
    return counts


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def settle(counts: Counts, first_at: datetime | None, last_at: datetime | None) -> Tally:
    """What the counts add up to. A number is the one that most senders say (of equals the largest), never a sum."""
    urgency = "none"
    groups = []
    for (field, _), voices in counts.items():
        if voices and field.startswith(_URGENCY):
            urgency = higher(urgency, field.removeprefix(_URGENCY))
        elif voices and field.startswith(_GROUP):
            groups.append(field.removeprefix(_GROUP))
    quantity, unit = _quantity(counts)
    return Tally(
        corroboration=sum(n for (field, _), n in counts.items() if field == VOICE),
        people=_most(counts, "people"),
        households=_most(counts, "households"),
        quantity=quantity,
        unit=unit,
        urgency=urgency,
        vulnerable=tuple(sorted(groups)),
        first_at=first_at,
        last_at=last_at,
    )


def _most(counts: Counts, field: str) -> Any:
    said = [(n, value) for (name, value), n in counts.items() if name == field]
    return max(said)[1] if said else None


def _quantity(counts: Counts) -> tuple[float | None, str | None]:
    """The number that most say, in the unit that most use: fifty tents and fifty kilograms do not agree."""
    said = [(n, value[0], value[1]) for (name, value), n in counts.items() if name == _QUANTITY]
    if not said:
        return None, None
    units: dict[str, int] = {}
    for n, _, unit in said:
        units[unit or ""] = units.get(unit or "", 0) + n
    chosen = max(units, key=lambda u: (units[u], u))
    _, number = max((n, number) for n, number, unit in said if (unit or "") == chosen)
    return float(number), chosen or None


def tally_of(voices: Sequence[Voice]) -> Tally:
    """Count and settle at once."""
    spoken = [v.at for v in voices if VOICE in v.said]
    return settle(count(voices), min(spoken, default=None), max(spoken, default=None))
