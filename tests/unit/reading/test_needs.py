"""What makes a thing a need: who governs it, where it stands, whether it is a list or a tale."""

import pytest

from server.places.gazetteer import default_gazetteer
from server.reports.reading import read


def _needs(text: str) -> set[str]:
    return {n.category for n in read(text, default_gazetteer()).needs}


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        # Lists: one verb for all, a heading, a place, a purpose, no verb at all.
        ("نیازها: آب، نان، پتو، شیرخشک", {"water", "food", "bedding", "infant_care"}),
        ("۵۰ پتو روستای سرخه", {"bedding"}),
        ("پوشک بزرگسال برای ۱۱ سالمند", {"hygiene"}),
        ("chdr ptu niaz drim 20 khnvar", {"shelter", "bedding"}),
        # Lacking, not having; over a "but"; a flat no.
        ("آب خوردن هست ولی غذا تموم شده", {"food"}),
        ("چادر هست، زیرانداز نه. کمک", {"bedding"}),
        ("یک کامیون آب معدنی رسید ولی به محله ما نرسیده", {"water"}),
        ("your tents still have not reached us", {"shelter"}),
        # Where something is, what is meant by another thing, what brings it.
        ("توی چادر آب نداریم", {"water"}),
        ("گازوئیل ژنراتور تموم شده", {"heating"}),
        ("منتظر کامیون آرد هستیم", {"food"}),
        # Sleeping is no wanting (می‌خوابیم), fuel no burning, a spare "no" governs what follows it.
        ("موتور برقمون سوخت، لطفا یکی دیگه بفرستین", {"power"}),
        ("no doctor in the village, injection finish from yesterday", {"medical_care", "medicine"}),
        # Goods that cannot be found are no missing people.
        ("اینجا دکتر پیدا نمیشه", {"medical_care"}),
    ],
)
def test_needs(text: str, needs: set[str]) -> None:
    assert _needs(text) == needs


@pytest.mark.parametrize(
    "text",
    [
        "پتو آوردن دستشون درد نکنه",
        "دیگه غذا نفرستید انبار پره",
        "ما پتو اضافه داریم کجا بیاریم",
        "غذای خوبی خوردیم امروز، آب و هوا عالیه",
        "we have enough blankets, thank you",
        "sitting behind the clinic near the food truck",
    ],
)
def test_what_is_no_need(text: str) -> None:
    assert _needs(text) <= {"information"}
