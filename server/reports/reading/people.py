"""How many people and households a message speaks of: parts add up, subsets do not, tents and ages do not count."""

from collections.abc import Iterable
from dataclasses import dataclass

from server.places.names import fold_key
from server.reports.reading.numbers import Number
from server.reports.reading.text import Message


def _words(text: str) -> frozenset[str]:
    return frozenset(fold_key(w) for w in text.split())


_HEADS = _words(
    "نفر نفریم نفره نفرن نفرند نفرم نفرمون نفری نفرشون نفرین نفراند ادم آدمیم تن شخص اهالی جمعیت "
    "people ppl persons person souls of members individuals residents villagers survivors pilgrims nafar "
    "nafarim nafare nafaran adam "
    "nafarand us family "
    "عائله عایله عائلیم عایلیم نفوس نفرات سرنشینن pax females males ppls peoples humans adlt adlts elders youngsters folk folks"
)
_PARTS = _words(
    "زن مرد بچه بچمون بچم بچه‌ام بچهایم بچهها کودک کودکان پسر دختر پیرمرد پیرزن سالمند نوزاد خانم خانوم آقا "
    "زخمی مجروح مصدوم "
    "بیمار مریض معلول کارگر مسافر دانشجو کشته جانباخته فوتی زائر مفقود مفقودی همسایه عضو دیالیزی معلم مادر "
    "پیر چوپان عشایر "
    "خواهر خواهرم برادر برادرم خواهرا بزرگسال جوان نوجوان شیرخوار حامله باردار فرزند فرزندم بیوه دانش جسد "
    "جنازه دخترم پسرم پرستار راننده شیرخواره کوهنورد زنان "
    "women woman men man children child kids kid adults adult elderly patients patient students student "
    "babies baby infants infant "
    "workers worker injured wounded dead girls girl boys boy bodies neighbours neighbors toddlers toddler "
    "teachers casualties "
    "sons daughters passengers passenger drivers hikers shepherds sisters brothers newborn newborns old "
    "pregnant nurses orphans "
    "victims mothers travellers climbers deaths guests refugees "
    "bache bachehaye zan mard kudak pesar dokhtar piremard pirezan nozad zakhmi mariz salmand kargar bachas "
    "hamsaye mosafer همکار سرنشین عمو عموم دایی خاله عمه نوه دوست رفیق سرباز مهمان "
    "کارمند معدنچی اسهال مسموم "
    "cousins uncles aunts nephews nieces grandchildren colleagues occupants miners soldiers tourists ladies cousin "
    "چوپون چوپونیم چوپان کشاورز ماهیگیر ملوان کوهنورد طلبه روستایی عشایر معتکف مسافر اسیر محبوس شاگرد نیرو نفرمون همشهری "
    "سوختگی سوخته مسموم دوقلو سه‌قلو زایو زائو یتیم داماد عروس مستاجر نگهبان پاسدار بسیجی نوجوون نونهال جنین "
    "herders herder farmers farmer cyclists fishermen trekkers campers skiers firefighters builders divers sailors "
    "labourers laborers shopkeepers monks nuns guards policemen cooks inf twins triplets expectant orphan boys employees "
    "staff wives husbands pensioners schoolchildren schoolgirls schoolboys teenagers teens crew patient wounded "
    "hamkar hamkaram sarneshin nave bacham bacheham bachamun bachemadresei dust sarbaz mehman danesh"
)
_HOUSE_HEADS = _words(
    "خانواده خانوار خونواده خانوارن خانواریم خانواده‌ایم خانوادهایم خانوادهاند خانواریم خانوادهاست "
    "خانواده‌ان خانوادن خانوادیم "
    "families family households household khanevade khanevadeh khanevar khanevadeim khanevarim khunevade "
    "houses homes خانه خونه منزل khune khone khane"
)
_SKIP = _words(
    "تا ta عدد more other others of small little young old elderly سیاه چادر کوچک کوچیک کوچولو پیر سالخورده "
    "بزرگ خردسال زن مرد "
    "about around حدود مسکونی injured local pregnant adult sick disabled wounded our my روستایی kuchik dige "
    "دیگه دیگر هزار "
    "مورد case cases کوچولو کم‌سن missing badly trapped stranded severely "
    "بی عشایری عشایر کوچ‌نشین school sleeping poor homeless displaced nomad"
)
_NOT_PEOPLE_NEXT = _words(
    "داوطلب نیرو نیروی کارگر امدادگر کمکی volunteers volunteer helpers davtalab niru نیروهای کمک‌رسان پزشک "
    "دکتر doctors rescuers "
    "امدادگرها متخصص nurses workers"
)
_AGES = _words(
    "ساله سالشه سالش سالست ماهه ماهشه ماهش سالگی روزه روز ساعت ساعته متر متری کیلومتر کیلو years year months "
    "month yr yrs days day "
    "hours hour weeks km meters metres meter sale mahe roze ruz saate saat metr salash salashe سال ماه هفته "
    "درصد درجه ریشتر percent "
    "تخته دقیقه minutes old"
)
_BEFORE_SKIP = _words(
    "چادر تنت tent tents چادرهای سن سنش age aged سال ساعت کد plate شماره خیابان کوچه پلاک بلوک طبقه km کیلومتر"
)
_SUBSET = _words(
    "که شامل تاش تاشون تاشان ازشون بینشون including include includes among whom them ke azashun azشون منجمله "
    "جمله بین ازاین بینشان "
    "اعم beyneshun shamel tash tashun"
)
_SELF = _words("خودش خودمم khodam khodamam من خودم me i myself منم man")
_KIN = _words(
    "زنی مادری خانمی خانومی زنه بیوه‌زنی پیرزنی پیرمردی مردی خدایی عمه خاله ننه بابا مامان داداش آبجی نامزدم عروسم دامادم "
    "woman mom mum granny grandad granddad aunty auntie "
    "همسرم زنم شوهرم مادرم پدرم برادرم خواهرم خانمم مادربزرگم پدربزرگم wife husband mother father brother "
    "sister grandmother "
    "عمو عموم عمه عمم خاله خالم دایی داییم داداشم آبجیم بابام مامانم ننم زنعموم "
    "uncle aunt cousin mom mum dad "
    "grandma grandpa babam mamanam dadasham khaharam baradaram khanumam khanomam amum khalam "
    "grandfather hamsaram zanam shoharam madaram pedaram همسر شوهر مادر پدر"
)
_FAMILY = _words("family group خانواده")
_DENIED = _words("نه not na")
_NOW = _words("اشتباه اشتباها eshtebah mistake miscounted wrong correction درستش الان now alan شدیم حالا")
_A_FAMILY = _words("خانواده خانوار خونواده khanevade")
_STATES = _words("on in stuck trapped here stranded at sleeping outside under left now waiting")
_WE_VERB = frozenset({("ve", "are"), ("they", "are")})
_WE_ONE_WORD = _words("we're were they're")
_AND = _words("و and o va با with ba")
_TOTAL_FIRST = _words("ما we جمعا جمعاً مجموعا کلا total ma روهم همگی all there")
_HOUSES = _words("خانه خونه منزل khune khone khane houses homes")
_TENTS = _words("چادر سیاهچادر tents tent chador")
_NOMADS = _words("عشایر عشایری nomad nomads nomadic سیاه ashayer")
_COUNTER = _words("تا ta")
_HEAD_TOTAL = _words("نفره nafare us")
_WE_ARE = _words("هستیم hastim بودیم")
_SENT = tuple(_words("بفرست اعزام لازم نیاز بیاد بیان send need befrest niaz lazem کمک کم"))
_FILLERS = _words("his her their م ام مون my our the پیرم پیر مریضم old sick elderly")


