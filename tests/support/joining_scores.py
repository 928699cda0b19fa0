"""Joining judged on labelled happenings: the product's own decisions in memory, pair by pair.

A gold line is one small world: `said` lists what came in, in order: {of, minute, sender, text, channel?, lat?, lon?,
accuracy_m?}, or {closed, minute}: a person closed what `of` had made. Reports of one `of` are one happening, of two are
near-misses. Lines marked `held` are never tuned on.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from server.kernel.ids import uuid7
from server.places.gazetteer import Gazetteer
from server.places.spots import Spot
from server.reports import joining
from server.reports.deciding import Known, decide
from server.reports.hearing import Heard
from server.reports.landmarks import marks, sealed
from server.reports.reading import read
from server.reports.understanding import Understood

GOLD_HOME = Path(__file__).parents[1] / "unit" / "joining" / "gold"
START = datetime(2026, 3, 1, tzinfo=UTC)
EMERGENCY = UUID(int=4)
_LIVE_SPACE = UUID(int=1)
Case = dict[str, Any]


def cases() -> list[Case]:
    """Every gold line."""
    lines = (line for path in sorted(GOLD_HOME.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines())
    return [json.loads(line) for line in lines if line.strip()]


def hashed(purpose: str, value: str) -> bytes:
    """In place of the instance's keyed hash."""
    return hashlib.sha256(f"{purpose}\0{value}".encode()).digest()


def understood(gazetteer: Gazetteer, said: Case) -> Understood:
    """A report as the chain has it after reading and locating."""
    reading = read(said["text"], gazetteer).as_dict()
    place = reading["place"]
    named = Spot()
    if place:
        key = uuid5(_LIVE_SPACE, f"{place['name']}{place['lat']}{place['lon']}")
        named = Spot(key, place["lon"], place["lat"], float(place["accuracy_m"]))
    given = Spot(None, said.get("lon"), said.get("lat"), said.get("accuracy_m"))
    spot, _ = joining.locate(named, given, answered=said.get("channel") == "form")
    found = joining.finds(reading, sealed(marks(said["text"], reading["why"]), hashed))
    at = START + timedelta(minutes=said["minute"])
    sender = said["sender"].encode()
    made = uuid7()
    heard = Heard(made, "", EMERGENCY, "sms", sender, None, "fa", "report", "normal", None, at)
    return Understood(made, EMERGENCY, sender, at, reading, spot, tuple(found), joining.is_closing(reading), heard)


@dataclass
class World:
    """What the chain would know after some reports, without a database."""

    gazetteer: Gazetteer
    own: dict[bytes, list[dict[str, Any]]] = field(default_factory=dict)
    gone: set[UUID] = field(default_factory=set)
    records: dict[int, set[UUID]] = field(default_factory=dict)
    primary: dict[int, UUID] = field(default_factory=dict)
    asked: set[tuple[UUID, UUID]] = field(default_factory=set)
    labels: list[str] = field(default_factory=list)
    reasons: list[tuple[int, str, str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.known = Known(self.own, self.gone)

    def hear(self, said: Case) -> None:
        """Take one line of what came in."""
        if "closed" in said:
            for number, label in enumerate(self.labels):
                if label == said["closed"]:
                    self.gone |= self.records[number]
            return
        report = understood(self.gazetteer, said)
        number = len(self.labels)
        self.labels.append(said["of"])
        woven = decide([report], self.known)
        self.records[number] = set(woven.subjects)
        for link in woven.links:
            subject = link["need_id"] or link["incident_id"]
            if link["role"] == "primary":
                self.primary[number] = subject
            kept = woven.subjects[subject]
            row = {"need_id": link["need_id"], "incident_id": link["incident_id"], "category": kept.category}
            self.own.setdefault(report.sender or b"", []).append(
                row | {"emergency_id": EMERGENCY, "last_at": report.at, "place_id": kept.spot.place_id}
            )
        for asked in woven.asked:
            self.asked.add((asked.subject.id, asked.other))
            self.reasons.append((number, asked.subject.kind, asked.subject.category, asked.verdict))


@dataclass
class Pairs:
    """Counts of pairs: of one happening and joined (`right`) or not (`missed`), of two and joined (`wrong`) or not."""

    right: int = 0
    missed: int = 0
    wrong: int = 0
    apart: int = 0
    asked: int = 0
    asked_wrongly: int = 0
    primary: int = 0
    bad: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Of the pairs that were joined, the share that is one happening."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that are one happening, the share that was joined."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def score(gazetteer: Gazetteer, lines: Iterable[Case]) -> Pairs:
    """Let each line happen in a world of its own and count its pairs."""
    total = Pairs()
    for case in lines:
        world = World(gazetteer)
        for said in case["said"]:
            world.hear(said)
        _count(total, case, world)
    return total


def _count(total: Pairs, case: Case, world: World) -> None:
    for one, other in combinations(range(len(world.labels)), 2):
        same = world.labels[one] == world.labels[other]
        joined = bool(world.records[one] & world.records[other])
        asked = not joined and any(
            (a in world.records[other] and b in world.records[one])
            or (a in world.records[one] and b in world.records[other])
            for a, b in world.asked
        )
        total.right += same and joined
        total.missed += same and not joined
        total.wrong += joined and not same
        total.apart += not same and not joined
        total.asked += asked and same
        total.asked_wrongly += asked and not same
        total.primary += same and one in world.primary and world.primary.get(one) == world.primary.get(other)
        if same != joined:
            total.bad.append(f"{case['id']} {one}-{other} {'missed' if same else 'WRONG'}{' asked' if asked else ''}")
