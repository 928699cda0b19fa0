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
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LIST: Final = re.compile(r"[,;|،؛]")


def codes(raw: str) -> list[str] | None:
    """A list in one cell (`medic; driver`), lower-cased, each once; None when something in it is no code."""
    found = [part.strip().lower() for part in _LIST.split(raw) if part.strip()]
    return list(dict.fromkeys(found)) if all(_CODE.fullmatch(part) for part in found) else None
