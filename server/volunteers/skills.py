"""What volunteers can do and which languages they speak: the field's words, in both languages. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

SKILLS: Final[Mapping[str, tuple[str, str]]] = {
    "first_aid": ("کمک‌های نخستین", "First aid"),
    "rescue": ("جست‌وجو و نجات", "Search and rescue"),
    "driving": ("رانندگی", "Driving"),
    "boat": ("قایق‌رانی", "Boat"),
    "loader": ("لودر و ماشین سنگین", "Loader, heavy machinery"),
    "nursing": ("پرستاری", "Nursing"),
    "midwifery": ("مامایی", "Midwifery"),
    "psychosocial": ("حمایت روانی‌اجتماعی", "Psychosocial support"),
    "logistics": ("انبار و بارگیری", "Store and loading"),
    "technician": ("برق و تأسیسات", "Power and installations"),
}
"""code → (Persian, English)."""
HELPFUL: Final = frozenset({"logistics"})
"""Skills that make a task easier; without them it can be done all the same."""
IMPLIES: Final[Mapping[str, frozenset[str]]] = {
    "nursing": frozenset({"first_aid"}),
    "midwifery": frozenset({"first_aid"}),
}
"""Who can do the first can do the others as well."""
_ALIASES: Final[Mapping[str, str]] = {
    "medic": "first_aid",
    "firstaid": "first_aid",
    "first-aid": "first_aid",
    "driver": "driving",
    "drive": "driving",
    "machinery": "loader",
    "heavy_machinery": "loader",
    "nurse": "nursing",
    "midwife": "midwifery",
    "psychology": "psychosocial",
    "counselling": "psychosocial",
    "store": "logistics",
    "electrician": "technician",
}
LANGUAGES: Final[Mapping[str, tuple[str, str]]] = {
    "fa": ("فارسی", "Persian"),
    "en": ("انگلیسی", "English"),
    "ku": ("کردی", "Kurdish"),
    "lrc": ("لری", "Lori"),
    "ar": ("عربی", "Arabic"),
    "tk": ("ترکمنی", "Turkmen"),
    "az": ("ترکی آذربایجانی", "Azerbaijani"),
    "bal": ("بلوچی", "Balochi"),
    "glk": ("گیلکی", "Gilaki"),
    "mzn": ("مازندرانی", "Mazandarani"),
}
"""Code of ISO 639 → (Persian, English)."""


def known(codes: Iterable[str]) -> list[str]:
    """Codes in the field's words, each once, in order; what nobody knows stays as it was written."""
    return list(dict.fromkeys(_ALIASES.get(code, code) for code in codes))


def covered(have: Collection[str]) -> frozenset[str]:
    """All that somebody with these skills can do."""
    return frozenset(have).union(*(IMPLIES[skill] for skill in have if skill in IMPLIES))


def lacking(have: Collection[str], wanted: Collection[str]) -> list[str]:
    """Which of the skills without which it cannot be done are not there, in the order in which they are wanted."""
    can = covered(have)
    return [skill for skill in wanted if skill not in can and skill not in HELPFUL]
