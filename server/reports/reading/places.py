"""Which of the places a message names is the happening's, and how exactly it is known."""

from dataclasses import dataclass
from itertools import pairwise

from server.places.gazetteer import Gazetteer, Match, PlaceRow, is_ordinary, lies_by, near
from server.places.names import fold, fold_key
from server.reports.reading.choosing import named_areas, pick, read_of, rivals
from server.reports.reading.finglish import persian
from server.reports.reading.hints import Hints
from server.reports.reading.model import PlaceRead
from server.reports.reading.pointing import midway, note_details, other_end, told_point
from server.reports.reading.text import Message

# A village known only by its town, "around X", a road that begins at X: the point is a landmark, no more.
ONLY_BY_TOWN_M = 25_000
AROUND_M = 20_000
ROAD_M = 25_000
# Names side by side speak of one neighbourhood, unless a word of going or joining stands between.
_TOGETHER_KM = 90
_FAR_OFF = -30.0
_KNOWN_FROM = 50_000
_NAME_CHARS = 100
_APART = frozenset(fold_key(w) for w in "به تا و از برای be ta o va az baraye to and from for or".split())

_FROM = frozenset(fold_key(w) for w in ("از", "az", "from"))
_MYSELF = frozenset(fold_key(w) for w in "من خودم man khodam mn".split())
_SOURCE = frozenset(fold_key(w) for w in "مبدا مبدأ mabda".split())
_TO = frozenset(
    fold_key(w)
    for w in (
        "به",
        "برای",
        "واسه",
        "سمت",
        "be",
        "baraye",
        "vase",
        "to",
        "for",
        "toward",
        "towards",
        "تا",
        "مقصد",
        "maghsad",
    )
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
        "ru bam",
        "roye bam",
        "ruye bam",
        "labe bam",
        "balaye bam",
        "bala bam",
        "poshte bam",
        "sare bam",
        "persian gulf",
    )
)


@dataclass(frozen=True, slots=True)
class _Named:
    match: Match
    row: PlaceRow
    score: float


def find_place(message: Message, gazetteer: Gazetteer, *, offering: bool) -> PlaceRead | None:
    """Return the place of the happening; for an offer its destination, else where the goods stand.

    A point written out (coordinates, a map's link, a plus code) says where, names around it what it is called.
    `message.candidates` gets what else may be meant, when that is nearly as likely.
    """
    found = gazetteer.find(message.folded, message.tokens)
    matches = [m for m in found if not _is_phrase(message, m) and not _is_word(message, m, gazetteer)]
    if message.own:
        matches = message.own.places(message, matches)
    best = _best(message, matches, offering=offering) if matches else None
    point = told_point(message, gazetteer, best.row if best else None)
    if point is not None:
        note_details(message, [(m.first, m.last) for m in matches])
        return point
    if best is None:
        return None
    match, row = best.match, best.row
    message.note("place.exact" if match.exact else "place.fuzzy", match.start, match.end)
    note_details(message, [(m.first, m.last) for m in matches])
    other = other_end(message, match, row, matches)
    if other is not None:
        message.note("place.between", match.start, other.match.end)
        lat, lon, accuracy = midway(row, other.row)
        return PlaceRead(row.name_en, row.name_fa, lat, lon, accuracy, row.province_en, row.province_fa)
    message.candidates.extend(rivals(match, row, named_areas(matches), message.hints))
    return PlaceRead(
        row.name_en, row.name_fa, row.lat, row.lon, _accuracy(message, match, row), row.province_en, row.province_fa
    )


def place_called(name: str, gazetteer: Gazetteer, hints: Hints | None = None) -> PlaceRead | None:
    """Return the place that a name alone means, as a command gives it."""
    found = gazetteer.find(fold("شهر " + name[:_NAME_CHARS]))
    return read_of(pick(found[0], [], hints)) if found else None


def _best(message: Message, matches: list[Match], *, offering: bool) -> _Named:
    within = named_areas(matches)
    named = [_Named(m, pick(m, within, message.hints), 0.0) for m in matches]
    named = _agreeing(message, named)
    scored = [_Named(n.match, n.row, n.score + _score(message, n, i, offering=offering)) for i, n in enumerate(named)]
    return max(scored, key=lambda n: n.score)


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
        if near(one.row, other.row, _TOGETHER_KM) or any(lies_by(one.row, c, 0) for c in other.match.candidates):
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


def _is_word(message: Message, match: Match, gazetteer: Gazetteer) -> bool:
    """Tell whether a small place's name in Latin letters is rather a Persian word: poshte, seda, hamun."""
    row = match.candidates[0]
    sure = match.exact and (row.population >= _KNOWN_FROM or row.kind == "province")
    if sure or match.cue not in ("none", "weak") or match.first != match.last or not match.key.isascii():
        return False
    if message.original[message.folded.offsets[match.start]].isupper():
        return False
    word = persian(match.key)
    return word is not None and (is_ordinary(word, even=match.cue) or not gazetteer.knows(word))


def _says_where_i_am(message: Message, match: Match) -> bool:
    """من خودم شیرازم, man tehranam: that is where the sender is."""
    word = message.word(match.last)
    if not match.key or word == match.key or not word.endswith(("م", "am")) or word.endswith(("یم", "iam")):
        return False
    return bool({message.word(match.first - 1), message.word(match.first - 2)} & _MYSELF)


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
            score -= 25
    elif any(h.first <= match.first <= h.last + 2 and h.start < match.start for h in message.signals("sender")):
        score -= 40
    if _says_where_i_am(message, match):
        score -= 40
    if before in _SOURCE:
        score -= 25
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