@dataclass(frozen=True, slots=True)
class Count:
    """A number of people or households; `part` names a kind of people (two children), else it is a count of heads."""

    value: int
    first: int
    last: int
    part: bool
    total: bool


def count_people(message: Message) -> tuple[int | None, int | None]:
    """Return (people, households), each None when not stated."""
    heads: list[Count] = []
    houses: list[Count] = []
    for number in message.numbers:
        if number.value != int(number.value) or not 1 <= number.value < 5_000_000:
            continue
        counted = _counted(message, number)
        if counted is not None:
            (houses if counted[0] == "house" else heads).append(counted[1])
    households = sum(c.value for c in _without_subsets(message, houses)) if houses else None
    if households is None and any(_one_family(message, number) for number in message.numbers):
        households = 1
    people = _sum(message, _latest(message, heads))
    for rule, counts in (("people.count", heads), ("households.count", houses)):
        for c in counts:
            message.note(rule, message.tokens[c.first].start, message.tokens[c.last].end)
    return people, households


def _counted(message: Message, number: Number) -> tuple[str, Count] | None:
    if message.word(number.last + 1) in _AGES or message.word(number.first - 1) in _BEFORE_SKIP:
        return None
    if message.word(number.first - 1) == "of" and message.word(number.first - 2) in _FAMILY:
        return "heads", Count(int(number.value), number.first, number.last, part=False, total=True)
    at = number.last + 1
    skipped = 0
    if message.clause[number.last] != message.clause[min(at, len(message.tokens) - 1)] and _closes(message, at):
        return None
    if _we_are(message, number) and message.word(at) in _STATES:
        return "heads", Count(int(number.value), number.first, number.last, part=False, total=True)
    while skipped < 3 and at < len(message.tokens):
        word = message.word(at)
        plain = _singular(word)
        following = message.word(at + 1)
        if word in _HOUSE_HEADS and not (word in _HEADS and message.word(at - 1) == "of"):
            return "house", Count(int(number.value), number.first, at, part=False, total=False)
        if word in _TENTS and (message.word(at - 1) in _NOMADS or _NOMADS & {following, message.word(at + 2)}):
            return "house", Count(int(number.value), number.first, at, part=False, total=False)
        if word in _HEADS or plain in _HEADS:
            if (following in _NOT_PEOPLE_NEXT and _same(message, at, at + 1)) or (
                _is_labour(message, at) and not word.endswith("یم")
            ):
                return None
            total = word.endswith(("یم", "im")) or message.word(number.first - 1) in _TOTAL_FIRST
            total = total or word in _HEAD_TOTAL or following in _WE_ARE
            return "heads", Count(int(number.value), number.first, at, part=False, total=total)
        if word in _PARTS or plain in _PARTS:
            if following in _AGES and not number.spelt:
                return None
            if word in _HANDS and _is_asked_for(message, at):
                return None
            return "heads", Count(int(number.value), number.first, at, part=True, total=False)
        if word not in _SKIP or (number.shaky and word not in _COUNTER):
            return None
        at += 1
        skipped += 1
    return None


