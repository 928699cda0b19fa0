"""Which record each find belongs to: decided in memory, from the candidates that one query a kind has fetched. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import cos, radians
from typing import Any, Final
from uuid import UUID

from server.access.sealing import BLUR_CELL_M
from server.incidents.rules import CLOSURE_KINDS
from server.kernel.ids import uuid7
from server.places.spots import NOWHERE, Spot
from server.reports import joining, matching
from server.reports.joining import Candidate, Find, Kind, Voice
from server.reports.landmarks import MARK, SKETCH
from server.reports.signatures import signature
from server.reports.understanding import Understood
from server.standards.taxonomy import INCIDENTS, NEEDS

MADE_BY: Final = "chain"
_RANK: Final = {code: n for n, code in enumerate([*NEEDS, *INCIDENTS])}
_ANYWHERE: Final = UUID(int=0)
_NO_KEYS: Final = (f"{MARK}{SKETCH}:", f"{MARK}age")
_BY_ITSELF: Final = (f"{MARK}village:", f"{MARK}person:", f"{MARK}kin:")
"""Landmarks that need no named place to be looked for."""
_GOES_ON: Final = timedelta(hours=6)
_FEW_TOLD: Final = 6
"""One report makes two to four records; more than this are of several."""
_METRES_A_DEGREE: Final = 111_320.0
Row = Mapping[str, Any]


@dataclass(slots=True)
class Subject:
    """An incident or need as this batch knows it."""

    kind: Kind
    id: UUID
    emergency_id: UUID
    category: str
    spot: Spot
    last_at: datetime
    new: bool
    voices: list[Voice] = field(default_factory=list)
    moved: bool = False
    incident_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A record just made that may be one with another: a person decides."""

    report: Understood
    subject: Subject
    other: UUID
    verdict: matching.Verdict
    alike: bytes


@dataclass(slots=True)
class Woven:
    """What a batch made of its reports, before it is written."""

    subjects: dict[UUID, Subject] = field(default_factory=dict)
    links: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    marks: list[tuple[tuple[UUID, str, str, UUID], UUID]] = field(default_factory=list)
    """(landmark as it is looked for, record)."""
    parts: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    """report → how many (needs, incidents) it is part of."""

    def of(self, kind: Kind, *, new: bool) -> list[Subject]:
        """The batch's subjects of one kind, new or known."""
        return [s for s in self.subjects.values() if s.kind == kind and s.new == new]


class Known:
    """The open records that finds may belong to, by kind, emergency and category; grows as the batch makes its own."""

    def __init__(self, own: Mapping[bytes, Sequence[Row]], gone: set[UUID]) -> None:
        self.own, self.gone = own, gone
        self._by: dict[tuple[Kind, UUID, str], dict[UUID, Candidate]] = {}
        self.rulings: dict[tuple[UUID, bytes], str] = {}
        """(record, what a report said alike) → joined or apart, as a person has decided before."""
        self.apart: set[tuple[UUID, UUID]] = set()
        """(report, record) that a person has kept apart."""

    def fork(self) -> "Known":
        """A copy that another round of deciding may add to."""
        copy = Known(self.own, self.gone)
        copy._by = {key: dict(found) for key, found in self._by.items()}
        copy.rulings, copy.apart = self.rulings, self.apart
        return copy

    def add(self, kind: Kind, emergency: UUID, category: str, candidate: Candidate) -> None:
        """Put a record among the candidates."""
        if candidate.id not in self.gone:
            self._by.setdefault((kind, emergency, category), {})[candidate.id] = candidate

    def spot_of(self, kind: Kind, emergency: UUID, category: str, record: UUID) -> Spot:
        """Where a record is, if it is among the candidates."""
        found = self._by.get((kind, emergency, category), {}).get(record)
        return found.spot if found else NOWHERE

    def for_find(self, report: Understood, find: Find) -> list[Candidate]:
        """The records of the find's category, those that its sender has spoken of marked."""
        assert report.emergency_id is not None  # noqa: S101 - only reports of an emergency get here
        known = self._by.get((find.kind, report.emergency_id, find.category), {})
        near = {i: c for i, c in known.items() if i not in self.gone} if self.gone else dict(known)
        for row in self.own.get(report.sender or b"", ()):
            subject = row["need_id"] if find.kind == "need" else row["incident_id"]
            if (
                subject
                and (row["category"], row["emergency_id"]) == (find.category, report.emergency_id)
                and subject not in self.gone
            ):
                seen = near.get(subject) or Candidate(subject, NOWHERE, row["last_at"])
                near[subject] = replace(seen, last_at=row["last_at"], own=True)
        return list(near.values())


def key_of(report: Understood, find: Find) -> tuple[Any, ...]:
    """What two finds share when one search serves both."""
    spot = report.spot
    reach = matching.reach_m(find, spot)
    return (report.emergency_id, find.category, spot.place_id, spot.lon, spot.lat, reach, report.at.date())


def question_of(report: Understood, find: Find) -> dict[str, Any]:
    """What candidates are searched by, as `candidates` in the queries of needs and incidents takes it."""
    spot = report.spot
    reach = matching.reach_m(find, spot) + (2 * BLUR_CELL_M if find.kind == "need" else 0)
    degrees = reach / _METRES_A_DEGREE
    return {
        "emergency_id": report.emergency_id,
        "category": find.category,
        "place_id": spot.place_id,
        "lon": spot.lon,
        "lat": spot.lat,
        "dy": degrees,
        "dx": degrees / max(0.05, cos(radians(spot.lat or 0))),
        "at": report.at,
    }


