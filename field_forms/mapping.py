"""From a filled-in form to what it says: needs, incidents, people, place, and a summary in neutral words.

The bindings of the form say which answer means what; nothing is guessed from names or labels. An answer
that cannot be used (a count that is no number, a point off the earth) is named in `problems` by its path
and a code, never lost: the submission itself is kept whole elsewhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from field_forms import structuring
from field_forms.answers import MAX_COUNT, SHOWN, Answers
from field_forms.bindings import UNITS, URGENCIES, VULNERABLE, Binding, Bindings
from field_forms.openrosa import GeoPoint, Instance, parse_geopoint
from field_forms.structures import (
    FormCheckin,
    FormClosure,
    FormEntity,
    FormFollowup,
    FormMovement,
    FormShelter,
)

__all__ = ["MAX_COUNT", "FormNeed", "FormReport", "to_report"]

_LINES = {
    "fa": {"place": "مکان", "location": "مختصات", "unnamed": "پرسش"},
    "en": {"place": "Place", "location": "Position", "unnamed": "Question"},
}
# Names of pictures, lines of numbers and ids, which say nothing to a reader of the summary.
_UNSAID = frozenset({"photo", "signature", "closure", "entity"})


@dataclass(frozen=True, slots=True)
class FormNeed:
    """One need: taxonomy code, how much (None: not said) and its unit."""

    category: str
    quantity: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class FormReport:
    """What a submission says: `counts` holds people by group word, `summary` text by language.

    `summary`, `place_name`, `notes` and the names of shelters are personal text and are kept where such text is kept.
    `consent` is what people said who were asked for it, None where nobody was asked.
    """

    needs: tuple[FormNeed, ...] = ()
    incidents: tuple[str, ...] = ()
    people: int | None = None
    households: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    vulnerable: tuple[str, ...] = ()
    urgency: str | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    place_name: str | None = None
    notes: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    consent: bool | None = None
    movements: tuple[FormMovement, ...] = ()
    closures: tuple[FormClosure, ...] = ()
    shelters: tuple[FormShelter, ...] = ()
    checkins: tuple[FormCheckin, ...] = ()
    followups: tuple[FormFollowup, ...] = ()
    entities: tuple[FormEntity, ...] = ()
    summary: dict[str, str] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()

    def answers(self) -> dict[str, Any]:
        """The structured answers, without any typed text but names of places."""
        return {
            "needs": [{"category": n.category, "quantity": n.quantity, "unit": n.unit} for n in self.needs],
            "incidents": list(self.incidents),
            "people": self.people,
            "households": self.households,
            "counts": dict(self.counts),
            "vulnerable": list(self.vulnerable),
            "urgency": self.urgency,
            "lat": self.lat,
            "lon": self.lon,
            "accuracy_m": self.accuracy_m,
            "place_name": self.place_name,
            "consent": self.consent,
            "movements": [asdict(movement) for movement in self.movements],
            "closures": [asdict(closure) for closure in self.closures],
            "shelters": [asdict(shelter) for shelter in self.shelters],
            "checkins": [asdict(checkin) for checkin in self.checkins],
            "followups": [asdict(followup) for followup in self.followups],
            "entities": [asdict(entity) for entity in self.entities],
        }


def to_report(instance: Instance, bindings: Bindings, *, summary: bool = True) -> FormReport:
    """What an instance says, by the bindings of the form it answers; sooner without the `summary` for people."""
    got = Answers(instance, bindings)
    incidents = _unique(code for q, v in got.of("incident.category") for code in got.codes(q, v))
    people, households = _total(got, "people"), _total(got, "households")
    counts = _counts(got)
    named = {code for q, v in got.of("vulnerable") for code in got.codes(q, v, VULNERABLE)}
    named |= {word for word, number in counts.items() if number > 0 and word in VULNERABLE}
    urgencies = [code for q, v in got.of("urgency") for code in got.codes(q, v, URGENCIES)]
    closures = structuring.closures(got)
    point = _point(got) or _amid(closures)
    places = [value[:SHOWN] for _, value in got.of("place")]
    needs = _needs(got)
    return FormReport(
        needs=needs,
        incidents=incidents,
        people=people,
        households=households,
        counts=counts,
        vulnerable=tuple(code for code in VULNERABLE if code in named),
        urgency=min(urgencies, key=URGENCIES.index) if urgencies else None,
        lat=point.lat if point else None,
        lon=point.lon if point else None,
        accuracy_m=point.accuracy_m if point else None,
        place_name="، ".join(places) or None,
        notes=tuple(value[:SHOWN] for _, value in got.of("text")),
        photos=tuple(value for _, value in got.of("photo")),
        consent=structuring.consent(got),
        movements=structuring.movements(got),
        closures=closures,
        shelters=structuring.shelters(got),
        checkins=structuring.checkins(got),
        followups=structuring.followups(got),
        entities=structuring.entities(got),
        summary={language: _summary(got, language) for language in _LINES} if summary else {},
        problems=tuple(dict.fromkeys(got.problems)),
    )


def _unique(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


def _total(got: Answers, role: str) -> int | None:
    """The sum over rounds of a repeat; None when nobody answered."""
    numbers = [number for q, v in got.of(role) if (number := got.count(q, v)) is not None]
    return sum(numbers) if numbers else None


def _counts(got: Answers) -> dict[str, int]:
    counts: dict[str, int] = {}
    for question, value in got.of("count"):
        number = got.count(question, value)
        if number is not None:
            counts[question.args[0]] = counts.get(question.args[0], 0) + number
    return counts


def _point(got: Answers) -> GeoPoint | None:
    for question, value in got.of("location"):
        point = parse_geopoint(value)
        if isinstance(point, GeoPoint):
            return point
        got.problems.append((question.path, point))
    return None


def _amid(closures: Iterable[FormClosure]) -> GeoPoint | None:
    """A position in the midst of the first closure: where the report is, when nothing else says so."""
    for closure in closures:
        coordinates = closure.geometry["coordinates"]
        positions = {"Point": [coordinates], "LineString": coordinates}.get(closure.geometry["type"]) or coordinates[0]
        lon, lat = positions[len(positions) // 2]
        return GeoPoint(lat, lon, None, None)
    return None


def _needs(got: Answers) -> tuple[FormNeed, ...]:
    """Needs in the order of the form, chosen codes with their amounts; amounts of one kind add up."""
    found: dict[tuple[str, str | None], float | None] = {}

    def add(category: str, quantity: float | None, unit: str | None) -> None:
        if quantity is None and any(known == category for known, _ in found):
            return
        if quantity is not None and found.get((category, None), 0) is None:
            del found[category, None]  # chosen first without an amount; the amount says the same need better
        before = found.get((category, unit))
        found[category, unit] = quantity if before is None else before + (quantity or 0)

    in_repeats = {q.repeat for q in got.bindings.questions if q.role == "need.category" and q.repeat}
    for question, value in got.of("need.category"):
        if question.repeat is None:
            for code in got.codes(question, value):
                add(code, None, None)
    for question, value in got.of("need.quantity"):
        if question.args:
            quantity = got.quantity(question.path, value)
            if quantity is not None:
                add(question.args[0], quantity, question.args[1] if len(question.args) > 1 else None)
    for repeat in sorted(path for path in in_repeats if path):
        for category, quantity, unit in _rows(got, repeat):
            add(category, quantity, unit)
    return tuple(FormNeed(category, quantity, unit) for (category, unit), quantity in found.items())


def _rows(got: Answers, repeat: str) -> Iterator[tuple[str, float | None, str | None]]:
    """Category, quantity and unit of each round of a repeat that asks for a need."""
    inside = {q.role: q for q in got.bindings.questions if q.repeat == repeat and q.role and not q.args}
    for row in got.instance.rows(repeat):
        category = inside["need.category"]
        quantity, unit = None, None
        if "need.quantity" in inside and row.get(inside["need.quantity"].path, "").strip():
            quantity = got.quantity(inside["need.quantity"].path, row[inside["need.quantity"].path])
        if "need.unit" in inside:
            said = row.get(inside["need.unit"].path, "").strip()
            unit = said if said in UNITS else None
        for code in got.codes(category, row.get(category.path, "").strip()) if row.get(category.path) else ():
            yield code, quantity, unit


def _summary(got: Answers, language: str) -> str:
    """One line an answer, in the form's own labels: what the person was asked and what they said."""
    lines = []
    for question in got.bindings.questions:
        if question.role is None or question.role in _UNSAID:
            continue
        values = [value.strip() for value in got.instance.values(question.path) if value.strip()]
        if not values:
            continue
        words = _LINES[language]
        label = _text(question.label, language) or words.get(question.role) or words["unnamed"]
        said = "؛ " if language == "fa" else "; "
        lines.append(f"{label}: {said.join(_said(question, value, language) for value in values)}"[:SHOWN])
    return "\n".join(lines)


def _said(question: Binding, value: str, language: str) -> str:
    if not question.choices:
        return _position(value) if question.role == "location" else value
    chosen = value.split() if question.multiple else [value]
    comma = "، " if language == "fa" else ", "
    return comma.join(_text(question.choices.get(code, {}), language) or code for code in chosen)


def _text(texts: dict[str, str], language: str) -> str:
    return texts.get(language) or texts.get("") or next(iter(texts.values()), "")


def _position(value: str) -> str:
    """Collect's "lat lon altitude accuracy" as people write a position; altitude is nobody's question."""
    lat, lon, _, within = (*value.split(), "", "", "", "")[:4]
    said = f"{lat}, {lon}" if lon else lat
    return said + (f" (± {within} m)" if within.strip("0.") else "")
