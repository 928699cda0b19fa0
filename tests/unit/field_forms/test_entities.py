"""Entities: what any form declares, what phones change apart from each other, and nothing applied twice."""

import csv
import io
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from field_forms.entities import Change, Entity, Spec, apply, changes, spec_of, to_csv
from field_forms.openrosa import parse_instance
from field_forms.xlsform import compile_form
from tests.unit.field_forms.samples import markdown_form

REAL = Path(__file__).parents[4] / "shared" / "data" / "openrosa" / "collect_xforms"
ID = "93a179a0-71b3-42f8-b78e-4c182eaf2ae7"
OTHER = "11111111-71b3-42f8-b78e-4c182eaf2ae7"


def xform(inner: str, binds: str, version: str = "2024.1.0") -> bytes:
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"'
        ' xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head>'
        f'<model entities:entities-version="{version}"><instance><data id="f">{inner}</data></instance>{binds}'
        "</model></h:head></h:html>"
    ).encode()


ENTITY = '<meta><entity dataset="homes" create="1" update="" id="" baseVersion=""><label/></entity></meta>'
BIND = '<bind nodeset="/data/card" entities:saveto="card"/><bind nodeset="/data/kid/age" entities:saveto="age"/>'


def test_a_declaration_has_the_answers_around_it_and_the_inner_one_goes_first() -> None:
    kid = '<meta><entity dataset="kids" update="1" id=""><label/></entity></meta>'
    spec = spec_of(xform(f"<card/><kid><age/>{kid}</kid>{ENTITY}", BIND))
    assert {(d.dataset, d.around, d.creates, d.updates) for d in spec.declarations} == {
        ("homes", "/data", True, True),
        ("kids", "/data/kid", False, True),
    }
    assert [dict(d.properties) for d in spec.declarations] == [{"age": "/data/kid/age"}, {"card": "/data/card"}]
    assert (spec.problems, spec.offline) == ((), True)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (xform(ENTITY, "", "2452.2.0"), "entity.version_unknown"),
        (xform(ENTITY, "", ""), "entity.version_missing"),
        (xform(ENTITY.replace("homes", "a.b"), ""), "entity.bad_dataset"),
        (xform(ENTITY.replace("homes", "__a"), ""), "entity.bad_dataset"),
        (xform(ENTITY.replace('create="1" update=""', ""), ""), "entity.no_action"),
        (xform(ENTITY.replace("<label/>", ""), ""), "entity.no_label"),
        (xform(ENTITY, '<bind nodeset="/data/a" entities:saveto="Label"/>'), "entity.bad_property"),
        (xform(ENTITY, BIND + '<bind nodeset="/data/b" entities:saveto="card"/>'), "entity.property_twice"),
        (xform("<card/>", BIND), "entity.saved_without_declaration"),
        (b"<!DOCTYPE a><a/>", "entity.form_unreadable"),
    ],
)
def test_what_is_not_right_is_named(form: bytes, code: str) -> None:
    assert code in [problem for _, problem in spec_of(form).problems]


def test_a_form_without_entities_declares_none() -> None:
    assert spec_of(xform("<card/>", "", "")) == Spec()
    assert spec_of(b"<a/>") == Spec()


@pytest.mark.skipif(not REAL.exists(), reason="the collection of real forms is not on this machine")
def test_real_forms_with_entities() -> None:
    found = {path.stem: spec_of(path.read_bytes()) for path in REAL.glob("*entit*.xml")}
    assert len(found) >= 10
    for name, spec in found.items():
        if name == "entity-update-pulldata" or spec.declarations:
            assert [d.dataset for d in spec.declarations] == ["people"], name
            assert "full_name" in spec.declarations[0].properties, name
    broken = [name for name, spec in found.items() if spec.problems]
    assert broken == ["one-question-entity-registration-broken"]
    repeat = found["create-or-update-entities-from-repeats"].declarations[0]
    assert (repeat.around, dict(repeat.properties)) == ("/data/people", {"full_name": "/data/people/name"})
    assert all(spec_of(path.read_bytes()).problems == () for path in REAL.glob("*.xml") if "entit" not in path.stem)


def test_what_our_converter_makes_is_understood() -> None:
    form = markdown_form(
        "| survey |\n| | type | name | label | save_to |\n| | text | card | Card | card |",
        settings="| entities |\n| | dataset | label |\n| | homes | ${card} |\n"
        "| settings |\n| | form_id | version |\n| | test_form | 1 |",
    )
    compiled = compile_form(form, ".md")
    assert compiled.ok, compiled.problems
    spec = spec_of(compiled.xml)
    assert [(d.dataset, list(d.properties)) for d in spec.declarations] == [("homes", ["card"])]
    assert spec.problems == ()


