"""The taxonomy is whole: codes unique, every label present in both languages."""

import pytest

from server.standards import taxonomy


def test_counts_and_unique_codes() -> None:
    assert len(taxonomy.INCIDENTS) == 20
    assert len(taxonomy.NEEDS) == 20
    assert set(taxonomy.OFFERS) == {"goods", "service"}
    assert len(taxonomy.BY_CODE) == len(taxonomy.CATEGORIES)


@pytest.mark.parametrize("code", sorted(taxonomy.BY_CODE))
def test_labels_in_both_languages(code: str) -> None:
    assert taxonomy.label(code, "en").isascii()
    assert any("\u0600" <= c <= "\u06ff" for c in taxonomy.label(code, "fa"))


def test_unknown_code_is_its_own_label() -> None:
    assert taxonomy.label("no_such_code") == "no_such_code"
