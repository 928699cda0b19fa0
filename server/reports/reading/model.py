"""What reading a message yields. The shape is fixed in the project's interfaces; `as_dict` gives it exactly."""

from dataclasses import dataclass, field
from typing import Any, Literal

Lang = Literal["fa", "en", "finglish", "mixed", "other"]
Kind = Literal["report", "offer", "update", "question", "other"]
Urgency = Literal["life", "high", "normal", "none"]
Amount = int | float


@dataclass(frozen=True, slots=True)
class Why:
    """Which rule fired on which half-open span of the ORIGINAL text (code points); never the words themselves."""

    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NeedRead:
    """A need: category of the taxonomy, how much if stated, in which unit (litre, bottle, kg, piece …) if stated."""

    category: str
    quantity: Amount | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceRead:
    """A place of the gazetteer, or a point told by its numbers under the name of what lies there. Degrees WGS 84; it
    lies within `accuracy_m` of the point, most of the time. The province tells places of one name apart.
    """

    name: str
    name_fa: str | None
    lat: float
    lon: float
    accuracy_m: int
    province: str = ""
    province_fa: str = ""


@dataclass(frozen=True, slots=True)
class CommandRead:
    """A structured command; `code` names a record (STATUS K7…), `place` is a gazetteer name or what was typed."""

    command: str
    code: str | None = None
    need: str | None = None
    quantity: Amount | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A message understood, as far as it could be. `candidates`: other places that it may mean nearly as likely.

    `signs` name every pattern that was found, also those that were judged not to count: what a model beside the rules
    learns from. They are no part of what is said: neither compared nor printed nor stored.
    """

    lang: Lang
    kind: Kind
    incidents: tuple[str, ...] = ()
    needs: tuple[NeedRead, ...] = ()
    offers: tuple[str, ...] = ()
    people: int | None = None
    households: int | None = None
    place: PlaceRead | None = None
    vulnerable: tuple[str, ...] = ()
    urgency: Urgency = "none"
    command: CommandRead | None = None
    why: tuple[Why, ...] = field(default=())
    candidates: tuple[PlaceRead, ...] = ()
    signs: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def as_dict(self, reading_id: str | None = None) -> dict[str, Any]:
        """Return the reading as plain JSON values, `id` first when one is given."""
        place, command = self.place, self.command
        body: dict[str, Any] = {} if reading_id is None else {"id": reading_id}
        body |= {
            "lang": self.lang,
            "kind": self.kind,
            "incidents": list(self.incidents),
            "needs": [{"category": n.category, "quantity": n.quantity, "unit": n.unit} for n in self.needs],
            "offers": list(self.offers),
            "people": self.people,
            "households": self.households,
            "place": None
            if place is None
            else {
                "name": place.name,
                "name_fa": place.name_fa,
                "lat": place.lat,
                "lon": place.lon,
                "accuracy_m": place.accuracy_m,
            },
            "vulnerable": list(self.vulnerable),
            "urgency": self.urgency,
            "command": None
            if command is None
            else {
                "command": command.command,
                "code": command.code,
                "need": command.need,
                "quantity": command.quantity,
                "place": command.place,
            },
            "why": [{"rule": w.rule, "start": w.start, "end": w.end} for w in self.why],
        }
        return body


def amount(value: float) -> Amount:
    """Return whole numbers as int, others as float."""
    return int(value) if float(value).is_integer() else value
