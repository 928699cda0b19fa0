"""What the words around a thing make of it: where something is, another thing's part, a flood, no need at all."""

import re

from server.places.names import fold_key
from server.reports.reading.governing import BESIDE, LATIN
from server.reports.reading.lexicon import Hit
from server.reports.reading.text import Message

# What can be wet, burnt or swept off, and is then missed; a lamp that fell is no need of light.
LOSABLE = frozenset(
    {"bedding", "clothing", "shelter", "medicine", "food", "infant_care", "heating", "water", "hygiene"}
)


# Where something is, not what is wanted: in the tent, behind the clinic.
_PLACING = frozenset(
    fold_key(w)
    for w in (
        "تو توی داخل در درون روی زیر پشت کنار دور بغل جلوی جلو نزدیک سمت لای سر دم وسط روبروی پای بالای "
        "in into inside on onto under behind near beside at by over above past between around through past"
    ).split()
)


_GOING = frozenset(fold_key(w) for w in "برن بریم بره برم رفتن میرن میریم بروند".split())


PURPOSE = frozenset(fold_key(w) for w in ("برای", "برا", "واسه", "جهت", "for"))


_FROM = frozenset(fold_key(w) for w in ("از", "به", "from", "to"))


_NEEDS_OF = ("نیاز", "احتیاج", "محتاج", "niaz", "niyaz", "ehtiaj", "mohtaj")
"""Whatever stands behind «به» beside one of these is what is needed: به ۶۰ پتو نیاز داریم."""
_NEEDING = re.compile("|".join(re.escape(fold_key(w)) for w in _NEEDS_OF))


BUILT = frozenset({"medical_care", "shelter", "transport", "heating", "machinery", "power", "bedding"})


_DETERMINERS = frozenset(
    fold_key(w) for w in "the a an our my his her their this that your one every همین همون یه یک این اون تا نفر".split()
)


_INSIDE = frozenset(fold_key(w) for w in ("تو", "توی", "داخل", "در", "tu", "tuye", "in"))


_WITH = frozenset(fold_key(w) for w in ("با", "with", "ba"))


def with_somebody(message: Message, hit: Hit) -> bool:
    """Tell whether a grown-up is with the children: with three of them I am left alone."""
    return any(
        message.word(i) in _WITH and message.clause[i] == message.clause[hit.first]
        for i in range(max(0, hit.first - 3), hit.first)
    )


_CYLINDERS = ("کپسول", "kapsul", "cylinder")


_AIR = re.compile("اکسیژن|تنفس|نفس|ریه|ریوی|oxygen|oxy|oksi|breath|lung")


def breathed(message: Message, hit: Hit) -> Hit:
    """A cylinder beside oxygen or breath is medicine, no fuel."""
    words = message.text[hit.start : hit.end]
    if hit.code == "heating" and words.startswith(_CYLINDERS) and "گاز" not in words and _AIR.search(message.text):
        return hit._replace(code="medicine")
    return hit


def lost_goods(message: Message, hit: Hit) -> bool:
    """Bedding under the mud is lost, nobody lies there."""
    return any(
        h.group == "need"
        and h.part == "items"
        and h.code in LOSABLE
        and 0 < hit.first - h.last <= BESIDE
        and message.clause[h.first] == message.clause[hit.first]
        and not any(h.last < s.first < hit.first for s in message.signals("lack", "want"))
        for h in message.hits
    )


_HEIGHTS = tuple(fold_key(w) for w in "بام بوم پشتبام پشتبوم سقف درخت دکل bum bam saghf derakht roof tree".split())


def dry_roof(message: Message, hit: Hit) -> bool:
    """On a roof or in a tree somebody is to be fetched when there is water or no way down."""
    if not any(message.word(i).startswith(_HEIGHTS) for i in range(hit.first, hit.last + 1)):
        return False
    return not any(_STUCK.search(word) for word in (t.text for t in message.tokens))


_STUCK = re.compile(
    "^(?:اب|ابه|آب|سیل|سیلاب|گیر|نجات|کمک|قایق|غرق|رودخ|water|h2o|flood|river|stuck|trap|strand|rescue|help|boat|drown|"
    "ab|sel|seil|gir|nejat|komak|h|rising|save|cling)"
)


def covers(message: Message, other: Hit, hit: Hit) -> bool:
    """Tell whether another category's longer words hold this item's: baby food is not food."""
    longer = other.end - other.start > hit.end - hit.start or (other.code == "_none" and hit.part != "direct")
    dialysis = (other.code, hit.code) == ("medical_care", "medicine")
    if other.code == hit.code or not longer or (other.part == "direct" and hit.part != "direct" and not dialysis):
        return False
    inside = other.code == "_none" and message.word(other.first) in _INSIDE
    asked = inside and any(h.first == other.last + 1 for h in message.signals("want"))
    return other.start <= hit.start and hit.end <= other.end and not asked


def is_flood(message: Message, hit: Hit) -> bool:
    """Tell whether the water meant is what flooded something."""
    return any(
        h.group == "incident" and h.start <= hit.start and hit.end <= h.end and h.end - h.start > hit.end - hit.start
        for h in message.hits
    )


_ENGINES = frozenset({"power", "transport", "machinery"})


def is_part_of_another(message: Message, hit: Hit, hits: list[Hit]) -> bool:
    """Tell whether the thing only says which other thing is meant: گازوئیل ژنراتور, بخاری ماشین, generator fuel."""
    latin = bool(LATIN.match(message.word(hit.first)))
    if (
        hit.code == "transport"
        and not latin
        and any(
            o.first == hit.last + 1 and o.part == "items" and o.code not in BUILT and o.code[0] != "_" for o in hits
        )
    ):
        return True  # کامیون آرد: the flour is awaited
    for other in hits:
        if other.code == hit.code or other.part not in ("items", "weak") or other.code.startswith("_"):
            continue
        beside = other.first == hit.last + 1 if latin else other.last == hit.first - 1
        if beside and message.clause[other.first] == message.clause[hit.first] and other.code == "heating":
            return hit.code in _ENGINES
    return False


def is_whereabouts(message: Message, hit: Hit) -> bool:
    """Tell whether the thing only says where something is: توی چادر, behind the clinic, from hospital."""
    at = hit.first - 1
    while message.word(at) in _DETERMINERS or any(n.first <= at <= n.last for n in message.numbers):
        at -= 1
    if at < 0 or message.clause[at] != message.clause[hit.first]:
        return False
    if hit.code == "hygiene" and message.word(at) in _GOING:
        return True
    if hit.code not in BUILT:
        return False
    if message.word(at) == "های" and at > 0:  # چراغ‌های چادرها
        return True
    if message.word(at) in PURPOSE:
        return any(h.code != hit.code and h.group == "need" and h.part == "items" for h in message.hits)
    if message.word(at) in _PLACING:
        return True
    return message.word(at) in _FROM and hit.code != "heating" and not _is_needed(message, message.clause[hit.first])


def _is_needed(message: Message, clause: int) -> bool:
    return any(of == clause and _NEEDING.match(message.word(at)) for at, of in enumerate(message.clause))
