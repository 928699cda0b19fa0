"""Points told by numbers, stretches between two places, and the street-level words that lead the last metres. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from server.kernel.geo import distance_m
from server.places import spots
from server.places.gazetteer import Gazetteer, Match, PlaceRow
from server.places.names import fold_key
from server.places.points import Point, find_points
from server.reports.reading.choosing import read_of
from server.reports.reading.model import PlaceRead, Why
from server.reports.reading.text import Message

NAMED_KM: Final = 60.0
"""So far from a point a name beside it may still be what it is called."""
AROUND_KM: Final = 25.0
"""On a longer road the stretch nearer to the end that is named first is meant; the accuracy tells the rest."""
_DETAIL_WORDS: Final = 4
_JOINING = frozenset(fold_key(w) for w in "و به تا - and to ta be va o ba با".split())
_STREET = frozenset(
    fold_key(w)
    for w in (
        "خیابان خیابون خ کوچه کوی پلاک میدان میدون فلکه چهارراه چارراه سه‌راه سهراه دوراهی بلوار محله شهرک "
        "کیلومتر روبروی روبه‌روی "
        "مقابل جنب پشت بغل پایین‌تر بالاتر سمت‌راست انتهای ابتدای نبش مجتمع ساختمان بلوک واحد طبقه زنگ "
        "khiaban khiabun khiyaban kuche kooche koche pelak meydan meidan meydun falake charrah chaharrah "
        "bolvar mahale shahrak "
        "kilometr poshte rubero ruberuye jonbe nabsh sakhteman vahed tabaghe "
        "street st avenue ave alley square boulevard blvd building flat floor apartment km kilometer "
        "kilometre opposite behind rue route impasse "
    ).split()
)
_LANDMARK = frozenset(
    fold_key(w)
    for w in (
        "مسجد مدرسه دبستان دبیرستان بیمارستان درمانگاه پل پمپ‌بنزین پمپ بانک نانوایی حسینیه امامزاده پارک "
        "ورزشگاه استادیوم پادگان "
        "masjed madrese bimarestan darmangah pol pomp nanvai hoseinie emamzade park "
        "mosque school hospital clinic bridge station bank bakery church stadium"
    ).split()
)
_BESIDE = frozenset(
    fold_key(w)
    for w in "نزدیک نزدیکی کنار جنب پشت روبروی مقابل بغل near beside behind opposite nazdike kenare poshte".split()
)
_STOPS = frozenset(
    fold_key(w)
    for w in (
        "که است هست نیست شده شد داریم نداریم هستیم هستن و رو را در از به ولی اما نیاز لازم کمک نفر خانوار "
        "چادر آب غذا گیر زیر "
        "is are has have need needs we and but with in at from please help people hast nadarim darim niaz "
        "lazem komak nafar ke "
    ).split()
)


@dataclass(frozen=True, slots=True)
class End:
    """One end of a stretch."""

    match: Match
    row: PlaceRow


def told_point(message: Message, gazetteer: Gazetteer, named: PlaceRow | None) -> PlaceRead | None:
    """Return the first point that the words tell by numbers, under the name of the place there; note its span."""
    for point in find_points(message.original, gazetteer.bounds):
        at = _completed(point, named, message)
        if at is None:
            continue
        message.why.append(Why(f"place.point.{point.form}", point.start, point.end))
        there = named if named and distance_m(at.lon, at.lat, named.lon, named.lat) <= NAMED_KM * 1000 else None
        if named is not None and there is None:
            # Words and numbers disagree: the numbers may be the sender's own phone.
            message.candidates.append(read_of(named))
        row = there or gazetteer.nearest(at.lat, at.lon, AROUND_KM)
        accuracy = max(1, round(at.accuracy_m))
        if row is None:
            return PlaceRead(f"{at.lat:.5f}, {at.lon:.5f}", None, at.lat, at.lon, accuracy)
        return PlaceRead(
            row.name_en, row.name_fa, round(at.lat, 6), round(at.lon, 6), accuracy, row.province_en, row.province_fa
        )
    return None


def _completed(point: Point, named: PlaceRow | None, message: Message) -> Point | None:
    if point.short is None:
        return point
    if named is not None and named.kind not in ("province", "county"):
        return point.placed(named.lat, named.lon)
    around = message.hints.around() if message.hints else None
    return point.placed(around[1], around[0]) if around else None


def other_end(message: Message, match: Match, row: PlaceRow, matches: Sequence[Match]) -> End | None:
    """Return the other end of a road or stretch that begins at a name: جاده خرم‌آباد به پلدختر, between X and Y."""
    if match.cue != "road" or row.kind in ("province", "county"):
        return None
    after = next((m for m in matches if m.first > match.last), None)
    if after is None or message.sentence[after.first] != message.sentence[match.last]:
        return None
    between = [message.word(i) for i in range(match.last + 1, after.first)]
    if len(between) > 1 or not set(between) <= _JOINING:
        return None
    towns = [c for c in after.candidates if c.kind not in ("province", "county")]
    ends = [c for c in towns if c != row and distance_m(c.lon, c.lat, row.lon, row.lat) <= 6 * spots.HALF_MOST_M]
    if (
        not ends
        or after.cues & {"county", "province"}
        or (not between and any(c.kind == "province" for c in after.candidates))
    ):
        return None
    return End(after, ends[0])


def midway(one: PlaceRow, other: PlaceRow) -> tuple[float, float, int]:
    """Return lat, lon of the middle between two places, and how far the ends lie from it, in metres."""
    lon, lat, accuracy = spots.midway((one.lon, one.lat, one.accuracy_m), (other.lon, other.lat, other.accuracy_m))
    return lat, lon, accuracy


def note_details(message: Message, named: Iterable[tuple[int, int]]) -> None:
    """Note where street-level words stand (خیابان امام کوچه ۴, behind the mosque): the last metres, by offsets."""
    taken = {index for first, last in named for index in range(first, last + 1)}
    at, count = 0, len(message.tokens)
    while at < count:
        if not _begins_detail(message, at) or at in taken:
            at += 1
            continue
        end = at
        while (
            end + 1 < count
            and end - at < _DETAIL_WORDS
            and message.clause[end + 1] == message.clause[at]
            and message.word(end + 1) not in _STOPS
            and message.word(end + 1) not in _STREET
            and end + 1 not in taken
        ):
            end += 1
        if end > at:
            message.note("place.detail", message.tokens[at].start, message.tokens[end].end)
        at = end + 1


def _begins_detail(message: Message, at: int) -> bool:
    word = message.word(at)
    return word in _STREET or (word in _LANDMARK and message.word(at - 1) in _BESIDE)
