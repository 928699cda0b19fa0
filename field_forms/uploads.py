"""The files of a submission: which of them its answers name, and names that no file system trips over. Pure."""

import unicodedata
from collections.abc import Collection

from field_forms.openrosa import Instance, plain
from field_forms.xmlreading import XmlRefused, read_xml

MAX_NAME = 200
"""Bytes of a file's name in UTF-8."""
MAX_FORM_NODES, MAX_FORM_DEPTH = 400_000, 64
_XFORMS = "http://www.w3.org/2002/xforms"
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10))})
_FORBIDDEN = frozenset('<>:"|?*')
_LONGEST_SUFFIX = 12
# Signs that turn the reading direction may make `gpj.exe` look like `exe.jpg`; a half space belongs to Persian words.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HALF_SPACE = "\u200c"


def uploads_of(xform: bytes) -> frozenset[str]:
    """Paths of the questions whose answer is the name of a file; none for a form that cannot be read."""
    try:
        root = read_xml(xform, MAX_FORM_NODES, MAX_FORM_DEPTH)
    except XmlRefused:
        return frozenset()
    found: set[str] = set()
    ahead = [root]
    while ahead:
        node = ahead.pop()
        ahead += node.children
        if node.tag == f"{{{_XFORMS}}}bind" and node.attributes.get("type", "").rpartition(":")[2] == "binary":
            found.add(node.attributes.get("nodeset", ""))
    return frozenset(found - {""})


def wanted(instance: Instance, uploads: Collection[str]) -> frozenset[str]:
    """Names of the files that the answers promise, as phones name them in their parts."""
    return frozenset(
        file_name(value) for path, value in instance.fields.items() if value.strip() and plain(path) in uploads
    )


def file_name(name: str) -> str:
    """The last step of a name, without signs that hide, part or lead anywhere; the suffix outlives a cut.

    The same for every name that a phone makes (`1335783522563.jpg`, `صدا.m4a`): such a name stays as it is.
    Applied twice it is the same as once.
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rstrip("/").rpartition("/")[2])
    tidy = "".join(
        sign
        for sign in last
        if sign not in _FORBIDDEN and (sign == _HALF_SPACE or unicodedata.category(sign) not in _UNSEEN)
    )
    tidy = tidy.strip(f" .{_HALF_SPACE}")
    if tidy.partition(".")[0].rstrip().lower() in _DEVICES:
        tidy = f"_{tidy}"
    return _cut(tidy) or "file"


def _cut(name: str) -> str:
    if len(name.encode()) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    end = dot + suffix if stem and len(suffix.encode()) <= _LONGEST_SUFFIX else ""
    whole = stem if end else name
    room = whole.encode()[: MAX_NAME - len(end.encode())].decode(errors="ignore")
    return room.rstrip(f" .{_HALF_SPACE}") + end
