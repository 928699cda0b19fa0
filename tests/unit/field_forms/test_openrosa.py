"""What phones read and send: lists that never break Collect, submissions read or refused with a reason."""

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from field_forms.openrosa import (
    GeoPoint,
    InstanceRefused,
    ListedForm,
    MediaFile,
    parse_geopoint,
    parse_instance,
    parse_number,
    render_form_list,
    render_manifest,
    render_response,
)
from field_forms.xmlreading import MAX_DEPTH, MAX_NODES

REAL = Path(__file__).parents[4] / "shared" / "data" / "openrosa" / "submissions"
HASH = "md5:" + "0" * 32


def _text(root: Element, tag: str) -> str | None:
    return next(element.text for element in root.iter() if element.tag.endswith("}" + tag))


def test_form_list_names_everything_that_collect_needs() -> None:
    form = ListedForm("f1", "نیازها <فوری> & دیگر", "3", HASH, "http://host/f1.xml?a=1&b=2", "http://host/m/f1")
    root = fromstring(render_form_list([form, form]))
    assert root.tag == "{http://openrosa.org/xforms/xformsList}xforms"
    assert len(root) == 2
    assert _text(root, "name") == form.name
    assert _text(root, "downloadUrl") == form.download_url
    assert [child.tag.rpartition("}")[2] for child in root[0]] == [
        "formID", "name", "version", "hash", "downloadUrl", "manifestUrl",
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["form_id", "name", "download_url", "hash"])
def test_an_entry_that_would_break_the_list_cannot_be_made(missing: str) -> None:
    values = {"form_id": "f", "name": "n", "version": "", "hash": HASH, "download_url": "u"} | {missing: ""}
    with pytest.raises(ValueError, match="needs"):
        ListedForm(**values)


def test_manifest_and_answer() -> None:
    root = fromstring(render_manifest([MediaFile("itemsets.csv", HASH, "http://host/x")]))
    assert _text(root, "filename") == "itemsets.csv"
    with pytest.raises(ValueError, match="needs"):
        MediaFile("a.csv", "md5:short", "u")
    answer = fromstring(render_response("رسید", "Received"))
    assert answer.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    assert _text(answer, "message") == "رسید\nReceived"


def test_instance_with_repeats_namespaces_and_meta() -> None:
    instance = parse_instance(
        b"<d id='f' version='2' xmlns='http://x' xmlns:orx='http://openrosa.org/xforms'>"
        b"<kid><age>1</age></kid><kid><age>2</age><name/></kid><solo>s</solo>"
        b"<orx:meta><orx:instanceID>uuid:1</orx:instanceID><orx:deprecatedID>uuid:0</orx:deprecatedID></orx:meta></d>"
    )
    assert (instance.form_id, instance.version, instance.instance_id) == ("f", "2", "uuid:1")
    assert instance.deprecated_id == "uuid:0"
    assert instance.fields["/d/kid[2]/age"] == "2"
    assert instance.values("/d/kid/age") == ["1", "2"]
    assert instance.rows("/d/kid") == [{"/d/kid/age": "1"}, {"/d/kid/age": "2", "/d/kid/name": ""}]
    assert instance.values("/d/solo") == ["s"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "submission.empty"),
        (b"  \n", "submission.empty"),
        (b"<a id='x'>", "submission.malformed"),
        (b"no xml", "submission.malformed"),
        (b"<a id='x'>\x00</a>", "submission.malformed"),
        ("<a id='x'>آب</a>".encode("cp1256"), "submission.malformed"),
        (b"<?xml version='1.0' encoding='martian'?><a id='x'/>", "submission.malformed"),
        (b"<a id='x'>&unknown;</a>", "submission.malformed"),
        (b"<!DOCTYPE a><a id='x'/>", "submission.doctype"),
        (b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a id='x'>&e;</a>", "submission.doctype"),
        (b"<a/>", "submission.no_form"),
        (b"<a id='x'>" + b"<b>" * MAX_DEPTH + b"</b>" * MAX_DEPTH + b"</a>", "submission.too_deep"),
        (b"<a id='x'>" + b"<b/>" * MAX_NODES + b"</a>", "submission.too_many"),
        (b"<a id='x'>" + b" " * 2_100_000 + b"</a>", "submission.too_large"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, code: str) -> None:
    with pytest.raises(InstanceRefused) as refused:
        parse_instance(data)
    assert refused.value.code == code
    assert refused.value.message_fa


def test_many_siblings_take_linear_work() -> None:
    count = MAX_NODES - 2
    instance = parse_instance(b"<a id='x'>" + b"<b>1</b>" * count + b"</a>")
    assert len(instance.values("/a/b")) == count


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda t: f"<a id='x'>{t}</a>".encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        instance = parse_instance(data)
    except InstanceRefused:
        return  # any other exception fails the test
    else:
        assert instance.form_id
        assert instance.raw == data


@pytest.mark.skipif(not REAL.exists(), reason="the collection of real submissions is not on this machine")
def test_real_submissions_are_read_or_refused_with_a_reason() -> None:
    # All of them are well-formed and name their form; some carry no instanceID.
    instances = [parse_instance(path.read_bytes()) for path in sorted(REAL.rglob("*.xml"))]
    assert len(instances) >= 15
    assert {bool(instance.instance_id) for instance in instances} == {True, False}


def test_real_repeats() -> None:
    path = REAL / "new_repeats" / "new_repeats_01.xml"
    if not path.exists():
        pytest.skip("the collection of real submissions is not on this machine")
    instance = parse_instance(path.read_bytes())
    assert instance.values("/new_repeats/kids/kids_details/kids_name") == ["Abel", "Cain"]
    assert len(instance.rows("/new_repeats/kids/kids_details")) == 2
    assert parse_geopoint(instance.fields["/new_repeats/gps"]) == GeoPoint(-1.2627557, 36.7926442, 0.0, 30.0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("33.15 47.72 1200 4.5", GeoPoint(33.15, 47.72, 1200.0, 4.5)),
        ("33.15 47.72", GeoPoint(33.15, 47.72, None, None)),
        ("33.15 47.72 0 0", GeoPoint(33.15, 47.72, 0.0, None)),
        ("۳۳٫۱۵ ۴۷٫۷۲ 0.0 0.0", GeoPoint(33.15, 47.72, 0.0, None)),
        ("91 10", "location.out_of_range"),
        ("10 180.01 0 0", "location.out_of_range"),
        ("0 0 0 0", "location.zero"),
        ("NaN 10", "location.unreadable"),
        ("1e999 10", "location.unreadable"),
        ("33.15", "location.unreadable"),
        ("", "location.unreadable"),
        ("1 2 3 4 5", "location.unreadable"),
    ],
)
def test_geopoints(text: str, wanted: GeoPoint | str) -> None:
    assert parse_geopoint(text) == wanted


@given(st.text(max_size=40))
def test_any_text_is_a_point_in_range_or_a_reason(text: str) -> None:
    point = parse_geopoint(text)
    if isinstance(point, GeoPoint):
        assert -90 <= point.lat <= 90
        assert -180 <= point.lon <= 180
    else:
        assert point.startswith("location.")


@given(st.integers(min_value=0, max_value=10**9))
def test_numbers_in_every_script_are_the_same(number: int) -> None:
    persian = str(number).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    arabic = str(number).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert parse_number(str(number)) == parse_number(persian) == parse_number(arabic) == number
