"""What people ask for or lack, how much of it, in which unit."""

from server.places.names import fold_key
from server.reports.reading.governing import BESIDE, CLOSE, but_not_to_us, distance, flatly_denied, nearest_cue
from server.reports.reading.incidents import masked, negated, of_things
from server.reports.reading.lexicon import Hit
from server.reports.reading.listing import Listing, of_goods
from server.reports.reading.model import NeedRead
from server.reports.reading.quantities import UNIT_WORDS, quantity_of
from server.reports.reading.surroundings import (
    LOSABLE,
    PURPOSE,
    breathed,
    covers,
    dry_roof,
    is_flood,
    is_part_of_another,
    is_whereabouts,
    lost_goods,
    with_somebody,
)
from server.reports.reading.text import Message

_NEAR = 12


_GOVERNS = frozenset({"want", "hasten", "lack", "lost"})


_NOT_ALONE = frozenset(
    {"protection", "information", "volunteers", "transport", "heating", "machinery", "power", "medical_care"}
)


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
        breathed(message, h) for h in message.hits if h.group == "need" and not masked(message, h, spans, sentences)
    ]
    if not hits:
        return []
    listing = Listing(message, hits, UNIT_WORDS)
    for hit in hits:
        if hit.code in found and found[hit.code][0].quantity is not None:
            continue
        if not _needed(message, hit, hits, listing, closed=closed):
            continue
        quantity, unit = (None, None) if hit.part == "direct" else quantity_of(message, hit)
        if hit.code not in found or quantity is not None:
            found[hit.code] = (NeedRead(hit.code, quantity, unit), hit)
    return list(found.values())


def _is_so(message: Message, hit: Hit) -> bool:
    """Tell whether words that are a need by themselves are one here."""
    if hit.code == "information" or negated(message, hit):
        return False
    if hit.code == "search_rescue":
        return not any(rule(message, hit) for rule in (of_things, of_goods, dry_roof, lost_goods))
    if hit.code == "medical_care":
        return message.has("pressing", "unaided") or not message.has("cared", "update", "news")
    return hit.code != "protection" or not with_somebody(message, hit)


def _needed(message: Message, hit: Hit, hits: list[Hit], listing: Listing, *, closed: bool) -> bool:
    if hit.code.startswith("_") or any(covers(message, other, hit) for other in hits):
        return False
    if hit.code == "protection" and hit.part == "items" and not message.has(*_WOMEN_AND_CHILDREN):
        return False
    if hit.part == "direct":
        return _is_so(message, hit)
    beside = is_part_of_another(message, hit, hits) or is_whereabouts(message, hit)
    if beside or (hit.part == "weak" and is_flood(message, hit)):
        return False
    return flatly_denied(message, hit) or _governed(message, hit, listing, closed=closed)


def _governed(message: Message, hit: Hit, listing: Listing, *, closed: bool) -> bool:
    """Tell whether a word of wanting or lacking governs the thing, or it is asked for without one."""
    cue = nearest_cue(message, hit, listing)
    if cue is not None and cue.code in ("met", "have") and but_not_to_us(message, hit):
        return True
    if (cue is None or cue.code not in _GOVERNS) and wants_thing(message, hit):
        return True
    if cue is None:
        return not closed and _bare_request(message, hit, listing)
    if cue.code == "lost":
        return hit.code in LOSABLE and distance(hit, cue) <= BESIDE
    if cue.code in _GOVERNS:
        reach = CLOSE if hit.part == "weak" else _NEAR
        return distance(hit, cue) <= reach
    return False


_WOMEN_AND_CHILDREN = ("vulnerable_child", "vulnerable_woman_headed", "women")


_DIRE = ("life", "pressing", "vulnerable_pregnant", "unaided", "plea")


def _called_out(message: Message, hit: Hit) -> bool:
    """دکتر دکتر دکتر: a word cried out again and again."""
    return message.word(hit.last + 1) == message.word(hit.first) or message.word(hit.first - 1) == message.word(
        hit.last
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
    if _called_out(message, hit) or PURPOSE & {message.word(hit.last + 1), message.word(hit.last + 2)}:
        return True
    if dire:
        return True
    listed = {h.code for h in message.hits if h.group == "need" and h.part == "items"}
    if len(message.tokens) > (22 if len(listed) >= 3 else 14):
        return False
    of_one_kind = [h for h in message.hits if h.group == "need" and h.part == "items" and h.code == hit.code]
    return len(listed) >= 3 or len(of_one_kind) >= 2 or quantity_of(message, hit)[0] is not None


def wants_thing(message: Message, hit: Hit) -> bool:
    """Tell whether a question asks where to get a thing, so that the thing itself is wanted."""
    sentence = message.sentence[hit.first]
    if sentence not in message.questions and not message.has("question"):
        return False
    return any(s == sentence and message.word(i) in _GETTING for i, s in enumerate(message.sentence))
