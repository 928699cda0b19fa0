"""One report opened, read and located: pure but for the keys, so it may run in a thread, outside of any lock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from server.access.sealing import Record, Sealing
from server.kernel.geo import on_earth
from server.places.gazetteer import Gazetteer
from server.places.spots import EXACT_M, Spot
from server.reports import joining, landmarks
from server.reports.content import notes_of, text_of
from server.reports.form_answers import CHANNEL, SAYS, is_silent, may_say
from server.reports.hearing import Heard, heard_of
from server.reports.intake import TABLE
from server.reports.learning.speaking import Helper, told_by_own
from server.reports.own_words import Shelf
from server.reports.reading import OWN_SIGN, PlaceRead, Reading, read
from server.reports.reading.hints import Hints
from server.reports.reading.model import Kind
from server.reports.reading.places import place_called
from server.standards.taxonomy import INCIDENTS, NEEDS

PlaceIds = Mapping[tuple[str, float, float], UUID]


@dataclass(frozen=True, slots=True)
class Atlas:
    """What names places: the gazetteer, and the ids of its entries by (English name, lat, lon); own words; a model."""

    gazetteer: Gazetteer
    ids: PlaceIds
    own: Shelf = field(default_factory=Shelf)
    helper: Helper | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """A report as the chain goes on with it. `reading` is what is stored; `at` the time that it speaks of.

    `stored`: the reading is a person's and stands already. `shown`: lon and lat of an answered position, blurred.
    """

    id: UUID
    emergency_id: UUID | None
    sender: bytes | None
    at: datetime
    reading: dict[str, Any]
    spot: Spot
    finds: tuple[joining.Find, ...]
    closing: bool
    heard: Heard
    stored: bool = False
    shown: tuple[float, float] | None = None


@dataclass(slots=True)
class Batch:
    """What could be read of a batch, and which reports failed, with the kind of the error."""

    good: list[Understood] = field(default_factory=list)
    bad: list[tuple[UUID, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Opened:
    """A report's words, and what was read in them: `found` is None where a person's reading stands."""

    row: Mapping[str, Any]
    record: Record
    answers: dict[str, Any]
    whole: dict[str, Any]
    text: str
    found: Reading | None


def understand_all(sealing: Sealing, atlas: Atlas, rows: Iterable[Mapping[str, Any]], country: str = "IR") -> Batch:
    """Read a batch; a report that cannot be read is set apart with the name of what went wrong, never its words."""
    batch = Batch()
    opened: list[_Opened] = []
    for row in rows:
        try:
            opened.append(_open(sealing, atlas, row))
        except Exception as error:  # noqa: BLE001 - whatever one report breaks, the others are read
            batch.bad.append((row["id"], type(error).__name__))
    if atlas.helper is not None:
        _help(atlas, atlas.helper, [one for one in opened if one.found is not None])
    for one in opened:
        try:
            batch.good.append(_understood(sealing, atlas, one, country))
        except Exception as error:  # noqa: BLE001 - as above
            batch.bad.append((one.row["id"], type(error).__name__))
    return batch


def _open(sealing: Sealing, atlas: Atlas, row: Mapping[str, Any]) -> _Opened:
    """Open one row of `reports` and read its words by the rules."""
    record = sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
    answers = answers_of(record, row)
    body = record.open("body_sealed", row["body_sealed"]) or b""
    whole = dict(row.get("whole") or {})
    told = whole.pop("text", None) or text_of(body, row["content_type"])
    text = notes_of(answers) if answers else told
    if row.get("by_person"):
        return _Opened(row, record, answers, whole, text, None)
    found = read(text, atlas.gazetteer, own=atlas.own.of(row["emergency_id"]), hints=row.get("hints"))
    return _Opened(row, record, answers, whole, text, found)


def _help(atlas: Atlas, helper: Helper, opened: Sequence[_Opened]) -> None:
    """Let the models say their part of all at once: one message at a time costs ten times as much.

    What coordinators' own words say of a message stays as they say it.
    """
    by_rules = [one.found for one in opened if one.found is not None]

    def again(number: int, kind: Kind) -> Reading:
        one = opened[number]
        own = atlas.own.of(one.row["emergency_id"])
        return read(one.text, atlas.gazetteer, own=own, hints=one.row.get("hints"), kind=kind)

    spared = [_own_says(atlas, one) for one in opened]
    for one, found in zip(opened, helper.helped([o.text for o in opened], by_rules, again, spared), strict=True):
        if one.found is not None:
            one.whole = helper.stored(one.whole, one.found, found)
        one.found = found


def _own_says(atlas: Atlas, one: _Opened) -> frozenset[str]:
    """Labels that the own words of an emergency's coordinators decided."""
    if one.found is None or not any(sign.startswith(OWN_SIGN) for sign in one.found.signs):
        return frozenset()
    return told_by_own(one.found, read(one.text, atlas.gazetteer, hints=one.row.get("hints")))