def test_a_submission_asks_for_each_round_of_a_repeat_by_itself() -> None:
    spec = spec_of(xform(f"<kid><age/>{ENTITY}</kid>", BIND))
    rounds = "".join(
        f'<kid><age>{age}</age><meta><entity dataset="homes" {action} id="{one}" baseVersion="{base}">'
        f"<label>{age} ساله</label></entity></meta></kid>"
        for age, action, one, base in [
            ("5", 'create="1"', f"uuid:{ID.upper()}", ""),
            ("", 'update="true"', OTHER, "3"),
            ("7", 'create="" update="false"', OTHER, ""),
            ("8", 'create="true"', "not an id", ""),
        ]
    )
    found, problems = changes(parse_instance(f"<data id='f'>{rounds}</data>".encode()), spec)
    assert [(c.id, c.action, c.label, dict(c.properties), c.base_version) for c in found] == [
        (ID, "create", "5 ساله", {"age": "5"}, None),
        (OTHER, "update", "ساله", {"age": ""}, 3),
    ]
    assert [code for _, code in problems] == ["entity.no_id"]
    swapped = parse_instance(f"<data id='f'>{rounds.replace('homes', 'wells')}</data>".encode())
    assert {code for _, code in changes(swapped, spec)[1]} == {"entity.other_dataset"}


def update(base: int | None, branch: str | None = None, trunk: int | None = None, **properties: str) -> Change:
    return Change("homes", ID, "update", None, properties, base, trunk, branch)


def test_changes_made_apart_merge_or_are_in_conflict_and_nothing_is_lost() -> None:
    assert apply(None, update(1)) == (None, "absent")
    made, outcome = apply(None, Change("homes", ID, "create", "رضایی", {"card": "1", "people": "4"}))
    assert (outcome, made and made.version) == ("created", 1)
    assert apply(made, Change("homes", ID, "create", "other")) == (made, "known")
    two, outcome = apply(made, update(1, people="5"))
    assert (outcome, two and two.version) == ("updated", 2)
    other, outcome = apply(two, update(1, card="2"))
    assert outcome == "merged"
    assert other is not None
    assert dict(other.properties) == {"card": "2", "people": "5"}
    three, outcome = apply(two, update(1, people="6"))
    assert (outcome, three and dict(three.properties)["people"]) == ("conflict", "6")
    assert apply(two, update(1, people="5"))[1] == "merged"  # the same said by two people
    emptied, _ = apply(two, update(2, card=""))
    assert emptied is not None
    assert emptied.properties["card"] == ""


def test_a_phone_without_network_changes_several_times_in_a_row() -> None:
    made, _ = apply(None, Change("homes", ID, "create", "x", {"people": "4"}))
    first, outcome = apply(made, update(1, "b", 1, people="5"))
    assert outcome == "updated"
    assert apply(first, update(1, "b", 1, people="5")) == (first, "known")
    second, outcome = apply(first, update(2, "b", 1, people="6"))
    assert outcome == "updated"
    between, _ = apply(first, update(2, people="9"))
    late, outcome = apply(between, update(2, "b", 1, people="6"))
    assert outcome == "conflict"
    assert second is not None
    assert late is not None
    assert late.properties == second.properties


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("ab")), max_size=6), st.randoms())
def test_a_version_is_never_used_twice_and_repetitions_change_nothing(
    made: list[tuple[int, str]], chance: random.Random
) -> None:
    now: Entity | None = Entity("homes", ID, "x", {})
    sent = [update(base, branch, 1, people=f"{base}{branch}") for base, branch in made]
    chance.shuffle(sent)
    for change in sent:
        before = now
        now, outcome = apply(now, change)
        assert now is not None
        assert before is not None
        assert now.version == before.version + (outcome != "known")
        assert apply(now, change) == (now, "known")


def test_a_list_is_what_a_phone_reads() -> None:
    listed = [Entity("homes", ID, "رضایی، =1", {"card": '1,"\n2'}, 3), Entity("homes", OTHER, "b", {})]
    read = list(csv.DictReader(io.StringIO(to_csv(listed, ["card", "people"]).decode())))
    assert read[0] == {"name": ID, "label": "رضایی، =1", "__version": "3", "card": '1," 2', "people": ""}
    assert read[1]["__version"] == "1"
