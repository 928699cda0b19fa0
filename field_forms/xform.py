"""A bare XForm, as other tools make it: read for what the house needs to know of it, and given on as it came. Pure.

ODK XForms specification: https://getodk.github.io/xforms-spec/. No answer of such a form is tied to the model; it is
kept, shown in tables and exported all the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from field_forms.bindings import Binding, Bindings, Texts, language_code
from field_forms.entities import Spec, spec_of
from field_forms.problems import FormProblem
from field_forms.uploads import MAX_FORM_DEPTH, MAX_FORM_NODES, file_name, uploads_of
from field_forms.xlsform import CompiledForm, md5_hash
from field_forms.xmlreading import Node, XmlRefused, read_xml

SUFFIX = ".xml"
MAX_XFORM_BYTES = 20 * 1024 * 1024
_XFORMS = "{http://www.w3.org/2002/xforms}"
_JR = "{http://openrosa.org/javarosa}"
_CONTROLS = frozenset({"input", "upload", "select", "select1", "range", "rank", "trigger", "odk:rank"})
_ITEXT = re.compile(r"jr:itext\(\s*['\"]([^'\"]+)['\"]\s*\)")
_INDEX = re.compile(r"\[[^\]]*\]")
_FILE = re.compile(r"jr://(?:file|file-csv|images|image|audio|video)/([^\"'<>\s)]+)")
_CSV = re.compile(r"(?:pulldata|search)\(\s*(?:'|&apos;|\"|&quot;)([^'\"&]+)(?:'|&apos;|\"|&quot;)")
_KINDS: Mapping[str, str] = {"int": "integer", "string": "text", "datetime": "dateTime", "binary": "file"}
_SELECTED = {"select1": "select one", "select": "select all that apply", "rank": "rank", "trigger": "trigger"}
_MEDIA = {"image": "photo", "audio": "audio", "video": "video"}

_REASONS: Mapping[str, tuple[str, str]] = {
    "malformed": ("پرونده XML درستی نیست.", "The file is not well-formed XML."),
    "doctype": ("DOCTYPE و ENTITY پذیرفته نمی‌شود.", "A DOCTYPE or an entity is not accepted."),
    "depth": ("فرم بیش از اندازه تودرتوست.", "The form is nested too deeply."),
    "nodes": ("فرم بیش از اندازه بزرگ است.", "The form has too many elements."),
    "attributes": ("فرم ویژگی‌های بیش از اندازه دارد.", "The form has too many attributes."),
    "namespaces": ("فرم فضای نام‌های بیش از اندازه دارد.", "The form has too many namespaces."),
    "name": ("نامی در فرم بیش از اندازه بلند است.", "A name in the form is too long."),
    "too_large": ("پرونده بسیار بزرگ است.", "The file is too large."),
    "no_model": ("فرم بخش model ندارد.", "The form has no model."),
    "no_instance": ("فرم بخش instance ندارد یا تهی است.", "The form has no instance, or an empty one."),
    "no_id": ("فرم شناسه ندارد.", "The form has no id."),
    "bad_reference": (
        "پرسش به جایی اشاره می‌کند که در فرم نیست.",
        "A question refers to something that is not in the form's instance.",
    ),
}


@dataclass(frozen=True, slots=True)
class Traits:
    """What the server keeps beside any XForm: files it promises and needs, entities it makes, its encryption key."""

    uploads: frozenset[str]
    entities: Spec
    files: tuple[str, ...]
    public_key: str | None


def traits_of(xml: bytes) -> Traits:
    """The traits of an XForm; empty ones for what cannot be read."""
    return Traits(uploads_of(xml), spec_of(xml), files_of(xml), _public_key(xml))


def files_of(xml: bytes) -> tuple[str, ...]:
    """Names of the files that an XForm needs beside itself, in order, each once.

    Media and external instances (`jr://`), and the CSV that `pulldata()` and `search()` name. What Collect makes
    itself (the last saved instance) is none.
    """
    text = xml.decode("utf-8", "replace")
    found = [name.rpartition("/")[2] for name in _FILE.findall(text)]
    found += [name if name.endswith(".csv") else f"{name}.csv" for name in _CSV.findall(text)]
    found += ["itemsets.csv"] if 'query="instance(' in text and "jr://" not in text.partition("query=")[0] else []
    return tuple(dict.fromkeys(file_name(name) for name in found))


def _public_key(xml: bytes) -> str | None:
    try:
        root = read_xml(xml, MAX_FORM_NODES, MAX_FORM_DEPTH)
    except XmlRefused:
        return None
    for node in _all(root):
        if node.name == "submission" and node.attributes.get("base64RsaPublicKey", "").strip():
            return "".join(node.attributes["base64RsaPublicKey"].split())
    return None


def compile_xform(data: bytes) -> CompiledForm:
    """Judge a bare XForm: `xml` is `data` itself, byte for byte. Nothing here raises on bad input."""
    if len(data) > MAX_XFORM_BYTES:
        return _refused("too_large")
    try:
        root = read_xml(data, MAX_FORM_NODES, MAX_FORM_DEPTH)
    except XmlRefused as refused:
        return _refused(refused.reason)
    model = next((node for node in _all(root) if node.name == "model"), None)
    if model is None:
        return _refused("no_model")
    instance = next((node for node in model.children if node.name == "instance" and node.children), None)
    if instance is None:
        return _refused("no_instance")
    return _compiled(data, root, model, instance.children[0])


def _compiled(data: bytes, root: Node, model: Node, primary: Node) -> CompiledForm:
    form_id = primary.attributes.get("id") or primary.namespace
    if not form_id:
        return _refused("no_id", primary.name)
    body = next((node for node in root.children if node.name == "body"), None)
    read = _Read(model, primary)
    if body is not None:
        read.walk(body, f"/{primary.name}", None)
    wrong = next((path for path in read.asked if path not in read.paths), None)
    if wrong is not None:
        return _refused("bad_reference", wrong)
    version = primary.attributes.get("version") or primary.attributes.get(f"{_JR}version") or ""
    title = next((node.text.strip() for node in _all(root) if node.name == "title"), "") or form_id
    return CompiledForm(
        form_id=form_id,
        version=version,
        titles={"": title},
        xml=data,
        languages=tuple(read.languages),
        hash=md5_hash(data),
        bindings=Bindings(
            tuple(read.questions()), tuple(read.repeats), tuple(language_code(name) for name in read.languages)
        ),
    )


def _refused(reason: str, place: str | None = None) -> CompiledForm:
    fa, en = _REASONS[reason]
    return CompiledForm(problems=(FormProblem(None, None, place, f"xform.{reason}", fa, en),))


def _all(node: Node) -> Iterator[Node]:
    ahead = [node]
    while ahead:
        here = ahead.pop()
        yield here
        ahead += reversed(here.children)


@dataclass(slots=True)
class _Asked:
    kind: str
    label: Texts


@dataclass(slots=True)
class _Read:
    """What the model and the body say of each path of the primary instance."""

    model: Node
    primary: Node
    types: dict[str, str] = field(default_factory=dict)
    texts: dict[str, Texts] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    paths: dict[str, Node] = field(default_factory=dict)
    asked: dict[str, _Asked] = field(default_factory=dict)
    repeats: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in _all(self.model):
            if node.name == "bind" and node.attributes.get("nodeset"):
                kind = node.attributes.get("type", "").rpartition(":")[2]
                self.types[self._full(node.attributes["nodeset"], f"/{self.primary.name}")] = kind
            elif node.name == "translation":
                self._translation(node)
        self._paths(self.primary, f"/{self.primary.name}")

    def _translation(self, node: Node) -> None:
        language = node.attributes.get("lang", "")
        if language and language not in self.languages:
            self.languages.append(language)
        for text in node.children:
            plain = next((v.text for v in text.children if v.name == "value" and "form" not in v.attributes), None)
            if plain is not None:
                self.texts.setdefault(text.attributes.get("id", ""), {})[language_code(language)] = plain.strip()

    def _paths(self, node: Node, path: str) -> None:
        self.paths.setdefault(path, node)
        for child in node.children:
            self._paths(child, f"{path}/{child.name}")

    def _full(self, reference: str, around: str) -> str:
        """A reference as a plain path; relative ones hang below what is around them."""
        plain = _INDEX.sub("", reference.strip())
        path = plain if plain.startswith("/") else f"{around}/{plain.removeprefix('./')}"
        steps: list[str] = []
        for step in path.split("/")[1:]:
            if step == "..":
                steps = steps[:-1]
            elif step not in {"", "."}:
                steps.append(step.rpartition(":")[2])
        return "/" + "/".join(steps)

    def walk(self, node: Node, around: str, repeat: str | None) -> None:
        """Take the controls below an element of the body; `repeat` is the nearest repeat's path."""
        for child in node.children:
            reference = child.attributes.get("ref") or child.attributes.get("nodeset") or ""
            if child.name == "repeat" and reference:
                here = self._full(reference, around)
                self.repeats.setdefault(here)
                self.walk(child, here, here)
            elif child.name in _CONTROLS:
                self._control(child, reference, around)
            elif child.name in {"group", "repeat"}:
                self.walk(child, self._full(reference, around) if reference else around, repeat)

    def _control(self, control: Node, reference: str, around: str) -> None:
        if not reference and control.attributes.get("bind"):
            reference = self._bound(control.attributes["bind"])
        if not reference or "current()" in reference:
            return
        path = self._full(reference, around)
        kind = _SELECTED.get(control.name) or self._kind(path)
        if control.name == "upload":
            kind = _MEDIA.get(control.attributes.get("mediatype", "").partition("/")[0], "file")
        label = next((one for one in control.children if one.name == "label"), None)
        self.asked.setdefault(path, _Asked(kind, self._label(label)))

    def _bound(self, bind_id: str) -> str:
        found = (n for n in _all(self.model) if n.name == "bind" and n.attributes.get("id") == bind_id)
        return next((node.attributes.get("nodeset", "") for node in found), "")

    def _kind(self, path: str) -> str:
        kind = self.types.get(path, "") or "string"
        return _KINDS.get(kind.lower(), kind)

    def _label(self, label: Node | None) -> Texts:
        if label is None:
            return {}
        named = _ITEXT.search(label.attributes.get("ref", ""))
        if named:
            return self.texts.get(named.group(1), {})
        return {"": label.text.strip()} if label.text.strip() else {}

    def questions(self) -> list[Binding]:
        """Every leaf of the instance that is asked or bound, in its order; what is in `meta` is nobody's question."""
        found: list[Binding] = []
        for path, node in self.paths.items():
            if node.children or "/meta/" in f"{path}/" or (path not in self.asked and path not in self.types):
                continue
            asked = self.asked.get(path) or _Asked("calculate", {})
            inside = [repeat for repeat in self.repeats if path.startswith(f"{repeat}/")]
            repeat = max(inside, key=len, default=None)
            multiple = asked.kind == _SELECTED["select"]
            found.append(Binding(path, asked.kind, None, (), repeat, multiple, asked.label))
        return found
