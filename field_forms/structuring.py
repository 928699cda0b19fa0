"""From the answers of a submission to its structures (`structures.py`). Pure.

Every structure hangs on one answer without which there would be nothing to say: a quantity of an item, a line on
the map, the state of a shelter, a volunteer's code, the result of a visit. What belongs to it is what stands
nearest to it in the form.
"""

import re
from datetime import date, datetime, time

from field_forms.answers import Answer, Answers, code
from field_forms.entities import action_of, id_of
from field_forms.openrosa import GeoPoint, parse_geopoint, plain
from field_forms.roles import (
    CHECKIN_STATES,
    CLOSURE_KINDS,
    CLOSURE_STATES,
    CONSENTS,
    FOLLOWUP_RESULTS,
    MOVEMENTS,
    SHELTER_STATES,
    UNITS,
)
from field_forms.shapes import parse_shape
from field_forms.structures import (
    FormCheckin,
    FormClosure,
    FormEntity,
    FormFollowup,
    FormLine,
    FormMovement,
    FormReference,
    FormShelter,
)

_ENTITY = re.compile(r".*/meta(?:\[\d+\])?/entity(?:\[\d+\])?\Z")
_CODE_MAX = 200
"""A code that is longer (characters) was not chosen from any list of ours."""


def consent(got: Answers) -> bool | None:
    """False when anybody who was asked said no, True when all said yes, None when nobody was asked."""
    said = [word for q, v in got.of("consent") for word in got.codes(q, v, CONSENTS)]
    return all(word == "yes" for word in said) if said else None


def point_near(got: Answers, key: str, order: int) -> GeoPoint | None:
    """The nearest usable position."""
    found = got.nearest("location", key, order)
    point = parse_geopoint(found.value) if found else None
    return point if isinstance(point, GeoPoint) else None


def _chosen(got: Answers, role: str, answer: Answer) -> str | None:
    value = got.value(role, answer.key, answer.order)
    return value[:_CODE_MAX] if value else None


def _recipient(got: Answers, answer: Answer) -> FormReference | None:
    found = got.nearest("entity", answer.key, answer.order)
    return FormReference(found.question.args[0], found.value[:_CODE_MAX]) if found else None


def _moment(got: Answers, role: str, answer: Answer) -> str | None:
    """A date, a time or a moment in ISO 8601; anything else is noted."""
    found = got.nearest(role, answer.key, answer.order)
    if found is None:
        return None
    for reads in (date, datetime, time):
        try:
            reads.fromisoformat(found.value)
        except ValueError:
            continue
        return found.value
    got.problems.append((found.question.path, "moment.unreadable"))
    return None


def movements(got: Answers) -> tuple[FormMovement, ...]:
    """Lines of goods, those together that have kind, centre, task and recipient in common."""
    found: dict[FormMovement, list[FormLine]] = {}
    for answer in got.all("item.quantity"):
        kind = got.fixed("movement", answer.key) or got.word("movement", answer.key, answer.order, MOVEMENTS)
        line = _line(got, answer, kind)
        if line is None or kind is None:
            continue
        head = FormMovement(
            kind=kind,
            lines=(),
            centre=_chosen(got, "centre", answer),
            to_centre=_chosen(got, "centre.to", answer),
            task=_chosen(got, "task", answer),
            recipient=_recipient(got, answer),
            signature=got.value("signature", answer.key, answer.order),
        )
        found.setdefault(head, []).append(line)
    return tuple(
        FormMovement(
            head.kind,
            tuple(lines),
            head.centre,
            head.to_centre,
            head.task,
            head.recipient,
            head.signature,
        )
        for head, lines in found.items()
    )


def _line(got: Answers, answer: Answer, kind: str | None) -> FormLine | None:
    """One counted item; a zero is a line only where a count says that nothing is left."""
    path, words = answer.question.path, answer.question.args
    amount = got.amount(path, answer.value)
    if amount is None or (amount == 0 and kind != "count"):
        return None
    if kind is None:
        got.problems.append((path, "movement.kind_missing"))
        return None
    item = words[0] if words else _chosen(got, "item", answer)
    if item is None:
        got.problems.append((path, "movement.item_missing"))
        return None
    said = words[1] if len(words) > 1 else got.value("item.unit", answer.key, answer.order)
    return FormLine(item, amount, said if said in UNITS else None)


