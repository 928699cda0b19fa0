"""How urgent a message is: by what may happen to people within hours (`life`) and within the day (`high`)."""

import re

from server.places.names import fold_key
from server.reports.reading.incidents import negated
from server.reports.reading.model import Kind, NeedRead, Urgency
from server.reports.reading.text import Message

_BASIC = frozenset(
    {
        "water",
        "food",
        "infant_care",
        "medical_care",
        "medicine",
        "shelter",
        "heating",
        "bedding",
        "evacuation",
        "search_rescue",
        "protection",
    }
)
_GRAVE = frozenset(
    {
        "trapped_people",
        "injury",
        "disease",
        "child_alone",
        "security",
        "building_collapsed",
        "missing_person",
        "dam_or_levee_risk",
        "gas_leak",
    }
)
# Together these mean that somebody may die within hours.
_DEADLY = (
    {"fire", "injury"},
    {"dam_or_levee_risk", "evacuation"},
    {"flooding", "evacuation"},
    {"fire", "trapped_people"},
)
_DEADLY_SIGNS = 3
# Whoever is missing is in danger within hours where this happened; else the day counts.
_SWALLOWING = frozenset({"flooding", "landslide", "building_collapsed", "fire", "trapped_people", "dam_or_levee_risk"})
_HELPLESS = frozenset({"child", "infant"})
_WILD = re.compile(r"رود|دریا|سیل|کوه|برف|بهمن|طوفان|river|sea|flod|mountain|snov|storm|lake|gorge|غرق|موج")
_CUT_OFF = tuple(
    fold_key(w) for w in ("روستا", "روستای", "دسترسی", "village", "rusta", "cut off", "isolated", "محاصره")
)


def danger(message: Message) -> int:
    """Add up the signs that somebody may die within hours: a grave one is enough, weak ones are together."""
    weights: dict[str, int] = {}
    dead = {message.clause[h.first] for h in message.hits if h.group == "incident" and h.code == "death"}
    for hit in message.hits:
        if (
            hit.group == "sign"
            and message.clause[hit.first] not in dead
            and int(hit.part) > weights.get(hit.code, 0)
            and not negated(message, hit)
        ):
            weights[hit.code] = int(hit.part)
    stable = weights.pop("stable", 0)
    return sum(weights.values()) - stable


def urgency(
    message: Message,
    kind: Kind,
    incidents: list[str],
    needs: list[NeedRead],
    groups: tuple[str, ...] = (),
) -> Urgency:
    """Return life, high, normal or none; `groups` are the vulnerable among the affected."""
    if kind in ("offer", "other"):
        return "none"
    categories, told = {n.category for n in needs}, set(incidents)
    if (kind != "question" or told) and _deadly(message, told, categories, set(groups)):
        return "life"
    if kind == "question" and not told:
        return "normal"
    if categories & _BASIC or told & _GRAVE:
        return "high"
    if "road_blocked" in told and _cut_off(message):
        return "high"
    return "high" if message.has("pressing") and (told or categories) else "normal"


def _deadly(message: Message, told: set[str], categories: set[str], groups: set[str]) -> bool:
    if "trapped_people" in told or any(pair <= (told | categories) for pair in _DEADLY):
        return True
    if "search_rescue" in categories and (
        "missing_person" not in told or told & _SWALLOWING or groups & _HELPLESS or _WILD.search(message.text)
    ):
        return True
    return bool((told or categories) and (message.has("life") or danger(message) >= _DEADLY_SIGNS))


def _cut_off(message: Message) -> bool:
    return any(w in message.text for w in _CUT_OFF)
