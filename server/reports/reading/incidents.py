"""What a message says is happening: the pattern hits that are neither denied, feared, asked about nor long past."""

import re

from server.places.names import fold_key
from server.reports.reading.lexicon import Hit
from server.reports.reading.text import Message

_EN_NEGATIONS = frozenset(
    fold_key(w)
    for w in (
        "no not never nobody noone none without isn't wasn't didn't hasn't aren't haven't weren't nothing neither nor"
    ).split()
)
_FA_NEGATIONS = tuple(
    fold_key(w)
    for w in (
        "نشده نشد نشدن نیست نیستن نبود نکرد نریخت نریخته نخورد نیومد نیامد نداد ندیدیم nashod nashode "
        "nist nabud nakard narikht"
    ).split()
)
_HAVE_NOT = tuple(
    fold_key(w)
    for w in ("نداریم ندارد نداره ندارند ندارن نداشت نداشتیم نداشتند nadarim nadarand nadare nadasht").split()
)
_HE_HAS = ("زخمی", "مجروح", "تلفات", "کشته", "فوتی", "مصدوم", "اسیب", "zakhmi", "مفقود", "خسارت")
_FILLERS = frozenset(fold_key(w) for w in "جانی مالی گزارش خاصی ثبت jani gozaresh".split())
_FEARS_KEEP = frozenset({"dam_or_levee_risk", "gas_leak", "missing_person"})
_OUTAGES = frozenset({"power_outage", "water_outage", "gas_leak", "comms_outage", "road_blocked"})
# "The phones are dead" tells of no death, "the dam cracks" of no building.
_SWALLOWED = frozenset(
    {
        ("death", "comms_outage"),
        ("building_damaged", "dam_or_levee_risk"),
        ("injury", "bridge_out"),
        ("injury", "fire"),
        ("missing_person", "child_alone"),
        ("flooding", "dam_or_levee_risk"),
        ("water_outage", "gas_leak"),
        ("water_outage", "dam_or_levee_risk"),
        ("fire", "gas_leak"),
        ("building_damaged", "bridge_out"),
    }
)
_IS_IT_TRUE = re.compile(r"is (?:it|that|this) (?:true|right|corect)|درسته|راسته|صحت دار|واقعیت دار|raste")
_BESIDE = 4
_HELP = tuple(
    fold_key(w)
    for w in (
        "کمک امداد تانکر چادر غذا هلال دولت مسئول اب برق گاز دکتر پزشک امبولانس بالگرد هلیکوپتر قایق لودر نان نون پتو "
        "بازسازی وام help aid relief tanker ambulance doctor rescue boat water food tents government anyone"
    ).split()
)
_MINE = frozenset(
    fold_key(w) for w in "بچم بچهام بچهم بچمون بچهامون پسرم دخترم پسرامون bacham bachamun pesaram dokhtaram".split()
)
_TODAY = frozenset(
    fold_key(w)
    for w in "امروز دیروز دیشب صبح امشب الان today yesterday morning night tonight now monday sunday".split()
)
_YOUNG = ("child", "kid", "son", "daughter", "boy", "girl", "bab")
_AFTER = frozenset(
    fold_key(w) for w in "after since before because following بعد پس قبل وقتی شب شبی روز روزی زمان بعدش".split()
)
_IF = frozenset(fold_key(w) for w in "اگه اگر if agar age در صورت".split())
_ANIMALS = tuple(
    fold_key(w)
    for w in (
        "گوسفند دام گاو بز مرغ حیوان اسب سگ گربه sheep cow cattle animal livestock goat chicken gusfand gav"
    ).split()
)
_HOW_MANY = frozenset(fold_key(w) for w in "what how which چند چقدر کدوم chand تعداد".split())
_TOLLS = frozenset({"death", "injury", "missing_person"})
_YES_NO = frozenset(
    fold_key(w) for w in ("آیا", "aya", "is", "are", "has", "have", "did", "does", "راسته", "درسته", "rasteh", "raste")
)


