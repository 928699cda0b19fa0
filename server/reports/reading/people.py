"""How many people and households a message speaks of: parts add up, subsets do not, tents and ages do not count."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from server.reports.reading import people_words as w
from server.reports.reading.kin import named_one_by_one, speaker_and_kin
from server.reports.reading.numbers import Number
from server.reports.reading.text import Message


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
    if message.word(number.last + 1) in w.AGES or message.word(number.first - 1) in w.BEFORE_SKIP:
        return None
    at = number.last + 1
    if message.word(number.last).endswith("نفر"):
        return "heads", Count(int(number.value), number.first, number.last, part=False, total=False)
    if _closes(message, at):
        return _told_before(message, number)
    if _of_us(message, number) or (_we_are(message, number) and _states(message, at)):
        return "heads", Count(int(number.value), number.first, number.last, part=False, total=True)
    skipped = strange = 0
    while skipped < 3 and at < len(message.tokens):
        word = message.word(at)
        if word in w.HOUSE_HEADS and not (word in w.HEADS and message.word(at - 1) == "of"):
            return "house", Count(int(number.value), number.first, at, part=False, total=False)
        if word in w.TENTS and (
            message.word(at - 1) in w.NOMADS or w.NOMADS & {message.word(at + 1), message.word(at + 2)}
        ):
            return "house", Count(int(number.value), number.first, at, part=False, total=False)
        if {word, _singular(word)} & (w.HEADS | w.PARTS):
            return _people(message, number, at)
        if word not in w.SKIP or (number.shaky and word not in w.COUNTER):
            strange += 1
            if strange > 1 or number.shaky or not _may_describe(message, at):
                break
        at += 1
        skipped += 1
    return _told_before(message, number)


def _people(message: Message, number: Number, at: int) -> tuple[str, Count] | None:
    """Count people by the word at `at`, unless they are hands asked for or the word only gives an age."""
    word, following = message.word(at), message.word(at + 1)
    if word in w.HEADS or (_singular(word) in w.HEADS and word not in w.PARTS):
        helpers = following in w.NOT_PEOPLE_NEXT and _same(message, at, at + 1)
        if helpers or (_is_labour(message, at) and not word.endswith("یم")):
            return None
        total = word.endswith(("یم", "im")) or message.word(number.first - 1) in w.TOTAL_FIRST
        total = total or word in w.HEAD_TOTAL or following in w.WE_ARE
        return "heads", Count(int(number.value), number.first, at, part=False, total=total)
    if (following in w.AGES and not number.spelt) or (word in w.HANDS and _is_asked_for(message, number, at)):
        return None
    return "heads", Count(int(number.value), number.first, at, part=True, total=False)


def _may_describe(message: Message, at: int) -> bool:
    """Tell whether a strange word may stand between a number and people (5 goat herders)."""
    if any(h.group == "need" and h.first <= at <= h.last for h in message.hits) or not _same(message, at, at + 1):
        return False
    following = message.word(at + 1)
    if any(n.first <= at <= n.last for n in message.numbers):
        return False
    return bool({following, _singular(following)} & (w.HEADS | w.PARTS))


def _of_us(message: Message, number: Number) -> bool:
    """A family of five; the four of us, all six of them."""
    if message.word(number.first - 1) == "of" and message.word(number.first - 2) in w.FAMILY:
        return True
    return message.word(number.last + 1) == "of" and message.word(number.last + 2) in w.OF_US


def _states(message: Message, at: int) -> bool:
    """Tell whether "we are six" is told of people: it ends there, or says in what state they are."""
    return at >= len(message.tokens) or message.word(at) in w.STATES or not _same(message, at - 1, at)


def _told_before(message: Message, number: Number) -> tuple[str, Count] | None:
    """Count by the word before the number: injured 16; زخمیا … شدن ۹ تا, تا حالا یازده تا."""
    before, after = message.word(number.first - 1), number.last + 1
    ends = not _same(message, number.last, after) or message.word(after) in w.DENIED
    if ends and before in w.STRENGTH:
        return "heads", Count(int(number.value), number.first, number.last, part=False, total=True)
    labelled = number.first > 0 and _LABEL.search(_between(message, number.first - 1, number.first)) is not None
    tolled = before in w.TOLLS or (labelled and bool({before, _singular(before)} & (w.PARTS | w.HEADS)))
    if ends and tolled and not number.shaky:
        return "heads", Count(int(number.value), number.first, number.last, part=True, total=False)
    counter = after if message.word(after) in w.COUNTER else number.last
    glued = message.word(number.last).endswith(("تا", "ta")) or counter == after
    became = before in w.SUMMING or (before in w.BECAME and message.has(*_ILL))
    if glued and became and not _same(message, counter, counter + 1):
        return "heads", Count(int(number.value), number.first, counter, part=True, total=False)
    return None


_LABEL = re.compile("[:=]")


def _between(message: Message, one: int, other: int) -> str:
    return message.text[message.tokens[one].end : message.tokens[other].start]


_ILL = ("update", "worse", "vulnerable_child", "vulnerable_elderly", "life")


def _is_asked_for(message: Message, number: Number, at: int) -> bool:
    """Strong hands asked for are no people affected: ۱۲ جوون میخوایم, need 3 strong guys."""
    if message.word(number.first - 1).startswith(w.ASKING):
        return True
    return any(message.word(at + step).startswith(w.ASKING) and _same(message, at, at + step) for step in (1, 2))


def _same(message: Message, one: int, other: int) -> bool:
    return other < len(message.tokens) and message.clause[one] == message.clause[other]


def _closes(message: Message, at: int) -> bool:
    """Tell whether a colon stands before a word: "my 0740: injured 16" counts no 740 injured."""
    return at < len(message.tokens) and ":" in message.text[message.tokens[at - 1].end : message.tokens[at].start]


def _latest(message: Message, counts: list[Count]) -> list[Count]:
    """Of an update keep the counts after "now": قبلا ۱۰ نفر، الان ۱۶ نفر."""
    counts = [c for c in counts if message.word(c.first - 1) not in w.DENIED]
    if not message.has("update"):
        return counts
    nows = [i for i, token in enumerate(message.tokens) if token.text in w.NOW]
    later = [c for c in counts if nows and c.first > nows[-1]]
    return later or counts


def _one_family(message: Message, number: Number) -> bool:
    """A family of five; خانواده پنج نفره."""
    before = message.word(number.first - 1)
    english = before == "of" and message.word(number.first - 2) == "family"
    return english or (before in w.A_FAMILY and message.word(number.last + 1) in w.HEAD_TOTAL)


def _we_are(message: Message, number: Number) -> bool:
    """We are 6 on the roof; ما ۶ تا …."""
    before = (message.word(number.first - 2), message.word(number.first - 1))
    return before in w.WE_VERB or before[1] in w.WE_ONE_WORD


def _is_labour(message: Message, at: int) -> bool:
    """Hands asked for are no people affected: ۱۰ نفر بفرستید, where volunteers are the need."""
    if not any(h.group == "need" and h.code == "volunteers" and h.part == "items" for h in message.hits):
        return False
    return any(message.word(at + step).startswith(w.SENT) and _same(message, at, at + step) for step in range(1, 6))


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
        return named_one_by_one(message)
    if len(counts) > 1 and (told := _summed_up(message, counts)) is not None:
        return told
    kept = list(_without_subsets(message, counts))
    total = sum(c.value for c in kept)
    if not kept:
        return None
    first, last = kept[0], kept[-1]
    before, after = speaker_and_kin(message, first.first, last.last)
    if all(c.part for c in kept):
        return total + before + after
    # "Me and three others": the speaker stands right before a count of heads.
    return total + before if len(kept) == 1 and not first.total and _others(message, first) else total


def _others(message: Message, count: Count) -> bool:
    words = {message.word(i) for i in range(count.first, count.last + 3)}
    return message.word(count.first - 1) in w.AND and (
        message.word(count.first - 2) in w.SELF or bool(words & w.OTHERS)
    )


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
    if any(word in w.SUBSET for word in between) or message.word(count.last + 1) in w.SUBSET:
        return True
    if message.word(whole.first - 1) in w.OUT_OF and not count.part:
        return True
    span = message.text[message.tokens[whole.last].end : message.tokens[count.first].start]
    if ":" in span or "(" in span:
        return True
    joined = bool(between) and between[-1] in w.AND and message.sentence[whole.last] == message.sentence[count.first]
    if count.part or whole.total:
        return not (joined and not whole.total)
    return False
