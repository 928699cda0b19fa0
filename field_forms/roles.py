"""The roles that a cell of the `hamyar` column may hold, and how a cell is written. Pure.

`docs/forms-columns.md` says what each role is for. A cell holds a role and, where the role takes them, words
parted by spaces: a code, a kind, a unit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

UNITS = frozenset({"person", "household", "litre", "pack", "tent", "piece", "set", "vehicle", "kg"})
VULNERABLE = ("child", "infant", "elderly", "pregnant", "disabled", "chronic_illness", "woman_headed")
URGENCIES = ("life", "high", "normal", "none")
CONSENTS = ("yes", "no")
MOVEMENTS = ("receipt", "issue", "distribution", "count")
CLOSURE_KINDS = ("road", "bridge", "area")
CLOSURE_STATES = ("closed", "open")
SHELTER_STATES = ("open", "full", "closed")
CHECKIN_STATES = ("active", "resting", "away")
FOLLOWUP_RESULTS = ("met", "partly", "not")

_GEO = frozenset({"geo", "value"})
_FILE = frozenset({"image", "value"})
_CODE = frozenset({"select", "text", "value"})
_NUMBER = frozenset({"number", "text", "value"})
_WHEN = frozenset({"time", "text", "value"})
_WORD = re.compile(r"[a-z][a-z0-9_]*\Z")
_ITEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}\Z")
_SPACES = re.compile(r"[\s_]+")


@dataclass(frozen=True, slots=True)
class Role:
    """What a role asks of its cell, of its question, and of the rest of the form.

    `least` and `most`: how many words follow. `families`: kinds of question it may stand on (None: any).
    `codes`: the answers that mean something; a bound choice outside them is refused. `beside`: roles of
    which the form must hold one as well, or this one would say nothing.
    """

    least: int = 0
    most: int = 0
    families: frozenset[str] | None = None
    codes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


# The first twelve are as forms in use have them: their questions are taken as they are.
ROLES: Mapping[str, Role] = {
    "incident.category": Role(),
    "need.category": Role(),
    "need.quantity": Role(0, 2),
    "need.unit": Role(),
    "people": Role(),
    "households": Role(),
    "count": Role(1, 1),
    "vulnerable": Role(),
    "urgency": Role(),
    "location": Role(),
    "place": Role(),
    "text": Role(),
    "photo": Role(),
    "detail": Role(),
    "consent": Role(families=_CODE, codes=CONSENTS),
    "signature": Role(families=_FILE),
    "entity": Role(1, 1, families=_CODE),
    "centre": Role(families=_CODE),
    "centre.to": Role(families=_CODE, beside=("item.quantity",)),
    "task": Role(families=_CODE),
    "movement": Role(0, 1, codes=MOVEMENTS, beside=("item.quantity",)),
    "item": Role(families=_CODE, beside=("item.quantity",)),
    "item.quantity": Role(0, 2, families=_NUMBER, beside=("movement",)),
    "item.unit": Role(families=_CODE, beside=("item.quantity",)),
    "closure": Role(0, 1, families=_GEO),
    "closure.kind": Role(families=_CODE, codes=CLOSURE_KINDS, beside=("closure",)),
    "closure.state": Role(families=_CODE, codes=CLOSURE_STATES, beside=("closure",)),
    "closure.until": Role(families=_WHEN, beside=("closure",)),
    "shelter": Role(families=_CODE, beside=("shelter.state",)),
    "shelter.state": Role(families=_CODE, codes=SHELTER_STATES, beside=("shelter", "place")),
    "shelter.people": Role(families=_NUMBER, beside=("shelter.state",)),
    "shelter.capacity": Role(families=_NUMBER, beside=("shelter.state",)),
    "checkin": Role(families=_CODE),
    "checkin.state": Role(families=_CODE, codes=CHECKIN_STATES, beside=("checkin",)),
    "checkin.until": Role(families=_WHEN, beside=("checkin",)),
    "followup": Role(families=_CODE, beside=("followup.result",)),
    "followup.result": Role(families=_CODE, codes=FOLLOWUP_RESULTS, beside=("followup", "entity")),
    "followup.category": Role(families=frozenset({"select", "value"}), beside=("followup.result",)),
    "followup.missing": Role(0, 1, families=_NUMBER, beside=("followup.result",)),
    "followup.reason": Role(families=_CODE, beside=("followup.result",)),
}
# Roles whose word is the answer itself, whatever the question says: they may stand on a group or a repeat.
FIXED = frozenset({"movement"})
# Role: where its unit stands among its words.
_UNIT_AT = {"need.quantity": 1, "item.quantity": 1, "followup.missing": 0}
_FIXED_WORDS = {"movement": MOVEMENTS, "closure": CLOSURE_KINDS}

_FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("geopoint", "geotrace", "geoshape", "gps", "location", "start-geopoint"), "geo"),
    **dict.fromkeys(("image", "photo"), "image"),
    **dict.fromkeys(("audio", "video", "file", "background-audio"), "file"),
    **dict.fromkeys(("integer", "int", "decimal", "range"), "number"),
    **dict.fromkeys(("text", "string"), "text"),
    **dict.fromkeys(("date", "datetime", "time", "start", "end", "today"), "time"),
    **dict.fromkeys(("calculate", "hidden", "barcode"), "value"),
    **dict.fromkeys(("note", "acknowledge", "trigger"), "note"),
    **dict.fromkeys(("begin", "end"), "group"),
}


def family(kind: str) -> str | None:
    """What sort of question a cell of the `type` column makes, or None when it is none that is known here."""
    words = _SPACES.split(kind.strip().lower())
    if words[0] in {"select", "rank"} or kind.lower().startswith(("select1", "select ")):
        return "select"
    if words[0] in {"begin", "end"} and len(words) > 1:
        return "group"
    return _FAMILIES.get(words[0])


def parse_cell(cell: str) -> tuple[str, tuple[str, ...]] | str:
    """A cell of the `hamyar` column → (role, words), or the code of what is wrong with it."""
    role, *words = cell.split()
    spec = ROLES.get(role)
    if spec is None:
        return "hamyar.unknown_role"
    if not spec.least <= len(words) <= spec.most or not all(map(_pattern(role).match, words)):
        return "hamyar.bad_words"
    if role in _FIXED_WORDS and words and words[0] not in _FIXED_WORDS[role]:
        return "hamyar.unknown_kind"
    at = _UNIT_AT.get(role)
    if at is not None and words[at:] and words[at] not in UNITS:
        return "hamyar.unknown_unit"
    return role, tuple(words)


def _pattern(role: str) -> re.Pattern[str]:
    """Items and lists of entities are named by people of the house: their codes may be written more freely."""
    return _ITEM if role in {"item.quantity", "entity"} else _WORD