_THINGS = tuple(
    fold_key(w)
    for w in (
        "قرص دارو انسولین وسایل وسایلمون مدارک شناسنامه پول طلا لباس گوشی جهیزیه زندگیمون اثاث پتو "
        "کامیون کاروان محموله تانکر گوسفند گاو truck lory tanker convoy suplies sheep cow cattle "
        "livestock animal goat crop kamion gusfand "
        "daru ghors vasayel madarek pul tala insulin ensulin medicine pills documents belongings papers things "
        "gate valve road highway pass crops field دریچه کارت بانکیم شناسنامم"
    ).split()
)
_SOMEBODY = tuple(
    fold_key(w)
    for w in (
        "نفر بچه مرد زن پدر مادر بابا مامان داداش خواهر برادر پسر دختر همسایه کارگر مردم ما هستیم سرنشین عمو "
        "دایی خاله عمه نوه دوست رفیق شوهر همسر خانم بابابزرگ ننه uncle aunt cousin grand husband wife boy "
        "girl baby kid neighbo friend چوپان گله دار herder shepherd farmer worker villager nafar bache people "
        "man woman men children family mother father brother son daughter us"
    ).split()
)
# "They poured out", "thieves burst in": the verb of falling houses too.
_POURED_TO = frozenset(fold_key(w) for w in "بیرون birun biroon خیابون خیابان".split())
# A flat battery is no outage of the network.
_FLAT = tuple(fold_key(w) for w in "شارژ باتری باطری sharzh batri charge battery".split())


def of_things(message: Message, hit: Hit) -> bool:
    """Tell whether what lies under the rubble is a thing, no person: قرصاش زیر آوار مونده."""
    before = [message.word(i) for i in range(max(0, hit.first - 3), hit.first)]
    return any(w.startswith(_THINGS) for w in before) and not any(w.startswith(_SOMEBODY) for w in before)


def of_the_dead(message: Message, hit: Hit) -> bool:
    """Tell whether whoever lies under the rubble has died there: nobody is left to be fetched alive."""
    clause = message.clause[hit.first]
    return any(
        h.group == "incident"
        and h.code == "death"
        and message.clause[h.first] == clause
        and -_BESIDE <= h.first - hit.last <= _BESIDE
        for h in message.hits
    ) and not any(h.group == "sign" and h.code == "voices" for h in message.hits)


def of_help(message: Message, hit: Hit) -> bool:
    """Tell whether what there is no sign of is help or goods, no person: از کمک خبری نیست, no sign of the tanker."""
    words = [message.word(i) for i in range(max(0, hit.first - 3), min(len(message.tokens), hit.last + 4))]
    return any(w.startswith(_HELP) for w in words) and not any(w.startswith(_SOMEBODY) for w in words)


def _ones_own(message: Message, hit: Hit) -> bool:
    """Tell whether the child is the sender's, who is then with it or misses it (با بچه‌هام تنهام), or a widow's."""
    if message.has("vulnerable_woman_headed") and not message.has("again"):
        return True
    words = [message.word(i) for i in range(max(0, hit.first - 1), hit.last + 1)]
    return any(w in _MINE for w in words) or any(
        w in ("my", "our") and message.word(hit.first + at).startswith(_YOUNG) for at, w in enumerate(words)
    )


def _since(message: Message, hit: Hit) -> bool:
    """Tell whether an earthquake only says since when: after the quake struck."""
    return any(message.word(i) in _AFTER for i in range(max(0, hit.first - 3), hit.first))


def _widowed(message: Message, hit: Hit) -> bool:
    """A husband who died tells of a widow, not of a death now, unless he was killed."""
    words = message.text[hit.start : hit.end]
    if any(message.word(i) in _TODAY for i in range(max(0, hit.first - 5), hit.last + 5)):
        return False
    if "کشته" in words or "kil" in words or "koshte" in words:
        return False
    return any(h.start < hit.end and hit.start < h.end for h in message.signals("vulnerable_woman_headed"))


def negated(message: Message, hit: Hit) -> bool:
    """Tell whether a hit is denied: "no one injured", "زخمی نداریم", "پل خراب نشده"."""
    clause = message.clause[hit.first]
    for back in range(1, 4):
        index = hit.first - back
        if index < 0 or message.clause[index] != clause:
            break
        if message.word(index) in _EN_NEGATIONS:
            return True
    fillers = 0
    while message.word(hit.last + 1 + fillers) in _FILLERS:
        fillers += 1
    for ahead in (1 + fillers, 2 + fillers):
        index = hit.last + ahead
        if index >= len(message.tokens) or message.clause[index] != clause:
            break
        word = message.word(index)
        if ahead == 2 + fillers and any(h.first == hit.last + 1 and h.group != "signal" for h in message.hits):
            break
        if word in _FA_NEGATIONS:
            return True
        if word in _HAVE_NOT and message.word(hit.last).startswith(_HE_HAS):
            return True
    return False


