"""Our own forms: whole in both languages, gentle to a tired team, and read back as what was said."""

import io
import re

import pytest

from field_forms.builtin import BUILTIN, WITH_LISTS, compiled, workbook
from field_forms.forms.build import EN, FA, FORMS, TAXONOMY, build
from field_forms.forms.parts import Row
from field_forms.lists import ENTITY_LISTS, LISTS
from field_forms.mapping import FormNeed, FormReport, to_report
from field_forms.openrosa import parse_instance
from field_forms.structures import (
    FormCheckin,
    FormClosure,
    FormEntity,
    FormFollowup,
    FormLine,
    FormMovement,
    FormReference,
    FormShelter,
)
from field_forms.xlsform import compile_form
from tests.unit.field_forms.samples import META

ALL = BUILTIN + WITH_LISTS
CODES = [line.split(",") for line in TAXONOMY.read_text(encoding="utf-8").splitlines()]
KNOWN = {kind: frozenset(row[1] for row in CODES if row[0] == kind) for kind in ("need", "incident")}
HOUSEHOLD = "0b2f7c54-5d1e-4c50-9d7a-3d8f1f4a9c11"


def _report(form_id: str, body: str, meta: str = META) -> FormReport:
    form = compiled(form_id)
    xml = f"<data id='{form_id}' version='{form.version}'>{body}{meta}</data>".encode()
    return to_report(parse_instance(xml), form.bindings)


def _rows(form_id: str) -> list[Row]:
    cells = [[str(cell or "") for cell in line] for line in build(form_id)["survey"].iter_rows(values_only=True)]
    return [dict(zip(cells[0], line, strict=True)) for line in cells[1:]]


@pytest.mark.parametrize("form_id", ALL)
def test_a_form_compiles_without_a_word_in_both_languages(form_id: str) -> None:
    form = compiled(form_id)
    assert (form.problems, form.warnings) == ((), ())
    assert (form.form_id, form.languages) == (form_id, (FA, EN))
    assert form.title("fa") != form.title("en")
    assert "<value>-</value>" not in form.xml.decode(), "a text lacks its translation"
    assert compile_form(workbook(form_id), ".xlsx", known=KNOWN).ok


@pytest.mark.parametrize("form_id", ALL)
def test_the_workbook_is_what_the_script_writes(form_id: str) -> None:
    out = io.BytesIO()
    build(form_id).save(out)
    assert compile_form(out.getvalue(), ".xlsx").xml == compiled(form_id).xml


def test_every_form_is_brought_along() -> None:
    assert set(FORMS) == set(ALL)
    assert len(ALL) == len(set(ALL)) == 9


@pytest.mark.parametrize("form_id", ALL)
def test_a_form_refers_to_no_file_but_the_lists_of_the_server(form_id: str) -> None:
    files = set(re.findall(rb"jr://[a-z-]+/([\w.]+)", compiled(form_id).xml))
    ours = {name.encode() for name in [*LISTS, *(f"{dataset}.csv" for dataset in ENTITY_LISTS)]}
    assert files <= ours
    assert bool(files) == (form_id in WITH_LISTS)


@pytest.mark.parametrize("form_id", ALL)
def test_what_is_required_or_refused_says_why_in_both_languages(form_id: str) -> None:
    for row in _rows(form_id):
        for asks, says in (("required", "required_message"), ("constraint", "constraint_message")):
            if row.get(asks):
                assert row[f"{says}::{FA}"], row["name"]
                assert row[f"{says}::{EN}"], row["name"]


@pytest.mark.parametrize("form_id", ALL)
def test_no_form_asks_for_a_name_or_a_number_of_a_person(form_id: str) -> None:
    assert not [
        row["name"] for row in _rows(form_id) if re.search(r"phone|mobile|national|(^|_)(first|last)", row["name"])
    ]
    assert not {row["type"] for row in _rows(form_id)} & {"deviceid", "phonenumber", "username", "email", "audit"}


def test_an_incident() -> None:
    report = _report(
        "incident",
        "<situation><what_happened>landslide road_blocked</what_happened><urgency>high</urgency><people>۱۲</people>"
        "</situation><where><location/><place_name>روستای بالا</place_name></where><more><note>شب بارید</note></more>",
    )
    assert (report.incidents, report.urgency, report.people) == (("landslide", "road_blocked"), "high", 12)
    assert (report.place_name, report.notes, report.problems) == ("روستای بالا", ("شب بارید",), ())


def _household(consent: str, create: str = "true") -> FormReport:
    return _report(
        "household",
        f"<asking><consent>{consent}</consent></asking>"
        "<household><card>4829-1375</card><place_name>اردوگاه شمالی</place_name><people>5</people></household>"
        "<special><children>2</children><infants>1</infants><conditions>woman_headed</conditions></special>"
        "<lacking><needs>water bedding</needs></lacking>",
        f"<meta><entity dataset='households' create='{create}' id='{HOUSEHOLD}'>"
        "<label>4829-1375 | اردوگاه شمالی | 5</label></entity><instanceID>uuid:a</instanceID></meta>",
    )


