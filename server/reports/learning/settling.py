"""What the base model says of a message, made into a reading that agrees with itself.

The base model has seen what the rules found and was measured as a whole on writers it did not know, so it may also take
back what the rules say. Numbers, places, quantities and commands stay the rules' alone. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

from server.reports.learning.labels import KINDS, URGENCIES, VULNERABLE, of_reading
from server.reports.reading import NeedRead, Reading, Why
from server.reports.reading.model import Kind, Urgency
from server.standards.taxonomy import INCIDENTS, NEEDS, OFFERS

_LEVELS: Final = ("none", "normal", "high", "life")
_AT_ONCE: Final = frozenset({"trapped_people"})
_WITHIN_THE_DAY: Final = frozenset(
    {"evacuation", "medical_care", "medicine", "water", "food", "bedding", "heating", "shelter", "protection"}
    | {"search_rescue", "missing_person", "child_alone", "disease", "security", "injury"}
)
"""Codes whose phrases are all but always of a level: nine in ten of their lines are at least so urgent."""
_QUIET: Final = ("other", "offer")
_FETCHED: Final = frozenset({"search_rescue", "evacuation"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the base model says of a message.

    `known`: the labels it speaks on; `yes`: those it says are true; `kinds` and `levels`: how likely each kind and each
    urgency is, as KINDS and URGENCIES have them; `spans` of the text for what is new.
    """

    model: str
    known: frozenset[str]
    yes: frozenset[str]
    kinds: Sequence[float]
    levels: Sequence[float]
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)


Again = Callable[[Kind], Reading]
"""Reads the same message once more by the rules, its kind being known."""


def settle(
    reading: Reading, verdict: Verdict, again: Again, length: int, spared: frozenset[str] = frozenset()
) -> Reading:
    """Return the reading as the model would have it; `spared` labels stay as the rules have them.

    `length` of the text: the mark of a label for which no word speaks alone.
    """
    if reading.command is not None:
        return reading
    kind = reading.kind
    if "kind.report" not in spared:
        kind = cast(Kind, max(zip(verdict.kinds, KINDS, strict=True))[1])
    begun = again(kind) if _blind(reading, kind) else reading
    by_rules = of_reading(begun)
    said = (verdict.yes - spared) | (by_rules - (verdict.known - spared))
    if kind == "other":
        made = replace(_emptied(begun), kind=kind, place=None, candidates=())
    elif kind == "offer":
        offers = tuple(code for code in OFFERS if f"offer.{code}" in said) or begun.offers or ("goods",)
        made = replace(_emptied(begun), kind=kind, offers=offers)
    else:
        level = begun.urgency if "urgency.life" in spared else _level(kind, verdict.levels)
        made = _told(begun, kind, said, level)
    after = of_reading(made)
    before = by_rules if begun is reading else of_reading(reading)
    if after == before == by_rules:
        return made
    return replace(made, why=_why(begun.why, before, by_rules, after, verdict, length), signs=reading.signs)


def _blind(reading: Reading, kind: Kind) -> bool:
    """Tell whether the rules, taking the message for something else, did not look for people or the right place."""
    if kind in (reading.kind, "other"):
        return False
    return kind == "offer" or reading.kind in _QUIET or (reading.kind == "update" and reading.urgency == "none")


def _told(begun: Reading, kind: Kind, said: frozenset[str], level: Urgency) -> Reading:
    """Fill a reading that is neither chatter nor an offer."""
    codes: dict[str, set[str]] = {"need": set(), "incident": set(), "vulnerable": set()}
    for label in said:
        group, _, code = label.partition(".")
        if group in codes:
            codes[group].add(code)
    wanted, told, weak = codes["need"], codes["incident"], codes["vulnerable"]
    closed = kind == "update" and level == "none"
    if closed:
        # What is over is told of, and asked for no more; who has died stays dead.
        wanted, told, weak = set(), told & {"death"}, set()
    if "trapped_people" in told and not wanted & _FETCHED:
        wanted.add("search_rescue")
    if "child_alone" in told:
        wanted.add("protection")
    if kind == "question":
        wanted.add("information")
    needs = [need for need in begun.needs if need.category in wanted]
    new = wanted.difference([need.category for need in needs])
    if not closed:
        level = max(level, _least(wanted, told), key=_LEVELS.index)
    return replace(
        begun,
        kind=kind,
        offers=(),
        needs=(*needs, *(NeedRead(code) for code in NEEDS if code in new)),
        incidents=tuple([code for code in INCIDENTS if code in told]),
        vulnerable=tuple([code for code in VULNERABLE if code in weak]),
        urgency=level,
        people=None if closed else begun.people,
        households=None if closed else begun.households,
    )


def _least(wanted: set[str], told: set[str]) -> Urgency:
    """Return the level that these codes have nearly always: nobody is under rubble without hurry."""
    if told & _AT_ONCE:
        return "life"
    return "high" if told & _WITHIN_THE_DAY or wanted & _WITHIN_THE_DAY else "normal"


def _level(kind: Kind, levels: Sequence[float]) -> Urgency:
    """The likeliest level that this kind may have: nothing but what is closed is of none."""
    able = zip(levels, URGENCIES, strict=True) if kind == "update" else zip(levels[:-1], URGENCIES[:-1], strict=True)
    return cast(Urgency, max(able)[1])


def _emptied(reading: Reading) -> Reading:
    return replace(
        reading, incidents=(), needs=(), offers=(), vulnerable=(), people=None, households=None, urgency="none"
    )


def _why(
    marks: Sequence[Why],
    before: frozenset[str],
    by_rules: frozenset[str],
    after: frozenset[str],
    verdict: Verdict,
    length: int,
) -> tuple[Why, ...]:
    """Return the marks: those of labels that are gone fall out, each label of the model's brings its own."""
    gone = by_rules - after
    kept = [w for w in marks if not any(w.rule == label or w.rule.startswith(label + ".") for label in gone)]
    for label in sorted(after - before):
        group, _, code = label.partition(".")
        start, end = verdict.spans.get(label, (0, length))
        kept.append(Why(f"model.{label if group in ('kind', 'urgency') else code}", start, end))
    return tuple(sorted(kept, key=lambda w: (w.start, w.end, w.rule)))
