"""What is learnt: labels, each a name of its own kind (`need.water`, `incident.fire`, `kind.update`, …).

A label of a foreign file that the taxonomy has no code for is learnt and reported as `extra.<name>`; it never
enters a reading.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from server.reports.reading import Reading
from server.standards.taxonomy import INCIDENTS, NEEDS, OFFERS

KINDS: Final = ("report", "offer", "update", "question", "other")
URGENCIES: Final = ("life", "high", "normal", "none")
VULNERABLE: Final = ("child", "infant", "elderly", "pregnant", "disabled", "chronic_illness", "woman_headed")
NEVER_TAKEN_BACK: Final = frozenset(
    {"need.search_rescue", "incident.trapped_people", "incident.building_collapsed", "incident.dam_or_levee_risk"}
    | {"incident.missing_person", "incident.child_alone", "urgency.life"}
)
"""What a model may add and never remove: a life-threatening message that is missed is the worst error."""

DISASTER: Final[Mapping[str, str]] = {
    "medical_help": "need.medical_care",
    "medical_products": "need.medicine",
    "search_and_rescue": "need.search_rescue",
    "security": "incident.security",
    "child_alone": "incident.child_alone",
    "water": "need.water",
    "food": "need.food",
    "shelter": "need.shelter",
    "clothing": "need.clothing",
    "money": "need.money",
    "missing_people": "incident.missing_person",
    "death": "incident.death",
    "transport": "need.transport",
    "buildings": "incident.building_damaged",
    "electricity": "incident.power_outage",
    "tools": "need.machinery",
    "floods": "incident.flooding",
    "fire": "incident.fire",
    "earthquake": "incident.aftershock",
}
"""Labels of the multilingual disaster messages that mean what a code of the taxonomy means, more or less."""

ALIKE: Final[Mapping[str, frozenset[str]]] = {
    "incident.building_damaged": frozenset({"incident.building_collapsed"}),
    "incident.power_outage": frozenset({"need.power"}),
}
"""Finer codes that a foreign file's coarser label covers: what the rules say by them counts as said."""


def known(label: str) -> bool:
    """Tell whether a label can stand in a reading."""
    group, _, code = label.partition(".")
    table: Mapping[str, Iterable[str]] = {
        "incident": INCIDENTS,
        "need": NEEDS,
        "offer": OFFERS,
        "vulnerable": VULNERABLE,
        "kind": KINDS,
        "urgency": URGENCIES,
    }
    return code in table.get(group, ())


def of_disaster(names: Iterable[str]) -> frozenset[str]:
    """Labels of a line of the disaster messages; `related_maybe` counts as related."""
    plain = {"related" if name == "related_maybe" else name for name in names if name}
    return frozenset(DISASTER.get(name, f"extra.{name}") for name in plain)


def of_gold(line: Mapping[str, Any]) -> frozenset[str]:
    """Labels of a gold-like line; what it does not say is not so. Unknown codes become extra labels."""
    needs = line.get("needs") or ()
    found = {f"need.{n.get('category') if isinstance(n, Mapping) else n}" for n in needs}
    found |= {f"incident.{code}" for code in line.get("incidents") or ()}
    found |= {f"offer.{code}" for code in line.get("offers") or ()}
    found |= {f"vulnerable.{code}" for code in line.get("vulnerable") or ()}
    found |= {f"{part}.{line[part]}" for part in ("kind", "urgency") if line.get(part)}
    return frozenset(label if known(label) else "extra." + label.partition(".")[2] for label in found)


def of_reading(reading: Reading) -> frozenset[str]:
    """Labels that a reading bears."""
    found = {f"need.{need.category}" for need in reading.needs}
    found |= {f"incident.{code}" for code in reading.incidents}
    found |= {f"offer.{code}" for code in reading.offers}
    found |= {f"vulnerable.{code}" for code in reading.vulnerable}
    return frozenset(found | {f"kind.{reading.kind}", f"urgency.{reading.urgency}"})


def says(found: frozenset[str], label: str, *, coarse: bool = False) -> bool:
    """Tell whether labels of a reading say `label`; where labels are `coarse`, by a finer code too."""
    return label in found or (coarse and not found.isdisjoint(ALIKE.get(label, frozenset())))
