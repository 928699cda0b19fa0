"""Rules and model together: what the model says of a label counts where it was measured to be better, and only there.

Pure. The invariants of a reading (READING: an offer needs nothing, chatter is empty) hold afterwards too; what may cost
a life is added but never removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, cast

from server.reports.learning.labels import ALIKE, NEVER_TAKEN_BACK, VULNERABLE, of_reading, says
from server.reports.reading import NeedRead, Reading, Why
from server.reports.reading.model import Kind, Urgency
from server.standards.taxonomy import INCIDENTS

_LEVELS: Final = ("none", "normal", "high", "life")
_LIFE: Final = frozenset({"need.search_rescue", "incident.trapped_people"})
_WITHIN_THE_DAY: Final = frozenset(
    {"need.water", "need.food", "need.infant_care", "need.medical_care", "need.medicine", "need.shelter"}
    | {"need.heating", "need.bedding", "need.evacuation", "need.protection", "incident.injury", "incident.disease"}
    | {"incident.child_alone", "incident.security", "incident.building_collapsed", "incident.missing_person"}
    | {"incident.dam_or_levee_risk", "incident.fire", "incident.death", "incident.gas_leak"}
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a model says: yes or no for each label it speaks on; `spans` of the original text for what is new.

    `coarse`: its labels are wider than the taxonomy's codes.
    """

    model: str
    verdicts: Mapping[str, bool] = field(default_factory=dict)
    spans: Mapping[str, tuple[int, int] | None] = field(default_factory=dict)
    coarse: bool = False

    def without(self, labels: frozenset[str]) -> "Suggestion":
        """Return what is said of the other labels."""
        left = {name: yes for name, yes in self.verdicts.items() if name not in labels}
        return Suggestion(self.model, left, self.spans, self.coarse) if labels else self


def fuse(reading: Reading, suggestion: Suggestion, length: int = 0) -> Reading:
    """Return the reading with the model's labels; `length` of the text, where no piece of it speaks alone.

    A command is obeyed as it was written. Numbers, places and quantities are the rules' alone.
    """
    if reading.command is not None or not suggestion.verdicts:
        return reading
    before = of_reading(reading)
    kind = _kind(reading, suggestion.verdicts, coarse=suggestion.coarse)
    made = replace(reading, kind=kind)
    if kind == "other":
        made = replace(_emptied(made), place=None, candidates=())
    elif kind == "offer":
        made = _offered(made, suggestion.verdicts)
    else:
        made = _with_codes(made, suggestion.verdicts, coarse=suggestion.coarse)
        made = replace(made, urgency=_urgency(made, of_reading(made) - before, suggestion.verdicts))
    return replace(made, why=_why(reading, before, of_reading(made), suggestion, length))


def changed(reading: Reading, fused: Reading) -> bool:
    """Tell whether the model changed what is said (marks aside)."""
    return of_reading(reading) != of_reading(fused)


def _chosen(group: str, verdicts: Mapping[str, bool]) -> str | None:
    return next(
        (name.partition(".")[2] for name, yes in verdicts.items() if yes and name.startswith(f"{group}.")), None
    )


def _kind(reading: Reading, verdicts: Mapping[str, bool], *, coarse: bool) -> Kind:
    """Decide the kind: the model's where it speaks, never chatter where the rules saw a danger to life.

    Coarse labels say what a message is about, offers too: what they add to an offer makes a report of it.
    """
    chosen = _chosen("kind", verdicts)
    if chosen in ("other", "offer") and (reading.urgency == "life" or NEVER_TAKEN_BACK & of_reading(reading)):
        chosen = None
    if chosen is not None:
        return cast(Kind, chosen)
    new = any(yes and name.startswith(("need.", "incident.")) for name, yes in verdicts.items())
    return "report" if new and (reading.kind == "other" or (coarse and reading.kind == "offer")) else reading.kind


def _offered(reading: Reading, verdicts: Mapping[str, bool]) -> Reading:
    offers = [code for code in ("goods", "service") if verdicts.get(f"offer.{code}", code in reading.offers)]
    return replace(_emptied(reading), offers=tuple(offers or reading.offers or ("goods",)))


def _emptied(reading: Reading) -> Reading:
    return replace(
        reading, incidents=(), needs=(), offers=(), vulnerable=(), people=None, households=None, urgency="none"
    )


def _with_codes(reading: Reading, verdicts: Mapping[str, bool], *, coarse: bool) -> Reading:
    said = of_reading(reading)
    drop: set[str] = set()
    add: list[str] = []
    for label, yes in verdicts.items():
        if yes and not says(said, label, coarse=coarse):
            add.append(label)
        elif not yes and says(said, label, coarse=coarse):
            drop |= ({label} | (ALIKE.get(label, frozenset()) if coarse else frozenset())) - NEVER_TAKEN_BACK
    needs = [n for n in reading.needs if f"need.{n.category}" not in drop]
    needs += [NeedRead(label.removeprefix("need.")) for label in add if label.startswith("need.")]
    told = {code for code in reading.incidents if f"incident.{code}" not in drop} | _codes("incident", add)
    weak = {code for code in reading.vulnerable if f"vulnerable.{code}" not in drop} | _codes("vulnerable", add)
    return replace(
        reading,
        needs=tuple(needs),
        offers=(),
        incidents=tuple(code for code in INCIDENTS if code in told),
        vulnerable=tuple(code for code in VULNERABLE if code in weak),
    )


def _codes(group: str, names: list[str]) -> set[str]:
    return {name.partition(".")[2] for name in names if name.startswith(f"{group}.")}


def _urgency(reading: Reading, new: frozenset[str], verdicts: Mapping[str, bool]) -> Urgency:
    """Choose the level: the model's where it speaks; what it adds raises the rules' level; danger to life stays."""
    level = _chosen("urgency", verdicts) or reading.urgency
    least = "none"
    if new & _LIFE:
        least = "life"
    elif new & _WITHIN_THE_DAY:
        least = "high"
    elif any(name.startswith(("need.", "incident.")) for name in new):
        least = "normal"
    if reading.urgency == "life":
        least = "life"
    return cast(Urgency, max(level, least, key=_LEVELS.index))


def _why(
    reading: Reading, before: frozenset[str], after: frozenset[str], suggestion: Suggestion, length: int
) -> tuple[Why, ...]:
    """Return the marks: those of labels that are gone fall out, each label of the model's brings its own."""
    gone = tuple(before - after)
    kept = [w for w in reading.why if not any(w.rule == label or w.rule.startswith(label + ".") for label in gone)]
    for label in sorted(after - before):
        if suggestion.verdicts.get(label):
            start, end = suggestion.spans.get(label) or (0, length)
            group, _, code = label.partition(".")
            kept.append(Why(f"model.{label if group in ('kind', 'urgency') else code}", start, end))
    return tuple(sorted(kept, key=lambda w: (w.start, w.end, w.rule)))
