"""One number, one spelling, whoever wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.messaging.numbers import normal_number, phone_number

MOBILE = "+989121234567"
SPELLINGS = [
    "09121234567",
    "۰۹۱۲ ۱۲۳ ۴۵۶۷",
    "00989121234567",
    "+98 (912) 123-4567",
    "989121234567",
    "9121234567",
    "۹۱۲-۱۲۳–۴۵۶۷",
    "\u202a+989121234567\u202c",
    "٠٩١٢١٢٣٤٥٦٧",
]


@pytest.mark.parametrize("raw", SPELLINGS)
def test_a_mobile_has_one_spelling(raw: str) -> None:
    assert normal_number(raw) == phone_number(raw) == MOBILE


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("3000", "3000"),
        ("HilalAB", "hilalab"),
        ("+50912345678", "+50912345678"),
        ("", ""),
        ("02112345678", "+982112345678"),
    ],
)
def test_other_senders_stay_what_they_are(raw: str, number: str) -> None:
    assert normal_number(raw) == number


def test_other_countries_keep_their_zero() -> None:
    assert normal_number("09121234567", "HT") == "09121234567"
    assert phone_number("09121234567", "HT") is None
    assert phone_number("50937123456", "HT") == "+50937123456"


@pytest.mark.parametrize("raw", ["", "12", "3000", "abc", "0912x", "+" + "9" * 30])
def test_what_nobody_can_text(raw: str) -> None:
    assert phone_number(raw) is None


@given(st.text(max_size=40) | st.from_regex(r"[+0]{0,3}[0-9۰-۹ -]{0,20}", fullmatch=True))
def test_one_spelling_is_its_own_and_can_be_dialled_or_is_none(raw: str) -> None:
    known, number = normal_number(raw), phone_number(raw)
    assert normal_number(known) == known
    if number is not None:
        assert number[0] == "+"
        assert number[1:].isascii()
        assert number[1:].isdigit()
        assert phone_number(number) == number
        if known.startswith("+"):
            assert known == number
