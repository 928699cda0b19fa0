"""XML from strangers: bounds that hold, positions that are right."""

import contextlib
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from field_forms import xmlreading
from field_forms.openrosa import InstanceRefused, parse_instance
from field_forms.xmlreading import MAX_ATTRIBUTES, MAX_NAME, MAX_NAMESPACES, MAX_NODES, Node, XmlRefused, read_xml

NAMES = st.sampled_from(["a", "b", "kid", "نام", "meta"])
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Element:
    element = Element(draw(NAMES), draw(st.dictionaries(NAMES, TEXTS, max_size=2)))
    element.text = draw(TEXTS)
    for child in draw(st.lists(trees(depth - 1), max_size=3)) if depth else []:
        element.append(child)
        child.tail = draw(TEXTS)
    return element


def same(node: Node, element: Element) -> bool:
    return (
        (node.tag, node.attributes, node.text) == (element.tag, element.attrib, element.text or "")
        and len(node.children) == len(element)
        and all(same(a, b) for a, b in zip(node.children, element, strict=True))
    )


@given(trees())
def test_what_is_written_is_read_and_each_element_stands_where_it_says(element: Element) -> None:
    data = tostring(element, encoding="utf-8", xml_declaration=True)
    root = read_xml(data)
    assert same(root, element)
    todo = [root]
    while todo:
        node = todo.pop()
        assert node.span is not None
        alone = read_xml(data[slice(*node.span)])
        assert (alone.tag, alone.attributes, alone.text) == (node.tag, node.attributes, node.text)
        assert len(alone.children) == len(node.children)
        todo += node.children


@pytest.mark.parametrize(
    ("inner", "spans"),
    [
        ("<a/>", ["<a/>"]),
        ("<a>x/></a>", ["<a>x/></a>"]),
        ('<a b=">"/><c></c>', ['<a b=">"/>', "<c></c>"]),
        ("<a><!-- /> --></a >", ["<a><!-- /> --></a >"]),
        ("<a><![CDATA[/>]]></a>", ["<a><![CDATA[/>]]></a>"]),
        ("<a><b/></a>", ["<a><b/></a>"]),
    ],
)
def test_spans_of_tags_written_in_odd_ways(inner: str, spans: list[str]) -> None:
    data = f"<r>{inner}</r>".encode()
    assert [data[slice(*(child.span or ()))].decode() for child in read_xml(data).children] == spans


def test_wide_encodings_are_read_without_positions() -> None:
    root = read_xml('<?xml version="1.0" encoding="utf-16"?><r><a>سلام</a></r>'.encode("utf-16"))
    assert root.children[0].text == "سلام"
    assert root.children[0].span is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!DOCTYPE r><r/>", "doctype"),
        (b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', "doctype"),
        (b'<!DOCTYPE r SYSTEM "http://host.test/x"><r/>', "doctype"),
        (b"<r>&a;</r>", "malformed"),
        (b"<r " + b" ".join(b"a%d=''" % n for n in range(MAX_ATTRIBUTES + 1)) + b"/>", "attributes"),
        (b"<r " + b" ".join(b"xmlns:a%d='u:%d'" % (n, n) for n in range(MAX_NAMESPACES + 1)) + b"/>", "namespaces"),
        (b"<r xmlns='u:" + b"x" * MAX_NAME + b"'/>", "namespaces"),
        (b"<" + b"r" * (MAX_NAME + 1) + b"/>", "name"),
        (b"<r>" + b"<a b='' c='' d=''/>" * 20_001 + b"</r>", "nodes"),
        (b"<r>" * 33 + b"</r>" * 33, "depth"),
        (b"<p:r/>", "malformed"),
        (b"<r/><r/>", "malformed"),
        (b"", "malformed"),
        (b'<?xml version="1.0" encoding="no-such"?><r/>', "malformed"),
    ],
)
def test_beyond_a_bound_it_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(XmlRefused) as refused:
        read_xml(data)
    assert refused.value.reason == reason
    if data:
        with pytest.raises(InstanceRefused, match=r"\w") as said:
            parse_instance(data)
        assert said.value.message_fa


@given(st.binary(max_size=200) | st.text("<>/&;!?[]a='\" xmlns:", max_size=80).map(str.encode))
def test_nothing_else_is_raised(data: bytes) -> None:
    with contextlib.suppress(XmlRefused):
        read_xml(data)


def test_what_is_refused_costs_no_more_than_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0

    def counted(*values: Any) -> Node:
        nonlocal made
        made += 1
        return Node(*values)

    monkeypatch.setattr(xmlreading, "Node", counted)
    read_xml(b"<r>" + b"<a>1</a>" * (MAX_NODES - 1) + b"</r>")
    assert made == MAX_NODES
    with pytest.raises(XmlRefused):
        read_xml(b"<r>" + b"<a>1</a>" * (10 * MAX_NODES) + b"</r>")
    assert made == 2 * MAX_NODES


def test_an_instance_keeps_attributes_and_where_each_answer_stands() -> None:
    root = Element("data", {"id": "f"})
    for age in ("۵", "6"):
        SubElement(SubElement(root, "kid", {"n": age}), "age").text = age
    instance = parse_instance(tostring(root, encoding="utf-8"))
    assert instance.attributes["/data/kid[2]"] == {"n": "6"}
    assert instance.raw[slice(*instance.spans["/data/kid[1]/age"])].decode() == "<age>۵</age>"
