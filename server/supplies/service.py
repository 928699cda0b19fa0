"""The ledger's use cases. Every movement has a natural key: said twice, it is written once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from server.kernel.db import Conn
from server.kernel.errors import CONSTRAINTS, Problem
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.supplies import queries, rules
from server.supplies.rules import Account, Transfer

MovementKind = Literal["receipt", "dispatch", "delivery", "loss", "adjustment"]


def stock_short(lines: Sequence[Mapping[str, str]] = ()) -> Problem:
    """409: less is there than the movement would take; `short` says of what."""
    return Problem(
        409,
        "stock.short",
        "There is not enough in stock for this.",
        "موجودی برای این کار کافی نیست.",
        extra={"short": [dict(line) for line in lines]},
    )


CONSTRAINTS["ck_stock_quantity"] = stock_short
CONSTRAINTS["ck_entries_balance"] = lambda: Problem(
    422,
    "movement.unbalanced",
    "What goes out and what comes in differ.",
    "آنچه رفته با آنچه رسیده برابر نیست.",
)


@dataclass(frozen=True, slots=True)
class Posting:
    """A movement to be written: its transfers, what it is for, and the key that makes it one."""

    kind: MovementKind
    natural_key: str
    transfers: Sequence[Transfer]
    actor: str
    emergency_id: UUID | None = None
    task_id: UUID | None = None
    need_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """The movement; `known` when it had been written before."""

    id: UUID
    code: str
    known: bool


async def post(conn: Conn, posting: Posting) -> Posted | None:
    """Write a movement and its entries, once. None when there is nothing to move.

    Raises `stock.short` when an account holds less, `movement.key_used` when the key stands for another
    movement.
    """
    sides = rules.entries(posting.transfers)
    if not sides:
        return None
    movement_id, code = uuid7(), new_code(8, "M-")
    fresh = await queries.add_movement(
        conn,
        {
            "id": movement_id,
            "code": code,
            "kind": posting.kind,
            "natural_key": posting.natural_key,
            "actor": posting.actor,
            "emergency_id": posting.emergency_id,
            "task_id": posting.task_id,
            "need_id": posting.need_id,
        },
    )
    if not fresh:
        return await _known(conn, posting, sides)
    accounts = await queries.open_accounts(conn, [(uuid7(), a) for a in dict.fromkeys(s.account for s in sides)])
    rows = sorted((accounts[s.account], s.item_id, s.quantity) for s in sides)
    held = await queries.lock_stock(conn, [(a, i) for a, i, _ in rows])
    names = {row_id: account for account, row_id in accounts.items()}
    missing = rules.short(sides, {(names[a], i): q for (a, i), q in held.items()})
    if missing:
        raise stock_short(
            [
                {
                    "item": str(m.item_id),
                    "centre": str(m.account.centre_id or ""),
                    "wanted": str(-m.quantity),
                    "held": str(held.get((accounts[m.account], m.item_id), Decimal(0))),
                }
                for m in missing
            ]
        )
    await queries.add_entries(conn, movement_id, rows)
    centre = next((s.account.centre_id for s in sides if s.account.centre_id), None)
    await emit(
        conn,
        NewEvent(
            "movement.made",
            "movement",
            movement_id,
            posting.emergency_id,
            posting.actor,
            centre,
            {"kind": posting.kind, "code": code, "task": str(posting.task_id) if posting.task_id else None},
        ),
    )
    return Posted(movement_id, code, known=False)


async def _known(conn: Conn, posting: Posting, sides: Sequence[rules.Entry]) -> Posted:
    found = await queries.movement_by_key(conn, posting.natural_key)
    if found is None or found[0]["kind"] != posting.kind or set(found[1]) != set(sides):
        raise Problem(
            409,
            "movement.key_used",
            "This key was used for another movement.",
            "این کلید پیش‌تر برای جابه‌جایی دیگری به کار رفته است.",
        )
    return Posted(found[0]["id"], found[0]["code"], known=True)


async def receive(
    conn: Conn,
    centre_id: UUID,
    goods: Mapping[UUID, Decimal],
    *,
    natural_key: str,
    actor: str,
    emergency_id: UUID | None = None,
) -> Posted | None:
    """Goods come to a centre from outside."""
    shelf = Account("centre", centre_id)
    moves = [Transfer(i, q, rules.OUTSIDE, shelf) for i, q in goods.items()]
    return await post(conn, Posting("receipt", natural_key, moves, actor, emergency_id))


async def adjust(
    conn: Conn, centre_id: UUID, differences: Mapping[UUID, Decimal], *, natural_key: str, actor: str
) -> Posted | None:
    """A count found more (+) or less (-) than the books."""
    shelf = Account("centre", centre_id)
    moves = [Transfer(i, q, rules.OUTSIDE, shelf) for i, q in differences.items() if q]
    return await post(conn, Posting("adjustment", natural_key, moves, actor))


@dataclass(frozen=True, slots=True)
class TaskRef:
    """The task a movement is for; `fence` makes its keys: each holder's goods are moved once."""

    task_id: UUID
    fence: int
    emergency_id: UUID
    need_id: UUID | None
    actor: str

    def key(self, what: str) -> str:
        """The natural key of this holder's movement."""
        return f"task:{self.task_id}:{self.fence}:{what}"

    def posting(self, kind: MovementKind, what: str, moves: Sequence[Transfer]) -> Posting:
        """A movement for this task."""
        return Posting(kind, self.key(what), moves, self.actor, self.emergency_id, self.task_id, self.need_id)


