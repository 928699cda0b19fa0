"""Which of the places a message names is the happening's, and how exactly it is known."""

from dataclasses import dataclass
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

from server.places.gazetteer import Gazetteer, Match, PlaceRow, near
from server.places.names import fold_key
from server.reports.reading.model import PlaceRead
from server.reports.reading.text import Message

# A village known only by its town, "around X", a road that begins at X: the point is a landmark, no more.
ONLY_BY_TOWN_M = 25_000
AROUND_M = 20_000
ROAD_M = 25_000
# Names side by side speak of one neighbourhood, unless a word of going or joining stands between.
_TOGETHER_KM = 90
_FAR_OFF = -30.0
_APART = frozenset(fold_key(w) for w in "به تا و از برای be ta o va az baraye to and from for or".split())

_FROM = frozenset(fold_key(w) for w in ("از", "az", "from"))
_TO = frozenset(
    fold_key(w) for w in ("به", "برای", "واسه", "سمت", "be", "baraye", "vase", "to", "for", "toward", "towards", "تا")
)
_SENDER_VERBS = tuple(
    fold_key(w)
    for w in (
        "پیام",
        "تماس",
        "زنگ",
        "مینویسم",
        "پیگیر",
        "مزاحم",
        "هستم",
        "میگم",
        "زندگی",
        "ساکن",
        "texting",
        "calling",
        "writing",
        "messaging",
        "live",
        "payam",
        "zang",
        "tamas",
        "hastam",
        "دانشجو",
        "سربازم",
        "کار",
    )
)
_SENDING = tuple(fold_key(w) for w in "بفرست ببر بیار برسون میبر befrest bebar biar send bring".split())
_VILLAGE_WORDS = frozenset(
    fold_key(w) for w in "روستای روستا روستاهای دهستان ده rusta rustaye rustaie village deh دهکده villages".split()
)
_NOT_PLACES = tuple(
    fold_key(w)
    for w in (
        "خبرگزاری فارس",
        "خلیج فارس",
        "دریای عمان",
        "شبکه خبر",
        "دانشگاه تهران",
        "بانک",
        "خاورمیانه",
        "persian gulf",
    )
)


@dataclass(frozen=True, slots=True)
class _Named:
    match: Match
    row: PlaceRow
    score: float


def find_place(message: Message, gazetteer: Gazetteer, *, offering: bool) -> PlaceRead | None:
    """Return the place of the happening; for an offer its destination, else where the goods stand."""
    matches = [m for m in gazetteer.find(message.folded, message.tokens) if not _is_phrase(message, m)]
    if not matches:
        return None
    within = _named_areas(matches)
    named = [_Named(m, _pick(m, within), 0.0) for m in matches]
    named = _agreeing(message, named)
    scored = [_Named(n.match, n.row, n.score + _score(message, n, i, offering=offering)) for i, n in enumerate(named)]
    best = max(scored, key=lambda n: n.score)
    match, row = best.match, best.row
    message.note("place.exact" if match.exact else "place.fuzzy", match.start, match.end)
    accuracy = _accuracy(message, match, row)
    return PlaceRead(row.name_en, row.name_fa, row.lat, row.lon, accuracy)


def _agreeing(message: Message, named: list[_Named]) -> list[_Named]:
    """Let names that stand side by side settle each other: of several of one name the one beside its neighbour; a
    smaller place whose name is known only far from its neighbour is another, unknown one, and steps back.
    """
    settled = list(named)
    for at, (one, other) in enumerate(pairwise(named)):
        between = [message.word(i) for i in range(one.match.last + 1, other.match.first)]
        before = message.word(one.match.first - 1)
        if len(between) > 3 or set(between) & _APART or before in _FROM or any(w.startswith(_SENDING) for w in between):
            continue
        if near(one.row, other.row, _TOGETHER_KM):
            continue
        for index, mine, its in ((at, one, other), (at + 1, other, one)):
            beside = [c for c in mine.match.candidates if near(c, its.row, _TOGETHER_KM)]
            if beside:
                settled[index] = _Named(mine.match, beside[0], mine.score)
                break
        else:
            small = at if one.row.population < other.row.population else at + 1
            if settled[small].row.kind in ("village", "town", "city"):
                settled[small] = _Named(settled[small].match, settled[small].row, _FAR_OFF)
    return settled


