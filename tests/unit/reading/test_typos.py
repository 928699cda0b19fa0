"""Misspelt words of the lexicon are mended, ordinary words and names are not touched."""

import pytest

from server.places.names import fold_key
from server.reports.reading.typos import mended


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("انصولین", "انسولین"), ("غزا", "غذا"), ("پطو", "پتو"), ("آمبولنس", "آمبولانس"), ("trasport", "transport")],
)
def test_typos_are_mended(typed: str, meant: str) -> None:
    assert mended(fold_key(typed)) == fold_key(meant)


@pytest.mark.parametrize(
    "word",
    ["غذا", "قضا", "مدرسه", "تهران", "پلدختر", "پتوها", "village", "mountain", "medics", "transports", "plaster"],
)
def test_right_words_stand(word: str) -> None:
    assert mended(fold_key(word)) is None
