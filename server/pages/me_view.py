"""What stands on a volunteer's page: what she is asked, what she could take, and what came of what she did."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.access.context import Context
from server.access.principal import Principal
from server.dispatch import aftermath, choosing
from server.dispatch.reasons import say
from server.kernel.db import Conn
from server.pages import me_queries

NEAR_KM: Final = 30.0
NEAR: Final = 9
"""Tasks to choose from: as many as pins with one sign."""
NEAR_BESIDE: Final = 4
"""So many for who has something in hand already."""


def reasons(entries: Sequence[Mapping[str, Any]], lang: str) -> list[str]:
    """What speaks for it, in words; what speaks against it is not for her eyes to weigh."""
    return [say(entry, lang) for entry in entries if entry.get("points", 0) > 0]


async def offered(conn: Conn, volunteer_id: UUID, lang: str) -> list[dict[str, Any]]:
    """Her live offers, each with its `task` as a card and, in words, why she is asked (`said`)."""
    rows = await me_queries.offers_of(conn, volunteer_id)
    cards = await me_queries.cards(conn, [row["task_id"] for row in rows])
    return [
        {**row, "task": cards[row["task_id"]], "said": reasons(row["reasons"], lang)}
        for row in rows
        if row["task_id"] in cards
    ]


async def near(conn: Conn, ctx: Context, who: Principal, lang: str, most: int) -> list[dict[str, Any]]:
    """What she could take around her, the best first: {task: a card, km, said}."""
    person = await choosing.herself(conn, ctx, who, None, "task.read")
    found = (await choosing.near(conn, who, person, None, NEAR_KM))[:most]
    cards = await me_queries.cards(conn, [UUID(one["id"]) for one in found])
    return [
        {
            "task": cards[UUID(one["id"])],
            "km": one["properties"]["km"],
            "said": reasons(one["properties"]["reasons"], lang),
        }
        for one in found
        if UUID(one["id"]) in cards
    ]


async def came_of(conn: Conn, who: Principal, ended: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the latest finished task has changed, as `aftermath.after` tells it, its chain with moments; None where
    nothing was finished.
    """
    if not ended:
        return None
    found = await aftermath.after(conn, who, ended[0]["task_id"])
    chain = [{**step, "at": datetime.fromisoformat(step["at"])} for step in found["chain"]]
    return {**found, "chain": chain}