def _understood(sealing: Sealing, atlas: Atlas, one: _Opened, country: str) -> Understood:
    """Locate a report that was read, and say what is found in it."""
    row, record, answers, text, found = one.row, one.record, one.answers, one.text, one.found
    if found is None:
        return _as_decided(sealing, row, answers, atlas, text, country)
    reading = found.as_dict() | one.whole
    if found.candidates:
        reading["candidates"] = [candidate_of(place) for place in found.candidates]
    if answers:
        reading = joining.with_answers(reading, answers)
        reading["place"] = _named_place(answers, atlas, row.get("hints")) or reading["place"]
    elif row["channel"] == "hotline":
        reading = joining.with_told(reading, told_of(record, row))
    spot, flags = spot_of(record, row, reading, answers, atlas.ids)
    if (veiled := veiled_place(sealing, reading)) is not None:
        reading["place"], flags = veiled, (*flags, POINT_FLAG)
    if flags:
        reading["flags"] = list(flags)
    return Understood(
        row["id"],
        row["emergency_id"],
        row["sender_hash"],
        moment_of(row),
        reading,
        spot,
        tuple(joining.finds(reading, marks_of(sealing, text, reading))),
        joining.is_closing(reading),
        heard_of(record, row, reading, text, country),
        shown=shown_of(sealing, answers),
    )


def marks_of(sealing: Sealing, text: str, reading: Mapping[str, Any]) -> dict[str, int]:
    """The landmarks that a report's words name, as hashes: what tells one house of a town from another."""
    return landmarks.sealed(landmarks.marks(text, reading["why"]), sealing.keyed_hash)


def moment_of(row: Mapping[str, Any]) -> datetime:
    """The time that a report speaks of."""
    # A file's own date orders old messages among themselves; a live gateway's clock is only a claim.
    said: datetime | None = row["occurred_at"] if row["channel"] == "import" else None
    received: datetime = row["received_at"]
    return min(said, received) if said else received


def _as_decided(
    sealing: Sealing, row: Mapping[str, Any], answers: Mapping[str, Any], atlas: Atlas, text: str, country: str
) -> Understood:
    """A report whose reading a person has set: it stands, whatever the rules would make of the words."""
    record = sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
    reading: dict[str, Any] = row["by_person"]
    return Understood(
        row["id"],
        row["emergency_id"],
        row["sender_hash"],
        moment_of(row),
        reading,
        spot_of(record, row, reading, answers, atlas.ids)[0],
        tuple(joining.finds(reading, marks_of(sealing, text, reading))),
        joining.is_closing(reading),
        heard_of(record, row, reading, text, country),
        stored=True,
    )


def answers_of(record: Record, row: Mapping[str, Any]) -> dict[str, Any]:
    """A form's structured answers, usable ones only; empty for other reports."""
    if row["channel"] != CHANNEL:
        return {}
    says = row.get(SAYS)
    found: Any = says.answers(record.open("body_sealed", row["body_sealed"]) or b"") if says else None
    if found is None and row["meta_sealed"] is not None:
        found = orjson.loads(record.open("meta_sealed", row["meta_sealed"]) or b"{}").get("answers")
    return joining.usable_answers(may_say(found), NEEDS, INCIDENTS) if isinstance(found, Mapping) else {}


