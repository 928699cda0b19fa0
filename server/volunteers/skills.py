"""What volunteers can do and which languages they speak: the field's words, in both languages. Pure."""

import re
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
    "lki": ("لکی", "Laki"),
    "ar": ("عربی", "Arabic"),
    "tk": ("ترکمنی", "Turkmen"),
    "az": ("ترکی آذربایجانی", "Azerbaijani"),
    "bal": ("بلوچی", "Balochi"),
    "glk": ("گیلکی", "Gilaki"),
    "mzn": ("مازندرانی", "Mazandarani"),
}
"""Code of ISO 639 → (Persian, English)."""


_SPOKEN: Final[Mapping[str, str]] = {
    "پرستار": "nursing",
    "ماما": "midwifery",
    "راننده": "driving",
    "امدادگر": "first_aid",
    "امداد": "first_aid",
    "نجاتگر": "rescue",
    "نجات": "rescue",
    "جستوجو": "rescue",
    "قایق": "boat",
    "قایقران": "boat",
    "لودر": "loader",
    "روانشناس": "psychosocial",
    "مددکار": "psychosocial",
    "حمایت_روانی": "psychosocial",
    "انبار": "logistics",
    "انباردار": "logistics",
    "برقکار": "technician",
    "تأسیسات": "technician",
    "تاسیسات": "technician",
    "ترکی": "az",
    "farsi": "fa",
    "turkish": "az",
    "turkic": "az",
    "kurmanji": "ku",
    "sorani": "ku",
    "luri": "lrc",
    "baluchi": "bal",
}
"""How people write it in lists of theirs, beside the codes and the names."""
_APART: Final = re.compile(r"[,;|/\n،؛]")
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_MARKS: Final = str.maketrans({"ي": "ی", "ك": "ک", "\u200c": None, "\u200d": None})


def _folded(word: str) -> str:
    return "_".join(word.translate(_MARKS).replace("-", "_" if word.isascii() else "").casefold().split())


def _names(table: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {_folded(name): code for code, names in table.items() for name in names}


_NAMES: Final[Mapping[str, str]] = {
    **_names(SKILLS),
    **_names(LANGUAGES),
    **{_folded(said): code for said, code in (*_SPOKEN.items(), *_ALIASES.items())},
}


def of_words(cell: str) -> list[str] | None:
    """The codes that a cell of somebody's list means (`پرستار؛ driver`), each once; None: a word is no code.

    Latin words that nobody knows stay as they are: a house may have skills of its own.
    """
    found = [_folded(word) for word in _APART.split(cell) if word.strip()]
    codes = [_NAMES.get(word, word) for word in found]
    return list(dict.fromkeys(codes)) if all(_CODE.fullmatch(code) for code in codes) else None


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
