"""What kind of message it is, and what in it tells nothing of here and now."""

from server.places.names import fold_key
from server.reports.reading.lexicon import Hit
from server.reports.reading.model import Kind, NeedRead
from server.reports.reading.text import Message

# What people far away pray about; anything else in a prayer is a plea.
_FAR = frozenset({"flooding", "aftershock", "death"})
_LIFE_INCIDENTS = frozenset({"trapped_people"})
_CLOSING = frozenset({"لغو", "کنسل", "منتفی", "cancel", "canceled", "cancelled", "laghv", "kansel"})


def masks(message: Message) -> tuple[list[tuple[int, int]], frozenset[int]]:
    """Return what tells nothing of here and now: spans of figures of speech, sentences of other years and of wishes."""
    spans: list[tuple[int, int]] = []
    for hit in message.signals("metaphor"):
        spans.append((hit.start, hit.end))
        message.note_hit(hit)
    sentences: set[int] = set()
    for hit in message.signals("metaphor", "past", "wish"):
        if hit.code == "past" and _a_life_ago(message, hit):
            spans.append(_clause_span(message, hit))
        else:
            sentences.add(message.sentence[hit.first])
        if hit.code != "metaphor":
            message.note_hit(hit)
    return spans, frozenset(sentences)


_KIN = tuple(fold_key(w) for w in "شوهر همسر پدر مادر بابا زنم shohar hamsar pedar madar husband".split())


def _a_life_ago(message: Message, hit: Hit) -> bool:
    """Tell whether a past year is only when a husband or parent died, beside what is told of now."""
    clause = message.clause[hit.first]
    same = [
        i for i in range(max(0, hit.first - 5), min(len(message.tokens), hit.last + 5)) if message.clause[i] == clause
    ]
    return any(message.word(i).startswith(_KIN) for i in same) and message.clause.count(clause) < len(message.tokens)


def _clause_span(message: Message, hit: Hit) -> tuple[int, int]:
    indexes = [i for i, c in enumerate(message.clause) if c == message.clause[hit.first]]
    return message.tokens[indexes[0]].start, message.tokens[indexes[-1]].end


def is_drill(message: Message) -> bool:
    """Tell whether the message says it is practice; "this is not a drill" says the contrary."""
    for hit in message.signals("drill"):
        before = {message.word(hit.first - back) for back in (1, 2, 3)}
        after = {message.word(hit.last + ahead) for ahead in (1, 2)}
        if not before & {"not", "isnt", "no"} and not after & {"نیست", "nist"}:
            message.note_hit(hit)
            return True
    return False


def kind_of(message: Message, told: list[Hit], needs: list[tuple[NeedRead, Hit]]) -> Kind:
    """Decide the kind, most telling sign first."""
    needy = bool(needs)
    grave = any(h.code in _LIFE_INCIDENTS for h in told)
    if is_drill(message):
        return "other"
    if message.has("spam") and not grave:
        return "other"
    if message.has("offer") and not grave and not _plain_lack(message, needs):
        return "offer"
    if is_closed(message, told):
        return "update"
    if message.has("met") and message.has("worse") and (told or needs):
        return "update"
    if _changes(message, told):
        return "update"
    if message.has("news") and not needy and not _pleads(message):
        return "other"
    if _is_chatter(message, told, needs):
        return "other"
    if message.has("prayer") and not needy and {h.code for h in told} <= _FAR and not _pleads(message):
        return "other"
    if _is_question(message, told, needs):
        return "question"
    if told or needs:
        return "report"
    return _empty_kind(message)


_STILL = tuple(fold_key(w) for w in ("هنوز", "هنو ", "still", "hanuz", "همچنان", "کماکان"))


def _is_said(message: Message, hit: Hit) -> bool:
    """Tell whether a hit is told, not asked: flights cancelled? Why has nobody come yet? tells all the same."""
    if message.sentence[hit.first] not in message.questions:
        return True
    return message.text[hit.start : hit.end].startswith(_STILL)


_AT_ONCE = 2


def _changes(message: Message, told: list[Hit]) -> bool:
    """Tell whether something told before is changed. Help that has still not come is so only where nothing new is told,
    or where the message begins with it or speaks of an earlier one.
    """
    said = [h for h in message.signals("update") if _is_said(message, h) and not _of_a_patient(message, h)]
    if not told or message.has("again"):
        return bool(said)
    return any(h.first <= _AT_ONCE or not message.text[h.start : h.end].startswith(_STILL) for h in said)


