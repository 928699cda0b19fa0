"""Who can go: how rows of strangers' files are read. Pure."""

import re
from typing import Final

STATUSES: Final = ("active", "resting", "away", "inactive")
GENDERS: Final[dict[str, str]] = {
    "woman": "woman",
    "female": "woman",
    "f": "woman",
    "زن": "woman",
    "خانم": "woman",
    "man": "man",
    "male": "man",
    "m": "man",
    "مرد": "man",
    "آقا": "man",
}
"""What files say → what we keep."""
_DIGITS: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_BETWEEN: Final = re.compile(r"[\s\u200c\u200e\u200f().\-–/]+")
_LENGTHS: Final = range(8, 16)
"""Digits of a number with its country code: E.164 allows 15."""
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LIST: Final = re.compile(r"[,;|،؛]")


def phone(raw: str, country: str = "IR") -> str | None:
    """A number as `+98912…`, or None when it is none. Spelled as reports spell their senders, so that the
    two meet.
    """
    text = _BETWEEN.sub("", raw.translate(_DIGITS))
    digits = text.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        return None
    if not text.startswith("+"):
        if digits.startswith("00"):
            digits = digits[2:]
        elif country == "IR" and digits.startswith("0"):
            digits = "98" + digits[1:]
        elif country == "IR" and len(digits) == len("9123456789") and digits.startswith("9"):
            digits = "98" + digits
    return "+" + digits if len(digits) in _LENGTHS else None


def codes(raw: str) -> list[str] | None:
    """A list in one cell (`medic; driver`), lower-cased, each once; None when something in it is no code."""
    found = [part.strip().lower() for part in _LIST.split(raw) if part.strip()]
    return list(dict.fromkeys(found)) if all(_CODE.fullmatch(part) for part in found) else None
