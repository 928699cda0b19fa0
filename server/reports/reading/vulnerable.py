"""Whom a message endangers more than others: by what they are called, by their age, by what is asked for them."""

import re

from server.places.names import fold_key
from server.reports.reading.lexicon import Hit
from server.reports.reading.numbers import Number
from server.reports.reading.text import Message

VULNERABLE = ("child", "infant", "elderly", "pregnant", "disabled", "chronic_illness", "woman_headed")


def _words(text: str) -> frozenset[str]:
    return frozenset(fold_key(w) for w in text.split())


_MONTHS = tuple(fold_key(w) for w in ("ماهه", "ماهشه", "ماهش", "mahe", "months old", "month old"))
_YEARS = tuple(fold_key(w) for w in "ساله سالشه سالش سالشونه سالمه سالمونه sale salesh salash salshe salshe yo".split())
_DAYS = tuple(fold_key(w) for w in "روزه روزشه روزش هفتشه هفته‌ایه ruze ruzash ruzeshe days weeks".split())
_SOMEONE = tuple(
    fold_key(w)
    for w in (
        "پسر دختر بچه کودک داداش خواهر برادر خواهر آبجی نوه پیر مادر پدر بابا مامان زن مرد عمو خاله "
        "دایی عمه بی‌بی ننه خودم من "
        "همسایه زوج نوزاد دوقلو boy girl son daughter child kid man woman mother father brother "
        "sister grand he she aunt uncle"
    ).split()
)
_BABY = tuple(fold_key(w) for w in "نوزاد بچه دختر پسر نی‌نی دوقلو baby twins son daughter girl boy".split())
_AGED = re.compile(
    r"(?:^| )(?:she|he|who|hes|shes|is|aged|age|old)(?: is| are)? ([6-9]\d)(?= *(?:[,.;!?،]|and|with|$|yrs?|years?|y))"
)
_GRAND = re.compile(
    r"(?:^| )(?:gran\w*|mother|father|mum|mom|dad|aunt|uncle|lady|man|woman) (?:is )?([6-9]\d)(?= |[,.;،]|$)"
)
_ADULT = _words("بزرگسال بزرگ سالمند adult bozorgsal")
_WIFE = _words("زن عیال zan")
_AND = _words("و o va")
_OURS = _words("جهادی هلال محل محله روستا تیم گروه اکیپ کلاس امداد خیریه")
_GASSED = ("شیمیا", "shimia")
_ELDERLY = 60
_GROWN = 18
_CHILD = 2


def vulnerable(message: Message, spans: list[tuple[int, int]]) -> tuple[str, ...]:
    """Return the vulnerable groups among the affected, in the order of the taxonomy."""
    found: set[str] = set()
    for hit in message.hits:
        if hit.group == "signal" and hit.code.startswith("vulnerable_"):
            # A husband who died last year makes a widow now.
            past = any(s < hit.end and hit.start < e for s, e in spans) and hit.code != "vulnerable_woman_headed"
            if past or _of_others(message, hit):
                continue
            found.add(hit.code.removeprefix("vulnerable_"))
            message.note_hit(hit)
    found |= _by_age(message)
    if "infant" in found and "child" in found and _only_babies(message):
        found.discard("child")
    return tuple(v for v in VULNERABLE if v in found)


def _by_age(message: Message) -> set[str]:
    """Return the groups that stated ages put people in: 83 sale, هشت ساله, she is 71, چهل روزشه."""
    found: set[str] = set()
    for number in message.numbers:
        after = message.word(number.last + 1)
        if after.startswith(_YEARS) and _is_somebodys(message, number):
            if _ELDERLY <= number.value < 120:
                found.add("elderly")
            elif _CHILD <= number.value < _GROWN:
                found.add("child")
        elif after.startswith(_DAYS) and number.value < 90 and _is_babys(message, number):
            found.add("infant")
    if any(pattern.search(message.text) for pattern in (_AGED, _GRAND)):
        found.add("elderly")
    found |= {_group(int(m.group(1))) for m in _ENGLISH_YEARS.finditer(message.text)} - {""}
    return found


_ENGLISH_YEARS = re.compile(r"(?<!\d)(\d{1,2}) ?(?:years? old|year old|yr old|yo|y o)(?![a-z])")


def _group(age: int) -> str:
    return "elderly" if age >= _ELDERLY else "child" if _CHILD <= age < _GROWN else ""


def _is_somebodys(message: Message, number: Number) -> bool:
    """Digits before "years old" are an age; words may be a span of time (ده ساله دیابت داره)."""
    if not number.spelt or message.word(number.last + 1) != fold_key("ساله"):
        return True
    return any(message.word(i).startswith(_SOMEONE) for i in range(max(0, number.first - 3), number.first))


def _is_babys(message: Message, number: Number) -> bool:
    """Days are an age when a child stands right before them: دخترم چل روزشه."""
    told = message.word(number.last + 1)
    near = any(message.word(i).startswith(_BABY) for i in range(max(0, number.first - 2), number.first))
    return near and (told.endswith(("شه", "she", "ش")) or message.word(number.last + 2) in ("", "old"))


def _of_others(message: Message, hit: Hit) -> bool:
    """Adult diapers tell of no infant, a wife-and-child of no child, volunteers' "lads" neither."""
    before, after = message.word(hit.first - 1), message.word(hit.last + 1)
    if hit.code == "vulnerable_infant" and message.text[hit.start : hit.end].endswith(_MONTHS):
        return any(abs(h.first - hit.first) <= 4 for h in message.signals("vulnerable_pregnant"))
    if hit.code == "vulnerable_child":
        family = before in _AND and message.word(hit.first - 2) in _WIFE
        if any(h.first <= hit.first <= h.last for h in message.signals("vulnerable_pregnant")):
            return True
        return family or bool({after, message.word(hit.last + 2)} & _OURS and message.word(hit.first).startswith("بچه"))
    if hit.code == "vulnerable_disabled":
        return after.startswith(_GASSED) or (message.word(hit.first) == "لال" and after.startswith("شد"))
    return hit.code == "vulnerable_infant" and bool({before, after} & _ADULT)


def _only_babies(message: Message) -> bool:
    """Tell whether every child word belongs to a baby: دخترم شش ماهه, شیرخشک بچه, baby boy."""
    babies = [(h.first, h.last) for h in message.signals("vulnerable_infant")]
    babies += [(n.first, n.last) for n in message.numbers if message.word(n.last + 1).startswith(_DAYS)]
    for child in message.signals("vulnerable_child"):
        near = any(
            abs(child.first - last) <= 3
            or abs(first - child.last) <= 3
            or (first <= child.first and child.last <= last)
            for first, last in babies
        )
        plural = message.text[child.start : child.end].endswith(("ها", "ها ", "children", "kids", "ان"))
        if not near or plural:
            return False
    return True
