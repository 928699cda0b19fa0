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
VEHICLES: Final[dict[str, tuple[str, str]]] = {
    "car": ("سواری", "Car"),
    "pickup": ("وانت", "Pickup"),
    "van": ("ون", "Van"),
    "truck": ("کامیون", "Truck"),
    "bus": ("اتوبوس", "Bus"),
    "ambulance": ("آمبولانس", "Ambulance"),
    "motorcycle": ("موتورسیکلت", "Motorcycle"),
    "bicycle": ("دوچرخه", "Bicycle"),
    "boat": ("قایق", "Boat"),
    "loader": ("لودر", "Loader"),
}
"""code → (Persian, English)."""
_VEHICLE_NAMES: Final = {name.casefold(): code for code, names in VEHICLES.items() for name in names} | {
    "خودرو": "car",
    "ماشین": "car",
    "موتور": "motorcycle",
    "مینی‌بوس": "bus",
}
WORKS: Final[dict[str, tuple[str, str]]] = {
    "field": ("میدان", "Field"),
    "desk": ("دفتر", "Desk"),
    "store": ("انبار", "Store"),
    "driving": ("رانندگی", "Driving"),
}
"""What a shift is for: code → (Persian, English)."""
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def vehicle(raw: str) -> str | None:
    """A vehicle's code from a cell; the empty text for an empty cell, None when it is none."""
    word = raw.strip().casefold().replace("ي", "ی").replace("ك", "ک")
    code = _VEHICLE_NAMES.get(word, word)
    return code if not code or _CODE.fullmatch(code) else None