def _is_phrase(message: Message, match: Match) -> bool:
    """Names that are part of another thing's name."""
    before = message.text[max(0, match.start - 14) : match.end]
    return any(
        before.endswith(p) or (" " not in p and before[: -(match.end - match.start)].rstrip().endswith(p))
        for p in _NOT_PLACES
    )


def _named_areas(matches: list[Match]) -> list[PlaceRow]:
    """Return provinces and counties the message names as such: they settle which of several towns is meant."""
    areas: list[PlaceRow] = []
    for match in matches:
        for row in match.candidates:
            only_area = row.kind == "province" and not any(c.kind in ("city", "town") for c in match.candidates)
            cued = row.kind in match.cues or (only_area and row.kind == "province")
            if row.kind in ("province", "county") and (cued or row.kind == "province"):
                areas.append(row)
    return areas


def _pick(match: Match, within: list[PlaceRow]) -> PlaceRow:
    """Choose among places of one name: what the cue says, then what lies in a named area, then the most people."""
    candidates = match.candidates
    for kind in ("province", "county"):
        if kind in match.cues:
            areas = [c for c in candidates if c.kind == kind]
            inside = [c for c in areas if any(a.admin1_code == c.admin1_code and a not in areas for a in within)]
            if areas:
                return (inside or areas)[0]
    towns = [c for c in candidates if c.kind not in ("province", "county")]
    provinces = [c for c in candidates if c.kind == "province"]
    if provinces and not (match.cues & {"city", "village"}):
        # A province outranks a town of its name elsewhere (Golestan), not its own capital (Kermanshah).
        own = [t for t in towns if t.admin1_code == provinces[0].admin1_code and t.population >= 50_000]
        return own[0] if own else provinces[0]
    pool = towns or list(candidates)
    others = [a for a in within if a not in candidates]
    inside = [c for c in pool if any(a.admin1_code == c.admin1_code for a in others)]
    if not inside and match.cue == "city" and not towns:
        return pool[0]
    return _most_people(inside or pool, candidates)


def _most_people(pool: list[PlaceRow], candidates: tuple[PlaceRow, ...]) -> PlaceRow:
    """Take the biggest; a town without a figure counts as a seat if a county of its name lies there."""
    counties = [c for c in candidates if c.kind == "county"]

    def weight(row: PlaceRow) -> float:
        seat = any(_metres(row, c) < 30_000 for c in counties)
        return row.population + (20_000 if seat else 0)

    return max(pool, key=weight)


def _score(message: Message, named: _Named, order: int, *, offering: bool) -> float:
    match, row = named.match, named.row
    score = {"city": 30.0, "town": 30.0, "village": 30.0, "county": 15.0, "province": 8.0}[row.kind] - order
    score += 4 if match.exact else 0
    if "village" in match.cues and row.kind in ("village", "town"):
        score += 12
    if row.kind == "village" and match.cue == "none":
        score -= 6
    before = message.word(match.first - 1)
    if before in _FROM:
        nearby = " ".join(message.word(i) for i in range(match.last + 1, match.last + 5))
        if any(verb in nearby for verb in _SENDER_VERBS):
            score -= 40
        elif offering:
            score -= 15
    elif any(h.first <= match.first <= h.last + 2 and h.start < match.start for h in message.signals("sender")):
        score -= 40
    if offering and (before in _TO or before.startswith(_SENDING)):
        score += 15
    elif before in _TO and match.cue == "weak" and not offering:
        score -= 3
    return score


def _accuracy(message: Message, match: Match, row: PlaceRow) -> int:
    if row.kind in ("province", "county"):
        return row.accuracy_m
    if match.cue == "around":
        return max(row.accuracy_m, AROUND_M)
    if match.cue == "road":
        return max(row.accuracy_m, ROAD_M)
    if _village_elsewhere(message, match, row):
        return max(row.accuracy_m, ONLY_BY_TOWN_M)
    return row.accuracy_m


def _village_elsewhere(message: Message, match: Match, row: PlaceRow) -> bool:
    """Tell whether the message speaks of a village the gazetteer lacks, and the town only says whereabouts."""
    if row.kind == "village":
        return False
    for index in range(max(0, match.first - 5), min(len(message.tokens), match.last + 5)):
        if message.word(index) in _VILLAGE_WORDS and not match.first <= index + 1 <= match.last:
            return True
    return False


def _metres(one: PlaceRow, other: PlaceRow) -> float:
    """Great-circle distance in metres."""
    a, b, c, d = (radians(v) for v in (one.lat, one.lon, other.lat, other.lon))
    return 12_742_000 * asin(sqrt(sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2))
