"""A task and the need behind it: what the need becomes when its task is made, done or given up."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.dispatch import making
from server.kernel.db import Conn
from server.needs import service as needs


def lines_of(bring: Sequence[Mapping[str, Any]]) -> list[tuple[UUID, Decimal, UUID]]:
    """(item, quantity, centre) of the lines that some shelf can serve."""
    return [
        (UUID(line["item"]), Decimal(str(line["quantity"])), UUID(line["centre"])) for line in bring if line["centre"]
    ]


async def reopen(conn: Conn, task: DictRow, actor: str) -> None:
    """The need of a task that ended without help is open again and seen by coordinators as such."""
    if task["need_id"]:
        await making.set_need_status(conn, [task["need_id"]], "open", ("tasked",), actor)


async def after_completion(
    conn: Conn, ctx: Context, task: DictRow, delivered: Mapping[UUID, Decimal], actor: str
) -> None:
    """All that was to be brought arrived: the need is met. Less: it is open for the rest, which is a task of
    its own.
    """
    if task["need_id"] is None:
        return
    asked = sum((Decimal(str(line["quantity"])) for line in task["bring"]), Decimal(0))
    if delivered and asked > sum(delivered.values(), Decimal(0)):
        await reopen(conn, task, actor)
        await making.tasks_for_needs(conn, ctx, [task["need_id"]])
    else:
        await needs.mark_met(conn, ctx, task["need_id"], actor)