_HANDS = _words("جوون جوان مرد پسر کارگر نیرو javun mard pesar men lads workers worker boys guys مترجم آشپز")
_ASKING = tuple(_words("میخوا لازم نیاز بفرست بیاد بیان بیاین need send want mikha lazem biad bian"))


def _is_asked_for(message: Message, at: int) -> bool:
    """Strong hands asked for are no people affected: ۱۲ جوون میخوایم."""
    return any(message.word(at + step).startswith(_ASKING) and _same(message, at, at + step) for step in (1, 2))


def _same(message: Message, one: int, other: int) -> bool:
    return other < len(message.tokens) and message.clause[one] == message.clause[other]


def _closes(message: Message, at: int) -> bool:
    """Tell whether a colon stands before a word: "my 0740: injured 16" counts no 740 injured."""
    return 0 < at < len(message.tokens) and ":" in message.text[message.tokens[at - 1].end : message.tokens[at].start]


def _latest(message: Message, counts: list[Count]) -> list[Count]:
    """Of an update keep the counts after "now": قبلا ۱۰ نفر، الان ۱۶ نفر."""
    counts = [c for c in counts if message.word(c.first - 1) not in _DENIED]
    if not message.has("update"):
        return counts
    nows = [i for i, token in enumerate(message.tokens) if token.text in _NOW]
    later = [c for c in counts if nows and c.first > nows[-1]]
    return later or counts


def _one_family(message: Message, number: Number) -> bool:
    """A family of five; خانواده پنج نفره."""
    before = message.word(number.first - 1)
    english = before == "of" and message.word(number.first - 2) == "family"
    return english or (before in _A_FAMILY and message.word(number.last + 1) in _HEAD_TOTAL)


def _we_are(message: Message, number: Number) -> bool:
    """We are 6 on the roof; ما ۶ تا …."""
    before = (message.word(number.first - 2), message.word(number.first - 1))
    return before in _WE_VERB or before[1] in _WE_ONE_WORD


def _is_labour(message: Message, at: int) -> bool:
    """Hands asked for are no people affected: ۱۰ نفر بفرستید, where volunteers are the need."""
    if not any(h.group == "need" and h.code == "volunteers" and h.part == "items" for h in message.hits):
        return False
    return any(message.word(at + step).startswith(_SENT) and _same(message, at, at + step) for step in range(1, 6))