@pytest.mark.parametrize("create", ["true", "1"])
def test_a_household_is_registered_with_its_consent(create: str) -> None:
    report = _household("yes", create)
    assert report.consent is True
    assert report.entities == (FormEntity("households", HOUSEHOLD, "create"),)
    assert (report.people, report.counts) == (5, {"child": 2, "infant": 1})
    assert report.vulnerable == ("child", "infant", "woman_headed")
    assert report.needs == (FormNeed("water"), FormNeed("bedding"))
    saved = re.findall(r'entities:saveto="(\w+)"', compiled("household").xml.decode())
    assert tuple(saved) == ENTITY_LISTS["households"]


def test_nobody_is_registered_who_said_no() -> None:
    report = _household("no")
    assert (report.consent, report.entities) == (False, ())
    assert report.problems == (("/data/meta/entity", "entity.no_consent"),)
    assert _household("yes", "false").entities == ()


def test_a_distribution() -> None:
    report = _report(
        "distribution",
        f"<receiver><centre>C-NORTH</centre><household>{HOUSEHOLD}</household></receiver>"
        "<goods><item>blanket</item><unit>تخته</unit><quantity>4</quantity></goods>"
        "<goods><item>water-1.5l</item><quantity>12.5</quantity></goods>"
        "<goods><item>soap</item><quantity>0</quantity></goods>"
        "<receipt><signature>mark.png</signature><note/></receipt>",
    )
    assert report.movements == (
        FormMovement(
            "distribution",
            (FormLine("blanket", 4.0), FormLine("water-1.5l", 12.5)),
            centre="C-NORTH",
            recipient=FormReference("households", HOUSEHOLD),
            signature="mark.png",
        ),
    )
    assert report.problems == ()


def test_a_stock_count_keeps_its_zeros() -> None:
    report = _report(
        "stock_count",
        "<centre>C-NORTH</centre><counted><item>blanket</item><quantity>۰</quantity></counted>"
        "<counted><item>tent</item><quantity>31</quantity></counted><counted><item/><quantity>7</quantity></counted>",
    )
    assert report.movements == (
        FormMovement("count", (FormLine("blanket", 0.0), FormLine("tent", 31.0)), centre="C-NORTH"),
    )
    assert report.problems == (("/data/counted/quantity", "movement.item_missing"),)


def test_a_road_closure() -> None:
    report = _report(
        "road_closure",
        "<situation><state>closed</state><kind>bridge</kind><cause>bridge_out</cause></situation>"
        "<where><line>33.1 47.7 600 5;33.12 47.71 610 5;33.14 47.72 0 0</line><until>2026-11-25</until></where>",
    )
    line = {"type": "LineString", "coordinates": [[47.7, 33.1], [47.71, 33.12], [47.72, 33.14]]}
    assert report.closures == (FormClosure("bridge", line, "closed", "2026-11-25"),)
    assert report.incidents == ("bridge_out",)
    assert (report.lat, report.lon) == (33.12, 47.71), "the report is where its closure is"
    assert "33.1" not in report.summary["fa"]


def test_a_road_that_is_open_again_at_a_point() -> None:
    report = _report(
        "road_closure",
        "<situation><state>open</state><kind>road</kind></situation><where><line/><point>33.1 47.7 0 9</point></where>",
    )
    assert report.closures == (FormClosure("road", {"type": "Point", "coordinates": [47.7, 33.1]}, "open"),)


def test_a_listed_and_an_unlisted_shelter() -> None:
    listed = _report("shelter_status", "<which><shelter>S1</shelter></which><now><state>full</state>"
                     "<people>۱۸۰</people><capacity>150</capacity><needs>water</needs></now>")  # fmt: skip
    assert listed.shelters == (FormShelter("S1", None, "full", 180, 150),)
    assert (listed.needs, listed.people) == ((FormNeed("water"),), None)
    other = _report("shelter_status", "<which><shelter/><place_name>دبستان</place_name><location>33 47 0 0</location>"
                    "</which><now><state>open</state></now>")  # fmt: skip
    assert other.shelters == (FormShelter(None, "دبستان", "open", lat=33.0, lon=47.0),)


def test_a_volunteer_checks_in_with_persian_digits() -> None:
    report = _report(
        "volunteer_checkin",
        "<presence><volunteer> v-k۷۳ ab۲ </volunteer><state>active</state><centre>C-NORTH</centre><task>T-4H7K2M</task>"
        "<until>2026-11-23T18:30:00.000+03:30</until></presence>",
    )
    assert report.checkins == (
        FormCheckin("V-K73AB2", "active", "C-NORTH", "T-4H7K2M", "2026-11-23T18:30:00.000+03:30"),
    )


def test_a_follow_up_of_a_need_by_its_code() -> None:
    report = _report(
        "follow_up",
        "<which><need/><need_code>n-4h7k2m</need_code></which>"
        "<outcome><result>partly</result><missing>20</missing><reasons>too_little too_late</reasons></outcome>",
    )
    assert report.followups == (
        FormFollowup("partly", need="N-4H7K2M", missing=20.0, reasons=("too_little", "too_late")),
    )


def test_a_follow_up_of_a_household() -> None:
    report = _report(
        "follow_up",
        f"<which><household>{HOUSEHOLD}</household><category>bedding</category></which><outcome><result>not</result>"
        "</outcome>",
    )
    assert report.followups == (
        FormFollowup("not", recipient=FormReference("households", HOUSEHOLD), category="bedding"),
    )


@pytest.mark.parametrize("form_id", ALL)
def test_an_empty_submission_says_nothing(form_id: str) -> None:
    assert _report(form_id, "").answers() == FormReport().answers()
