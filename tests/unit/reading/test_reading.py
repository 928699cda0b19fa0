"""Reading: shape, totality, offsets, and the traps that READING's rules name one by one."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.ids import ALPHABET, check_sign
from server.places.gazetteer import Gazetteer, default_gazetteer
from server.reports.reading import RULES_VERSION, Reading, read
from server.reports.reading.text import MAX_CHARS
from server.standards.taxonomy import INCIDENTS, NEEDS, OFFERS

GAZETTEER = default_gazetteer()
A_CODE = "CP965896"
KEYS = [
    "lang",
    "kind",
    "incidents",
    "needs",
    "offers",
    "people",
    "households",
    "place",
    "vulnerable",
    "urgency",
    "command",
    "why",
]


def reading(text: str) -> Reading:
    return read(text, GAZETTEER)


def needs(text: str) -> dict[str, Any]:
    return {n.category: n.quantity for n in reading(text).needs}


def check_shape(body: dict[str, Any], text: str) -> None:
    assert list(body) == KEYS
    assert body["lang"] in {"fa", "en", "finglish", "mixed", "other"}
    assert body["kind"] in {"report", "offer", "update", "question", "other"}
    assert set(body["incidents"]) <= set(INCIDENTS)
    assert {n["category"] for n in body["needs"]} <= set(NEEDS)
    assert set(body["offers"]) <= set(OFFERS)
    assert body["urgency"] in {"life", "high", "normal", "none"}
    for number in (body["people"], body["households"], *(n["quantity"] for n in body["needs"])):
        assert number is None or number >= 0
    for why in body["why"]:
        assert list(why) == ["rule", "start", "end"]
        assert 0 <= why["start"] <= why["end"] <= len(text)
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", why["rule"])
    json.dumps(body)
    if body["kind"] == "other":
        assert body["incidents"] + body["needs"] + body["offers"] + body["vulnerable"] == []
        assert (body["place"], body["people"], body["urgency"]) == (None, None, "none")


WORDS = st.sampled_from(
    [
        *(
            "آب",
            "نداریم",
            "پل",
            "خراب",
            "شده",
            "۵۰",
            "نفر",
            "پلدختر",
            "زیر",
            "آوار",
            "و",
            ".",
            "؟",
            "چادر",
            "هزار",
            "صد",
            "ولی",
        ),
        *(
            "need",
            "water",
            "20",
            "tents",
            "NEED",
            "in",
            "Kuhdasht",
            "ab",
            "nadarim",
            "bist",
            "va",
            "panj",
            "STATUS",
            "K7",
        ),
        *("نیست", "رسید", "ممنون", "\ud800", "\x00", "\u200c", "من", "دو", "بچه", "استان", "لرستان", "sel", "umade"),
    ]
)


@settings(max_examples=120, deadline=None)
@given(
    st.one_of(st.text(max_size=400), st.lists(WORDS, max_size=40).map(" ".join), st.characters().map(lambda c: c * 50))
)
def test_any_text_gets_a_reading(text: str) -> None:
    body = reading(text).as_dict()
    check_shape(body, text)
    assert reading(text).as_dict() == body


@settings(max_examples=50, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=12).map(" ".join))
def test_keyboards_read_alike(text: str) -> None:
    arabic = text.replace("ی", "ي").replace("ک", "ك")
    digits = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩")
    assert reading(arabic.translate(digits)).as_dict() == reading(text).as_dict()


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "؟", "\u200c" * 40, "۱" * 500, "(" * 300, "𐎠" * 10])
def test_hard_texts(text: str) -> None:
    check_shape(reading(text).as_dict(), text)


def test_long_text_is_cut_and_says_so() -> None:
    text = "سلام " * 20_000 + "آب نداریم"
    result = reading(text)
    assert ("limit.length", MAX_CHARS, len(text)) in [(w.rule, w.start, w.end) for w in result.why]
    assert not result.needs


def test_id_comes_first_when_given() -> None:
    assert next(iter(reading("آب").as_dict("m1").items())) == ("id", "m1")
    assert RULES_VERSION


def test_why_points_into_the_original() -> None:
    text = "سـلام! پل‌دختر: ۲۰ پتو نياز داريم"
    spans = {w.rule: text[w.start : w.end] for w in reading(text).why}
    assert spans["need.bedding.items"] == "پتو"
    assert spans["place.exact"] == "پل‌دختر"
    assert spans["quantity"] == "۲۰"


@pytest.mark.parametrize(
    ("text", "people", "households"),
    [
        ("من و دو تا بچه‌م بیرون خوابیدیم", 3, None),
        ("۳ زن، ۲ مرد و ۴ کودک گرفتار سیل شدند", 9, None),
        ("۱۲ نفریم که ۳ تاش بچه است، آب نداریم", 12, None),
        ("صد و بیست خانوار آب ندارند", None, 120),
        ("یک خانواده پنج نفره هستیم، نان می‌خواهیم", 5, 1),
        ("two hundred and fifty people without food", 250, None),
        ("ده‌ها نفر آب ندارند", None, None),
        ("بچه ۲ ساله تب داره دارو نداریم", None, None),
        ("We need a tent for 6 people", 6, None),
        ("5 nafarim ab nadarim", 5, None),
        ("Family of 5 without water", 5, 1),
    ],
)
def test_people(text: str, people: int | None, households: int | None) -> None:
    result = reading(text)
    assert (result.people, result.households) == (people, households)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("به چادر نیاز نداریم، فقط پتو بفرستید", {"bedding"}),
        ("غذا داریم ولی آب خوردن نیست", {"water"}),
        ("پوشک بزرگسال لازم داریم", {"hygiene"}),
        ("برق قطع شده", set()),
        ("آب تا زانو تو کوچه است", set()),
        ("We have food but no water", {"water"}),
        ("No need for tents, please send blankets", {"bedding"}),
    ],
)
def test_what_is_needed(text: str, expected: set[str]) -> None:
    assert set(needs(text)) == expected


@pytest.mark.parametrize(
    ("text", "incidents"),
    [
        ("سه تا بچه رو گذاشتم رو کمد آب تا سینه‌مه", {"trapped_people", "flooding"}),
        ("از خونه‌مون فقط یه در مونده", {"building_collapsed"}),
        ("only the door frame is left of our house", {"building_collapsed"}),
        ("mashinemun tu barf gir karde", {"trapped_people"}),
        ("خبری از کمک نیست", set()),
        ("dozda rikhtan tu khunehaye khali", {"security"}),
        ("No one is trapped, only our wall is split from floor to ceiling", {"building_damaged"}),
    ],
)
def test_what_words_mean_together(text: str, incidents: set[str]) -> None:
    assert set(reading(text).incidents) == incidents


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("انسولین پدرم تموم شده", "high"),
        ("انسولین پدرم تموم شده، گیج میزنه و استفراغ میکنه", "life"),
        ("برادرم از دیروز رفته بیرون برنگشته", "high"),
        ("برادرم رفته بود کنار رودخونه، از دیروز گم شده", "life"),
        ("پاش شکسته، بستیم، حالش خوبه ولی دکتر لازمه", "high"),
        ("an iron bar went through his thigh and the blood is not stopping", "life"),
    ],
)
def test_what_may_kill_within_hours(text: str, urgency: str) -> None:
    assert reading(text).urgency == urgency


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("می‌تونم ۵۰ پتو بفرستم؟", "offer"),
        ("میتونید ۵۰ پتو بفرستید؟ بچه‌ها یخ زدن", "report"),
        ("سیل پیام‌های تبریک", "other"),
        ("خدا نکنه سد بشکنه", "other"),
        ("این فقط مانور است: ۵۰ نفر زیر آوار", "other"),
        ("This is not a drill, 5 people trapped in Ahvaz", "report"),
        ("آب رسید، ممنون", "update"),
        ("جاده بسته است؟", "question"),
        ("پارسال سیل خونه ما رو برد", "other"),
    ],
)
def test_kind(text: str, kind: str) -> None:
    assert reading(text).kind == kind


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("NEED WATER 50 POLDOKHTAR", ("NEED", None, "water", 50, "Poldokhtar")),
        ("نیاز آب ۵۰ پلدختر", ("NEED", None, "water", 50, "Poldokhtar")),
        ("نياز آب ٥٠ پل‌دختر", ("NEED", None, "water", 50, "Poldokhtar")),
        ("STATUS k7p2", ("STATUS", "K7P2", None, None, None)),
        ("وضعیت K7P2", ("STATUS", "K7P2", None, None, None)),
        ("لغو", ("STOP", None, None, None, None)),
        ("انجام T4K9", ("DONE", "T4K9", None, None, None)),
        ("ناموفق T4K9 جاده بسته بود", ("FAIL", "T4K9", None, None, None)),
        ("قبول T۴K۹", ("ACCEPT", "T4K9", None, None, None)),
        ("اصلاح K7P2 ۱۵", ("FIX", "K7P2", None, 15, None)),
        ("NEED 50 WATER POLDOKHTAR", ("NEED", None, "water", 50, "Poldokhtar")),
        ("نیاز به پلدختر آب ۵۰", ("NEED", None, "water", 50, "Poldokhtar")),
        ("STATSU K7P2", ("STATUS", "K7P2", None, None, None)),
        ("k7p2 status", ("STATUS", "K7P2", None, None, None)),
        ("انجام شد T4K9", ("DONE", "T4K9", None, None, None)),
        # As telephones and people write what our answers teach: "وضعیت کد" with the word left in, a line copied,
        # verb and code in one word, quotes, marks of direction, a word of courtesy.
        ("وضعیت کد 629G63KTN5", ("STATUS", "629G63KTN5", None, None, None)),
        ("STATUS code: 629g63ktn5", ("STATUS", "629G63KTN5", None, None, None)),
        ("وضعیت کد", ("STATUS", None, None, None, None)),
        ("اصلاح کد K7P2 ۱۵", ("FIX", "K7P2", None, 15, None)),
        ("قبول کد T۴K۹", ("ACCEPT", "T4K9", None, None, None)),
        ("انجام کد", ("DONE", None, None, None, None)),
        ("قبول می کنم", ("ACCEPT", None, None, None, None)),
        ("قبول میکنم.", ("ACCEPT", None, None, None, None)),
        ("پیگیری: وضعیت 629G63KTN5", ("STATUS", "629G63KTN5", None, None, None)),
        ("To ask: STATUS 629G63KTN5", ("STATUS", "629G63KTN5", None, None, None)),
        ("وضعیت\u200c۶۲۹G۶۳KTN۵", ("STATUS", "629G63KTN5", None, None, None)),
        ("وضعیت629G63KTN5", ("STATUS", "629G63KTN5", None, None, None)),
        ("STATUS:629G63KTN5", ("STATUS", "629G63KTN5", None, None, None)),
        ("«وضعیت 629G63KTN5»", ("STATUS", "629G63KTN5", None, None, None)),
        ("\u200fوضعیت \u200e629G63KTN5\u200e", ("STATUS", "629G63KTN5", None, None, None)),
        ("وضعیت 629G63KTN5 لطفا", ("STATUS", "629G63KTN5", None, None, None)),
        ("لغو۱۱", ("STOP", None, None, None, None)),
        ("نا موفق T4K9 جاده بسته", ("FAIL", "T4K9", None, None, None)),
        # To an offer: no, and its code with the right check sign.
        (f"نه {A_CODE}", ("FAIL", A_CODE, None, None, None)),
        (f"خیر {A_CODE} ممنون", ("FAIL", A_CODE, None, None, None)),
        (f"No {A_CODE.lower()}", ("FAIL", A_CODE, None, None, None)),
    ],
)
def test_commands(text: str, command: tuple[Any, ...]) -> None:
    got = reading(text).command
    assert got is not None
    assert (got.command, got.code, got.need, got.quantity, got.place) == command


@pytest.mark.parametrize(
    ("verb", "lang"),
    [("STATUS", "en"), ("Accept", "en"), ("done", "en"), ("vaziat", "finglish"), ("ghabul", "finglish"), ("لغو", "fa")],
)
@settings(max_examples=20)
@given(body=st.text(ALPHABET.lower(), min_size=7, max_size=7))
def test_the_letters_of_a_code_are_of_no_language(verb: str, lang: str, body: str) -> None:
    assert reading(f"{verb} {body}{check_sign(body.upper()).lower()}").lang == lang


@pytest.mark.parametrize(
    "text",
    [
        "وضعیت خیلی بد است",
        "need help please my son is hurt",
        "Need 200 blankets and 50 tents in Kuhdasht",
        "قبول کنید ما آب نداریم",
        "ROAD STATUS",
        "stop the looting in Bam",
        "وضعیت کد پستی ما بد است",
        "قبول 5 نفر از خانواده ما",
        "STATUS K7P2 is wrong",
        "نه",
        "نه ما آب نداریم",
        "no 1200 people",
        "نه K7P2",
        f"نه {A_CODE} نیست",
    ],
)
def test_sentences_are_no_commands(text: str) -> None:
    assert reading(text).command is None


@pytest.mark.parametrize(
    ("text", "name", "least_m"),
    [
        ("روستای بابازید پلدختر آب ندارد", "Poldokhtar", 20_000),
        ("نزدیک پلدختر آب نداریم", "Poldokhtar", 0),
        ("اطراف پلدختر آب نداریم", "Poldokhtar", 20_000),
        ("استان لرستان آب ندارد", "Lorestan", 80_000),
        ("شهرستان پلدختر آب ندارد", "Pol-e Dokhtar", 20_000),
        ("از تهران پیام میدم، مادرم در ایذه آب نداره", "Izeh", 0),
        ("در آب گیر کردیم", None, 0),
    ],
)
def test_place(text: str, name: str | None, least_m: int) -> None:
    place = reading(text).place
    assert (place.name if place else None) == name
    assert place is None or place.accuracy_m >= least_m


def test_offer_goes_to_its_destination() -> None:
    place = reading("میتونم ۱۰۰ پتو از تهران بفرستم پلدختر").place
    assert place is not None
    assert place.name == "Poldokhtar"


def test_an_empty_gazetteer_reads_all_but_the_place() -> None:
    result = read("پلدختر آب نداریم", Gazetteer.from_rows([]))
    assert result.place is None
    assert [n.category for n in result.needs] == ["water"]