def _singular(word: str) -> str:
    for tail in (
        "هامون",
        "امون",
        "مون",
        "شون",
        "تون",
        "هایم",
        "هاشون",
        "های",
        "ها",
        "یم",
        "اند",
        "م",
        "ش",
        "ه",
        "ی",
        "haye",
        "ha",
        "im",
        "e",
        "am",
    ):
        if word.endswith(tail) and len(word) - len(tail) >= 2:
            return word[: -len(tail)]
    return word


def _sum(message: Message, counts: list[Count]) -> int | None:
    if not counts:
        return _self_and_kin(message, None)
    if len(counts) > 1 and (told := _summed_up(message, counts)) is not None:
        return told
    kept = list(_without_subsets(message, counts))
    total = sum(c.value for c in kept)
    extra = 0
    if all(c.part for c in kept):
        extra = max((_self_and_kin(message, c) or 0) for c in kept[:1]) if kept else 0
    return total + extra


def _summed_up(message: Message, counts: list[Count]) -> int | None:
    """Return a count of heads that has a sentence to itself after the parts: "… شش خواهر برادر و ننه‌ام. هفت نفر."."""
    last = counts[-1]
    alone = message.sentence.count(message.sentence[last.first]) <= last.last - last.first + 2
    return last.value if alone and not last.part and last.value > counts[0].value else None


def _without_subsets(message: Message, counts: list[Count]) -> Iterable[Count]:
    """Keep what adds up: after a count of heads, smaller counts that a word marks as part of it do not."""
    whole: Count | None = None
    for count in counts:
        if whole is not None and count.value <= whole.value and _is_subset(message, whole, count):
            continue
        if not count.part and (whole is None or count.value > whole.value):
            whole = count
        yield count


def _is_subset(message: Message, whole: Count, count: Count) -> bool:
    between = [message.word(i) for i in range(whole.last + 1, count.first)]
    if any(word in _SUBSET for word in between) or message.word(count.last + 1) in _SUBSET:
        return True
    span = message.text[message.tokens[whole.last].end : message.tokens[count.first].start]
    if ":" in span or "(" in span:
        return True
    joined = bool(between) and between[-1] in _AND and message.sentence[whole.last] == message.sentence[count.first]
    if count.part or whole.total:
        return not (joined and not whole.total)
    return False


_PUPIL = _words("اموز اموزان")


def _comma_after(message: Message, at: int) -> bool:
    return message.text[message.tokens[at].end : message.tokens[at + 1].start].strip() in (",", "،")


def _self_and_kin(message: Message, count: Count | None) -> int | None:
    """Count the speaker and named kin joined by "and" to a count (me and two kids), 0 when there are none."""
    if count is None:
        return _two_of_us(message)
    extra = 0
    at, joined = count.first - 1, False
    while at >= 0 and message.sentence[at] == message.sentence[count.first] and count.first - at < 9:
        word = message.word(at)
        joined = joined or word in _AND or _comma_after(message, at)
        if (word in _SELF or word in _KIN) and joined:
            extra, joined = extra + 1, False
        elif word not in _AND and word not in _FILLERS and not joined:
            break
        elif joined and word not in _AND and word not in _FILLERS:
            break
        at -= 1
    after = count.last + 1
    after += message.word(after) in _PUPIL
    while message.word(after) in _AND and (message.word(after + 1) in _SELF | _KIN or message.word(after + 2) in _KIN):
        extra += 1
        after += 2 + (message.word(after + 2) in _KIN and message.word(after + 1) not in _SELF | _KIN)
    return extra


def _two_of_us(message: Message) -> int | None:
    """Count people named one by one, the speaker among them: من و خواهرم, me and my mother; a couple."""
    for at, token in enumerate(message.tokens):
        if token.text in _SELF and message.word(at + 1) in _AND:
            after = at + 2 + (message.word(at + 2) in _FILLERS)
            if message.word(after) in _KIN:
                return 2
        if token.text in _WIFE and message.word(at + 1) in _AND and message.word(at + 2) in _HUSBAND:
            return 2
        if token.text == "couple" and message.word(at - 1) in _OLD:
            return 2
    return None


_WIFE = _words("زن wife husband")
_HUSBAND = _words("شوهر husband wife")
_OLD = _words("old elderly aged young")