def shown_of(sealing: Sealing, answers: Mapping[str, Any]) -> tuple[float, float] | None:
    """Where a form report is shown: the position that was answered, blurred; None when there is none."""
    lon: Any = answers.get("lon")
    lat: Any = answers.get("lat")
    return sealing.blur(lon, lat) if on_earth(lon, lat) and not is_silent(answers) else None


def told_of(record: Record, row: Mapping[str, Any]) -> Any:
    """What the volunteer at the phone said beside the caller's words, as it came; None when she said nothing."""
    if row["meta_sealed"] is None:
        return None
    return orjson.loads(record.open("meta_sealed", row["meta_sealed"]) or b"{}").get("told")


def spot_of(
    record: Record, row: Mapping[str, Any], reading: Mapping[str, Any], answers: Mapping[str, Any], ids: PlaceIds
) -> tuple[Spot, tuple[str, ...]]:
    """Where a report's happening is, and flags that say by what."""
    place = reading["place"]
    named = Spot()
    if place:
        named = Spot(
            ids.get((place["name"], place["lat"], place["lon"])), place["lon"], place["lat"], float(place["accuracy_m"])
        )
    if place and "place" in reading.get("decided", ()):
        # A person who has read the words says where it is: her point wins over every other.
        return named, ()
    if is_silent(answers):
        return Spot(), ()
    lon, lat = answers.get("lon"), answers.get("lat")
    if on_earth(lon, lat):
        accuracy = answers.get("accuracy_m")
        given = Spot(None, lon, lat, float(accuracy) if isinstance(accuracy, int | float) and accuracy >= 0 else None)
        return joining.locate(named, given, answered=True)
    if row["geom_exact_sealed"] is None:
        return named, ()
    point = orjson.loads(record.open("geom_exact_sealed", row["geom_exact_sealed"]) or b"{}")
    return joining.locate(named, Spot(None, float(point["lon"]), float(point["lat"])))


def _named_place(answers: Mapping[str, Any], atlas: Atlas, hints: Hints | None) -> dict[str, Any] | None:
    name = answers.get("place_name")
    place = place_called(str(name), atlas.gazetteer, hints) if name else None
    return None if place is None else {key: getattr(place, key) for key in _PLACE_KEYS}


_PLACE_KEYS: Final = ("name", "name_fa", "lat", "lon", "accuracy_m")
POINT_FLAG: Final = "point_in_words"
"""The words themselves tell a point; it may be where the sender stood when they were typed."""


def candidate_of(place: PlaceRead) -> dict[str, Any]:
    """Another place that a report may mean, with the province that tells it from the others."""
    return {key: getattr(place, key) for key in (*_PLACE_KEYS, "province", "province_fa")}


def veiled_place(sealing: Sealing, reading: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the stored reading shows of a point told in the words: a reading lies open in the table, a home must not.

    None when there is no such point; the exact one goes on in the report's spot, and is sealed with its records.
    """
    place = reading["place"]
    told = place and any(str(w["rule"]).startswith("place.point.") for w in reading["why"])
    return veil(sealing, place) if told else None


def veil(sealing: Sealing, place: Mapping[str, Any]) -> dict[str, Any] | None:
    """A place as it may lie open: a point as fine as a home (under EXACT_M metres) blurred; None when it is coarser."""
    if place["accuracy_m"] >= EXACT_M:
        return None
    lon, lat = sealing.blur(place["lon"], place["lat"])
    name = place["name"] if any(c.isalpha() for c in place["name"]) else f"{lat:.2f}, {lon:.2f}"
    return {**place, "name": name, "lat": lat, "lon": lon, "accuracy_m": VEILED_M}


VEILED_M: Final = 1500
"""What a blurred point leaves open: the diagonal of its square."""
