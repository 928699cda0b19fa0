"""What a correction says behind its code: FIX K7… 20 tents, اصلاح K7… مکان کوهدشت, FIX K7… people 12."""

from dataclasses import dataclass

from server.places.gazetteer import Gazetteer
from server.places.names import fold_key
from server.reports.reading.model import NeedRead, PlaceRead, amount
from server.reports.reading.people import count_people
from server.reports.reading.places import find_place
from server.reports.reading.quantities import quantity_of
from server.reports.reading.text import Message, prepare

_PLACE = frozenset(fold_key(w) for w in "place مکان محل جا نشانی آدرس ادرس makan mahal ja address at".split())
_PEOPLE = frozenset(fold_key(w) for w in "people persons نفر نفرات تعداد nafar".split())
_HOUSES = frozenset(fold_key(w) for w in "families households خانواده خانوار khanevade khanevar".split())
_NAME_WORDS = 3


@dataclass(frozen=True, slots=True)
class Correction:
    """What is said anew; None: nothing of that sort."""

    need: NeedRead | None = None
    people: int | None = None
    households: int | None = None
    place: PlaceRead | None = None


def read_correction(rest: str, gazetteer: Gazetteer) -> Correction:
    """Read the words behind a FIX command's code. A bare number (`FIX K7… 15`) says too little
    here: the command carries it, for whoever knows the record.
    """
    words = rest.split(maxsplit=1)
    first = fold_key(words[0]) if words else ""
    if len(words) > 1 and first in _PLACE:
        return Correction(place=_named(words[1], gazetteer))
    message = prepare(rest)
    if len(words) > 1 and first in _PEOPLE | _HOUSES and message.numbers:
        number = int(message.numbers[0].value)
        return Correction(people=number) if first in _PEOPLE else Correction(households=number)
    people, households = count_people(message)
    need = None if people is not None or households is not None else _need(message)
    place = find_place(message, gazetteer, offering=False)
    if need is None and people is None and households is None and place is None and len(rest.split()) <= _NAME_WORDS:
        place = _named(rest, gazetteer)
    return Correction(need, people, households, place)


def _need(message: Message) -> NeedRead | None:
    """The first thing that is named, with how much of it is said next to it, or else anywhere."""
    hits = [h for h in message.hits if h.group == "need" and h.part in ("items", "weak") and not h.code.startswith("_")]
    if not hits:
        return None
    hit = max(hits, key=lambda h: (h.end - h.start, -h.start))
    quantity, unit = quantity_of(message, hit)
    if quantity is None and len(message.numbers) == 1:
        quantity = amount(message.numbers[0].value)
    return NeedRead(hit.code, quantity, unit)


def _named(name: str, gazetteer: Gazetteer) -> PlaceRead | None:
    """A place by its bare name: after "city of" the gazetteer takes a name for one."""
    return find_place(prepare(f"شهر {name}"), gazetteer, offering=False)
