"""Movements that a person makes by hand: goods received, sent on to another centre, lost, counted anew."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.supplies import queries, rules
from server.supplies.rules import Account, Transfer
from server.supplies.schemas import Line, NewMovement
from server.supplies.service import Posted, Posting, post

_NEEDS: Final = {"receipt": (False, True), "dispatch": (True, True), "loss": (True, False)}
"""kind → whether it has a `from`, and a `to`."""


def _sides(asked: NewMovement) -> tuple[Account, Account]:
    """From where to where. Raises a 422 problem when the kind and the centres do not fit."""
    source, target = asked.source, asked.target
    given = (source is not None, target is not None)
    fits = given in {(True, False), (False, True)} if asked.kind == "adjustment" else given == _NEEDS[asked.kind]
    if not fits or source == target:
        raise Problem(
            422,
            "movement.sides",
            "This kind of movement needs other centres in from and to.",
            "مبدأ و مقصد با این گونه جابه‌جایی نمی‌خواند.",
            fields=[{"field": "from", "code": "sides", "message": asked.kind}],
        )
    edge = rules.LOSS if asked.kind == "loss" else rules.OUTSIDE
    return (
        Account("centre", source) if source else rules.OUTSIDE,
        Account("centre", target) if target else edge,
    )


async def _items(conn: Conn, lines: Sequence[Line]) -> list[UUID]:
    rows = await queries.items_by(conn, ids=[x.item for x in lines if x.item], codes=[x.code for x in lines if x.code])
    by_id, by_code = {r["id"]: r["id"] for r in rows}, {r["code"]: r["id"] for r in rows}
    found = [by_id.get(x.item) if x.item else by_code.get(x.code or "") for x in lines]
    missing = [n for n, i in enumerate(found) if i is None]
    if missing:
        raise Problem(
            422,
            "item.unknown",
            "Some items are not in the catalogue.",
            "برخی کالاها در فهرست نیست.",
            fields=[
                {"field": f"items.{n}", "code": "unknown", "message": lines[n].code or str(lines[n].item)}
                for n in missing
            ],
        )
    return [i for i in found if i is not None]


async def make(conn: Conn, asked: NewMovement, natural_key: str, actor: str) -> Posted:
    """Write it once under its natural key."""
    source, target = _sides(asked)
    if not await queries.centres_exist(conn, [c for c in (asked.source, asked.target) if c]):
        raise not_found("centre")
    ids = await _items(conn, asked.items)
    moves = [Transfer(i, line.quantity, source, target) for i, line in zip(ids, asked.items, strict=True)]
    made = await post(conn, Posting(asked.kind, natural_key, moves, actor, asked.emergency))
    if made is None:
        raise Problem(422, "movement.empty", "Nothing would move.", "چیزی جابه‌جا نمی‌شود.")
    return made
