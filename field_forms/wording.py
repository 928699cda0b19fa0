"""What a form calls its questions, groups and choices, read from the XForm that phones got. Pure.

The XForm is the last word for every version, also of forms that were never a spreadsheet; choices that come from a
file beside the form are not in it, and stay as they were answered.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from field_forms.bindings import Texts, language_code
from field_forms.xmlreading import Node, XmlRefused, read_xml

MAX_NODES, MAX_DEPTH = 400_000, 120
_ITEXT = re.compile(r"jr:itext\(\s*'([^']*)'\s*\)\Z")
_INSTANCE = re.compile(r"instance\(\s*['\"]([^'\"]+)['\"]\s*\)/root/item\b")
_CONTROLS = frozenset({"input", "select", "select1", "rank", "upload", "range", "trigger", "secret", "textarea"})
_MANY = frozenset({"select", "rank"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, group or repeat: `control` is its element, `many` whether it takes several choices."""

    path: str
    control: str
    label: Texts
    many: bool = False
    choices: Mapping[str, Texts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wording:
    """Everything that a form asks, by its path without indexes, in the form's order; its root's name."""

    root: str = ""
    asked: Mapping[str, Asked] = field(default_factory=dict)

    def label(self, path: str) -> Texts:
        """The label of a path; empty when the form has none for it."""
        known = self.asked.get(path)
        return known.label if known else {}

    def choice(self, path: str, value: str) -> dict[str, str] | None:
        """An answer of a select in each language, its choices parted by commas; None where nothing is known of it."""
        known = self.asked.get(path)
        if known is None or not known.choices:
            return None
        chosen = value.split() if known.many else [value]
        languages = {code for one in chosen for code in known.choices.get(one, {})}
        return {
            code: ("، " if code == "fa" else ", ").join(
                said.get(code) or said.get("") or one for one in chosen for said in [known.choices.get(one, {})]
            )
            for code in languages
        }


def wording(xml: bytes) -> Wording:
    """Read an XForm. What cannot be read has no words: never raises."""
    try:
        page = read_xml(xml, MAX_NODES, MAX_DEPTH)
    except XmlRefused:
        return Wording()
    model = next((node for node in _below(page) if node.name == "model"), None)
    body = next((node for node in page.children if node.name == "body"), None)
    if model is None or body is None:
        return Wording()
    reading = _Reading(_itext(model), _lists(model), _binds(model))
    reading.walk(body, "")
    return Wording(_root(model), reading.found)


def _below(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from _below(child)


def _root(model: Node) -> str:
    first = next((node for node in model.children if node.name == "instance"), None)
    return first.children[0].name if first and first.children else ""


def _itext(model: Node) -> dict[str, Texts]:
    found: dict[str, Texts] = {}
    for translation in (node for top in model.children if top.name == "itext" for node in top.children):
        code = language_code(translation.attributes.get("lang", ""))
        for text in translation.children:
            plain = next(
                (node for node in text.children if node.name == "value" and "form" not in node.attributes), None
            )
            said = _text(plain)
            if said and said != "-":
                found.setdefault(text.attributes.get("id", ""), {})[code] = said
    return found


def _text(node: Node | None) -> str:
    """What an element says; a value that stands in its midst is told by a sign."""
    if node is None:
        return ""
    return " ".join(node.text.split()) + (" …" if node.children else "")


def _lists(model: Node) -> dict[str, list[Node]]:
    return {
        node.attributes["id"]: [item for item in node.children[0].children if item.name == "item"]
        for node in model.children
        if node.name == "instance" and node.attributes.get("id") and node.children
    }


def _binds(model: Node) -> dict[str, str]:
    pairs = ((node.attributes.get("id"), node.attributes.get("nodeset")) for node in model.children)
    return {name: path.strip() for name, path in pairs if name and path}


@dataclass(slots=True)
class _Reading:
    itext: Mapping[str, Texts]
    lists: Mapping[str, list[Node]]
    binds: Mapping[str, str]
    found: dict[str, Asked] = field(default_factory=dict)

    def walk(self, parent: Node, around: str) -> None:
        for node in parent.children:
            if node.name not in {"group", "repeat"} and node.name not in _CONTROLS:
                continue
            path = self.path(node, around)
            if path:
                self.keep(node, path)
            if node.name in {"group", "repeat"}:
                self.walk(node, path or around)

    def path(self, node: Node, around: str) -> str:
        given = node.attributes.get("nodeset") or node.attributes.get("ref") or self.bound(node)
        given = given.strip()
        return given if not given or given.startswith("/") else f"{around}/{given.removeprefix('./')}"

    def bound(self, node: Node) -> str:
        return self.binds.get(node.attributes.get("bind", ""), "")

    def keep(self, node: Node, path: str) -> None:
        label = self.said(node)
        known = self.found.get(path)
        if known and not (node.name == "repeat" or label):
            return
        # A repeat has its label on the group around it, which bears the same path.
        self.found[path] = Asked(
            path, node.name, label or (known.label if known else {}), node.name in _MANY, self.choices(node)
        )

    def said(self, node: Node) -> Texts:
        label = next((child for child in node.children if child.name == "label"), None)
        if label is None:
            return {}
        match = _ITEXT.match(label.attributes.get("ref", "").strip())
        if match:
            return self.itext.get(match[1], {})
        said = _text(label)
        return {"": said} if said else {}

    def choices(self, node: Node) -> dict[str, Texts]:
        made: dict[str, Texts] = {}
        for child in node.children:
            if child.name == "item":
                value = next((_text(part) for part in child.children if part.name == "value"), "")
                made[value] = self.said(child)
            elif child.name == "itemset":
                made |= self.listed(child)
        return made

    def listed(self, itemset: Node) -> dict[str, Texts]:
        match = _INSTANCE.search(itemset.attributes.get("nodeset", ""))
        items = self.lists.get(match[1], []) if match else []
        refs = {part.name: part.attributes.get("ref", "").strip() for part in itemset.children}
        shown, value = refs.get("label", "label"), refs.get("value", "name")
        inside = re.fullmatch(r"jr:itext\(\s*(\w+)\s*\)", shown)
        made: dict[str, Texts] = {}
        for item in items:
            held = {part.name: _text(part) for part in item.children}
            said = held.get(inside[1] if inside else shown, "")
            made[held.get(value, "")] = self.itext.get(said, {}) if inside else ({"": said} if said else {})
        return made
