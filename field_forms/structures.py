"""What a submission says beyond needs and incidents: goods, closures, shelters, people who came, entities.

Each structure is one thing that somebody did or saw. None is an order: the server decides what it means for its
books, by its own rules and rights. Codes of items, centres, tasks and shelters are those that the form's lists
hold, as chosen; typed codes (volunteers, needs) have Latin digits and capitals.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FormReference:
    """An entity that was chosen in the form: the list it is in, and its id there."""

    dataset: str
    id: str


@dataclass(frozen=True, slots=True)
class FormLine:
    """So much of an item; `unit` is None when the form leaves it to the catalogue."""

    item: str
    quantity: float
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class FormMovement:
    """Goods that came, left, were given out, or were counted.

    `kind`: receipt (from outside to `centre`), issue (from `centre` to `to_centre`, or for a task), distribution
    (from `centre` to the people), count (what lies at `centre` now; a line of 0 says that nothing is left).
    `recipient` is who was given it, `signature` the name of the picture that says so.
    """

    kind: str
    lines: tuple[FormLine, ...]
    centre: str | None = None
    to_centre: str | None = None
    task: str | None = None
    recipient: FormReference | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class FormClosure:
    """A road, bridge or area that nobody passes, or (`state` open) that is passable again.

    `geometry` is GeoJSON: Point, LineString or Polygon, WGS 84, without heights. `until` is an ISO 8601 date or
    moment, as the phone wrote it.
    """

    kind: str | None
    geometry: dict[str, Any]
    state: str = "closed"
    until: str | None = None


@dataclass(frozen=True, slots=True)
class FormShelter:
    """How a shelter is: `shelter` is the code of a known one, `name` what was typed for any other.

    `capacity` and `people` are persons; `state` is open, full or closed.
    """

    shelter: str | None
    name: str | None
    state: str
    people: int | None = None
    capacity: int | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class FormCheckin:
    """A volunteer says: I am here. `state` is active, resting or away; `until` an ISO 8601 time, date or moment."""

    volunteer: str
    state: str = "active"
    centre: str | None = None
    task: str | None = None
    until: str | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class FormFollowup:
    """What became of a need (its code), or of a need of the chosen `recipient`: met, partly or not.

    `missing` is how much is still lacking, `category` which need is meant when no code was known, `reasons` the
    form's own codes of why.
    """

    result: str
    need: str | None = None
    recipient: FormReference | None = None
    category: str | None = None
    missing: float | None = None
    unit: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormEntity:
    """A registration, or a change of one, that may be kept: nobody said no. `action` is create, update or upsert.

    What it says of the entity is read by the form's own declaration, not by roles; `key` is where it stands.
    """

    dataset: str
    id: str
    action: str
    key: str = field(default="", compare=False)
