"""What a person's correction makes of a reading, and which of a report's records then still hold. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from server.reports.joining import Find, Kind

PERSON: Final = "person"
"""The rules' version of a reading that a person has set."""
DECIDED: Final = "decided"
"""The key under which a reading keeps which of its fields a person has set."""
FIELDS: Final = ("kind", "incidents", "needs", "people", "households", "place", "vulnerable", "urgency")
"""What may be corrected; the same fields are what a correction teaches and what two readings are compared by."""
_MODEL: Final = "model"
_LIVE: Final = frozenset({"open", "tasked"})
_EMPTY: Final[Mapping[str, Any]] = {
    "incidents": [],
    "needs": [],
    "offers": [],
    "people": None,
    "households": None,
    "vulnerable": [],
    "urgency": "none",
}
BLANK: Final[Mapping[str, Any]] = {
    "lang": "other",
    "kind": "other",
    **_EMPTY,
    "place": None,
    "command": None,
    "why": [],
}


def corrected(reading: Mapping[str, Any] | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A reading with a person's changes: what she did not name stays, unless her word leaves no room for it.

    Chatter has no labels at all and an offer names nobody's needs, as messages are judged; naming a need or an
    incident makes a report of what was taken for chatter.
    """
    before: dict[str, Any] = {**BLANK, **(reading or {})}
    after = before | {k: v for k, v in changes.items() if k in FIELDS}
    says = bool(changes.get("needs") or changes.get("incidents"))
    if says and "kind" not in changes and before["kind"] in {"other", "offer"}:
        after |= {"kind": "report", "offers": []}
    if after["kind"] == "other":
        after |= {**_EMPTY, "place": None}
    elif after["kind"] == "offer":
        after |= {**_EMPTY, "offers": before["offers"] or ["goods"]}
    elif "kind" in changes:
        after["offers"] = []
    active = after["kind"] in {"report", "question"} or (after["kind"] == "update" and says)
    if active and after["urgency"] == "none" and "urgency" not in changes:
        after["urgency"] = "normal"
    command = after.get("command")
    if command and command.get("command") != "NEED" and (says or "kind" in changes):
        after["command"] = None
    after[DECIDED] = sorted({*before.get(DECIDED, ()), *(k for k in changes if k in FIELDS)})
    return after


def labels(reading: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of a reading a correction keeps: the fields that can be corrected, no offsets, no words."""
    whole = {**BLANK, **(reading or {})}
    return {name: whole[name] for name in FIELDS}


def changed(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """The names of the fields in which two readings differ; the order of a list is no difference."""
    one, other = labels(before), labels(after)
    return [name for name in FIELDS if _plain(one[name]) != _plain(other[name])]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted((k, _plain(v)) for k, v in value.items() if v is not None))
    if isinstance(value, list):
        return tuple(sorted((_plain(v) for v in value), key=repr))
    return float(value) if isinstance(value, int | float) else value


def made_by(rules_version: str | None, reading: Mapping[str, Any] | None) -> str | None:
    """Who made a reading: a person, the rules, or the rules with the learned model's help; None when there is none."""
    if rules_version is None:
        return None
    if rules_version == PERSON:
        return "person"
    helped = any(str(why.get("rule", "")).startswith(_MODEL) for why in (reading or {}).get("why", ()))
    return "model" if helped or _MODEL in rules_version else "rules"


@dataclass(frozen=True, slots=True)
class Standing:
    """A live link of a report with its record.

    `by_chain`: nobody moved it; `renamed`: a person chose the record's category; `pinned`: no other report speaks for
    the record, and a person has decided something of it or somebody holds its task.
    """

    link_id: UUID
    kind: Kind
    subject_id: UUID
    category: str
    status: str
    said: Mapping[str, Any]
    by_chain: bool = True
    renamed: bool = False
    pinned: bool = False
    role: str = "other"
    made_by: str = "chain"


@dataclass(slots=True)
class Plan:
    """What becomes of a report's links: `keep` with what it says now, `undo`, and the finds that look for a record.

    `ask`: the report no longer speaks of the record, which would be left without any; a person has to say.
    """

    keep: list[tuple[Standing, Mapping[str, Any]]] = field(default_factory=list)
    undo: list[Standing] = field(default_factory=list)
    ask: list[Standing] = field(default_factory=list)
    fresh: list[Find] = field(default_factory=list)

    @property
    def said_anew(self) -> list[tuple[Standing, Mapping[str, Any]]]:
        """The links that stay, but say something else."""
        return [(s, said) for s, said in self.keep if dict(said) != dict(s.said)]


def plan(standing: Sequence[Standing], before: Iterable[Find], after: Iterable[Find], *, moved: bool) -> Plan:
    """Which links of a report still hold when it is read as `after` instead of `before`.

    A record that the new reading still speaks of keeps the report, whoever joined them; with another place (`moved`)
    what the chain joined by place is joined anew. A closed record is history and stays, and is not opened again by
    what it has already answered.
    """
    left = {(f.kind, f.category): f for f in after}
    made = Plan()
    for one, meant in _meant(standing, before):
        find = left.get((one.kind, meant))
        if one.status not in _LIVE:
            left.pop((one.kind, meant), None)
        elif find is None and one.pinned:
            made.ask.append(one)
        elif find is None or (moved and one.by_chain and not one.renamed and not one.pinned):
            made.undo.append(one)
        else:
            made.keep.append((one, find.said))
            del left[one.kind, meant]
    made.fresh = list(left.values())
    return made


def _meant(standing: Sequence[Standing], before: Iterable[Find]) -> list[tuple[Standing, str]]:
    """Each link with the category that its report was read as: a record that a person has renamed has another."""
    known = {(s.kind, s.category) for s in standing}
    spare = [f for f in before if (f.kind, f.category) not in known]
    read = {(f.kind, f.category) for f in before}
    found = []
    for one in standing:
        meant = one.category
        if one.renamed and (one.kind, meant) not in read:
            match = next((f for f in spare if f.kind == one.kind), None)
            if match is not None:
                spare.remove(match)
                meant = match.category
        found.append((one, meant))
    return found
