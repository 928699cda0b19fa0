"""How strangers' files are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reports.rules import normal_number
from server.volunteers import rules


@pytest.mark.parametrize(
    "raw", ["۰۹۱۲ ۱۲۳ ۴۵۶۷", "00989121234567", "+98 (912) 123-4567", "09121234567", "989121234567"]
)
def test_one_number_one_spelling_the_same_as_of_senders(raw: str) -> None:
    assert rules.phone(raw) == normal_number(raw) == "+989121234567"


@pytest.mark.parametrize("raw", ["", "12", "abc", "0912x", "+" + "9" * 30])
def test_what_is_no_number(raw: str) -> None:
    assert rules.phone(raw) is None


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_none(raw: str) -> None:
    number = rules.phone(raw)
    assert number is None or (number[0] == "+" and number[1:].isascii() and number[1:].isdigit())


@given(st.text(max_size=40))
def test_what_both_take_for_a_number_is_the_same_number(raw: str) -> None:
    ours, theirs = rules.phone(raw), normal_number(raw)
    if ours and theirs.startswith("+"):
        assert ours == theirs


def test_lists() -> None:
    assert rules.codes("medic; Driver,medic، rescue") == ["medic", "driver", "rescue"]
    assert rules.codes("") == []
    assert rules.codes("medic; <script>") is None