def sought_by(report: Understood, find: Find) -> list[tuple[UUID, str, str, UUID]]:
    """The landmarks by which other records of a find's kind are looked for: (emergency, category, mark, near)."""
    assert report.emergency_id is not None  # noqa: S101 - only reports of an emergency get here
    place = report.spot.place_id or _ANYWHERE
    return [
        (report.emergency_id, find.category, name, near)
        for name in find.said
        if name.startswith(MARK) and not name.startswith(_NO_KEYS)
        for near in dict.fromkeys((place, _ANYWHERE) if name.startswith(_BY_ITSELF) else (place,))
    ]


def decide(reports: Sequence[Understood], known: Known) -> Woven:
    """Each find to the record that it belongs to, or to a new one. Incidents first: needs follow from them."""
    woven = Woven()
    for report in reports:
        finds = sorted(report.finds, key=lambda f: f.kind)
        made = [_belongs(report, find, known, woven) for find in finds]
        for subject, find in _carried_on(report, known, woven):
            subject.last_at = max(subject.last_at, report.at)
            woven.subjects[subject.id] = subject
            made.append(subject)
            finds.append(find)
        incident = next((s for s in made if s.category in CLOSURE_KINDS), None) or next(
            (s for s in made if s.kind == "incident"), None
        )
        first = min(made, key=_primary, default=None)
        for subject, find in zip(made, finds, strict=True):
            if subject.kind == "need" and incident is not None and subject.incident_id is None:
                subject.incident_id = incident.id
            if report.spot.located:
                woven.marks += [(sought, subject.id) for sought in sought_by(report, find)]
            subject.voices.append(Voice(report.sender, report.at, find.said))
            woven.links.append(
                link(
                    report.id,
                    subject.kind,
                    subject.id,
                    "primary" if subject is first else "other",
                    report.sender,
                    find.said,
                    report.at,
                )
            )
        woven.parts[report.id] = (sum(s.kind == "need" for s in made), sum(s.kind == "incident" for s in made))
    return woven


def _carried_on(report: Understood, known: Known, woven: Woven) -> list[tuple[Subject, Find]]:
    """What a report goes on about, that names it no more: its sender's records of the last hours, if these are few.

    "Nobody has come yet", or an update from the same place. Somebody who has told of much has to say what he means.
    """
    if not (joining.goes_on(report.reading) or (report.reading["kind"] == "update" and not report.closing)):
        return []
    place = report.spot.place_id
    if report.spot.located and place is None:
        return []
    said = {(f.kind, f.category) for f in report.finds}
    told: dict[UUID, Subject] = {}
    for row in known.own.get(report.sender or b"", ()):
        record: UUID = row["need_id"] or row["incident_id"]
        soon = timedelta(0) <= report.at - row["last_at"] <= _GOES_ON
        here = not report.spot.located or row["place_id"] in {None, place}
        ours = row["emergency_id"] == report.emergency_id and record not in known.gone
        if soon and here and ours and (report.id, record) not in known.apart:
            kind: Kind = "need" if row["need_id"] else "incident"
            spot = known.spot_of(kind, row["emergency_id"], row["category"], record)
            told[record] = woven.subjects.get(record) or Subject(
                kind, record, row["emergency_id"], row["category"], spot, row["last_at"], new=False
            )
    if len(told) > _FEW_TOLD or any((s.kind, s.category) in said for s in told.values()):
        return []
    return [(s, Find(s.kind, s.category, joining.said_by(report.reading))) for s in told.values()]


def _primary(subject: Subject) -> tuple[bool, bool, int]:
    """Which of its records a report is shown under: a need, one that others speak of too, the first of the taxonomy."""
    alone = subject.new and not subject.voices
    return subject.kind != "need", alone, _RANK[subject.category]


def _belongs(report: Understood, find: Find, known: Known, woven: Woven) -> Subject:
    assert report.emergency_id is not None  # noqa: S101 - only reports of an emergency get here
    mine = signature(find.said.items())
    alike = matching.alike(find, report.spot, mine)
    candidates = [c for c in known.for_find(report, find) if (report.id, c.id) not in known.apart]
    choice = matching.choose(find, report.spot, report.at, candidates, mine)
    ruling = known.rulings.get((choice.asked.id, alike)) if choice.asked else None
    chosen = choice.asked if ruling == "joined" else choice.joined
    subject = woven.subjects.get(chosen.id) if chosen else None
    if subject is None:
        spot, last_at = (chosen.spot, chosen.last_at) if chosen else (report.spot, report.at)
        subject = Subject(
            find.kind,
            chosen.id if chosen else uuid7(),
            report.emergency_id,
            find.category,
            spot,
            last_at,
            new=chosen is None,
        )
        woven.subjects[subject.id] = subject
    if chosen and (moved := joining.sharper(report.spot, subject.spot)):
        subject.spot, subject.moved = moved, True
    subject.last_at = max(subject.last_at, report.at)
    if choice.asked and choice.verdict and ruling is None:
        woven.asked.append(Asked(report, subject, choice.asked.id, choice.verdict, alike))
    together = chosen.signature.plus(mine) if chosen else mine
    refuted = bool(chosen and chosen.refuted)
    now = Candidate(subject.id, subject.spot, subject.last_at, signature=together, refuted=refuted)
    known.add(find.kind, report.emergency_id, find.category, now)
    return subject


def link(
    report: UUID,
    kind: Kind,
    subject: UUID,
    role: str,
    sender: bytes | None,
    said: Mapping[str, Any],
    at: datetime,
    made_by: str = MADE_BY,
) -> dict[str, Any]:
    """A row of `report_links`."""
    return {
        "id": uuid7(),
        "report_id": report,
        "need_id": subject if kind == "need" else None,
        "incident_id": subject if kind == "incident" else None,
        "role": role,
        "sender_hash": sender,
        "said": dict(said),
        "said_at": at,
        "made_by": made_by,
    }
