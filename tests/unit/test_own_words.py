"""The own lexicon: what entries do to a reading, and which phrases are refused before they are saved."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.places.gazetteer import Gazetteer, default_gazetteer
from server.reports.reading import OwnEntry, OwnWords, PhraseError, Reading, read
from server.reports.reading.own import FAULTS, GROUPS, check


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return default_gazetteer()


def told(text: str, gazetteer: Gazetteer, *entries: OwnEntry) -> Reading:
    return read(text, gazetteer, own=OwnWords(entries))


def test_a_new_word_for_a_thing_is_a_need_where_somebody_wants_it(gazetteer: Gazetteer) -> None:
    entry, text = OwnEntry("زغالدان", "need_items", "heating"), "پلدختر، سه تا زغالدان لازم داریم"
    assert read(text, gazetteer).needs == ()
    found = told(text, gazetteer, entry)
    assert [(n.category, n.quantity) for n in found.needs] == [("heating", 3)]
    (why,) = [w for w in found.why if w.rule == "need.heating.items"]
    assert text[why.start : why.end] == "زغالدان"
    assert told("زغالدان داریم ممنون", gazetteer, entry).needs == ()


@pytest.mark.parametrize(
    ("entry", "text", "field", "expected"),
    [
        (OwnEntry("گل و شل", "incident", "flooding"), "پلدختر گل و شل شده همه جا", "incidents", ("flooding",)),
        (OwnEntry("دارن تلف میشن", "urgency", "life"), "پلدختر آب نداریم بچه ها دارن تلف میشن", "urgency", "life"),
        (OwnEntry("شیرمادری", "vulnerable", "infant"), "پلدختر شیرمادری داریم غذا نیست", "vulnerable", ("infant",)),
        (OwnEntry("زمپاش", "need_direct", "medicine"), "zampash plzz", "needs", ()),
        (OwnEntry("پک معیشتی", "no_need", "word"), "پک معیشتی غذا لازم داریم", "kind", "report"),
    ],
)
def test_each_group_reaches_its_field(
    gazetteer: Gazetteer, entry: OwnEntry, text: str, field: str, expected: object
) -> None:
    assert getattr(told(text, gazetteer, entry), field) == expected


def test_an_ordinary_word_is_no_place_and_an_alias_is_one(gazetteer: Gazetteer) -> None:
    text = "در بهشت آباد آب نداریم"
    poldokhtar = next(r for r in gazetteer.rows if r.name_en == "Poldokhtar")
    found = told("محله سبزه زار نو آب نداریم", gazetteer, OwnEntry("سبزه زار نو", "alias", "place", poldokhtar)).place
    assert found is not None
    assert (found.name, found.lat) == ("Poldokhtar", poldokhtar.lat)
    named = read("در پلدختر آب نداریم", gazetteer).place
    assert named is not None
    assert told("در پلدختر آب نداریم", gazetteer, OwnEntry("پلدختر", "ordinary", "word")).place is None
    assert told(text, gazetteer, OwnEntry("پلدختر", "ordinary", "word")) == read(text, gazetteer)


def test_without_entries_nothing_is_different(gazetteer: Gazetteer) -> None:
    text = "سیل پلدختر رو برده ۲۰ نفر رو پشت بوم موندن"
    assert not OwnWords()
    assert told(text, gazetteer) == read(text, gazetteer)


@pytest.mark.parametrize(
    ("phrase", "code"),
    [
        (" ", "empty"),
        ("ب" * 201, "long"),
        ("آب [پاک]", "sign"),
        ("آب\nنان", "sign"),
        ("زنگ بزن ۰۹۱۲ ۳۴۵ ۶۷۸۹", "number"),
        ("(آب|نان", "brackets"),
        ("آب)", "brackets"),
        ("آب | نان", "brackets"),
        ("((((آب))))", "brackets"),
        ("(|آب)", "dangling"),
        ("* آب", "dangling"),
        ("آب ..", "dangling"),
        ("آب . نان", "dangling"),
        ("آب**", "dangling"),
        ("آب", "short"),
        ("کم*", "short"),
        ("(بخاری|در)", "short"),
        ("سلام", "common"),
        ("(بخاری|داریم)", "common"),
        ("need", "common"),
        ("چادر .. سیل .. آب .. نان .. دارو", "slow"),
        ("چادر ... سیل ... آب ... نان", "slow"),
        ("(" + "|".join(f"ب{i:02}" for i in range(45)) + ")", "slow"),
        ("(چادر|سیل|اب|نان) .. (چادر|سیل|اب|نان) .. (چادر|سیل|اب|نان) .. زلزله", "slow"),
    ],
)
def test_a_phrase_that_cannot_be_is_refused_with_its_reason(phrase: str, code: str) -> None:
    with pytest.raises(PhraseError) as refused:
        check(phrase)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "phrase",
    ["والور", "(بخاری|علاءالدین) نفتی", "پک .. معیشتی", "چادر* صحرایی+", "space heater*", "نان‌خشک", "chador ... nist"],
)
def test_a_good_phrase_passes(phrase: str) -> None:
    check(phrase)


def _fault(phrase: str) -> str | None:
    try:
        check(phrase, measured=False)
    except PhraseError as refused:
        return refused.code
    return None


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ابپ تچabc ()|*+.12", max_size=40))
def test_any_phrase_either_compiles_and_reads_or_is_refused_by_name(phrase: str) -> None:
    if (fault := _fault(phrase)) is not None:
        assert fault in FAULTS
        return
    for group, codes in GROUPS.items():
        found = read(
            "ab tent abc آب پتو تاب", Gazetteer.from_rows(()), own=OwnWords([OwnEntry(phrase, group, codes[0])])
        )
        assert found.kind
