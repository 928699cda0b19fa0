"""Which word of wanting, lacking, losing or having governs a thing that a message names."""

import re

from server.places.names import fold_key
from server.reports.reading.lexicon import Hit
from server.reports.reading.listing import Listing
from server.reports.reading.text import Message

CLOSE = 5
BESIDE = 3
_IF = frozenset(fold_key(w) for w in ("اگه", "اگر", "if", "هرچی", "هرکی", "whatever"))


LATIN = re.compile(r"^[a-z]")


def distance(hit: Hit, cue: Hit) -> int:
    """Return how many words apart a thing and a cue stand."""
    if cue.first > hit.last:
        return cue.first - hit.last
    return max(0, hit.first - cue.last)


def flatly_denied(message: Message, hit: Hit) -> bool:
    """چادر هست، زیرانداز نه: a bare "no" right after the thing ends its clause."""
    after = hit.last + 1
    if message.word(after) not in _FLAT_NO or message.word(hit.first - 1) in _FLAT_NO:
        return False
    return after + 1 >= len(message.tokens) or message.clause[after + 1] != message.clause[after]


_FLAT_NO = frozenset({"نه", "no"})


_COMING = tuple(
    fold_key(w) for w in "نرسید نیومد نیامد ندادن نمیرسه کافی کمه کم نبود نداشت نصیب not nothing none".split()
)


def but_not_to_us(message: Message, hit: Hit) -> bool:
    """Tell whether what came is said, after a "but", not to have come to the sender or not to be enough."""
    following = message.sentence[hit.first] + 1
    lacks = [h for h in message.signals("lack") if message.sentence[h.first] == following]
    if not lacks or not any(message.word(i).startswith(_COMING) for h in lacks for i in range(h.first, h.last + 1)):
        return False
    named = any(h.group == "need" and message.sentence[h.first] == following for h in message.hits)
    first = message.sentence.index(following)
    return not named and message.word(first) in _BUT


_BUT = frozenset(fold_key(w) for w in ("ولی", "اما", "but", "vali", "ama", "لیکن"))


def nearest_cue(message: Message, hit: Hit, listing: Listing) -> Hit | None:
    """Find the word of wanting, lacking or having that governs an item: nearest, clauses and word order counted in."""
    best: tuple[float, Hit] | None = None
    for cue in message.signals("want", "hasten", "lack", "lost", "have", "met", "noneed"):
        if message.sentence[cue.first] != message.sentence[hit.first] or not listing.bridged(hit, cue):
            continue
        if cue.first >= hit.first and cue.last <= hit.last and cue.end - cue.start < hit.end - hit.start:
            continue
        cost: float = distance(hit, cue)
        cost += 6 * abs(message.clause[cue.first] - message.clause[hit.first]) * (0.2 if cue.code == "want" else 0.5)
        latin = bool(LATIN.match(message.word(cue.first)))
        wrong_side = cue.first > hit.last if latin else cue.last < hit.first
        # A Persian verb of having closes what stands before it: "بیمار داریم، اکسیژن تمومه".
        cost += (4 if cue.code == "have" and not latin else 1.5) if wrong_side else 0
        cost -= 2.5 if cue.code == "noneed" and not (wrong_side and not latin) else 0
        if cue.code == "have" and (
            (cue.end - cue.start < 6 and _preceded_by_want(message, cue)) or _is_supposed(message, cue)
        ):
            continue
        if cue.code == "lost" and distance(hit, cue) > BESIDE:
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
    "^(?:ran ut|run ut|runs ut|is |are |gone|empty|finish|has finish|ended|dried|dry|used up|never "
    "(?:came|arived)|broken|"
    "soaked|ruined|torn|leaking|useless)"
)


def _out_of_reach(message: Message, hit: Hit, cue: Hit) -> bool:
    """Tell whether a cue stands on the side it cannot govern: "no" before its thing, "ran out" and نداریم after it."""
    words = message.text[cue.start : cue.end]
    if words in _BEFORE:
        return not 0 < hit.first - cue.last <= (1 if words == "بی" else CLOSE)
    if cue.first > hit.last or cue.code not in ("lack", "lost"):
        return False
    if bool(LATIN.match(words)):
        return bool(_AFTER.match(words))
    return cue.code == "lost"


_NEVER = frozenset(fold_key(w) for w in "not never nobody haven't hasn't didn't don't no yet نه هنوز".split())


def _never(message: Message, cue: Hit) -> bool:
    """Tell whether a word of coming or having is denied: have still not reached us."""
    return any(message.word(i) in _NEVER for i in range(max(0, cue.first - 2), cue.first))


def _preceded_by_want(message: Message, cue: Hit) -> bool:
    """نیاز داریم is wanting, not having."""
    return any(h.last in (cue.first - 1, cue.first) or cue.first - h.last == 2 for h in message.signals("want"))


def _is_supposed(message: Message, cue: Hit) -> bool:
    """اگه هست بفرستین is asking, not having."""
    return any(
        message.word(i) in _IF and message.clause[i] == message.clause[cue.first]
        for i in range(max(0, cue.first - 4), cue.first)
    )
