"""What intake decides without a database: keys, numbers, flags, places that cannot be."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from server.messaging.numbers import BETWEEN

LONG_CHARS: Final = 10_000
"""Beyond what any gateway joins from parts (255 × 67 characters is 17,085, and nobody types that)."""
KEY_CHARS: Final = 80
REPEAT_WINDOW_S: Final = 600
"""How long the same words from the same sender to the same number are the same message, where no id tells."""
FLAGS: Final = (
    "not_utf8",
    "nul",
    "lone_surrogate",
    "long",
    "impossible_coordinates",
    "far_coordinates",
    "impossible_time",
    "malformed",
    "no_id",
    "no_sender",
    "part",
    "media",
    "empty",
    "ragged_row",
    "area_geometry",
)
UNLOCATED: Final = frozenset({"impossible_coordinates", "far_coordinates"})
"""With one of these, what was given as coordinates is kept sealed and never drawn."""
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Python cannot read every date that PostgreSQL keeps: one row beyond would break each list it stands in."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9._:~-]{1,80}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}(\1[0-9a-fA-F]{4}){2}\1[0-9a-fA-F]{12}")
_LONG_NUMBER = re.compile(r"\d{9,}")


def is_plain_key(key: str) -> bool:
    """Whether a key may stand in the open: short, plain, and no phone number inside. UUIDs always may."""
    if key.startswith("h:") or not _PLAIN_KEY.fullmatch(key):
        return False
    if _UUID.fullmatch(key):
        return True
    return not _LONG_NUMBER.search(BETWEEN.sub("", key))


def claimed_time(value: datetime | None) -> tuple[datetime | None, bool]:
    """A device's time in UTC (without an offset it is taken as UTC), and whether it was impossible."""
    if value is None:
        return None, False
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        moment = aware.astimezone(UTC)
    except (OverflowError, ValueError):
        return None, True
    return (moment, False) if EARLIEST <= moment <= LATEST else (None, True)


def in_order(flags: Sequence[str]) -> list[str]:
    """Flags once each, in the order of `FLAGS`; strangers last."""
    if not flags:
        return []
    known = [flag for flag in FLAGS if flag in flags]
    return known + sorted(set(flags) - set(known))
