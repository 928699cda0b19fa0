"""OpenRosa as ODK Collect really speaks it: the XML it wants to read, and the submissions it sends. Pure.

Form list: https://docs.getodk.org/openrosa-form-list/
Submission: https://docs.getodk.org/openrosa-form-submission/

One form without id, name or download URL, or one media file without name, hash or URL, makes Collect throw
the whole list away; so an entry that lacks one cannot be made here.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement, tostring

from field_forms.xmlreading import MAX_DEPTH, MAX_NODES, Node, XmlRefused, read_xml

CONTENT_TYPE = "text/xml; charset=utf-8"
MAX_SUBMISSION_BYTES = 10 * 1024 * 1024
"""What `X-OpenRosa-Accept-Content-Length` promises; Collect splits what is larger."""
MAX_XML_BYTES = 2 * 1024 * 1024
MAX_LAT, MAX_LON = 90, 180
_POINT = ("latitude", "longitude", "altitude", "accuracy")

_LIST_NS = "http://openrosa.org/xforms/xformsList"
_MANIFEST_NS = "http://openrosa.org/xforms/xformsManifest"
_RESPONSE_NS = "http://openrosa.org/http/response"
_HASH = re.compile(r"md5:[0-9a-f]{32}\Z")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")
# Digits as a Persian or Arabic keyboard writes them, and their decimal and thousands marks.
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫", "01234567890123456789.", "٬")


@dataclass(frozen=True, slots=True)
class ListedForm:
    """A form as the form list names it. `hash` as `xlsform.md5_hash` gives it."""

    form_id: str
    name: str
    version: str
    hash: str
    download_url: str
    manifest_url: str | None = None
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse an entry that would break the whole list in Collect."""
        if not (self.form_id and self.name and self.download_url and _HASH.match(self.hash)):
            raise ValueError("a listed form needs form_id, name, download_url and an md5: hash")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that a form needs (choices as CSV, pictures)."""

    filename: str
    hash: str
    download_url: str

    def __post_init__(self) -> None:
        """Refuse an entry that would break the whole manifest in Collect."""
        if not (self.filename and self.download_url and _HASH.match(self.hash)):
            raise ValueError("a media file needs filename, download_url and an md5: hash")


def _xml(root: Element) -> bytes:
    body = tostring(root, encoding="unicode")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.encode("utf-8")


def _texts(parent: Element, pairs: Iterable[tuple[str, str]]) -> None:
    for name, text in pairs:
        SubElement(parent, name).text = text


def render_form_list(forms: Iterable[ListedForm]) -> bytes:
    """The answer to `GET formList`."""
    root = Element("xforms", {"xmlns": _LIST_NS})
    for form in forms:
        pairs = [
            ("formID", form.form_id),
            ("name", form.name),
            ("version", form.version),
            ("hash", form.hash),
        ]
        pairs += [("descriptionText", form.description)] if form.description else []
        pairs += [("downloadUrl", form.download_url)]
        pairs += [("manifestUrl", form.manifest_url)] if form.manifest_url else []
        _texts(SubElement(root, "xform"), pairs)
    return _xml(root)


def render_manifest(files: Iterable[MediaFile]) -> bytes:
    """The answer to `GET manifest/{id}`."""
    root = Element("manifest", {"xmlns": _MANIFEST_NS})
    for file in files:
        pairs = [("filename", file.filename), ("hash", file.hash), ("downloadUrl", file.download_url)]
        _texts(SubElement(root, "mediaFile"), pairs)
    return _xml(root)


def render_response(message_fa: str, message_en: str, nature: str = "submit_success") -> bytes:
    """The body of an answer to a submission; Collect shows its message to the person. A text may be empty."""
    root = Element("OpenRosaResponse", {"xmlns": _RESPONSE_NS})
    SubElement(root, "message", {"nature": nature}).text = "\n".join(filter(None, (message_fa, message_en)))
    return _xml(root)


class InstanceRefused(ValueError):
    """A submission that cannot be read: `code` says why, stably; the texts say it to a person."""

    def __init__(self, code: str, message_fa: str, message_en: str) -> None:
        super().__init__(message_en)
        self.code, self.message_fa, self.message_en = code, message_fa, message_en


_REFUSALS = {
    "submission.empty": ("پرونده تهی است.", "The submission is empty."),
    "submission.too_large": ("پاسخ‌های فرم بسیار بزرگ است.", "The submission's XML is too large."),
    "submission.too_deep": (
        "پاسخ‌های فرم بیش از اندازه تودرتوست.",
        "The submission's XML is nested too deeply.",
    ),
    "submission.too_many": ("پاسخ‌های فرم بیش از اندازه است.", "The submission's XML has too many elements."),
    "submission.doctype": ("DOCTYPE و ENTITY پذیرفته نمی‌شود.", "A DOCTYPE or an entity is not accepted."),
    "submission.malformed": ("پرونده XML درستی نیست.", "The submission is not well-formed XML."),
    "submission.too_many_attributes": (
        "پاسخ‌های فرم ویژگی‌های بیش از اندازه دارد.",
        "The submission's XML has too many attributes.",
    ),
    "submission.too_many_namespaces": (
        "پاسخ‌های فرم نام‌ها یا فضای نام‌های بیش از اندازه دارد.",
        "The submission's XML has too many namespaces, or too long names.",
    ),
    "submission.no_form": ("شناسهٔ فرم پیدا نشد.", "The submission does not say which form it answers."),
}


_REASONS = {
    "malformed": "submission.malformed",
    "doctype": "submission.doctype",
    "depth": "submission.too_deep",
    "nodes": "submission.too_many",
    "attributes": "submission.too_many_attributes",
    "namespaces": "submission.too_many_namespaces",
    "name": "submission.too_many_namespaces",
}


def _refuse(code: str) -> InstanceRefused:
    return InstanceRefused(code, *_REFUSALS[code])


@dataclass(frozen=True, slots=True)
class Instance:
    """A filled-in form.

    `fields` maps a path to an answer, exactly as sent. A path's steps carry an index from the second
    sibling of the same name on, and on the first when it has such siblings: `/data/kid[2]/age`.
    `instance_id` is None when the submission has none (then only its bytes identify it). `encrypted`
    submissions hold no answers that we can read. `attributes` holds the attributes of those elements that have
    any (names as `{namespace}name`), `spans` the bytes of each answer's element in `raw`, from `<` to after `>`
    (none for UTF-16).
    """

    form_id: str
    version: str
    instance_id: str | None
    deprecated_id: str | None
    root: str
    fields: dict[str, str]
    encrypted: bool
    raw: bytes
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def values(self, path: str) -> list[str]:
        """Every non-empty answer at a path without indexes, in document order."""
        return [value for key, value in self.fields.items() if value and plain(key) == path]

    def rows(self, repeat: str) -> list[dict[str, str]]:
        """The answers of each round of a repeat, by their paths without indexes."""
        depth = repeat.count("/")
        found: dict[str, dict[str, str]] = {}
        for key, value in self.fields.items():
            steps = key.split("/")
            if plain("/".join(steps[: depth + 1])) == repeat:
                found.setdefault("/".join(steps[: depth + 1]), {})[plain(key)] = value
        return list(found.values())


def plain(path: str) -> str:
    """A path without its indexes."""
    return re.sub(r"\[\d+\]", "", path)


def parse_instance(data: bytes) -> Instance:
    """Read a submission's XML. Raises `InstanceRefused`, and nothing else, when it cannot be read.

    Any DOCTYPE or entity is refused before it is expanded; size, depth, the number of elements, attributes and
    namespaces are bounded while the document is read, not after.
    """
    if not data.strip():
        raise _refuse("submission.empty")
    if len(data) > MAX_XML_BYTES:
        raise _refuse("submission.too_large")
    try:
        root = read_xml(data, MAX_NODES, MAX_DEPTH)
    except XmlRefused as refused:
        raise _refuse(_REASONS[refused.reason]) from refused
    name, form_id = root.name, root.attributes.get("id") or root.namespace
    if not form_id:
        raise _refuse("submission.no_form")
    found = _Found()
    _walk(root, f"/{name}", found)
    return Instance(
        form_id=form_id,
        version=root.attributes.get("version") or root.attributes.get(f"{{{root.namespace}}}version") or "",
        instance_id=_meta(found.fields, name, "instanceID") or root.attributes.get("instanceID"),
        deprecated_id=_meta(found.fields, name, "deprecatedID"),
        root=name,
        fields=found.fields,
        encrypted=root.attributes.get("encrypted", "").lower() in {"yes", "true"},
        raw=data,
        attributes=found.attributes,
        spans=found.spans,
    )


@dataclass(slots=True)
class _Found:
    fields: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)


def _walk(parent: Node, path: str, found: _Found) -> None:
    """Collect the leaves below an element; the depth is bounded by the reading."""
    if parent.attributes:
        found.attributes[path] = parent.attributes
    names = [child.name for child in parent.children]
    repeated = {name for name, count in Counter(names).items() if count > 1} if len(set(names)) < len(names) else set()
    seen: dict[str, int] = {}
    for child, name in zip(parent.children, names, strict=True):
        step = name
        if name in repeated:
            seen[name] = seen.get(name, 0) + 1
            step = f"{name}[{seen[name]}]"
        here = f"{path}/{step}"
        if child.children:
            _walk(child, here, found)
            continue
        found.fields[here] = child.text
        if child.attributes:
            found.attributes[here] = child.attributes
        if child.span:
            found.spans[here] = child.span


def _meta(fields: dict[str, str], root: str, name: str) -> str | None:
    value = fields.get(f"/{root}/meta/{name}", "").strip()
    return value or None


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A measured position: WGS 84 degrees; altitude and accuracy in metres, None when not given."""

    lat: float
    lon: float
    altitude_m: float | None
    accuracy_m: float | None


def parse_number(text: str) -> float | None:
    """A finite number in Latin, Persian or Arabic digits, or None."""
    tidy = text.strip().translate(_DIGITS).replace("−", "-")
    if not _NUMBER.match(tidy):
        return None
    number = float(tidy)
    return number if math.isfinite(number) else None


def parse_geopoint(text: str) -> GeoPoint | str:
    """`lat lon [altitude accuracy]` → a point, or the code of what is wrong with it.

    `location.zero` is the point 0 0, which devices write when they have no fix and where nobody lives.
    """
    numbers = [parse_number(part) for part in text.split()]
    if not len(_POINT) - 2 <= len(numbers) <= len(_POINT):
        return "location.unreadable"
    lat, lon, altitude, accuracy = (*numbers, None, None)[: len(_POINT)]
    if lat is None or lon is None:
        return "location.unreadable"
    if abs(lat) > MAX_LAT or abs(lon) > MAX_LON:
        return "location.out_of_range"
    if lat == 0 and lon == 0:
        return "location.zero"
    # Collect writes an accuracy of 0 for a point set on a map by hand: nobody measured it.
    return GeoPoint(lat, lon, altitude, accuracy if accuracy is not None and accuracy > 0 else None)
