"""How much of a thing is asked for, in which unit."""

from server.places.names import fold_key
from server.reports.reading.lexicon import Hit
from server.reports.reading.model import amount
from server.reports.reading.numbers import Number
from server.reports.reading.text import Message

_UNITS = {
    fold_key(word): unit
    for unit, words in {
        "litre": "لیتر لیتری liter liters litre litres litr",
        "bottle": "بطری بطر شیشه bottle bottles botri",
        "pack": "بسته پک باکس پاکت pack packs packet packets package packages parcel parcels baste pak kit kits",
        "box": "جعبه کارتن کارتون box boxes carton cartons karton",
        "kg": "کیلو کیلوگرم kg kilo kilos kilogram kilograms kilu",
        "tonne": "تن ton tons tonne tonnes",
        "piece": "عدد تا دونه دانه تخته حلقه قطعه piece pieces ta adad dune takhte قواره",
        "truck": "کامیون کامیونی truckload truckloads",
        "can": "قوطی حلب can cans tin tins ghuti",
        "canister": "گالن دبه بشکه پیت gallon gallons jerrycan jerrycans barrel barrels galon dabe",
        "tanker": "تانکر tanker tankers",
        "device": "دستگاه dastgah",
        "set": "دست ست جفت set sets pair pairs dast joft",
        "meal": "پرس وعده meal meals portion portions pors",
        "sack": "کیسه گونی sack sacks bag bags kise guni",
        "cylinder": "کپسول cylinder cylinders kapsul",
        "vial": "ویال آمپول vial vials ampoule ampoules",
        "sheet": "ورق برگ sheet sheets",
    }.items()
    for word in words.split()
}


UNIT_WORDS = frozenset(_UNITS)


_LINKS = frozenset(
    fold_key(w)
    for w in ("of", "تا", "ta", "more", "عدد", "warm", "گرم", "big", "large", "بزرگ", "clean", "دیگه", "دیگر", "extra")
)


def quantity_of(message: Message, hit: Hit) -> tuple[int | float | None, str | None]:
    """Return how much of an item is asked: the number right before it (20 tents), or right after (پتو ۵۰ تخته)."""
    if hit.code == "volunteers":
        hands = [n for n in message.numbers if _is_people(message, n) and not n.shaky]
        if hands and message.sentence[hands[0].first] == message.sentence[hit.first]:
            return _amount(message, hands[0], hit, None)
    for number in message.numbers:
        if message.word(number.last) == "نه" and message.word(number.last + 1) not in _UNITS:
            continue  # "neither" far oftener than nine
        if number.last < hit.first and hit.first - number.last <= 4 and not _is_article(message, number):
            unit, ok = _bridge(message, number.last + 1, hit.first - 1)
            if ok and not _is_age(message, number):
                return _amount(message, number, hit, unit)
    for number in message.numbers:
        if (
            1 <= number.first - hit.last <= 2
            and not number.shaky
            and message.clause[number.first] - message.clause[hit.last] <= 1
        ):
            between = message.word(hit.last + 1) if number.first - hit.last == 2 else ""
            following = message.word(number.last + 1)
            if between and between not in _LINKS | {"به", "تعداد", "حدود", "be", "tedad", "x"}:
                continue
            if following in _UNITS and not _is_people(message, number):
                return _amount(message, number, hit, _UNITS[following])
            if _stands_alone(message, number):
                return _amount(message, number, hit, None)
    inner = [n for n in message.numbers if not _is_article(message, n) and hit.first <= n.first and n.last <= hit.last]
    return (None, None) if not inner or inner[0].shaky else _amount(message, inner[0], hit, None)


def _amount(message: Message, number: Number, hit: Hit, unit: str | None) -> tuple[int | float, str | None]:
    unit = unit or next((_UNITS[t.text] for t in message.tokens[hit.first : hit.last] if t.text in _UNITS), None)
    message.note("quantity", message.tokens[number.first].start, message.tokens[number.last].end)
    return amount(number.value), unit


def _bridge(message: Message, first: int, last: int) -> tuple[str | None, bool]:
    """Accept units and fillers alone between a number and its item; return the unit."""
    unit: str | None = None
    for index in range(first, last + 1):
        word = message.word(index)
        if word in _UNITS:
            unit = unit if unit not in (None, "piece") else _UNITS[word]
        elif word not in _LINKS:
            return None, False
    return unit, first > last or message.clause[first - 1] == message.clause[last + 1]


_AGE_WORDS = frozenset(fold_key(w) for w in "ساله سال ماهه روز روزه ساعت years year months days hours نفره".split())


_PEOPLE_WORDS = frozenset(
    fold_key(w)
    for w in "نفر نفریم خانواده خانوار people families persons children kids بچه زن مرد nafar khanevade مرد".split()
)


def _is_article(message: Message, number: Number) -> bool:
    return number.first == number.last and message.word(number.first) in ("a", "an")


def _is_age(message: Message, number: Number) -> bool:
    return message.word(number.last + 1) in _AGE_WORDS


def _is_people(message: Message, number: Number) -> bool:
    return message.word(number.last + 1) in _PEOPLE_WORDS


def _stands_alone(message: Message, number: Number) -> bool:
    """A number after an item counts it only when it counts nothing else (پتو ۵۰، چادر ۲۰)."""
    index = number.last + 1
    if index >= len(message.tokens):
        return True
    if message.clause[index] != message.clause[number.last]:
        return True
    return any(h.part == "items" and h.group == "need" and h.first == index + 1 for h in message.hits) and message.word(
        index
    ) in ("و", "and", "o", "va")
