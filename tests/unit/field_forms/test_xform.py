"""Bare XForms: what is read of them, what is refused, and that the bytes stay as they came."""

import pytest

from field_forms.xform import compile_xform, files_of, traits_of

FORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Wells</h:title><model>
<itext><translation lang="English (en)"><text id="/data/name:label"><value>Name</value></text></translation>
<translation lang="fa"><text id="/data/name:label"><value>نام</value></text></translation></itext>
<instance><data id="wells" version="7"><name/><rows jr:template=""><depth/><photo/></rows>
<meta><instanceID/></meta></data></instance>
<instance id="villages" src="jr://file-csv/villages.csv"/>
<bind nodeset="/data/name" type="string"/><bind nodeset="/data/rows/depth" type="int"/>
<bind nodeset="/data/rows/photo" type="binary"/><bind nodeset="/data/meta/instanceID" type="string"/>
<submission base64RsaPublicKey=" MII B "/></model></h:head><h:body>
<input ref="/data/name"><label ref="jr:itext('/data/name:label')"/></input>
<group ref="/data/rows"><repeat nodeset="/data/rows"><input ref="/data/rows/depth"><label>Depth</label></input>
<upload ref="/data/rows/photo" mediatype="image/*"/></repeat></group></h:body></h:html>"""


def test_a_bare_form_is_read() -> None:
    form = compile_xform(FORM.encode())
    assert (form.problems, form.form_id, form.version, form.titles) == ((), "wells", "7", {"": "Wells"})
    assert form.xml == FORM.encode()
    asked = [(q.path, q.kind, q.repeat, q.role) for q in form.bindings.questions]
    assert asked == [
        ("/data/name", "text", None, None),
        ("/data/rows/depth", "integer", "/data/rows", None),
        ("/data/rows/photo", "photo", "/data/rows", None),
    ]
    assert form.bindings.questions[0].label == {"en": "Name", "fa": "نام"}
    assert form.bindings.repeats == ("/data/rows",)


def test_what_stands_beside_it() -> None:
    traits = traits_of(FORM.encode())
    assert traits.files == ("villages.csv",)
    assert traits.public_key == "MIIB"
    assert {path.rpartition("/")[2] for path in traits.uploads} == {"photo"}


def test_files_that_expressions_name() -> None:
    xml = b"<a calculate=\"pulldata('prices', 'a')\" appearance=\"search(&apos;items.csv&apos;)\">jr://images/a.png</a>"
    assert set(files_of(xml)) == {"prices.csv", "items.csv", "a.png"}
    assert all("/" not in name for name in files_of(b"<a src='jr://images/../../etc/passwd'/>"))


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"", "xform.malformed"),
        (b"\x00\xff", "xform.malformed"),
        (b"<html>", "xform.malformed"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xform.doctype"),
        (b"<a>" * 5_000 + b"</a>" * 5_000, "xform.depth"),
        (b"<html/>", "xform.no_model"),
        (b"<html><model/></html>", "xform.no_instance"),
        (b"<html><model><instance><data/></instance></model></html>", "xform.no_id"),
        (b" " * (20 * 1024 * 1024 + 1), "xform.too_large"),
        (FORM.replace('<input ref="/data/name">', '<input ref="/data/gone">').encode(), "xform.bad_reference"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_form_is_refused_in_words(xml: bytes, code: str) -> None:
    form = compile_xform(xml)
    assert [problem.code for problem in form.problems] == [code]
    assert form.problems[0].message_fa
    assert form.problems[0].message_en
    if code == "xform.bad_reference":
        assert form.problems[0].column == "/data/gone"
