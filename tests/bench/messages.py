"""Text messages as a flood brings them, made from templates of our own: needs, repeats, thanks, chatter.

The same seed gives the same messages. Places are those of the shipped gazetteer in and around one province, a few of
them spoken of most of the time; senders come back.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from server.places.geonames import PlaceRow, load_country

PROVINCES: Final = ("Lorestan", "Khuzestan", "Ilam", "Kermanshah", "Hamadan", "Markazi")
SENDERS: Final = 20_000
_REMEMBERED: Final = 4000
_NEEDS: Final = (
    ("آب آشامیدنی", "drinking water"),
    ("چادر", "tents"),
    ("غذا", "food"),
    ("دارو", "medicine"),
    ("شیر خشک", "baby formula"),
    ("پتو", "blankets"),
    ("نان", "bread"),
    ("پوشک بچه", "diapers"),
    ("لباس گرم", "warm clothes"),
    ("بخاری", "heaters"),
    ("پزشک", "a doctor"),
    ("سرویس بهداشتی", "toilets"),
)
_HAPPENED: Final = (
    ("پل {p} را آب برد", "The bridge at {p} was washed away"),
    ("جاده {p} بسته شده", "The road to {p} is blocked"),
    ("سیل وارد {p} شده و خانه‌ها را آب گرفته", "Flood water has entered {p}, houses are under water"),
    ("در {p} برق قطع است", "No electricity in {p}"),
    ("چند خانه در {p} خراب شده", "Several houses collapsed in {p}"),
    ("{p} آب لوله‌کشی قطع شده", "Tap water is cut in {p}"),
)
_LIFE: Final = (
    ("کمک! {n} نفر زیر آوار مانده‌اند {p}", "Help! {n} people trapped under rubble in {p}"),
    ("{p} یک خانواده روی پشت بام مانده‌اند آب بالا می‌آید", "A family is on the roof in {p}, the water is rising"),
    ("{p} زن باردار درد دارد راه بسته است", "Pregnant woman in labour in {p}, the road is closed"),
)
_ASKS: Final = (
    ("{p} {n} نفر {x} لازم دارند", "{n} people need {x} in {p}"),
    ("سلام ما {n} خانوار در {p} هستیم {x} نداریم", "Hello, we are {n} families in {p}, we have no {x}"),
    ("لطفا {x} بفرستید {p}، {n} نفر هستیم بچه کوچک داریم", "Please send {x} to {p}, {n} people with small children"),
    ("{p} به {n} {x} نیاز داریم", "We need {n} {x} at {p}"),
    ("کسی به {p} سر نزده. {x} و {y} می‌خواهیم برای {n} خانواده", "Nobody came to {p}. {n} families want {x} and {y}"),
    ("{p} سالمندان بیمار {x} ندارند خیلی فوری", "Sick elderly people in {p} have no {x}, very urgent"),
)
_NOWHERE: Final = (
    ("{n} نفریم {x} نداریم", "We are {n} people without {x}"),
    ("لطفا {x} بفرستید", "Please send {x}"),
)
_THANKS: Final = (
    ("{x} رسید ممنون", "The {x} have arrived, thanks"),
    ("دست شما درد نکند {x} به {p} رسید", "Thank you, the {x} reached {p}"),
)
_CHATTER: Final = (
    ("سلام خسته نباشید", "Hello, God bless your work"),
    ("این شماره مال کیست؟", "Who is this?"),
    ("فردا هوا چطور است", "What will the weather be tomorrow"),
    ("برنده قرعه کشی شدید عدد ۵ را بفرستید", "You won a prize, send 5 to claim"),
    ("من می‌توانم با وانت کمک کنم از {p}", "I can help with my pickup from {p}"),
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: who sent it and what it says."""

    sender: str
    text: str


def places() -> list[PlaceRow]:
    """Named places of the provinces that are meant, the same order every time."""
    rows = [r for r in load_country("IR") if r.province_en in PROVINCES and r.name_fa and r.kind != "province"]
    rows.sort(key=lambda r: (PROVINCES.index(r.province_en), r.name_en, r.source_id))
    return rows


def stream(seed: int = 1) -> Iterator[Message]:
    """Messages without end."""
    dice = random.Random(seed)
    where = places()
    dice.shuffle(where)
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(where))))
    lately: list[Message] = []
    while True:
        kind = dice.random()
        if kind < 0.15 and lately:
            # Nobody has answered yet: the same words once more.
            yield dice.choice(lately)
            continue
        place = dice.choices(where, cum_weights=weights)[0]
        made = _one(dice, kind, place)
        if kind < 0.8:
            lately.append(made)
            if len(lately) > _REMEMBERED:
                lately.pop(dice.randrange(_REMEMBERED))
        elif kind < 0.87 and lately:
            made = Message(dice.choice(lately).sender, made.text)
        yield made


def _one(dice: random.Random, kind: float, place: PlaceRow) -> Message:
    """A new message, by `kind` (0 to 1): a need, a happening, a danger to life, a need nowhere, thanks, chatter."""
    english = dice.random() < 0.12
    kinds = ((0.6, _ASKS), (0.72, _HAPPENED), (0.76, _LIFE), (0.8, _NOWHERE), (0.87, _THANKS), (2.0, _CHATTER))
    template = dice.choice(next(t for upto, t in kinds if kind < upto))[english]
    x, y = (thing[english] for thing in dice.sample(_NEEDS, 2))
    text = template.format(
        p=place.name_en if english else place.name_fa, n=dice.choice((2, 3, 4, 5, 6, 8, 10, 12, 20, 40, 120)), x=x, y=y
    )
    return Message(f"+98912{dice.randrange(SENDERS) * 431:07d}", text)
