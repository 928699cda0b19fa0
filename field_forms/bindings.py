"""How a form's questions tie to the model: the `hamyar` column of the survey sheet and its sidecar.

A cell holds a role and, where the role takes them, a code, a kind or a unit: `need.quantity water litre`. The
roles stand in `roles.py`, and in `docs/forms-columns.md` for people.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from field_forms.problems import FormProblem
from field_forms.roles import ROLES, UNITS, URGENCIES, VULNERABLE, parse_cell

__all__ = [
    "COLUMN",
    "ROLES",
    "UNITS",
    "URGENCIES",
    "VULNERABLE",
    "Binding",
    "Bindings",
    "build",
    "cell_problem",
    "parse_cell",
]

COLUMN = "hamyar"
_LANGUAGE = re.compile(r"\(([A-Za-z]{2,3}(?:-[A-Za-z]{2})?)\)\s*\Z")
_GROUPS = frozenset({"group", "repeat", "survey", "loop"})
_SELECTS = ("select one", "select all that apply", "rank")

Texts = dict[str, str]
"""A text by language code; the key `""` holds a text written without a language."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One question tied to the model; `path` has no indexes, `repeat` is the nearest repeat around it.

    A group or a repeat stands here too when its cell fixes a word for all that is in it (`movement count`).
    """

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


_CELL_MESSAGES: Mapping[str, tuple[str, str]] = {
    "hamyar.unknown_role": ("نقش «{cell}» شناخته نیست.", "The role '{cell}' is not known."),
    "hamyar.bad_words": ("«{cell}» درست نوشته نشده است.", "'{cell}' is not written as its role asks."),
    "hamyar.unknown_unit": ("یکای «{cell}» شناخته نیست.", "The unit in '{cell}' is not known."),
    "hamyar.unknown_kind": ("«{cell}» از گونه‌های این نقش نیست.", "The kind in '{cell}' is not one of the role's."),
    "hamyar.unknown_choice": (
        "گزینهٔ «{cell}» برای نقش «{role}» معنایی ندارد؛ یکی از این‌ها را بنویسید: {codes}",
        "The choice '{cell}' means nothing for the role '{role}'; use one of: {codes}",
    ),
    "hamyar.wrong_type": (
        "نقش «{role}» با این نوع پرسش جور نیست: «{cell}».",
        "The role '{role}' does not go with a question of the type '{cell}'.",
    ),
    "hamyar.alone": (
        "نقش «{role}» تنها معنایی ندارد؛ در فرم یکی از این نقش‌ها هم لازم است: {codes}",
        "The role '{role}' says nothing alone; the form needs one of these roles too: {codes}",
    ),
    "hamyar.unknown_code": ("کد «{cell}» در فهرست کدها نیست.", "The code '{cell}' is not in the taxonomy."),
}


def cell_problem(
    code: str,
    row: int | None,
    cell: str,
    sheet: str = "survey",
    column: str = COLUMN,
    role: str = "",
    codes: Sequence[str] = (),
) -> FormProblem:
    """The problem of a `hamyar` cell, or of the type or the choices of a question that has one.

    `codes` are what would have been right, where that is a short list.
    """
    fa, en = _CELL_MESSAGES[code]
    shown, right = cell[:80], ", ".join(codes)
    return FormProblem(
        sheet,
        row,
        column,
        code,
        fa.format(cell=shown, role=role, codes=right.replace(", ", "، ")),
        en.format(cell=shown, role=role, codes=right),
    )


def build(tree: Mapping[str, Any], languages: Sequence[str]) -> Bindings:
    """Walk pyxform's tree of a form: every question with its path, role, labels and choices."""
    questions: list[Binding] = []
    repeats: list[str] = []
    choices = tree.get("choices") or {}
    for node, path, repeat in _walk(tree.get("children") or (), f"/{tree.get('name', 'data')}", None):
        kind = str(node.get("type", ""))
        if kind == "repeat":
            repeats.append(path)
        if kind in _GROUPS and not node.get(COLUMN):
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
