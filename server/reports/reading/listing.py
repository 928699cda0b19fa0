"""Whether words stand in a list of goods ("۲۰ پتو، نان و دو چادر برای بچه‌ها") or tell of something else."""

from dataclasses import dataclass

from server.places.names import fold_key
from server.reports.reading.lexicon import Hit
from server.reports.reading.text import Message


def _words(text: str) -> frozenset[str]:
    return frozenset(fold_key(w) for w in text.split())


_FILLERS = _words(
    "و یا هم رو را یه یک چند چندتا چنتا تا از این ها های هست سلام لطفا ما برامون واسمون هر گونه "
    "هرگونه نوع سایز شماره مخصوص "
    "گرم خشک تمیز سالم بزرگ کوچک کوچیک نوزاد بچه بزرگسال زنانه مردانه زنونه مردونه بچگانه بچگونه "
    "خانواده نفره امدادی مسافرتی "
    "نو ضخیم مردم اهالی حداقل حدود تقریبا مقداری مقدار کمی خیلی دیگه دیگر بیشتر بقیه همه فوری سریع اینجا "
    "to sizes سایزهای and or plus also some any of the a an our us we more extra warm clean dry baby "
    "size pcs kids people hi hello urgent asap "
    "about at least few enough big small large new winter women men children family please both more most salam inja"
)
_FOR = _words("برای برا واسه جهت مخصوص for baraye baray vase")
_PLACE_CUES = _words(
    "روستای روستا شهر شهرک محله بخش خیابان خیابون کوچه کمپ اردوگاه village city town street camp rusta rustaye"
)
_STILL = _words("هنوز هنو همچنان still yet hanuz")
_STATES = frozenset({"want", "hasten", "pressing", "plea", "thanks", "lack", "unaided"})


@dataclass(slots=True)
class _Clause:
    """How many things a clause names, and how many of its words are neither things nor what goes with them."""

    things: int = 0
    other: int = 0
    counted: bool = False


class Listing:
    """The clauses of a message, weighed once."""

    def __init__(self, message: Message, hits: list[Hit], units: frozenset[str]) -> None:
        self._message = message
        covered = [t.text in _FILLERS or t.text in units or not t.text for t in message.tokens]
        self._clauses: dict[int, _Clause] = {}
        taken = -1
        for hit in hits:
            if not hit.code.startswith("_"):
                self._of(hit.first).things += hit.first > taken
                taken = max(taken, hit.last)
                covered[hit.first : hit.last + 1] = [True] * (hit.last + 1 - hit.first)
        for hit in message.hits:
            if hit.group == "signal" and (hit.code in _STATES or hit.code.startswith("vulnerable")):
                covered[hit.first : hit.last + 1] = [True] * (hit.last + 1 - hit.first)
        for number in message.numbers:
            covered[number.first : number.last + 1] = [True] * (number.last + 1 - number.first)
            self._of(number.first).counted = True
        for index, token in enumerate(message.tokens):
            if token.text in _FOR or token.text in _PLACE_CUES:
                covered[index : index + 3] = [True] * len(covered[index : index + 3])
        for index, known in enumerate(covered):
            self._of(index).other += not known

    def _of(self, index: int) -> _Clause:
        return self._clauses.setdefault(self._message.clause[index], _Clause())

    def is_list(self, hit: Hit, *, counted: bool) -> bool:
        """Tell whether the item's clause says little but things."""
        clause = self._of(hit.first)
        return clause.other <= (
            2
            if counted or self._message.word(hit.last + 1) in _FOR
            else (0, 0, 1)[min(clause.things, 2)] + (clause.things > 2)
        )

    def is_alone(self, hit: Hit) -> bool:
        """Tell whether the item's clause says the thing and no more: "زنم درد داره، آمبولانس"."""
        return self._of(hit.first).other == 0

    def bridged(self, hit: Hit, cue: Hit) -> bool:
        """Tell whether what stands between an item's clause and its verb's is more of a list than a tale."""
        mine, its = self._message.clause[hit.first], self._message.clause[cue.first]
        step = 1 if its < mine else -1
        if its == mine or self._awaited(cue):
            return True
        own = self._clauses.get(mine, _Clause())
        between = (self._clauses.get(n, _Clause()) for n in range(its + step, mine, step))
        return own.other <= self._room(cue, own, before=its < mine) and all(
            c.other <= 2 + (c.things > 1) for c in between
        )

    def _room(self, cue: Hit, own: _Clause, *, before: bool) -> int:
        """How many other words an item's clause may hold; after a Persian verb of lacking it must be bare."""
        persian = self._message.word(cue.last)[:1] > "\u0600"
        return 0 if persian and before and cue.code == "lack" else 1 + own.things

    def _awaited(self, cue: Hit) -> bool:
        """Tell whether the verb says that what was told of before has still not come."""
        return any(self._message.word(i) in _STILL for i in range(max(0, cue.first - 2), cue.first))


_AID = frozenset(
    fold_key(w)
    for w in "کمک امداد کمکی امدادگر هلال مسئول مسئولین دولت کسی خبرنگار ماشین مامور دارو داروخونه help aid".split()
)
_SEARCHED = tuple(fold_key(w) for w in "خبر پیدا گم گمشده peyda peida gom مفقود ناپدید missing".split())


def of_goods(message: Message, hit: Hit) -> bool:
    """Tell whether goods or helpers are missed, no person: از تانکر خبری نیست، دکتر پیدا نمیشه."""
    words = [message.word(i) for i in range(hit.first, hit.last + 1)]
    if not any(w.startswith(_SEARCHED) for w in words):
        return False
    if _AID & set(words):
        return True
    return any(
        h.group == "need" and h.part in ("items", "weak") and h.code[0] != "_" and -4 <= h.first - hit.last <= 0
        for h in message.hits
        if hit.first - h.last <= 3
    )