async def dispatch_for_task(conn: Conn, ref: TaskRef, lines: Iterable[tuple[UUID, Decimal, UUID]]) -> Posted | None:
    """Goods leave their centres for the task's road: (item, quantity, centre) each."""
    road = Account("transit", None, ref.task_id)
    moves = [Transfer(item, quantity, Account("centre", centre), road) for item, quantity, centre in lines]
    return await post(conn, ref.posting("dispatch", "dispatch", moves))


async def deliver_for_task(
    conn: Conn,
    ref: TaskRef,
    delivered: Mapping[UUID, Decimal] | None,
    rest: Literal["returned", "lost"] | None,
) -> dict[UUID, Decimal]:
    """Goods reach the people; without `delivered`, all that is on the road. Returns item → delivered.

    What was on the road and was not delivered must be said to be `returned` or `lost`: nothing vanishes in
    silence.
    """
    road = Account("transit", None, ref.task_id)
    carried = await queries.on_the_road(conn, ref.task_id)
    given = dict(carried) if delivered is None else {i: q for i, q in delivered.items() if q > 0}
    over = [i for i, q in given.items() if q > carried.get(i, Decimal(0))]
    if over:
        raise Problem(
            422,
            "delivery.more_than_carried",
            "More was delivered than was on the road.",
            "بیش از آنچه در راه بود تحویل شده است.",
            fields=[{"field": "delivered", "code": "more_than_carried", "message": str(i)} for i in over],
        )
    left = {i: q - given.get(i, Decimal(0)) for i, q in carried.items() if q > given.get(i, Decimal(0))}
    if left and rest is None:
        raise Problem(
            422,
            "delivery.rest_unsaid",
            "Say whether the rest was returned or lost.",
            "بگویید باقی‌مانده برگشته یا از دست رفته است.",
            extra={"rest": {str(i): str(q) for i, q in left.items()}},
        )
    # The shelf before the receivers, as everywhere: two tasks never wait for each other's balances in a ring.
    if left and rest == "returned":
        await _give_back(conn, ref, left)
    elif left:
        await post(conn, ref.posting("loss", "rest", [Transfer(i, q, road, rules.LOSS) for i, q in left.items()]))
    await post(
        conn,
        ref.posting("delivery", "delivery", [Transfer(i, q, road, rules.RECEIVED) for i, q in given.items()]),
    )
    return given


async def return_for_task(conn: Conn, ref: TaskRef) -> Posted | None:
    """All that is on the road for the task goes back to where it came from."""
    return await _give_back(conn, ref, await queries.on_the_road(conn, ref.task_id))


async def lose_for_task(conn: Conn, ref: TaskRef) -> Posted | None:
    """All that is on the road for the task is lost."""
    road = Account("transit", None, ref.task_id)
    carried = await queries.on_the_road(conn, ref.task_id)
    return await post(conn, ref.posting("loss", "loss", [Transfer(i, q, road, rules.LOSS) for i, q in carried.items()]))


async def _give_back(conn: Conn, ref: TaskRef, rest: Mapping[UUID, Decimal]) -> Posted | None:
    road = Account("transit", None, ref.task_id)
    moves = rules.give_back(rest, await queries.origins(conn, ref.task_id), road)
    return await post(conn, ref.posting("dispatch", "return", moves))


async def held_at(conn: Conn, centre_id: UUID, item_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """Item → what the books hold on a centre's shelf, locked until the transaction ends."""
    shelf = Account("centre", centre_id)
    accounts = await queries.open_accounts(conn, [(uuid7(), shelf)])
    held = await queries.lock_stock(conn, [(accounts[shelf], item) for item in item_ids])
    return {item: quantity for (_, item), quantity in held.items()}


async def counter(conn: Conn, movement_id: UUID, actor: str) -> Posted | None:
    """Post a movement the other way round, once, whoever asks how often. Raises `stock.short` where that is gone."""
    found = await queries.movement_whole(conn, movement_id)
    if found is None:
        return None
    row, sides = found
    moves = [Transfer(s.item_id, -s.quantity, rules.OUTSIDE, s.account) for s in sides]
    key = f"counter:{movement_id}"
    return await post(
        conn, Posting(row["kind"], key, moves, actor, row["emergency_id"], row["task_id"], row["need_id"])
    )