_WORSE = tuple(fold_key(w) for w in ("بدتر", "worse", "getting worse", "got worse", "now worse", "deteriorat"))
_BODILY = tuple(
    fold_key(w) for w in "حال تب درد زخم نفس مریض بیمار she he condition fever breathing pain wound patient".split()
)


def _of_a_patient(message: Message, hit: Hit) -> bool:
    """Somebody who gets worse is no news of what was told before: حال مادرم بدتر شده."""
    if not message.text[hit.start : hit.end].startswith(_WORSE):
        return False
    return any(message.word(i).startswith(_BODILY) for i in range(max(0, hit.first - 4), hit.first))


def _is_chatter(message: Message, told: list[Hit], needs: list[tuple[NeedRead, Hit]]) -> bool:
    """A prayer for whoever it may be, a greeting: nobody is counted, nothing is asked of us."""
    if message.has("amen") and not message.numbers and not message.has("unaided"):
        return True
    if not message.has("chat") or told:
        return False
    return not needs or (all(hit.part != "direct" for _, hit in needs) and not _pleads(message))


def _empty_kind(message: Message) -> Kind:
    if (
        message.has("want")
        and message.has("pressing")
        and not message.has("news", "prayer", "past", "metaphor", "wish")
    ):
        return "report"
    if message.has("past", "metaphor", "prayer", "news", "spam", "wish", "thanks"):
        return "other"
    words = {t.text for t in message.tokens}
    if message.has("chat"):
        return "other"
    if message.has("unaided") or words & _CALLS or any(_endangered(h) for h in message.hits):
        return "report"
    return "report" if message.has("lack") and words & _US and len(words) > 3 else "other"


def _endangered(hit: Hit) -> bool:
    """Who is weak, what hurts: worth a person's look though nothing else was understood."""
    return hit.group == "sign" or (hit.group == "signal" and hit.code.startswith("vulnerable_"))


def is_noise(message: Message) -> bool:
    """Tell whether a message bears a sign of what is nothing to act on: drill, news, prayer, spam, another year."""
    return is_drill(message) or message.has(
        "past", "metaphor", "prayer", "news", "spam", "wish", "thanks", "chat", "amen"
    )


_US = frozenset(fold_key(w) for w in ("we", "our", "ما", "us"))
_CALLS = frozenset({"نیاز", "لازم", "احتیاج", "nid", "niaz", "کمک", "help", "komak", "sos", "کمکمون", "کمکم"})


def _plain_lack(message: Message, needs: list[tuple[NeedRead, Hit]]) -> bool:
    """Tell whether an offering message also plainly says what its senders lack."""
    offered = {message.sentence[h.first] for h in message.signals("offer")}
    return any(
        message.sentence[hit.first] not in offered
        and (
            hit.part == "direct"
            or any(message.sentence[h.first] == message.sentence[hit.first] for h in message.signals("lack"))
        )
        for _, hit in needs
    )


def _pleads(message: Message) -> bool:
    return message.has("want") or message.has("lack")


def is_closed(message: Message, told: list[Hit]) -> bool:
    """Tell whether the message says that a matter is settled: met, found, cancelled, denied."""
    if told and not message.has("thanks", "noneed") and not _is_denial(message) and not _mended(message, told):
        return False
    if message.has("worse") and not message.has("noneed", "thanks"):
        return False
    if any(t.text in _CLOSING for t in message.tokens) and any(_is_said(message, h) for h in message.signals("update")):
        return True
    if message.has("noneed") and not _still_lacks(message):
        return True
    found_child = [h for h in told if h.code == "child_alone"]
    met = [
        h
        for h in message.signals("met")
        if not _not_yet(message, h)
        and not _overlaps(h, found_child)
        and message.sentence[h.first] not in _asked(message)
    ]
    if not _is_denial(message) and not message.has("thanks", "noneed"):
        if any(_unsettled(h) for h in message.hits):
            return False
        met = [h for h in met if _brings(message, h)]
    if not met:
        return _is_denial(message)
    return not _still_lacks(message)


def _unsettled(hit: Hit) -> bool:
    """What needs no word of wanting, or kills: no matter is settled while it is told. Who was missed may be found."""
    if hit.group == "need":
        return hit.part == "direct" and hit.code not in ("search_rescue", "protection", "information")
    return hit.group == "sign" and hit.part == "3" and hit.code not in ("stable", "voices")


