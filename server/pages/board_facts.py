"""What a card of the board says beside its task: how far the goods are, and what one must have to take it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from server.volunteers.skills import HELPFUL, SKILLS, covered

__all__ = ["SKILLS", "STEPS", "Goods", "by_task", "can", "goods_of", "must", "standing"]

Step = Literal["load", "road", "delivered", "lost"]
STEPS: Final[tuple[Step, ...]] = ("load", "road", "delivered")
"""The way of goods, in order; what is lost leaves it."""


@dataclass(frozen=True, slots=True)
class Goods:
    """How far the goods of a task are, and the amounts by step: [{name_fa, name_en, unit, quantity}]."""

    step: Step
    amounts: Mapping[Step, Sequence[Mapping[str, Any]]]


def goods_of(rows: Iterable[Mapping[str, Any]], bring: Sequence[Any]) -> Goods | None:
    """Where the goods of one task stand; None for a task that brings nothing.

    What came back to its shelf is to be loaded again. Once something was handed over and nothing is under way any
    more, the goods have arrived, unless nothing but a loss is known of them.
    """
    amounts: dict[Step, list[Mapping[str, Any]]] = {"road": [], "delivered": [], "lost": []}
    for row in rows:
        for step in ("road", "delivered", "lost"):
            if row[step] > Decimal(0):
                line = {k: row[k] for k in ("name_fa", "name_en", "unit")} | {"quantity": row[step]}
                amounts[step].append(line)
    if amounts["road"]:
        return Goods("road", amounts)
    if amounts["delivered"]:
        return Goods("delivered", amounts)
    if amounts["lost"]:
        return Goods("lost", amounts)
    return Goods("load", amounts) if bring else None


def by_task(rows: Iterable[Mapping[str, Any]]) -> dict[UUID, list[Mapping[str, Any]]]:
    """Rows gathered by their task."""
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["task_id"], []).append(row)
    return found


def must(skills: Iterable[str]) -> list[str]:
    """The skills without which a task cannot be done."""
    return [skill for skill in skills if skill not in HELPFUL]


def can(skills: Sequence[str]) -> list[str]:
    """All that somebody with these skills can do."""
    return sorted(covered(skills))


def standing(person: Mapping[str, Any]) -> Literal["silent", "overdue", "holds", "free", "resting", "away"]:
    """How somebody of the rail stands, in one word."""
    if person["silent_at"]:
        return "silent"
    if person["overdue"]:
        return "overdue"
    if person["held"]:
        return "holds"
    if person["sendable"]:
        return "free"
    return "resting" if person["rest_until"] or person["status"] == "resting" else "away"
