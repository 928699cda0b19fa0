"""The built-in form, filled as a phone would fill it."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from field_forms import builtin

VULNERABLE = {
    "child": "children",
    "infant": "infants",
    "elderly": "elderly",
    "pregnant": "pregnant",
    "disabled": "disabled",
}


def rapid_needs(instance_id: str, answers: dict[str, Any]) -> bytes:
    """The submission's XML for the answers of a scenario (`what`, `needs`, `people`, `lat`, …)."""
    form = builtin.compiled("rapid_needs")
    data = Element("data", {"id": form.form_id, "version": form.version})
    situation = SubElement(data, "situation")
    _text(situation, "what_happened", " ".join(answers["what"]))
    _text(situation, "urgency", answers["urgency"])
    where = SubElement(data, "where")
    _text(where, "location", f"{answers['lat']} {answers['lon']} 0 8")
    _text(where, "place_name", answers["place"])
    affected = SubElement(data, "affected")
    _text(affected, "people", answers["people"])
    _text(affected, "households", answers["households"])
    for group in answers.get("vulnerable", ()):
        if group in VULNERABLE:
            _text(affected, VULNERABLE[group], max(1, answers["people"] // 8))
    _text(SubElement(data, "lacking"), "needs", " ".join(need["code"] for need in answers["needs"]))
    amounts = SubElement(data, "amounts")
    for need in answers["needs"]:
        _text(amounts, f"amount_{need['code']}", need["quantity"])
    _text(SubElement(data, "more"), "note", answers["note"])
    _text(SubElement(data, "meta"), "instanceID", instance_id)
    xml: bytes = tostring(data, encoding="utf-8", xml_declaration=True)
    return xml


def _text(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name).text = str(value)
