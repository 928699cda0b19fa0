"""What people ask for or lack, how much of it, in which unit."""

import re
from dataclasses import replace

from server.places.names import fold_key
from server.reports.reading.incidents import masked, negated, of_things
from server.reports.reading.lexicon import Hit
from server.reports.reading.listing import Listing, of_goods
from server.reports.reading.model import NeedRead, amount
from server.reports.reading.numbers import Number
from server.reports.reading.text import Message

_UNITS = {
    fold_key(word): unit
    for unit, words in {
        "litre": "لیتر لیتری liter liters litre litres litr",
        "bottle": "بطری بطر شیشه bottle bottles botri",
        "pack": "بسته پک باکس پاکت pack packs packet packets package packages parcel parcels baste pak kit kits",
        "box": "جعبه کارتن کارتون box boxes carton cartons karton",
        "kg": "کیلو کیلوگرم kg kilo kilos kilogram kilograms kilu",
        "tonne": "تن ton tons tonne tonnes",
        "piece": "عدد تا دونه دانه تخته حلقه قطعه piece pieces ta adad dune takhte قواره",
        "truck": "کامیون کامیونی truckload truckloads",
        "can": "قوطی حلب can cans tin tins ghuti",
        "canister": "گالن دبه بشکه پیت gallon gallons jerrycan jerrycans barrel barrels galon dabe",
        "tanker": "تانکر tanker tankers",
        "device": "دستگاه dastgah",
        "set": "دست ست جفت set sets pair pairs dast joft",
        "meal": "پرس وعده meal meals portion portions pors",
        "sack": "کیسه گونی sack sacks bag bags kise guni",
        "cylinder": "کپسول cylinder cylinders kapsul",
        "vial": "ویال آمپول vial vials ampoule ampoules",
        "sheet": "ورق برگ sheet sheets",
    }.items()
    for word in words.split()
}
_UNIT_WORDS = frozenset(_UNITS)
_LINKS = frozenset(
    fold_key(w)
    for w in ("of", "تا", "ta", "more", "عدد", "warm", "گرم", "big", "large", "بزرگ", "clean", "دیگه", "دیگر", "extra")
)
_NEAR = 12
_GOVERNS = frozenset({"want", "hasten", "lack", "lost"})
_CLOSE = 5
_BESIDE = 3
# What can be wet, burnt or swept off, and is then missed; a lamp that fell is no need of light.
_LOSABLE = frozenset(
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
_PURPOSE = frozenset(fold_key(w) for w in ("برای", "برا", "واسه", "جهت", "for"))
_FROM = frozenset(fold_key(w) for w in ("از", "به", "from", "to"))
_BUILT = frozenset({"medical_care", "shelter", "transport", "heating", "machinery", "power", "bedding"})
_DETERMINERS = frozenset(
    fold_key(w) for w in "the a an our my his her their this that your one every همین همون یه یک این اون تا نفر".split()
)
_IF = frozenset(fold_key(w) for w in ("اگه", "اگر", "if", "هرچی", "هرکی", "whatever"))
_FLOOD_WATER = frozenset({"flooding", "water_outage", "dam_or_levee_risk"})
_EN_WANTS = re.compile(r"^[a-z]")
_NO_STATE = frozenset({"search_rescue", "medical_care", "evacuation", "shelter"})
_NOT_ALONE = frozenset(
    {"protection", "information", "volunteers", "transport", "heating", "machinery", "power", "medical_care"}
)
_INSIDE = frozenset(fold_key(w) for w in ("تو", "توی", "داخل", "در", "tu", "tuye", "in"))
_GETTING = frozenset(
    fold_key(w)
    for w in (
        "بگیرم بگیریم پخش تهیه دریافت میدن میدهند توزیع get find buy receive collect bekharim begirim "
        "گرفت گیر بخرم بخریم میفروشن پیدا charge refill giving handing available sell selling sells pick "
        "begiram peyda midan given distributed give register apply ثبت میدین بدن dadan bedan"
    ).split()
)


def find_needs(
    message: Message, spans: list[tuple[int, int]], sentences: frozenset[int], *, closed: bool
) -> list[tuple[NeedRead, Hit]]:
    """Return each needed category once, with the hit that named it first."""
    found: dict[str, tuple[NeedRead, Hit]] = {}
    hits = [
        _breathed(message, h) for h in message.hits if h.group == "need" and not masked(message, h, spans, sentences)
    ]
    listing = Listing(message, hits, _UNIT_WORDS)
    for hit in hits:
        if hit.code in found and found[hit.code][0].quantity is not None:
            continue
        if not _needed(message, hit, hits, listing, closed=closed):
            continue
        quantity, unit = (None, None) if hit.part == "direct" else quantity_of(message, hit)
        if hit.code not in found or quantity is not None:
            found[hit.code] = (NeedRead(hit.code, quantity, unit), hit)
    return list(found.values())


_WITH = frozenset(fold_key(w) for w in ("با", "with", "ba"))


def _with_somebody(message: Message, hit: Hit) -> bool:
    """ "With three children I am left alone": a grown-up is with them."""
    return any(
        message.word(i) in _WITH and message.clause[i] == message.clause[hit.first]
        for i in range(max(0, hit.first - 3), hit.first)
    )


_CYLINDERS = ("کپسول", "kapsul", "cylinder")
_AIR = re.compile("اکسیژن|تنفس|نفس|ریه|ریوی|oxygen|oxy|oksi|breath|lung")


def _breathed(message: Message, hit: Hit) -> Hit:
    """A cylinder beside oxygen or breath is medicine, no fuel."""
    words = message.text[hit.start : hit.end]
    if hit.code == "heating" and words.startswith(_CYLINDERS) and "گاز" not in words and _AIR.search(message.text):
        return replace(hit, code="medicine")
    return hit


def _needed(message: Message, hit: Hit, hits: list[Hit], listing: Listing, *, closed: bool) -> bool:
    if hit.code.startswith("_") or any(_covers(message, other, hit) for other in hits):
        return False
    if _is_part_of_another(message, hit, hits):
        return False
    if hit.code == "protection" and hit.part == "items" and not message.has(*_WOMEN_AND_CHILDREN):
        return False
    if hit.part == "direct":
        if hit.code == "search_rescue" and (
            of_things(message, hit) or of_goods(message, hit) or _dry_roof(message, hit) or _lost_goods(message, hit)
        ):
            return False
        if (
            hit.code == "medical_care"
            and message.has("cared", "update", "news")
            and not message.has("pressing", "unaided")
        ):
            return False
        if hit.code == "protection" and _with_somebody(message, hit):
            return False
        return not negated(message, hit) and hit.code != "information"
    if (hit.part == "weak" and _is_flood(message, hit)) or _is_whereabouts(message, hit):
        return False
    if _flatly_denied(message, hit):
        return True
    cue = _nearest_cue(message, hit, listing)
    if cue is not None and cue.code in ("met", "have") and _but_not_to_us(message, hit):
        return True
    if (cue is None or cue.code not in _GOVERNS) and wants_thing(message, hit):
        return True
    if cue is None:
        return not closed and _bare_request(message, hit, listing)
    if cue.code == "lost":
        return hit.code in _LOSABLE and _distance(hit, cue) <= _BESIDE
    if cue.code in _GOVERNS:
        reach = _CLOSE if hit.part == "weak" else _NEAR
        return _distance(hit, cue) <= reach
    return False


_WOMEN_AND_CHILDREN = ("vulnerable_child", "vulnerable_woman_headed", "women")


def _lost_goods(message: Message, hit: Hit) -> bool:
    """Bedding under the mud is lost, nobody lies there."""
    return any(
        h.group == "need"
        and h.part == "items"
        and h.code in _LOSABLE
        and 0 < hit.first - h.last <= _BESIDE
        and message.clause[h.first] == message.clause[hit.first]
        and not any(h.last < s.first < hit.first for s in message.signals("lack", "want"))
        for h in message.hits
    )


_HEIGHTS = tuple(fold_key(w) for w in "بام بوم پشتبام پشتبوم سقف درخت دکل bum bam saghf derakht roof tree".split())


def _dry_roof(message: Message, hit: Hit) -> bool:
    """On a roof or in a tree somebody is to be fetched when there is water or no way down."""
    if not any(message.word(i).startswith(_HEIGHTS) for i in range(hit.first, hit.last + 1)):
        return False
    return not any(_STUCK.search(word) for word in (t.text for t in message.tokens))


_STUCK = re.compile(
    "^(?:اب|ابه|آب|سیل|سیلاب|گیر|نجات|کمک|قایق|غرق|رودخ|water|h2o|flood|river|stuck|trap|strand|rescue|help|boat|drown|"
    "ab|sel|seil|gir|nejat|komak|h|rising|save|cling)"
)


def _covers(message: Message, other: Hit, hit: Hit) -> bool:
    """Tell whether another category's longer words hold this item's: baby food is not food."""
    longer = other.end - other.start > hit.end - hit.start or (other.code == "_none" and hit.part != "direct")
    dialysis = (other.code, hit.code) == ("medical_care", "medicine")
    if other.code == hit.code or not longer or (other.part == "direct" and hit.part != "direct" and not dialysis):
        return False
    inside = other.code == "_none" and message.word(other.first) in _INSIDE
    asked = inside and any(h.first == other.last + 1 for h in message.signals("want"))
    return other.start <= hit.start and hit.end <= other.end and not asked


def _is_flood(message: Message, hit: Hit) -> bool:
    return any(
        h.group == "incident" and h.start <= hit.start and hit.end <= h.end and h.end - h.start > hit.end - hit.start
        for h in message.hits
    )


def _distance(hit: Hit, cue: Hit) -> int:
    if cue.first > hit.last:
        return cue.first - hit.last
    return max(0, hit.first - cue.last)


def _flatly_denied(message: Message, hit: Hit) -> bool:
    """چادر هست، زیرانداز نه: a bare "no" right after the thing ends its clause."""
    after = hit.last + 1
    if message.word(after) not in _FLAT_NO or message.word(hit.first - 1) in _FLAT_NO:
        return False
    return after + 1 >= len(message.tokens) or message.clause[after + 1] != message.clause[after]


_FLAT_NO = frozenset({"نه", "no"})
_COMING = tuple(
    fold_key(w) for w in "نرسید نیومد نیامد ندادن نمیرسه کافی کمه کم نبود نداشت نصیب not nothing none".split()
)


def _but_not_to_us(message: Message, hit: Hit) -> bool:
    """Tell whether what came is said, after a "but", not to have come to the sender or not to be enough."""
    following = message.sentence[hit.first] + 1
    lacks = [h for h in message.signals("lack") if message.sentence[h.first] == following]
    if not lacks or not any(message.word(i).startswith(_COMING) for h in lacks for i in range(h.first, h.last + 1)):
        return False
    named = any(h.group == "need" and message.sentence[h.first] == following for h in message.hits)
    first = message.sentence.index(following)
    return not named and message.word(first) in _BUT


_BUT = frozenset(fold_key(w) for w in ("ولی", "اما", "but", "vali", "ama", "لیکن"))
_ENGINES = frozenset({"power", "transport", "machinery"})


def _is_part_of_another(message: Message, hit: Hit, hits: list[Hit]) -> bool:
    """Tell whether the thing only says which other thing is meant: گازوئیل ژنراتور, بخاری ماشین, generator fuel."""
    latin = bool(_EN_WANTS.match(message.word(hit.first)))
    if (
        hit.code == "transport"
        and not latin
        and any(
            o.first == hit.last + 1 and o.part == "items" and o.code not in _BUILT and o.code[0] != "_" for o in hits
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


def _is_whereabouts(message: Message, hit: Hit) -> bool:
    """Tell whether the thing only says where something is: توی چادر, behind the clinic, from hospital."""
    at = hit.first - 1
    while message.word(at) in _DETERMINERS or any(n.first <= at <= n.last for n in message.numbers):
        at -= 1
    if at < 0 or message.clause[at] != message.clause[hit.first]:
        return False
    if hit.code == "hygiene" and message.word(at) in _GOING:
        return True
    if hit.code not in _BUILT:
        return False
    if message.word(at) == "های" and at > 0:  # چراغ‌های چادرها
        return True
    if message.word(at) in _PURPOSE:
        return any(h.code != hit.code and h.group == "need" and h.part == "items" for h in message.hits)
    return message.word(at) in _PLACING or (message.word(at) in _FROM and hit.code != "heating")


def _nearest_cue(message: Message, hit: Hit, listing: Listing) -> Hit | None:
    """Find the word of wanting, lacking or having that governs an item: nearest, clauses and word order counted in."""
    best: tuple[float, Hit] | None = None
    for cue in message.signals("want", "hasten", "lack", "lost", "have", "met", "noneed"):
        if message.sentence[cue.first] != message.sentence[hit.first] or not listing.bridged(hit, cue):
            continue
        if cue.first >= hit.first and cue.last <= hit.last and cue.end - cue.start < hit.end - hit.start:
            continue
        cost: float = _distance(hit, cue)
        cost += 6 * abs(message.clause[cue.first] - message.clause[hit.first]) * (0.2 if cue.code == "want" else 0.5)
        latin = bool(_EN_WANTS.match(message.word(cue.first)))
        wrong_side = cue.first > hit.last if latin else cue.last < hit.first
        # A Persian verb of having closes what stands before it: "بیمار داریم، اکسیژن تمومه".
        cost += (4 if cue.code == "have" and not latin else 1.5) if wrong_side else 0
        cost -= 2.5 if cue.code == "noneed" and not (wrong_side and not latin) else 0
        if cue.code == "have" and (
            (cue.end - cue.start < 6 and _preceded_by_want(message, cue)) or _is_supposed(message, cue)
        ):
            continue
        if cue.code == "lost" and _distance(hit, cue) > _BESIDE:
            continue
        if (cue.code in ("met", "have") and _never(message, cue)) or _out_of_reach(message, hit, cue):
            continue
        if best is None or cost < best[0]:
            best = (cost, cue)
    return best[1] if best else None


_BEFORE = frozenset(
    fold_key(w)
    for w in ("بی", "بدون", "هیچ", "no", "without", "bedun", "hich", "فاقد", "not a single", "lack", "need no")
)
_AFTER = re.compile(
    "^(?:ran ut|run ut|runs ut|is |are |gone|empty|finish|has finish|ended|dried|dry|used up|never (?:came|arived)|broken|"
    "soaked|ruined|torn|leaking|useless)"
)


def _out_of_reach(message: Message, hit: Hit, cue: Hit) -> bool:
    """Tell whether a cue stands on the side it cannot govern: "no" before its thing, "ran out" and نداریم after it."""
    words = message.text[cue.start : cue.end]
    if words in _BEFORE:
        return not 0 < hit.first - cue.last <= (1 if words == "بی" else _CLOSE)
    if cue.first > hit.last or cue.code not in ("lack", "lost"):
        return False
    if bool(_EN_WANTS.match(words)):
        return bool(_AFTER.match(words))
    return cue.code == "lost"


_NEVER = frozenset(fold_key(w) for w in "not never nobody haven't hasn't didn't don't no yet نه هنوز".split())


def _never(message: Message, cue: Hit) -> bool:
    """Tell whether a word of coming or having is denied: have still not reached us."""
    return any(message.word(i) in _NEVER for i in range(max(0, cue.first - 2), cue.first))


def _preceded_by_want(message: Message, cue: Hit) -> bool:
    """نیاز داریم is wanting, not having."""
    return any(h.last in (cue.first - 1, cue.first) or cue.first - h.last == 2 for h in message.signals("want"))


_DIRE = ("life", "pressing", "vulnerable_pregnant", "unaided", "plea")


def _called_out(message: Message, hit: Hit) -> bool:
    """دکتر دکتر دکتر: a word cried out again and again."""
    return message.word(hit.last + 1) == message.word(hit.first) or message.word(hit.first - 1) == message.word(
        hit.last
    )


def _is_supposed(message: Message, cue: Hit) -> bool:
    """اگه هست بفرستین is asking, not having."""
    return any(
        message.word(i) in _IF and message.clause[i] == message.clause[cue.first]
        for i in range(max(0, cue.first - 4), cue.first)
    )


def _bare_request(message: Message, hit: Hit, listing: Listing) -> bool:
    """A list of goods without a verb (پتو ۵۰ تخته، چادر) or under a call for help in another sentence."""
    counted = hit.part != "weak" and quantity_of(message, hit)[0] is not None
    dire = listing.is_alone(hit) and message.has(*_DIRE)
    if hit.code in _NOT_ALONE and not counted and not dire and not _called_out(message, hit):
        return False
    if message.has("offer", "met", "noneed") or not listing.is_list(hit, counted=counted):
        return False
    if message.has("want"):
        return True
    if hit.part == "weak":
        return False
    if message.has("prayer", "news", "spam"):
        return False
    if _called_out(message, hit) or _PURPOSE & {message.word(hit.last + 1), message.word(hit.last + 2)}:
        return True
    if dire:
        return True
    listed = {h.code for h in message.hits if h.group == "need" and h.part == "items"}
    if len(message.tokens) > (22 if len(listed) >= 3 else 14):
        return False
    of_one_kind = [h for h in message.hits if h.group == "need" and h.part == "items" and h.code == hit.code]
    return len(listed) >= 3 or len(of_one_kind) >= 2 or quantity_of(message, hit)[0] is not None


def quantity_of(message: Message, hit: Hit) -> tuple[int | float | None, str | None]:
    """Return how much of an item is asked: the number right before it (20 tents), or right after (پتو ۵۰ تخته)."""
    if hit.code == "volunteers":
        hands = [n for n in message.numbers if _is_people(message, n) and not n.shaky]
        if hands and message.sentence[hands[0].first] == message.sentence[hit.first]:
            return _amount(message, hands[0], hit, None)
    for number in message.numbers:
        if message.word(number.last) == "نه" and message.word(number.last + 1) not in _UNITS:
            continue  # "neither" far oftener than nine
        if number.last < hit.first and hit.first - number.last <= 4 and not _is_article(message, number):
            unit, ok = _bridge(message, number.last + 1, hit.first - 1)
            if ok and not _is_age(message, number):
                return _amount(message, number, hit, unit)
    for number in message.numbers:
        if (
            1 <= number.first - hit.last <= 2
            and not number.shaky
            and message.clause[number.first] - message.clause[hit.last] <= 1
        ):
            between = message.word(hit.last + 1) if number.first - hit.last == 2 else ""
            following = message.word(number.last + 1)
            if between and between not in _LINKS | {"به", "تعداد", "حدود", "be", "tedad", "x"}:
                continue
            if following in _UNITS and not _is_people(message, number):
                return _amount(message, number, hit, _UNITS[following])
            if _stands_alone(message, number):
                return _amount(message, number, hit, None)
    inner = [n for n in message.numbers if not _is_article(message, n) and hit.first <= n.first and n.last <= hit.last]
    return (None, None) if not inner or inner[0].shaky else _amount(message, inner[0], hit, None)


def _amount(message: Message, number: Number, hit: Hit, unit: str | None) -> tuple[int | float, str | None]:
    unit = unit or next((_UNITS[t.text] for t in message.tokens[hit.first : hit.last] if t.text in _UNITS), None)
    message.note("quantity", message.tokens[number.first].start, message.tokens[number.last].end)
    return amount(number.value), unit


def _bridge(message: Message, first: int, last: int) -> tuple[str | None, bool]:
    """Accept units and fillers alone between a number and its item; return the unit."""
    unit: str | None = None
    for index in range(first, last + 1):
        word = message.word(index)
        if word in _UNITS:
            unit = unit if unit not in (None, "piece") else _UNITS[word]
        elif word not in _LINKS:
            return None, False
    return unit, first > last or message.clause[first - 1] == message.clause[last + 1]


_AGE_WORDS = frozenset(fold_key(w) for w in "ساله سال ماهه روز روزه ساعت years year months days hours نفره".split())
_PEOPLE_WORDS = frozenset(
    fold_key(w)
    for w in "نفر نفریم خانواده خانوار people families persons children kids بچه زن مرد nafar khanevade مرد".split()
)


def _is_article(message: Message, number: Number) -> bool:
    return number.first == number.last and message.word(number.first) in ("a", "an")


def _is_age(message: Message, number: Number) -> bool:
    return message.word(number.last + 1) in _AGE_WORDS


def _is_people(message: Message, number: Number) -> bool:
    return message.word(number.last + 1) in _PEOPLE_WORDS


def _stands_alone(message: Message, number: Number) -> bool:
    """A number after an item counts it only when it counts nothing else (پتو ۵۰، چادر ۲۰)."""
    index = number.last + 1
    if index >= len(message.tokens):
        return True
    if message.clause[index] != message.clause[number.last]:
        return True
    return any(h.part == "items" and h.group == "need" and h.first == index + 1 for h in message.hits) and message.word(
        index
    ) in ("و", "and", "o", "va")


def wants_thing(message: Message, hit: Hit) -> bool:
    """Tell whether a question asks where to get a thing, so that the thing itself is wanted."""
    sentence = message.sentence[hit.first]
    if sentence not in message.questions and not message.has("question"):
        return False
    return any(s == sentence and message.word(i) in _GETTING for i, s in enumerate(message.sentence))
