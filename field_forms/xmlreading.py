"""XML from strangers, read within bounds: no DOCTYPE, no entity, and every element knows its place in the bytes.

The bounds hold while the document is read, so what is refused costs no more than what is accepted. A namespace
may be bound as often as one likes, but only to so many different addresses, each of a bounded length.

Positions are byte offsets into the document as it came. They are given for encodings in which `<`, `/` and `>`
are single bytes of ASCII (UTF-8 and the old one-byte ones; not UTF-16, where they are None).
"""

from dataclasses import dataclass, field
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_ATTRIBUTES = 64
"""Attributes of one element."""
MAX_ALL_ATTRIBUTES = 60_000
MAX_NAME = 512
"""Characters of an element's or attribute's name with its namespace."""
MAX_NAMESPACES = 64
"""Different namespace declarations in a document."""
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")
_SEPARATOR = "}"
_CHUNK = 64 * 1024


class XmlRefused(ValueError):
    """The document goes beyond a bound, or is no XML: `reason` says which, in one word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Node:
    """An element: `tag` as `{namespace}name`, `text` what stands before its first child, `span` its bytes.

    `span` runs from the `<` of its opening tag to after the `>` of its closing tag, or is None (see above).
    """

    tag: str
    attributes: dict[str, str]
    start: int
    text: str = ""
    children: list["Node"] = field(default_factory=list)
    span: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The name without its namespace."""
        return self.tag.rpartition("}")[2]

    @property
    def namespace(self) -> str:
        """The namespace, or an empty text."""
        return self.tag[1:].partition("}")[0] if self.tag.startswith("{") else ""


def _full(name: str) -> str:
    if len(name) > MAX_NAME:
        raise XmlRefused("name")
    return "{" + name if _SEPARATOR in name else name


class _Reader:
    """Receives expat's events and builds the tree."""

    def __init__(self, data: bytes, max_nodes: int, max_depth: int) -> None:
        self.data, self.max_nodes, self.max_depth = data, max_nodes, max_depth
        self.wide = data[:2] in _WIDE
        self.nodes = self.attributes = 0
        self.namespaces: set[tuple[str | None, str | None]] = set()
        self.open: list[Node] = []
        self.texts: list[str] = []
        self.root: Node | None = None
        self.parser: Any = ParserCreate(namespace_separator=_SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.texts.append
        self.parser.StartNamespaceDeclHandler = self.namespace
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.parser.EntityDeclHandler = self.refuse_doctype
        self.parser.ExternalEntityRefHandler = self.refuse_doctype
        self.parser.UnparsedEntityDeclHandler = self.refuse_doctype

    def read(self) -> Node:
        for begin in range(0, len(self.data), _CHUNK):  # expat would read all to the end after a refusal
            self.parser.Parse(self.data[begin : begin + _CHUNK], False)
        self.parser.Parse(b"", True)
        if self.root is None:
            raise XmlRefused("malformed")
        return self.root

    def refuse_doctype(self, *_: object) -> int:
        raise XmlRefused("doctype")

    def namespace(self, prefix: str | None, address: str | None) -> None:
        self.namespaces.add((prefix, address))
        if len(self.namespaces) > MAX_NAMESPACES or len(address or "") > MAX_NAME:
            raise XmlRefused("namespaces")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.nodes += 1
        self.attributes += len(attributes)
        if self.nodes > self.max_nodes:
            raise XmlRefused("nodes")
        if len(self.open) >= self.max_depth:
            raise XmlRefused("depth")
        if len(attributes) > MAX_ATTRIBUTES or self.attributes > MAX_ALL_ATTRIBUTES:
            raise XmlRefused("attributes")
        held = {_full(key): value for key, value in attributes.items()} if attributes else {}
        node = Node(_full(name), held, self.parser.CurrentByteIndex)
        if self.open:
            parent = self.open[-1]
            if not parent.children:
                parent.text = "".join(self.texts)
            parent.children.append(node)
        else:
            self.root = node
        self.texts.clear()
        self.open.append(node)

    def end(self, _name: str) -> None:
        node = self.open.pop()
        if not node.children:
            node.text = "".join(self.texts)
        self.texts.clear()
        if not self.wide:
            node.span = (node.start, self.end_of(node, self.parser.CurrentByteIndex))

    def end_of(self, node: Node, here: int) -> int:
        """Expat stands after `<a/>`, but before the `</a>` of an element that has one."""
        if not node.children and not node.text and self.data[here - 2 : here] == b"/>":
            return here
        return self.data.find(b">", here) + 1


def read_xml(data: bytes, max_nodes: int = MAX_NODES, max_depth: int = MAX_DEPTH) -> Node:
    """The root of a document. Raises `XmlRefused`, and nothing else.

    Its reason is one of: malformed, doctype (or an entity), depth, nodes, attributes, namespaces, name.
    """
    try:
        return _Reader(data, max_nodes, max_depth).read()
    except (ExpatError, LookupError) as error:
        raise XmlRefused("malformed") from error
    except ValueError as error:
        if isinstance(error, XmlRefused):
            raise
        raise XmlRefused("malformed") from error
