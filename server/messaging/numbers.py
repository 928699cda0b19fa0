"""Phone numbers as one spelling, for whoever meets them: senders, volunteers, the duty roster, the outbox. Pure."""

import re
from typing import Final

DIGITS: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
"""Persian and Arabic digits → ASCII."""
BETWEEN: Final = re.compile(r"[\s().\-–/\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""What people and telephones write between digits, marks of direction included."""
LENGTHS: Final = range(8, 16)
"""Digits of a whole number with its country code: E.164 allows 15."""
_NATIONAL: Final = 11
"""Digits of an Iranian number written with its leading zero."""
_SUBSCRIBER: Final = 10
"""Digits of an Iranian mobile number that lost its zero: spreadsheets and some panels drop it."""


def normal_number(raw: str, country: str = "IR") -> str:
    """A sender as one spelling: `۰۹۱۲ ۱۲۳ ۴۵۶۷`, `0098912…`, `98912…`, `912…` are `+98912…`; a name is casefolded.

    Short numbers (`3000`) and numbers that tell no country stay digits.
    """
    if raw[:1] == "+" and raw.isascii() and raw[1:].isdigit():
        return raw
    text = BETWEEN.sub("", raw.translate(DIGITS))
    digits = text.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        return text.casefold()
    if text.startswith("+"):
        return text
    if digits.startswith("00"):
        return "+" + digits[2:]
    return _iranian(digits) if country == "IR" else digits


def _iranian(digits: str) -> str:
    if len(digits) == _NATIONAL and digits.startswith("0"):
        return "+98" + digits[1:]
    if len(digits) == _SUBSCRIBER and digits.startswith("9"):
        return "+98" + digits
    if len(digits) == _NATIONAL + 1 and digits.startswith("98"):
        return "+" + digits
    return digits


def phone_number(raw: str, country: str = "IR") -> str | None:
    """A number that can be texted, as `+98912…`, or None when it is none; spelled as `normal_number` spells it."""
    number = normal_number(raw, country)
    digits = number.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in LENGTHS:
        return None
    if number.startswith("+"):
        return number
    # Bare digits with a country code in front; with a zero in front nobody can say of which country.
    return None if digits.startswith("0") else "+" + digits
