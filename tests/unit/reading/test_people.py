"""How many people: parts add up, the speaker and kin count, subsets and other numbers do not."""

import pytest

from server.places.gazetteer import default_gazetteer
from server.reports.reading import read


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("من و سه تا بچم تو ماشینیم، پتو نداریم", 4),
        ("زن و سه بچه‌م زیر آوارن", 4),
        ("my wife, 2 kids and i are on the roof, water everywhere", 4),
        ("me and three others are stuck on the roof, flood", 4),
        ("an old man and his wife are trapped", 2),
        ("یه پیرزن و نوه‌ش زیر آوار گیر کردن", 2),
        ("راننده و سه مسافر تو ماشین گیر افتادن", 4),
        ("we are six, no water", 6),
        ("adults: 4, kids: 3, need food", 7),
        ("5 goat herders stuck on the hill, send help", 5),
        ("از ۸۰ نفر اهالی ۱۵ نفر زخمی شدن", 80),
        ("40 people including 12 kids need water", 40),
        ("۳۰-۴۰ نفر تو مدرسه بدون پتو", 40),
        ("۱۲ جوون میخوایم گونی پر کنن", None),
        ("۲۰ تا پتو لازم داریم", None),
        ("مادرم ۷۰ سالشه دارو نداره", None),
    ],
)
def test_people(text: str, people: int | None) -> None:
    assert read(text, default_gazetteer()).people == people
