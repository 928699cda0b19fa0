"""What the gaps' layer says beside its records: people and the oldest wait by cell, and why nobody takes it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.dispatch.reasons import in_words
from server.kernel.db import Conn
from server.kernel.geo import Box
from server.maps.counting import Counted
from server.maps.grid import FINEST
from server.maps.layer_more_queries import GAP_SUMS, PEOPLE_MOST, WHY
from server.maps.reading_queries import Filter


async def waiting(conn: Conn, want: Filter, box: Box, counted: Counted) -> dict[tuple[int, int], dict[str, Any]]:
    """Cell → {"people", "since"}: how many wait there, and since when the first of them; {} for very many."""
    if counted.total > PEOPLE_MOST:
        return {}
    only = want.only() + (" AND seen_at >= %(since)s" if want.since else "")
    asked = {
        **want.params(),
        "shift": FINEST - counted.level,
        "w": box.west,
        "s": box.south,
        "e": box.east,
        "n": box.north,
    }
    rows = await (await conn.execute(f"{GAP_SUMS}{only} GROUP BY 1, 2", asked)).fetchall()
    return {(row["x"], row["y"]): {"people": row["people"], "waits_since": row["since"]} for row in rows}


async def why(conn: Conn, ids: Sequence[UUID]) -> Mapping[UUID, Any]:
    """Need → why nobody takes its task, [{code, …, fa, en}]."""
    if not ids:
        return {}
    rows = await (await conn.execute(WHY, {"ids": list(ids)})).fetchall()
    return {row["id"]: in_words(row["why"]) for row in rows}
