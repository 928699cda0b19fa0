"""Readings of labelled messages judged: the counts behind every published figure of reading.

A gold line is `{"id", "held", "text", "lang", "kind", "incidents", "needs", …}` as in tests/unit/reading. Lines marked
`held` are never tuned on; whoever prints must print sums alone for them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Any

from server.places.gazetteer import Gazetteer
from server.reports.learning.speaking import Helper
from server.reports.reading import Reading, read

GOLD_HOME = Path(__file__).parents[1] / "unit" / "reading"
_COMMAND_PARTS = ("command", "code", "need", "quantity")

Case = dict[str, Any]


def gold_files() -> list[Path]:
    """Return every file of gold messages, ours first."""
    return [GOLD_HOME / "gold.jsonl", *sorted((GOLD_HOME / "gold").glob("*.jsonl"))]


def cases_of(path: Path) -> list[Case]:
    """Return the lines of a gold file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@dataclass
class Score:
    """Counts of many cases: per measure `hit`, `extra` and `missed` labels, and which cases went wrong."""

    hit: dict[str, int] = field(default_factory=dict)
    extra: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    of: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, list[Case]] = field(default_factory=dict)

    def labels(self, measure: str, want: set[str], got: set[str], case: Case) -> None:
        """Count a set of labels of one case."""
        for counts, found in ((self.hit, want & got), (self.extra, got - want), (self.missed, want - got)):
            counts[measure] = counts.get(measure, 0) + len(found)
        if want != got:
            self.wrong.setdefault(measure, []).append(case)

    def judge(self, measure: str, ok: bool, case: Case) -> None:
        """Count one case as right or wrong."""
        self.of[measure] = self.of.get(measure, 0) + 1
        self.right[measure] = self.right.get(measure, 0) + ok
        if not ok:
            self.wrong.setdefault(measure, []).append(case)

    def f1(self, measure: str) -> float:
        """Return micro-F1; 1.0 where there is nothing to find and nothing was found."""
        hit, extra, missed = (counts.get(measure, 0) for counts in (self.hit, self.extra, self.missed))
        return 2 * hit / (2 * hit + extra + missed) if hit + extra + missed else 1.0

    def figures(self) -> dict[str, float]:
        """Return every measure, 0 to 1. `*_invented` are shares of the cases where nothing was there to be found."""
        shares = {m: self.right[m] / self.of[m] for m in self.of}
        life_hit, life_extra = self.hit.get("life", 0), self.extra.get("life", 0)
        return {
            "codes": self.f1("codes"),
            "vulnerable": self.f1("vulnerable"),
            "life_recall": life_hit / max(1, life_hit + self.missed.get("life", 0)),
            "life_precision": life_hit / max(1, life_hit + life_extra) if life_extra else 1.0,
            **{m: 1 - v if m.endswith("invented") else v for m, v in shares.items()},
        }


def _metres(lat: float, lon: float, other: dict[str, Any]) -> float:
    a, b, c, d = (radians(v) for v in (lat, lon, other["lat"], other["lon"]))
    return 12_742_000 * asin(sqrt(sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2))


def place_ok(case: Case, reading: Reading) -> bool:
    """A place is right when it lies within the distance the label allows, or when there is none on both sides."""
    want, got = case["place"], reading.place
    if want is None or got is None:
        return want is None and got is None
    return bool(_metres(got.lat, got.lon, want) <= want["within_m"])


def _command_ok(case: Case, reading: Reading) -> bool:
    want, got = case.get("command"), reading.as_dict()["command"]
    if not want or not got:
        return not want and not got
    return all(want.get(part) == got[part] for part in _COMMAND_PARTS)


def _counted(score: Score, case: Case, reading: Reading) -> None:
    """Judge people, households and place: exact, and what was made out of nothing."""
    people = reading.people == case["people"] or bool(case["people_or_null"] and reading.people is None)
    score.judge("people", people, case)
    score.judge("households", reading.households == case["households"], case)
    if case["people"] is None:
        score.judge("people_invented", reading.people is None, case)
    score.judge("place", place_ok(case, reading), case)
    if case["place"] is None:
        score.judge("place_invented", reading.place is None, case)
    else:
        score.judge("place_named", place_ok(case, reading), case)


def readings_of(cases: Sequence[Case], gazetteer: Gazetteer, helper: Helper | None = None) -> list[Reading]:
    """Read the cases, by the rules alone or with the models that help them."""
    texts = [case["text"] for case in cases]
    readings = [read(text, gazetteer) for text in texts]
    if helper is None:
        return readings
    return helper.helped(texts, readings, lambda number, kind: read(texts[number], gazetteer, kind=kind))


def score(cases: Sequence[Case], gazetteer: Gazetteer, helper: Helper | None = None) -> Score:
    """Read the cases and judge every measure."""
    result = Score()
    for case, reading in zip(cases, readings_of(cases, gazetteer, helper), strict=True):
        want = {f"i.{c}" for c in case["incidents"]} | {f"n.{n['category']}" for n in case["needs"]}
        got = {f"i.{c}" for c in reading.incidents} | {f"n.{n.category}" for n in reading.needs}
        result.labels("codes", want, got, case)
        result.labels("vulnerable", set(case["vulnerable"]), set(reading.vulnerable), case)
        result.labels("life", _life(case["urgency"]), _life(reading.urgency), case)
        for measure in ("kind", "lang", "urgency"):
            result.judge(measure, getattr(reading, measure) == case[measure], case)
        result.judge("offers", set(reading.offers) == set(case["offers"]), case)
        _counted(result, case, reading)
        stated = {n["category"]: n["quantity"] for n in case["needs"] if n["quantity"] is not None}
        if stated:
            result.judge("quantity", stated.items() <= {n.category: n.quantity for n in reading.needs}.items(), case)
        if "command" in case and (case["command"] or reading.command):
            result.judge("command", _command_ok(case, reading), case)
    return result


def _life(urgency: str) -> set[str]:
    return {"life"} if urgency == "life" else set()


def halves(cases: Iterable[Case]) -> dict[bool, list[Case]]:
    """Return the tuned (False) and the held (True) cases."""
    found: dict[bool, list[Case]] = {False: [], True: []}
    for case in cases:
        found[bool(case["held"])].append(case)
    return found