def closures(got: Answers) -> tuple[FormClosure, ...]:
    """One closure a geometry."""
    found = []
    for answer in got.all("closure"):
        geometry, wrong = parse_shape(answer.value)
        got.problems += [(answer.question.path, said) for said in wrong]
        if geometry is None:
            continue
        words = answer.question.args
        found.append(
            FormClosure(
                kind=words[0] if words else got.word("closure.kind", answer.key, answer.order, CLOSURE_KINDS),
                geometry=geometry,
                state=got.word("closure.state", answer.key, answer.order, CLOSURE_STATES) or "closed",
                until=_moment(got, "closure.until", answer),
            )
        )
    return tuple(found)


def shelters(got: Answers) -> tuple[FormShelter, ...]:
    """One shelter a state."""
    found = []
    for answer in got.all("shelter.state"):
        for state in got.codes(answer.question, answer.value, SHELTER_STATES):
            point = point_near(got, answer.key, answer.order)
            found.append(
                FormShelter(
                    shelter=_chosen(got, "shelter", answer),
                    name=got.value("place", answer.key, answer.order),
                    state=state,
                    people=got.counted("shelter.people", answer.key, answer.order),
                    capacity=got.counted("shelter.capacity", answer.key, answer.order),
                    lat=point.lat if point else None,
                    lon=point.lon if point else None,
                )
            )
    return tuple(found)


def checkins(got: Answers) -> tuple[FormCheckin, ...]:
    """One check-in a volunteer's code."""
    found = []
    for answer in got.all("checkin"):
        point = point_near(got, answer.key, answer.order)
        found.append(
            FormCheckin(
                volunteer=code(answer.value)[:_CODE_MAX],
                state=got.word("checkin.state", answer.key, answer.order, CHECKIN_STATES) or "active",
                centre=_chosen(got, "centre", answer),
                task=_chosen(got, "task", answer),
                until=_moment(got, "checkin.until", answer),
                lat=point.lat if point else None,
                lon=point.lon if point else None,
            )
        )
    return tuple(found)


def followups(got: Answers) -> tuple[FormFollowup, ...]:
    """One follow-up a result."""
    found = []
    for answer in got.all("followup.result"):
        for result in got.codes(answer.question, answer.value, FOLLOWUP_RESULTS):
            need = got.value("followup", answer.key, answer.order)
            missing = got.nearest("followup.missing", answer.key, answer.order)
            category = got.nearest("followup.category", answer.key, answer.order)
            reason = got.nearest("followup.reason", answer.key, answer.order)
            found.append(
                FormFollowup(
                    result=result,
                    need=code(need)[:_CODE_MAX] if need else None,
                    recipient=_recipient(got, answer),
                    category=next(iter(got.codes(category.question, category.value)), None) if category else None,
                    missing=got.quantity(missing.question.path, missing.value) if missing else None,
                    unit=missing.question.args[0] if missing and missing.question.args else None,
                    reasons=tuple(got.codes(reason.question, reason.value)) if reason else (),
                )
            )
    return tuple(found)


def entities(got: Answers) -> tuple[FormEntity, ...]:
    """Entities that the submission creates or changes. Nobody is registered who did not consent."""
    found = []
    for key, attributes in got.instance.attributes.items():
        action = action_of(attributes) if _ENTITY.match(key) else None
        dataset = attributes.get("dataset", "").strip()
        if action is None or not dataset:
            continue
        entity_id = id_of(attributes)
        if entity_id is None:
            got.problems.append((plain(key), "entity.no_id"))
            continue
        asked = got.nearest("consent", f"{key}/id", len(got.instance.fields))
        if asked is not None and asked.value != "yes":
            got.problems.append((plain(key), "entity.no_consent"))
            continue
        found.append(FormEntity(dataset, entity_id, action, key))
    return tuple(found)
