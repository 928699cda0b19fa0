"""Entities of any XForm: what its model declares, what a submission changes, and how changes made apart meet. Pure.

An entity is something that forms speak of again and again: a household, a well. As the entities part of the ODK
XForms specification has it (https://getodk.github.io/xforms-spec/entities, versions 2022.1 to 2025.1): a `meta`
block holds `<entity dataset create update id baseVersion trunkVersion branchId><label/></entity>`, and the bind of
a question says with `entities:saveto` which property its answer is. A declaration in a group or a repeat counts
for the answers around it.

A phone without a network makes several changes in a row: `trunkVersion` is the server's version that it began
with, `branchId` names the row of changes, `baseVersion` counts on from the trunk on the phone alone.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from field_forms.lists import write_list
from field_forms.openrosa import Instance, plain
from field_forms.xmlreading import Node, XmlRefused, read_xml

NAMESPACE = "http://www.opendatakit.org/xforms/entities"
XFORMS = "http://www.w3.org/2002/xforms"
SPECIFIED = ("2020.1", "2022.1", "2023.1", "2024.1", "2025.1")
"""Versions of the specification that are understood; a later one may mean something else."""
OFFLINE_SINCE = "2024.1"
MAX_FORM_NODES, MAX_FORM_DEPTH = 400_000, 64
MAX_PROPERTIES, MAX_VALUE = 200, 32_767
COLUMNS = ("name", "label", "__version")
"""What the file of every list begins with; by these Collect knows a row again."""
RESERVED = frozenset({"name", "label"})
_NAME = re.compile(r"[^\W\d][\w.-]{0,254}\Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_TRUE = frozenset({"1", "true"})

Action = Literal["create", "update", "upsert"]
Outcome = Literal["created", "updated", "merged", "conflict", "known", "absent"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """One kind of entity that a form makes or changes.

    `around` is the path of the element whose `meta` holds it (the form's root, a group, a repeat), `properties`
    maps a property's name to the path of its question.
    """

    dataset: str
    around: str
    creates: bool
    updates: bool
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Spec:
    """What a form's model says of entities; `problems` are (place, code) of what is not right."""

    version: str = ""
    declarations: tuple[Declaration, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def offline(self) -> bool:
        """Whether phones apply the changes themselves, before the server has seen them."""
        return self.version[: len(OFFLINE_SINCE)] >= OFFLINE_SINCE


@dataclass(frozen=True, slots=True)
class Change:
    """What one submission asks of one entity. An empty property is to be emptied; one that is not named stays."""

    dataset: str
    id: str
    action: Action
    label: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    base_version: int | None = None
    trunk_version: int | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as it stands. `changed_at` maps label (`""`) and properties to the version that set them last.

    `branches`: how far each row of changes made offline has come: the phone's own version → ours, as
    (branch, phone's version) → version.
    """

    dataset: str
    id: str
    label: str
    properties: Mapping[str, str]
    version: int = 1
    changed_at: Mapping[str, int] = field(default_factory=dict)
    branches: Mapping[tuple[str, int], int] = field(default_factory=dict)


def spec_of(xform: bytes) -> Spec:
    """What a form declares; an empty one for a form without entities, or one that cannot be read."""
    try:
        root = read_xml(xform, MAX_FORM_NODES, MAX_FORM_DEPTH)
    except XmlRefused:
        return Spec(problems=(("/", "entity.form_unreadable"),))
    model = next((node for node in _all(root) if node.tag == f"{{{XFORMS}}}model"), None)
    instance = next((node for node in model.children if node.name == "instance"), None) if model else None
    if model is None or instance is None or not instance.children:
        return Spec()
    primary = instance.children[0]
    problems: list[tuple[str, str]] = []
    found = dict(_declared(primary, f"/{primary.name}"))
    saved = _saved(model)
    version = model.attributes.get(f"{{{NAMESPACE}}}entities-version", "")
    if not found:
        problems += [(path, "entity.saved_without_declaration") for path in saved]
    elif ".".join(version.split(".")[:2]) not in SPECIFIED:
        problems.append(("/", "entity.version_unknown" if version else "entity.version_missing"))
    declarations = tuple(_declaration(around, node, found, saved, problems) for around, node in found.items())
    return Spec(version, declarations, tuple(problems))


def _all(node: Node) -> Iterator[Node]:
    ahead = [node]
    while ahead:
        here = ahead.pop()
        yield here
        ahead += reversed(here.children)


def _declared(parent: Node, path: str) -> Iterator[tuple[str, Node]]:
    for child in parent.children:
        if child.name == "meta":
            yield from ((path, node) for node in child.children if node.name == "entity")
        elif child.children:
            yield from _declared(child, f"{path}/{child.name}")


def _saved(model: Node) -> dict[str, str]:
    """Path of a question → the property that its answer is."""
    key = f"{{{NAMESPACE}}}saveto"
    return {
        node.attributes["nodeset"]: node.attributes[key].rpartition("#")[2]
        for node in model.children
        if node.name == "bind" and node.attributes.get(key) and node.attributes.get("nodeset")
    }


def _declaration(
    around: str, node: Node, every: Mapping[str, Node], saved: Mapping[str, str], problems: list[tuple[str, str]]
) -> Declaration:
    dataset = node.attributes.get("dataset", "").strip()
    bound = "create" in node.attributes or "update" in node.attributes
    if not _right(dataset) or "." in dataset:
        problems.append((around, "entity.bad_dataset"))
    if not bound:
        problems.append((around, "entity.no_action"))
    if not any(child.name == "label" for child in node.children) and "create" in node.attributes:
        problems.append((around, "entity.no_label"))
    properties: dict[str, str] = {}
    for path, name in saved.items():
        if _home(path, every) != around:
            continue
        if not _right(name) or name.lower() in RESERVED:
            problems.append((path, "entity.bad_property"))
        elif name in properties:
            problems.append((path, "entity.property_twice"))
        elif len(properties) >= MAX_PROPERTIES:
            problems.append((path, "entity.too_many_properties"))
        else:
            properties[name] = path
    return Declaration(dataset, around, "create" in node.attributes, "update" in node.attributes, properties)


def _right(name: str) -> bool:
    return bool(_NAME.match(name)) and not name.startswith("__")


def _home(path: str, every: Mapping[str, Node]) -> str | None:
    """The innermost declaration around a question."""
    while path:
        path = path.rpartition("/")[0]
        if path in every:
            return path
    return None


def changes(
    instance: Instance, spec: Spec, kept: Container[str] | None = None
) -> tuple[tuple[Change, ...], tuple[tuple[str, str], ...]]:
    """What a submission asks for, in its order, and (path, code) of what cannot be done.

    `kept`: where the registrations stand that nobody said no to (`structuring.entities`); None takes all.
    """
    known = {declaration.around: declaration for declaration in spec.declarations}
    found: list[Change] = []
    problems: list[tuple[str, str]] = []
    for key, attributes in instance.attributes.items():
        head, _, last = key.rpartition("/meta/")
        declaration = known.get(plain(head))
        if last != "entity" or declaration is None or (kept is not None and key not in kept):
            continue
        action = action_of(attributes)
        if action is None:
            continue
        entity_id = id_of(attributes)
        if attributes.get("dataset", "").strip() != declaration.dataset:
            problems.append((key, "entity.other_dataset"))
        elif entity_id is None:
            problems.append((key, "entity.no_id"))
        else:
            found.append(_change(instance, key, declaration, entity_id, action))
    return tuple(found), tuple(problems)


def action_of(attributes: Mapping[str, str]) -> Action | None:
    """What an `<entity>` asks for; None for one that asks nothing, as when the form's condition did not hold."""
    creates, updates = (attributes.get(name, "").strip().lower() in _TRUE for name in ("create", "update"))
    if creates and updates:
        return "upsert"
    return "create" if creates else "update" if updates else None


def id_of(attributes: Mapping[str, str]) -> str | None:
    """The id of an `<entity>`, a UUID in small letters; None for anything else."""
    given = attributes.get("id", "").strip().lower().removeprefix("uuid:")
    return given if _UUID.match(given) else None


def _change(instance: Instance, key: str, declaration: Declaration, entity_id: str, action: Action) -> Change:
    attributes = instance.attributes[key]
    around = key.rpartition("/meta/")[0]
    wanted = {path: name for name, path in declaration.properties.items()}
    properties: dict[str, str] = {}
    for path, value in instance.fields.items():
        if path.startswith(f"{around}/") and (name := wanted.get(plain(path))):
            properties.setdefault(name, value[:MAX_VALUE])
    return Change(
        dataset=declaration.dataset,
        id=entity_id,
        action=action,
        label=instance.fields.get(f"{key}/label", "").strip()[:MAX_VALUE] or None,
        properties=properties,
        base_version=_whole(attributes.get("baseVersion", "")),
        trunk_version=_whole(attributes.get("trunkVersion", "")),
        branch=attributes.get("branchId", "").strip()[:64] or None,
    )


def _whole(text: str) -> int | None:
    tidy = text.strip()
    return int(tidy) if tidy.isascii() and tidy.isdigit() and len(tidy) < len(str(2**31)) else None


def apply(now: Entity | None, change: Change) -> tuple[Entity | None, Outcome]:
    """What becomes of an entity by a change.

    `created`, `updated`: as asked. `merged`: another version came between, but touched other properties.
    `conflict`: it touched the same: the later change stands, and a person has to look. `known`: a repetition, or a
    creation of what is there already; nothing changes. `absent`: an update of what is not there (it may yet come).
    """
    if now is None:
        if change.action == "update":
            return None, "absent"
        return _created(change), "created"
    if change.action == "create":
        return now, "known"
    if change.branch and change.base_version is not None and (change.branch, change.base_version + 1) in now.branches:
        return now, "known"
    seen = _seen(now, change)
    fresh = {name: value for name, value in change.properties.items() if now.properties.get(name, "") != value}
    touched = set(fresh) | ({""} if change.label and change.label != now.label else set())
    version = now.version + 1
    steps = dict(now.branches)
    if change.branch and change.base_version is not None:
        steps[change.branch, change.base_version + 1] = version
    after = replace(
        now,
        label=change.label or now.label,
        properties={**now.properties, **fresh},
        version=version,
        changed_at={**now.changed_at, **dict.fromkeys(touched, version)},
        branches=steps,
    )
    if seen >= now.version:
        return after, "updated"
    clash = any(now.changed_at.get(name, 1) > seen for name in touched)
    return after, "conflict" if clash else "merged"


def _created(change: Change) -> Entity:
    properties = {name: value for name, value in change.properties.items() if value}
    branches = {(change.branch, 1): 1} if change.branch else {}
    return Entity(change.dataset, change.id, change.label or change.id, properties, 1, {}, branches)


def _seen(now: Entity, change: Change) -> int:
    """The version of ours that the phone had before its eyes; without a word of it, the present one."""
    if change.base_version is None:
        return now.version
    if change.branch:
        step = now.branches.get((change.branch, change.base_version))
        if step is not None:
            return step
        if change.trunk_version is not None:
            return min(change.trunk_version, change.base_version)
    return change.base_version


def to_csv(listed: Iterable[Entity], properties: Iterable[str]) -> bytes:
    """A list as phones read it: `name` (the id), `label`, `__version`, then the properties in the given order."""
    wanted = list(properties)
    rows = (
        {**{name: one.properties.get(name, "") for name in wanted}, "name": one.id, "label": one.label}
        | {"__version": one.version}
        for one in listed
    )
    return write_list((*COLUMNS, *wanted), rows)