def feared(message: Message, hit: Hit) -> bool:
    """Tell whether a hit stands under if, may, warning of, danger of."""
    return any(
        message.clause[h.first] == message.clause[hit.first] and 0 <= hit.first - h.last <= 5 and h.first <= hit.first
        for h in message.signals("conditional")
    )


def _supposed(message: Message, hit: Hit) -> bool:
    return any(message.word(i) in _IF for i in range(max(0, hit.first - 5), hit.first))


def _of_animals(message: Message, hit: Hit) -> bool:
    return any(message.word(i).startswith(_ANIMALS) for i in range(max(0, hit.first - 3), hit.last + 1))


def asked(message: Message, hit: Hit) -> bool:
    """Tell whether a hit is only asked about: آیا جاده بسته است؟ Is the bridge gone?"""
    sentence = message.sentence[hit.first]
    if hit.code in _TOLLS and any(message.sentence[h.first] == sentence for h in message.signals("sureq")):
        return True
    if sentence not in message.questions:
        return False
    if _IS_IT_TRUE.search(message.text):
        return True
    indexes = [i for i, s in enumerate(message.sentence) if s == sentence]
    first = message.word(indexes[0])
    if first in _HOW_MANY and hit.code in _TOLLS:
        return True
    return (
        first in _YES_NO
        or any(message.word(i) in _YES_NO - {"has", "have", "is", "are", "did", "does"} for i in indexes)
        or hit.last >= indexes[-1] - 1
    )


def masked(message: Message, hit: Hit, spans: list[tuple[int, int]], sentences: frozenset[int]) -> bool:
    """Tell whether a hit lies in a figure of speech or in a sentence about another year."""
    if message.sentence[hit.first] in sentences:
        return True
    return any(start < hit.end and hit.start < end for start, end in spans)


def find_incidents(
    message: Message, spans: list[tuple[int, int]], sentences: frozenset[int]
) -> tuple[list[Hit], list[Hit]]:
    """Return (told, background): incident hits that count, and bare names of a disaster that count only alone."""
    told: list[Hit] = []
    background: list[Hit] = []
    hits = [h for h in message.hits if h.group == "incident" and not masked(message, h, spans, sentences)]
    weak_spans = [(h.code, h.start, h.end) for h in hits if h.part == "weak"]
    for hit in hits:
        if hit.part == "weak" or (hit.code == "aftershock" and _since(message, hit)):
            background.append(hit)
        elif not any(c == hit.code and s <= hit.start and hit.end <= e for c, s, e in weak_spans) and _told(
            message, hit, hits
        ):
            told.append(hit)
    return told, [h for h in background if not negated(message, h) and not feared(message, h)]


def _told(message: Message, hit: Hit, hits: list[Hit]) -> bool:
    """Tell whether a hit is said to be so: not denied, feared, supposed, asked, or better said by another."""
    if hit.code not in _OUTAGES and negated(message, hit):
        return False
    if feared(message, hit) and (hit.code not in _FEARS_KEEP or _supposed(message, hit)):
        return False
    if hit.code == "death" and (_of_animals(message, hit) or _widowed(message, hit)):
        return False
    if hit.code == "trapped_people" and (of_things(message, hit) or of_the_dead(message, hit)):
        return False
    if hit.code == "missing_person" and of_help(message, hit):
        return False
    if hit.code == "child_alone" and _ones_own(message, hit):
        return False
    if hit.code == "building_collapsed" and message.word(hit.last + 1) in _POURED_TO:
        return False
    if hit.code == "comms_outage" and any(w in message.text[hit.start : hit.end] for w in _FLAT):
        return False
    return not asked(message, hit) and not _outdone(hit, hits)


def _outdone(hit: Hit, hits: list[Hit]) -> bool:
    """Of a fallen house and a fallen wall in the same words the longer description holds."""
    rivals = {
        "building_collapsed": "building_damaged",
        "building_damaged": "building_collapsed",
        "water_outage": "flooding",
    }
    rival = rivals.get(hit.code)
    return any(
        (other.code == rival or (hit.code, other.code) in _SWALLOWED)
        and other.start < hit.end
        and hit.start < other.end
        and (other.end - other.start) + (hit.code == "building_damaged") > (hit.end - hit.start)
        for other in hits
    )
