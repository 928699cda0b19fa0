"""The ledger's arithmetic and what a need asks to bring. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple
from uuid import UUID

AccountKind = Literal["centre", "transit", "received", "outside", "loss"]
MOST: Final = Decimal(1_000_000_000)
PEOPLE_A_HOUSEHOLD: Final = 5
"""Sphere 2018, Shelter and settlement 4, plans household items for a household of four or five; the larger
serves all.
"""


class Account(NamedTuple):
    """A holder in the ledger: a centre's shelf, the road for one task, or one of the three at the edge."""

    kind: AccountKind
    centre_id: UUID | None = None
    task_id: UUID | None = None


OUTSIDE: Final = Account("outside")
RECEIVED: Final = Account("received")
LOSS: Final = Account("loss")


class Transfer(NamedTuple):
    """So much of an item from one account to another."""

    item_id: UUID
    quantity: Decimal
    source: Account
    target: Account


class Entry(NamedTuple):
    """One side of a movement."""

    account: Account
    item_id: UUID
    quantity: Decimal


def _order(entry: Entry) -> tuple[str, str, str, str]:
    a = entry.account
    return a.kind, str(a.centre_id), str(a.task_id), str(entry.item_id)


def entries(transfers: Iterable[Transfer]) -> list[Entry]:
    """Both sides of every transfer, summed by account and item, nothing at zero, in one order (so locks are
    too).
    """
    sums: dict[tuple[Account, UUID], Decimal] = {}
    for t in transfers:
        sums[t.source, t.item_id] = sums.get((t.source, t.item_id), Decimal(0)) - t.quantity
        sums[t.target, t.item_id] = sums.get((t.target, t.item_id), Decimal(0)) + t.quantity
    return sorted((Entry(a, i, q) for (a, i), q in sums.items() if q), key=_order)


def balanced(sides: Iterable[Entry]) -> bool:
    """Whether every item sums to zero."""
    sums: dict[UUID, Decimal] = {}
    for side in sides:
        sums[side.item_id] = sums.get(side.item_id, Decimal(0)) + side.quantity
    return not any(sums.values())


def short(sides: Iterable[Entry], held: Mapping[tuple[Account, UUID], Decimal]) -> list[Entry]:
    """Those sides that would take more than is there. The outside may owe."""
    return [
        s
        for s in sides
        if s.account.kind != "outside" and held.get((s.account, s.item_id), Decimal(0)) + s.quantity < 0
    ]


class Origin(NamedTuple):
    """So much of an item left this centre for the task and was neither delivered, lost nor returned."""

    centre_id: UUID
    item_id: UUID
    quantity: Decimal


def give_back(rest: Mapping[UUID, Decimal], origins: Sequence[Origin], road: Account) -> list[Transfer]:
    """What is left on the road goes back where it came from; each centre gets at most what it sent."""
    transfers: list[Transfer] = []
    for item_id, quantity in rest.items():
        left = quantity
        senders = [o for o in origins if o.item_id == item_id]
        for place, origin in enumerate(senders):
            part = left if place == len(senders) - 1 else min(left, origin.quantity)
            if part > 0:
                transfers.append(Transfer(item_id, part, road, Account("centre", origin.centre_id)))
                left -= part
    return transfers


class Default(NamedTuple):
    """`quantity` of `unit` for each person or household; `source` names the standard."""

    quantity: Decimal
    unit: str
    per: Literal["person", "household"]
    source: str


DEFAULTS: Final[dict[str, Default]] = {
    # One day's worth where the standard counts by the day: the next day is the next task.
    "water": Default(Decimal(15), "litre", "person", "Sphere 2018, Water supply 2.1: 15 litres a person a day"),
    "food": Default(
        Decimal(1),
        "ration",
        "person",
        "Sphere 2018, Food assistance 6.1: one day's ration of 2,100 kcal a person",
    ),
    "bedding": Default(Decimal(1), "piece", "person", "Sphere 2018, Shelter and settlement 4: one blanket a person"),
    "clothing": Default(
        Decimal(2),
        "set",
        "person",
        "Sphere 2018, Shelter and settlement 4: two full sets of clothing a person",
    ),
    # No figure of the standard in pieces: 3.5 m² of covered floor a person (Shelter and settlement 3) is what
    # a family
    # tent of 16 to 20 m² gives five; kits and heaters are packed by the household.
    "shelter": Default(Decimal(1), "piece", "household", "Sphere 2018, Shelter and settlement 3: 3.5 m² a person"),
    "hygiene": Default(Decimal(1), "kit", "household", "packed by the household"),
    "infant_care": Default(Decimal(1), "kit", "household", "packed by the household"),
    "heating": Default(Decimal(1), "piece", "household", "packed by the household"),
    "medicine": Default(Decimal(1), "kit", "household", "packed by the household"),
    "power": Default(Decimal(1), "piece", "household", "packed by the household"),
}
_PEOPLE_UNITS: Final = {"person", "people", "نفر"}
_HOUSEHOLD_UNITS: Final = {"household", "households", "family", "خانوار", "خانواده"}


class Wanted(NamedTuple):
    """How much a need asks for; `unit` None: whatever the item is counted in."""

    quantity: Decimal
    unit: str | None


def wanted(
    category: str, quantity: Decimal | None, unit: str | None, people: int | None, households: int | None
) -> Wanted:
    """What was asked for, or the standard's figure for the people who asked; one household when nobody said
    how many.
    """
    default = DEFAULTS.get(category, Default(Decimal(1), "piece", "household", ""))
    if quantity and quantity > 0:
        if unit in _PEOPLE_UNITS:
            people = max(int(quantity), people or 0)
        elif unit in _HOUSEHOLD_UNITS:
            households = max(int(quantity), households or 0)
        else:
            return Wanted(quantity, unit)
    homes = households or (-(-people // PEOPLE_A_HOUSEHOLD) if people else 1)
    heads = people or homes * PEOPLE_A_HOUSEHOLD
    return Wanted(default.quantity * (heads if default.per == "person" else homes), default.unit)


class Shelf(NamedTuple):
    """An item as one centre holds it; `centre_id` None: in the catalogue, on no shelf."""

    item_id: UUID
    code: str
    unit: str
    quantity: Decimal
    centre_id: UUID | None
    distance_m: float


class Bring(NamedTuple):
    """Take so much of an item from a centre; `centre_id` None: nobody has it."""

    item_id: UUID
    code: str
    quantity: Decimal
    unit: str
    centre_id: UUID | None


def bring(need: Wanted, shelves: Sequence[Shelf], *, stops: int = 3) -> list[Bring]:
    """What to load where: of the item that is nearest in the unit asked for, from at most `stops` centres,
    nearest first.

    What no shelf has stands as a last line without a centre, so that a coordinator sees the gap.
    """
    if not shelves or need.quantity <= 0:
        return []
    same_unit = [s for s in shelves if need.unit is None or s.unit == need.unit] or list(shelves)
    near = sorted(same_unit, key=lambda s: (s.centre_id is None or s.quantity <= 0, s.distance_m, s.code))
    first, left = near[0], need.quantity
    lines: list[Bring] = []
    for shelf in near:
        if (
            shelf.item_id == first.item_id
            and shelf.centre_id
            and shelf.quantity > 0
            and left > 0
            and len(lines) < stops
        ):
            part = min(left, shelf.quantity)
            lines.append(Bring(shelf.item_id, shelf.code, part, shelf.unit, shelf.centre_id))
            left -= part
    if left > 0:
        lines.append(Bring(first.item_id, first.code, left, first.unit, None))
    return lines