_FEW = 6


def _brings(message: Message, hit: Hit) -> bool:
    """Tell whether what arrived is what was asked for: goods, help; else it may be the water."""
    if not message.text[hit.start : hit.end].startswith(_ARRIVED) or len(message.tokens) <= _FEW:
        return True
    return any(
        h.group == "need" and h.part in ("items", "weak") and message.sentence[h.first] == message.sentence[hit.first]
        for h in message.hits
    )


def _mended(message: Message, told: list[Hit]) -> bool:
    """What was reported before is settled after: گفتم جاده بسته است، الان باز شد."""
    found_child = [h for h in told if h.code == "child_alone"]
    met = [h for h in message.signals("met") if not _overlaps(h, found_child)]
    settled = [h for h in met if message.has("update") or not message.text[h.start : h.end].startswith(_ARRIVED)]
    return any(h.start > max(t.start for t in told) and _brings(message, h) for h in settled) and not _still_lacks(
        message
    )


_ARRIVED = tuple(
    fold_key(w)
    for w in ("رسید", "resid", "arrived", "came", "گرفتیم", "received", "no longer", "have come", "has come")
)
_DENIALS = tuple(
    fold_key(word)
    for word in (
        "شایعه",
        "شایعست",
        "دروغ",
        "تکذیب",
        "rumor",
        "rumour",
        "false",
        "صحت",
        "not true",
        "shaye",
        "dorugh",
        "واقعیت",
    )
)


def _is_denial(message: Message) -> bool:
    return message.has("denial") or any(
        message.text.startswith(_DENIALS, h.start, h.end) for h in message.signals("update")
    )


def _not_yet(message: Message, hit: Hit) -> bool:
    before = {message.word(hit.first - back) for back in (1, 2, 3)}
    return bool(before & {"not", "never", "hasnt", "havent", "no", "hanuz", "هنوز", "nobody", "nothing"})


def _still_lacks(message: Message) -> bool:
    """Tell whether something is still wanting beside what is settled."""
    if message.has("noneed") and not message.has("met"):
        others = [h for h in message.signals("want", "lack") if not _inside(h, message.signals("noneed", "update"))]
        return bool(others)
    return any(
        not _inside(h, message.signals("noneed", "met", "thanks", "update")) for h in message.signals("want", "lack")
    )


def _inside(hit: Hit, others: list[Hit]) -> bool:
    return any(o.start <= hit.start and hit.end <= o.end for o in others)


def _overlaps(hit: Hit, others: list[Hit]) -> bool:
    return any(o.start < hit.end and hit.start < o.end for o in others)


_ASKING = frozenset(
    fold_key(w) for w in "is are does do did can could will which who where when what how has should".split()
)
_OF_US = frozenset(fold_key(w) for w in "somebody someone you anyone anybody we us".split())


_MAY = frozenset({"can", "may", "could", "should", "shal", "do"})
_OURSELVES = frozenset({"i", "we"})
_GET = frozenset(fold_key(w) for w in "get have please help bring send give donate offer do volunteer".split())


def _asks_in_english(message: Message) -> bool:
    """Is tap water in Bushehr safe: a question without its mark; a plea asks somebody to do something."""
    if message.word(0) in _MAY and message.word(1) in _OURSELVES:
        return message.word(2) not in _GET
    return message.word(0) in _ASKING and message.word(1) not in _OF_US


def _asked(message: Message) -> frozenset[int]:
    """The sentences that only ask, by their mark, their first word, or words that nobody tells with."""
    sure = {message.sentence[h.first] for h in message.signals("sureq")}
    return message.questions | sure | ({0} if _asks_in_english(message) else set())


def _is_question(message: Message, told: list[Hit], needs: list[tuple[NeedRead, Hit]]) -> bool:
    begun = any(h.first <= _AT_ONCE for h in message.signals("question"))
    asking = message.has("sureq") or _asks_in_english(message) or begun
    if not asking and not message.questions:
        return False
    if told or (needs and message.has("plea")):
        return False
    asked_sentences = _asked(message) | {message.sentence[h.first] for h in message.signals("question")}
    return all(message.sentence[hit.first] in asked_sentences for _, hit in needs)
