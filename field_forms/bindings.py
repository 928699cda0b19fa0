"""How a form's questions tie to the model: the `hamyar` column of the survey sheet and its sidecar.

A cell of the `hamyar` column holds a role and, where the role takes them, a code and a unit, parted by
spaces:

| cell | the answer is |
|---|---|
| `incident.category` | one or more incident codes (a select), what happened |
| `need.category` | one or more need codes (a select), what people lack |
| `need.quantity` | a number, for the `need.category` of the same group or repeat |
| `need.quantity water litre` | a number of litres of water; the need counts even when the select lacks it |
| `need.unit` | the unit of the quantity of the same repeat |
| `people`, `households` | whole numbers: everybody affected, families |
| `count child` | how many of the people are children (any group word); a vulnerable group when above zero |
| `vulnerable` | one or more vulnerable groups (a select) |
| `urgency` | `life`, `high`, `normal` or `none` |
| `location` | a geopoint |
| `place` | the name of the place, typed |
| `text` | free text that a person should read |
| `photo` | a picture's file name |
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from field_forms.problems import FormProblem

COLUMN = "hamyar"
UNITS = frozenset({"person", "household", "litre", "pack", "tent", "piece", "set", "vehicle", "kg"})
VULNERABLE = ("child", "infant", "elderly", "pregnant", "disabled", "chronic_illness", "woman_headed")
URGENCIES = ("life", "high", "normal", "none")

# role: how many words may follow it
ROLES: Mapping[str, tuple[int, int]] = {
    "incident.category": (0, 0),
    "need.category": (0, 0),
    "need.quantity": (0, 2),
    "need.unit": (0, 0),
    "people": (0, 0),
    "households": (0, 0),
    "count": (1, 1),
    "vulnerable": (0, 0),
    "urgency": (0, 0),
    "location": (0, 0),
    "place": (0, 0),
    "text": (0, 0),
    "photo": (0, 0),
}
_WORD = re.compile(r"[a-z][a-z0-9_]*\Z")
_LANGUAGE = re.compile(r"\(([A-Za-z]{2,3}(?:-[A-Za-z]{2})?)\)\s*\Z")
_GROUPS = frozenset({"group", "repeat", "survey", "loop"})
_SELECTS = ("select one", "select all that apply", "rank")

Texts = dict[str, str]
"""A text by language code; the key `""` holds a text written without a language."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One question tied to the model; `path` has no indexes, `repeat` is the nearest repeat around it."""

    path: str
    kind: str
    role: str | None
    args: tuple[str, ...] = ()
    repeat: str | None = None
    multiple: bool = False
    label: Texts = field(default_factory=dict)
    choices: dict[str, Texts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bindings:
    """The sidecar of a compiled form: its questions in order, the paths of its repeats, its languages."""

    questions: tuple[Binding, ...]
    repeats: tuple[str, ...]
    languages: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As stored beside the form; `from_json` reads it back."""
        return {
            "version": 1,
            "languages": list(self.languages),
            "repeats": list(self.repeats),
            "questions": [
                {
                    "path": q.path,
                    "kind": q.kind,
                    "role": q.role,
                    "args": list(q.args),
                    "repeat": q.repeat,
                    "multiple": q.multiple,
                    "label": q.label,
                    "choices": q.choices,
                }
                for q in self.questions
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Bindings":
        """Read what `to_json` wrote."""
        questions = tuple(Binding(**{**q, "args": tuple(q["args"])}) for q in data["questions"])
        return cls(questions, tuple(data["repeats"]), tuple(data["languages"]))


def language_code(name: str) -> str:
    """`فارسی (fa)` → `fa`; a name without a code in brackets stands for itself; `default` is no language."""
    match = _LANGUAGE.search(name)
    if match:
        return match.group(1).lower()
    return "" if name == "default" else name.strip().lower()


def texts(label: object) -> Texts:
    """A label of pyxform (a text, or texts by language) as texts by language code."""
    if isinstance(label, dict):
        return {language_code(str(k)): str(v) for k, v in label.items() if isinstance(v, str)}
    return {"": str(label)} if isinstance(label, str) else {}


def parse_cell(cell: str) -> tuple[str, tuple[str, ...]] | str:
    """A cell of the `hamyar` column → (role, words), or the code of what is wrong with it."""
    role, *words = cell.split()
    if role not in ROLES:
        return "hamyar.unknown_role"
    low, high = ROLES[role]
    if not low <= len(words) <= high or not all(_WORD.match(word) for word in words):
        return "hamyar.bad_words"
    if role == "need.quantity" and words[1:] and words[1] not in UNITS:
        return "hamyar.unknown_unit"
    return role, tuple(words)


_CELL_MESSAGES: Mapping[str, tuple[str, str]] = {
    "hamyar.unknown_role": ("نقش «{cell}» شناخته نیست.", "The role '{cell}' is not known."),
    "hamyar.bad_words": ("«{cell}» درست نوشته نشده است.", "'{cell}' is not written as its role asks."),
    "hamyar.unknown_unit": ("یکای «{cell}» شناخته نیست.", "The unit in '{cell}' is not known."),
    "hamyar.unknown_code": ("کد «{cell}» در فهرست کدها نیست.", "The code '{cell}' is not in the taxonomy."),
}


def cell_problem(code: str, row: int | None, cell: str, sheet: str = "survey", column: str = COLUMN) -> FormProblem:
    """The problem of a `hamyar` cell, or of a choice whose code the taxonomy lacks."""
    fa, en = _CELL_MESSAGES[code]
    shown = cell[:80]
    return FormProblem(sheet, row, column, code, fa.format(cell=shown), en.format(cell=shown))


def build(tree: Mapping[str, Any], languages: Sequence[str]) -> Bindings:
    """Walk pyxform's tree of a form: every question with its path, role, labels and choices."""
    questions: list[Binding] = []
    repeats: list[str] = []
    choices = tree.get("choices") or {}
    for node, path, repeat in _walk(tree.get("children") or (), f"/{tree.get('name', 'data')}", None):
        kind = str(node.get("type", ""))
        if kind == "repeat":
            repeats.append(path)
        if kind in _GROUPS:
            continue
        parsed = parse_cell(str(node[COLUMN])) if node.get(COLUMN) else None
        role, words = parsed if isinstance(parsed, tuple) else (None, ())
        listed = node.get("choices") or choices.get(str(node.get("itemset") or "")) or ()
        questions.append(
            Binding(
                path=path,
                kind=kind,
                role=role,
                args=words,
                repeat=repeat,
                multiple=kind == "select all that apply",
                label=texts(node.get("label")),
                choices={str(c["name"]): texts(c.get("label")) for c in listed if "name" in c}
                if kind.startswith(_SELECTS) and role
                else {},
            )
        )
    return Bindings(tuple(questions), tuple(repeats), tuple(languages))


def _walk(
    children: Sequence[Mapping[str, Any]], path: str, repeat: str | None
) -> Iterator[tuple[Mapping[str, Any], str, str | None]]:
    for node in children:
        if not node.get("name"):
            continue
        here = f"{path}/{node['name']}"
        kind = node.get("type")
        yield node, here, repeat
        if kind in _GROUPS and node["name"] != "meta":
            yield from _walk(node.get("children") or (), here, here if kind == "repeat" else repeat)
