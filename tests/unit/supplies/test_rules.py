"""The ledger's arithmetic, and what a need asks to bring."""

from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from server.standards.taxonomy import NEEDS
from server.supplies import rules
from server.supplies.rules import Account, Origin, Shelf, Transfer, Wanted

ITEMS = [uuid4() for _ in range(3)]
PLACES = [
    Account("centre", uuid4()),
    Account("centre", uuid4()),
    Account("transit", None, uuid4()),
    rules.OUTSIDE,
    rules.LOSS,
    rules.RECEIVED,
]
AMOUNTS = st.decimals("0.001", "1000", places=3)
TRANSFERS = st.lists(
    st.builds(Transfer, st.sampled_from(ITEMS), AMOUNTS, st.sampled_from(PLACES), st.sampled_from(PLACES))
)


@given(TRANSFERS)
def test_whatever_moves_the_sum_is_zero(moves: list[Transfer]) -> None:
    sides = rules.entries(moves)
    assert rules.balanced(sides)
    assert all(side.quantity for side in sides)
    assert len({(s.account, s.item_id) for s in sides}) == len(sides)


@given(TRANSFERS, st.integers(0, 500))
def test_short_is_what_would_fall_below_zero(moves: list[Transfer], held: int) -> None:
    sides = rules.entries(moves)
    stock = {(s.account, s.item_id): Decimal(held) for s in sides}
    missing = rules.short(sides, stock)
    for side in sides:
        falls = stock[side.account, side.item_id] + side.quantity < 0 and side.account.kind != "outside"
        assert (side in missing) == falls


@given(st.lists(AMOUNTS, min_size=1, max_size=4), st.decimals("0.001", "1", places=3))
def test_what_comes_back_is_what_was_left(sent: list[Decimal], share: Decimal) -> None:
    item, road = uuid4(), PLACES[2]
    origins = [Origin(uuid4(), item, quantity) for quantity in sent]
    rest = (sum(sent, Decimal(0)) * share).quantize(Decimal("0.001")) or Decimal("0.001")
    back = rules.give_back({item: rest}, origins, road)
    assert sum(t.quantity for t in back) == rest
    for t in back:
        origin = next(o for o in origins if o.centre_id == t.target.centre_id)
        assert t.quantity <= origin.quantity


def test_sphere_figures_by_people() -> None:
    assert rules.wanted("water", None, None, 12, None) == Wanted(Decimal(180), "litre")
    assert rules.wanted("bedding", None, None, None, 3) == Wanted(Decimal(15), "piece")
    assert rules.wanted("shelter", None, None, 11, None) == Wanted(Decimal(3), "piece")
    assert rules.wanted("food", None, None, None, None) == Wanted(Decimal(5), "ration")
    assert rules.wanted("water", Decimal(50), "litre", 12, None) == Wanted(Decimal(50), "litre")
    assert rules.wanted("water", Decimal(50), "person", None, None) == Wanted(Decimal(750), "litre")
    assert rules.wanted("shelter", Decimal(7), "خانوار", None, None) == Wanted(Decimal(7), "piece")


def test_a_figure_never_shrinks_to_nothing() -> None:
    for category in NEEDS:
        assert rules.wanted(category, Decimal(0), None, 0, 0).quantity > 0


def _shelf(
    quantity: int, distance: float, *, unit: str = "litre", item: UUID = ITEMS[0], stocked: bool = True
) -> Shelf:
    return Shelf(item, str(item), unit, Decimal(quantity), uuid4() if stocked else None, distance)


def test_nearest_first_and_the_gap_is_shown() -> None:
    far, near, other = _shelf(100, 9.0), _shelf(30, 1.0), _shelf(500, 0.5, unit="bottle", item=ITEMS[1])
    lines = rules.bring(Wanted(Decimal(150), "litre"), [far, other, near])
    assert [(x.centre_id, x.quantity) for x in lines] == [(near.centre_id, 30), (far.centre_id, 100), (None, 20)]
    assert rules.bring(Wanted(Decimal(5), "kg"), [other])[0].unit == "bottle"
    nobody = rules.bring(Wanted(Decimal(5), "litre"), [_shelf(0, float("inf"), stocked=False)])
    assert [(x.centre_id, x.quantity) for x in nobody] == [(None, 5)]
    assert rules.bring(Wanted(Decimal(5), "litre"), []) == []
    assert rules.bring(Wanted(Decimal(0), "litre"), [near]) == []


@given(st.integers(1, 1000), st.lists(st.tuples(st.integers(0, 400), st.floats(0, 1e6)), max_size=8))
def test_the_lines_add_up_to_what_is_wanted(quantity: int, shelves: list[tuple[int, float]]) -> None:
    rows = [_shelf(q, d) for q, d in shelves]
    lines = rules.bring(Wanted(Decimal(quantity), "litre"), rows)
    assert sum(x.quantity for x in lines) == (quantity if rows else 0)
    held = {r.centre_id: r.quantity for r in rows}
    assert all(x.quantity <= held[x.centre_id] for x in lines if x.centre_id)
