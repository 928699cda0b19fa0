"""Ids and the codes that people read out."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.ids import ALPHABET, BASE, check_sign, clean_code, is_code, new_code, uuid7

BODIES = st.text(alphabet=ALPHABET, min_size=4, max_size=10)


def test_the_alphabet_is_prime_and_without_lookalikes() -> None:
    assert len(set(ALPHABET)) == BASE == 31
    assert not set("0O1IL") & set(ALPHABET)


def test_uuid7_is_version_7_and_ordered_by_time() -> None:
    earlier, later = uuid7(1_700_000_000_000), uuid7(1_700_000_000_001)
    assert (earlier.version, earlier.variant) == (7, uuid.RFC_4122)
    assert earlier < later
    assert earlier.int >> 80 == 1_700_000_000_000


def test_ids_of_one_process_rise_even_within_a_millisecond() -> None:
    made = [uuid7() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {uuid.RFC_4122}


@given(BODIES, st.data())
def test_one_wrong_sign_is_always_found(body: str, data: st.DataObject) -> None:
    code = body + check_sign(body)
    at = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from([s for s in ALPHABET if s != code[at]]))
    assert is_code(code, len(code))
    assert not is_code(code[:at] + wrong + code[at + 1 :], len(code))


@given(BODIES, st.data())
def test_two_swapped_neighbours_are_always_found(body: str, data: st.DataObject) -> None:
    code = body + check_sign(body)
    at = data.draw(st.integers(0, len(code) - 2))
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert is_code(swapped, len(code)) == (swapped == code)


@pytest.mark.parametrize("typed", ["abcd-efgh", "ABCD EFGH", "ab‌cd ef gh"])
def test_codes_are_cleaned_as_people_type_them(typed: str) -> None:
    assert clean_code(typed) == "ABCDEFGH"


def test_persian_digits_in_a_code_are_the_same_code() -> None:
    assert clean_code("hmj۲b٣۹k") == "HMJ2B39K"


def test_new_codes_are_well_formed_and_differ() -> None:
    codes = {new_code(8) for _ in range(500)}
    assert len(codes) == 500
    assert all(is_code(code) for code in codes)
    assert new_code(7, "N-").startswith("N-")
